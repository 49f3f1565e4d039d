"""What an import adds to a log: of the events in a file those that the log does not hold yet."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from stance.errors import LabelError
from stance.labeling.designs import Design
from stance.labeling.desk import check_spelling
from stance.labeling.exchange.events import Imported
from stance.labeling.log import Key, by_codebook, key_of, place_of, standing
from stance.labeling.times import is_before, is_same, moment
from stance.records import Annotation

Person = tuple[str, str, str]  # a unit's id, an annotator of it, and the codebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an import adds to a log, and where it does not have the last word."""

    new: Sequence[Annotation]
    changed: Sequence[Annotation]  # those that a later judgement has taken the place of


def new_events(imported: Imported, known: Sequence[Annotation]) -> Added:
    """Return what a log does not hold yet, and which judgements were changed since.

    An event of the history is known where the log has the very same one, or one that differs only
    in that its time is told more or less exactly. A fresh one is known also where it would change
    nothing that stands, and where its annotator gave that label since the file's history ends and
    then another, unless the file says that it is the later of the two: else a file that is imported
    again would undo each correction. Whatever the file dates before what the log has of its place
    is left out: the later judgement is to stand. A label that stands as of a census, and has
    another design in the file, is news: it belongs to that sample.

    Raises
    ------
    LabelError
        If the log spells the name of an annotator in another way, or somebody would decide what
        they judged themselves, or judge what they decided.
    """
    names = {event.annotator for event in known}
    for name in sorted({event.annotator for event in imported.events}):
        check_spelling(name, names)
    there = Counter(known)
    by_key: dict[Key, list[Annotation]] = {}
    for event in known:
        by_key.setdefault(key_of(event), []).append(event)
    exported = set(imported.history)  # what the file's history knows of
    rest = []
    for event in imported.history:
        if there[event]:
            there[event] -= 1
        else:
            rest.append(event)
    new: list[Annotation] = []
    older = []
    for event in rest:
        before = by_key.get(key_of(event), [])
        same = next((e for e in before if there[e] and _is_as_told(event, e)), None)
        if same is not None:
            there[same] -= 1
            exported.add(same)
        elif before and is_before(event.at, before[-1].at):
            older.append(event)
        else:
            new.append(_after(event, before))
            exported.add(new[-1])
    for event in new:
        by_key.setdefault(key_of(event), []).append(event)
    judges = _judges([*known, *new])
    coders = {event.annotator for event in imported.fresh if _person(event) in judges}
    judged_by: dict[tuple[str, str, str], set[str]] = {}  # a unit's id, task and codebook
    for events in judges.values():
        for event in events:
            where = (event.unit_id, event.task, event.codebook)
            judged_by.setdefault(where, set()).add(event.annotator)
    own = []
    by_parties = []
    last_words: dict[Key, Annotation] = {}
    for event in imported.fresh:
        # --design is for who decides: what the others in the file judged stays their own, as does
        # what a coder says where two others have not left anything to decide.
        others = judged_by.get((event.unit_id, event.task, event.codebook), set())
        is_own = (
            imported.design is Design.ADJUDICATION
            and place_of(event).adjudicates
            and (
                _person(event) in judges
                or (event.annotator in coders and len(others - {event.annotator}) < 2)
            )
        )
        said = replace(event, design=Design.CENSUS.value) if is_own else event
        own += [event] if is_own else []
        before = by_key.setdefault(key_of(said), [])
        last_words[key_of(said)] = said
        if there[said] or _is_known(said, before, exported, is_dated=said.at != imported.now):
            continue
        if is_own:
            by_parties.append(event)
            continue
        new.append(_after(said, before))
        before.append(new[-1])
    # Where nobody else decides anything, they were meant to.
    by_parties = own if len(own) == len(imported.fresh) else by_parties
    _refuse_parties(new, [*known, *new], exported, by_parties)
    if imported.design is Design.ADJUDICATION:
        _refuse_deciders(event for event in new if event.label and event not in exported)
    changed = [
        event
        for key, event in last_words.items()
        if by_key[key] and by_key[key][-1].label != event.label
    ]
    return Added(new=new, changed=[*older, *changed])


