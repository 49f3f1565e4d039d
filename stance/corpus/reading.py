"""Files, folders, tables and standard input to Articles, as they came."""

import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO
from unicodedata import normalize

from stance.corpus.decoding import decode, without_lone_surrogates
from stance.corpus.finding import (
    OWN_UNITS,
    READABLE,
    REGISTER,
    STDIN,
    TEXT_SUFFIXES,
    FoundFile,
    ReadFailure,
    find_files,
    holds_articles,
)
from stance.corpus.front_matter import front_matter
from stance.corpus.metadata import Metadata, filled, metadata_of, unread_dates_said, value_of
from stance.corpus.offsets import Edit, edited
from stance.corpus.registers import Register, read_register
from stance.corpus.sentences import WORD
from stance.corpus.tables import (
    TABLE_SUFFIXES,
    article_of_row,
    header_names,
    html_tag,
    read_rows,
    table_suffix,
)
from stance.errors import DataError
from stance.records import Article, text_sha256

MAX_FILE = 20_000_000  # bytes of a text file
CUT_SHORT = re.compile(r"\[\+?\d+ chars\]\s*\Z")  # NewsAPI and GNews send no more
# The line that LexisNexis and ProQuest write above, Factiva and Nexis Uni below, each article.
_EXPORTED = re.compile(
    r"^[ \t\f]*(?:\*\*)?(?:(\d+ of \d+ DOCUMENTS)|(?:AN[ \t]+)?(Do[ck]ument [A-Z]\w{18,})"
    r"|(End of Document)|(Document \d+ of \d+))(?:\*\*)?[ \t]*$",
    re.MULTILINE,
)


def read_articles(
    paths: Sequence[Path],
    *,
    register: Path | None = None,
    on_failure: Callable[[ReadFailure], None],
    on_notice: Callable[[str], None] = lambda notice: None,
) -> Iterator[Article]:
    """Return the articles of files, folders and tables: in the order given, a folder's by path.

    The outlet, and whatever else an article does not say of itself (a row's columns, a file's
    front matter), comes from the register, else from the nearest `articles.csv` in its folder or
    above, up to the PATH given; one that has texts and names no files is a table like any other. An
    outlet still unknown is the name of the file's folder below that PATH. A file given twice is
    read once; an id that an earlier article has is made longer by the name of its file, until it
    is the only one.

    Parameters
    ----------
    paths
        Files, folders and tables; `-` is standard input: a table if it starts like JSON or with the
        header of a CSV, else one text. It is copied to a temporary file first. In a folder, what
        we wrote ourselves is no article, and neither is a text called readme or licence.
    register
        A table with a column `file` (the path below the PATH given, or the name, where only one
        file has it) or `sha256` (of the text as it came), and `source`, `title`, `date`, `url`.
    on_failure
        Called for each file and row that is skipped.
    on_notice
        Called with what else is worth knowing: files ignored, links not followed, dates not read,
        ids made longer, files that a register names and that are not there, articles of which only
        the beginning is there or that hold HTML.

    Raises
    ------
    DataError
        Before the first article: if a PATH does not exist, a folder holds nothing to read, or the
        register cannot be read.
    """
    reader = _Reader(on_failure, on_notice)
    if register is not None:
        try:
            reader.register = reader.read_register(register)
            reader.register_path = register
        except DataError as error:
            raise DataError(f"{register}: {error}") from None
    found: dict[Path, FoundFile] = {}
    for path in paths:
        for file in find_files(path, register, on_failure, on_notice):
            found.setdefault(file.path.absolute(), file)
    return reader.articles(list(found.values()))


