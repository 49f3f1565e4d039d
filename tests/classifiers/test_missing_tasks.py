"""Tasks that some of the examples, or all of them, have no labels of."""

from dataclasses import replace

import numpy as np
import pytest

from stance.classifiers.base import codebook_classes, cross_fit
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.classifiers.lexicon import Majority, Vader
from stance.classifiers.storage import load_model
from stance.codebook import read_codebook
from stance.errors import DataError
from tests.builders import labeled_corpus, train_baseline

BOOK = read_codebook()
CLASSES = codebook_classes(BOOK)
RECIPE = BaselineRecipe(costs=(1.0,))


def relabeled(examples, change):
    return [replace(e, labels=change(dict(e.labels), e.source)) for e in examples]


def without_voice(labels, source):
    del labels["voice"]
    return labels


def always_author(labels, source):
    return labels | {"voice": "author"}


def voice_of_one_outlet(labels, source):
    """Only Outlet 0 ever attributes: whoever has not seen it knows one label."""
    return labels if source == "Outlet 0" else labels | {"voice": "author"}


@pytest.mark.parametrize("change", [without_voice, always_author])
def test_a_task_with_fewer_than_two_labels_is_left_out_and_the_others_are_learned(change):
    examples = relabeled(labeled_corpus(), change)
    model = Baseline(CLASSES, RECIPE).fit(examples)
    assert list(model.classes_) == ["stance", "sentiment"]
    assert set(model.predict_proba([e.unit for e in examples[:3]])) == {"stance", "sentiment"}
    assert list(model.fresh().classes_) == ["stance", "sentiment", "voice"]
    assert list(model.fresh().fit(labeled_corpus()).classes_) == ["stance", "sentiment", "voice"]


def test_a_fit_forgets_the_one_before():
    model = Baseline(CLASSES, RECIPE).fit(labeled_corpus())
    model.fit(relabeled(labeled_corpus(), without_voice))
    assert "voice" not in model.predict_proba([labeled_corpus()[0].unit])


def test_a_model_that_lacks_a_task_survives_its_folder(tmp_path):
    examples = relabeled(labeled_corpus(), without_voice)
    model = train_baseline(examples, BOOK, tmp_path / "m", recipe=RECIPE)
    assert list(load_model(tmp_path / "m", BOOK).classifier.classes_) == ["stance", "sentiment"]
    assert set(model.card.held_out["outlet"]) == {"stance", "sentiment"}


def test_a_fold_that_cannot_learn_a_task_gives_the_shares_that_it_saw(tmp_path):
    examples = relabeled(labeled_corpus(), voice_of_one_outlet)
    outlets = [e.source for e in examples]
    rows = cross_fit(Baseline(CLASSES, RECIPE), examples, outlets, n_folds=None, seed=1)
    held_out = np.array([outlet == "Outlet 0" for outlet in outlets])
    assert np.allclose(rows["voice"][held_out], [1, 0])
    assert 0 < rows["voice"][~held_out, 1].max() < 1
    assert all(np.allclose(table.sum(axis=1), 1) for table in rows.values())
    assert train_baseline(examples, BOOK, tmp_path / "m", recipe=RECIPE).card.n_outlets == 4


def test_a_fold_that_teaches_nothing_does_not_stop_the_others():
    examples = [
        replace(e, labels={"stance": e.labels["stance"] if e.source == "Outlet 0" else "neutral"})
        for e in labeled_corpus()
    ]
    outlets = [e.source for e in examples]
    rows = cross_fit(Baseline(CLASSES, RECIPE), examples, outlets, n_folds=None, seed=1)
    assert np.allclose(rows["stance"][[o == "Outlet 0" for o in outlets]], [0, 1, 0])


def test_two_articles_of_a_label_each_are_enough_to_learn_from():
    examples = [
        replace(e, labels={"stance": "neutral" if e.unit.article_id == "a0" else "skeptical"})
        for e in labeled_corpus(n_articles=2)
    ]
    assert list(Baseline(CLASSES).fit(examples).classes_) == ["stance"]


def test_without_any_task_to_learn_there_is_no_model():
    examples = [replace(e, labels={"stance": "neutral"}) for e in labeled_corpus()]
    with pytest.raises(DataError, match="nothing to learn: no task has units of two labels"):
        Baseline(CLASSES, RECIPE).fit(examples)


def test_floors_have_no_say_on_tasks_without_labels():
    examples = relabeled(labeled_corpus(), without_voice)
    majority = Majority(BOOK).fit(examples)
    assert list(majority.classes_) == ["stance", "sentiment"]
    assert list(majority.fresh().classes_) == ["stance", "sentiment", "voice"]
    bare = [replace(e, labels={"stance": e.labels["stance"]}) for e in examples]
    rows = cross_fit(Vader(BOOK), bare, [e.sha256 for e in bare], n_folds=3, seed=1)
    assert list(rows) == ["stance"]
