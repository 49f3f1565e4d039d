"""Units with labels from a table: the output of `stance classify`, or labels by hand."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from stance.codebook import Codebook, Task
from stance.corpus.decoding import without_lone_surrogates
from stance.corpus.metadata import COLUMNS, Metadata, column_name, metadata_of, unread_dates_said
from stance.corpus.tables import MAX_TEXT, TABLE_SUFFIXES, Row, read_rows
from stance.errors import DataError, LabelError
from stance.labeling.settle import unit_place
from stance.records import GIVEN, UNIT_KINDS, ClassifiedUnit, Prediction, Unit, unit_id
from stance.terminal_text import text_of_cell

_ARTICLE = ("article_id", "document_id", "doc_id", "article")
_UNIT = ("unit_id", "id")
_TEXT = tuple(name for name in COLUMNS["text"] if name not in _ARTICLE)
_OWN = ("unit_id", "sha256", "index", "kind", "start", "end", "abstained", "model", "codebook")
_ABOUT = (*COLUMNS["source"], *COLUMNS["date"])
_ROUNDING = 0.02  # how far probabilities may be from a sum of 1: three with two digits
_BATCH = 4096  # Parquet rows held at a time


def is_classified(path: Path, codebook: Codebook) -> bool:
    """Return whether a file is a table of labeled units, by its header or its first row.

    It has an article and labels of the codebook in every row. A table of articles has ids and
    texts; one that also has labels for whole articles reads as a table of labels only where the
    id stands in a column called article_id or the like.
    """
    with suppress(DataError, OSError):
        if path.suffix.lower() == ".parquet":
            import pyarrow as pa
            from pyarrow import parquet

            with suppress(pa.ArrowException, ValueError):
                names = parquet.read_schema(path).names
                return _is_labeled({column_name(name) for name in names}, codebook)
        elif path.suffix.lower() in TABLE_SUFFIXES and path.is_file():
            rows = (row for _, row in _rows(path, codebook) if not isinstance(row, DataError))
            return _is_labeled(next(rows, {}), codebook)
    return False


def read_classified(
    path: Path,
    codebook: Codebook,
    *,
    register: Mapping[str, Metadata] | None = None,
    on_notice: Callable[[str], None] = lambda notice: None,
) -> Iterator[ClassifiedUnit]:
    """Yield the labeled units of a table, in its order.

    Columns are those of `stance classify`. What a table of labels by hand lacks is filled in: units
    are numbered by row, a label is sure of itself (probability 1), texts may be missing. The label
    stands in a column with the name of its task, or in `label` for the stance. Labels go by name or
    alias.

    Parameters
    ----------
    path
        .jsonl, .ndjson, .json, .csv, .tsv or .parquet. The apostrophes that keep a spreadsheet from
        reading formulas go away again where a CSV has our own columns.
    register
        An article's hash -> what is known of it where its rows say nothing.
    on_notice
        Is told, at the end, of articles whose date cannot be read.

    Raises
    ------
    DataError
        At the first row that cannot be used, with its number: a label that the codebook does not
        know, labels of another codebook, probabilities that are none or that contradict their
        label, a unit for the second time, an article that changes its outlet.
    """
    reader = _Reader(codebook, register or {})
    for number, row in _rows(path, codebook):
        try:
            if isinstance(row, DataError):
                raise row
            yield reader.unit(number, _filled(row))
        except (DataError, LabelError) as error:
            raise DataError(f"{path}: row {number}: {error}") from None
    if unread := reader.unread_dates:
        on_notice(unread_dates_said([f"{path}: {written!r}" for written in unread]))


class _Reader:
    """Makes units of rows, and remembers what must stay the same."""

    def __init__(self, codebook: Codebook, register: Mapping[str, Metadata]) -> None:
        self.codebook = codebook
        self.register = register
        self.tasks: tuple[str, ...] | None = None  # of the first row, and so of all
        self.articles: dict[str, tuple[int, str | None, str | None, str]] = {}
        self.about: dict[str, tuple[object, ...]] = {}  # an article's cells as last seen
        self.n_units: dict[str, int] = {}  # by article
        self.unread_dates: list[str] = []  # one an article
        self.rows: dict[str, int] = {}  # unit id -> row
        self.labels: dict[tuple[str, str], str] = {}  # as written -> as the codebook has it
        self.columns = {
            task.name: {name: column_name(f"{task.name}_{name}") for name in task.classes}
            for task in codebook.tasks
        }

    def unit(self, number: int, row: Row) -> ClassifiedUnit:
        """Return the unit of a row, in which no cell is empty."""
        book = _text(row, "codebook")
        if book is not None and book != self.codebook.reference:
            raise DataError(
                f"labeled by codebook {book}, and this is {self.codebook.reference}. Name the "
                "other with --codebook, or classify the articles again."
            )
        start, end = _whole_number(row, "start"), _whole_number(row, "end")
        own_id = next((found for name in _UNIT if (found := _text(row, name))), None)
        article_id = self._article_id(row, own_id)
        if start is None or end is None:
            own_id, start, end = own_id or unit_id(article_id, number, number), 0, 0
        elif start > end:
            raise DataError(f"starts at {start} and ends at {end}. Swap the two.")
        unit_name = own_id or unit_id(article_id, start, end)
        before = self.rows.setdefault(unit_name, number)
        if before != number:
            raise DataError(f"unit {unit_name!r} stands in row {before} too. Remove one of them.")
        source, date, sha256 = self._article(number, row, article_id)
        index = _whole_number(row, "index")
        kind = _text(row, "kind") or UNIT_KINDS[0]
        if kind not in UNIT_KINDS:
            raise DataError(f"no kind is called {kind!r}. Use one of: {', '.join(UNIT_KINDS)}.")
        n_before = self.n_units.get(article_id, 0)
        self.n_units[article_id] = n_before + 1
        return ClassifiedUnit(
            unit=Unit(
                id=unit_name,
                article_id=article_id,
                index=n_before if index is None else index,
                kind=kind,
                text=_unit_text(row),
                start=start,
                end=end,
            ),
            source=source,
            date=date,
            sha256=sha256,
            predictions=self._predictions(row, unit_name),
            codebook=self.codebook.reference,
        )

    def _article_id(self, row: Row, own_id: str | None) -> str:
        for name in _ARTICLE:
            if found := _text(row, name):
                return found
        with suppress(LabelError):
            return unit_place(own_id or "")[0]
        raise DataError("names no article. Fill in article_id.")

    def _article(
        self, number: int, row: Row, article_id: str
    ) -> tuple[str | None, str | None, str]:
        """Return the article's outlet, date and hash, which all of its rows must agree on."""
        cells = (*map(row.get, _ABOUT), row.get("sha256"))
        if self.about.get(article_id) == cells:  # as in the row before, nearly always
            return self.articles[article_id][1:]
        known = metadata_of(row)
        sha256 = _text(row, "sha256") or ""
        said = self.register.get(sha256.lower(), Metadata())
        here = (known.source or said.source, known.date or said.date, sha256)
        unread_date = known.unread_date or said.unread_date
        if unread_date and here[1] is None and article_id not in self.articles:
            self.unread_dates.append(unread_date)
        first, *there = self.articles.setdefault(article_id, (number, *here))
        for what, now, then in zip(("by", "of", "with the hash"), here, there, strict=True):
            if now != then:
                raise DataError(
                    f"article {article_id!r} is {what} {now!r} here and {what} {then!r} in row "
                    f"{first}. Correct one, or give each article an id of its own."
                )
        self.about[article_id] = cells
        return self.articles[article_id][1:]

    def _predictions(self, row: Row, unit_name: str) -> dict[str, Prediction]:
        model = _text(row, "model") or GIVEN
        abstained = _flag(row, "abstained")
        predictions = {}
        for task in self.codebook.tasks:
            written = _text(row, column_name(task.name))
            if written is None and task.name == "stance" and "task" not in row:
                written = _text(row, "label")
            label = None if written is None else self._label(task, written)
            probabilities = _probabilities(row, task.name, self.columns[task.name])
            if probabilities is None:
                if label is None:
                    continue
                probabilities = {name: float(name == label) for name in task.classes}
            likeliest = max(probabilities, key=probabilities.__getitem__)
            if label and probabilities[label] < probabilities[likeliest] - _ROUNDING:
                raise DataError(
                    f"its {task.name} is {label!r}, and by its probabilities {likeliest!r} is "
                    "likelier. If a person changed it, empty the probabilities: it is sure then."
                )
            predictions[task.name] = Prediction(
                unit_id=unit_name,
                task=task.name,
                label=label or likeliest,
                probabilities=probabilities,
                model=model,
                abstained=abstained and task.name == "stance",
            )
        found = tuple(predictions)
        if not found:
            raise DataError("has no label. Fill one in, or remove the row.")
        if self.tasks is None:
            self.tasks = found
        if found != self.tasks:
            raise DataError(
                f"has labels of {', '.join(found)}, and the first row of {', '.join(self.tasks)}. "
                "Fill in what is missing, or leave the whole column out."
            )
        return predictions

    def _label(self, task: Task, written: str) -> str:
        key = (task.name, written)
        if key not in self.labels:
            self.labels[key] = task.label(written)
        return self.labels[key]


