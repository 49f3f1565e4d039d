"""Which files below the PATHs given hold articles: the rest is told, not read."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from unicodedata import normalize

from stance.corpus.metadata import COLUMNS, value_of
from stance.corpus.tables import TABLE_SUFFIXES, header_names, read_rows
from stance.errors import DataError

REGISTER = "articles.csv"
STDIN = Path("-")
TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown")
READABLE = (
    f"Articles are read from {', '.join((*TEXT_SUFFIXES, *TABLE_SUFFIXES))}, and from a file "
    "without suffix that is itself given."
)
# "Nvidia rises 3.5 percent" and "Talks in the U.S. go on" have no suffix.
_SUFFIX = re.compile(r"\.[^\s\d]\S*")
_ONLY_DESCRIBES = f"An {REGISTER} without a column of texts only describes the files beside it."
_ONLY_ABOUT = "A text called readme or licence is about its folder: rename it if it is not."
# The columns that tell what we wrote ourselves: first of units, then of what holds no texts.
OWN_UNITS = (
    {"unit_id", "start", "end"},  # of split, classify, compare, label
    {"unit_id", "sha256", "before"},  # for doccano
)
_OWN_TABLES = (
    *({"unit_id", "annotator", "task"}, {"plan", "population", "strata"}),  # of a label folder
    *({"article_id", "sha256", "characters"}, {"item", "annotator", "label"}),
    {"data", "annotations", "predictions"},  # for Label Studio
    *({"task", "voice", "outlet"}, {"task", "voice", "left"}, {"task", "voice", "n_outlets"}),
    *({"outlet", "voice", "n_claims"}, {"claim", "n_outlets"}, {"schema", "answer", "target"}),
    {"data_sha256", "seed", "places"},  # of hold-out
    *({"pair", "text_a", "text_b"}, {"alignment", "pairs"}),  # of --check-claims
)
_OWN_METHODS = re.compile(
    rb"Everything was computed with stance \S+ what is drawn at random goes by seed \d"
)
_HEAD = 1 << 13  # bytes, in which a methods page says so


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailure:
    """A file or a row that was skipped: `message` says what is wrong with it and what to do."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file to read, and its place below the PATH given, which makes its id and its outlet."""

    path: Path
    place: PurePosixPath

    @property
    def suffix(self) -> str:
        """What stands behind its last point, with the point; empty if that reads like a title."""
        return self.path.suffix if _SUFFIX.fullmatch(self.path.suffix) else ""


def find_files(
    path: Path,
    register: Path | None,
    on_failure: Callable[[ReadFailure], None],
    on_notice: Callable[[str], None],
) -> list[FoundFile]:
    """Return the files to read of one PATH, a folder's by path.

    Raises
    ------
    DataError
        If the PATH does not exist, or is a folder that holds nothing to read.
    """
    if path == STDIN:
        return [FoundFile(path=path, place=PurePosixPath("stdin"))]
    try:
        path.stat()
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: {getattr(error, 'strerror', None) or error}. Give a file, a folder, or -."
        ) from None
    if not path.is_dir():
        return [FoundFile(path=path, place=PurePosixPath(path.name))]
    files, own, registers = [], [], []
    ignored, about = Counter[str](), Counter[str]()
    here = sorted(_walk(path, on_failure, on_notice), key=Path.as_posix)
    models = {file.parent for file in here if file.name == "card.json"}
    models &= {file.parent for file in here if file.name == "model.json"}
    for file in here:
        if register and register.name == file.name and register.samefile(file):
            continue
        if file.name == REGISTER and not holds_articles(file):
            registers.append(file)
            continue
        found = FoundFile(path=file, place=PurePosixPath(file.relative_to(path).as_posix()))
        if file.parent in models or _is_standard_output(file) or _is_own(found):
            own.append(found)
        elif _is_about(found):
            about[file.name] += 1
        elif found.suffix.lower() in (*TEXT_SUFFIXES, *TABLE_SUFFIXES):
            files.append(found)
        else:
            ignored[found.suffix or "without suffix"] += 1
    described = {folder for found in files for folder in found.path.parents}
    ignored.update(REGISTER for file in registers if file.parent not in described)
    left = ", ".join(f"{n} {what}" for what, n in sorted((ignored + about).items()))
    ours = f"{own[0].place}{', ...' if len(own) > 1 else ''}" if own else ""
    advice = [READABLE] if ignored or not files else []
    advice += [_ONLY_DESCRIBES] if ignored[REGISTER] or not files else []
    advice += [_ONLY_ABOUT] if about else []
    if not files:
        told = [left] if left else []
        told += [f"{_files(len(own))} that stance wrote ({ours})"] if own else []
        only = f", only {' and '.join(told)}" if told else ""
        raise DataError(f"{path}: holds no articles{only}. {' '.join(advice)}")
    if left:
        n = ignored.total() + about.total()
        on_notice(f"{path}: {_files(n)} {_were(n)} not read ({left}). {' '.join(advice)}")
    if own:
        n = len(own)
        on_notice(
            f"{path}: {_files(n)} that stance wrote {_were(n)} not read as articles ({ours})."
        )
    return files


