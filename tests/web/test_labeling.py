"""The labelling page as a browser without script, and as its own script, would use it."""

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from stance.errors import LabelError
from stance.labeling.log import AnnotationLog, read_annotations
from stance.web.labeling import labeling_app
from stance.web.safety import Address
from tests.builders import judged
from tests.web.ferry import BOOK, DESIGN, OUTLET, TOKEN, assignments

PORT = 8765
ADDRESS = Address(port=PORT, token=TOKEN)
TASKS = {"stance": "optimistic", "sentiment": "positive", "voice": "author"}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b onmouseover=alert(1)>bold</b>',
    "{{ 7 * 7 }}",
    "\u202egnihtemos",
    "\x1b[31mred\x1b[0m",
    "</textarea></p></form>",
    "word" * 2500,
]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


class Page:
    """One server, and what somebody does with it."""

    def __init__(self, folder, queue=None, **options):
        self.path = folder / "annotations.jsonl"
        self.answers = []
        self.client = TestClient(
            labeling_app(
                AnnotationLog(self.path),
                assignments() if queue is None else queue,
                BOOK,
                address=ADDRESS,
                **options,
            ),
            base_url=f"http://127.0.0.1:{PORT}",
            headers={"origin": f"http://127.0.0.1:{PORT}"},
            follow_redirects=False,
        )

    def get(self, path, **params):
        answer = self.client.get(f"/{TOKEN}/{path}", params=params)
        self.answers.append(answer)
        return answer

    def view(self, who, desk="label", **params):
        answer = self.client.get(
            f"/{TOKEN}/{desk}",
            params={"who": who, **params},
            headers={"accept": "application/json"},
        )
        self.answers.append(answer)
        return answer.json()

    def post(self, who, fields, desk="label", *, script=True):
        answer = self.client.post(
            f"/{TOKEN}/{desk}",
            params={"who": who},
            data={"codebook": BOOK.reference, **fields},
            headers={"accept": "application/json" if script else "text/html"},
        )
        self.answers.append(answer)
        return answer

    def do(self, who, desk="label", **fields):
        """Press something on the card that is on the screen; return what is there then."""
        view = self.view(who, desk)
        card = view["cards"][0] if view["cards"] else {"key": "", "guess": {}}
        sent = {"card": card["key"], "version": view["version"], **guesses(card), **fields}
        answer = self.post(who, sent, desk)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def label(self, who, task="stance", label="neutral", **fields):
        return self.do(who, **{f"label:{task}": label}, **fields)

    def judge(self, who, **labels):
        for task, label in {**TASKS, **labels}.items():
            view = self.label(who, task, label)
        return view

    def events(self):
        return read_annotations(self.path) if self.path.exists() else []

    def standing(self):
        found = {}
        for event in self.events():
            found[event.unit_id, event.annotator, event.task] = event.label
        return found


def guesses(card):
    """Return the first guesses that a card shows, as the page sends them."""
    return {f"guess:{task}": label for task, label in card["guess"].items()}


@pytest.fixture
def page(tmp_path):
    return Page(tmp_path)


def is_a_sentence(words):
    return re.fullmatch(r"[A-Z][^\n<>]+\.\n", words) is not None


def test_the_start_page_asks_for_a_name_and_tells_what_is_judged(page):
    page.judge("ada")
    words = html.unescape(page.get("").text)
    assert BOOK.target in words
    assert BOOK.reference in words
    assert "<b>6</b> units" in words
    assert "ada" not in words  # nobody is offered another's name
    assert "ada: 1 of 6 done" in page.get("", who="ada").text
    assert "nobody has judged under this name yet" in page.get("", who="bo").text


@pytest.mark.parametrize("who", ["", "   ", "x" * 61, "a\x00b", "\u202eada"])
def test_a_name_that_does_not_do_is_told_on_the_start_page(page, who):
    answer = page.get("label", who=who)
    assert answer.status_code == 400
    assert "This name does not do: an annotator" in html.unescape(answer.text)
    assert is_a_sentence(page.post(who, {"label:stance": "neutral"}).text)
    assert page.events() == []


