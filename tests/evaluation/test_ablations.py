from dataclasses import replace

import numpy as np
import pytest

from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.codebook import read_codebook
from stance.evaluation.ablations import (
    MASK,
    NO_CONTEXT,
    NO_TARGET,
    OTHER_TARGET,
    ablations,
    other_target,
    without_context,
)
from tests.builders import labeled_corpus
from tests.evaluation.units import BOOK, STANCE, labeled


class Reader:
    """Knows a unit's stance only by its heading, and only toward the codebook's own target."""

    classes_ = {"stance": STANCE}  # noqa: RUF012

    def predict_proba(self, units):
        names = [
            unit.heading if unit.target is None and unit.heading else "neutral" for unit in units
        ]
        return {"stance": np.eye(3)[[STANCE.index(name) for name in names]]}


def units():
    labels = ["optimistic", "skeptical", "neutral", "optimistic"] * 6
    examples = [labeled(f"a{i % 8}", i, stance=label) for i, label in enumerate(labels)]
    return [replace(e, unit=replace(e.unit, heading=e.labels["stance"])) for e in examples]


def found(examples, classifier, swapped="oak"):
    rows = classifier.predict_proba([e.unit for e in examples])
    return {
        a.name: a
        for a in ablations(examples, rows, BOOK, classifier, swapped=swapped, seed=1)
        if a.task == "stance"
    }


def test_a_model_that_reads_context_and_target_loses_without_them():
    results = found(units(), Reader())
    assert list(results) == [NO_CONTEXT, NO_TARGET, OTHER_TARGET]
    assert [a.target for a in results.values()] == [None, MASK, "oak"]
    for a in results.values():
        assert a.changed.value == pytest.approx(0.75)
        assert a.difference.right == 1
        # All are called neutral, a quarter rightly: F1 0.4 for neutral and 0 for the others.
        assert a.macro_f1.value == pytest.approx(0.4 / 3)
        assert a.difference.difference.value == pytest.approx(0.4 / 3 - 1)
        assert a.difference.p_value < 0.05
        assert (a.middle_before.value, a.middle.value) == (0.25, 1)


def test_a_model_that_reads_the_unit_alone_shows_no_change(model):
    examples = labeled_corpus(5, seed=9)
    other = " ".join({e.unit.text for e in examples})  # words that the model knows
    results = found(examples, model.classifier, swapped=other)
    assert len(results) == 3
    for a in results.values():
        assert a.changed.value == 0
        assert a.difference.difference.value == 0
        assert a.difference.p_value == 1
        assert a.middle == a.middle_before


def test_where_no_other_target_is_known_none_is_swapped_in():
    assert list(found(units(), Reader(), swapped=None)) == [NO_CONTEXT, NO_TARGET]


def test_a_task_without_order_has_no_middle(model):
    examples = labeled_corpus(5, seed=9)
    rows = model.classifier.predict_proba([e.unit for e in examples])
    results = ablations(examples, rows, BOOK, model.classifier, swapped="oak", seed=1)
    voices = [a for a in results if a.task == "voice"]
    assert len(voices) == 3
    assert all(a.middle is None for a in voices)


def test_a_unit_without_context_keeps_its_text_and_place():
    unit = replace(
        units()[0].unit, lead_in="The pier:", before=("It rained.",), heading="At the pier"
    )
    bare = without_context(unit)
    assert (bare.heading, bare.lead_in, bare.before) == (None, None, ())
    assert replace(bare, heading=unit.heading, lead_in=unit.lead_in, before=unit.before) == unit


@pytest.mark.parametrize("name", ["h200-access", "congestion-charge", "huawei-5g"])
def test_the_target_swapped_in_is_that_of_another_codebook(name):
    book = read_codebook(name)
    assert other_target(book) != book.target


def test_a_baseline_without_its_other_tasks_gives_the_very_same_stance():
    examples = labeled_corpus(5)
    units = [e.unit for e in labeled_corpus(3, seed=9)]
    recipe = BaselineRecipe(costs=(3.0,), n_folds=3)
    both = [
        Baseline({t.name: t.classes for t in BOOK.tasks if t.name in tasks}, recipe)
        .fit(examples)
        .predict_proba(units)["stance"]
        for tasks in (("stance", "sentiment", "voice"), ("stance",))
    ]
    assert np.array_equal(*both)
