"""The labelling page in a real Chromium, used by keys."""

import random
import re
from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from stance.labeling.log import AnnotationLog, read_annotations, standing
from stance.labeling.settle import settle
from stance.labeling.store import Document
from tests.builders import judged
from tests.chromium import needs_chromium
from tests.web.ferry import BOOK, DESIGN, OUTLET, Server, assignments

pytestmark = needs_chromium
KEYS = {
    **{"1": ("stance", "optimistic"), "2": ("stance", "neutral"), "3": ("stance", "skeptical")},
    **{"q": ("sentiment", "positive"), "w": ("sentiment", "neutral")},
    **{"e": ("sentiment", "negative"), "z": ("voice", "author"), "x": ("voice", "attributed")},
}
TASKS = tuple(task.name for task in BOOK.tasks)
# What the browser says of an answer that was under way when the server was killed.
CUT_OFF = ["ERR_CONTENT_LENGTH_MISMATCH", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE"]
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class Desks:
    """One server, and a browser window for each person; what goes wrong in a window is kept."""

    def __init__(self, browser, folder, n=6, *options):
        self.server = Server(folder, n, *options)
        self.log = folder / "annotations.jsonl"
        self.browser, self.contexts, self.complaints = browser, [], []
        # What the browser says by itself of answers that a test is about.
        self.expected = ["ERR_CONNECTION", "ERR_SOCKET_NOT_CONNECTED"]

    def window(self, path="", *, size=WIDE, **options):
        context = self.browser.new_context(viewport=size, **options)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)
        page.on("request", self._look)
        page.goto(self.server.url + path)
        return page

    def _listen(self, message):
        if message.type in {"error", "warning"} and not any(
            words in message.text for words in self.expected
        ):
            self.complaints.append(message.text)

    def _look(self, request):
        if not request.url.startswith(f"http://127.0.0.1:{self.server.port}/"):
            self.complaints.append(f"asked for {request.url}")

    def events(self):
        return read_annotations(self.log) if self.log.exists() else []

    def close(self):
        for context in self.contexts:
            context.close()
        self.server.kill()
        assert self.complaints == []


@pytest.fixture
def desks(browser, request, tmp_path):
    n, *options = getattr(request, "param", (6,))
    desks = Desks(browser, tmp_path, n, *options)
    yield desks
    desks.close()


def saved(page, words="Saved"):
    expect(page.locator("#saved")).to_contain_text(words)


def until(page, is_so):
    """Wait for an expression to hold, where our pages forbid Playwright's own way: an eval."""
    for _ in range(200):
        if page.evaluate(is_so):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{is_so} does not come to hold")


def press(page, keys):
    for key in keys:
        page.keyboard.press(key)


def said(events, annotator):
    """Return unit -> what an annotator said of it."""
    found = {}
    for place, event in standing(events).items():
        if place.annotator == annotator:
            found.setdefault(place.unit_id, []).append((event.task, event.label))
    return found


def fill(log, units, *, disagree=()):
    """Write what ada and bo would have said of some units."""
    events = []
    for i, assignment in enumerate(units):
        for name in ("ada", "bo"):
            for task, label in (
                ("stance", "neutral"),
                ("sentiment", "neutral"),
                ("voice", "author"),
            ):
                differs = i in disagree and name == "bo" and task == "stance"
                events.append(
                    judged(
                        name,
                        "skeptical" if differs else label,
                        task=task,
                        unit=assignment.unit.id,
                        design=DESIGN,
                        book=BOOK.reference,
                    )
                )
    AnnotationLog(log).append(events)


def test_two_annotators_work_at_once_by_keys_only(desks):
    pages = {}
    for who in ("ada", "bo"):
        page = pages[who] = desks.window()
        press(page, ["Tab", "Tab", "Tab", "Tab"])  # the jump link, two pages, the name
        page.keyboard.type(who)
        page.keyboard.press("Enter")
        expect(page.locator("#unit")).to_be_focused()
    plans = {"ada": ["1qz", "2wx", "3ez"] * 2, "bo": ["3wz", "12qx", "3ez"] * 2}
    for keys in zip(*plans.values(), strict=True):
        for page, word in zip(pages.values(), keys, strict=True):
            press(page, word)
    for who, page in pages.items():
        expect(page.locator("#done")).to_be_visible()
        expect(page.locator("#done")).to_be_focused()
        saved(page)
        expected = [
            [KEYS[key] for key in word if key != "1" or who == "ada"] for word in plans[who]
        ]
        assert list(said(desks.events(), who).values()) == expected
    assert len(desks.events()) == 18 + 18 + 2  # two changes of mind


