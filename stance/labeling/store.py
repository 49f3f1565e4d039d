"""The files beside the annotation log: settled labels, the register of documents.

`settled.jsonl` is derived from the log, a row a unit; `documents.csv` says which exact text an
article id stands for. None holds article text.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.files import write_whole
from stance.labeling.log import locked, other_states
from stance.records import Article, Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A labelled document: its id, and the hash that tells its exact text."""

    article_id: str
    sha256: str  # of the original text in UTF-8
    characters: int
    source: str  # its outlet


def document_of(article: Article) -> Document:
    """Return what the register says of an article."""
    return Document(
        article_id=article.id,
        sha256=article.sha256,
        characters=len(article.original),
        source=article.source or article.id,
    )


def read_labels(path: Path) -> list[Label]:
    """Return the settled labels of a file, whatever codebook they follow.

    Raises
    ------
    LabelError
        If the file cannot be read, or a row in it is not a unit's settled labels.
    """
    return [label for _, label in _labels(path)]


def checked_labels(
    path: Path, codebook: Codebook, *, on_notice: Callable[[str], None] = lambda notice: None
) -> list[Label]:
    """Return the settled labels of a file that follow a codebook, each checked against it.

    Parameters
    ----------
    on_notice
        Is told how many are left out that follow another state of that codebook.

    Raises
    ------
    LabelError
        If the file cannot be read, a row has a task or a label that the codebook does not know, or
        all rows follow other codebooks.
    """
    labels: list[Label] = []
    others: Counter[str] = Counter()
    for number, label in _labels(path):
        if label.codebook != codebook.reference:
            others[label.codebook] += 1
            continue
        for judged in (label.labels, *label.annotators.values()):
            for task, name in judged.items():
                try:
                    known = codebook.task(task).classes
                except LabelError as error:
                    raise LabelError(f"{path}:{number}: {error}") from None
                if name not in known:
                    raise LabelError(
                        f"{path}:{number}: no {task} is called {name!r}; use one of: "
                        f"{', '.join(known)}"
                    )
        labels.append(label)
    if others and not labels:
        found = ", ".join(f"{n} labels follow {reference}" for reference, n in others.items())
        raise LabelError(
            f"{path}: {found}, not {codebook.reference}; give the --codebook that they follow"
        )
    states = other_states(others.elements(), codebook.reference)
    if n := states.total():
        on_notice(
            f"{path}: {n} of {n + len(labels)} settled labels follow {', '.join(sorted(states))}, "
            f"not {codebook.reference}: they are left out"
        )
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
            **({"decided_by": label.decided_by} if label.decided_by else {}),
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
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            raise LabelError(f"{path}: not a register of documents: {error!r}") from None


def register_documents(
    known: Mapping[str, Document], more: Iterable[Document]
) -> dict[str, Document]:
    """Return a register with more documents in it.

    Raises
    ------
    LabelError
        If an article id stands for another text already.
    """
    documents = dict(known)
    for document in more:
        before = documents.setdefault(document.article_id, document)
        if before.sha256 != document.sha256:
            raise LabelError(
                f"{document.article_id!r} is the id of two texts, sha256 {before.sha256[:16]} and "
                f"{document.sha256[:16]}: labels of one would point into the other. Give one of "
                "the articles another name"
            )
        documents[document.article_id] = document
    return documents


def refuse_renamed(
    known: Mapping[str, Document], more: Iterable[Document], here: Collection[str]
) -> None:
    """Refuse documents that a register has under a name that none of the articles here has.

    Judgements under the new name would never meet those under the old one.

    Raises
    ------
    LabelError
        If there is one.
    """
    former = {d.sha256: d.article_id for d in known.values() if d.article_id not in here}
    for document in more:
        if document.article_id not in known and document.sha256 in former:
            raise LabelError(
                f"{document.article_id!r} is the text that was judged as "
                f"{former[document.sha256]!r}; give the article its former name, or PATH as it "
                "was then: names begin there"
            )


def write_documents(path: Path, documents: Mapping[str, Document]) -> None:
    """Write documents into the register, by article id, in one step; those that it has stay.

    Raises
    ------
    LabelError
        If an article id stands for another text already, the file cannot be read or written, or
        another writer does not let go of it.
    """
    with locked(path):
        known = read_documents(path)
        documents = register_documents(known, documents.values())
        if documents == known and path.exists():
            return
        text = io.StringIO(newline="")
        table = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        table.writerow(field.name for field in fields(Document))
        for _, document in sorted(documents.items()):
            table.writerow(asdict(document).values())
        write_whole(path, text.getvalue())


def _labels(path: Path) -> Iterator[tuple[int, Label]]:
    for number, row in _rows(path):
        try:
            label = Label(
                unit_id=row.pop("unit_id"),
                article_id=row.pop("article_id"),
                sha256=row.pop("sha256"),
                start=row.pop("start"),
                end=row.pop("end"),
                codebook=row.pop("codebook"),
                annotators=row.pop("annotators"),
                decided_by=row.pop("decided_by", {}),
                labels=row,  # what is left are the tasks
            )
        except KeyError as error:
            raise LabelError(f"{path}:{number}: settled labels lack the key {error}") from None
        texts = [label.unit_id, label.article_id, label.sha256, label.codebook, *row.values()]
        whole = type(label.start) is int and type(label.end) is int
        by_annotator = (
            isinstance(label.annotators, dict)
            and all(isinstance(judged, dict) for judged in label.annotators.values())
            and isinstance(label.decided_by, dict)
        )
        if not (all(isinstance(text, str) for text in texts) and whole and by_annotator):
            raise LabelError(f"{path}:{number}: not a row of settled labels: a value of wrong kind")
        yield number, label


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    # JSON may hold other line ends than "\n" in its texts, so it is bytes that are split.
    try:
        content = path.read_bytes().removesuffix(b"\n")
    except OSError as error:
        raise LabelError(f"{path}: cannot be read: {error.strerror or error}") from None
    for number, line in enumerate(content.split(b"\n") if content else (), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise LabelError(f"{path}:{number}: not a JSON object")
        yield number, row


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
