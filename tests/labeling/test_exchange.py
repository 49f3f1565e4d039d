"""Every format gives back the log that it was written from, and what was changed in it since."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.corpus.units import split_units
from stance.errors import LabelError
from stance.labeling.designs import Design
from stance.labeling.exchange.events import Names
from stance.labeling.exchange.form import Form
from stance.labeling.exchange.formats import WRITERS
from stance.labeling.exchange.news import new_events
from stance.labeling.exchange.statements import Parcel
from stance.labeling.log import standing
from stance.records import Annotation
from tests.builders import article
from tests.labeling.exchanges import (
    ARTICLE,
    ARTICLES,
    BOOK,
    SUFFIXES,
    TWICE,
    UNITS,
    added,
    export,
    read,
    said,
    told,
)

FORMS = sorted(SUFFIXES)
ROWS = [Form.CSV, Form.LONG, Form.JSONL]
NOTE = 'a "quoted"\r\nnote,\nwith 🚢; and = + - @ \u2028'
EVENTS = [
    said("ada", "neutral"),
    said("bo", "skeptical", note="=1+1"),
    said("ada", "author", task="voice", guess="attributed"),
    said("Zoë 🚢", None, i=1),  # put off
    said("ada", "optimistic", note=NOTE, at="2026-02-14T11:00:00.123+00:00"),  # a correction
    said("bo", None, at="2026-02-15T10:00:00+00:00"),  # taken back
    said("cy@quay.org", "skeptical", design="adjudication", note="'=x"),
    said("ada", "skeptical", design="adjudication"),  # beside what she said before
    said("ada", "glad", task="mood", codebook="ferry@2#ab", i=2, design="random/3f9c2ab1"),
    said("ada", "negative", task="sentiment", codebook="h200-access@1.0#ab", i=2),
    said("ada", "neutral", i=2),
    said("ada", "neutral", i=2),
]


@st.composite
def logs(draw):
    """Events of several annotators on several units and tasks, in any order."""
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    names = st.sampled_from(["ada", "bo", "Zoë 🚢", "c@d.org", "=x", "../y", "a  b", "x" * 80])
    times = st.sampled_from(["2026-02-14T10:00:00+00:00", "2026-02-14T10:00:00.500+00:00"])
    designs = st.sampled_from(["census", "random/3f9c2ab1", "adjudication"])
    events = []
    for _ in range(draw(st.integers(0, 12))):
        task = draw(st.sampled_from(BOOK.tasks))
        labels = st.none() | st.sampled_from(task.classes)
        known = draw(st.integers(0, 4)) > 0
        events.append(
            Annotation(
                unit_id=draw(st.sampled_from(UNITS)).id,
                annotator=draw(names),
                task=task.name if known else draw(st.sampled_from(["mood", task.name])),
                label=draw(labels if known else st.sampled_from(["glad", None])),
                codebook=BOOK.reference if known else "ferry@2#ab",
                at=draw(times),
                design=draw(designs),
                note=draw(texts | st.just("")),
                guess=draw(labels),
            )
        )
    return events


@pytest.mark.parametrize("form", FORMS)
def test_a_log_with_all_that_can_happen_comes_back_event_by_event(tmp_path, form):
    found = read(export(tmp_path, form, EVENTS), on_notice=pytest.fail)
    assert found.history == EVENTS
    assert found.fresh == []


@pytest.mark.parametrize("form", FORMS)
@given(events=logs())
@settings(max_examples=40)
def test_any_log_comes_back_as_it_was(tmp_path_factory, form, events):
    folder = tmp_path_factory.mktemp("trip")
    if form in ROWS:  # which may have been sorted: there it is the time that says what came first
        times = sorted(event.at for event in events)
        events = [replace(event, at=at) for event, at in zip(events, times, strict=True)]
    found = read(export(folder, form, events), form, on_notice=pytest.fail)
    assert found.history == events
    assert found.fresh == []


@pytest.mark.parametrize("form", FORMS)
def test_importing_an_export_again_adds_nothing_and_into_half_a_log_the_other_half(tmp_path, form):
    path = export(tmp_path, form, EVENTS)
    assert added(path) == EVENTS
    assert added(path, known=EVENTS) == []
    assert added(path, known=EVENTS[:5]) == EVENTS[5:]


@pytest.mark.parametrize("form", [form for form in FORMS if form is not Form.LONG])
def test_units_to_judge_carry_no_label_and_keep_how_they_were_chosen(tmp_path, form):
    blank = {UNITS[1].id: "random/3f9c2ab1", UNITS[0].id: ""}
    path = export(tmp_path, form, blank=blank)
    assert added(path, names=Names(everyone="ada"), on_notice=pytest.fail) == []
    if form is Form.JSONL:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert [row["text"] for row in rows] == [UNITS[1].text, UNITS[0].text]
        rows[0]["stance"] = "favor"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        (event,) = added(path, names=Names(everyone="ada"))
        assert (event.label, event.design) == ("optimistic", "random/3f9c2ab1")


def test_long_holds_no_units_to_judge(tmp_path):
    with pytest.raises(LabelError, match="long holds judgements only"):
        export(tmp_path, Form.LONG, blank={UNITS[0].id: ""})


@pytest.mark.parametrize("form", [form for form in FORMS if form is not Form.LONG])  # has no hash
def test_an_article_whose_text_was_changed_since_is_told(tmp_path, form):
    path = export(tmp_path, form, EVENTS[:1])
    changed = replace(ARTICLE, original=ARTICLE.original + " More.", sha256="ab" * 32)
    with pytest.raises(LabelError, match="judged in a text that is not among the articles given"):
        added(path, articles=[(changed, UNITS)])


@pytest.mark.parametrize("form", FORMS)
def test_a_unit_that_is_not_there_is_told_with_its_place(tmp_path, form):
    path = export(tmp_path, form, EVENTS[:1])
    with pytest.raises(LabelError, match=r"out\.\w+.*: 'port/a1:0-18' is no unit of the articles"):
        added(path, articles=[(ARTICLE, UNITS[1:])])


@pytest.mark.parametrize("form", [Form.CSV, Form.LONG])
@pytest.mark.parametrize("odd", [{"label": ""}, {"note": "a\0b"}, {"guess": ""}])
def test_what_a_table_cannot_hold_is_told_before_it_is_lost(tmp_path, form, odd):
    with pytest.raises(LabelError, match="port/a1:0-18: a judgement by ada holds an empty label"):
        export(tmp_path, form, [replace(EVENTS[0], **odd)])


def test_json_holds_it_all_the_same(tmp_path):
    odd = [replace(EVENTS[0], note="a\0b", guess="", codebook="x@1#1", label="")]
    assert added(export(tmp_path, Form.JSONL, odd)) == odd


def test_events_of_one_moment_share_a_row_of_the_spreadsheet():
    events = [said("ada", "neutral"), said("ada", "neutral", task="sentiment"), said("bo", None)]
    text = "".join(WRITERS[Form.CSV](Parcel(codebook=BOOK, articles=ARTICLES, events=events)))
    assert text.count("\r\n") == 0
    assert text.startswith("\ufeffunit_id,article_id,start,end,sha256,annotator,at,design,codebook")
    assert [line.split(",")[10:13] for line in text.splitlines()[1:]] == [
        ["neutral", "neutral", ""],
        ["(none)", "", ""],
    ]


def test_long_begins_with_what_agreement_packages_read(tmp_path):
    lines = export(tmp_path, Form.LONG, EVENTS[:2]).read_text("utf-8").splitlines()
    assert lines[0].startswith("item,annotator,label,task")
    assert lines[1].startswith("port/a1:0-18,ada,neutral,stance,")


def test_a_long_table_of_three_columns_is_read_under_the_task_given(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("item,annotator,label\nport/a1:0-18,ada,favor\nport/a1:0-18,bo,\n", "utf-8")
    assert told(added(path, task="stance")) == [("port/a1:0-18", "ada", "stance", "optimistic")]
    with pytest.raises(LabelError, match=r"r\.csv:2: a label of which task\? Give --task"):
        added(path)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id;who;mine\nport/a1:0-18;ada;favor\n", "utf-8-sig"),
        ("id\twho\tmine\tremark\nport/a1:0-18\tada\tfavor\t“é”\n", "cp1252"),
        ('"id","who","mine"\r\n"port/a1:0-18","ada","favor"\r\n', "utf-16"),
    ],
)
def test_columns_of_any_name_delimiter_and_encoding_are_read(tmp_path, text, encoding):
    path = tmp_path / "theirs.csv"
    path.write_bytes(text.encode(encoding))
    columns = {"unit_id": "id", "annotator": "who", "stance": "mine"}
    assert told(added(path, columns=columns)) == [("port/a1:0-18", "ada", "stance", "optimistic")]


def test_a_unit_is_found_by_its_place_or_its_text(tmp_path):
    path = tmp_path / "theirs.csv"
    ada = Names(everyone="ada")
    path.write_text("Article_ID,start,end,Stance\nport/a1,0,18,pro\n", encoding="utf-8")
    by_place = told(added(path, names=ada))
    path.write_text(f"text,stance\n{UNITS[0].text},pro\n", encoding="utf-8")
    assert told(added(path, names=ada)) == by_place
    path.write_text("text,stance\nThe ferry sails.,pro\n", encoding="utf-8")
    with pytest.raises(LabelError, match="no unit of the articles given reads 'The ferry sails"):
        added(path, names=ada)
    with pytest.raises(LabelError, match=r":2: 2 units read 'The ferry sails\.', twice:0-16 and"):
        added(path, names=ada, articles=[(TWICE, split_units(TWICE))])


def test_one_name_for_several_annotators_is_told_and_each_can_be_renamed(tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text(
        "unit_id,annotator,stance\nport/a1:0-18,1,pro\nport/a1:0-18,2,against\n", "utf-8"
    )
    with pytest.raises(LabelError, match="2 annotators judged here, '1' and '2' among them"):
        added(path, names=Names(everyone="ada"))
    names = Names(ours={"1": "ada", "2": "bo"})
    assert [event.annotator for event in added(path, names=names)] == ["ada", "bo"]
    names = Names(everyone="cy", ours={"1": "ada"})
    assert [event.annotator for event in added(path, names=names)] == ["ada", "cy"]


def test_a_judgement_changed_and_changed_back_is_news_each_time_that_has_a_time(tmp_path):
    path = tmp_path / "mine.jsonl"

    def bring(label, day, known):
        row = {"unit_id": UNITS[0].id, "stance": label, "at": f"2026-02-{day}T10:00:00Z"}
        path.write_text(json.dumps(row), encoding="utf-8")
        return [*known, *added(path, known=known, names=Names(everyone="ada"))]

    log = bring("favor", 14, [])
    assert bring("optimistic", 15, log) == log
    log = bring("skeptical", 16, log)
    assert bring("optimistic", 15, log) == log  # says itself that it is the earlier
    log = bring("favor", 17, log)
    assert [event.label for event in log] == ["optimistic", "skeptical", "optimistic"]


def test_a_file_without_times_that_grew_leaves_what_was_corrected_since(tmp_path):
    path, ada = tmp_path / "j.csv", Names(everyone="ada")
    path.write_text(f"unit_id,stance,note\n{UNITS[0].id},optimistic,a\n", encoding="utf-8")
    log = [*added(path, names=ada), said("ada", "skeptical", at="2026-02-15T10:00:00+00:00")]
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{UNITS[1].id},neutral,\n")
    found = new_events(read(path, names=ada), log)
    assert told(found.new) == [(UNITS[1].id, "ada", "stance", "neutral")]
    assert told(found.changed) == [(UNITS[0].id, "ada", "stance", "optimistic")]
    log = [*log, *found.new, said("ada", "optimistic")]
    again = new_events(read(path, names=ada), log)
    assert (again.new, again.changed) == ([], [])


def test_one_annotators_correction_does_not_hide_anothers_label(tmp_path):
    path = tmp_path / "j.csv"
    path.write_text(f"unit_id,stance\n{UNITS[0].id},optimistic\n", encoding="utf-8")
    log = [said("ada", "optimistic"), said("ada", "skeptical"), said("bo", "neutral")]
    others = [replace(event, codebook="h200-access@1.0#ab") for event in log[:2]]
    for names, known in ((Names(everyone="bo"), log), (Names(everyone="ada"), others)):
        found = new_events(read(path, names=names), known)
        assert ([event.label for event in found.new], found.changed) == (["optimistic"], [])


def test_two_labels_of_a_unit_by_one_annotator_are_refused_where_no_time_tells_them_apart(tmp_path):
    path, ada = tmp_path / "two.csv", Names(everyone="ada")
    rows = [f"{UNITS[0].id},ada,optimistic", f"{UNITS[0].id},bo,skeptical"]
    path.write_text("\n".join(["unit_id,coder,stance", *rows]), encoding="utf-8")
    with pytest.raises(LabelError, match=r"does not say who .* with --map annotator=COLUMN"):
        added(path)
    with pytest.raises(LabelError) as caught:
        added(path, names=ada)
    assert str(caught.value) == (
        f"{path}:3: stance of {UNITS[0].id} is judged twice by one annotator, ada: skeptical here, "
        f"optimistic at {path}:2; if two people judged, name their column with --map "
        "annotator=COLUMN, else leave one of the two"
    )
    events = added(path, columns={"annotator": "coder"})
    assert [(event.annotator, event.label) for event in events] == [
        ("ada", "optimistic"),
        ("bo", "skeptical"),
    ]
    lines = [f"{row},2026-02-1{i}T10:00:00Z" for i, row in enumerate(rows)]
    path.write_text("\n".join(["unit_id,coder,stance,at", *lines]), encoding="utf-8")
    assert [event.label for event in added(path, names=ada)] == ["optimistic", "skeptical"]
    path.write_text("\n".join(["unit_id,coder,stance", rows[0], rows[0]]), encoding="utf-8")
    assert [event.label for event in added(path, names=ada)] == ["optimistic"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"unit_id": "port/a1:0-18", "stance": "hopeful"}', ":1: no stance is called 'hopeful'"),
        ('{"unit_id": "port/a1:0-17", "stance": "favor"}', ":1: 'port/a1:0-17' is no unit"),
        ('{"stance": "favor"}', ":1: not a JSON object with a unit_id"),
        ("[[[", ":1: not a JSON object"),
        ('{"unit_id": "port/a1:0-18", "stance": "favor", "at": "noon"}', ":1: 'noon' is no time"),
        ('{"unit_id": "port/a1:0-18", "stance": "pro", "design": "x"}', "no design is called 'x'"),
        ('{"unit_id": "port/a1:0-18", "task": "mood", "label": "x"}', "has no task 'mood'"),
    ],
)
def test_a_judgement_that_does_not_fit_is_told_with_its_line(tmp_path, line, complaint):
    path = tmp_path / "mine.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(LabelError, match=complaint):
        added(path, names=Names(everyone="ada"))


def test_keys_of_another_name_are_read_where_they_are_named(tmp_path):
    path = tmp_path / "theirs.jsonl"
    path.write_text('{"item": "port/a1:0-18", "by": "ada", "mine": "pro"}', encoding="utf-8")
    columns = {"unit_id": "item", "annotator": "by", "stance": "mine"}
    assert told(added(path, columns=columns)) == [("port/a1:0-18", "ada", "stance", "optimistic")]


@pytest.mark.parametrize("form", [Form.CSV, Form.JSONL])
def test_labels_under_a_name_that_is_no_tasks_are_told(tmp_path, form):
    rows = [
        {"unit_id": UNITS[0].id, "my_stance": "pro", "Ton": "negative", "voice": "author"},
        {"unit_id": UNITS[1].id, "my_stance": "pro", "Ton": "negative", "voice": ""},
    ]
    path = tmp_path / f"theirs.{SUFFIXES[form]}"

    def bring(names, **options):
        lines = [json.dumps({name: row[name] for name in names}) for row in rows]
        if form is Form.CSV:
            lines = [",".join(names), *(",".join(row[name] for name in names) for row in rows)]
        path.write_text("\n".join(lines), encoding="utf-8")
        notices = []
        ada = Names(everyone="ada")
        events = added(path, names=ada, on_notice=notices.append, **options)
        return [event.task for event in events], notices

    every = ["unit_id", "my_stance", "Ton", "voice"]
    tasks, notices = bring(every)
    assert tasks == ["voice"]
    assert notices == [
        f"{path}: no column is called {task}; if it has another name there: --map {task}=THEIRS"
        for task in ("stance", "sentiment")
    ]
    assert bring(every, task="voice") == (["voice"], [])
    columns = {"stance": "my_stance", "sentiment": "Ton"}
    tasks, notices = bring(every, columns=columns)
    assert (tasks.count("stance"), tasks.count("sentiment"), notices) == (2, 2, [])
    with pytest.raises(LabelError) as caught:
        bring(every[:3])
    assert str(caught.value) == (
        f"{path}: no column is called stance, sentiment, voice; name those that are: "
        "--map OURS=THEIRS. It has unit_id, my_stance, Ton"
    )
    with pytest.raises(LabelError, match="no column is called stance; name those that are"):
        bring(every, task="stance")


def test_a_row_that_contradicts_itself_or_could_be_two_articles_is_told(tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text("unit_id,start,end,stance\nport/a1:0-18,1,18,pro\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r":2: 'port/a1:0-18' does not stand at 1-18"):
        added(path, names=Names(everyone="ada"))
    row = f"sha256,start,end,stance\n{ARTICLE.sha256},0,18,pro\n"
    path.write_text(row, encoding="utf-8")
    assert len(added(path, names=Names(everyone="ada"))) == 1
    copy = replace(ARTICLE, id="copy")
    articles = [*ARTICLES, (copy, split_units(copy))]
    with pytest.raises(LabelError, match="port/a1:0-18 and copy:0-18 have the same text; say wh"):
        added(path, names=Names(everyone="ada"), articles=articles)


def test_a_judgement_of_nobody_is_told(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('\n{"unit_id": "port/a1:0-18", "stance": "favor"}\n', encoding="utf-8")
    with pytest.raises(LabelError, match=r"mine\.jsonl:2: does not say who judged; give --annot"):
        added(path)


def day(n):
    return f"2026-02-{n}T10:00:00+00:00"


def stands(events):
    return [event.label for event in standing(events).values()]


@pytest.mark.parametrize("form", ROWS)
def test_rows_sorted_by_hand_leave_the_latest_judgement_standing(tmp_path, form):
    log = [said("ada", "optimistic", at=day(14)), said("ada", "skeptical", at=day(15))]
    path = export(tmp_path, form, log[::-1])
    assert added(path) == log
    path.write_text(
        f"unit_id,stance,at\n{UNITS[0].id},skeptical,{day(15)}\n{UNITS[0].id},pro,{day(14)}\n",
        encoding="utf-8",
    )
    assert stands(added(path, form=Form.CSV, names=Names(everyone="ada"))) == ["skeptical"]


@pytest.mark.parametrize("form", FORMS)
def test_an_older_judgement_takes_the_place_of_none_that_came_later(tmp_path, form):
    first, middle = said("ada", "optimistic", at=day(14)), said("ada", "neutral", at=day(15))
    log = [first, said("ada", "skeptical", at=day(16))]
    found = new_events(read(export(tmp_path, form, [first, middle])), log)
    assert (found.new, found.changed) == ([], [middle])
    withdrawn = [first, said("ada", None, at=day(16))]
    assert new_events(read(export(tmp_path, form, [middle])), withdrawn).changed == [middle]
    assert added(export(tmp_path, form, log), known=[first, middle]) == log[1:]


def test_a_table_saved_again_in_another_encoding_undoes_no_correction(tmp_path):
    first = said("ada", "optimistic", note="fast → good", at=day(14))
    path = export(tmp_path, Form.CSV, [first])
    path.write_bytes(path.read_text("utf-8-sig").encode("cp1252", "replace"))
    log = [first, said("ada", "skeptical", at=day(15))]
    found = new_events(read(path), log)
    assert (found.new, [event.label for event in found.changed]) == ([], ["optimistic"])


def test_a_dated_row_older_than_what_stands_is_left_out_and_counted(tmp_path):
    path = tmp_path / "late.csv"
    path.write_text(f"unit_id,stance,at\n{UNITS[0].id},pro,{day(14)}\n", encoding="utf-8")
    found = new_events(
        read(path, names=Names(everyone="ada")), [said("ada", "skeptical", at=day(15))]
    )
    assert (found.new, told(found.changed)) == ([], [(UNITS[0].id, "ada", "stance", "optimistic")])


def test_a_guess_is_checked_as_a_label_is(tmp_path):
    event = said("ada", "neutral", guess="skeptical")
    path = export(tmp_path, Form.LONG, [event])
    path.write_text(path.read_text("utf-8").replace(",skeptical", ",NA"), encoding="utf-8")
    with pytest.raises(LabelError, match=r":2: as a guess: no stance is called 'NA'"):
        added(path)
    path.write_text(f"item,annotator,label,guess\n{UNITS[0].id},ada,pro,NA\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r":2: as a guess: no stance is called 'NA'"):
        added(path, task="stance")


@pytest.mark.parametrize(("there", "here"), [("Ada", "ada"), ("Zoe\u0301", "Zo\u00e9")])
def test_a_name_that_the_log_spells_otherwise_is_refused(tmp_path, there, here):
    path = tmp_path / "mine.csv"
    path.write_text(f"unit_id,annotator,stance\n{UNITS[0].id},{here},pro\n", encoding="utf-8")
    log = [said(there, "neutral")]
    with pytest.raises(LabelError) as caught:
        added(path, known=log)
    assert str(caught.value) == (
        f"the log has {there!r}, not {here!r}: give the name as it stands there"
    )
    assert len(added(path, known=[*log, said(here, "neutral")])) == 1
    with pytest.raises(LabelError, match="give the name as it stands there"):
        added(export(tmp_path, Form.DOCCANO, [said(here, "neutral")]), known=log)
    rows = "".join(f"{UNITS[0].id},{name},pro\n" for name in (there, here))
    path.write_text(f"unit_id,annotator,stance\n{rows}", encoding="utf-8")
    with pytest.raises(LabelError, match=r":3: this file has .* give the name as it stands there"):
        added(path)


@pytest.mark.parametrize("form", [form for form in FORMS if form is not Form.LONG])  # has no hash
def test_a_judgement_does_not_land_on_another_text_of_the_same_name(tmp_path, form):
    other = article(ARTICLE.original.replace("The 🚢", "Any 🚢"), name="port/b1")
    turned = [replace(ARTICLE, id=other.id), replace(other, id=ARTICLE.id)]
    articles = [(one, split_units(one)) for one in turned]
    path = export(tmp_path, form, [said("ada", "neutral")])
    with pytest.raises(LabelError, match=r"'port/a1:0-18'.* (in a text that|is that of).* here; "):
        added(path, articles=articles)
    copies = [*ARTICLES, (turned[0], split_units(turned[0]))]
    assert len(added(path, articles=copies)) == 1  # one of those that have the text


def test_a_row_is_held_to_the_text_or_the_hash_that_it_names(tmp_path):
    path, ada = tmp_path / "mine.csv", Names(everyone="ada")
    path.write_text(f"unit_id,text,stance\n{UNITS[0].id},It rains.,pro\n", encoding="utf-8")
    with pytest.raises(
        LabelError, match=r":2: 'port/a1:0-18' reads 'The .*' here, not 'It rains\.'"
    ):
        added(path, names=ada)
    path.write_text(f"unit_id,text,stance\n{UNITS[0].id}, {UNITS[0].text} ,pro\n", "utf-8")
    assert len(added(path, names=ada)) == 1
    articles = [*ARTICLES, (TWICE, split_units(TWICE))]
    path.write_text(f"unit_id,sha256,stance\n{UNITS[0].id},{TWICE.sha256},pro\n", "utf-8")
    with pytest.raises(LabelError, match=r"was judged in a text that is called 'twice' here"):
        added(path, names=ada, articles=articles)


def test_a_third_person_settles_units_that_were_drawn(tmp_path):
    path, cy = tmp_path / "cy.csv", Names(everyone="cy")
    path.write_text(f"unit_id,design,stance\n{UNITS[0].id},random/3f9c2ab1,pro\n", encoding="utf-8")

    def design(given):
        (event,) = added(path, names=cy, design=given)
        return event.design

    assert design(Design.ADJUDICATION) == "adjudication"
    assert design(None) == design(Design.RANDOM) == "random/3f9c2ab1"
    with pytest.raises(LabelError, match=r":2: the design is random/3f9c2ab1 here, not census"):
        design(Design.CENSUS)


def test_what_somebody_said_before_is_no_decision_of_a_third_person(tmp_path):
    path = export(tmp_path, Form.LABEL_STUDIO, [said("ada", "neutral", design="random/3f9c2ab1")])
    (task,) = json.loads(path.read_text("utf-8"))
    result = [{**task["annotations"][0]["result"][0], "meta": {"annotator": "cy"}}]
    task["annotations"].append({"result": result})
    path.write_text(json.dumps([task]), encoding="utf-8")
    assert [
        (event.annotator, event.design) for event in added(path, design=Design.ADJUDICATION)
    ] == [
        ("ada", "random/3f9c2ab1"),
        ("cy", "adjudication"),
    ]


@pytest.mark.parametrize("form", [Form.CSV, Form.JSONL])
def test_a_column_called_label_beside_those_of_tasks_hides_none(tmp_path, form):
    rows = [
        {"unit_id": UNITS[0].id, "stance": "pro", "label": ""},
        {"unit_id": UNITS[1].id, "stance": "", "label": ""},
    ]
    path = tmp_path / f"mine.{SUFFIXES[form]}"
    lines = [json.dumps(row) for row in rows]
    if form is Form.CSV:
        lines = ["unit_id,stance,Label", *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    notices = []
    events = added(path, names=Names(everyone="ada"), on_notice=notices.append)
    assert told(events) == [(UNITS[0].id, "ada", "stance", "optimistic")]
    assert [notice.partition("; ")[0] for notice in notices] == [
        f"{path}: no column is called {task}" for task in ("sentiment", "voice")
    ]


DRAWN = "random/3f9c2ab1"


def write_rows(path, rows):
    """Write rows as JSON Lines, and return their path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_what_annotators_judged_themselves_is_no_decision_where_a_third_person_decides(tmp_path):
    log = [said("ada", "optimistic", design=DRAWN), said("bo", "skeptical", design=DRAWN)]
    rows = [
        {"unit_id": UNITS[0].id, "annotator": name, "stance": label}
        for name, label in (("ada", "pro"), ("bo", "skeptical"), ("cy", "neutral"))
    ]
    path = write_rows(tmp_path / "all.jsonl", rows)
    (decision,) = added(path, known=log, design=Design.ADJUDICATION)
    assert (decision.annotator, decision.label, decision.design) == (
        "cy",
        "neutral",
        "adjudication",
    )
    assert added(path, known=[*log, decision], design=Design.ADJUDICATION) == []
    rows[0]["stance"] = "neutral"
    rows.append({"unit_id": UNITS[1].id, "annotator": "ada", "stance": "neutral"})
    with pytest.raises(LabelError) as caught:
        added(write_rows(path, rows), known=log, design=Design.ADJUDICATION)
    assert str(caught.value) == (
        f"annotators cannot decide what they judge themselves: ada 2 units, {UNITS[0].id} first; "
        "leave out these rows, or bring them in a file of their own without --design adjudication"
    )
    with pytest.raises(LabelError, match="cannot decide what they judge themselves: ada 1 units"):
        added(
            write_rows(path, rows[3:]),
            known=[said("ada", "neutral", i=1)],
            design=Design.ADJUDICATION,
        )
    with pytest.raises(LabelError, match="makes each of them decide the same units: ada 1 units"):
        added(write_rows(path, rows[:3]), design=Design.ADJUDICATION)


