"""Settled labels found again in the articles that they speak of."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stance.codebook import Codebook, Task
from stance.labeling.settle import shares_of
from stance.records import Article, Label, LabeledUnit, Unit


def for_codebook(
    examples: Sequence[LabeledUnit], own: Codebook, other: Codebook
) -> list[LabeledUnit]:
    """Return units labeled under one codebook as lessons for another that asks the same tasks.

    Each unit carries its own target. Labels keep their meaning: of an ordered task by their score
    (the favouring side is the favouring side), of another by their name; what has no counterpart is
    left out.
    """
    names = {
        task.name: _counterparts(task, other.task(task.name))
        for task in own.tasks
        if any(task.name == wanted.name for wanted in other.tasks)
    }
    lessons = []
    for example in examples:
        labels = {
            task: names[task][label]
            for task, label in example.labels.items()
            if label in names.get(task, {})
        }
        unit = replace(example.unit, target=own.target)
        lessons.append(replace(example, unit=unit, labels=labels, shares={}))
    return lessons


def _counterparts(own: Task, other: Task) -> dict[str, str]:
    if own.scores and other.scores:
        by_score = dict(zip(other.scores, other.classes, strict=True))
        pairs = zip(own.classes, own.scores, strict=True)
        return {name: by_score[score] for name, score in pairs if score in by_score}
    return {name: name for name in own.classes if name in other.classes}


def join_labels(
    articles: Iterable[tuple[Article, Sequence[Unit]]], labels: Iterable[Label]
) -> tuple[list[LabeledUnit], list[Label]]:
    """Return the units that have settled labels, and the labels that met no unit.

    A label meets a unit of the same place in a document of the same hash, whatever the document is
    called here; labels of documents that are not among the articles are passed over.
    """
    waiting: dict[str, dict[tuple[int, int], Label]] = {}
    found: list[LabeledUnit] = []
    lost: list[Label] = []
    for label in labels:
        waiting.setdefault(label.sha256, {})[label.start, label.end] = label
    for article, units in articles:
        places = waiting.pop(article.sha256, None)
        if places is None:
            continue
        for unit in units:
            if (unit.start, unit.end) in places:
                label = places.pop((unit.start, unit.end))
                found.append(
                    LabeledUnit(
                        unit=unit,
                        source=article.source,
                        date=article.date,
                        sha256=article.sha256,
                        labels=label.labels,
                        shares=shares_of(label),
                        repaired=article.original[unit.start : unit.end] != unit.text,
                    )
                )
        lost += places.values()
    return found, lost
