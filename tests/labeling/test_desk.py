from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stance.codebook import read_codebook
from stance.corpus.units import split_units
from stance.errors import LabelError
from stance.labeling.agreement import coder_agreement
from stance.labeling.desk import (
    Assignment,
    check_name,
    check_spelling,
    desk,
    disputes,
    judgement,
    skip,
    undo,
)
from stance.labeling.exchange.form import Form
from stance.labeling.exchange.formats import WRITERS
from stance.labeling.exchange.statements import Parcel
from stance.labeling.log import AnnotationLog, standing
from stance.labeling.settle import settle
from stance.labeling.store import Document
from stance.web.cards import Deck
from stance.web.presses import LabelingDesk
from tests.builders import article

BOOK = read_codebook()
ARTICLE = article("The ferry sails. Captains doubt it. The pier is of oak. It rains.")
UNITS = split_units(ARTICLE)
QUEUE = [Assignment(unit=unit, design="random/3f9c2ab1") for unit in UNITS]
LABELS = {"stance": "neutral", "sentiment": "neutral", "voice": "author"}


def said(number, annotator="ada", **labels):
    return [
        judgement(QUEUE[number], annotator, task, label, BOOK)
        for task, label in (labels or LABELS).items()
    ]


def shown(events, annotator="ada", **options):
    return desk(events, QUEUE, annotator, BOOK, **options)


def number(state):
    return QUEUE.index(state.current)


def test_a_desk_shows_the_first_unit_that_lacks_a_label_with_what_was_said_of_it():
    events = [*said(0), *said(1, stance="skeptical")]
    state = shown(events)
    assert number(state) == 1
    assert state.labels == {"stance": "skeptical"}
    assert (state.n_done, state.n_skipped, state.n_units, state.version) == (1, 0, 4, 4)
    assert events[0].design == "random/3f9c2ab1"


def test_nobody_sees_what_another_said():
    state = shown([*said(0, "bo"), *said(1, "bo")])
    assert number(state) == 0
    assert (state.labels, state.n_done, state.version) == ({}, 0, 0)


def test_a_unit_put_off_comes_back_at_the_end_and_counts_when_judged():
    events = [*skip([], QUEUE[0], "ada", BOOK), *said(1)]
    assert number(shown(events)) == 2
    events += [*skip(events, QUEUE[2], "ada", BOOK), *said(3)]
    state = shown(events)
    assert (number(state), state.n_done, state.n_skipped) == (0, 2, 2)
    events += said(0)
    assert number(shown(events)) == 2
    events += said(2)
    state = shown(events)
    assert state.current is None
    assert (state.n_done, state.n_skipped) == (4, 0)


def test_a_unit_put_off_with_a_note_counts_as_a_judgement_nowhere():
    events = [*said(1, "ada"), *said(1, "bo")]
    put_off = [e for who in ("ada", "bo") for e in skip([], QUEUE[0], who, BOOK, note="unclear")]
    both = [*put_off, *events]
    assert {(event.label, event.note) for event in put_off} == {(None, "unclear")}
    assert standing(both) == standing(events)
    documents = {
        ARTICLE.id: Document(
            article_id=ARTICLE.id, sha256=ARTICLE.sha256, characters=len(ARTICLE.text), source="Q"
        )
    }
    assert settle(both, documents) == settle(events, documents)
    assert coder_agreement(both, BOOK) == coder_agreement(events, BOOK)
    assert disputes(both, by_id(), "cy", BOOK) == []
    assert (shown(both).n_done, shown(both).n_skipped) == (1, 1)
    for form in (Form.CSV, Form.LONG, Form.DOCCANO):
        with_note, without = (
            "".join(WRITERS[form](Parcel(codebook=BOOK, articles=[(ARTICLE, UNITS)], events=found)))
            for found in (both, events)
        )
        assert with_note.count("neutral") == without.count("neutral") > 0


def test_putting_off_keeps_what_was_said_and_asks_for_the_rest_later():
    events = said(0, stance="skeptical")
    events += skip(events, QUEUE[0], "ada", BOOK)
    assert number(shown(events)) == 1
    for i in (1, 2, 3):
        events += said(i)
    state = shown(events)
    assert number(state) == 0
    assert state.labels == {"stance": "skeptical"}


def test_undo_takes_back_press_after_press_across_units():
    events = [*said(0), *said(1, stance="skeptical")]
    back, withdrawn = undo(events, "ada", BOOK)
    assert (back, withdrawn.task, withdrawn.label) == (UNITS[1].id, "stance", None)
    events.append(withdrawn)
    assert number(shown(events)) == 1
    back, withdrawn = undo(events, "ada", BOOK)
    assert (back, withdrawn.task) == (UNITS[0].id, "voice")
    events.append(withdrawn)
    state = shown(events, at_unit=back)
    assert number(state) == 0
    assert state.labels == {"stance": "neutral", "sentiment": "neutral"}


def test_undo_of_a_skip_shows_the_unit_again_and_a_second_undo_goes_on():
    events = [*said(0), *skip([], QUEUE[1], "ada", BOOK)]
    back, withdrawn = undo(events, "ada", BOOK)
    assert (back, withdrawn) == (UNITS[1].id, None)
    assert number(shown(events, at_unit=back)) == 1
    back, withdrawn = undo(events, "ada", BOOK, at_unit=back)
    assert (back, withdrawn.task) == (UNITS[0].id, "voice")


