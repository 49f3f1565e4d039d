"""Our own JSON Lines: an event a line, with its unit's text and context beside."""

import json
from collections.abc import Iterator

from stance.errors import LabelError
from stance.labeling.exchange.rows import check_columns, statement_of_row, unit_row
from stance.labeling.exchange.statements import (
    Parcel,
    Reading,
    Statement,
    json_objects,
)
from stance.labeling.log import row_of_event


def write_lines(parcel: Parcel) -> Iterator[str]:
    """Yield a line an event; of units to judge, a line each, with every task null."""
    units = parcel.units()
    context = {
        unit_id: {
            **unit_row(article, unit),
            "text": unit.text,
            "heading": unit.heading,
            "lead_in": unit.lead_in,
            "before": unit.before,
        }
        for unit_id, (article, unit) in units.items()
    }
    for event in parcel.events:
        yield _line({**row_of_event(event), **context[event.unit_id]})
    for unit_id, design in (parcel.blank or {}).items():
        empty = dict.fromkeys(task.name for task in parcel.codebook.tasks)
        yield _line({**context[unit_id], "design": design, **empty})


def read_lines(content: bytes, path: str, reading: Reading) -> list[Statement]:
    """Return what each line says: an event, or a label for each task that was judged.

    Raises
    ------
    LabelError
        If a line is no JSON object that names a unit, or no line has the key of a task.
    """
    statements: list[Statement] = []
    keys: dict[str, None] = {}  # of all lines: one need not have every task
    for where, row in json_objects(content, path, reading.names):
        if not any(row.get(name) is not None for name in ("unit_id", "article_id", "text")):
            raise LabelError(
                f"{where}: not a JSON object with a unit_id, as `stance split` writes them"
            )
        keys |= dict.fromkeys(row)
        statements.append(statement_of_row(row, where, len(statements), reading))
    if statements:
        theirs = [key for key in keys if key not in reading.names]
        check_columns(keys, theirs, path, reading)
    return statements


def _line(row: dict[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
