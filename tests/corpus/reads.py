"""What the tests of reading share: files written, and all that one call of `read_articles` gave."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stance.corpus.finding import ReadFailure
from stance.corpus.reading import read_articles
from stance.records import Article

TABLES = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"]


class Read:
    """What one call of read_articles gave: articles, failures, notices."""

    def __init__(self, *paths: Path, register: Path | None = None) -> None:
        self.failures: list[ReadFailure] = []
        self.notices: list[str] = []
        self.articles = list(
            read_articles(
                paths,
                register=register,
                on_failure=self.failures.append,
                on_notice=self.notices.append,
            )
        )

    @property
    def only(self) -> Article:
        assert not self.failures
        (article,) = self.articles
        return article

    @property
    def failure(self) -> str:
        (failure,) = self.failures
        return failure.message

    def ids(self) -> list[str]:
        return [article.id for article in self.articles]

    def sources(self) -> dict[str, str | None]:
        return {article.id: article.source for article in self.articles}


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    """Write a table in the format that the suffix names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix in {".csv", ".tsv"}:
        with path.open("w", newline="", encoding="utf-8") as file:
            delimiter = "\t" if path.suffix == ".tsv" else ","
            writer = csv.DictWriter(file, names, delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
