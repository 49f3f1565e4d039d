"""Settled labels found again in the articles that they speak of."""

from collections.abc import Iterable, Sequence

from stance.labeling.settle import shares_of
from stance.records import Article, Label, LabeledUnit, Unit


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
                    )
                )
        lost += places.values()
    return found, lost
