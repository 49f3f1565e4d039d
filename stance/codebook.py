"""A codebook file: the target, the tasks, what each label means, and the hash that names it all."""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from stance.errors import CodebookError, LabelError
from stance.resources import data_folder

DEFAULT_CODEBOOK = "h200-access"
PLACEHOLDER = "FILL IN"  # what the template asks its user to replace
# The columns of label files, classified units, kept probabilities and slices that are no task's:
# none may be called so.
RESERVED = (
    *("article_id", "source", "date", "sha256", "unit_id", "index", "kind", "start", "end", "text"),
    *("abstained", "model", "codebook", "annotators", "decided_by"),
    *("annotator", "task", "label", "at", "design", "note", "guess", "words"),
    *("outlet", "length", "repair"),  # what scores are cut by
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDefinition:
    """One label of a task: its name, what it means, and what else it may be called in a file."""

    name: str
    definition: str
    score: int | None  # its place in the order of an ordered task
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()  # words and patterns that point to it, see labeling.cues


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of judgement; rules are read in order, and the first that settles a unit wins."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One judgement that annotators make on every unit."""

    name: str
    question: str
    ordered: bool
    labels: tuple[LabelDefinition, ...]
    rules: tuple[Rule, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The label names in the codebook's order: the columns of every array of probabilities."""
        return tuple(label.name for label in self.labels)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the task in a table: its label, and each label's probability."""
        return (self.name, *(f"{self.name}_{name}" for name in self.classes))

    @property
    def scores(self) -> tuple[int, ...] | None:
        """The score of each class, or None where the task has no order."""
        if not self.ordered:
            return None
        return tuple(label.score for label in self.labels if label.score is not None)

    def label(self, name: str) -> str:
        """Return the codebook's own name of a label given by name or alias, whatever its case.

        Raises
        ------
        LabelError
            If the codebook knows no such label.
        """
        wanted = name.strip().casefold()
        for label in self.labels:
            if wanted in (known.casefold() for known in (label.name, *label.aliases)):
                return label.name
        known_names = ", ".join(self.classes)
        raise LabelError(f"no {self.name} is called {name!r}; use one of: {known_names}")


@dataclass(frozen=True, kw_only=True)
class Codebook:
    """What annotators judge, and by which rules."""

    name: str
    version: str
    language: str
    target: str
    target_description: str
    unit: str
    tasks: tuple[Task, ...]
    sha256: str  # of the content as canonical JSON: comments, layout and cues do not count

    @property
    def reference(self) -> str:
        """The name that every artefact carries: name@version#hash."""
        return f"{self.name}@{self.version}#{self.sha256[:8]}"

    @cached_property
    def _by_name(self) -> Mapping[str, Task]:
        return {task.name: task for task in self.tasks}

    def task(self, name: str) -> Task:
        """Return the task of that name.

        Raises
        ------
        LabelError
            If the codebook has no such task.
        """
        if name not in self._by_name:
            raise LabelError(
                f"codebook {self.name} has no task {name!r}: {', '.join(self._by_name)}"
            )
        return self._by_name[name]


def read_codebook(name_or_path: str | Path = DEFAULT_CODEBOOK) -> Codebook:
    """Return the codebook of a shipped name or a file, validated.

    Raises
    ------
    CodebookError
        If there is no such file, or a key in it is missing, unknown or of the wrong kind; the
        message names the file and the key.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = data_folder("labels") / f"{name_or_path}.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if Path(name_or_path).suffix != ".toml":
            shipped = {file.stem for file in path.parent.glob("*.toml")} - {"template"}
            raise CodebookError(
                f"{name_or_path}: no such codebook; give a codebook's name or its .toml file. The "
                f"shipped ones are: {', '.join(sorted(shipped))}"
            ) from None
        reason = error.strerror or error
        raise CodebookError(f"{path}: {reason}; give a codebook's name or its .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CodebookError(f"{path}: not a TOML file: {error}") from None
    return _codebook(_Table(data, path, ""))


def new_codebook(name: str, path: Path) -> None:
    """Write a commented template for another target.

    Raises
    ------
    CodebookError
        If the name is not one that a file can bear, or the file exists.
    """
    if not name or not all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
        raise CodebookError(f"codebook name {name!r}: use letters, digits, - and _ only")
    template = (data_folder("labels") / "template.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template.replace("{name}", name))
    except OSError as error:
        raise CodebookError(f"{path}: {error.strerror or error}; nothing was written") from None


class _Table:
    """A TOML table that hands out checked values and knows where it stands."""

    def __init__(self, data: Mapping[str, Any], path: Path, where: str) -> None:
        self.data, self.path, self.where = data, path, where

    def error(self, key: str, what: str) -> CodebookError:
        return CodebookError(f"{self.path}: {self.where}{key}: {what}")

    def only(self, *keys: str) -> None:
        """Refuse keys that nobody reads: they are misspelt ones."""
        for key in self.data:
            if key not in keys:
                raise self.error(key, f"unknown key; known here: {', '.join(keys)}")

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be a text that is not empty")
        if PLACEHOLDER in value:
            raise self.error(key, f"still says {PLACEHOLDER}; write what it asks for")
        return value.strip()

    def flag(self, key: str) -> bool:
        value = self.data.get(key)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def number(self, key: str) -> int:
        value = self.data.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(key, "must be a whole number")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.data.get(key, [])
        if not isinstance(values, list):
            raise self.error(key, "must be a list of texts")
        items = _Table(dict(enumerate(values)), self.path, f"{self.where}{key}.")  # type: ignore[arg-type]
        return tuple(items.text(i) for i in range(len(values)))  # type: ignore[arg-type]

    def table(self, key: str) -> "_Table":
        value = self.data.get(key)
        if not isinstance(value, dict):
            raise self.error(key, "must be a table")
        return _Table(value, self.path, f"{self.where}{key}.")

    def tables(self, key: str) -> list["_Table"]:
        values = self.data.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.error(key, "must be a list of tables")
        return [
            _Table(value, self.path, f"{self.where}{key}[{i}].") for i, value in enumerate(values)
        ]


def _codebook(table: _Table) -> Codebook:
    table.only("name", "version", "language", "target", "unit", "tasks")
    target, unit = table.table("target"), table.table("unit")
    target.only("name", "description")
    unit.only("description")
    tasks = tuple(_task(task) for task in table.tables("tasks"))
    names = [task.name for task in tasks]
    if "stance" not in names:
        raise table.error("tasks", "one task must be named stance")
    columns = Counter([*RESERVED, *(column for task in tasks for column in task.columns)])
    for column, count in columns.items():
        if count > 1:
            raise table.error(
                "tasks", f"two columns would be called {column!r}; rename a task or a label"
            )
    canonical = json.dumps(
        _without_cues(table.data), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return Codebook(
        name=table.text("name"),
        version=table.text("version"),
        language=table.text("language"),
        target=target.text("name"),
        target_description=target.text("description"),
        unit=unit.text("description"),
        tasks=tasks,
        sha256=sha256(canonical.encode()).hexdigest(),
    )


def _without_cues(data: Any) -> Any:  # noqa: ANN401  whatever TOML holds
    """Return a codebook's content without cues: a better lexicon leaves every label as it is."""
    if isinstance(data, dict):
        return {key: _without_cues(value) for key, value in data.items() if key != "cues"}
    return [_without_cues(item) for item in data] if isinstance(data, list) else data


def _task(table: _Table) -> Task:
    table.only("name", "question", "ordered", "labels", "rules")
    ordered = table.flag("ordered")
    labels = []
    for entry in table.tables("labels"):
        entry.only("name", "definition", "score", "aliases", "examples", "cues")
        if not ordered and "score" in entry.data:
            raise entry.error("score", "a task without order has no scores")
        labels.append(
            LabelDefinition(
                name=entry.text("name"),
                definition=entry.text("definition"),
                score=entry.number("score") if ordered else None,
                aliases=entry.texts("aliases"),
                examples=entry.texts("examples"),
                cues=entry.texts("cues"),
            )
        )
    if len(labels) < 2:
        raise table.error("labels", "a task needs two labels or more")
    names = [known.casefold() for label in labels for known in (label.name, *label.aliases)]
    for name in names:
        if names.count(name) > 1:
            raise table.error("labels", f"{name!r} names two labels")
    scores = [label.score for label in labels if label.score is not None]
    if len(set(scores)) < len(scores):
        raise table.error("labels", "two labels have the same score")
    if ordered and not min(scores) < 0 < max(scores):
        raise table.error(
            "labels", "an order needs scores below 0 and above 0: one side, the middle, the other"
        )
    rules = []
    for entry in table.tables("rules"):
        entry.only("title", "text")
        rules.append(Rule(title=entry.text("title"), text=entry.text("text")))
    return Task(
        name=table.text("name"),
        question=table.text("question"),
        ordered=ordered,
        labels=tuple(labels),
        rules=tuple(rules),
    )
