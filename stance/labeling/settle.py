"""Several annotations of one unit to one settled label, or to the queue of disagreements."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.errors import LabelError
from stance.labeling.designs import Method
from stance.labeling.log import by_codebook, standing
from stance.labeling.store import Document
from stance.labeling.times import moment
from stance.records import Annotation, Label
from stance.statistics.agreement import MISSING
from stance.statistics.arrays import IntArray
from stance.statistics.dawid_skene import dawid_skene

LEAST_RATERS = 3  # with two, no model can tell whose error it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A unit on which annotators differ and nobody has decided."""

    unit_id: str
    task: str
    annotations: Mapping[str, str]  # annotator -> label


def settle(
    events: Iterable[Annotation],
    documents: Mapping[str, Document],
    *,
    method: Method = Method.THIRD,
) -> tuple[list[Label], list[Disagreement]]:
    """Return the settled labels in document order, and what still waits for somebody to decide.

    Two annotators or more who agree settle a label; else the latest adjudication does, whoever made
    it, by its time; failing that, a single annotator, or where several differ the method. A later
    event of the same annotator on the same unit and task, under the same codebook, corrects the
    earlier one; an adjudication corrects only adjudications.

    Raises
    ------
    LabelError
        If a document is not in the register, or annotations of one unit follow several codebooks.
    """
    judged = judgements(events)
    voted = _voted(judged) if method is Method.DAWID_SKENE else {}
    labels: list[Label] = []
    disagreements: list[Disagreement] = []
    for unit_id in sorted(judged, key=unit_place):
        article_id, start, end = unit_place(unit_id)
        if article_id not in documents:
            raise LabelError(f"{unit_id}: no document {article_id!r} in the register of documents")
        settled: dict[str, str] = {}
        decided_by: dict[str, str] = {}
        by_annotator: dict[str, dict[str, str]] = defaultdict(dict)
        for task, found in judged[unit_id].items():
            for name, label in found.independent.items():
                by_annotator[name][task] = label
            if found.decided and not found.agreed:
                decided_by[task], settled[task] = list(found.decided.items())[-1]
            elif found.unanimous:
                settled[task] = next(iter(found.independent.values()))
            elif (unit_id, task) in voted:
                decided_by[task], settled[task] = Method.DAWID_SKENE.value, voted[unit_id, task]
            else:
                disagreements.append(
                    Disagreement(unit_id=unit_id, task=task, annotations=found.independent)
                )
        codebooks = {book for found in judged[unit_id].values() for book in found.codebooks}
        if len(codebooks) > 1:
            names = ", ".join(sorted(codebooks))
            raise LabelError(
                f"{unit_id}: annotated under several codebooks: {names}; give --codebook"
            )
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
                    decided_by=decided_by,
                )
            )
    return labels, disagreements


class Judgements:
    """What annotators say of one unit on one task, and what adjudicators decided."""

    def __init__(self) -> None:
        self.independent: dict[str, str] = {}  # annotator -> label
        self.decided: dict[str, str] = {}  # adjudicator -> label, latest last
        self.codebooks: set[str] = set()

    @property
    def unanimous(self) -> bool:
        """Whether there are independent judgements, all the same."""
        return len(set(self.independent.values())) == 1

    @property
    def agreed(self) -> bool:
        """Whether two annotators or more say the same, and none another thing."""
        return self.unanimous and len(self.independent) > 1

    @property
    def set_aside(self) -> bool:
        """Whether annotators agree by now on another label than the latest decision."""
        decided = list(self.decided.values())[-1:]
        return bool(decided) and self.agreed and decided[0] not in self.independent.values()


def judgements(events: Iterable[Annotation]) -> dict[str, dict[str, Judgements]]:
    """Return unit id -> task -> what stands of the judgements of it."""
    judged: dict[str, dict[str, Judgements]] = defaultdict(lambda: defaultdict(Judgements))
    for codebook, ours in by_codebook(events).items():
        stands = standing(ours).items()
        # Logs of several machines may be joined in any order: it is the times that say who decided
        # last.
        for place, event in sorted(
            stands, key=lambda pair: moment(pair[1].at) if pair[0].adjudicates else ""
        ):
            found = judged[place.unit_id][place.task]
            by_whom = found.decided if place.adjudicates else found.independent
            by_whom[place.annotator] = event.label or ""
            found.codebooks.add(codebook)
    return {unit_id: dict(tasks) for unit_id, tasks in judged.items()}


def n_set_aside(events: Iterable[Annotation]) -> int:
    """Return how many decisions do not count, since annotators agree on another label by now."""
    return sum(found.set_aside for tasks in judgements(events).values() for found in tasks.values())


def draw_to_decide(
    disagreements: Iterable[Disagreement], events: Iterable[Annotation], draws: Collection[str]
) -> str:
    """Return the draw, of these, that was judged last and holds a disagreement; else "all".

    It is what `stance label serve --draw` needs, so that its page has something to decide.
    """
    waits = {found.unit_id for found in disagreements}
    for event in reversed(list(standing(events).values())):
        draw = event.design.partition("/")[2]
        if event.unit_id in waits and draw in draws:
            return draw
    return "all"


def shares_of(label: Label) -> dict[str, dict[str, float]]:
    """Return task -> label -> share of the annotators who gave it: the soft labels of a unit.

    A task that only an adjudicator judged has the settled label in full.
    """
    shares = {}
    for task, settled in label.labels.items():
        given = [judged[task] for judged in label.annotators.values() if task in judged]
        given = given or [settled]
        shares[task] = {name: given.count(name) / len(given) for name in sorted(set(given))}
    return shares


def n_unseen(label: Label) -> int:
    """Return on how many tasks an adjudicator alone judged a unit: no annotator did."""
    return sum(
        not any(task in judged for judged in label.annotators.values()) for task in label.decided_by
    )


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


def _voted(judged: Mapping[str, Mapping[str, Judgements]]) -> dict[tuple[str, str], str]:
    """Return (unit id, task) -> the label that Dawid and Skene's model holds likeliest.

    The model learns each annotator's errors from every unit, those on which all agree included; it
    decides only where three or more judged.
    """
    by_task: dict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    for unit_id in sorted(judged):
        for task, found in judged[unit_id].items():
            if found.independent:
                by_task[task].append((unit_id, found.independent))
    voted = {}
    for task, rows in by_task.items():
        classes = sorted({label for _, given in rows for label in given.values()})
        codes = codes_of([given for _, given in rows], classes)
        best = dawid_skene(codes, len(classes)).argmax(axis=1)
        for (unit_id, given), column in zip(rows, best, strict=True):
            if len(given) >= LEAST_RATERS:
                voted[unit_id, task] = classes[column]
    return voted


def codes_of(judged: Sequence[Mapping[str, str]], classes: Sequence[str]) -> IntArray:
    """Return the column of each unit's judgement by each annotator, shape (n_units, n_annotators).

    Annotators stand in the order of their names; MISSING where one did not judge a unit.
    """
    annotators = {name: i for i, name in enumerate(sorted({n for row in judged for n in row}))}
    codes: IntArray = np.full((len(judged), len(annotators)), MISSING)
    for row, given in enumerate(judged):
        for name, label in given.items():
            codes[row, annotators[name]] = classes.index(label)
    return codes