def test_who_is_a_coder_hangs_on_the_unit_not_on_the_file(tmp_path):
    log = [said(*pair, design=DRAWN) for pair in (("ada", "optimistic"), ("bo", "skeptical"))]
    log += [said(*pair, i=1, design=DRAWN) for pair in (("bo", "neutral"), ("cy", "skeptical"))]
    rows = [
        {"unit_id": UNITS[i].id, "annotator": name, "stance": label}
        for i, name, label in (
            *((0, "ada", "pro"), (0, "bo", "skeptical"), (1, "bo", "neutral")),
            *((1, "cy", "skeptical"), (0, "cy", "neutral"), (1, "ada", "neutral")),
        )
    ]
    path = write_rows(tmp_path / "all.jsonl", rows)
    new = added(path, known=log, design=Design.ADJUDICATION)
    assert [(e.annotator, e.unit_id, e.design) for e in new] == [
        ("cy", UNITS[0].id, "adjudication"),
        ("ada", UNITS[1].id, "adjudication"),
    ]


def test_a_census_by_mistake_is_repaired_by_a_sheet_with_times_too(tmp_path):
    stands = replace(said("ada", "neutral"), at="2026-05-01T00:00:00+00:00")
    assert stands.design == "census"
    row = {"unit_id": UNITS[0].id, "annotator": "ada", "stance": "neutral", "design": DRAWN}
    path = write_rows(tmp_path / "ada.jsonl", [row | {"at": "2026-02-14T10:00:00Z"}])
    (repaired,) = added(path, known=[stands])
    assert (repaired.design, repaired.label, repaired.at) == (DRAWN, "neutral", stands.at)
    assert added(path, known=[stands, repaired]) == []
    other = write_rows(path, [row | {"at": "2026-02-14T10:00:00Z", "stance": "pro"}])
    assert added(other, known=[stands]) == []


