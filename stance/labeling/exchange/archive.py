"""A file, a folder or a zip as named contents, read without unpacking anything onto the disk."""

import io
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from stance.errors import DataError, LabelError
from stance.files import write_whole, writing
from stance.labeling.exchange.statements import MAX_BYTES

_MAX_FILES = 20_000
_MADE = (1980, 1, 1, 0, 0, 0)  # the same content gives the same zip


def content_of(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    LabelError
        If it cannot be read, or is too large to hold.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LabelError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > MAX_BYTES:
        raise LabelError(f"{path}: over {MAX_BYTES:,} bytes; split it into several files")
    return content


def contents(path: Path) -> dict[str, bytes]:
    """Return the files in a folder or a zip, zips in it included, by their path within.

    Raises
    ------
    LabelError
        If it cannot be read, has too many files or bytes, or a name in it leads out of it.
    """
    found = _Found(str(path))
    if path.is_dir():
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            found.add(file.relative_to(path).as_posix(), content_of(file))
    else:
        _unzip(content_of(path), found)
    for name in [name for name in found.files if name.lower().endswith(".zip")]:
        _unzip(found.files.pop(name), found, below=f"{name}/")
    return found.files


def save(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into a new folder, or into a zip where the path says so.

    Raises
    ------
    LabelError
        If the folder holds something already.
    DataError
        If it cannot be written.
    """
    if path.suffix.lower() == ".zip":
        with writing(path, binary=True) as target, zipfile.ZipFile(target, "w") as archive:
            for name, content in files:
                entry = zipfile.ZipInfo(name, _MADE)
                archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise LabelError(f"{path}: not empty; name a new folder, or a .zip")
        for name, content in files:
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, content)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None


class _Found:
    """Files held in memory, up to what it can bear."""

    def __init__(self, where: str) -> None:
        self.where, self.left = where, MAX_BYTES
        self.files: dict[str, bytes] = {}

    def add(self, name: str, content: bytes) -> None:
        self.files[name] = content
        self.left -= len(content)
        if len(self.files) > _MAX_FILES or self.left < 0:
            raise LabelError(
                f"{self.where}: over {_MAX_FILES:,} files or {MAX_BYTES:,} bytes unpacked; split it"
            )


def _unzip(content: bytes, found: _Found, below: str = "") -> None:
    where = f"{found.where}: {below[:-1]}" if below else found.where
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                parts = entry.filename.replace("\\", "/").split("/")
                if ".." in parts or parts[0] == "" or ":" in parts[0]:
                    raise LabelError(
                        f"{where}: {entry.filename!r} leads out of the zip; nothing was read"
                    )
                if not entry.is_dir():
                    with archive.open(entry) as file:  # what a zip says of sizes may be a lie
                        found.add(below + "/".join(parts), file.read(found.left + 1))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        raise LabelError(f"{where}: not a zip that can be read: {error}") from None
