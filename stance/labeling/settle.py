"""Several annotations of one unit to one settled label, or to the queue of disagreements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stance.errors import LabelError
from stance.labeling.store import ADJUDICATION, Document
from stance.records import Annotation, Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A unit on which annotators differ and nobody has decided."""

    unit_id: str
    task: str
    annotations: Mapping[str, str]  # annotator -> label


def settle(
    annotations: Iterable[Annotation], documents: Mapping[str, Document]
) -> tuple[list[Label], list[Disagreement]]:
    """Return the settled labels in document order, and what still waits for a third reading.

    Annotators who agree settle a label; where they differ, an adjudication does. A later event of
    the same annotator on the same unit and task corrects the earlier one.

    Raises
    ------
    LabelError
        If a document is not in the register, or annotations of one unit follow several codebooks.
    """
    latest: dict[str, dict[str, dict[str, Annotation]]] = defaultdict(lambda: defaultdict(dict))
    for annotation in annotations:
        latest[annotation.unit_id][annotation.task][annotation.annotator] = annotation
    labels, disagreements = [], []
    for unit_id in sorted(latest, key=unit_place):
        article_id, start, end = unit_place(unit_id)
        if article_id not in documents:
            raise LabelError(f"{unit_id}: no document {article_id!r} in the register of documents")
        codebooks = {a.codebook for by_name in latest[unit_id].values() for a in by_name.values()}
        if len(codebooks) > 1:
            raise LabelError(f"{unit_id}: annotated under several codebooks: {sorted(codebooks)}")
        settled: dict[str, str] = {}
        by_annotator: dict[str, dict[str, str]] = defaultdict(dict)
        for task, by_name in latest[unit_id].items():
            for name, annotation in by_name.items():
                by_annotator[name][task] = annotation.label
            decided = [a.label for a in by_name.values() if a.design == ADJUDICATION]
            independent = {a.label for a in by_name.values() if a.design != ADJUDICATION}
            if len(independent) == 1:
                settled[task] = independent.pop()
            elif decided:
                settled[task] = decided[-1]
            else:
                by_label = {name: a.label for name, a in by_name.items()}
                disagreements.append(Disagreement(unit_id=unit_id, task=task, annotations=by_label))
        if settled:
            labels.append(
                Label(
                    unit_id=unit_id,
                    article_id=article_id,
                    sha256=documents[article_id].sha256,
                    start=start,
                    end=end,
                    labels=settled,
                    annotators={name: dict(by_annotator[name]) for name in sorted(by_annotator)},
                    codebook=codebooks.pop(),
                )
            )
    return labels, disagreements


def unit_place(unit_id: str) -> tuple[str, int, int]:
    """Return the article id, start and end that a unit id is made of.

    Raises
    ------
    LabelError
        If it is not a unit id.
    """
    article_id, _, span = unit_id.rpartition(":")
    start, _, end = span.partition("-")
    if not (article_id and start.isdecimal() and end.isdecimal()):
        raise LabelError(f"{unit_id!r} is not a unit id; one looks like article:120-188")
    return article_id, int(start), int(end)