def test_a_party_to_a_difference_does_not_decide_it_whatever_the_file_says(tmp_path):
    row = {"unit_id": UNITS[0].id, "annotator": "ada", "stance": "pro", "design": "adjudication"}
    path = write_rows(tmp_path / "ada.jsonl", [row])
    with pytest.raises(LabelError, match=rf"judge themselves: ada 1 units, {UNITS[0].id} first"):
        added(path, known=[said("ada", "optimistic")])
    other = said("ada", "glad", codebook="ferry@2#ab")
    assert len(added(path, known=[other])) == 1
    assert len(added(path, known=[said("ada", "neutral"), said("ada", None)])) == 1
    history = export(tmp_path, Form.JSONL, [said("ada", "neutral", design="adjudication")])
    with pytest.raises(LabelError, match="annotators cannot decide what they judge themselves"):
        added(history, known=[said("ada", "neutral")])


def test_who_decided_a_unit_does_not_judge_it_any_more(tmp_path):
    path = write_rows(
        tmp_path / "cy.jsonl", [{"unit_id": UNITS[0].id, "annotator": "cy", "stance": "pro"}]
    )
    log = [said("cy", "optimistic", design="adjudication")]
    with pytest.raises(LabelError) as caught:
        added(path, known=log)
    assert str(caught.value) == (
        "who decided a unit has seen what others say and cannot judge it any more: cy 1 units, "
        f"{UNITS[0].id} first; give --design adjudication if these are decisions, else leave out "
        "their rows"
    )
    assert added(path, known=log, design=Design.ADJUDICATION) == []


