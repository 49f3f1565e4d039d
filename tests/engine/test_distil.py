import numpy as np
import pytest

from stance.classifiers.base import soft_labels
from stance.classifiers.storage import words_key
from stance.codebook import read_codebook
from stance.corpus.units import split_units
from stance.engine.classify import probabilities_of
from stance.engine.distil import taught, unlabeled_lessons
from tests.builders import HOPE, article, labeled_corpus

BOOK = read_codebook()


def test_a_lesson_weighs_the_settled_label_and_the_teachers_word(model):
    examples = labeled_corpus(2, 6, seed=5)
    classes = BOOK.task("stance").classes
    said, _ = probabilities_of([e.unit for e in examples], model)
    mixed = soft_labels(taught(examples, model, weight=0.25), "stance", classes)
    settled = np.array([[name == e.labels["stance"] for name in classes] for e in examples])
    assert np.allclose(mixed, 0.75 * settled + 0.25 * said["stance"])
    assert [e.labels for e in taught(examples, model)] == [e.labels for e in examples]


def test_of_its_own_lessons_a_teacher_says_what_it_said_before_it_saw_them(model):
    examples = labeled_corpus()  # what the model learned from
    rows, held_out = probabilities_of([e.unit for e in examples], model)
    assert all(held_out)
    kept = np.stack([model.held_out[words_key(e.unit.text)]["stance"] for e in examples])
    assert np.allclose(rows["stance"], kept, atol=1e-3)
    assert np.allclose(rows["stance"].sum(axis=1), 1)


def test_a_unit_without_a_task_gets_none_from_the_teacher(model):
    (first, *_) = labeled_corpus(2, 6, seed=5)
    bare = type(first)(
        unit=first.unit, source=None, date=None, sha256="x", labels={"voice": "author"}
    )
    assert taught([bare], model)[0].shares.keys() == {"voice"}


def test_articles_that_nobody_judged_become_lessons_without_labels(model):
    made = article(" ".join(HOPE), source="Mole Post")
    lessons = unlabeled_lessons([(made, split_units(made))], model)
    assert [lesson.labels for lesson in lessons] == [{}, {}]
    for lesson in lessons:
        assert lesson.source == "Mole Post"
        assert set(lesson.shares) == {"stance", "sentiment", "voice"}
        assert sum(lesson.shares["stance"].values()) == pytest.approx(1)
        assert max(lesson.shares["stance"], key=lesson.shares["stance"].get) == "optimistic"
