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

    Annotators who agree settle a label; where they differ, the latest adjudication does, whoever
    made it. A later event of the same annotator on the same unit and task corrects the earlier one;
    an adjudication corrects only adjudications.

    Raises
    ------
    LabelError
        If a document is not in the register, or annotations of one unit follow several codebooks.
    """
    latest: dict[str, dict[str, _Judgements]] = defaultdict(lambda: defaultdict(_Judgements))
    codebooks: dict[str, set[str]] = defaultdict(set)
    for annotation in annotations:
        latest[annotation.unit_id][annotation.task].add(annotation)
        codebooks[annotation.unit_id].add(annotation.codebook)
    labels: list[Label] = []
    disagreements: list[Disagreement] = []
    for unit_id in sorted(latest, key=unit_place):
        article_id, start, end = unit_place(unit_id)
        if article_id not in documents:
            raise LabelError(f"{unit_id}: no document {article_id!r} in the register of documents")
        if len(codebooks[unit_id]) > 1:
            names = ", ".join(sorted(codebooks[unit_id]))
            raise LabelError(f"{unit_id}: annotated under several codebooks: {names}")
        settled: dict[str, str] = {}
        by_annotator: dict[str, dict[str, str]] = defaultdict(dict)
        for task, judgements in latest[unit_id].items():
            for name, judged in judgements.everyone().items():
                by_annotator[name][task] = judged
            label = judgements.settled()
            if label is None:
                disagreements.append(
                    Disagreement(unit_id=unit_id, task=task, annotations=judgements.independent)
                )
            else:
                settled[task] = label
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
                    codebook=codebooks[unit_id].pop(),
                )
            )
    return labels, disagreements


class _Judgements:
    """What annotators say of one unit on one task, and what adjudicators decided."""

    def __init__(self) -> None:
        self.independent: dict[str, str] = {}  # annotator -> latest label
        self._decided: dict[str, str] = {}  # adjudicator -> latest label, latest last

    def add(self, annotation: Annotation) -> None:
        if annotation.design == ADJUDICATION:
            self._decided.pop(annotation.annotator, None)
            self._decided[annotation.annotator] = annotation.label
        else:
            self.independent[annotation.annotator] = annotation.label

    def settled(self) -> str | None:
        if len(set(self.independent.values())) == 1:
            return next(iter(self.independent.values()))
        return next(reversed(self._decided.values()), None)

    def everyone(self) -> dict[str, str]:
        return {**self._decided, **self.independent}


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