def test_a_unit_is_shown_with_its_heading_its_lead_in_and_the_two_units_before(tmp_path):
    unit = replace(
        assignments(6)[3].unit,
        heading="Harbour works",
        lead_in="The pier allows:",
        before=("A.", "B."),
    )
    page = Page(tmp_path, [replace(assignments(1)[0], unit=unit)])
    card = page.view("ada")["cards"][0]
    assert (card["heading"], card["lead_in"]) == ("Harbour works", "The pier allows:")
    assert (card["before"], card["text"]) == (["A.", "B."], unit.text)
    words = page.get("label", who="ada").text
    places = [words.index(text) for text in ("Harbour works<", ">The pier allows:", ">A.<", ">B.<")]
    assert places == sorted(places)
    assert places[-1] < words.index(f">{unit.text}<")


def test_the_whole_codebook_stands_beside(page):
    words = html.unescape(page.get("label", who="ada").text)
    for task in BOOK.tasks:
        assert task.question in words
        assert all(label.definition in words for label in task.labels)
        assert all(rule.text in words for rule in task.rules)


def test_every_press_is_an_event_of_its_own_with_the_design_that_chose_the_unit(page):
    first = page.view("ada")["cards"][0]["key"]
    assert page.label("ada", "stance", "skeptical")["cards"][0]["key"] == first
    assert page.label("ada", "sentiment", "negative")["cards"][0]["key"] == first
    assert page.label("ada", "voice", "author")["cards"][0]["key"] != first
    assert [(e.task, e.label, e.design, e.guess) for e in page.events()] == [
        ("stance", "skeptical", DESIGN, None),
        ("sentiment", "negative", DESIGN, None),
        ("voice", "author", DESIGN, None),
    ]
    assert {e.unit_id for e in page.events()} == {assignments()[0].unit.id}


def test_a_change_of_mind_is_another_press(page):
    page.label("ada", "stance", "skeptical")
    view = page.label("ada", "stance", "neutral")
    assert view["cards"][0]["labels"] == {"stance": "neutral"}
    assert [e.label for e in page.events()] == ["skeptical", "neutral"]


def test_a_press_that_is_sent_again_makes_no_second_event(page):
    fields = {"card": page.view("ada")["cards"][0]["key"], "version": "0", "note": "odd"}
    for _ in range(3):
        assert page.post("ada", {**fields, "label:stance": "neutral"}).status_code == 200
    assert len(page.events()) == 1


def test_undo_takes_back_the_last_press_across_units_and_after_a_new_start(tmp_path):
    page = Page(tmp_path)
    first = page.view("ada")["cards"][0]["key"]
    page.judge("ada")
    page.label("ada", "stance", "neutral")
    page = Page(tmp_path)
    assert page.view("ada")["back"]["task"] == "stance"
    assert page.do("ada", undo="1")["cards"][0]["labels"] == {}
    view = page.do("ada", undo="1")
    assert view["cards"][0]["key"] == first
    assert view["cards"][0]["labels"] == {"stance": "optimistic", "sentiment": "positive"}
    for _ in range(5):  # two are left to take back
        view = page.do("ada", undo="1")
    assert (view["back"], view["n_done"], len(page.events())) == (None, 0, 8)
    assert set(page.standing().values()) == {None}


def test_an_undo_that_is_sent_again_takes_back_one_press(page):
    page.judge("ada")
    fields = {"card": page.view("ada")["cards"][0]["key"], "version": "3", "undo": "1"}
    views = [page.post("ada", fields).json() for _ in range(3)]
    assert [view["version"] for view in views] == [4, 4, 4]
    assert [e.label for e in page.events()][3:] == [None]


