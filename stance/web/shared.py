"""Agreement told while people still judge, in steps that give no single judgement away."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stance.labeling.agreement import TaskAgreement, coder_agreement
from stance.labeling.log import place_of
from stance.labeling.settle import judgements
from stance.records import Annotation
from stance.web.cards import Deck

STEP = 10  # judgements: one out of ten cannot be worked out from two tables


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCount:
    """On how many of the units told of annotators differ, and how many of those nobody decided."""

    n_disputed: int
    n_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAgreement:
    """Agreement as it stood at the last step, or when all who began had judged the whole queue."""

    n_units: int  # judged by two people or more
    tasks: tuple[TaskAgreement, ...]  # empty before the first step
    open: dict[str, OpenCount]  # by task
    n_waiting: int  # judgements that came since, of units that somebody else judged too
    n_unfinished: int  # people who began and have not judged the whole queue

    @property
    def n_open(self) -> int:
        """How many disagreements wait for somebody to decide."""
        return sum(count.n_open for count in self.open.values())


def shared_agreement(events: Sequence[Annotation], deck: Deck) -> SharedAgreement:
    """Return the agreement on the units that two annotators or more judged on every task.

    If numbers moved with each judgement, an annotator could read the other's label off the change
    that their own makes. So they stand still, corrections included, until ten more judgements have
    come of units that somebody else judged too; or all who began have judged the whole queue. What
    moves in between is how many disagreements adjudicators have decided.
    """
    ours = deck.ours(events)
    told, n_waiting, n_unfinished = _until_last_step(ours, deck)
    then, now = judgements(told), judgements(ours)
    counts = {}
    for task in deck.codebook.tasks if told else ():
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
        n_units=len(then),
        tasks=tuple(coder_agreement(told, deck.codebook)) if told else (),
        open=counts,
        n_waiting=n_waiting,
        n_unfinished=n_unfinished,
    )


def _until_last_step(events: Sequence[Annotation], deck: Deck) -> tuple[list[Annotation], int, int]:
    """Return the independent judgements of the units shared at the last step, and what is not in.

    That is how many judgements of shared units came since, and how many people have not finished.
    """
    given: dict[tuple[str, str], set[str]] = defaultdict(set)  # annotator, unit id -> tasks
    seen: set[tuple[str, str]] = set()  # what an annotator is asked for no more: see `desk`
    begun: dict[str, set[str]] = defaultdict(set)  # annotator -> units with a label
    left: dict[str, set[str]] = defaultdict(lambda: set(deck.units))  # annotator -> units to judge
    judges: dict[str, set[str]] = defaultdict(set)  # unit id -> who judged it on every task
    told: set[str] = set()
    cut = n_told = n_shared = n_unfinished = 0  # shared: judgements beyond the first of a unit
    for number, event in enumerate(events, start=1):
        who, unit_id = event.annotator, event.unit_id
        tasks = given[who, unit_id]
        if place_of(event).adjudicates:
            seen.add((who, unit_id))
        elif event.label is None:
            tasks.discard(event.task)
        else:
            tasks.add(event.task)
        whole = len(tasks) == len(deck.codebook.tasks)
        n_shared -= max(0, len(judges[unit_id]) - 1)
        _put(judges[unit_id], who, inside=whole)
        n_shared += max(0, len(judges[unit_id]) - 1)
        _put(begun[who], unit_id, inside=bool(tasks))
        _put(left[who], unit_id, inside=not whole and (bool(tasks) or (who, unit_id) not in seen))
        n_unfinished = sum(bool(begun[name] and left[name]) for name in begun)
        all_done = not n_unfinished and sum(map(bool, begun.values())) > 1
        if n_shared >= n_told + (1 if all_done else STEP):  # a label said anew is no step
            told = {name for name, found in judges.items() if len(found) > 1}
            cut, n_told = number, n_shared
    independent = [event for event in events[:cut] if not place_of(event).adjudicates]
    return (
        [event for event in independent if event.unit_id in told],
        max(0, n_shared - n_told),
        n_unfinished,
    )


def _put(names: set[str], name: str, *, inside: bool) -> None:
    (names.add if inside else names.discard)(name)