def test_a_row_by_hash_and_place_that_names_a_former_unit_is_told_to_get_its_name_back(tmp_path):
    row = {"unit_id": UNITS[0].id, "sha256": ARTICLE.sha256, "start": 0, "end": 18}
    path = write_rows(tmp_path / "mine.jsonl", [row | {"annotator": "bo", "stance": "pro"}])
    renamed = replace(ARTICLE, id="a1")
    with pytest.raises(LabelError, match=r":1: .*'port/a1:0-18' .* 'a1:0-18' here; give the art"):
        added(path, articles=[(renamed, split_units(renamed))])


def test_a_correction_that_says_no_design_keeps_that_of_the_log_or_of_the_draw(tmp_path):
    rows = [
        {"unit_id": unit.id, "annotator": "ada", "stance": "skeptical", "voice": "author"}
        for unit in UNITS[:3]
    ]
    path = write_rows(tmp_path / "mine.jsonl", rows)
    log = [said("ada", "neutral", design="stratified/ab"), said("bo", "neutral", i=2, design=DRAWN)]
    found = added(path, known=log, drawn={UNITS[1].id: DRAWN})
    assert [(event.unit_id, event.task, event.design) for event in found] == [
        (UNITS[0].id, "stance", "stratified/ab"),
        (UNITS[0].id, "voice", "stratified/ab"),
        (UNITS[1].id, "stance", DRAWN),
        (UNITS[1].id, "voice", DRAWN),
        (UNITS[2].id, "stance", "census"),
        (UNITS[2].id, "voice", "census"),
    ]
    assert {event.design for event in added(path, known=log, design=Design.CHOSEN)} == {"chosen"}


