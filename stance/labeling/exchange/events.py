"""Statements into events: the history that a file carries, and what was changed in it since."""

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
    xml_text,
)
from stance.labeling.log import Key, by_codebook, key_of, now, place_of, standing
from stance.labeling.times import is_before, moment
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
        if named.unit_id not in (None, found):  # the same text under another name
            raise LabelError(
                f"{where}: the text in which {named.unit_id!r} was judged is that of {found!r} "
                "here; give the article its former name, or PATH as it was then: names begin there"
            )
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
    design: Design | None = None  # that was given for the fresh ones
    unsaid: Sequence[str] = ()  # units of which a label in the log is not among the file's

    @property
    def events(self) -> list[Annotation]:
        """Return all of them, history first."""
        return [*self.history, *self.fresh]


def events_of(
    statements: Sequence[Statement],
    units: Units,
    codebook: Codebook,
    *,
    names: Names | None = None,
    design: Design | None = None,
    known: Sequence[Annotation] = (),
    drawn: Mapping[str, str] | None = None,
) -> Imported:
    """Return the events that statements make: their history, and new ones where labels differ.

    Parameters
    ----------
    names
        Never touch the history: who judged then is known.
    design
        For a new event whose file does not say how its unit was chosen; if neither does, that of
        the log, then that of the draw, then census. An adjudication is one also of units that were
        drawn.
    known
        The log.
    drawn
        Unit id -> design of the draw that holds it.

    Raises
    ------
    LabelError
        If a statement names an unknown unit, task or label, or no annotator, if it follows another
        codebook, if one name was given for several annotators or one annotator has two spellings,
        if the design given is not that of the file, or if one annotator gives a unit two labels and
        no time for either.
    """
    history = _history(statements, units, codebook)
    latest: dict[Key, Annotation] = {}
    designs: dict[tuple[str, str], str] = {}
    for event in history:
        latest[key_of(event)] = event
        if event.codebook == codebook.reference:
            designs[event.unit_id, event.annotator] = event.design
    fresh: list[Annotation] = []
    undated: dict[Key, tuple[str, Annotation]] = {}  # with where the file says it
    unsaid: dict[str, None] = {}
    ours = by_codebook(known).get(codebook.reference, [])
    stands = standing(ours)
    chosen = _chosen(ours, drawn or {})
    this_moment = now()
    who = _annotators(statements, names or Names(), {event.annotator for event in history})
    for statement, annotator in zip(statements, who, strict=True):
        if not (statement.labels or statement.all_that_stands):
            continue
        if statement.codebook not in (None, codebook.reference):
            raise LabelError(
                f"{statement.where}: this row follows {statement.codebook}, not "
                f"{codebook.reference}; give --codebook, or empty the column"
            )
        unit_id = units.find(statement.unit, statement.where)
        before = designs.get((unit_id, annotator))
        said = _design(statement, before, design)
        model = Annotation(
            unit_id=unit_id,
            annotator=annotator,
            task="",
            label=None,
            codebook=codebook.reference,
            at=statement.at or this_moment,
            design=said or Design.CENSUS.value,
        )
        if statement.all_that_stands or statement.shows_all:
            left_out = (
                replace(model, task=task.name)
                for task in codebook.tasks
                if task.name not in statement.labels
            )
            for event in left_out:
                last = None if key_of(event) in latest else stands.get(place_of(event))
                if last is not None and not is_before(event.at, last.at):
                    unsaid[unit_id] = None
        changes = _changes(statement, model, latest, codebook)
        if said is None:
            changes = [replace(event, design=_design_here(event, chosen)) for event in changes]
        for event in changes if statement.at is None else ():
            where, first = undated.setdefault(key_of(event), (statement.where, event))
            if event.label != first.label:
                raise LabelError(
                    f"{statement.where}: {event.task} of {unit_id} is judged twice by one "
                    f"annotator, {annotator}: {event.label or 'no label'} here, "
                    f"{first.label or 'no label'} at {where}; if two people judged, name their "
                    "column with --map annotator=COLUMN, else leave one of the two"
                )
        fresh += changes
    return Imported(
        history=history,
        fresh=_in_time(fresh),
        now=this_moment,
        design=design,
        unsaid=tuple(unsaid),
    )


def _in_time(events: Sequence[Annotation]) -> list[Annotation]:
    """Return events with those of one place in the order of their times.

    Those of other places stay where they are, so a log comes back line by line.
    """
    by_place: dict[Key, list[Annotation]] = {}
    for event in events:
        by_place.setdefault(key_of(event), []).append(event)
    in_time = {
        place: iter(sorted(found, key=lambda event: moment(event.at)))
        for place, found in by_place.items()
    }
    return [next(in_time[key_of(event)]) for event in events]


def _chosen(ours: Iterable[Annotation], drawn: Mapping[str, str]) -> Mapping[tuple[str, ...], str]:
    """Return how units were chosen: of a unit, an annotator of it, or one task of theirs."""
    chosen: dict[tuple[str, ...], str] = {(unit_id,): design for unit_id, design in drawn.items()}
    for event in ours:
        if not place_of(event).adjudicates:
            chosen[event.unit_id, event.annotator] = event.design
            chosen[event.unit_id, event.annotator, event.task] = event.design
    return chosen


def _design_here(event: Annotation, chosen: Mapping[tuple[str, ...], str]) -> str:
    """Return how the unit of an event was chosen, of which its file does not say it."""
    unit_id, annotator = event.unit_id, event.annotator
    for key in ((unit_id, annotator, event.task), (unit_id,), (unit_id, annotator)):
        if key in chosen:
            return chosen[key]
    return event.design


def _design(statement: Statement, before: str | None, given: Design | None) -> str | None:
    """Return how a unit was chosen, of which an annotator may have judged `before` by a design.

    None where neither the file nor the design given says it.
    """
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
    return None if given is None else given.value


def _history(statements: Iterable[Statement], units: Units, codebook: Codebook) -> list[Annotation]:
    carried: dict[Numbered, str] = {}  # the same event may travel with several statements
    for statement in statements:
        for item in statement.history:
            units.find(replace(statement.unit, unit_id=item.event.unit_id), statement.where)
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
    latest: Mapping[Key, Annotation],
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
        last = latest.get(key_of(event))
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
