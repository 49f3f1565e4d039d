"""An annotator's desk: what to judge next, what an undo takes back, how far they are.

All of it follows from the annotation log, so a desk can be left and found again at any time. An
annotator's desk shows nothing of what others judged; an adjudicator's shows what they differ on,
without names.
"""

import random
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.labeling.designs import Design, kind_of
from stance.labeling.log import now, place_of, standing
from stance.labeling.settle import judgements
from stance.labeling.times import moment
from stance.records import Annotation, Unit

PAUSE_SECONDS = 300  # a longer gap between two judgements is no judging


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A unit that is to be judged, and the design that chose it."""

    unit: Unit
    design: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What one annotator has before them."""

    current: Assignment | None  # None when all is done
    ahead: tuple[Assignment, ...]  # what comes after it, in order
    labels: Mapping[str, str]  # task -> what they said of the current unit so far
    note: str  # what they noted on it
    n_done: int  # units with a label on every task
    n_skipped: int  # of the rest, those put off: they come back at the end
    n_units: int
    version: int  # how many events of theirs the log holds: tells a stale page
    seconds_per_unit: float | None  # their own pace, pauses left out; None before three units


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One unit and task on which annotators differ, as an adjudicator sees it."""

    unit: Unit
    task: str
    labels: tuple[str, ...]  # what was said, in random order: whose it was must not count
    notes: tuple[str, ...]


def desk(
    events: Sequence[Annotation],
    queue: Sequence[Assignment],
    annotator: str,
    codebook: Codebook,
    *,
    at_unit: str | None = None,
) -> Desk:
    """Return an annotator's desk: the first unit of the queue that lacks a label on some task.

    Units put off come after those never seen. What somebody adjudicated, or was shown to decide, is
    no longer in their queue: they have seen what others said.

    Parameters
    ----------
    at_unit
        The id of a unit to show in place of the next one, as after an undo.
    """
    own = own_events(events, annotator, codebook)
    seen = seen_by(annotator, own, codebook)
    own_labels = [event for event in own if not place_of(event).adjudicates]
    given: dict[str, dict[str, Annotation]] = {}
    for place, event in standing(own_labels).items():
        given.setdefault(place.unit_id, {})[place.task] = event
    queue = [a for a in queue if a.unit.id not in seen or a.unit.id in given]
    tasks = {task.name for task in codebook.tasks}
    put_off = _put_off(own_labels)
    fresh: list[Assignment] = []
    later: list[Assignment] = []
    shown = None
    for assignment in queue:
        unit_id = assignment.unit.id
        if unit_id == at_unit:
            shown = assignment
        if not tasks <= set(given.get(unit_id, {})):
            (later if unit_id in put_off else fresh).append(assignment)
    later.sort(key=lambda a: put_off[a.unit.id])  # the one put off longest ago comes first
    current = shown or next(iter([*fresh, *later]), None)
    ahead = tuple(a for a in [*fresh, *later] if a is not current)
    here = given.get(current.unit.id, {}) if current else {}
    return Desk(
        current=current,
        ahead=ahead,
        labels={task: event.label or "" for task, event in here.items()},
        note=next((event.note for event in reversed(here.values()) if event.note), ""),
        n_done=len(queue) - len(fresh) - len(later),
        n_skipped=len(later),
        n_units=len(queue),
        version=len(own),
        seconds_per_unit=_pace(own, tasks),
    )


def judgement(
    assignment: Assignment,
    annotator: str,
    task: str,
    label: str | None,
    codebook: Codebook,
    *,
    note: str = "",
    guess: str | None = None,
) -> Annotation:
    """Return the event that says what an annotator made of a unit.

    Raises
    ------
    LabelError
        If the codebook does not know the task or the label.
    """
    return Annotation(
        unit_id=assignment.unit.id,
        annotator=annotator,
        task=codebook.task(task).name,
        label=None if label is None else codebook.task(task).label(label),
        codebook=codebook.reference,
        at=now(),
        design=assignment.design,
        note=note,
        guess=guess,
    )


def skip(
    events: Iterable[Annotation],
    assignment: Assignment,
    annotator: str,
    codebook: Codebook,
    *,
    note: str = "",
) -> list[Annotation]:
    """Return the events that put a unit off: one without a label for each task still open."""
    own = standing(own_events(events, annotator, codebook))
    judged = {
        place.task for place in own if place.unit_id == assignment.unit.id and not place.adjudicates
    }
    return [
        judgement(assignment, annotator, task.name, None, codebook, note=note)
        for task in codebook.tasks
        if task.name not in judged
    ]


def undo(
    events: Sequence[Annotation],
    annotator: str,
    codebook: Codebook,
    *,
    adjudicating: bool = False,
    at_unit: str | None = None,
) -> tuple[str | None, Annotation | None]:
    """Return the unit that an undo leads back to, and the event that takes its judgement back.

    A skip is undone by showing its unit again, which takes no event; a second undo at that unit
    (`at_unit`) goes on to the judgement before it.

    Returns
    -------
    unit_id
        None if there is nothing to undo.
    event
        None if there is nothing to take back.
    """
    own = [
        event
        for event in own_events(events, annotator, codebook)
        if (kind_of(event.design) is Design.ADJUDICATION) == adjudicating
    ]
    last_unit = own[-1].unit_id if own and not adjudicating else None
    if last_unit is not None and last_unit != at_unit and last_unit in _put_off(own):
        return last_unit, None
    stands = standing(own)
    if not stands:
        return None, None
    last = list(stands.values())[-1]
    withdrawn = Annotation(
        unit_id=last.unit_id,
        annotator=annotator,
        task=last.task,
        label=None,
        codebook=last.codebook,
        at=now(),
        design=last.design,
    )
    return last.unit_id, withdrawn


def disputes(
    events: Sequence[Annotation], units: Mapping[str, Unit], adjudicator: str, codebook: Codebook
) -> list[Dispute]:
    """Return what a person may decide: where others differ, nobody decided, and they took no side.

    In the order of `units`; units that are not among these are left out. Whoever judged any unit
    that the events are about labels them all: they are not shown what others say of one that is
    still before them.
    """
    ours = [event for event in events if event.codebook == codebook.reference]
    notes: dict[tuple[str, str], list[str]] = {}
    for event in standing(ours).values():
        if event.note:
            notes.setdefault((event.unit_id, event.task), []).append(event.note)
    judged = judgements(ours)
    own = {
        unit_id
        for unit_id, tasks in judged.items()
        if any(adjudicator in given.independent for given in tasks.values())
    }
    seen = seen_by(adjudicator, events, codebook)
    found = []
    for unit_id, unit in units.items():
        if unit_id in own or (own and unit_id not in seen):
            continue
        tasks = judged.get(unit_id, {})
        for task in codebook.tasks:
            given = tasks.get(task.name)
            if given and given.independent and not given.unanimous and not given.decided:
                labels = sorted(set(given.independent.values()))
                random.Random(f"{unit_id} {task.name}").shuffle(labels)
                found.append(
                    Dispute(
                        unit=unit,
                        task=task.name,
                        labels=tuple(labels),
                        notes=tuple(sorted(notes.get((unit_id, task.name), []))),
                    )
                )
    return found


def seen_by(person: str, events: Iterable[Annotation], codebook: Codebook) -> set[str]:
    """Return the units of which a person has seen what others said, whatever they decided since."""
    return {
        event.unit_id
        for event in own_events(events, person, codebook)
        if place_of(event).adjudicates
    }


def check_name(annotator: str) -> str:
    """Return an annotator's name without the spaces around it.

    Raises
    ------
    LabelError
        If it is empty, or too long or too odd to stand in a table.
    """
    name = " ".join(annotator.split())
    if not name or len(name) > 60 or not name.isprintable():
        raise LabelError("an annotator's name has 1 to 60 printable characters")
    return name


def check_spelling(name: str, known: Collection[str], there: str = "the log") -> None:
    """Refuse another spelling of a known name: one person would agree with herself as two.

    Raises
    ------
    LabelError
        If a known name differs in capitals only, or in how its accents are encoded.
    """
    if name in known:
        return
    for other in known:
        if _folded(other) == _folded(name):
            raise LabelError(
                f"{there} has {other!r}, not {name!r}: give the name as it stands there"
            )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def own_events(
    events: Iterable[Annotation], annotator: str, codebook: Codebook
) -> list[Annotation]:
    """Return an annotator's events under a codebook: what they judged by another is another job."""
    return [
        event
        for event in events
        if event.annotator == annotator and event.codebook == codebook.reference
    ]


