"""Statements into events: the history that a file carries, and what was changed in it since."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.labeling.designs import Design
from stance.labeling.desk import check_name, check_spelling
from stance.labeling.exchange.statements import (
    Numbered,
    Reference,
    Statement,
    known_design,
    utc_time,
    xml_text,
)
from stance.labeling.log import Place, now, place_of
from stance.records import Annotation, Article, Unit, text_sha256, unit_id


class Units:
    """The units that judgements may speak of, found by whatever a file names them by."""

    def __init__(self, articles: Iterable[tuple[Article, Sequence[Unit]]]) -> None:
        self._units: dict[str, Unit] = {}
        self._by_text: dict[str, list[str]] = {}
        self._articles: dict[str, list[str]] = {}  # sha256 of an article's text -> ids
        for article, units in articles:
            for sha256 in {article.sha256, text_sha256(xml_text(article.original))}:
                self._articles.setdefault(sha256, []).append(article.id)
            for unit in units:
                self._units[unit.id] = unit
                self._by_text.setdefault(unit.text, []).append(unit.id)

    def find(self, named: Reference, where: str) -> str:
        """Return the id of the unit that a file names.

        Raises
        ------
        LabelError
            If it names none of these units, or several, or one that reads otherwise than the file
            says.
        """
        if named.sha256 is not None and named.sha256 not in self._articles:
            raise LabelError(
                f"{where}: judged in a text that is not among the articles given, sha256 "
                f"{named.sha256[:16]}"
            )
        found = named.unit_id
        if named.start is not None and named.end is not None:
            if found is not None and not found.endswith(f":{named.start}-{named.end}"):
                raise LabelError(f"{where}: {found!r} does not stand at {named.start}-{named.end}")
            articles = [named.article_id] if named.article_id else []
            if named.sha256 is not None:  # the text says more than its name
                articles = self._articles[named.sha256]
            ids = [unit_id(article_id, named.start, named.end) for article_id in articles]
            if len(ids) > 1 and found not in ids:
                raise LabelError(
                    f"{where}: {ids[0]} and {ids[1]} have the same text; say which by its unit_id"
                )
            found = found if found in ids else next(iter(ids), found)
        if found is None:
            found = self._of_text(named.text, where)
        unit = self._units.get(found)
        if unit is None:
            raise LabelError(f"{where}: {found!r} is no unit of the articles given")
        if named.sha256 is not None:
            judged = self._articles[named.sha256]
            if unit.article_id not in judged:
                raise LabelError(
                    f"{where}: {found!r} was judged in a text that is called {judged[0]!r} here; "
                    f"{unit.article_id!r} is another"
                )
        elif named.text and named.text.split() != unit.text.split():
            raise LabelError(
                f"{where}: {found!r} reads {unit.text[:60]!r} here, not {named.text[:60]!r}"
            )
        return found

    def _of_text(self, text: str | None, where: str) -> str:
        if not text:
            raise LabelError(
                f"{where}: names no unit; give a unit_id, or article_id, start and end, or its text"
            )
        found = self._by_text.get(text) or self._by_text.get(text.strip()) or []
        if not found:
            raise LabelError(f"{where}: no unit of the articles given reads {text[:60]!r}")
        if len(found) > 1:
            raise LabelError(
                f"{where}: {len(found)} units read {text[:60]!r}, {found[0]} and {found[1]} "
                "first; say which by its unit_id"
            )
        return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What annotators are called here: one name for all, or new names for the file's own."""

    everyone: str | None = None
    ours: Mapping[str, str] = field(default_factory=dict)  # the file's name -> ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The events in a file."""

    history: Sequence[Annotation]  # as they were exported, in the order of their log
    fresh: Sequence[Annotation]  # what nobody had written down as an event before
    now: str  # the time of those fresh ones for which the file says none

    @property
    def events(self) -> list[Annotation]:
        """Return all of them, history first."""
        return [*self.history, *self.fresh]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an import adds to a log, and where it does not have the last word."""

    new: Sequence[Annotation]
    changed: Sequence[Annotation]  # those that a later judgement has taken the place of


def events_of(
    statements: Sequence[Statement],
    units: Units,
    codebook: Codebook,
    *,
    names: Names | None = None,
    design: Design | None = None,
) -> Imported:
    """Return the events that statements make: their history, and new ones where labels differ.

    Parameters
    ----------
    names
        Never touch the history: who judged then is known.
    design
        For a new event whose file does not say how its unit was chosen; census if neither says.
        An adjudication is one also of units that were drawn.

    Raises
    ------
    LabelError
        If a statement names an unknown unit, task or label, or no annotator, if one name was given
        for several annotators or one annotator has two spellings, if the design given is not that
        of the file, or if one annotator gives a unit two labels and no time for either.
    """
    history = _history(statements, units, codebook)
    latest: dict[Place, Annotation] = {}
    designs: dict[tuple[str, str], str] = {}
    for event in history:
        latest[place_of(event)] = event
        designs[event.unit_id, event.annotator] = event.design
    fresh: list[Annotation] = []
    undated: dict[Place, tuple[str, Annotation]] = {}  # with where the file says it
    moment = now()
    who = _annotators(statements, names or Names(), {event.annotator for event in history})
    for statement, annotator in zip(statements, who, strict=True):
        if not (statement.labels or statement.all_that_stands):
            continue
        unit_id = units.find(statement.unit, statement.where)
        before = designs.get((unit_id, annotator))
        chosen = _design(statement, before, design)
        model = Annotation(
            unit_id=unit_id,
            annotator=annotator,
            task="",
            label=None,
            codebook=codebook.reference,
            at=statement.at or moment,
            design=chosen,
        )
        changes = _changes(statement, model, latest, codebook)
        for event in changes if statement.at is None else ():
            where, first = undated.setdefault(place_of(event), (statement.where, event))
            if event.label != first.label:
                raise LabelError(
                    f"{statement.where}: {event.task} of {unit_id} is judged twice by one "
                    f"annotator, {annotator}: {event.label or 'no label'} here, "
                    f"{first.label or 'no label'} at {where}; if two people judged, name their "
                    "column with --map annotator=COLUMN, else leave one of the two"
                )
        fresh += changes
    return Imported(history=history, fresh=_in_time(fresh), now=moment)


def new_events(imported: Imported, known: Sequence[Annotation]) -> Added:
    """Return what a log does not hold yet, and which judgements were changed since.

    An event of the history is known where the log has the very same one. A fresh one is known also
    where it would change nothing that stands, and where its annotator gave that label since the
    file's history ends and then another, unless the file says that it is the later of the two: else
    a file that is imported again would undo each correction. Whatever the file dates before what
    the log has of its place is left out: the later judgement is to stand.

    Raises
    ------
    LabelError
        If the log spells the name of an annotator in another way.
    """
    names = {event.annotator for event in known}
    for name in sorted({event.annotator for event in imported.events}):
        check_spelling(name, names)
    there = Counter(known)
    stands = {place_of(event): event for event in known}
    new = []
    older = []
    for event in imported.history:
        if there[event]:
            there[event] -= 1
        elif _is_before(event, stands.get(place_of(event))):
            older.append(event)
        else:
            new.append(event)
    exported = set(imported.history)
    latest: dict[Place, Annotation] = {}
    since: dict[Place, list[Annotation]] = {}  # what the file's history does not know of
    for event in [*known, *new]:
        latest[place_of(event)] = event
        if event not in exported:
            since.setdefault(place_of(event), []).append(event)
    for event in imported.fresh:
        place = place_of(event)
        last = latest.get(place)
        if last is not None:
            is_dated = event.at != imported.now
            if is_dated and _is_before(event, last):
                continue
            given = [last] if is_dated else [last, *since.get(place, ())]
            notes = [before.note for before in given if _agree(before, event)]
            if there[event] or (notes and (not _agree(last, event) or event.note in ("", *notes))):
                continue
        latest[place] = event
        since.setdefault(place, []).append(event)
        new.append(event)
    last_words = {place_of(event): event for event in imported.fresh}
    changed = [event for place, event in last_words.items() if not _agree(latest[place], event)]
    return Added(new=new, changed=[*older, *changed])


def _agree(one: Annotation, other: Annotation) -> bool:
    return (one.label, one.codebook) == (other.label, other.codebook)


def _in_time(events: Sequence[Annotation]) -> list[Annotation]:
    """Return events with those of one place in the order of their times.

    Those of other places stay where they are, so a log comes back line by line.
    """
    by_place: dict[Place, list[Annotation]] = {}
    for event in events:
        by_place.setdefault(place_of(event), []).append(event)
    in_time = {place: iter(sorted(found, key=_moment)) for place, found in by_place.items()}
    return [next(in_time[place_of(event)]) for event in events]


def _is_before(event: Annotation, other: Annotation | None) -> bool:
    return other is not None and _moment(event) < _moment(other)


def _moment(event: Annotation) -> str:
    """Return the time of an event as it sorts; "" where a log says none that can be read."""
    try:
        return utc_time(event.at, event.unit_id)
    except LabelError:
        return ""


def _design(statement: Statement, before: str | None, given: Design | None) -> str:
    """Return how a unit was chosen, of which an annotator may have judged `before` by a design."""
    said = statement.design or before
    if said is not None:
        kind = known_design(said, statement.where)
        # What somebody said before others differed stays what it was.
        if given in (None, kind) or before is not None:
            return said
        if given is not Design.ADJUDICATION:
            raise LabelError(
                f"{statement.where}: the design is {said} here, not {given}; leave out --design, "
                "or change the file"
            )
    return (given or Design.CENSUS).value


def _history(statements: Iterable[Statement], units: Units, codebook: Codebook) -> list[Annotation]:
    carried: dict[Numbered, str] = {}  # the same event may travel with several statements
    for statement in statements:
        for item in statement.history:
            judged = item.event.unit_id
            found = units.find(replace(statement.unit, unit_id=judged), statement.where)
            if found != judged:  # the same text under another name
                raise LabelError(
                    f"{statement.where}: the text in which {judged!r} was judged is that of "
                    f"{found!r} here; give the article its former name"
                )
            carried.setdefault(item, statement.where)
    events = []
    for item, where in sorted(carried.items(), key=lambda pair: pair[0].number):
        event = item.event
        if event.codebook == codebook.reference:
            event = replace(
                event,
                label=_label(codebook, event.task, event.label, where),
                guess=_label(codebook, event.task, event.guess or None, f"{where}: as a guess"),
            )
        events.append(event)
    # The rows of a table may have been sorted; the numbers of a log are its own order.
    return _in_time(events) if any(statement.is_event for statement in statements) else events


def _annotators(statements: Sequence[Statement], names: Names, known: Collection[str]) -> list[str]:
    """Return who each statement is by: "" where it holds nothing but history."""
    theirs = {
        s.annotator for s in statements if s.annotator and (s.labels or s.all_that_stands)
    } - set(names.ours)
    if names.everyone and len(theirs) > 1:
        first, second, *_ = sorted(theirs)
        raise LabelError(
            f"{statements[0].where.rpartition(':')[0]}: {len(theirs)} annotators judged here, "
            f"{first!r} and {second!r} among them; give --annotator OURS=THEIRS for each"
        )
    found = []
    spelt = set(known)
    for statement in statements:
        if not (statement.labels or statement.all_that_stands):
            found.append("")
            continue
        name = names.ours.get(statement.annotator or "") or names.everyone or statement.annotator
        if name is None:
            raise LabelError(
                f"{statement.where}: does not say who judged; give --annotator, or a table's "
                "column of annotators with --map annotator=COLUMN"
            )
        try:
            name = name if name in known else check_name(name)
            check_spelling(name, spelt, "this file")
        except LabelError as error:
            raise LabelError(f"{statement.where}: {error}") from None
        found.append(name)
        spelt.add(name)
    return found


def _changes(
    statement: Statement,
    model: Annotation,
    latest: Mapping[Place, Annotation],
    codebook: Codebook,
) -> list[Annotation]:
    """Return the events that lead from what the history says to what the statement says."""
    for name in statement.labels:
        try:
            codebook.task(name)
        except LabelError as error:
            raise LabelError(f"{statement.where}: {error}") from None
    changes: list[Annotation] = []
    unchanged: list[Annotation] = []
    noted: list[str] = []
    for task in codebook.tasks:
        event = replace(model, task=task.name, guess=statement.guesses.get(task.name))
        last = latest.get(place_of(event))
        if last is not None and last.codebook != codebook.reference:
            last = None
        if task.name in statement.labels:
            given = statement.labels[task.name]
            where = f"{statement.where}: as a guess"
            guess = _label(codebook, task.name, event.guess or None, where)
            given = _label(codebook, task.name, given, statement.where)
            event = replace(event, label=given, guess=guess)
        elif not statement.all_that_stands or last is None or last.label is None:
            continue
        if last is None or last.label != event.label:
            changes.append(event)
        else:
            unchanged.append(event)
            noted.append(last.note)
    if not statement.note:
        return changes
    if changes:
        return [replace(event, note=statement.note) for event in changes]
    if unchanged and statement.note not in noted:  # the note alone is new
        return [replace(unchanged[0], note=statement.note)]
    return []


def _label(codebook: Codebook, task: str, label: str | None, where: str) -> str | None:
    if label is None:
        return None
    try:
        return codebook.task(task).label(label)
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from None