@pytest.mark.parametrize("action", ["undo", "skip"])
def test_an_undo_or_a_skip_from_a_window_that_is_behind_is_refused(page, action):
    card = page.view("ada")["cards"][0]["key"]
    page.label("ada", "stance", "neutral")
    for version in ("0", "9", "", "²", "-1", "9" * 5000):
        answer = page.post("ada", {"card": card, "version": version, action: "1"})
        assert answer.status_code == 409
        assert "Something else was pressed under your name" in answer.text
    assert len(page.events()) == 1


def test_undo_touches_no_judgement_of_a_unit_that_is_not_in_the_queue(tmp_path):
    page = Page(tmp_path)
    elsewhere = judged("ada", "neutral", unit="old/a1:0-9", design="census", book=BOOK.reference)
    AnnotationLog(page.path).append([elsewhere])
    assert page.view("ada")["back"] is None
    page.do("ada", undo="1")
    assert page.events() == [elsewhere]


def test_a_unit_put_off_comes_back_at_the_end_and_an_undo_shows_it_at_once(page):
    first, second = (card["key"] for card in page.view("ada")["cards"][:2])
    view = page.do("ada", skip="1")
    assert view["cards"][0]["key"] == second
    assert view["cards"][-1]["key"] == first
    assert "1 put off" in view["words"]
    assert [e.label for e in page.events()] == [None, None, None]
    assert page.do("ada", undo="1")["cards"][0]["key"] == first
    assert len(page.events()) == 3
    for _ in range(5):
        view = page.judge("ada")
    assert [card["key"] for card in view["cards"]] == [first]


def test_a_skip_that_is_sent_again_puts_off_once(page):
    fields = {"card": page.view("ada")["cards"][0]["key"], "version": "0", "skip": "1"}
    for _ in range(3):
        page.post("ada", fields)
    assert len(page.events()) == 3


def test_a_note_goes_with_the_press_can_be_changed_and_outlives_an_undo(page):
    page.label("ada", "stance", "neutral", note=" half a\r\nthought ")
    assert page.events()[-1].note == "half a\nthought"
    assert page.view("ada")["cards"][0]["note"] == "half a\nthought"
    page.label("ada", "sentiment", "neutral", note="whole")
    page.do("ada", keep="1", note="whole")
    assert [(e.task, e.note) for e in page.events()][2:] == [("stance", "whole")]
    page.do("ada", undo="1")
    assert page.view("ada")["cards"][0]["note"] == "whole"
    page.do("ada", keep="1", note="")
    assert page.view("ada")["cards"][0]["note"] == ""
    too_long = page.post("ada", {"label:stance": "neutral", "note": "x" * 2001})
    assert too_long.status_code == 400
    assert is_a_sentence(too_long.text)


def test_a_note_on_a_unit_that_is_put_off_is_kept_and_comes_back_with_it(tmp_path):
    page = Page(tmp_path)
    first = page.view("ada")["cards"][0]["key"]
    page.do("ada", skip="1", note="who is 'they'? ask Bo")
    assert {(e.label, e.note) for e in page.events()} == {(None, "who is 'they'? ask Bo")}
    assert page.view("ada")["n_done"] == 0
    for _ in range(5):
        page.judge("ada")
    (card,) = Page(tmp_path).view("ada")["cards"]
    assert (card["key"], card["note"], card["labels"]) == (first, "who is 'they'? ask Bo", {})
    page.label("ada", "stance", "neutral", note="")
    assert page.view("ada")["cards"][0]["note"] == ""


def test_a_returning_name_goes_on_where_it_left_off_on_any_server_of_the_folder(tmp_path):
    one, other = Page(tmp_path), Page(tmp_path)
    one.judge("ada")
    one.label("ada", "stance", "skeptical")
    assert other.view(" ada ") == one.view("ada")
    assert other.view("ada")["n_done"] == 1
    assert other.view("ada")["cards"][0]["labels"] == {"stance": "skeptical"}


