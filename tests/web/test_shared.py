"""Agreement told in steps: right at each step, still in between."""

import random

import pytest

from stance.labeling.agreement import coder_agreement
from stance.web.cards import Deck
from stance.web.shared import STEP, shared_agreement
from tests.builders import judged
from tests.web.ferry import BOOK, assignments

QUEUE = assignments(40)
DECK = Deck(QUEUE, BOOK)
LABELS = {task.name: task.classes for task in BOOK.tasks}


def judgements(annotator, units, seed=0, design="census"):
    rng = random.Random(f"{annotator} {seed}")
    return [
        judged(
            annotator, rng.choice(classes), task=task, unit=unit, design=design, book=BOOK.reference
        )
        for unit in units
        for task, classes in LABELS.items()
    ]


def units(*numbers):
    return [QUEUE[i].unit.id for i in numbers]


def test_there_are_no_numbers_before_ten_units_are_shared():
    events = judgements("ada", units(*range(30))) + judgements("bo", units(*range(9)))
    assert shared_agreement(events, DECK).tasks == ()
    almost = [*events, *judgements("bo", units(9))[:-1]]
    assert shared_agreement(almost, DECK).n_units == 0


def test_at_each_step_the_numbers_are_those_of_the_units_shared_by_then():
    events = judgements("ada", units(*range(40))) + judgements("bo", units(*range(20)))
    result = shared_agreement(events, DECK)
    assert result.n_units == 20
    shared = [event for event in events if event.unit_id in units(*range(20))]
    assert result.tasks == tuple(coder_agreement(shared, BOOK))
    stance = result.tasks[0]
    n_same = round(stance.percent.value * 20)
    assert result.open["stance"].n_disputed == 20 - n_same


@pytest.mark.parametrize("seed", range(2))
def test_no_press_between_two_steps_moves_a_number(seed):
    rng = random.Random(seed)
    order = rng.sample(range(30), 30)  # whatever the order in which units become shared
    events = judgements("ada", units(*range(30)), seed)
    told = {}
    for n, i in enumerate(order, start=1):
        mine = judgements("bo", units(i), seed)
        if n > STEP and n % STEP:  # an annotator tries out other labels on a unit that is told of
            probed = units(order[rng.randrange(n - 1)])
            mine += judgements("bo", probed, seed=n)
            mine += [judged("bo", None, unit=probed[0], book=BOOK.reference)]
            mine += judgements("bo", probed, seed=n + 1)
        for event in mine:
            events.append(event)
            result = shared_agreement(events, DECK)
            told.setdefault(result.n_units, []).append(result)
    assert set(told) == {0, 10, 20, 30}
    for results in told.values():
        first = results[0]
        assert all((now.tasks, now.open) == (first.tasks, first.open) for now in results)


def test_a_third_coder_moves_the_numbers_in_the_same_steps():
    events = [e for who in ("ada", "bo") for e in judgements(who, units(*range(20)))]
    two = shared_agreement(events, DECK)
    events += judgements("cy", units(*range(9)))
    before = shared_agreement(events, DECK)
    assert (before.tasks, before.n_waiting, before.n_unfinished) == (two.tasks, 9, 3)
    events += judgements("cy", units(9))
    after = shared_agreement(events, DECK)
    assert after.tasks == tuple(coder_agreement(events, BOOK))
    assert after.tasks[0].annotators == ("ada", "bo", "cy")
    assert (after.n_units, after.n_waiting) == (20, 0)


def test_once_all_who_began_judged_the_whole_queue_everything_counts():
    queue = QUEUE[:14]
    deck, names = Deck(queue, BOOK), [assignment.unit.id for assignment in queue]
    events = judgements("ada", names) + judgements("bo", names[:13])
    waiting = shared_agreement(events, deck)
    assert (waiting.n_units, waiting.n_waiting, waiting.n_unfinished) == (10, 3, 1)
    events += judgements("bo", names[13:])
    # Who corrects a label after that, at once or by way of an undo, cannot read off another's.
    correction = judgements("ada", names[:3], seed=1)
    undone = [judged("ada", None, unit=names[5], book=BOOK.reference)]
    trial = [judged("cy", "neutral", unit=names[0], book=BOOK.reference)]
    taken_back = [judged("cy", None, unit=names[0], book=BOOK.reference)]
    again = judgements("ada", names[5:6], seed=3)
    for more in ([], correction, [*undone, *again], trial, [*trial, *taken_back]):
        result = shared_agreement([*events, *more], deck)
        assert result.tasks == tuple(coder_agreement(events, BOOK))
        assert (result.n_units, result.n_waiting) == (14, 0)
        assert result.n_unfinished == (more == trial)


def test_a_unit_that_a_coder_was_shown_to_decide_is_not_waited_for():
    queue = QUEUE[:4]
    deck, names = Deck(queue, BOOK), [assignment.unit.id for assignment in queue]
    shown = judged("cy", None, unit=names[0], design="adjudication", book=BOOK.reference)
    events = [*judgements("ada", names), *judgements("bo", names), shown]
    events += judgements("cy", names[1:])
    result = shared_agreement(events, deck)
    assert (result.n_units, result.n_unfinished) == (4, 0)
    assert result.tasks[0].annotators == ("ada", "bo", "cy")


def test_what_moves_between_steps_is_how_many_adjudicators_decided():
    events = judgements("ada", units(*range(10))) + judgements("bo", units(*range(10)))
    before = shared_agreement(events, DECK)
    by_unit = {}
    for event in events:
        if event.task == "stance":
            by_unit.setdefault(event.unit_id, set()).add(event.label)
    disputed = next(unit for unit, labels in by_unit.items() if len(labels) > 1)
    decision = judged("cy", "neutral", unit=disputed, design="adjudication", book=BOOK.reference)
    after = shared_agreement([*events, decision], DECK)
    assert after.tasks == before.tasks
    assert after.open["stance"].n_open == before.open["stance"].n_open - 1
    assert after.n_open == before.n_open - 1


def test_judgements_of_other_units_and_other_codebooks_do_not_count():
    events = judgements("ada", units(*range(10))) + judgements("bo", units(*range(10)))
    others = [
        judged(name, "neutral", unit="port/a1:0-10", book=BOOK.reference) for name in ("ada", "bo")
    ] + [judged(name, "neutral", unit=QUEUE[11].unit.id, book="b@1#1") for name in ("ada", "bo")]
    assert shared_agreement([*others, *events], DECK) == shared_agreement(events, DECK)
