"""A row of a table about a unit: an event, or labels that are to become events.

Our JSON Lines, CSV for spreadsheets and CSV for statistics differ in their layout only: each row
has the columns of an event, or a column a task.
"""

from collections.abc import Collection, Iterable, Mapping

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.labeling.exchange.statements import (
    Numbered,
    Reading,
    Reference,
    Statement,
    event_of_row,
    known_design,
    text_of,
)
from stance.labeling.times import utc_time
from stance.records import Article, Unit

NO_LABEL = "(none)"  # in a task's column: put off or taken back; an empty cell says nothing
OTHER_TASK = "task:"  # before the name of a task that the codebook does not have
GUESS = "guess:"  # before the name of the task whose guess it is


def unit_row(article: Article, unit: Unit) -> dict[str, object]:
    """Return the columns that say which unit a row speaks of."""
    return {
        "unit_id": unit.id,
        "article_id": unit.article_id,
        "start": unit.start,
        "end": unit.end,
        "sha256": article.sha256,
    }


def check_columns(
    columns: Collection[str], theirs: Iterable[str], path: str, reading: Reading
) -> None:
    """Tell of each task that has no column, lest its labels be lost in silence.

    Parameters
    ----------
    columns
        What we call them.
    theirs
        What the file calls them.

    Raises
    ------
    LabelError
        If no column holds labels of a task that is asked for.
    """
    there = {name.removeprefix(OTHER_TASK) for name in columns}
    asked = [reading.task] if reading.task else [task.name for task in reading.codebook.tasks]
    missing = [task for task in asked if task not in there]
    if missing == asked and "label" in columns:  # a row says whose it is
        return
    if missing == asked and (reading.task or not any(map(_is_other, columns))):
        raise LabelError(
            f"{path}: no column is called {', '.join(asked)}; name those that are: --map "
            f"OURS=THEIRS. It has {', '.join(theirs)[:200]}"
        )
    for task in missing:
        reading.on_notice(
            f"{path}: no column is called {task}; if it has another name there: --map {task}=THEIRS"
        )


def reference_of_row(row: Mapping[str, object], where: str) -> Reference:
    """Return how a row names its unit."""
    return Reference(
        unit_id=text_of(row, "unit_id"),
        article_id=text_of(row, "article_id"),
        start=_place(row, "start", where),
        end=_place(row, "end", where),
        text=text_of(row, "text"),
        sha256=text_of(row, "sha256"),
    )


def statement_of_row(
    row: Mapping[str, object], where: str, number: int, reading: Reading
) -> Statement:
    """Return what a row says: an event where it has all that makes one, else labels.

    Parameters
    ----------
    number
        The place of the row in its file: the order of events.

    Raises
    ------
    LabelError
        If a value is not what its column wants, or it is not said whose task a label is.
    """
    unit = reference_of_row(row, where)
    labels = _labels(row, reading.codebook)
    given, named = row.get("label"), text_of(row, "task") or reading.task
    is_long = bool(named and not labels and "label" in row)  # else "label" is a column of theirs
    if named and is_long:
        labels = {named: None if given is None else str(given)}
    elif not labels and given not in (None, ""):
        raise LabelError(f"{where}: a label of which task? Give --task")
    guesses = _guesses(row, named)
    if unit.unit_id and all(text_of(row, key) for key in ("annotator", "at", "design", "codebook")):
        events = [
            event_of_row(
                {**row, "note": row.get("note") or "", "task": name, "label": label}
                | {"guess": guesses.get(name)},
                where,
            )
            for name, label in labels.items()
        ]
        history = tuple(Numbered(number=number, event=event) for event in events)
        return Statement(where=where, unit=unit, history=history, is_event=True)
    at, design = text_of(row, "at"), text_of(row, "design")
    if design is not None:
        known_design(design, where)
    if is_long and given in (None, ""):
        labels = {}  # nobody judged yet
    return Statement(
        where=where,
        unit=unit,
        annotator=text_of(row, "annotator"),
        labels=labels,
        guesses=guesses,
        at=None if at is None else utc_time(at, where),
        design=design,
        codebook=text_of(row, "codebook"),
        note=text_of(row, "note") or "",
    )


def _labels(row: Mapping[str, object], codebook: Codebook) -> dict[str, str | None]:
    """Return the labels in the columns of tasks, in the order of the codebook."""
    columns = [(task.name, task.name) for task in codebook.tasks]
    columns += [(name.removeprefix(OTHER_TASK), name) for name in row if _is_other(name)]
    found = {task: row.get(column) for task, column in columns}
    return {
        task: None if value == NO_LABEL else str(value)
        for task, value in found.items()
        if value not in (None, "")
    }


def _guesses(row: Mapping[str, object], task: str | None) -> dict[str, str]:
    found = {
        name.removeprefix(GUESS): value
        for name, value in row.items()
        if name.startswith(GUESS) and isinstance(value, str) and value
    }
    guess = row.get("guess")
    return {**found, task: guess} if task and isinstance(guess, str) else found


def _is_other(name: str) -> bool:
    return name.startswith(OTHER_TASK)


def _place(row: Mapping[str, object], name: str, where: str) -> int | None:
    value = row.get(name)
    if value in (None, ""):
        return None
    try:
        return int(str(value))
    except ValueError:
        raise LabelError(f"{where}: {name} must be a whole number, not {value!r}") from None
