"""Settled labels found again in the articles that they speak of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from stance.codebook import Codebook, Task
from stance.labeling.settle import shares_of
from stance.records import Article, ClassifiedUnit, Label, LabeledUnit, Unit


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
    """Return the units that have settled labels, and the labels that are lost.

    A label meets the unit of its place in its own article, or, where no article of its id and hash
    is here, in one of the same hash, whatever that is called here. Lost are labels that meet no
    unit of their document, or one that a later label meets; labels of documents that are not among
    the articles are passed over.
    """
    by_hash: dict[str, list[Label]] = {}
    for label in labels:
        by_hash.setdefault(label.sha256, []).append(label)
    here = [(article, units) for article, units in articles if article.sha256 in by_hash]
    own = {(article.sha256, article.id) for article, _ in here}
    waiting: dict[tuple[str, str | None, int, int], Label] = {}  # None: of an article not here
    lost: list[Label] = []
    for sha256 in dict.fromkeys(article.sha256 for article, _ in here):
        for label in by_hash[sha256]:
            named = label.article_id if (sha256, label.article_id) in own else None
            place = (sha256, named, label.start, label.end)
            if place in waiting:
                lost.append(waiting[place])
            waiting[place] = label
    found: list[LabeledUnit] = []
    for article, units in here:
        for unit in units:
            for named in (article.id, None):
                met = waiting.pop((article.sha256, named, unit.start, unit.end), None)
                if met is not None:
                    found.append(_labeled(article, unit, met))
                    break
    return found, [*lost, *waiting.values()]


def label_finder(labels: Iterable[Label]) -> Callable[[str, Unit], Label | None]:
    """Return what finds the label of a unit in a document of a hash.

    That of its own article, if it has one; else that of the place in any article of the same hash,
    which is the same text under another name.
    """
    own: dict[tuple[str, str, int, int], Label] = {}
    any_of: dict[tuple[str, int, int], Label] = {}
    for label in labels:
        own[label.sha256, label.article_id, label.start, label.end] = label
        any_of[label.sha256, label.start, label.end] = label

    def find(sha256: str, unit: Unit) -> Label | None:
        found = own.get((sha256, unit.article_id, unit.start, unit.end))
        return found or any_of.get((sha256, unit.start, unit.end))

    return find


def labels_of_units(
    units: Iterable[ClassifiedUnit], labels: Iterable[Label]
) -> dict[str, Mapping[str, str]]:
    """Return the settled labels of units by unit id, as `label_finder` finds them."""
    find = label_finder(labels)
    found = {unit.unit.id: find(unit.sha256, unit.unit) for unit in units}
    return {unit_id: label.labels for unit_id, label in found.items() if label is not None}


def _labeled(article: Article, unit: Unit, label: Label) -> LabeledUnit:
    return LabeledUnit(
        unit=unit,
        source=article.source,
        date=article.date,
        sha256=article.sha256,
        labels=label.labels,
        shares=shares_of(label),
        repaired=article.original[unit.start : unit.end] != unit.text,
    )
