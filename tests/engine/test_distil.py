import numpy as np
import pytest

from stance.classifiers.base import soft_labels
from stance.codebook import read_codebook
from stance.corpus.units import split_units
from stance.engine.classify import probabilities_of
from stance.engine.distil import taught, unlabeled_lessons
from stance.evaluation.protocol import kept_rows
from tests.builders import HOPE, article, labeled_corpus, train_baseline

BOOK = read_codebook()


def units_of(examples):
    return [example.unit for example in examples]


def articles_of(examples):
    return [example.sha256 for example in examples]


def test_a_lesson_weighs_the_settled_label_and_the_teachers_word(model):
    examples = labeled_corpus(2, 6, seed=5)
    classes = BOOK.task("stance").classes
    said, _ = probabilities_of(units_of(examples), articles_of(examples), model)
    mixed = soft_labels(taught(examples, [model], weight=0.25), "stance", classes)
    settled = np.array([[name == e.labels["stance"] for name in classes] for e in examples])
    assert np.allclose(mixed, 0.75 * settled + 0.25 * said["stance"])
    assert [e.labels for e in taught(examples, [model])] == [e.labels for e in examples]


def test_several_teachers_say_the_mean_and_one_without_the_task_stays_out_of_it(model, tmp_path):
    other = train_baseline(labeled_corpus(seed=9), BOOK, tmp_path / "m")
    voiceless = {task: c for task, c in other.classifier.classes_.items() if task != "voice"}
    other.classifier.plain.classes_ = voiceless
    (unit, *_) = [e.unit for e in labeled_corpus(2, 6, seed=5)]
    made = article(unit.text)
    (lesson,) = unlabeled_lessons([(made, [unit])], [model, other])
    said = [probabilities_of([unit], [made.sha256], teacher)[0] for teacher in (model, other)]
    stances = np.mean([rows["stance"][0] for rows in said], axis=0)
    assert not np.allclose(stances, said[0]["stance"][0])
    assert np.allclose(list(lesson.shares["stance"].values()), stances)
    assert np.allclose(list(lesson.shares["voice"].values()), said[0]["voice"][0])


def test_of_its_own_lessons_a_teacher_says_what_it_said_before_it_saw_them(model):
    examples = labeled_corpus()  # what the model learned from
    rows, held_out = probabilities_of(units_of(examples), articles_of(examples), model)
    assert all(held_out)
    assert np.array_equal(rows["stance"], kept_rows(examples, model)["stance"])
    assert np.allclose(rows["stance"].sum(axis=1), 1)


def test_a_unit_without_a_task_gets_none_from_the_teacher(model):
    (first, *_) = labeled_corpus(2, 6, seed=5)
    bare = type(first)(
        unit=first.unit, source=None, date=None, sha256="x", labels={"voice": "author"}
    )
    assert taught([bare], [model])[0].shares.keys() == {"voice"}


def test_articles_that_nobody_judged_become_lessons_without_labels(model):
    made = article(" ".join(HOPE), source="Mole Post")
    lessons = unlabeled_lessons([(made, split_units(made))], [model])
    assert [lesson.labels for lesson in lessons] == [{}, {}]
    for lesson in lessons:
        assert lesson.source == "Mole Post"
        assert set(lesson.shares) == {"stance", "sentiment", "voice"}
        assert sum(lesson.shares["stance"].values()) == pytest.approx(1)
        assert max(lesson.shares["stance"], key=lesson.shares["stance"].get) == "optimistic"