@pytest.mark.parametrize("desks", [(12,)], indirect=True)
def test_no_press_is_lost_or_doubled_when_the_server_is_killed_and_started_again(desks):
    page = desks.window("label?who=ada")
    words = ["1qz", "2wx", "3ez", "1ex", "2qz", "3wx", "1qx", "2ez", "3qz", "1wx"]
    press(page, "".join(words[:3]))
    desks.expected += CUT_OFF
    desks.server.kill()  # with presses under way
    press(page, "".join(words[3:5]) + "1")
    expect(page.locator("#trouble")).to_contain_text("The server does not answer.")
    press(page, "uu")  # the last press, then one of the unit before it
    press(page, words[4][-1])
    desks.server.start()
    saved(page)
    expect(page.locator("#trouble")).to_be_hidden()
    press(page, words[5])
    saved(page, "voice attributed")
    desks.server.kill()
    press(page, words[6] + words[7][:2])
    expect(page.locator("#saved")).to_contain_text("5 not saved yet")
    page.on("dialog", lambda dialog: dialog.accept())  # "leave the page?"
    desks.server.start()
    page.reload()
    saved(page)
    press(page, words[7][2:] + "".join(words[8:]))
    expect(page.locator("#words")).to_contain_text("10 of 12 done")
    saved(page, "voice attributed")
    events = desks.events()
    expected = [[KEYS[key] for key in word] for word in words]
    assert list(said(events, "ada").values()) == expected
    counts = Counter((e.unit_id, e.task, e.label) for e in events)
    twice = {(task, label) for (_, task, label), n in counts.items() if n > 1}
    assert twice == {KEYS["z"]}  # taken back and pressed again
    assert len(events) == 10 * 3 + 1 + 1 + 1 + 1  # "1", its undo, the undo of "z", "z" again


def test_a_note_that_went_with_a_press_that_was_not_taken_is_kept_in_the_page(desks):
    desks.expected += [*CUT_OFF, "status of 409"]
    page = desks.window("label?who=ada")
    desks.server.kill()
    page.locator("#note").fill("ask Bo")
    page.locator("#unit").focus()
    press(page, "s")
    desks.server.options = ("later",)  # without the first unit
    desks.server.start()
    expect(page.locator("#refused")).to_contain_text("Not taken: ")
    kept = "() => JSON.stringify(Object.values(sessionStorage))"
    expect(page.locator("#saved")).to_contain_text("All else is saved")
    assert "ask Bo" in page.evaluate(kept)
    assert desks.events() == []


def test_every_press_that_was_not_taken_is_told_until_it_is_seen(desks):
    desks.expected += [*CUT_OFF, "status of 409"]
    page = desks.window("label?who=ada")
    desks.server.kill()
    press(page, "1qz2")
    expect(page.locator("#saved")).to_contain_text("4 not saved yet")
    desks.server.options = ("later",)  # without the first unit
    desks.server.start()
    saved(page, "All else is saved")
    told = page.locator("#refused")
    expect(told).to_contain_text("3 presses were not taken. Not taken: stance optimistic,")
    expect(told).to_contain_text("sentiment positive, voice author. This unit is not in your queue")
    expect(page.locator("#trouble")).to_be_hidden()
    assert [(e.task, e.label) for e in desks.events()] == [("stance", "neutral")]
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert Axe().run(page).response["violations"] == []
    page.reload()
    expect(told).to_contain_text("3 presses were not taken.")
    page.get_by_role("button", name="Seen").click()
    expect(told).to_be_hidden()
    expect(page.locator("#unit")).to_be_focused()
    press(page, "q")
    saved(page, "Saved: sentiment positive")
    page.reload()
    expect(told).to_be_hidden()


def test_a_note_that_no_press_took_along_is_asked_about_and_one_put_off_is_kept(desks):
    asked = []

    def leave(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page = desks.window("label?who=ada")
    page.on("dialog", leave)
    first = page.locator("#unit").inner_text()
    press(page, "n")
    page.keyboard.type("who are they?")
    page.keyboard.press("Escape")
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.locator("#note")).to_have_value("who are they?")
    press(page, "s")
    saved(page, "put off")
    assert {(e.label, e.note) for e in desks.events()} == {(None, "who are they?")}
    page.reload()
    assert asked == ["beforeunload"]
    press(page, "u")
    expect(page.locator("#unit")).to_have_text(first)
    expect(page.locator("#note")).to_have_value("who are they?")


