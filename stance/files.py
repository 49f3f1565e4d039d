"""Writing a file whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

from stance.errors import DataError


@contextmanager
def writing(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """Open a file that takes its name when all is written; an error leaves what was there.

    Whoever reads it sees the old content or the new, never half. A link stays one: the file that it
    leads to is written. Pipes and devices are written into as they are.

    Parameters
    ----------
    binary
        Take bytes; else text, written as UTF-8 without a change to line ends.

    Raises
    ------
    DataError
        If it cannot be written: at once where its folder is missing, or where it is a folder.
    """
    options: dict[str, Any] = {} if binary else {"encoding": "utf-8", "newline": ""}
    kind = "b" if binary else ""
    try:
        if path.exists() and not path.is_file():
            with path.open(f"w{kind}", **options) as file:
                yield file
            return
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".stance-{token_hex(8)}.part")
        # "x" opens nothing that is there, and heeds the umask, as tempfile does not.
        new = temporary.open(f"x{kind}", **options)
        try:
            with new:
                yield new
                new.flush()
                os.fsync(new.fileno())
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None


def refuse_existing(*paths: Path) -> None:
    """Raise if a file is there that a person may have filled in since it was written.

    Raises
    ------
    DataError
        If it is, or one that goes with such a file.
    """
    there = [str(path) for path in paths if path.is_file()]
    if there:
        are, them = ("is", "it") if len(there) == 1 else ("are", "them")
        raise DataError(
            f"{' and '.join(there)}: {are} there already, and may hold or go with what a person "
            f"wrote since: move {them}, or give another name"
        )


def heed_umask(path: Path) -> None:
    """Give a file the mode of a new one, where a library made it readable to its owner alone.

    safetensors does so: a model that one trained for many could be read by nobody else.
    """
    probe = path.with_name(f".stance-{token_hex(8)}.part")
    probe.touch(exist_ok=False)
    try:
        shutil.copymode(probe, path)
    finally:
        probe.unlink()


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file in one step, as `writing` does.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    with writing(path, binary=True) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
