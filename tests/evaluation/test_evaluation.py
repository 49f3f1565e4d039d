from dataclasses import replace

import numpy as np
import pytest

from stance.classifiers.baseline import BaselineRecipe
from stance.codebook import read_codebook
from stance.errors import DataError
from stance.evaluation.protocol import evaluate
from stance.evaluation.scores import score
from tests.builders import labeled_corpus, train_baseline

BOOK = read_codebook()
RECIPE = BaselineRecipe(costs=(3.0,), n_folds=3)


def one_hot(examples, task, order):
    return np.eye(len(order))[[order.index(e.labels[task]) for e in examples]]


def test_perfect_predictions_score_one_with_an_interval_of_no_width():
    examples = labeled_corpus(4)
    rows = {"stance": one_hot(examples, "stance", BOOK.task("stance").classes)}
    result = score(examples, rows, BOOK, seed=1)["stance"]
    assert (result.macro_f1.value, result.macro_f1.low, result.macro_f1.high) == (1, 1, 1)
    assert result.macro_f1.n_articles == 4
    assert result.macro_f1.n_units == 48
    assert result.accuracy == 1
    assert sum(map(sum, result.confusion)) == 48


def test_units_without_a_label_of_the_task_do_not_count():
    examples = labeled_corpus(4)
    rows = {"stance": one_hot(examples, "stance", BOOK.task("stance").classes)}
    bare = [
        type(e)(unit=e.unit, source=e.source, date=None, sha256=e.sha256, labels={})
        for e in examples[:10]
    ]
    assert score([*bare, *examples[10:]], rows, BOOK, seed=1)["stance"].macro_f1.n_units == 38
    with pytest.raises(DataError, match="no unit here has a settled label"):
        score(bare, {"stance": rows["stance"][:10]}, BOOK, seed=1)


def test_known_articles_are_held_out_and_new_ones_judged_as_they_come(model):
    new = labeled_corpus(3, seed=9)
    results = evaluate([*labeled_corpus(), *new], model, BOOK, seed=1)
    rows = {(r.held_out, r.model): r.scores for r in results}
    assert {held_out for held_out, _ in rows} == {"new", "article", "outlet"}
    assert {name for _, name in rows} == {"majority", "VADER", model.reference}
    assert rows["new", model.reference]["stance"].macro_f1.n_articles == 3
    assert rows["article", model.reference]["stance"].macro_f1.n_articles == 12


def test_a_model_stands_above_its_floors_where_words_tell_the_label(model):
    rows = {
        r.model: r.scores["stance"]
        for r in evaluate(labeled_corpus(5, seed=9), model, BOOK, seed=1)
    }
    assert rows[model.reference].macro_f1.value > 0.9
    assert rows["majority"].macro_f1.value < 0.3
    assert rows["majority"].f_avg.value <= 0.5


def test_nothing_labeled_is_nothing_to_score(model):
    with pytest.raises(DataError, match="nothing to score"):
        evaluate([], model, BOOK, seed=1)


def test_a_label_that_words_cannot_tell_scores_no_better_than_chance(tmp_path):
    rng = np.random.default_rng(3)
    shuffled = [
        type(e)(
            unit=e.unit,
            source=e.source,
            date=None,
            sha256=e.sha256,
            labels={t: str(rng.choice(BOOK.task(t).classes)) for t in e.labels},
        )
        for e in labeled_corpus(20, 20)
    ]
    trained = train_baseline(shuffled, BOOK, tmp_path / "noise", recipe=RECIPE)
    for result in evaluate(shuffled, trained, BOOK, seed=1):
        assert result.scores["stance"].macro_f1.value < 0.45


def test_known_articles_with_dates_are_held_out_by_later_date_too(model):
    dated = [
        replace(e, date=f"2026-0{1 + i % 5}-01")
        for i, e in enumerate(sorted(labeled_corpus(), key=lambda e: e.sha256))
    ]
    by_article = {e.sha256: e.date for e in dated}
    dated = [replace(e, date=by_article[e.sha256]) for e in dated]
    later = [r for r in evaluate(dated, model, BOOK, seed=1) if r.held_out == "later"]
    assert [r.model for r in later] == ["majority", "VADER", model.reference]
    last = {e.sha256 for e in dated if e.date == max(by_article.values())}
    assert later[-1].scores["stance"].macro_f1.n_articles >= len(last)
    assert later[-1].scores["stance"].macro_f1.n_articles < len(by_article)
    assert later[-1].scores["stance"].macro_f1.value > later[0].scores["stance"].macro_f1.value