def test_a_second_annotator_sees_nothing_of_the_first(tmp_path):
    blank = Page(tmp_path / "blank")
    page = Page(tmp_path)
    for _ in range(4):
        page.judge("ada", stance="skeptical", sentiment="negative", voice="attributed")
    page.label("ada", "stance", "skeptical", note="my secret thought")
    assert page.view("bo") == blank.view("bo")
    assert page.get("label", who="bo").text == blank.get("label", who="bo").text
    assert page.get("agreement").text == blank.get("agreement").text
    assert page.get("adjudicate", who="bo").text == blank.get("adjudicate", who="bo").text


def test_the_end_of_the_queue_is_told_and_can_still_be_undone(page):
    for _ in range(6):
        view = page.judge("ada")
    assert view["cards"] == []
    assert "6 of 6 done" in view["words"]
    words = page.get("label", who="ada").text
    assert re.search(r'<section id="done" tabindex="-1" aria', words)
    assert re.search(r'<form id="desk" [^>]* hidden>', words)
    assert len(page.do("ada", undo="1")["cards"]) == 1


def test_a_first_guess_is_shown_only_where_one_is_given_and_is_recorded(tmp_path):
    page = Page(tmp_path, guess_of=lambda unit: {"stance": "skeptical"})
    assert page.view("ada")["cards"][0]["guess"] == {"stance": "skeptical"}
    page.label("ada", "stance", "neutral")
    page.label("ada", "sentiment", "neutral")
    assert [e.guess for e in page.events()] == ["skeptical", None]
    assert Page(tmp_path).view("ada")["cards"][0]["guess"] == {}
    assert 'name="guess:stance" value="skeptical"' in page.get("label", who="bo").text