def _is_known(
    event: Annotation,
    before: Sequence[Annotation],
    exported: Collection[Annotation],
    *,
    is_dated: bool,
) -> bool:
    """Return whether a fresh event says nothing that those before it, of its place, do not say."""
    if not before:
        return False
    last = before[-1]
    is_of_census = last.design == Design.CENSUS and event.design != last.design
    if is_of_census and last.label == event.label and event.note in ("", last.note):
        return False
    if is_dated and is_before(event.at, last.at):
        return True
    given = [last]
    given += [e for e in before if (is_same(e.at, event.at) if is_dated else e not in exported)]
    notes = [e.note for e in given if e.label == event.label]
    if last.label != event.label:
        return bool(notes)
    return event.note in ("", *notes)


def _is_as_told(event: Annotation, other: Annotation) -> bool:
    return replace(event, at=other.at) == other and is_same(event.at, other.at)


def _after(event: Annotation, before: Sequence[Annotation]) -> Annotation:
    """Return an event with the time of the last before it, where its own is less exact or earlier.

    Then it says more of the same judgement, such as how its unit was chosen.
    """
    last = before[-1].at if before else ""
    return replace(event, at=last) if moment(event.at) < moment(last) else event


def _person(event: Annotation) -> Person:
    return event.unit_id, event.annotator, event.codebook


def _judges(events: Iterable[Annotation]) -> dict[Person, list[Annotation]]:
    """Return the independent judgements that stand, by whose they are and of which unit."""
    found: dict[Person, list[Annotation]] = {}
    for ours in by_codebook(events).values():
        for place, event in standing(ours).items():
            if not place.adjudicates:
                found.setdefault(_person(event), []).append(event)
    return found


def _refuse_parties(
    new: Iterable[Annotation],
    events: Sequence[Annotation],
    exported: Collection[Annotation],
    by_parties: Iterable[Annotation],
) -> None:
    """Refuse decisions by who judged the unit, and judgements by who saw it to decide it.

    What one log says of both is its history, and stays as it was.
    """
    judges = _judges(events)
    deciders: dict[Person, list[Annotation]] = {}
    for event in events:
        if place_of(event).adjudicates:
            deciders.setdefault(_person(event), []).append(event)
    parties = [event for event in by_parties if event.label is not None]
    informed: list[Annotation] = []
    for event in new:
        decides = place_of(event).adjudicates
        others = (judges if decides else deciders).get(_person(event), ())
        is_history = event in exported and all(other in exported for other in others)
        if event.label is not None and others and not is_history:
            (parties if decides else informed).append(event)
    if parties:
        raise LabelError(
            f"annotators cannot decide what they judge themselves: {_units_of(parties)}; leave "
            "out these rows, or bring them in a file of their own without --design adjudication"
        )
    if informed:
        raise LabelError(
            "who decided a unit has seen what others say and cannot judge it any more: "
            f"{_units_of(informed)}; give --design adjudication if these are decisions, else leave "
            "out their rows"
        )


def _refuse_deciders(decisions: Iterable[Annotation]) -> None:
    """Refuse a file in which several people judged a unit, of whom --design makes deciders all."""
    by_unit: dict[str, list[Annotation]] = {}
    for event in decisions:
        by_unit.setdefault(event.unit_id, []).append(event)
    several = [
        event
        for found in by_unit.values()
        if len({event.annotator for event in found}) > 1
        for event in found
    ]
    if several:
        raise LabelError(
            f"--design adjudication makes each of them decide the same units: {_units_of(several)};"
            " import what annotators judged without it first, then the decisions"
        )


def _units_of(events: Iterable[Annotation]) -> str:
    """Return whose events these are, and of how many units."""
    units: dict[str, dict[str, None]] = {}
    for event in events:
        units.setdefault(event.annotator, {})[event.unit_id] = None
    return ", ".join(
        f"{name} {len(found)} units, {next(iter(found))} first"
        for name, found in sorted(units.items())
    )