def _walk(
    root: Path, on_failure: Callable[[ReadFailure], None], on_notice: Callable[[str], None]
) -> Iterator[Path]:
    """Yield the files below a folder that are not hidden and do not lead out of it."""

    def unreadable(error: OSError) -> None:
        folder = Path(os.fsdecode(error.filename))
        on_failure(
            ReadFailure(path=folder, message=f"{error.strerror}. Check that it can be read.")
        )

    inside = root.resolve()
    for folder, subfolders, names in os.walk(root, onerror=unreadable):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for link in (Path(folder) / name for name in subfolders):
            if link.is_symlink():
                on_notice(f"{link}: a link to a folder is not followed. Give that folder itself.")
        for file in (Path(folder) / name for name in sorted(names) if not name.startswith(".")):
            if not file.is_file():
                on_notice(f"{file}: not read, since it is no file or its link leads nowhere.")
            elif file.is_symlink() and not file.resolve().is_relative_to(inside):
                on_notice(f"{file}: not read, since its link leads out of {root}.")
            else:
                yield file


def _is_about(file: FoundFile) -> bool:
    """Tell whether a text is about its folder rather than one of its articles."""
    is_text = file.suffix.lower() in ("", *TEXT_SUFFIXES)
    return is_text and file.path.stem.lower() in {"readme", "license", "licence"}


def _is_own(file: FoundFile) -> bool:
    """Tell whether we wrote a file: units, labels, a comparison's tables, its methods page."""
    suffix = file.suffix.lower()
    if suffix not in (*TEXT_SUFFIXES, *TABLE_SUFFIXES):
        return False
    with suppress(OSError), file.path.open("rb") as stream:
        if suffix in TEXT_SUFFIXES:
            return bool(_OWN_METHODS.search(stream.read(_HEAD)))
        names = header_names(stream, suffix)
        has_texts = not names.isdisjoint(COLUMNS["text"])
        own = OWN_UNITS if has_texts else (*OWN_UNITS, *_OWN_TABLES)
        return any(columns <= names for columns in own)
    return False


def _is_standard_output(file: Path) -> bool:
    """Tell whether we are writing a file: `split . > units.jsonl` would read it without end."""
    with suppress(OSError):
        return os.path.samestat(file.stat(), os.fstat(1))
    return False


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n} files"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def holds_articles(path: Path) -> bool:
    """Tell whether an `articles.csv` is a table of articles: with texts, and no file named here."""
    with suppress(OSError), path.open("rb") as stream:
        names = header_names(stream, ".csv")
        if names.isdisjoint(COLUMNS["text"]) or not names.isdisjoint(COLUMNS["sha256"]):
            return False
        return names.isdisjoint(COLUMNS["file"]) or not _names_a_file(stream, path.parent)
    return False


def _names_a_file(table: BinaryIO, folder: Path) -> bool:
    """Tell whether a row names a file below a folder, by whatever path: it describes that one."""
    below = {normalize("NFC", name) for _, _, names in os.walk(folder) for name in names}
    with suppress(DataError):  # of a table that breaks off, the rows until there tell
        for _, row in read_rows(table, ".csv", wanted=["text"]):
            name = None if isinstance(row, DataError) else value_of(row, "file")
            if name and normalize("NFC", re.split(r"[/\\]", name)[-1]) in below:
                return True
    return False