class _Reader:
    """Reads files one after the other, and remembers which ids are taken."""

    def __init__(
        self, on_failure: Callable[[ReadFailure], None], on_notice: Callable[[str], None]
    ) -> None:
        self.register: Register | None = None
        self.register_path: Path | None = None
        self._on_failure = on_failure
        self._on_notice = on_notice
        self._namesakes: Counter[str] = Counter()
        self._places: Counter[PurePosixPath] = Counter()
        self._registers: dict[Path, Register | None] = {}  # articles.csv, by folder
        self._taken: set[str] = set()  # ids
        self._longer_ids: list[str] = []
        self._unread_dates: list[str] = []  # each with its file
        self._cut = Counter[Path]()  # articles of which only the beginning is there, by file
        self._tagged = Counter[Path]()  # articles that hold HTML

    def articles(self, found: Sequence[FoundFile]) -> Iterator[Article]:
        self._namesakes.update(file.place.name for file in found)
        self._places.update(file.place for file in found)
        for file in found:
            try:
                for bare, own, longer_ids in self._bare_articles(file):
                    article = self._completed(bare, own, file)
                    if article.id in self._taken:
                        free = next(name for name in longer_ids if name not in self._taken)
                        article = replace(article, id=free)
                        self._longer_ids.append(free)
                    self._taken.add(article.id)
                    if CUT_SHORT.search(article.text):
                        self._cut[file.path] += 1
                    if html_tag(article.text):
                        self._tagged[file.path] += 1
                    yield article
            except DataError as error:
                self._fail(file.path, str(error))
            except OSError as error:
                self._fail(file.path, f"{error.strerror or error}. Check that it can be read.")
        if self._unread_dates:
            self._on_notice(unread_dates_said(self._unread_dates))
        if self._longer_ids:
            self._on_notice(
                f"{_have(len(self._longer_ids))} a longer id, since another has the same, as in "
                f"{self._longer_ids[0]!r}. If they are the same articles, give them once."
            )
        if cut := self._cut:
            what = "article ends" if cut.total() == 1 else "articles end"
            self._on_notice(
                f"{cut.total()} {what} in '[+... chars]', so only the beginning is here: "
                f"{_by_file(cut)}. Fetch the whole text."
            )
        if tagged := self._tagged:
            what = "article holds" if tagged.total() == 1 else "articles hold"
            self._on_notice(
                f"{tagged.total()} {what} HTML tags, which are read as words: {_by_file(tagged)}. "
                "Extract the text first."
            )
        for path, names in self._missing(found):
            what = "a file that is" if len(names) == 1 else f"{len(names)} files that are"
            first = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            self._on_notice(f"{path}: names {what} not there: {first}. Correct its column `file`.")
        if self.register is not None and self.register_path is not None:
            alone = (file.place.as_posix() for file in found if self._places[file.place] == 1)
            for name in self.register.missing(alone):
                n_files = max(self._namesakes[name], self._places[PurePosixPath(name)])
                if n_files > 1:
                    self._on_notice(
                        f"{self.register_path}: {name} is the name of {n_files} files, so its row "
                        "counts for none. Write the path of each."
                    )

    def _missing(self, found: Sequence[FoundFile]) -> Iterator[tuple[Path, list[str]]]:
        """Yield each register that names files which are not there, with those names."""
        if self.register is not None and self.register_path is not None:
            places = [name for file in found for name in (file.place.as_posix(), file.place.name)]
            if names := self.register.missing(places):
                yield self.register_path, names
        for folder, register in self._registers.items():
            names = register.missing([]) if register else []
            # What is there may belong to no PATH given.
            if names := [name for name in names if not _is_there(folder, name)]:
                yield folder / REGISTER, names

    def _bare_articles(self, file: FoundFile) -> Iterator[tuple[Article, Metadata, Iterator[str]]]:
        """Yield a file's articles with what each says of itself, and ids should its be taken."""
        suffix = file.suffix.lower()
        with _opened(file.path) as stream:
            if file.path == STDIN:
                suffix = table_suffix(stream)
            if suffix in ("", *TEXT_SUFFIXES):
                names = self._names(file)
                yield *_text_article(stream, next(names)), names
                return
            if suffix not in TABLE_SUFFIXES:
                raise DataError(f"{suffix} files are not read. {READABLE}")
            if any(columns <= header_names(stream, suffix) for columns in OWN_UNITS):
                raise DataError(
                    "a table of units, whose rows are sentences: give the articles themselves; "
                    "`stance compare FILE` takes one with labels and outlets, as classify writes it"
                )
            number = 0
            numbers: dict[str, int] = {}  # of rows, by the ids that they name
            for number, row in read_rows(stream, suffix, wanted=["text"]):
                try:
                    if isinstance(row, DataError):
                        raise row
                    own_id = value_of(row, "id")
                    ids = self._row_ids(file, number, own_id)
                    bare = article_of_row(row, article_id=next(ids))
                    if own_id and numbers.setdefault(own_id, number) != number:
                        raise DataError(
                            f"its id {own_id!r} is already that of row {numbers[own_id]}. "
                            "Give it its own, or remove it."
                        )
                except DataError as error:
                    self._fail(file.path, f"row {number}: {error}")
                else:
                    yield bare, metadata_of(row), ids
            if not number:
                raise DataError("holds no articles. Remove it, or write a row for each article.")

    def _row_ids(self, file: FoundFile, number: int, own_id: str | None) -> Iterator[str]:
        """Yield ids for a row, each longer than the one before, without end."""
        if own_id:
            yield own_id
        for name in self._names(file):
            yield f"{name}/{own_id}" if own_id else f"{name}-{number}"

    def _names(self, file: FoundFile) -> Iterator[str]:
        """Yield names for a file, each longer than the one before, without end.

        They are its place without suffix, its place, and its path from ever further above.
        """
        place = without_lone_surrogates(file.place.as_posix())
        yield place.removesuffix(file.suffix)
        parts = file.path.absolute().parts
        # Of two files with one place, only what is above it tells them apart.
        first = len(file.place.parts) + (self._places[file.place] > 1)
        for n in range(first, len(parts) + 1):
            yield without_lone_surrogates(PurePath(*parts[-n:]).as_posix())
        yield from (f"{place}-{n}" for n in count(2))

    def _completed(self, article: Article, own: Metadata, file: FoundFile) -> Article:
        """Return an article with what it, the registers and its folder's name say of it."""
        said = [own]
        if self.register is not None:
            names = {file.place.as_posix(): self._places[file.place]}
            names.setdefault(file.place.name, self._namesakes[file.place.name])
            unique = (name for name, n_files in names.items() if n_files == 1)
            said.append(self.register.says(article, *unique))
        if file.path != STDIN:
            for folder in list(file.path.parents)[: len(file.place.parts)]:
                if beside := self._beside(folder, file.path):
                    said.append(beside.says(article, file.path.relative_to(folder).as_posix()))
        said.append(Metadata(source=without_lone_surrogates(file.place.parent.name) or None))
        for metadata in said:
            article = filled(article, metadata)
        unread = [metadata.unread_date for metadata in said if metadata.unread_date]
        if unread and article.date is None:
            self._unread_dates.append(f"{file.path}: {unread[0]!r}")
        return article

    def _beside(self, folder: Path, file: Path) -> Register | None:
        """Return what the `articles.csv` of a folder says, if there is one and it is not `file`."""
        path = folder / REGISTER
        if path == file:
            return None
        if folder not in self._registers:
            self._registers[folder] = None
            try:
                if path.is_file() and not holds_articles(path):
                    self._registers[folder] = self.read_register(path)
            except DataError as error:
                self._fail(path, str(error))
        return self._registers[folder]

    def read_register(self, path: Path) -> Register:
        """Return what a register says; its bad rows are failures."""
        return read_register(path, on_failure=lambda message: self._fail(path, message))

    def _fail(self, path: Path, message: str) -> None:
        self._on_failure(ReadFailure(path=path, message=message))


