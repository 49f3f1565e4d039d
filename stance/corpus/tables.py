"""Tables of articles, one row each: JSON Lines, JSON, CSV, TSV and Parquet."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, TextIO

from stance.corpus.decoding import text_stream, without_lone_surrogates
from stance.corpus.metadata import COLUMNS, MISSING, column_name
from stance.corpus.sentences import WORD
from stance.errors import DataError
from stance.records import Article, text_sha256

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
MAX_TEXT = 20_000_000  # characters of one row's text
_MAX_RECORD = 64_000_000  # characters of a line or a CSV field: beyond it, memory is at stake
_MAX_JSON = 256_000_000  # characters of a .json file, which cannot be read piece by piece
_BATCH = 64  # Parquet rows held at a time
_HEAD = 1 << 20  # bytes that tell what kind of table a file is
_KNOWN = {name for names in COLUMNS.values() for name in names}
_TEXTS = frozenset(COLUMNS["text"])
# Tags that no prose has, also where their brackets are written as "&lt;" and "&gt;".
_TAG = re.compile(
    r"(?:<|&lt;)(?:/(?:p|div|a|span|li|ul|ol|h[1-6]|b|i|em|strong|blockquote|figure|t[dr]|table"
    r"|section|article|body|html)|br\s?/?)(?:>|&gt;)",
    re.IGNORECASE,
)
_BACKSLASHED = re.compile(r'\\"(?!")')  # a quote escaped as in C: CSV doubles it
_JSON_NAME = re.compile(r'"(\w+)"\s*:')

Row = Mapping[str, object]  # keys spelled as by `column_name`


def read_rows(
    file: BinaryIO, suffix: str, *, wanted: Sequence[str]
) -> Iterator[tuple[int, Row | DataError]]:
    """Yield each row of a table with its number from 1, or what is wrong with that row.

    Parameters
    ----------
    file
        Seekable. It may be closed in the end.
    suffix
        One of TABLE_SUFFIXES.
    wanted
        Keys of COLUMNS, one of which the table's header must have. JSON has no header.

    Raises
    ------
    DataError
        If the table as a whole cannot be read, or has none of the wanted columns.
    """
    if suffix == ".parquet":
        yield from _parquet_rows(file, wanted)
        return
    try:
        with text_stream(file) as stream:
            if suffix in {".csv", ".tsv"}:
                yield from _csv_rows(stream, wanted)
            elif suffix == ".json":
                yield from _json_rows(stream)
            else:
                yield from _json_lines(stream)
    except UnicodeDecodeError as error:
        raise DataError(
            f"not valid {error.encoding}, though it begins as such. Save it again as UTF-8."
        ) from None


def header_names(file: BinaryIO, suffix: str) -> set[str]:
    """Return the names in a table's header or, of JSON, in its first object; none if unreadable.

    No more than the beginning of the file is read. Of a JSON object that is longer, only the names
    down to the first list or object in it are returned.
    """
    if suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        with suppress(pa.ArrowException, OSError):
            return set(map(column_name, pq.read_schema(file).names))
        return set()
    head = _head(file)
    if suffix in {".csv", ".tsv"}:
        return set(map(column_name, _header(_first_line(head))[1]))
    _, brace, inside = head.partition("{")
    try:
        return set(map(column_name, json.JSONDecoder().raw_decode(brace + inside)[0]))
    except (ValueError, RecursionError):
        return set(map(column_name, _JSON_NAME.findall(re.split(r"[\[{]", inside, maxsplit=1)[0])))


def table_suffix(file: BinaryIO) -> str:
    """Return the suffix that a file without a name would have: that of a table, or none for text.

    CSV begins with a line of two names or more, one of them that of a column of texts. In prose a
    blank follows each comma, so behind a blank all names must be known.
    """
    head = _head(file).lstrip()
    if re.match(r"\[\s*\{|\{\s*\n", head):
        return ".json"
    if head.startswith("{"):
        names = header_names(file, ".json")
        return ".json" if "articles" in names and _TEXTS.isdisjoint(names) else ".jsonl"
    cells = _header(_first_line(head))[1]
    names = set(map(column_name, cells))
    if len(cells) < 2 or not cells[-1].strip() or _TEXTS.isdisjoint(names):
        return ""
    return ".csv" if names <= _KNOWN or not any(cell[:1].isspace() for cell in cells) else ""


def article_of_row(row: Row, *, article_id: str) -> Article:
    """Return the article of a row: its text, as it came, under the id given.

    Raises
    ------
    DataError
        If the row has no text, or one that is empty, too long, HTML or not text.
    """
    texts = [row[name] for name in COLUMNS["text"] if row.get(name) is not None]
    text = next((text for text in texts if isinstance(text, str) and _says_something(text)), None)
    if text is None:
        require_column(row, ["text"])
        others = [type(text).__name__ for text in texts if not isinstance(text, str)]
        if others:
            raise DataError(f"its text is of type {others[0]}. Write it as one string.")
        raise DataError("its text is empty. Remove the row, or fill it in.")
    if len(text) > MAX_TEXT:
        raise DataError(
            f"its text has {len(text):,} characters, and {MAX_TEXT:,} are read. Split the article."
        )
    if "\0" in text:
        raise DataError("its text holds NUL characters, so it is not text. Export it again.")
    if tag := html_tag(text):  # each would be a unit, or glue two together
        raise DataError(f"its text is HTML, since it holds {tag!r}. Extract the text of it first.")
    text = without_lone_surrogates(text)
    return Article(id=article_id, text=text, original=text, sha256=text_sha256(text))


def _says_something(text: str) -> bool:
    """Return whether a text has a word, and is no mark that there is none."""
    return bool(WORD.search(text)) and text.strip().lower() not in MISSING


def html_tag(text: str) -> str | None:
    """Return the first tag of HTML in a text, or None: a lone "<" is none."""
    found = _TAG.search(text)
    return found[0] if found else None


def require_column(columns: Iterable[str], wanted: Sequence[str]) -> None:
    """Check that a table has a column for one of the wanted keys of COLUMNS.

    Raises
    ------
    DataError
        If it has none, naming the columns found and those looked for.
    """
    found = list(columns)
    names = [name for field in wanted for name in COLUMNS[field]]
    if not set(names).intersection(found):
        shown = ", ".join(repr(name[:40]) for name in found[:20]) or "none"
        raise DataError(
            f"no column is called {', '.join(names)}. Found: {shown}"
            f"{', ...' if len(found) > 20 else ''}. Rename the column that holds it."
        )


def _head(file: BinaryIO) -> str:
    """Return the beginning of a file's text, and go back there; nothing if it is not text."""
    head = file.read(_HEAD)
    file.seek(0)
    with suppress(UnicodeDecodeError), text_stream(io.BytesIO(head)) as stream:
        return stream.read(_HEAD // 8)  # well before a character that is cut at the end
    return ""


def _first_line(text: str) -> str:
    return io.StringIO(text, newline="").readline()


def _header(first: str) -> tuple[str, list[str]]:
    """Return the delimiter of a CSV and the cells of its first line."""
    read = {mark: next(csv.reader([first], delimiter=mark), []) for mark in ",;\t"}
    return max(read.items(), key=lambda found: len(found[1]))


def _json_lines(stream: TextIO) -> Iterator[tuple[int, Row | DataError]]:
    number = 0
    while line := stream.readline(_MAX_RECORD):
        number += 1
        if len(line) == _MAX_RECORD and not line.endswith("\n"):
            while (rest := stream.readline(_MAX_RECORD)) and not rest.endswith("\n"):
                pass
            yield number, DataError(f"longer than {_MAX_RECORD:,} characters. Split the article.")
        elif line.strip():
            yield number, _json_row(line)


def _json_rows(stream: TextIO) -> Iterator[tuple[int, Row | DataError]]:
    """Yield the rows of a list, of NewsAPI's answer, of one object, or of JSON Lines."""
    first = _json_row(stream.readline(_MAX_RECORD))
    if not isinstance(first, DataError) and _answer(first) is None:
        stream.seek(0)
        yield from _json_lines(stream)
        return
    stream.seek(0)
    text = stream.read(_MAX_JSON + 1)
    if len(text) > _MAX_JSON:
        raise DataError(f"has over {_MAX_JSON:,} characters. Write one article a line, as .jsonl.")
    value = _json_value(text)
    if isinstance(value, DataError):
        raise value
    answer = _answer(_named(value))
    if answer is not None:
        value = answer
    for number, item in enumerate(value if isinstance(value, list) else [value], start=1):
        yield number, _named(item)


def _answer(row: Row | DataError) -> list[object] | None:
    """Return the articles in an object that holds a list of them and no text of its own."""
    if isinstance(row, DataError) or not _TEXTS.isdisjoint(row):
        return None
    articles = row.get("articles")
    return articles if isinstance(articles, list) else None


def _json_row(text: str) -> Row | DataError:
    value = _json_value(text)
    return value if isinstance(value, DataError) else _named(value)


def _json_value(text: str) -> object:
    """Return what a JSON text holds, or a DataError that says why it cannot be read."""
    try:
        return json.loads(text)
    except RecursionError:
        return DataError("its JSON is nested too deeply. Write articles as flat objects.")
    except ValueError as error:
        return DataError(f"not JSON: {error}. Write one object for an article.")


def _named(value: object) -> Row | DataError:
    if not isinstance(value, dict):
        return DataError(
            f"a JSON {type(value).__name__}, where an article is an object with names."
        )
    return _row((column_name(name), item) for name, item in value.items())


def _row(cells: Iterable[tuple[str, object]]) -> Row:
    """Return a row; of several columns of one name, the first that is not empty counts."""
    row: dict[str, object] = {}
    for name, value in cells:
        if row.get(name) in (None, ""):
            row[name] = value
    return row


def _csv_rows(stream: TextIO, wanted: Sequence[str]) -> Iterator[tuple[int, Row | DataError]]:
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_RECORD))
    first = stream.readline(_MAX_RECORD)
    delimiter, _ = _header(first)
    line = first

    def lines() -> Iterator[str]:
        nonlocal line
        while line:
            yield line
            line = stream.readline(_MAX_RECORD)

    # Strict: a quote that is never closed would else swallow every article after it in silence. It
    # swallows them still, up to the next quote or the end of the file, so we say which lines.
    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    number = 0
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if _BACKSLASHED.search(line):  # lines of prose would be read as rows from here on
                raise DataError(
                    "quotes are escaped with backslashes, so nothing from line "
                    f'{start} on was read. Double them: "" for \\".'
                ) from None
            number += 1
            advice = "Put double quotes around a field, and double those in it."
            what = str(error)
            if "unexpected end" in what:
                what = "a quote in it is never closed, so nothing after it was read"
            lost = f"Lines {start} to {reader.line_num} of the file are lost"
            yield number, DataError(f"not proper CSV: {what}. {lost}. {advice}")
            continue
        if not cells:
            continue
        if header is None:
            header = [column_name(name) for name in cells]
            require_column(header, wanted)
            continue
        number += 1
        if len(cells) != len(header):
            advice = "Put double quotes around a field that holds the delimiter."
            counts = f"{len(cells)} field(s), and the header {len(header)}"
            yield number, DataError(f"has {counts}. {advice}")
        else:
            yield number, _row(zip(header, cells, strict=True))


def _parquet_rows(file: BinaryIO, wanted: Sequence[str]) -> Iterator[tuple[int, Row | DataError]]:
    # Loading pyarrow takes a quarter of a second, which reading plain text need not wait for.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        names = table.schema_arrow.names
        require_column([column_name(name) for name in names], wanted)
        columns = [name for name in names if column_name(name) in _KNOWN]
        number = 0
        for batch in table.iter_batches(batch_size=_BATCH, columns=columns):
            for i in range(batch.num_rows):
                number += 1
                yield number, _parquet_row(batch.slice(i, 1))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not a Parquet file that can be read: {error}. Write it again.") from None


def _parquet_row(row: "pa.RecordBatch") -> Row | DataError:
    try:
        cells = [column[0].as_py() for column in row.columns]
    except (ValueError, OverflowError) as error:
        return DataError(f"holds a value that cannot be read: {error}. Write it as text.")
    return _row(zip(map(column_name, row.schema.names), cells, strict=True))
