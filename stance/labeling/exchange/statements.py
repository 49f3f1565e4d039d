"""What a file says, whatever its format: statements about units, and the history that it carries.

A format shows labels in its tool's own way, which holds only what stands. Beside them a file of
ours carries the events behind them, numbered in the order of their log: the history. A format
reads a file to statements and writes one from a parcel; `events` makes events of statements.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.labeling.designs import Design, kind_of
from stance.labeling.log import OPTIONAL, place_of, row_of_event, standing
from stance.labeling.times import utc_time
from stance.records import Annotation, Article, Prediction, Unit

MAX_BYTES = 256_000_000  # of one file: beyond it, memory is at stake
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """How a file names a unit: by its id, by its place in an article, or by its text."""

    unit_id: str | None = None
    article_id: str | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None
    sha256: str | None = None  # of the article's original text, where the file says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """An event, and where it stood in the log that it comes from."""

    number: int
    event: Annotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one place in a file says that one annotator holds of one unit."""

    where: str  # file:line, for errors
    unit: Reference
    annotator: str | None = None
    labels: Mapping[str, str | None] = field(default_factory=dict)  # task -> label
    all_that_stands: bool = False  # a task that is not among `labels` was taken back
    shows_all: bool = False  # it was taken back, or this tool never had it: which, is not known
    guesses: Mapping[str, str] = field(default_factory=dict)  # task -> what was proposed first
    at: str | None = None
    design: str | None = None
    codebook: str | None = None  # that the labels follow, where the file says it
    note: str = ""  # empty says nothing
    history: tuple[Numbered, ...] = ()
    is_event: bool = False  # a row that is its history: its number is its place in the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands of one annotator's judgements of one unit: what other tools show."""

    unit_id: str
    annotator: str
    labels: Mapping[str, str]  # task -> label
    note: str
    at: str | None  # of the latest judgement that stands
    design: str
    history: tuple[Numbered, ...]  # every event behind it, those withdrawn included


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a file."""

    codebook: Codebook
    task: str | None = None  # whose labels are meant where the file does not say it
    names: Mapping[str, str] = field(default_factory=dict)  # our name of a column -> the file's
    on_notice: Callable[[str], None] = lambda notice: None  # called with what else to know


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is exported: judgements of units in articles, or units for people to judge."""

    codebook: Codebook
    articles: Sequence[tuple[Article, Sequence[Unit]]]
    events: Sequence[Annotation] = ()
    blank: Mapping[str, str] | None = None  # unit id -> design of units to judge; then no events
    predictions: Mapping[str, Sequence[Prediction]] = field(default_factory=dict)  # by unit id

    def units(self) -> dict[str, tuple[Article, Unit]]:
        """Return each unit by its id, with its article."""
        return {unit.id: (article, unit) for article, units in self.articles for unit in units}


def standings(numbered: Iterable[Numbered], codebook: str) -> list[Standing]:
    """Return what stands by unit, annotator and whether they adjudicate, in order of first event.

    Only labels under the codebook of that reference are shown; the history has all. An annotator of
    whose judgements nothing stands is among them: their history is to travel too.
    """
    groups: dict[tuple[str, str, bool], list[Numbered]] = {}
    for item in numbered:
        place = place_of(item.event)
        groups.setdefault((place.unit_id, place.annotator, place.adjudicates), []).append(item)
    found = []
    for (unit_id, annotator, _), history in groups.items():
        ours = [item.event for item in history if item.event.codebook == codebook]
        stands = list(standing(ours).values())
        found.append(
            Standing(
                unit_id=unit_id,
                annotator=annotator,
                labels={event.task: event.label or "" for event in stands},
                note=next((event.note for event in reversed(stands) if event.note), ""),
                at=stands[-1].at if stands else None,
                design=ours[-1].design if ours else history[-1].event.design,
                history=tuple(history),
            )
        )
    return found


def event_of_row(row: Mapping[str, object], where: str) -> Annotation:
    """Return the event of a row of an annotation log; keys of other things are passed over.

    Raises
    ------
    LabelError
        If a text is missing or no text, or the design or the time is none.
    """
    values: dict[str, str | None] = {}
    for name in (named.name for named in fields(Annotation)):
        value = row.get(name, OPTIONAL.get(name))
        if not (isinstance(value, str) or (value is None and name in {"label", "guess"})):
            raise LabelError(f"{where}: a judgement's {name} must be a text, not {value!r}")
        values[name] = value
    event = Annotation(**values)  # type: ignore[arg-type]  # checked one by one above
    time = utc_time(event.at, where)
    known_design(event.design, where)
    return event if datetime.fromisoformat(event.at).tzinfo else replace(event, at=time)


def packed(history: Iterable[Numbered]) -> str:
    """Return a history as one line of ASCII, which any tool keeps as it is."""
    return json.dumps([[item.number, row_of_event(item.event)] for item in history])


def unpacked(text: object, where: str) -> tuple[Numbered, ...]:
    """Return the history that a file carries; none where the field is empty.

    Raises
    ------
    LabelError
        If it is no history.
    """
    if not isinstance(text, str) or not text:  # a table fills what is missing with NaN
        return ()
    try:
        pairs = [(int(number), dict(row)) for number, row in json.loads(text)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise LabelError(
            f"{where}: its history is damaged; export again, or take that field out"
        ) from None
    return tuple(Numbered(number=number, event=event_of_row(row, where)) for number, row in pairs)


def known_design(design: str, where: str) -> Design:
    """Return the kind of a design that a file names.

    Raises
    ------
    LabelError
        If there is no such kind.
    """
    try:
        return kind_of(design)
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from None


def xml_text(text: str) -> str:
    """Return a text of the same length, without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def text_of(row: Mapping[str, object], name: str) -> str | None:
    """Return a value that is a text with something in it, else None."""
    value = row.get(name)
    return value if isinstance(value, str) and value else None


def json_objects(
    content: bytes, path: str, names: Mapping[str, str] | None = None
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each line of JSON Lines that is not blank, with its place.

    Parameters
    ----------
    names
        Our name of a key -> what the file calls it, where it differs.

    Raises
    ------
    LabelError
        If a line is no JSON object.
    """
    # JSON may hold other line ends than "\n" in its texts, so it is bytes that are split.
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        row = json_value(line, where)
        if not isinstance(row, dict):
            raise LabelError(f"{where}: not a JSON object, where each line must be one")
        ours = {name: row[key] for name, key in (names or {}).items() if key in row}
        yield where, {**row, **ours}


def json_value(content: bytes, where: str) -> object:
    """Return what JSON holds.

    Raises
    ------
    LabelError
        If it is not JSON, or nested too deeply to be what we read.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise LabelError(f"{where}: not a JSON object, or one that is nested too deeply") from None