SLOW = """() => {
  const ask = window.fetch;
  window.fetch = async (...all) => {
    await new Promise((done) => setTimeout(done, 400));
    return ask(...all);
  };
}"""


def test_a_note_is_written_to_its_end_while_undone_presses_are_still_being_saved(desks):
    page = desks.window("label?who=ada")
    first = page.locator("#unit").inner_text()
    page.evaluate(SLOW)
    press(page, "1qzuuwx")  # two undos: the page knows of one step back
    expect(page.locator("#unit")).not_to_have_text(first)
    second = page.locator("#unit").inner_text()
    press(page, "n")
    note = "quite few; see 2 quick suns, we ask who"
    page.keyboard.type(note, delay=100)
    saved(page, "voice attributed")
    expect(page.locator("#note")).to_be_focused()
    expect(page.locator("#note")).to_have_value(note)
    expect(page.locator("#unit")).to_have_text(second)
    page.keyboard.press("Escape")
    press(page, "1")
    saved(page, "stance optimistic")
    labels = [e.label for e in desks.events()]
    assert labels[3:] == [None, None, "neutral", "attributed", "optimistic"]
    assert [e.note for e in desks.events()] == [*[""] * 7, note]


def test_a_unit_that_is_gone_stays_on_the_screen_until_its_note_is_written(desks):
    page = desks.window("label?who=ada")
    first = page.locator("#unit").inner_text()
    press(page, "n")
    page.keyboard.type("see ")
    other = desks.window("label?who=ada")
    press(other, "1qz")
    saved(other, "voice author")
    page.evaluate("dispatchEvent(new Event('focus'))")  # as when a person turns to this window
    until(page, "said.version === 3")
    page.keyboard.type("1 question")
    expect(page.locator("#note")).to_have_value("see 1 question")
    expect(page.locator("#unit")).to_have_text(first)
    box = page.get_by_role("button", name="skeptical").bounding_box()
    page.mouse.click(box["x"] + 9, box["y"] + 9)  # meant for the unit that was there
    expect(page.locator("#unit")).not_to_have_text(first)
    expect(page.locator("#note")).to_have_value("")
    press(page, "2")
    saved(page, "stance neutral")
    labels = ["optimistic", "positive", "author"]
    assert [e.label for e in desks.events()] == [*labels, *labels, "neutral"]
    assert [e.note for e in desks.events()] == [*[""] * 3, *["see 1 question"] * 3, ""]


def test_a_label_that_stands_is_no_press_that_an_undo_takes_back(desks):
    page = desks.window("label?who=ada")
    first = page.locator("#unit").inner_text()
    press(page, "1q")
    saved(page, "Saved: sentiment positive")
    press(page, "1")
    saved(page, "That stands already")
    press(page, "u")
    saved(page, "taken back")
    expect(page.locator("#unit")).to_have_text(first)
    assert [(e.task, e.label) for e in desks.events()] == [
        *[("stance", "optimistic"), ("sentiment", "positive"), ("sentiment", None)]
    ]


def test_an_undo_takes_back_nothing_that_its_window_has_not_shown(desks):
    desks.expected += ["409"]
    page, other = (desks.window("label?who=ada") for _ in range(2))
    press(page, "1")
    saved(page)
    other.evaluate("dispatchEvent(new Event('focus'))")
    until(other, "said.version === 1")
    press(other, "q")
    saved(other)
    page.evaluate(  # undo is pressed before the window has looked again
        """() => {
            dispatchEvent(new Event("focus"));
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "u", bubbles: true}));
        }"""
    )
    expect(page.locator("#refused")).to_contain_text("the last press is taken back")
    assert [e.label for e in desks.events()] == ["optimistic", "positive"]


def test_a_window_that_a_person_turns_back_to_shows_what_they_judged_in_another(desks):
    pages = [desks.window("label?who=ada") for _ in range(2)]
    for page, keys, n_done in zip(
        pages * 2, ("1qz", "3ex", "2wz", "1ez"), (1, 2, 3, 4), strict=True
    ):
        page.evaluate("dispatchEvent(new Event('focus'))")
        expect(page.locator("#words")).to_contain_text(f"{n_done - 1} of 6 done")
        for key in keys:
            press(page, key)
            saved(page)
        expect(page.locator("#words")).to_contain_text(f"{n_done} of 6 done")
    expected = [[KEYS[key] for key in word] for word in ("1qz", "3ex", "2wz", "1ez")]
    assert list(said(desks.events(), "ada").values()) == expected
    assert len(desks.events()) == 12