def test_a_sheet_with_its_design_repairs_what_was_taken_for_a_census(tmp_path):
    row = {"unit_id": UNITS[0].id, "annotator": "ada", "stance": "skeptical"}
    full = write_rows(tmp_path / "full.jsonl", [row | {"design": DRAWN}])
    log = [said("ada", "optimistic", design=DRAWN), said("ada", "skeptical")]
    (repair,) = added(full, known=log)
    assert (repair.label, repair.design) == ("skeptical", DRAWN)
    log.append(repair)
    assert added(full, known=log) == []
    assert added(write_rows(tmp_path / "plain.jsonl", [row]), known=log) == []
    assert added(write_rows(tmp_path / "c.jsonl", [row | {"design": "census"}]), known=log) == []


@pytest.mark.parametrize("form", FORMS)
def test_what_somebody_judged_under_two_codebooks_stands_under_both(tmp_path, form):
    other = said("ada", "skeptical", codebook="ferry@2#ab", at=day(16))
    log = [said("ada", "optimistic", at=day(15)), other]
    path = export(tmp_path, form, log)
    found = read(path, on_notice=pytest.fail)
    assert (found.history, found.fresh) == (log, [])
    assert added(path, known=[other]) == log[:1]
    rows = [{"unit_id": UNITS[0].id, "annotator": "ada", "at": day(14), "stance": "pro"}]
    assert len(added(write_rows(tmp_path / "b.jsonl", rows), known=[other])) == 1


