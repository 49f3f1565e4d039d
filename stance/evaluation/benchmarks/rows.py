"""The lines of a public data set, checked, as units with labels."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.codebook import Codebook, Task
from stance.errors import DataError, LabelError
from stance.records import LabeledUnit, Unit, text_sha256


class Row:
    """A line of a data file that hands out checked values and knows where it stands.

    What is not as it must be raises a DataError that names file and line.
    """

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.data, self.where = data, where

    def error(self, what: str) -> DataError:
        """Return the error that says what is wrong here."""
        return DataError(f"{self.where}: {what}")

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key} must be a text that is not empty")
        return value

    def number(self, key: str) -> int:
        """Return a whole number."""
        value = self.data.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(f"{key} must be a whole number")
        return value

    def label(self, key: str, task: Task) -> str:
        """Return a label of a task."""
        try:
            return task.label(self.text(key))
        except LabelError as error:
            raise self.error(f"{key}: {error}") from None

    def shares(self, key: str, task: Task) -> dict[str, float]:
        """Return label -> share of the annotators who gave it."""
        given = self.data.get(key)
        if not isinstance(given, dict) or not given:
            raise self.error(f"{key} must say what each annotator chose")
        votes = Row(given, f"{self.where}: {key}")
        counts = Counter(votes.label(annotator, task) for annotator in given)
        return {name: counts[name] / len(given) for name in task.classes}


def rows_of(content: bytes, path: Path) -> list[Row]:
    """Return the lines of a file, each with an id of its own.

    Raises
    ------
    DataError
        If a line is no JSON object with an id, or there is none.
    """
    rows: list[Row] = []
    ids: set[str] = set()
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise DataError(f"{path}:{number}: not a JSON object")
        row = Row(data, f"{path}:{number}")
        if row.text("id") in ids:
            raise row.error(f"a line before has the id {row.text('id')!r} too")
        ids.add(row.text("id"))
        rows.append(row)
    if not rows:
        raise DataError(f"{path}: holds no line")
    return rows


def labeled_unit(
    row: Row,
    book: Codebook,
    *,
    target: bool = True,
    groups: str = "text",
    also: Mapping[str, str] | None = None,
    shares: Mapping[str, Mapping[str, float]] | None = None,
) -> LabeledUnit:
    """Return a line as a unit.

    Parameters
    ----------
    target
        Whether each line names what its label is toward.
    groups
        The key of what must not be torn apart: intervals are over it, and so is the choice of C.
    also
        Labels of further tasks.

    Raises
    ------
    DataError
        If the line lacks something, or its label is none of the codebook's.
    """
    text, task = row.text("text"), book.tasks[0]
    unit = Unit(
        id=row.text("id"),
        article_id=row.text("id"),
        index=0,
        kind="sentence",
        text=text,
        start=0,
        end=len(text),
        target=row.text("target") if target else None,
    )
    return LabeledUnit(
        unit=unit,
        source=None,
        date=None,
        sha256=text_sha256(row.text(groups)),
        labels={task.name: row.label("label", task), **(also or {})},
        shares=shares or {},
    )