def test_the_guess_that_was_shown_is_recorded_whatever_the_server_shows_since(tmp_path):
    guessing, plain = Page(tmp_path, guess_of=lambda unit: {"stance": "skeptical"}), Page(tmp_path)
    with_guess, without = guessing.view("ada")["cards"][0], plain.view("bo")["cards"][0]
    for page, who, card in ((plain, "ada", with_guess), (guessing, "bo", without)):
        fields = {"card": card["key"], "version": "0", "label:stance": "neutral", **guesses(card)}
        assert page.post(who, fields).status_code == 200
        page.post(who, {"card": card["key"], "version": "1", "keep": "1", "note": "why"})
    assert [(e.annotator, e.guess, e.note) for e in plain.events()] == [
        *(("ada", "skeptical", ""), ("ada", "skeptical", "why")),
        *(("bo", None, ""), ("bo", None, "why")),
    ]
    odd = {"card": card["key"], "version": "2", "label:stance": "neutral", "guess:stance": "brave"}
    assert plain.post("bo", odd).status_code == 400


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"label:stance": "brave"}, 400, "No stance is called 'brave'; use one of: optimistic"),
        ({"label:mood": "neutral"}, 400, "has no task 'mood'"),
        ({"nothing": "1"}, 400, "This is not what the page sends"),
        ({"label:stance": "neutral", "card": "f00"}, 409, "not in your queue"),
        ({"label:stance": "neutral", "codebook": "b@1#1"}, 409, "The codebook is another one"),
        ({f"x{i}": "1" for i in range(40)}, 400, "This is not what the page sends"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence_and_changes_nothing(page, fields, status, words):
    card = page.view("ada")["cards"][0]["key"]
    answer = page.post("ada", {"card": card, "version": "0", **fields})
    assert answer.status_code == status
    assert is_a_sentence(answer.text)
    assert words in answer.text
    assert page.events() == []


def test_a_log_that_cannot_be_written_is_told_without_its_path(tmp_path):
    told = []
    page = Page(tmp_path, on_trouble=told.append)
    card = page.view("ada")["cards"][0]["key"]
    page.path.write_bytes(b"not an event\n")
    answer = page.post("ada", {"card": card, "version": "0", "label:stance": "neutral"})
    assert answer.status_code == 503
    assert is_a_sentence(answer.text)
    assert str(tmp_path) not in answer.text
    assert str(page.path) in told[0]
    assert page.get("label", who="ada").status_code == 503


def test_forms_work_without_script(page):
    first = page.view("ada")["cards"][0]["key"]
    for task, label in TASKS.items():
        fields = {"card": page.view("ada")["cards"][0]["key"], "version": "0"}
        answer = page.post("ada", {**fields, f"label:{task}": label}, script=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "label?who=ada")
    answer = page.post("ada", {"version": "3", "undo": "1"}, script=False)
    assert answer.headers["location"] == f"label?who=ada&at={first}"
    assert f'name="card" value="{first}"' in page.get("label", who="ada", at=first).text


def test_unknown_pages_and_methods_are_answered_in_a_sentence(page):
    assert is_a_sentence(page.get("elsewhere").text)
    assert page.get("desk.html").status_code == 404
    assert page.client.delete(f"/{TOKEN}/label").status_code == 405


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_tag_and_no_control_character_anywhere(tmp_path, hostile):
    def tags(page, *requests):
        found = Tags()
        for path, params in requests:
            answer = page.get(path, **params)
            assert answer.status_code == 200
            assert not re.search("[\u202e\x1b]", answer.text)
            found.feed(answer.text)
        return found.tags, [
            (name, value)
            for name, value in found.attributes
            if name.startswith("on") or name == "src"
        ]

    def filled(folder, words):
        queue = [
            replace(
                a,
                unit=replace(a.unit, text=words, heading=words, lead_in=words, before=(words,) * 2),
            )
            for a in assignments(2)
        ]
        page = Page(folder, queue)
        for who, stance in (("ada", "skeptical"), ("bo", "neutral")):
            page.judge(who, stance=stance)
            page.do(who, undo="1")
            page.label(who, "voice", "author", note=words[:1900])
        return page

    requests = [
        ("", {}),
        ("label", {"who": "ada"}),
        ("adjudicate", {"who": "cy"}),
        ("agreement", {}),
    ]
    plain = tags(filled(tmp_path / "plain", "plain words"), *requests)
    page = filled(tmp_path / "hostile", hostile)
    assert tags(page, *requests) == plain
    state = re.search(r'id="state">(.*?)</script>', page.get("label", who="ada").text)[1]
    assert "<" not in state
    assert json.loads(state)["view"]["cards"]


def test_a_hostile_name_stays_a_name(page):
    who = '"><script>alert(1)</script>&who=bo'
    page.judge(who)
    for path in ("", "label", "adjudicate", "agreement"):
        words = page.get(path, who=who).text
        assert "<script>alert" not in words
    assert {e.annotator for e in page.events()} == {who}


def test_nothing_that_is_sent_names_the_outlet(tmp_path):
    page = Page(tmp_path)
    for who, stance in (("ada", "skeptical"), ("bo", "neutral")):
        for _ in range(6):
            page.judge(who, stance=stance)
        page.do(who, undo="1")
        page.do(who, skip="1")
    page.get("label", who="cy")
    page.get("adjudicate", who="cy")
    page.get("agreement")
    page.do("cy", "adjudicate", **{"label:stance": "neutral"})
    page.do("cy", "adjudicate", undo="1")
    page.post("ada", {"card": f"{OUTLET}/a0:0-49", "label:stance": "neutral"})
    for answer in page.answers[:-1]:
        assert OUTLET not in answer.text + str(answer.headers)
    assert OUTLET not in page.answers[-1].text
    assert OUTLET in page.events()[0].unit_id


def test_keys_of_cards_outlast_a_new_order_of_the_queue(tmp_path):
    keys = {card["text"]: card["key"] for card in Page(tmp_path).view("ada")["cards"]}
    again = {
        card["text"]: card["key"]
        for card in Page(tmp_path, assignments()[::-1]).view("ada")["cards"]
    }
    assert again == keys
    alike = Page(tmp_path, [*assignments(2, "The same line."), *assignments(1)]).view("ada")
    assert len({card["key"] for card in alike["cards"]}) == 3


def disputed(page, n=2):
    """Let ada and bo judge all and differ in stance on the first `n` units."""
    for i in range(6):
        page.judge("ada", stance="skeptical")
        page.judge("bo", stance="optimistic" if i < n else "skeptical")
    return page


def test_an_adjudicator_sees_what_is_said_and_noted_without_names(tmp_path):
    page = Page(tmp_path)
    page.label("ada", "stance", "skeptical", note="it may close")
    page.label("bo", "stance", "optimistic", note="it is open")
    card = page.view("cy", "adjudicate")["cards"][0]
    assert sorted(card["said"]) == ["optimistic", "skeptical"]
    assert card["notes"] == ["it is open", "it may close"]
    assert card["tasks"] == ["stance"]
    words = page.get("adjudicate", who="cy").text
    assert not re.search(r"\b(ada|bo)\b", words)


def test_an_adjudicator_decides_with_any_label_undoes_and_passes_on(page):
    disputed(page)
    view = page.view("cy", "adjudicate")
    first, second = (card["key"] for card in view["cards"])
    assert page.view("cy", "adjudicate", after=first)["cards"][0]["key"] == second
    passed = page.post("cy", {"card": first, "skip": "1"}, "adjudicate").json()
    assert [card["key"] for card in passed["cards"]] == [second, first]
    assert [e.label for e in page.events()[36:]] == [None, None]  # both were shown
    view = page.do("cy", "adjudicate", **{"label:stance": "neutral"}, note="neither")
    event = page.events()[-1]
    assert (event.annotator, event.label, event.design) == ("cy", "neutral", "adjudication")
    assert event.note == "neither"
    assert [card["key"] for card in view["cards"]] == [second]
    assert view["back"]["card"]["key"] == first
    view = page.do("cy", "adjudicate", undo="1")
    assert [card["key"] for card in view["cards"]] == [first, second]
    assert page.events()[-1].label is None


def test_a_decision_that_is_sent_again_makes_no_second_event(page):
    disputed(page)
    fields = {"card": page.view("cy", "adjudicate")["cards"][0]["key"], "label:stance": "neutral"}
    for _ in range(3):
        assert page.post("cy", fields, "adjudicate").status_code == 200
    assert len([e for e in page.events() if e.annotator == "cy" and e.label]) == 1


def test_who_judged_a_unit_cannot_decide_it_and_is_told_why_there_is_nothing(tmp_path):
    page = Page(tmp_path, assignments(12))
    for i in range(10):
        page.judge("ada", stance="skeptical")
        page.judge("bo", stance="optimistic" if i < 2 else "skeptical")
    card = page.view("cy", "adjudicate")["cards"][0]["key"]
    assert page.view("ada", "adjudicate")["cards"] == []
    assert "on units that you judged yourself" in page.get("adjudicate", who="ada").text
    answer = page.post("ada", {"card": card, "label:stance": "neutral"}, "adjudicate")
    assert answer.status_code == 409
    assert is_a_sentence(answer.text)
    for stance in ("neutral", "optimistic"):
        page.do("cy", "adjudicate", **{"label:stance": stance})
    assert "Nothing is open that you may decide" in page.get("adjudicate", who="ada").text


def test_the_agreement_names_what_is_not_counted_yet_and_the_end_counts_all(tmp_path):
    page = Page(tmp_path, assignments(12))
    for i in range(12):
        page.judge("ada")
        page.judge("bo", stance="optimistic" if i < 11 else "skeptical")
        if i == 10:
            words = html.unescape(page.get("agreement").text)
            assert "10 units are judged by two people or more; no disagreement is open." in words
            assert "Not all is in: 2 of those who began have not judged the whole queue" in words
            assert "1 judgement waits for the next step" in words
            assert "Nothing is open that you may decide" in page.get("adjudicate", who="ada").text
    words = html.unescape(page.get("agreement").text)
    assert "12 units are judged by two people or more; 1 disagreement waits" in words
    assert "Not all is in" not in words
    assert "on units that you judged yourself" in page.get("adjudicate", who="ada").text


def test_a_disagreement_that_another_decided_meanwhile_is_not_decided_twice(page):
    disputed(page)
    card = page.view("cy", "adjudicate")["cards"][0]["key"]
    page.post("dee", {"card": card, "label:stance": "optimistic"}, "adjudicate")
    answer = page.post("cy", {"card": card, "label:stance": "neutral"}, "adjudicate")
    assert answer.status_code == 409
    assert page.view("cy", "adjudicate")["n_cards"] == 1


def test_who_adjudicated_a_unit_is_no_longer_asked_to_judge_it(page):
    disputed(page)
    key = page.view("cy")["cards"][0]["key"]
    page.do("cy", "adjudicate", **{"label:stance": "neutral"})
    assert page.view("cy")["n_cards"] == 4  # the second one was shown
    page.do("cy", "adjudicate", undo="1")
    assert page.view("cy")["n_cards"] == 4
    assert page.post("cy", {"card": key, "label:stance": "neutral"}).status_code == 409


@pytest.mark.parametrize("how", ["shown", "passed on"])
def test_who_is_shown_what_others_differ_on_judges_it_no_more_whatever_they_do_then(page, how):
    disputed(page)
    key = page.view("cy")["cards"][0]["key"]
    page.get("adjudicate", who="cy")
    if how == "passed on":
        page.do("cy", "adjudicate", skip="1")
    assert key not in [card["key"] for card in page.view("cy")["cards"]]
    assert page.post("cy", {"card": key, "label:stance": "neutral"}).status_code == 409
    n = len(page.events())
    page.get("adjudicate", who="cy")
    assert len(page.events()) == n  # once is enough


def test_who_has_begun_to_label_sees_no_disagreement_on_units_still_before_them(page):
    disputed(page)
    page.judge("cy")
    card = page.view("dee", "adjudicate")["cards"][-1]["key"]
    assert page.view("cy", "adjudicate")["cards"] == []
    assert "judged yourself or still have to judge" in page.get("adjudicate", who="cy").text
    answer = page.post("cy", {"card": card, "label:stance": "neutral"}, "adjudicate")
    assert answer.status_code == 409
    assert page.view("cy")["n_cards"] == 6


def test_an_adjudicator_with_decisions_outside_the_queue_takes_the_last_one_back(page):
    disputed(page)
    elsewhere = judged("cy", "neutral", unit="o/a1:0-9", design="adjudication", book=BOOK.reference)
    AnnotationLog(page.path).append([elsewhere, replace(elsewhere, label=None)])
    page.do("cy", "adjudicate", **{"label:stance": "neutral"})
    page.do("cy", "adjudicate", undo="1")
    assert [e.label for e in page.events() if e.annotator == "cy"][-1] is None
    assert page.view("cy", "adjudicate")["n_cards"] == 2
    assert page.view("cy", "adjudicate")["n_done"] == 0


def test_an_undo_that_took_nothing_back_is_not_told_as_done(page):
    page.judge("ada")
    card = page.view("ada")["cards"][0]["key"]
    page.do("ada", skip="1")  # in another window
    answer = page.post("ada", {"card": card, "version": "3", "undo": "1"})
    assert answer.status_code == 409
    assert set(page.standing().values()) == {*TASKS.values(), None}


def test_a_whole_day_of_two_annotators_leaves_one_standing_label_a_place(page):
    disputed(page)
    assert len(page.standing()) == 6 * 2 * 3
    with pytest.raises(LabelError, match="no such annotation log"):
        read_annotations(page.path.with_name("other.jsonl"))
