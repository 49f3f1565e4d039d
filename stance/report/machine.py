"""Records as JSON, and classified units as rows of JSON Lines, CSV and Parquet."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, Any

from stance.codebook import Codebook
from stance.records import ClassifiedUnit, Unit
from stance.terminal_text import cell


def to_json(record: Any) -> str:  # noqa: ANN401  any dataclass, or a list or mapping of them
    """Return a record as indented JSON with a final newline."""
    return json.dumps(record, default=asdict, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def columns(codebook: Codebook) -> list[str]:
    """Return the columns of classified units, in order."""
    names = ["article_id", "source", "date", "sha256", "unit_id", "index", "kind", "start", "end"]
    names.append("text")
    for task in codebook.tasks:
        names += [task.name, *(f"{task.name}_{label}" for label in task.classes)]
    return [*names, "abstained", "model", "codebook"]


def unit_row(unit: Unit) -> dict[str, Any]:
    """Return a unit as a row that keeps its id in `unit_id`, as every table of ours does."""
    row = asdict(unit)
    row = {"unit_id": row.pop("id"), **row}
    if unit.target is None:  # the codebook's own target
        del row["target"]
    return row


def row_of(classified: ClassifiedUnit, codebook: Codebook) -> dict[str, Any]:
    """Return a classified unit as a row; columns of tasks that the model cannot do are None."""
    unit = classified.unit
    row: dict[str, Any] = dict.fromkeys(columns(codebook))
    row |= {
        "article_id": unit.article_id,
        "source": classified.source,
        "date": classified.date,
        "sha256": classified.sha256,
        "unit_id": unit.id,
        "index": unit.index,
        "kind": unit.kind,
        "start": unit.start,
        "end": unit.end,
        "text": unit.text,
        "abstained": classified.predictions["stance"].abstained
        if "stance" in classified.predictions
        else None,
        "codebook": classified.codebook,
    }
    for task, prediction in classified.predictions.items():
        row[task] = prediction.label
        for label, probability in prediction.probabilities.items():
            row[f"{task}_{label}"] = round(probability, 4)
        row["model"] = prediction.model
    return row


def spreadsheet_safe(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose texts no spreadsheet takes for a formula: an apostrophe goes before."""
    return {key: cell(value) if isinstance(value, str) else value for key, value in row.items()}


@contextmanager
def table_writer(
    file: IO[Any], form: str, codebook: Codebook
) -> Iterator[Callable[[Sequence[Mapping[str, Any]]], None]]:
    """Give a function that writes rows of classified units to an open file, batch by batch.

    Parameters
    ----------
    file
        Text for "jsonl" and "csv", binary for "parquet".
    """
    if form == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        schema = pa.schema([(name, _arrow_type(name, codebook, pa)) for name in columns(codebook)])
        with parquet.ParquetWriter(file, schema) as writer:
            yield lambda rows: writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    elif form == "csv":
        # With "\n" as line end the writer would leave a lone "\r" in a text unquoted.
        table = csv.DictWriter(file, columns(codebook), lineterminator="\r\n")
        table.writeheader()
        yield lambda rows: table.writerows(spreadsheet_safe(row) for row in rows)
    else:
        yield lambda rows: file.writelines(json_lines(iter(rows)))


def _arrow_type(name: str, codebook: Codebook, pa: Any) -> Any:  # noqa: ANN401  pyarrow has no types
    probabilities = {f"{task.name}_{label}" for task in codebook.tasks for label in task.classes}
    if name in probabilities:
        return pa.float64()
    if name in {"index", "start", "end"}:
        return pa.int64()
    return pa.bool_() if name == "abstained" else pa.string()


def json_lines(rows: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each row as a line of JSON."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"
