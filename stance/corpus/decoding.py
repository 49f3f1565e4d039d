"""Bytes to text: byte order marks, UTF-8, UTF-16 without a mark, else Windows-1252.

A file that is UTF-8 but for a few bytes is read as UTF-8, and those bytes as Windows-1252: read
otherwise, one stray byte would change every accented name in it.
"""

import codecs
import io
import re
from typing import BinaryIO, TextIO

from stance.errors import DataError

_HEAD = 1 << 16  # bytes in which UTF-16 without a mark shows itself
_CHUNK = 1 << 20
# UTF-32's little-endian mark begins with UTF-16's: the longer is looked for first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# These may follow a capital or an "ß" in Windows-1252, and are UTF-8 with it: "É»" in «CAFÉ».
_MAY_FOLLOW = "…’“”–—»\xa0".encode("cp1252")
_UNSURE = "".join(bytes([i, j]).decode("utf-8") for i in range(0xC2, 0xE0) for j in _MAY_FOLLOW)
_SURE = re.compile(f"[^\0-\x7f\ud800-\udfff{_UNSURE}]")


def _as_control(error: UnicodeError) -> tuple[str, int]:
    """Return the C1 control for a byte that Windows-1252 leaves undefined, and where to go on."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


# Windows-1252 leaves five bytes undefined, and browsers read those as C1 controls: so do we.
codecs.register_error("stance-c1", _as_control)


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Return what bytes that are not UTF-8 are in Windows-1252, and where to go on."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "stance-c1"), error.end


codecs.register_error("stance-cp1252", _as_windows_1252)


def decode(data: bytes) -> str:
    """Return a text file's text, without its byte order mark and with its newlines as they are.

    Raises
    ------
    DataError
        If the bytes are not text.
    """
    encoding, errors = _encoding(io.BytesIO(data))
    try:
        text = data.decode(encoding, errors)
    except UnicodeDecodeError as error:
        at = error.start + len(data) - len(error.object)  # "utf-8-sig" counts after the mark
        raise DataError(
            f"not valid {encoding} at byte {at}, though it begins as such. Save it again as UTF-8."
        ) from None
    if "\0" in text:
        raise DataError(
            "holds NUL bytes, so it is not text. Export the text of it first, as UTF-8."
        )
    return text


def text_stream(file: BinaryIO) -> TextIO:
    """Return a stream of a file's text, decoded as by `decode` but with any NULs left in.

    Closing it closes the file. Reading from it raises UnicodeDecodeError where the file breaks its
    own encoding.

    Parameters
    ----------
    file
        Seekable: it is read through first to tell UTF-8 from Windows-1252.
    """
    encoding, errors = _encoding(file)
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")


def without_lone_surrogates(text: str) -> str:
    """Return a text that can be encoded: JSON and file names can hold halves of characters."""
    try:
        text.encode("utf-8")  # eight times as fast as looking for them
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text)
    return text


def _encoding(file: BinaryIO) -> tuple[str, str]:
    """Return the names of a file's encoding and of what to do with bytes that break it."""
    chunk = file.read(_HEAD)
    for mark, name in _MARKS:
        if chunk.startswith(mark):
            return name, "strict"
    # In UTF-16, one byte of every Latin letter, digit and space is NUL, always on the same side.
    # A tenth is met by Greek and Cyrillic too, through their spaces; stray NULs in another encoding
    # are fewer or fall on both sides, and in a few bytes nothing can be told (hence the 5).
    pairs = len(chunk) // 2
    nuls = chunk[0::2].count(0), chunk[1::2].count(0)
    if max(nuls) > 5 + pairs / 10 and min(nuls) * 10 < max(nuls):
        return ("utf-16-be" if nuls[0] > nuls[1] else "utf-16-le"), "strict"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk:
            decoder.decode(chunk)
            chunk = file.read(_CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return ("utf-8", "stance-cp1252") if _is_mostly_utf8(file) else ("cp1252", "stance-c1")
    return "utf-8", "strict"


def _is_mostly_utf8(file: BinaryIO) -> bool:
    """Return whether a file has no fewer characters that are surely UTF-8 than bytes that are not.

    In text that is Windows-1252, hardly any two bytes are UTF-8 by chance.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    n_sure = n_bad = 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        text = decoder.decode(chunk)
        n_sure += len(_SURE.findall(text))
        n_bad += len(_LONE_SURROGATE.findall(text))
    return n_sure >= n_bad + len(decoder.decode(b"", final=True))