def _put_off(own: Iterable[Annotation]) -> dict[str, int]:
    """Return the units put off and not judged since, with the place of the event that did it.

    A unit is put off by an event without a label where no label stood; an undo takes back one that
    did.
    """
    stands: set[tuple[str, str]] = set()
    put_off: dict[str, int] = {}
    for number, event in enumerate(own):
        key = (event.unit_id, event.task)
        if event.label is not None:
            stands.add(key)
            put_off.pop(event.unit_id, None)
        elif key in stands:
            stands.discard(key)
            put_off.pop(event.unit_id, None)
        else:
            put_off[event.unit_id] = number
    return put_off


def _pace(own: Sequence[Annotation], tasks: set[str]) -> float | None:
    """Return the median time from one finished unit to the next, in seconds."""
    finished: dict[str, datetime] = {}
    judged: dict[str, set[str]] = {}
    for event in own:
        if event.label is not None and not place_of(event).adjudicates:
            judged.setdefault(event.unit_id, set()).add(event.task)
            if judged[event.unit_id] == tasks and (at := moment(event.at)):
                finished.setdefault(event.unit_id, datetime.fromisoformat(at))
    times = sorted(finished.values())
    gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
    gaps = [gap for gap in gaps if 0 < gap <= PAUSE_SECONDS]
    return median(gaps) if len(gaps) >= 2 else None
