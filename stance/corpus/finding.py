"""Which files below the PATHs given hold articles: the rest is told, not read."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stance.corpus.tables import TABLE_SUFFIXES, read_rows
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
    files, registers, ignored = [], [], Counter[str]()
    for file in sorted(_walk(path, on_failure, on_notice), key=Path.as_posix):
        if _is_about(file) or (register and register.name == file.name and register.samefile(file)):
            continue
        if file.name == REGISTER and not holds_articles(file):
            registers.append(file)
            continue
        found = FoundFile(path=file, place=PurePosixPath(file.relative_to(path).as_posix()))
        if found.suffix.lower() in (*TEXT_SUFFIXES, *TABLE_SUFFIXES):
            files.append(found)
        else:
            ignored[found.suffix or "without suffix"] += 1
    described = {folder for found in files for folder in found.path.parents}
    ignored.update(REGISTER for file in registers if file.parent not in described)
    left = ", ".join(f"{n} {suffix}" for suffix, n in sorted(ignored.items()))
    if not files:
        raise DataError(
            f"{path}: holds no articles{f', only {left}' if left else ''}. {READABLE} "
            f"{_ONLY_DESCRIBES}"
        )
    if left:
        n = "1 file was" if ignored.total() == 1 else f"{ignored.total()} files were"
        advice = f"{READABLE} {_ONLY_DESCRIBES}" if ignored[REGISTER] else READABLE
        on_notice(f"{path}: {n} not read ({left}). {advice}")
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


def _is_about(file: Path) -> bool:
    """Tell whether a file is about its folder rather than one of its articles."""
    return file.stem.lower() in {"readme", "license", "licence"}


def holds_articles(path: Path) -> bool:
    """Tell whether an `articles.csv` is a table of articles: it has texts and names no files."""
    return _has_column(path, "text") and not _has_column(path, "file", "sha256")


def _has_column(path: Path, *wanted: str) -> bool:
    """Tell whether a CSV has a column for one of these keys of COLUMNS, or nothing in it at all."""
    with suppress(DataError, OSError), path.open("rb") as stream:
        next(read_rows(stream, ".csv", wanted=wanted), None)
        return True
    return False