def _is_there(folder: Path, name: str) -> bool:
    """Tell whether a folder has a file, whichever way the system that packed it wrote accents."""
    place = PurePath(name)
    if place.is_absolute() or ".." in place.parts:
        return False  # no article is known by such a name, and what lies elsewhere is not told
    with suppress(OSError, ValueError):  # a name that no file can have
        return any((folder / normalize(form, name)).exists() for form in ("NFC", "NFD"))
    return False


def _have(n: int) -> str:
    return "1 article has" if n == 1 else f"{n} articles have"


def _by_file(n_articles: Counter[Path]) -> str:
    """Return how many of the articles stand in which file, for the first few files."""
    first = ", ".join(f"{n} in {path}" for path, n in list(n_articles.items())[:3])
    return first + (", ..." if len(n_articles) > 3 else "")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file so that it can be read twice: standard input and pipes through a copy."""
    with nullcontext(sys.stdin.buffer) if path == STDIN else path.open("rb") as file:
        if path != STDIN and file.seekable():
            yield file
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            yield copy


def _text_article(stream: BinaryIO, name: str) -> tuple[Article, Metadata]:
    """Return the one article of a text file with what its front matter says."""
    data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise DataError(f"larger than {MAX_FILE:,} bytes. Write one article a file, or a table.")
    original = decode(data)
    lines = original.replace("\r", "\n").replace("\u00a0", " ")
    n_exported = max(
        Counter(found.lastindex for found in _EXPORTED.finditer(lines)).values(), default=0
    )
    if n_exported > 1:
        raise DataError(
            f"holds {n_exported} articles of an archive export. Write one a file, or a table."
        )
    fields, start = front_matter(original)
    article = Article(id=name, text=original, original=original, sha256=text_sha256(original))
    if start:
        article = edited(article, [Edit(kind="front matter", start=0, end=start, after="")])
    if not WORD.search(article.text):
        raise DataError("holds no text. Remove it, or save the article again.")
    return article, metadata_of(fields)
