"""A row of a table about a unit: an event, or labels that are to become events.

Our JSON Lines, CSV for spreadsheets and CSV for statistics differ in their layout only: each row
has the columns of an event, or a column a task.
"""

from collections.abc import Mapping

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
    utc_time,
)
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
    if named and not labels and "label" in row:
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
        return Statement(where=where, unit=unit, history=history)
    at, design = text_of(row, "at"), text_of(row, "design")
    if design is not None:
        known_design(design, where)
    if "label" in row and given in (None, ""):
        labels = {}  # nobody judged yet
    return Statement(
        where=where,
        unit=unit,
        annotator=text_of(row, "annotator"),
        labels=labels,
        guesses=guesses,
        at=None if at is None else utc_time(at, where),
        design=design,
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
