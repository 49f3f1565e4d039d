"""Registers: tables that say of which outlet, title and date the articles in other files are."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stance.corpus.decoding import without_lone_surrogates
from stance.corpus.metadata import Metadata, metadata_of, value_of
from stance.corpus.tables import TABLE_SUFFIXES, read_rows
from stance.errors import DataError
from stance.records import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What a table says of articles that stand elsewhere."""

    by_file: Mapping[str, Metadata]
    by_sha256: Mapping[str, Metadata]

    def says(self, article: Article, *names: str) -> Metadata:
        """Return what is said of an article, by its text, else by the first name that is known."""
        if article.sha256 in self.by_sha256:
            return self.by_sha256[article.sha256]
        keys = (_file_key(name) for name in names)
        return next((self.by_file[key] for key in keys if key in self.by_file), Metadata())

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return the names of files in it that are none of these; a hash needs no file."""
        there = {_file_key(name) for name in names}
        hashed = set(self.by_sha256.values())
        return [n for n, said in self.by_file.items() if n not in there and said not in hashed]


def read_register(path: Path, *, on_failure: Callable[[str], None]) -> Register:
    """Return what a register says; `on_failure` is told of each row that is no use.

    Raises
    ------
    DataError
        If it is not a table that can be read, or has no column `file` or `sha256`.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise DataError(f"a register is a table: {', '.join(TABLE_SUFFIXES)}.")
    by_file: dict[str, Metadata] = {}
    by_sha256: dict[str, Metadata] = {}
    try:
        with path.open("rb") as stream:
            for number, row in read_rows(stream, suffix, wanted=["file", "sha256"]):
                if isinstance(row, DataError):
                    on_failure(f"row {number}: {row}")
                    continue
                said = metadata_of(row)
                file, digest = value_of(row, "file"), value_of(row, "sha256")
                if not file and not digest:
                    on_failure(f"row {number}: names no file. Fill in `file` or `sha256`.")
                if (file and by_file.setdefault(_file_key(file), said) != said) or (
                    digest and by_sha256.setdefault(digest.lower(), said) != said
                ):
                    on_failure(
                        f"row {number}: names {file or digest!r} again and says something else of "
                        "it. The first row counts: remove one."
                    )
    except OSError as error:
        raise DataError(f"{error.strerror or error}. Check that it can be read.") from None
    return Register(by_file=by_file, by_sha256=by_sha256)


def _file_key(name: str) -> str:
    """Return a file's name in one spelling, whichever system wrote it."""
    clean = without_lone_surrogates(name).replace("\\", "/").removeprefix("./")
    return unicodedata.normalize("NFC", clean)
