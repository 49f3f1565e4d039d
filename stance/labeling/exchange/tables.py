"""CSV: for spreadsheets a row a unit, annotator and moment; for statistics a row an event."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from stance.corpus.decoding import decode
from stance.errors import DataError, LabelError
from stance.labeling.exchange.rows import (
    GUESS,
    NO_LABEL,
    OTHER_TASK,
    check_columns,
    statement_of_row,
    unit_row,
)
from stance.labeling.exchange.statements import Parcel, Reading, Statement
from stance.labeling.log import row_of_event
from stance.records import Annotation
from stance.terminal_text import cell, text_of_cell

_LONG = ("item", "annotator", "label", "task", "codebook", "at", "design", "note", "guess")
_UNIT = ("unit_id", "article_id", "start", "end", "sha256")
_EVENT = ("annotator", "at", "design", "codebook", "note")
_MARKS = ",;\t|"
_MAX_CELL = 64_000_000  # characters: beyond it, memory is at stake


def write_csv(parcel: Parcel) -> Iterator[str]:
    """Yield a table for spreadsheets, with the byte order mark by which they know UTF-8.

    Events that one annotator made of one unit at one moment share a row, as long as they follow
    each other in the log in the order of the columns.
    """
    tasks = _columns(parcel)
    guesses = [f"{GUESS}{name}" for name in tasks if _guessed(parcel, name)]
    header = [*_UNIT, *_EVENT, *tasks.values(), *guesses, "heading", "lead_in", "text"]
    yield "\ufeff" + _line(header)
    units = parcel.units()

    def full(unit_id: str, row: Mapping[str, object]) -> str:
        article, unit = units[unit_id]
        shown = {"heading": unit.heading, "lead_in": unit.lead_in, "text": unit.text}
        values = {**unit_row(article, unit), **shown, **row}
        return _line([values.get(name) for name in header])

    order = list(tasks)
    row: dict[str, object] = {}
    last = -1
    for event in parcel.events:
        _check(event)
        place = order.index(event.task)
        moment = {name: getattr(event, name) for name in ("unit_id", *_EVENT)}
        if place <= last or not moment.items() <= row.items():
            if row:
                yield full(str(row["unit_id"]), row)
            row = moment
        last = place
        row[tasks[event.task]] = NO_LABEL if event.label is None else event.label
        if event.guess is not None:
            row[f"{GUESS}{event.task}"] = event.guess
    if row:
        yield full(str(row["unit_id"]), row)
    for unit_id, design in (parcel.blank or {}).items():
        yield full(unit_id, {"design": design})


def write_long(parcel: Parcel) -> Iterator[str]:
    """Yield item, annotator, label and then the rest of each event; no label is an empty cell.

    Raises
    ------
    LabelError
        If it is units to judge: this form holds judgements only.
    """
    if parcel.blank is not None:
        raise LabelError("long holds judgements only; for units to judge, write csv")
    yield _line(_LONG)
    for event in parcel.events:
        _check(event)
        row = {**row_of_event(event), "item": event.unit_id}
        yield _line([row.get(name) for name in _LONG])


def read_table(content: bytes, path: str, reading: Reading) -> list[Statement]:
    """Return what each row says, whichever of the two layouts it has, or another's.

    Delimiter and encoding are found out, and the case of column names does not count.

    Raises
    ------
    LabelError
        If it is no CSV, lacks a column that was named or any with labels, or has a row that cannot
        be understood.
    """
    statements: list[Statement] = []
    names: list[str] | None = None
    for number, cells in _rows(_decoded(content, path), path):
        where = f"{path}:{number}"
        if names is None:
            names = _header(cells, reading, path)
            check_columns(names, cells, path, reading)
            continue
        if len(cells) != len(names):
            raise LabelError(
                f"{where}: {len(cells)} fields, and the header has {len(names)}; put double quotes "
                "around a field that holds the delimiter"
            )
        row: dict[str, object] = dict(zip(names, map(text_of_cell, cells), strict=True))
        row |= {name: None for name in ("label", "guess") if row.get(name) == ""}
        statements.append(statement_of_row(row, where, len(statements), reading))
    return statements


def _columns(parcel: Parcel) -> dict[str, str]:
    """Return task -> column: the codebook's tasks first, then those of other codebooks."""
    columns = {task.name: task.name for task in parcel.codebook.tasks}
    for event in parcel.events:
        columns.setdefault(event.task, f"{OTHER_TASK}{event.task}")
    return columns


def _guessed(parcel: Parcel, task: str) -> bool:
    return any(event.task == task and event.guess is not None for event in parcel.events)


def _check(event: Annotation) -> None:
    """Refuse what a cell cannot hold."""
    texts = [value for value in row_of_event(event).values() if value is not None]
    if "" in (event.label, event.guess) or NO_LABEL in texts or any("\0" in t for t in texts):
        raise LabelError(
            f"{event.unit_id}: a judgement by {event.annotator} holds an empty label or a NUL, "
            "which a table cannot; write jsonl"
        )


def _line(values: Sequence[object]) -> str:
    text = io.StringIO(newline="")
    cells = ["" if value is None else cell(str(value)) for value in values]
    # Quotes go around what has a character of the line's end, so a lone "\r" must be one of them.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _decoded(content: bytes, path: str) -> str:
    try:
        return decode(content)
    except DataError as error:
        raise LabelError(f"{path}: {error}") from None


def _rows(text: str, path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line that it begins on; rows without anything are passed over."""
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    first = text[: text.find("\n") + 1 or len(text)]
    mark = max(_MARKS, key=first.count)
    # Strict: a quote that is never closed would else swallow every judgement after it in silence.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LabelError(f"{path}:{number}: not proper CSV: {error}") from None
        if any(cells):
            yield number, cells


def _header(cells: Sequence[str], reading: Reading, path: str) -> list[str]:
    """Return what we call each column."""
    tasks = [task.name for task in reading.codebook.tasks]
    known = {name.casefold(): name for name in (*_UNIT, *_EVENT, *_LONG, "text", *tasks)}
    known["item"] = "unit_id"
    theirs = {}
    for ours, name in reading.names.items():
        if ours.casefold() not in known:
            raise LabelError(f"no column is called {ours!r} here; known: {', '.join(known)}")
        if name not in cells:
            raise LabelError(f"{path}: has no column {name!r}; it has {', '.join(cells)[:200]}")
        theirs[name] = known[ours.casefold()]
    names = []
    for name in cells:
        plain = known.get(name.strip().casefold(), name)
        taken = plain in theirs.values()  # another column was named for it
        names.append(theirs.get(name) or (f" {name}" if taken else plain))
    for name in set(names):
        if names.count(name) > 1 and name in known.values():
            raise LabelError(f"{path}: two columns are called {name!r}; rename one of them")
    return names