def _is_labeled(names: Collection[str], codebook: Codebook) -> bool:
    """Return whether columns, in the spelling of `column_name`, are those of labeled units."""
    if "unit_id" not in names and not any(name in names for name in _ARTICLE):
        return False
    labels = {column_name(name) for task in codebook.tasks for name in task.columns}
    return not labels.isdisjoint(names) or ("label" in names and "task" not in names)


def _rows(path: Path, codebook: Codebook) -> Iterator[tuple[int, Row | DataError]]:
    """Yield the rows of a table with their numbers from 1."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            yield from _parquet_rows(path, codebook)
        elif suffix in TABLE_SUFFIXES:
            with path.open("rb") as file:
                for number, row in read_rows(file, suffix, wanted=("id", "text", "source")):
                    if suffix == ".csv" and isinstance(row, dict) and row.keys() >= set(_OWN):
                        yield number, {name: text_of_cell(cell) for name, cell in row.items()}
                    else:
                        yield number, row
        else:
            raise DataError(f"labels are read from {', '.join(TABLE_SUFFIXES)}.")
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _parquet_rows(path: Path, codebook: Codebook) -> Iterator[tuple[int, Row | DataError]]:
    import pyarrow as pa
    from pyarrow import parquet

    known = {*_ARTICLE, *_UNIT, *_TEXT, *_OWN, "label", "task", *_ABOUT}
    known |= {column_name(name) for task in codebook.tasks for name in task.columns}
    number = 0
    try:
        with parquet.ParquetFile(path) as table:
            names = [name for name in table.schema_arrow.names if column_name(name) in known]
            for batch in table.iter_batches(batch_size=_BATCH, columns=names):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {column_name(name): value for name, value in row.items()}
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise DataError(
            f"cannot be read as Parquet behind row {number}: {error}. Write it again."
        ) from None


def _filled(row: Row) -> Row:
    """Return a row without its empty cells: None, NaN and blank ones."""
    return {
        name: value
        for name, value in row.items()
        if not (value is None or value != value or (isinstance(value, str) and not value.strip()))
    }


def _text(row: Row, name: str) -> str | None:
    """Return a cell that names something; whole numbers may do so."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        return without_lone_surrogates(value).strip()
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers with a gap
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise DataError(f"{name} is of type {type(value).__name__}. Write it as text.")


