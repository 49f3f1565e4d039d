from dataclasses import replace

import numpy as np
import pytest

from stance.errors import LabelError
from stance.evaluation.ceiling import ceilings
from stance.records import Label
from stance.statistics.agreement import (
    cohen_kappa,
    count_codes,
    kappa_against_rest,
    krippendorff_alpha,
)
from tests.evaluation.units import BOOK, STANCE, called, labeled


def judged(example, given):
    """Return a unit's row of settled labels, with what each annotator said of its stance."""
    return Label(
        unit_id=example.unit.id,
        article_id=example.unit.article_id,
        sha256=example.sha256,
        start=example.unit.start,
        end=example.unit.end,
        labels=example.labels,
        annotators={name: {"stance": label} for name, label in given.items()},
        codebook=BOOK.reference,
    )


def three_annotators(seed=2, n=60):
    """Return units of 6 articles, rows in which one of three is away, codes, a model's codes."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n)
    codes = np.where(rng.random((n, 3)) < 0.8, truth[:, None], rng.choice(3, (n, 3)))
    codes[np.arange(n), rng.choice(3, n)] = -1
    model = np.where(rng.random(n) < 0.5, truth, rng.choice(3, n))
    examples = [labeled(f"a{i % 6}", i, stance=STANCE[code]) for i, code in enumerate(truth)]
    labels = [
        judged(e, {f"r{j}": STANCE[c] for j, c in enumerate(row) if c >= 0})
        for e, row in zip(examples, codes, strict=True)
    ]
    return examples, labels, codes, model


def test_both_alphas_are_krippendorffs():
    examples, labels, codes, model = three_annotators()
    (found,) = ceilings(
        examples, labels, called("stance", [STANCE[i] for i in model]), BOOK, seed=1
    )
    among = krippendorff_alpha(count_codes(codes, 3)).value
    pairs = np.array([[m, c] for m, row in zip(model, codes, strict=True) for c in row if c >= 0])
    against = krippendorff_alpha(count_codes(pairs, 3)).value
    assert found.annotators.value == pytest.approx(among)
    assert found.model.value == pytest.approx(against)
    assert found.gap.value == pytest.approx(among - against)
    assert found.gap.low < found.gap.value < found.gap.high
    assert (found.n_units, found.gap.n_units, found.gap.n_articles) == (60, 60, 6)


def test_each_annotator_has_a_kappa_with_the_model_on_the_units_of_their_own():
    examples, labels, codes, model = three_annotators()
    (found,) = ceilings(
        examples, labels, called("stance", [STANCE[i] for i in model]), BOOK, seed=1
    )
    own = codes[:, 1] >= 0
    kappa = cohen_kappa(np.stack([codes[own, 1], model[own]], axis=1), 3)
    assert list(found.by_annotator) == ["r0", "r1", "r2"]
    assert found.by_annotator["r1"].n_units == own.sum()
    model_kappa = found.by_annotator["r1"].model
    assert model_kappa.value == pytest.approx(kappa.value)
    assert model_kappa.low < kappa.value < model_kappa.high
    assert (model_kappa.n_units, model_kappa.n_articles) == (own.sum(), 6)
    rest = kappa_against_rest(codes, 1, 3)
    assert found.by_annotator["r1"].others.value == pytest.approx(rest.value)
    assert found.by_annotator["r1"].others.value > kappa.value


def test_a_model_that_says_what_the_first_annotator_says_leaves_no_gap():
    examples, _, _, _ = three_annotators()
    rng = np.random.default_rng(4)
    first = [e.labels["stance"] for e in examples]
    second = [name if rng.random() < 0.7 else "neutral" for name in first]
    labels = [
        judged(e, {"a": one, "b": two}) for e, one, two in zip(examples, first, second, strict=True)
    ]
    (found,) = ceilings(examples, labels, called("stance", first), BOOK, seed=1)
    assert found.by_annotator["a"].model.value == 1
    assert found.model.value > found.annotators.value
    assert found.gap.high < 0


def test_differences_that_nobody_has_settled_yet_are_differences():
    examples, labels, codes, model = three_annotators()
    rows = called("stance", [STANCE[i] for i in model])
    split = [
        len(set(row.annotators[name]["stance"] for name in row.annotators)) > 1 for row in labels
    ]
    # The unit is settled on another task, and open on this one.
    open_ones = [
        replace(e, labels={"sentiment": "neutral"}) if apart else e
        for e, apart in zip(examples, split, strict=True)
    ]
    (found,) = ceilings(open_ones, labels, rows, BOOK, seed=1)
    among = krippendorff_alpha(count_codes(codes, 3)).value
    assert found.annotators.value == pytest.approx(among)
    assert found.n_units == len(examples)


def test_two_articles_of_one_text_keep_the_judgements_of_their_own():
    examples = [labeled(f"a{i % 6}", i, stance=STANCE[i % 3]) for i in range(24)]
    again = [
        replace(e, unit=replace(e.unit, article_id=f"b{i % 6}")) for i, e in enumerate(examples)
    ]
    labels = [judged(e, {"a": "neutral", "b": "optimistic"}) for e in examples]
    labels += [judged(e, {"a": e.labels["stance"], "b": e.labels["stance"]}) for e in again]
    rows = called("stance", ["neutral"] * 48)
    (found,) = ceilings([*examples, *again], labels, rows, BOOK, seed=1)
    codes = [[1, 0]] * 24 + [[STANCE.index(e.labels["stance"])] * 2 for e in again]
    among = krippendorff_alpha(count_codes(np.array(codes), 3)).value
    assert found.annotators.value == pytest.approx(among)


def test_annotators_who_never_differ_have_no_limits():
    examples = [labeled(f"a{i % 8}", i, stance=STANCE[i % 3]) for i in range(24)]
    labels = [judged(e, {"a": e.labels["stance"], "b": e.labels["stance"]}) for e in examples]
    rows = called("stance", ["neutral"] * 24)
    (found,) = ceilings(examples, labels, rows, BOOK, seed=1)
    assert (found.annotators.value, found.annotators.low) == (1, None)


def test_only_units_that_two_annotators_judged_count():
    examples, labels, _, _ = three_annotators()
    labels[0] = judged(examples[0], {"r0": "neutral"})
    rows = called("stance", [e.labels["stance"] for e in examples])
    (found,) = ceilings(examples, labels[:10], rows, BOOK, seed=1)
    assert found.n_units == 9
    assert ceilings(examples, labels[:1], rows, BOOK, seed=1) == []


def test_annotators_who_use_one_label_only_have_no_alpha():
    examples = [labeled(f"a{i}", i, stance="neutral") for i in range(4)]
    labels = [judged(e, {"a": "neutral", "b": "neutral"}) for e in examples]
    rows = called("stance", ["neutral", "optimistic", "neutral", "neutral"])
    (found,) = ceilings(examples, labels, rows, BOOK, seed=1)
    assert found.annotators is None
    assert found.gap is None
    assert found.model.value == pytest.approx(
        krippendorff_alpha(np.array([[2.0, 0]] * 6 + [[1.0, 1]] * 2)).value
    )


def test_a_label_that_the_codebook_does_not_know_is_refused():
    examples = [labeled("a0", 0, stance="neutral")]
    labels = [judged(examples[0], {"a": "neutral", "b": "lukewarm"})]
    with pytest.raises(LabelError, match="lukewarm"):
        ceilings(examples, labels, called("stance", ["neutral"]), BOOK, seed=1)