def test_doccano_shows_what_stands_under_the_codebook_asked_for(tmp_path):
    log = [said("ada", "optimistic", design=DRAWN), said("ada", "skeptical", codebook="ferry@2#ab")]
    (row,) = map(json.loads, export(tmp_path, Form.DOCCANO, log).read_text("utf-8").splitlines())
    assert (row["label"], row["design"]) == (["stance:optimistic"], DRAWN)


@pytest.mark.parametrize("form", [Form.CSV, Form.JSONL])
def test_a_row_that_follows_another_codebook_is_told(tmp_path, form):
    row = {"unit_id": UNITS[0].id, "annotator": "ada", "stance": "pro", "codebook": "ferry@2#ab"}
    path = tmp_path / f"mine.{SUFFIXES[form]}"

    def bring(**more):
        lines = [json.dumps(row | more)]
        if form is Form.CSV:
            lines = [",".join(row), ",".join({**row, **more}.values())]
        path.write_text("\n".join(lines), encoding="utf-8")
        return added(path)

    with pytest.raises(LabelError) as caught:
        bring()
    assert str(caught.value) == (
        f"{path}:{2 if form is Form.CSV else 1}: this row follows ferry@2#ab, not "
        f"{BOOK.reference}; give --codebook, or empty the column"
    )
    assert [len(bring(codebook=name)) for name in ("", BOOK.reference)] == [1, 1]
    assert bring(stance="") == []