def test_with_nothing_said_there_is_nothing_to_undo():
    assert undo(said(0, "bo"), "ada", BOOK) == (None, None)


def test_judgements_under_another_version_of_the_codebook_do_not_count():
    old = [replace(event, codebook="h200-access@1.0#0") for event in said(0)]
    state = shown(old)
    assert (number(state), state.n_done) == (0, 0)
    assert undo(old, "ada", BOOK) == (None, None)


def apart():
    return [*said(0, "ada"), *said(0, "bo", **LABELS | {"stance": "skeptical"}), *said(1, "ada")]


def by_id():
    return {unit.id: unit for unit in UNITS}


def test_a_third_person_is_shown_what_others_differ_on_without_their_names():
    (dispute,) = disputes(apart(), by_id(), "cy", BOOK)
    assert (dispute.unit, dispute.task) == (UNITS[0], "stance")
    assert sorted(dispute.labels) == ["neutral", "skeptical"]


def test_a_difference_has_the_notes_of_its_own_codebook_only():
    other = replace(apart()[0], codebook="ferry@2#ab", note="by another book")
    noted = [replace(event, note="by this one") for event in apart()[:1]]
    (dispute,) = disputes([*apart(), *noted, other], by_id(), "cy", BOOK)
    assert dispute.notes == ("by this one",)


def test_nobody_decides_on_a_unit_that_they_judged_and_nothing_is_decided_twice():
    assert disputes(apart(), by_id(), "ada", BOOK) == []
    third = replace(QUEUE[0], design="adjudication")
    decided = [*apart(), judgement(third, "cy", "stance", "neutral", BOOK)]
    assert disputes(decided, by_id(), "di", BOOK) == []
    back, withdrawn = undo(decided, "cy", BOOK, adjudicating=True)
    assert (back, withdrawn.design, withdrawn.label) == (UNITS[0].id, "adjudication", None)
    assert len(disputes([*decided, withdrawn], by_id(), "di", BOOK)) == 1


def test_who_adjudicated_a_unit_has_seen_others_labels_and_no_longer_judges_it():
    third = replace(QUEUE[0], design="adjudication")
    state = shown([*apart(), judgement(third, "cy", "stance", "neutral", BOOK)], "cy")
    assert (number(state), state.n_units) == (1, 3)


def test_a_decision_taken_back_was_seen_all_the_same():
    third = replace(QUEUE[0], design="adjudication")
    events = [*apart(), judgement(third, "cy", "stance", "neutral", BOOK)]
    events.append(undo(events, "cy", BOOK, adjudicating=True)[1])
    state = shown(events, "cy")
    assert (number(state), state.n_units, state.n_skipped) == (1, 3, 0)


def test_who_has_begun_to_label_is_shown_what_they_saw_before_and_no_unit_of_their_queue():
    events = [*apart(), *said(2, "cy")]
    assert disputes(events, by_id(), "cy", BOOK) == []
    third = replace(QUEUE[0], design="adjudication")
    events.append(judgement(third, "cy", "stance", None, BOOK))
    assert len(disputes(events, by_id(), "cy", BOOK)) == 1
    assert undo(events, "cy", BOOK, adjudicating=True) == (None, None)


def test_pace_is_the_median_time_of_a_unit_with_pauses_left_out():
    start = datetime(2026, 2, 14, 10, tzinfo=UTC)
    seconds = [0, 10, 30, 4000]  # gaps of 10, 20, and one long lunch
    events = [
        replace(event, at=(start + timedelta(seconds=s)).isoformat(timespec="milliseconds"))
        for i, s in enumerate(seconds)
        for event in said(i)
    ]
    assert shown(events).seconds_per_unit == 15
    assert shown(events[:6]).seconds_per_unit is None
    odd = [replace(event, at="yesterday") for event in said(3)]
    assert shown([*events[:9], *odd]).seconds_per_unit == 15  # a time that cannot be read
    zoneless = [replace(event, at=event.at.removesuffix("+00:00")) for event in events[:3]]
    assert shown([*zoneless, *events[3:]]).seconds_per_unit == 15


@pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\x1bb"])
def test_a_name_that_could_not_stand_in_a_table_is_refused(name):
    with pytest.raises(LabelError, match="printable"):
        check_name(name)
    assert check_name("  Ada   Lovelace ") == "Ada Lovelace"


def test_one_person_is_not_two_coders_by_a_capital_letter(tmp_path):
    log = AnnotationLog(tmp_path / "log.jsonl")
    log.append(said(0, "Ada"))
    page = LabelingDesk(log, Deck(QUEUE, BOOK), None)
    for name in ("label", "adjudicate"):
        with pytest.raises(LabelError, match="the log has 'Ada', not 'ada': give the name as it"):
            page.view(name, "ada")
        page.view(name, "Ada")
        page.view(name, "Adam")
    check_spelling("ada", ["Ada", "ada"])  # both are there by now


def test_a_label_that_the_codebook_does_not_know_is_no_judgement():
    with pytest.raises(LabelError, match="no stance is called"):
        judgement(QUEUE[0], "ada", "stance", "hopeful", BOOK)
