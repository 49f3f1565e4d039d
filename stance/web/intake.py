"""What a request asks for: JSON to articles, by the same reading as the commands'."""

import base64
import csv
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from unicodedata import normalize

from stance.corpus.decoding import without_lone_surrogates
from stance.corpus.finding import TEXT_SUFFIXES, ReadFailure
from stance.corpus.front_matter import front_matter
from stance.corpus.metadata import column_name, filled, metadata_of, value_of
from stance.corpus.offsets import Edit, edited
from stance.corpus.reading import CUT_SHORT, read_articles
from stance.corpus.tables import article_of_row
from stance.errors import DataError
from stance.records import Article
from stance.web.work import Limits, RefusalError

TABLES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")  # those whose size says what they hold
OF_ONE = ("text", "title", "source", "date", "url", "id")
MOST_DEPTH, MOST_NAME = 8, 120
# What no name may hold; on Windows a colon leads to another drive, or into a file.
ODD_MARKS = {"\\", ":"} if os.name == "nt" else {"\\"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The articles of a request, and what is to be known of how they were read."""

    articles: tuple[Article, ...]
    notices: tuple[str, ...]
    failures: tuple[str, ...]  # files or rows that could not be read
    abstain: float | None


def read_request(body: bytes, limits: Limits) -> Asked:
    """Return what a request asks for.

    It is an object with one of `text` (with title, source, date, url, id beside it), `articles` (a
    list of such objects) or `files` (a list of `name`, `base64` and, if it is known, `source`); and
    `abstain`.

    Raises
    ------
    RefusalError
        422 if it is anything else, or an article cannot be read; 413 if it is too much.
    """
    asked = _object(body)
    abstain = _abstain(asked.pop("abstain", None))
    kinds = [key for key in ("text", "articles", "files") if key in asked]
    if len(kinds) != 1:
        found = f"found {', '.join(map(repr, kinds))}" if kinds else "found none of them"
        raise RefusalError(
            422, f"the request: {found}. Give one of 'text', 'articles' and 'files'."
        )
    (kind,) = kinds
    unknown = sorted(asked.keys() - {kind} - (set(OF_ONE) if kind == "text" else set()))
    if unknown:
        raise RefusalError(
            422,
            f"the request: nothing is called {unknown[0][:40]!r}. Beside {kind!r} there may be "
            f"{', '.join(OF_ONE[1:]) + ', ' if kind == 'text' else ''}abstain.",
        )
    notices: list[str] = []
    failures: list[str] = []
    if kind == "files":
        articles = _of_files(_list(asked, kind, limits), limits, notices, failures)
    else:
        rows = [asked] if kind == "text" else _list(asked, kind, limits)
        articles = _of_rows(rows, "the request" if kind == "text" else "articles", notices)
    for article in articles:
        if len(article.text) > limits.n_characters:
            raise RefusalError(
                413,
                f"{article.id}: has {len(article.text):,} characters, and an article may have "
                f"{limits.n_characters:,}. Split it.",
            )
    return Asked(
        articles=tuple(articles), notices=tuple(notices), failures=tuple(failures), abstain=abstain
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except RecursionError:
        raise RefusalError(
            422, "the request: its JSON is nested too deeply. Send flat objects."
        ) from None
    except ValueError as error:  # of UTF-8 too
        raise RefusalError(
            422, f'the request: not JSON ({error}). Send an object such as {{"text": "..."}}.'
        ) from None
    if not isinstance(asked, dict):
        raise RefusalError(422, 'the request: not a JSON object. Send one such as {"text": "..."}.')
    return asked


def _abstain(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.005 <= value <= 0.5:
        raise RefusalError(
            422, "abstain: not a number from 0.005 to 0.5. Leave it out, or give one."
        )
    return float(value)


def _list(asked: Mapping[str, Any], kind: str, limits: Limits) -> list[Any]:
    items = asked[kind]
    if not isinstance(items, list) or not items:
        raise RefusalError(422, f"{kind}: not a list, or an empty one. Give one object for each.")
    if len(items) > limits.n_articles:
        _too_many(len(items), kind, limits)
    return items


def _too_many(n: int, kind: str, limits: Limits) -> None:
    raise RefusalError(
        413,
        f"{kind}: there are {n:,}, and at most {limits.n_articles:,} are taken at a time. Send "
        "fewer, or use the commands, which have no such limit.",
    )


def _of_rows(rows: Sequence[object], place: str, notices: list[str]) -> list[Article]:
    """Return the article of each object; the first that is none refuses them all.

    Front matter is read as a file's is; what stands beside the text counts before it.
    """
    articles: dict[str, Article] = {}
    cut: list[str] = []
    for i, given in enumerate(rows):
        where = place if place == "the request" else f"{place}[{i}]"
        if not isinstance(given, dict):
            raise RefusalError(422, f"{where}: not an object. Give one with 'text'.")
        row = {column_name(name): value for name, value in given.items()}
        name = value_of(row, "id") or f"article-{i + 1}"
        if name in articles:
            raise RefusalError(422, f"{where}: the id {name[:80]!r} is taken. Give another.")
        try:
            article = article_of_row(row, article_id=name)
            fields, start = front_matter(article.text)
        except DataError as error:
            raise RefusalError(422, f"{where}: {error}") from None
        if start:
            article = edited(article, [Edit(kind="front matter", start=0, end=start, after="")])
        if not article.text.strip():
            raise RefusalError(422, f"{where}: its text is only front matter. Add the article.")
        said = [metadata_of(row), metadata_of(fields)]
        for metadata in said:
            article = filled(article, metadata)
        notices += [
            f"{where}: its {field} is of type {type(row[field]).__name__}, so it is left out. "
            "Write it as one string."
            for field in OF_ONE[1:]
            if row.get(field)
            and isinstance(row[field], list | dict | bool)
            and value_of(row, field) is None
        ]
        unread = [metadata.unread_date for metadata in said if metadata.unread_date]
        told = isinstance(row.get("date"), list | dict) and value_of(row, "date") is None
        if unread and article.date is None and not told:
            notices.append(
                f"{where}: the date {unread[0][:40]!r} cannot be read without guessing. "
                "Write 2026-02-14."
            )
        if CUT_SHORT.search(article.text):
            cut.append(where)
        articles[name] = article
    if cut:
        what = "article ends" if len(cut) == 1 else "articles end"
        first = ", ".join(cut[:3]) + (", ..." if len(cut) > 3 else "")
        notices.append(
            f"{len(cut)} {what} in '[+... chars]', so only the beginning is here: {first}. Fetch "
            "the whole text."
        )
    return list(articles.values())


def _of_files(
    files: Sequence[object], limits: Limits, notices: list[str], failures: list[str]
) -> list[Article]:
    """Return the articles of files as `stance compare FOLDER` would read them.

    They lie in a folder for as long as that takes. An outlet given with a file says what a
    register would say.
    """
    with TemporaryDirectory(prefix="stance-") as name:
        folder = Path(name, "files")
        folder.mkdir()
        taken: set[str] = set()
        outlets = [_write(file, i, folder, taken) for i, file in enumerate(files)]
        register = Path(name, "outlets.csv")
        with register.open("w", encoding="utf-8", newline="") as table:
            csv.writer(table).writerows([("file", "source"), *filter(None, outlets)])

        def told(failure: ReadFailure) -> None:
            failures.append(_bare(f"{failure.path}: {failure.message}", folder))

        def noticed(notice: str) -> None:
            if not notice.startswith(f"{register}:"):  # which is ours: nobody can correct it
                notices.append(_bare(notice, folder))

        articles: list[Article] = []
        try:
            found = read_articles(
                [folder],
                register=register if any(outlets) else None,
                on_failure=told,
                on_notice=noticed,
            )
            for article in found:
                articles.append(article)
                if len(articles) > limits.n_articles:
                    _too_many(len(articles), "articles in these files", limits)
        except DataError as error:
            raise RefusalError(422, _bare(str(error), folder)) from None
    if not articles:
        raise RefusalError(422, failures[0] if failures else "the files hold no articles.")
    return articles


def _write(file: object, i: int, folder: Path, taken: set[str]) -> tuple[str, str] | None:
    """Write one file below a folder; return its place and its outlet, where that was given.

    `taken` holds the names so far as a register reads them: in one spelling of their accents.
    """
    if not isinstance(file, dict) or not all(
        isinstance(file.get(key), str) for key in ("name", "base64")
    ):
        raise RefusalError(422, f"files[{i}]: not an object with 'name' and 'base64', both texts.")
    place = PurePosixPath(file["name"])
    parts = place.parts
    short = all(len(part.encode(errors="replace")) <= MOST_NAME for part in parts)
    odd = any(
        part.startswith(".") or not part.isprintable() or {*part} & ODD_MARKS for part in parts
    )
    if not 0 < len(parts) <= MOST_DEPTH or place.is_absolute() or odd or not short:
        raise RefusalError(
            422,
            f"files[{i}]: the name {file['name'][:60]!r} is not taken. Give a relative path "
            f"of at most {MOST_DEPTH} plain names, none of them hidden or over {MOST_NAME} bytes.",
        )
    if place.suffix.lower() not in (*TEXT_SUFFIXES, *TABLES):
        raise RefusalError(
            422,
            f"files[{i}]: {file['name'][:60]!r} is not read here. Send one of "
            f"{', '.join((*TEXT_SUFFIXES, *TABLES))}.",
        )
    target = folder / place
    try:
        content = base64.b64decode(file["base64"], validate=True)
        if (plain := normalize("NFC", place.as_posix())) in taken:
            raise FileExistsError
        taken.add(plain)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as new:
            new.write(content)
    except ValueError:  # binascii.Error is one, and what is not ASCII raises a plain one
        raise RefusalError(422, f"files[{i}]: its 'base64' is not base64.") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise RefusalError(
            422, f"files[{i}]: the name {file['name'][:60]!r} is taken. Give another."
        ) from None
    except OSError as error:
        raise RefusalError(
            500,
            f"files[{i}]: {file['name'][:60]!r} cannot be written where the server reads it: "
            f"{error.strerror or error}. Mend that, or use the commands.",
        ) from None
    source = file.get("source")
    if not isinstance(source, str) or not source.strip():
        return None
    return place.as_posix(), without_lone_surrogates(source)


def _bare(words: str, folder: Path) -> str:
    """Return a message without the folder in which the files lay for a moment."""
    return words.replace(f"{folder}/", "").replace(str(folder), "the files")