@pytest.mark.parametrize("n", [19, 16])  # without milliseconds, without seconds
@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("column", ["codebook", "their book"])  # rows that are events, or not
def test_a_tool_that_shortens_times_hides_no_correction(tmp_path, form, n, column):
    at = ["2026-02-14T10:00:07.123+00:00", "2026-02-14T10:00:07.456+00:00"]
    log = [said("ada", "neutral", at=at[0]), said("ada", "neutral", i=1, at=at[0])]
    path = export(tmp_path, form, log)
    text = path.read_text("utf-8").replace("codebook", column)
    for time in at:
        text = text.replace(time, time[:n].replace("T", " "))
    path.write_text(text, encoding="utf-8")
    found = new_events(read(path, task="stance"), log)
    assert (found.new, found.changed) == ([], [])
    path.write_text(text.replace("neutral", "skeptical", 1), encoding="utf-8")
    found = new_events(read(path, task="stance"), log)
    assert (told(found.new), found.changed) == ([(UNITS[0].id, "ada", "stance", "skeptical")], [])
    assert found.new[0].at == at[0]  # so an export of the log has them in this order
    assert added(path, known=[*log, *found.new], task="stance") == []
    path.write_text(text, encoding="utf-8")
    later = [*log, said("ada", "skeptical", at=at[1])]  # on the page, soon after
    assert added(path, known=later, task="stance") == []


def test_a_time_without_a_zone_is_utc_in_the_log_too(tmp_path):
    path = export(tmp_path, Form.LONG, [said("ada", "neutral")])
    path.write_text(path.read_text("utf-8").replace("T10:00:00+00:00", " 10:00"), "utf-8")
    (event,) = added(path)
    assert event.at == "2026-02-14T10:00+00:00"
