"""The annotation log: append-only, one line an event, safe under a crash and several writers.

An event is never changed. A correction is a new event; a withdrawal is one without a label.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from stance.errors import LabelError
from stance.labeling.designs import Design, kind_of
from stance.records import Annotation

LOCK_SECONDS = 30  # another writer holds the lock for milliseconds; longer is a stuck disk


OPTIONAL = {"note": "", "guess": None}  # left out of a line where they say nothing


def now() -> str:
    """Return the time as events carry it: ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file that several programs may write.

    Raises
    ------
    LabelError
        If the file cannot be written, or another writer does not let go of it.
    """
    try:
        with FileLock(f"{path}.lock", timeout=LOCK_SECONDS):
            yield
    except TimeoutError:
        raise LabelError(
            f"{path}: another program has held its lock for {LOCK_SECONDS} s; end that "
            "program and try again"
        ) from None
    except OSError as error:
        raise LabelError(f"{path}: cannot be written: {error.strerror or error}") from None


class AnnotationLog:
    """An annotation log as one process sees it: what it read stays, what others add is read on.

    Parameters
    ----------
    path
        The log; a file that is not there yet holds no events.
    on_notice
        Is told of a last line that was never finished, which is then passed over; without it, such
        a line is an error like any other.
    """

    def __init__(self, path: Path, *, on_notice: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._on_notice = on_notice
        self._events: list[Annotation] = []
        self._n_bytes = self._n_lines = 0  # how far it was read
        self._torn_at: int | None = None  # of which unfinished line a notice was given

    def events(self) -> Sequence[Annotation]:
        """Return every event, in order.

        Raises
        ------
        LabelError
            If the file cannot be read, or a line in it is not an annotation.
        """
        try:
            with self.path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._n_bytes:  # another file took its name
                    self._events, self._n_bytes, self._n_lines = [], 0, 0
                file.seek(self._n_bytes)
                *lines, rest = file.read().split(b"\n")
        except FileNotFoundError:
            return self._events
        except OSError as error:
            raise LabelError(f"{self.path}: cannot be read: {error.strerror or error}") from None
        for line in lines:
            self._events.append(_event(line, f"{self.path}:{self._n_lines + 1}"))
            self._n_lines += 1
            self._n_bytes += len(line) + 1
        if rest:
            return [*self._events, *self._unfinished(rest)]
        return self._events

    def append(self, new: Sequence[Annotation]) -> None:
        """Add events at the end of the file, and see them onto the disk before returning.

        What another writer, killed in the middle, left of a line is dropped and told: its events
        were never confirmed to anyone.

        Raises
        ------
        LabelError
            If the file cannot be written, or another writer does not let go of it.
        """
        lines = "".join(_line(annotation) for annotation in new).encode()
        with locked(self.path):
            is_new = not self.path.exists()
            with self.path.open("a+b") as file:
                self._mend_end(file)
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                _sync_folder(self.path.parent)

    def _unfinished(self, rest: bytes) -> Iterator[Annotation]:
        where = f"{self.path}:{self._n_lines + 1}"
        try:
            json.loads(rest)
        except (ValueError, RecursionError):
            if self._on_notice is None:
                raise LabelError(f"{where}: not a JSON object") from None
            if self._torn_at != self._n_bytes:
                self._torn_at = self._n_bytes
                self._on_notice(f"{where}: the last line was never finished; it is passed over")
            return
        yield _event(rest, where)

    def _mend_end(self, file: Any) -> None:  # noqa: ANN401  a binary file, whatever its class
        end = file.seek(0, os.SEEK_END)
        start = end
        while start > 0:  # back to the last line break, a block at a time
            block = min(4096, start)
            file.seek(start - block)
            found = file.read(block).rfind(b"\n")
            start = start - block + (found + 1 if found >= 0 else 0)
            if found >= 0:
                break
        if start == end:
            return
        file.seek(start)
        try:
            json.loads(file.read())
            file.write(b"\n")  # a whole line that only lacks its end
        except (ValueError, RecursionError):
            file.truncate(start)
            if self._on_notice is not None:
                self._on_notice(
                    f"{self.path}: dropped {end - start} bytes of a last line that was never "
                    "finished"
                )


def read_annotations(
    path: Path, *, on_notice: Callable[[str], None] | None = None
) -> Sequence[Annotation]:
    """Return every event of an annotation log, in order; see `AnnotationLog`.

    Raises
    ------
    LabelError
        If there is no such file, or a line in it is not an annotation.
    """
    if not path.exists():
        raise LabelError(f"{path}: no such annotation log; begin one with `stance label serve`")
    return AnnotationLog(path, on_notice=on_notice).events()


def under_codebook(
    annotations: Sequence[Annotation],
    reference: str,
    *,
    on_notice: Callable[[str], None] = lambda notice: None,
) -> list[Annotation]:
    """Return the annotations made under a codebook.

    Parameters
    ----------
    on_notice
        Is told how many are left out that follow another state of that codebook; those under a
        codebook of another name are another job.

    Raises
    ------
    LabelError
        If there are annotations, but all under other codebooks.
    """
    ours = [annotation for annotation in annotations if annotation.codebook == reference]
    if annotations and not ours:
        others = ", ".join(sorted({annotation.codebook for annotation in annotations}))
        raise LabelError(
            f"{len(annotations)} judgements follow {others}, not {reference}; give --codebook"
        )
    states = other_states((annotation.codebook for annotation in annotations), reference)
    if n := states.total():
        on_notice(
            f"{n} of {n + len(ours)} judgements follow {', '.join(sorted(states))}, not "
            f"{reference}: they are left out"
        )
    return ours


def other_states(references: Iterable[str], reference: str) -> Counter[str]:
    """Return how often each other state of a codebook is named: another version or hash."""
    name = reference.partition("@")[0]
    return Counter(
        other for other in references if other != reference and other.partition("@")[0] == name
    )


@dataclass(frozen=True, slots=True)
class Place:
    """What one event takes the place of another in, both under one codebook."""

    unit_id: str
    task: str
    annotator: str
    adjudicates: bool  # an adjudication and an independent judgement stand side by side


Key = tuple[Place, str]  # of events under several codebooks: the place, and the codebook


def place_of(annotation: Annotation) -> Place:
    """Return what an event speaks of."""
    return Place(
        annotation.unit_id,
        annotation.task,
        annotation.annotator,
        kind_of(annotation.design) is Design.ADJUDICATION,
    )


def key_of(annotation: Annotation) -> Key:
    """Return what an event speaks of, and under which codebook: none takes another's place."""
    return place_of(annotation), annotation.codebook


