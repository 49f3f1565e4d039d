"""Agreement told while people still judge, in steps that give no single judgement away."""

from collections.abc import Sequence
from dataclasses import dataclass

from stance.labeling.agreement import TaskAgreement, coder_agreement
from stance.labeling.log import place_of
from stance.labeling.settle import judgements
from stance.records import Annotation
from stance.web.cards import Deck

STEP = 10  # units: one judgement out of ten cannot be worked out from two tables


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCount:
    """On how many of the units told of annotators differ, and how many of those nobody decided."""

    n_disputed: int
    n_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAgreement:
    """Agreement as it stood when the number of units judged by two people last reached a step."""

    n_units: int  # a multiple of STEP
    tasks: tuple[TaskAgreement, ...]  # empty before the first step
    open: dict[str, OpenCount]  # by task

    @property
    def n_open(self) -> int:
        """How many disagreements wait for somebody to decide."""
        return sum(count.n_open for count in self.open.values())


def shared_agreement(events: Sequence[Annotation], deck: Deck) -> SharedAgreement:
    """Return the agreement on the units that two annotators or more judged on every task.

    If numbers moved with each judgement, an annotator could read the other's label off the change
    that their own makes. So they stand still, corrections included, until ten more units are
    shared. What moves in between is how many disagreements adjudicators have decided.
    """
    ours = deck.ours(events)
    told, n_units = _until_last_step(ours, len(deck.codebook.tasks))
    if not n_units:
        return SharedAgreement(n_units=0, tasks=(), open={})
    then, now = judgements(told), judgements(ours)
    counts = {}
    for task in deck.codebook.tasks:
        disputed = [
            unit_id
            for unit_id, found in then.items()
            if task.name in found and not found[task.name].unanimous
        ]
        undecided = [
            unit_id
            for unit_id in disputed
            if task.name not in now.get(unit_id, {}) or not now[unit_id][task.name].decided
        ]
        counts[task.name] = OpenCount(n_disputed=len(disputed), n_open=len(undecided))
    return SharedAgreement(
        n_units=n_units, tasks=tuple(coder_agreement(told, deck.codebook)), open=counts
    )


def _until_last_step(events: Sequence[Annotation], n_tasks: int) -> tuple[list[Annotation], int]:
    """Return the independent judgements of the units shared at the last step, and how many."""
    independent = [event for event in events if not place_of(event).adjudicates]
    given: dict[str, dict[str, set[str]]] = {}  # unit id -> annotator -> tasks with a label
    shared: set[str] = set()
    told: set[str] = set()
    cut = 0
    for number, event in enumerate(independent, start=1):
        by_annotator = given.setdefault(event.unit_id, {})
        tasks = by_annotator.setdefault(event.annotator, set())
        if event.label is None:
            tasks.discard(event.task)
        else:
            tasks.add(event.task)
        if sum(len(tasks) == n_tasks for tasks in by_annotator.values()) > 1:
            shared.add(event.unit_id)
        else:
            shared.discard(event.unit_id)
        if len(shared) == len(told) + STEP:
            told, cut = set(shared), number
    return [event for event in independent[:cut] if event.unit_id in told], len(told)
