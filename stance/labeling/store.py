"""The files of labels: the annotation log, the settled labels, the register of documents.

`annotations.jsonl` is append-only, one line an event; `settled.jsonl` is derived from it, a row a
unit; `documents.csv` says which exact text an article id stands for. None holds article text.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from stance.errors import LabelError
from stance.files import write_whole
from stance.records import Annotation, Label

ADJUDICATION = "adjudication"  # the design of a judgement that settles others


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A labelled document: its id, and the hash that tells its exact text."""

    article_id: str
    sha256: str  # of the original text in UTF-8
    characters: int
    source: str  # its outlet


def read_annotations(path: Path) -> list[Annotation]:
    """Return every event of an annotation log, in order.

    Raises
    ------
    LabelError
        If the file cannot be read, or a line in it is not an annotation.
    """
    names = {field.name for field in fields(Annotation)}
    annotations = []
    for number, row in _rows(path):
        if set(row) != names or not all(isinstance(value, str) for value in row.values()):
            raise LabelError(
                f"{path}:{number}: an annotation has the texts {', '.join(sorted(names))}"
            )
        annotations.append(Annotation(**row))
    return annotations


def append_annotations(path: Path, annotations: Iterable[Annotation]) -> None:
    """Add events at the end of a log, and see them onto the disk."""
    with path.open("a", encoding="utf-8") as file:
        for annotation in annotations:
            file.write(_line(asdict(annotation)))
        file.flush()
        os.fsync(file.fileno())


def read_labels(path: Path) -> list[Label]:
    """Return the settled labels of a file.

    Raises
    ------
    LabelError
        If the file cannot be read, or a row in it is not a unit's settled labels.
    """
    labels = []
    for number, row in _rows(path):
        try:
            labels.append(
                Label(
                    unit_id=row.pop("unit_id"),
                    article_id=row.pop("article_id"),
                    sha256=row.pop("sha256"),
                    start=int(row.pop("start")),
                    end=int(row.pop("end")),
                    codebook=row.pop("codebook"),
                    annotators=row.pop("annotators"),
                    labels=row,  # what is left are the tasks
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise LabelError(f"{path}:{number}: not a row of settled labels: {error!r}") from None
    return labels


def write_labels(path: Path, labels: Sequence[Label]) -> None:
    """Write settled labels, a row a unit, in one step."""
    rows = (
        {
            "unit_id": label.unit_id,
            "article_id": label.article_id,
            "sha256": label.sha256,
            "start": label.start,
            "end": label.end,
            **label.labels,
            "codebook": label.codebook,
            "annotators": label.annotators,
        }
        for label in labels
    )
    write_whole(path, "".join(_line(row) for row in rows))


def read_documents(path: Path) -> dict[str, Document]:
    """Return the register of labelled documents by article id; empty if there is no such file.

    Raises
    ------
    LabelError
        If a row lacks a column.
    """
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return {
                row["article_id"]: Document(
                    article_id=row["article_id"],
                    sha256=row["sha256"],
                    characters=int(row["characters"]),
                    source=row["source"],
                )
                for row in csv.DictReader(file)
            }
        except (KeyError, TypeError, ValueError) as error:
            raise LabelError(f"{path}: not a register of documents: {error!r}") from None


def write_documents(path: Path, documents: Mapping[str, Document]) -> None:
    """Write the register of labelled documents, by article id, in one step."""
    lines = ["article_id,sha256,characters,source"]
    for _, d in sorted(documents.items()):
        quoted = '"' + d.source.replace('"', '""') + '"'
        lines.append(f"{d.article_id},{d.sha256},{d.characters},{quoted}")
    write_whole(path, "\n".join(lines) + "\n")


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{path}: cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise LabelError(f"{path}:{number}: not a JSON object")
        yield number, row


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
