"""Lessons from a teacher: a larger model's probabilities in place of, or beside, settled labels.

References
----------
Hinton, Vinyals and Dean (2015), "Distilling the Knowledge in a Neural Network".
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stance.classifiers.storage import Model
from stance.engine.classify import probabilities_of
from stance.records import Article, LabeledUnit, Unit

TEACHERS_WORD = 0.3  # weight of the teacher's probabilities beside a settled label


def taught(
    examples: Sequence[LabeledUnit], teacher: Model, *, weight: float = TEACHERS_WORD
) -> list[LabeledUnit]:
    """Return labeled units with soft labels: the settled ones, and the teacher's beside.

    Of units that the teacher learned from, it gives what it said before it had seen their article.

    Parameters
    ----------
    weight
        Of the teacher's probabilities; the rest is the settled label's.
    """
    rows, _ = probabilities_of([example.unit for example in examples], teacher)
    lessons = []
    for i, example in enumerate(examples):
        shares = {
            task: {
                name: (1 - weight) * (name == example.labels[task]) + weight * float(p)
                for name, p in zip(names, rows[task][i], strict=True)
            }
            for task, names in teacher.classifier.classes_.items()
            if task in example.labels
        }
        lessons.append(replace(example, shares={**example.shares, **shares}))
    return lessons


def unlabeled_lessons(
    articles: Iterable[tuple[Article, Sequence[Unit]]], teacher: Model
) -> list[LabeledUnit]:
    """Return the units of articles that nobody judged, with the teacher's probabilities."""
    lessons = [
        LabeledUnit(
            unit=unit, source=article.source, date=article.date, sha256=article.sha256, labels={}
        )
        for article, units in articles
        for unit in units
    ]
    rows, _ = probabilities_of([lesson.unit for lesson in lessons], teacher)
    return [
        replace(
            lesson,
            shares={
                task: dict(zip(names, rows[task][i].tolist(), strict=True))
                for task, names in teacher.classifier.classes_.items()
            },
        )
        for i, lesson in enumerate(lessons)
    ]
