from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sklearn.metrics import f1_score

from stance.classifiers.base import cross_fit
from stance.classifiers.held_out import words_key
from stance.errors import DataError
from stance.evaluation.paired import (
    compare_models,
    compared_on,
    paired_differences,
    unseen,
)
from tests.builders import labeled_corpus
from tests.evaluation.units import BOOK, STANCE, called, labeled


class Constant:
    """A classifier of stance alone that gives every unit the first label."""

    classes_ = {"stance": STANCE}  # noqa: RUF012  as the classifiers have it

    def predict_proba(self, units):
        return {"stance": np.tile(np.eye(3)[0], (len(units), 1))}


def simulated(rng, n_articles, n_units, skills):
    """Return units, and models whose skill differs by article: each has its own share right."""
    truth = rng.choice(3, (n_articles, n_units), p=[0.3, 0.4, 0.3])
    examples = [
        labeled(f"a{a}", u, stance=STANCE[truth[a, u]])
        for a in range(n_articles)
        for u in range(n_units)
    ]
    models = []
    for skill in skills:
        right = (
            rng.random((n_articles, n_units))
            < rng.beta(6 * skill, 6 - 6 * skill, n_articles)[:, None]
        )
        names = np.where(right, truth, rng.choice(3, truth.shape))
        models.append(called("stance", [STANCE[i] for i in names.ravel()]))
    return examples, *models


def test_the_difference_is_that_of_the_two_scores_and_changes_sign_with_the_order():
    examples, better, worse = simulated(np.random.default_rng(1), 8, 12, (0.8, 0.4))
    forth = {d.score: d for d in paired_differences(examples, better, worse, BOOK, seed=1)}
    back = {d.score: d for d in paired_differences(examples, worse, better, BOOK, seed=1)}
    truth = [e.labels["stance"] for e in examples]
    for name, labels in (("macro-F1", STANCE), ("F_avg", ["optimistic", "skeptical"])):
        left, right = (
            f1_score(
                truth,
                [STANCE[i] for i in rows["stance"].argmax(axis=1)],
                labels=labels,
                average="macro",
            )
            for rows in (better, worse)
        )
        assert forth[name].left == pytest.approx(left)
        assert forth[name].right == pytest.approx(right)
        assert forth[name].difference.value == pytest.approx(left - right)
        assert forth[name].difference.n_units == len(examples)
        assert back[name].difference.low == pytest.approx(-forth[name].difference.high)
        assert back[name].p_value == pytest.approx(forth[name].p_value)


def test_the_p_value_is_about_that_of_all_swaps_of_articles_one_by_one():
    examples, a, b = simulated(np.random.default_rng(5), 7, 6, (0.7, 0.55))
    truth = [e.labels["stance"] for e in examples]
    articles = [e.sha256 for e in examples]
    names = [[STANCE[i] for i in rows["stance"].argmax(axis=1)] for rows in (a, b)]

    def difference(swapped):
        calls = [
            [names[side ^ (article in swapped)][i] for i, article in enumerate(articles)]
            for side in (0, 1)
        ]
        left, right = (f1_score(truth, c, labels=STANCE, average="macro") for c in calls)
        return abs(left - right)

    every = sorted(set(articles))
    seen = difference(set())
    drawn = [
        difference({article for article, swap in zip(every, swaps, strict=True) if swap})
        for swaps in product([False, True], repeat=len(every))
    ]
    exact = np.mean([d >= seen - 1e-12 for d in drawn])
    found = paired_differences(examples, a, b, BOOK, seed=1)[0]
    assert 0.05 < exact < 0.95
    assert found.p_value == pytest.approx(exact, abs=0.025)


def test_models_that_are_equally_good_are_told_apart_about_as_often_as_the_level_says():
    rng = np.random.default_rng(3)
    p_values = []
    for _ in range(200):
        examples, a, b = simulated(rng, 10, 12, (0.6, 0.6))
        p_values.append(paired_differences(examples, a, b, BOOK, seed=1, n_draws=199)[0].p_value)
    assert 0.01 <= np.mean(np.array(p_values) <= 0.05) <= 0.09
    assert 0.42 < np.mean(p_values) < 0.58


def test_a_better_model_is_found():
    examples, a, b = simulated(np.random.default_rng(4), 20, 15, (0.85, 0.4))
    found = paired_differences(examples, a, b, BOOK, seed=1)[0]
    assert found.p_value < 0.01
    assert found.difference.low > 0


