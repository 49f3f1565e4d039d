"""Lessons from teachers: larger models' probabilities in place of, or beside, settled labels.

Several teachers, say seeds of one recipe, speak with one voice: the mean of what they say.

References
----------
Hinton, Vinyals and Dean (2015), "Distilling the Knowledge in a Neural Network".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from stance.classifiers.storage import Model
from stance.engine.classify import probabilities_of
from stance.records import Article, LabeledUnit, Unit
from stance.statistics.arrays import FloatArray

TEACHERS_WORD = 0.3  # weight of the teachers' probabilities beside a settled label


def taught(
    examples: Sequence[LabeledUnit], teachers: Sequence[Model], *, weight: float = TEACHERS_WORD
) -> list[LabeledUnit]:
    """Return labeled units with soft labels: the settled ones, and the teachers' beside.

    Of units that a teacher learned from, it gives what it said before it had seen their article.

    Parameters
    ----------
    teachers
        One or more.
    weight
        Of the teachers' probabilities; the rest is the settled label's.
    """
    said = _said(examples, teachers)
    lessons = []
    for i, example in enumerate(examples):
        shares = {
            task: {
                name: (1 - weight) * (name == example.labels[task]) + weight * p
                for name, p in rows[i].items()
            }
            for task, rows in said.items()
            if task in example.labels
        }
        lessons.append(replace(example, shares={**example.shares, **shares}))
    return lessons


def unlabeled_lessons(
    articles: Iterable[tuple[Article, Sequence[Unit]]], teachers: Sequence[Model]
) -> list[LabeledUnit]:
    """Return the units of articles that nobody judged, with the teachers' probabilities."""
    lessons = [
        LabeledUnit(
            unit=unit, source=article.source, date=article.date, sha256=article.sha256, labels={}
        )
        for article, units in articles
        for unit in units
    ]
    said = _said(lessons, teachers)
    return [
        replace(lesson, shares={task: rows[i] for task, rows in said.items()})
        for i, lesson in enumerate(lessons)
    ]


def _said(
    lessons: Sequence[LabeledUnit], teachers: Sequence[Model]
) -> dict[str, list[Mapping[str, float]]]:
    """Return task -> for each unit, label -> mean probability by the teachers that do the task."""
    tables: dict[str, list[FloatArray]] = {}
    names: dict[str, tuple[str, ...]] = {}
    units, articles = [e.unit for e in lessons], [e.sha256 for e in lessons]
    for teacher in teachers:
        rows, _ = probabilities_of(units, articles, teacher)
        names |= teacher.classifier.classes_
        for task, table in rows.items():
            tables.setdefault(task, []).append(table)
    return {
        task: [
            dict(zip(names[task], row, strict=True)) for row in np.mean(of_task, axis=0).tolist()
        ]
        for task, of_task in tables.items()
    }