def by_codebook(events: Iterable[Annotation]) -> dict[str, list[Annotation]]:
    """Return the events under each codebook."""
    found: dict[str, list[Annotation]] = {}
    for event in events:
        found.setdefault(event.codebook, []).append(event)
    return found


def standing(events: Iterable[Annotation]) -> dict[Place, Annotation]:
    """Return the latest event of each place, where it has a label; in order of those events.

    The events are those under one codebook: see `by_codebook`.
    """
    latest: dict[Place, Annotation] = {}
    for event in events:
        place = place_of(event)
        latest.pop(place, None)
        latest[place] = event
    return {place: event for place, event in latest.items() if event.label is not None}


def _event(line: bytes, where: str) -> Annotation:
    names = {field.name for field in fields(Annotation)}
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise LabelError(f"{where}: not a JSON object")
    texts = {key: value for key, value in row.items() if key not in {"label", "guess"}}
    labels = [row.get("label", 0), row.get("guess")]
    if (
        not names - set(OPTIONAL) <= set(row) <= names
        or not all(isinstance(value, str) for value in texts.values())
        or not all(label is None or isinstance(label, str) for label in labels)
    ):
        raise LabelError(
            f"{where}: an annotation has the texts {', '.join(sorted(names - set(OPTIONAL)))}, its "
            f"label may be null, and it may have {', '.join(sorted(OPTIONAL))}"
        )
    try:
        kind_of(row["design"])
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from None
    return Annotation(**row)


def row_of_event(event: Annotation) -> dict[str, str | None]:
    """Return an event as the log writes it, without what says nothing."""
    return {
        key: value
        for key, value in asdict(event).items()
        if key not in OPTIONAL or value != OPTIONAL[key]
    }


def _line(event: Annotation) -> str:
    return json.dumps(row_of_event(event), ensure_ascii=False) + "\n"


def _sync_folder(folder: Path) -> None:
    if os.name != "nt":  # Windows opens no folders, and keeps names without being told to
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