def test_a_model_is_no_better_than_itself():
    examples, a, _ = simulated(np.random.default_rng(4), 6, 10, (0.6, 0.6))
    for found in paired_differences(examples, a, a, BOOK, seed=1):
        assert found.difference.value == 0
        assert found.difference.low is None
        assert found.p_value == 1


def test_a_label_that_only_one_model_calls_does_not_change_what_the_scores_average():
    examples = [labeled(f"a{i}", i, stance=s) for i, s in enumerate(["optimistic", "neutral"] * 3)]
    right = called("stance", [e.labels["stance"] for e in examples])
    wrong = called("stance", ["skeptical", "neutral"] * 3)
    found = paired_differences(examples, right, wrong, BOOK, seed=1)[0]
    assert (found.left, found.right) == (1, pytest.approx(0.5))


def test_two_models_are_compared_on_articles_that_neither_learned_from(model):
    new = labeled_corpus(3, seed=9)
    (found,) = compare_models(new, model, model, BOOK, 1)
    assert (found.held_out, found.left, found.right) == ("new", model.reference, model.reference)
    assert (found.n_units, found.n_articles) == (36, 3)
    assert {d.task for d in found.differences} == {"stance", "sentiment", "voice"}


def test_on_articles_that_both_learned_from_their_held_out_predictions_are_compared(model):
    known, new = labeled_corpus(), labeled_corpus(3, seed=9)
    row = {"stance": np.eye(3)[0]}
    kept = {words: dict.fromkeys(rows, row) for words, rows in model.held_out.items()}
    constant = replace(model, reference="constant@0", held_out=kept, classifier=Constant())
    fresh, held_out = compare_models([*known, *new], model, constant, BOOK, 1)
    assert (fresh.held_out, fresh.n_articles) == ("new", 3)
    assert (held_out.held_out, held_out.n_articles, held_out.n_units) == ("article", 12, 144)
    assert "both learned from, each held out by article" in compared_on(held_out)
    stance = held_out.differences[0]
    assert stance.left == pytest.approx(
        model.card.held_out["article"]["stance"]["macro_f1"]["value"]
    )
    n_first = sum(e.labels["stance"] == BOOK.task("stance").classes[0] for e in known)
    assert stance.right == pytest.approx(2 * n_first / (144 + n_first) / 3)


def slow_one(model, by="outlet"):
    """Return a model as a slow one that two folds held out, and what they said."""
    examples = labeled_corpus()
    groups = [e.source if by == "outlet" else e.sha256 for e in examples]
    rows = cross_fit(model.classifier, examples, groups, n_folds=2, seed=5)
    kept = {
        words_key(e.unit.text): {e.sha256: {task: found[i] for task, found in rows.items()}}
        for i, e in enumerate(examples)
    }
    card = replace(
        model.card,
        kind="transformer",
        seed=5,
        settings={"n_folds": 2},
        held_out={by: model.card.held_out[by]},
    )
    return replace(model, reference="slow@0", card=card, held_out=kept)


@pytest.mark.parametrize("by", ["outlet", "article"])
def test_a_quick_model_is_refitted_in_the_folds_of_a_slow_one(model, by):
    slow = slow_one(model, by)
    for pair in ((model, slow), (slow, model)):
        (found,) = compare_models(labeled_corpus(), *pair, BOOK, 1)
        assert (found.held_out, found.n_units) == (by, 144)
        assert f"; {model.reference} by its recipe, refitted" in compared_on(found)
        assert all(d.difference.value == 0 and d.p_value == 1 for d in found.differences)


def test_models_that_were_held_out_in_different_ways_are_not_compared(model):
    some = labeled_corpus()[:60]  # too few of its articles to refit the quick one
    with pytest.raises(DataError, match="none was held out from both in the same way"):
        compare_models(some, model, slow_one(model), BOOK, 1)


def test_what_is_in_no_comparison_is_told(model):
    first, *others = labeled_corpus()
    corrected = replace(first, labels={**first.labels, "voice": "attributed"})
    assert corrected != first
    told = []
    new = labeled_corpus(3, seed=9)
    found = compare_models(
        [corrected, *others, *new], model, slow_one(model), BOOK, 1, on_notice=told.append
    )
    assert [comparison.held_out for comparison in found] == ["new"]
    assert told == [
        "144 units are left out: neither new to both models, nor held out from both in the same way"
    ]


def test_a_model_that_learned_from_every_article_cannot_be_judged(model):
    with pytest.raises(DataError, match="learned from every labeled article"):
        unseen(labeled_corpus(), model)


def test_without_a_label_there_is_nothing_to_score_and_nothing_that_it_learned_from(model):
    with pytest.raises(DataError, match="no unit of these articles has a settled label"):
        unseen([], model)