def test_undo_skip_note_and_help_by_keys(desks):
    page = desks.window("label?who=ada")
    first = page.locator("#unit").inner_text()
    press(page, "1n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("2 quick suns")  # no key does anything while a note is typed
    page.keyboard.press("Escape")
    expect(page.locator("#unit")).to_be_focused()
    saved(page, "note")
    assert [(e.label, e.note) for e in desks.events()] == [
        ("optimistic", ""),
        ("optimistic", "2 quick suns"),
    ]
    press(page, "qz")
    expect(page.locator("#unit")).not_to_have_text(first)
    saved(page)
    page.reload()
    press(page, "u")
    expect(page.locator("#unit")).to_have_text(first)
    expect(page.locator("#note")).to_have_value("2 quick suns")
    pressed = page.locator("[aria-pressed=true]")
    expect(pressed).to_have_count(2)
    press(page, "s")
    expect(page.locator("#words")).to_contain_text("1 put off")
    press(page, "u")
    expect(page.locator("#unit")).to_have_text(first)
    press(page, "n")
    page.keyboard.type("x")
    page.keyboard.press("Control+Enter")
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    press(page, "3")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.down("3")
    page.keyboard.down("3")  # held down: a second keydown, with repeat
    page.keyboard.up("3")
    saved(page, "stance skeptical")
    assert [e.label for e in desks.events()].count("skeptical") == 1


def test_a_double_click_and_two_undos_at_once_do_what_was_meant(desks):
    page = desks.window("label?who=ada")
    press(page, "1q")
    page.get_by_role("button", name="author").dblclick()
    saved(page, "voice author")
    expect(page.locator("#words")).to_contain_text("1 of 6 done")
    assert len(desks.events()) == 3
    page.reload()
    press(page, "uuu2")  # more than the page knows of: what follows waits for the server
    saved(page, "stance neutral")
    assert [(e.task, e.label) for e in desks.events()][3:] == [
        ("voice", None),
        ("sentiment", None),
        ("stance", None),
        ("stance", "neutral"),
    ]


@pytest.mark.parametrize("desks", [(12,)], indirect=True)
def test_disagreements_are_decided_by_keys_and_the_agreement_follows(desks):
    fill(desks.log, assignments(12)[:10], disagree=(2, 5))
    desks.expected.append("status of 409")
    page = desks.window("adjudicate?who=cy")
    watched = desks.window()
    watched.clock.install()
    watched.goto(desks.server.url + "agreement")
    expect(watched.locator("#numbers")).to_contain_text("10 units are judged by two people")
    expect(watched.locator("#numbers")).to_contain_text("2 disagreements wait")
    text = page.locator("#unit").inner_text()
    press(page, "s")
    expect(page.locator("#unit")).not_to_have_text(text)
    press(page, "n")
    page.keyboard.type("the main clause decides")
    page.keyboard.press("Escape")
    press(page, "1")
    expect(page.locator("#unit")).to_have_text(text)
    press(page, "u")
    expect(page.locator("#unit")).not_to_have_text(text)
    press(page, "2")
    press(other := desks.window("adjudicate?who=dee"), "1")
    saved(other)
    press(page, "3")  # meanwhile decided by another
    expect(page.locator("#refused")).to_contain_text("Not taken: stance skeptical. This disag")
    expect(page.locator("#done")).to_be_visible()
    page.get_by_role("button", name="Seen").click()
    expect(page.locator("#refused")).to_be_hidden()
    press(page, "u2")
    saved(page, "stance neutral")
    events = [event for event in desks.events() if event.annotator == "cy"]
    assert [event.label for event in events[:2]] == [None, None]  # shown, of which one passed on
    events = events[2:]
    assert [event.label for event in events] == ["optimistic", None, "neutral", None, "neutral"]
    assert {event.design for event in events} == {"adjudication"}
    assert events[0].note == "the main clause decides"
    watched.clock.run_for(10_100)
    expect(watched.locator("#changed")).to_have_text("There are new numbers.")
    expect(watched.locator("#numbers")).to_contain_text("no disagreement is open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("desks", [(12,)], indirect=True)
def test_axe_finds_nothing_on_any_page(desks, scheme):
    fill(desks.log, assignments(12)[:10], disagree=(2,))
    page = desks.window(color_scheme=scheme, reduced_motion="reduce")
    desks.expected.append("status of 400")
    paths = ["", "label?who=%20", "label?who=dee", "adjudicate?who=cy", "adjudicate?who=ada"]
    for path in [*paths, "agreement?who=ada", "help", "done"]:
        if path == "help":
            page.goto(desks.server.url + "label?who=dee")
            press(page, "1?")
        elif path == "done":
            page.goto(desks.server.url + "label?who=ada")
            press(page, "1qz2wx")
            expect(page.locator("#done")).to_be_visible()
        else:
            page.goto(desks.server.url + path)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            found = Axe().run(page).response["violations"]
            assert [(path, v["id"], v["nodes"][0]["html"]) for v in found] == []


@pytest.mark.parametrize("desks", [(3, "hostile")], indirect=True)
def test_hostile_text_runs_nothing_and_breaks_no_layout(desks):
    fill(desks.log, assignments(1), disagree=(0,))
    page = desks.window(size=NARROW)
    for path in ("", "label?who=ada", "label?who=dee", "adjudicate?who=cy", "agreement"):
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            page.goto(desks.server.url + path)
            press(page, "1n")
            if "who" in path:
                page.keyboard.type("<b>note</b>")
                page.keyboard.press("Escape")
            assert "it ran" not in page.title()
            root = "document.documentElement"
            assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
            assert OUTLET not in page.content()


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_tab_goes_from_the_unit_through_the_answers_in_reading_order(desks, size):
    page = desks.window("label?who=ada", size=size)
    expect(page.locator("#unit")).to_be_focused()
    names = []
    for _ in range(14):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
    names = [re.sub(r"\s+", " ", name).strip().split(" ")[-1] for name in names]
    assert names == [
        *("optimistic", "neutral", "skeptical", "positive", "neutral", "negative"),
        *("author", "attributed", "note", "Undo", "off", "Note", "Help", "CODEBOOK"),
    ]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) != "none"
    box = page.get_by_role("button", name="optimistic").bounding_box()
    assert box["height"] >= 44


def test_the_page_works_without_script(desks):
    page = desks.window("label?who=ada", java_script_enabled=False)
    for name in ("optimistic", "positive", "author"):
        page.get_by_role("button", name=name).click()
    expect(page.locator("#words")).to_contain_text("1 of 6 done")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[aria-pressed=true]")).to_have_count(2)
    page.get_by_role("button", name="Put off").click()
    expect(page.locator("#words")).to_contain_text("0 of 6 done, 1 put off")


@pytest.mark.parametrize("desks", [(60,)], indirect=True)
def test_sixty_units_by_two_people_through_three_crashes_end_settled(desks):
    desks.expected += CUT_OFF
    rng = random.Random(7)
    rows = ("123", "qwe", "zx")
    plan = {
        who: ["".join(rng.choice(row) for row in rows) for _ in range(60)] for who in ("ada", "bo")
    }
    windows = {who: desks.window(f"label?who={who}") for who in plan}
    for i in range(60):
        for who, page in windows.items():
            press(page, plan[who][i])
        if i in {14, 29, 44}:
            desks.server.kill()  # with presses of both under way
        elif i in {17, 32, 47}:
            desks.server.start()
            for page in windows.values():
                saved(page)
    for page in windows.values():
        expect(page.locator("#done")).to_be_visible()
        saved(page)
    for who, words in plan.items():
        expected = [[KEYS[key] for key in word] for word in words]
        assert list(said(desks.events(), who).values()) == expected
    assert len(desks.events()) == 2 * 60 * 3
    n_open = sum(
        mine[row] != theirs[row]
        for mine, theirs in zip(*plan.values(), strict=True)
        for row in range(3)
    )
    page = desks.window("adjudicate?who=cy")
    for left in range(n_open, 0, -1):
        expect(page.locator("#words")).to_contain_text(f"{left} left to decide")
        if left == n_open // 2:
            desks.server.kill()
        press(page, "2")
        if left == n_open // 2:
            desks.server.start()
            saved(page)
    expect(page.locator("#done")).to_be_visible()
    saved(page)
    events = desks.events()
    n_shown = len({event.unit_id for event in events if event.annotator == "cy"})
    assert len(events) == 2 * 60 * 3 + n_shown + n_open
    documents = {
        a.unit.article_id: Document(
            article_id=a.unit.article_id, sha256="0" * 64, characters=999, source=OUTLET
        )
        for a in assignments(60)
    }
    labels, disagreements = settle(events, documents)
    assert (len(labels), disagreements) == (60, [])
    assert all(set(label.labels) == set(TASKS) for label in labels)