def _unit_text(row: Row) -> str:
    """Return the text of a unit as it stands there; empty where there is none."""
    for name in _TEXT:
        value = row.get(name)
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise DataError(f"its text has {len(value):,} characters, {MAX_TEXT:,} are read.")
            return without_lone_surrogates(value)
        if value is not None:
            raise DataError(f"its text is of type {type(value).__name__}. Write it as text.")
    return ""


def _number(row: Row, name: str) -> float | None:
    """Return a cell that holds a number."""
    value = row.get(name)
    if value is None or isinstance(value, float):
        return value
    try:
        if isinstance(value, str | int) and not isinstance(value, bool):
            number = float(value)
            return None if math.isnan(number) else number  # "nan" in a CSV
    except (ValueError, OverflowError):
        pass
    raise DataError(f"{name} is {value!r:.40}. Write a number.")


def _whole_number(row: Row, name: str) -> int | None:
    value = _number(row, name)
    if value is None:
        return None
    if not (0 <= value < 2**53 and value.is_integer()):
        raise DataError(f"{name} is {value}. Write a whole number from 0.")
    return int(value)


def _flag(row: Row, name: str) -> bool:
    value = row.get(name)
    written = value.strip().lower() if isinstance(value, str) else value
    if written in (None, False, "false", "0"):
        return False
    if written in (True, "true", "1"):
        return True
    raise DataError(f"{name} is {value!r:.40}. Write true or false.")


def _probabilities(row: Row, task: str, columns: Mapping[str, str]) -> dict[str, float] | None:
    """Return the probabilities of a task's labels, with a sum of 1; None where there are none."""
    found = {name: _number(row, column) for name, column in columns.items()}
    given = {name: value for name, value in found.items() if value is not None}
    if not given:
        return None
    lacking = [name for name in found if name not in given]
    if lacking:
        raise DataError(
            f"has no probability of {task} {', '.join(lacking)}, and one of "
            f"{', '.join(given)}. Write all of them, or none."
        )
    total = sum(given.values())
    if not all(0 <= value <= 1 for value in given.values()) or abs(total - 1) > _ROUNDING:
        raise DataError(
            f"its probabilities of {task} are {', '.join(f'{v:g}' for v in given.values())}. "
            "Write numbers from 0 to 1 with a sum of 1."
        )
    return {name: value / total for name, value in given.items()}
