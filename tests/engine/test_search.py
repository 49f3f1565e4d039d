import json
from dataclasses import replace

import pytest

from stance.classifiers.base import codebook_classes
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.classifiers.recipes import Choices, TransformerRecipe, read_choices
from stance.codebook import read_codebook
from stance.engine.search import search
from stance.engine.train import HoldOut, train_model
from stance.errors import ModelError
from tests.builders import labeled_corpus

BOOK = read_codebook()
RECIPE = TransformerRecipe(n_folds=2, learning_rate=1e-5)
CHOICES = {"learning_rate": Choices(low=1e-4, high=1.0), "epochs": Choices(values=(2.0, 3.0))}


class Made:
    """Makes baselines whose C is the recipe's learning rate, and counts them."""

    def __init__(self):
        self.recipes = []

    def __call__(self, recipe):
        self.recipes.append(recipe)
        return Baseline(codebook_classes(BOOK), BaselineRecipe(costs=(recipe.learning_rate,)))


def run(log, *, n_trials=4, new=None, choices=CHOICES, recipe=RECIPE):
    examples = labeled_corpus(8, 6)
    return search(new or Made(), recipe, choices, examples, BOOK, log, n_trials=n_trials)


def test_trials_are_drawn_from_the_ranges_and_the_best_stands_first(tmp_path):
    made = Made()
    found = run(tmp_path / "log", new=made)
    assert [trial.macro_f1 for trial in found] == sorted((t.macro_f1 for t in found), reverse=True)
    by_number = sorted(found, key=lambda trial: trial.number)
    assert by_number[0].changes == {}
    assert made.recipes[0] == RECIPE
    for trial, recipe in list(zip(by_number, made.recipes, strict=True))[1:]:
        assert 1e-4 <= trial.changes["learning_rate"] <= 1.0
        assert trial.changes["epochs"] in (2.0, 3.0)
        assert recipe.learning_rate == trial.changes["learning_rate"]
    assert len({trial.changes["learning_rate"] for trial in by_number[1:]}) == 3


def test_a_search_goes_on_where_it_was_stopped(tmp_path):
    whole = run(tmp_path / "whole")
    run(tmp_path / "log", n_trials=2)
    made = Made()
    assert run(tmp_path / "log", new=made) == whole
    assert len(made.recipes) == 3  # two trials, and the recipe by which the log is known again
    assert (tmp_path / "log").read_text() == (tmp_path / "whole").read_text()


def test_a_log_of_other_ranges_is_not_gone_on_with(tmp_path):
    run(tmp_path / "log", n_trials=2)
    with pytest.raises(ModelError, match="trial 1 is of other ranges"):
        run(tmp_path / "log", choices={"epochs": Choices(values=(9.0,))})


def test_a_log_of_other_labels_or_numbers_is_not_gone_on_with(tmp_path):
    run(tmp_path / "log", n_trials=2)
    with pytest.raises(ModelError, match="other units, labels"):
        search(Made(), RECIPE, CHOICES, labeled_corpus(8, 5), BOOK, tmp_path / "log", n_trials=2)
    with pytest.raises(ModelError, match="another seed or recipe"):
        run(tmp_path / "log", n_trials=2, recipe=TransformerRecipe(n_folds=2, epochs=9.0))


def test_trials_go_by_the_units_not_by_their_order(tmp_path):
    whole = run(tmp_path / "whole")
    examples = labeled_corpus(8, 6)[::-1]
    assert search(Made(), RECIPE, CHOICES, examples, BOOK, tmp_path / "log", n_trials=4) == whole


@pytest.mark.parametrize("by", ["outlet", "article"])
def test_the_score_of_the_winner_is_that_of_its_training(tmp_path, by):
    examples = labeled_corpus(8, 6)[::-1]
    best = search(Made(), RECIPE, CHOICES, examples, BOOK, tmp_path / "log", n_trials=3, by=by)[0]
    made = Made()(replace(RECIPE, **best.changes))
    plan = HoldOut(by=by, n_folds=RECIPE.n_folds)
    words = {"kind": "baseline", "seed": RECIPE.seed, "plans": (plan,)}
    card = train_model(made, examples, BOOK, tmp_path / "m", **words).card
    assert card.held_out[by]["stance"]["macro_f1"]["value"] == best.macro_f1


def test_a_log_of_other_folds_is_not_gone_on_with(tmp_path):
    run(tmp_path / "log", n_trials=2)
    words = (Made(), RECIPE, CHOICES, labeled_corpus(8, 6), BOOK, tmp_path / "log")
    with pytest.raises(ModelError, match="labels or folds"):
        search(*words, n_trials=2, by="article")


def test_a_single_outlet_is_searched_by_its_articles(tmp_path):
    examples = [replace(e, source="Quay") for e in labeled_corpus(8, 6)]
    found = search(Made(), RECIPE, CHOICES, examples, BOOK, tmp_path / "log", n_trials=2)
    assert len(found) == 2


def test_a_log_that_is_none_is_told(tmp_path):
    (tmp_path / "log").write_text(json.dumps({"a": 1}) + "\n")
    with pytest.raises(ModelError, match="not a log of trials"):
        run(tmp_path / "log")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("epochs = 3", "no table"),
        ("[search]\nepochs = 3", "search.epochs"),
        ("[search]\nepochs = []", "search.epochs"),
        ("[search]\nepochs = { low = 1 }", "search.epochs"),
        ("[search]\nepochs = ['many']", "search.epochs"),
        ("[search]\nspeed = [1.0]", "speed: unknown key"),
    ],
)
def test_ranges_that_say_nothing_are_refused(tmp_path, table, told):
    (tmp_path / "r.toml").write_text(table)
    with pytest.raises(ModelError, match=told):
        read_choices(tmp_path / "r.toml")
