"""The public data sets: what each one is, and its files as units with labels.

A set is a codebook, the metrics of its authors, and a reader: nothing else in the toolkit knows it.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from stance.codebook import Codebook, LabelDefinition, Task
from stance.errors import DataError, LabelError
from stance.records import LabeledUnit, Unit, text_sha256


class Metric(StrEnum):
    """What a set's authors score by; each is 1 at best."""

    ACCURACY = "accuracy"
    MACRO_F1 = "macro-F1"
    F_AVG = "F_avg"  # mean F1 of the labels that take a side, over all units together
    F_AVG_BY_TARGET = "F_avg by target"  # the same for each target, then the mean over targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What one classifier learns from, and what it then judges."""

    learn: Sequence[LabeledUnit]
    judge: Sequence[LabeledUnit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Units that are judged together, fold by fold, and scored as one."""

    folds: Sequence[Fold]
    parts: Mapping[str, frozenset[str]]  # name -> ids of the judged units that it is scored on
    # Whether the authors fit a classifier for each target; one that reads the target needs no such.
    by_target: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSet:
    """A public data set and how it is scored."""

    name: str
    about: str
    folder: str  # what its folder is called where several lie together
    files: tuple[str, ...]
    metrics: tuple[Metric, ...]  # the first is the one that its authors rank by
    licence: str
    codebook: Codebook  # the first task is the one that is scored
    read: Callable[[Mapping[str, Sequence["_Row"]], Codebook], tuple[Trial, ...]]


def read_benchmark(chosen: BenchmarkSet, data: Path) -> tuple[tuple[Trial, ...], str]:
    """Return a set's trials, and the SHA-256 of its files.

    Parameters
    ----------
    data
        The set's folder, or the one that holds it.

    Raises
    ------
    DataError
        If a file is missing, or a line is not what the set's files hold.
    """
    for folder in (data, data / chosen.folder):
        if all((folder / name).is_file() for name in chosen.files):
            break
    else:
        raise DataError(
            f"{data}: give --data the folder of {chosen.name}, which holds "
            f"{' and '.join(chosen.files)}; where to get it: docs/benchmarks.md"
        )
    digest = sha256()
    rows = {}
    for name in chosen.files:
        content = (folder / name).read_bytes()
        digest.update(content)
        rows[name] = _rows(content, folder / name)
    trials = chosen.read(rows, chosen.codebook)
    for name, ids in ((name, ids) for trial in trials for name, ids in trial.parts.items()):
        if not ids:
            raise DataError(f"{folder}: no line is of the part {name!r}")
    return trials, digest.hexdigest()


class _Row:
    """A line of a data file that hands out checked values and knows where it stands."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.data, self.where = data, where

    def error(self, what: str) -> DataError:
        return DataError(f"{self.where}: {what}")

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key} must be a text that is not empty")
        return value

    def number(self, key: str) -> int:
        value = self.data.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(f"{key} must be a whole number")
        return value

    def label(self, key: str, task: Task) -> str:
        try:
            return task.label(self.text(key))
        except LabelError as error:
            raise self.error(f"{key}: {error}") from None

    def shares(self, key: str, task: Task) -> dict[str, float]:
        """Return label -> share of the annotators who gave it."""
        given = self.data.get(key)
        if not isinstance(given, dict) or not given:
            raise self.error(f"{key} must say what each annotator chose")
        votes = _Row(given, f"{self.where}: {key}")
        counts = Counter(votes.label(annotator, task) for annotator in given)
        return {name: counts[name] / len(given) for name in task.classes}


def _rows(content: bytes, path: Path) -> list[_Row]:
    """Return the lines of a file, each with an id of its own.

    Raises
    ------
    DataError
        If a line is no JSON object with an id, or there is none.
    """
    rows: list[_Row] = []
    ids: set[str] = set()
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise DataError(f"{path}:{number}: not a JSON object")
        row = _Row(data, f"{path}:{number}")
        if row.text("id") in ids:
            raise row.error(f"a line before has the id {row.text('id')!r} too")
        ids.add(row.text("id"))
        rows.append(row)
    if not rows:
        raise DataError(f"{path}: holds no line")
    return rows


def _labeled(
    row: _Row,
    book: Codebook,
    *,
    target: bool = True,
    groups: str = "text",
    also: Mapping[str, str] | None = None,
    shares: Mapping[str, Mapping[str, float]] | None = None,
) -> LabeledUnit:
    """Return a line as a unit.

    Parameters
    ----------
    target
        Whether each line names what its label is toward.
    groups
        The key of what must not be torn apart: intervals are over it, and so is the choice of C.
    also
        Labels of further tasks.
    """
    text, task = row.text("text"), book.tasks[0]
    unit = Unit(
        id=row.text("id"),
        article_id=row.text("id"),
        index=0,
        kind="sentence",
        text=text,
        start=0,
        end=len(text),
        target=row.text("target") if target else None,
    )
    return LabeledUnit(
        unit=unit,
        source=None,
        date=None,
        sha256=text_sha256(row.text(groups)),
        labels={task.name: row.label("label", task), **(also or {})},
        shares=shares or {},
    )


def _ids(examples: Sequence[LabeledUnit]) -> frozenset[str]:
    return frozenset(example.unit.id for example in examples)


def _held_out(
    learn: Sequence[LabeledUnit],
    judge: Sequence[LabeledUnit],
    *,
    name: str = "test",
    by_target: bool = False,
) -> Trial:
    folds = (Fold(learn=learn, judge=judge),)
    return Trial(folds=folds, parts={name: _ids(judge)}, by_target=by_target)


def _cross_validated(
    rows: Sequence[_Row], examples: Sequence[LabeledUnit], *, name: str, n_folds: int
) -> Trial:
    numbers = [row.number("fold") for row in rows]
    if numbers and set(numbers) != set(range(n_folds)):
        file = rows[0].where.rpartition(":")[0]
        raise DataError(f"{file}: the folds must be 0 to {n_folds - 1}, each with a line or more")
    both = list(zip(numbers, examples, strict=True))
    folds = [
        Fold(learn=[e for f, e in both if f != fold], judge=[e for f, e in both if f == fold])
        for fold in range(n_folds)
    ]
    return Trial(folds=folds, parts={name: _ids(examples)})


_Files = Mapping[str, Sequence[_Row]]


def _gwsd(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    task = book.tasks[0]
    learn, judge = (
        [_labeled(r, book, shares={task.name: r.shares("annotators", task)}) for r in files[name]]
        for name in ("train.jsonl", "test.jsonl")
    )
    return (_held_out(learn, judge),)


def _semeval2016(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    tone = book.task("sentiment")
    learn, a, b = (
        [_labeled(r, book, also={tone.name: r.label("sentiment", tone)}) for r in files[name]]
        for name in ("train.jsonl", "test_a.jsonl", "test_b.jsonl")
    )
    # No tweet to learn from is about the target of task B: one classifier learns from all of them.
    return _held_out(learn, a, name="Task A", by_target=True), _held_out(learn, b, name="Task B")


def _p_stance(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    learn, judge = ([_labeled(r, book) for r in files[n]] for n in ("train.jsonl", "test.jsonl"))
    return (_held_out(learn, judge, by_target=True),)


def _vast(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    learn = [_labeled(r, book) for r in files["dev.jsonl"]]
    judge = [_labeled(r, book) for r in files["test.jsonl"]]
    seen = [r.number("seen") for r in files["test.jsonl"]]
    parts = {
        "zero-shot": _ids([e for s, e in zip(seen, judge, strict=True) if not s]),
        "few-shot": _ids([e for s, e in zip(seen, judge, strict=True) if s]),
        "all": _ids(judge),
    }
    return (Trial(folds=(Fold(learn=learn, judge=judge),), parts=parts),)


def _ibm_claim_stance(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    tone = book.task("sentiment")

    def labeled(row: _Row) -> LabeledUnit:
        told = "claim_sentiment" in row.data  # not where the authors' scheme does not apply
        also = {tone.name: row.label("claim_sentiment", tone)} if told else {}
        return _labeled(row, book, groups="target", also=also)

    learn, judge = ([labeled(r) for r in files[name]] for name in ("train.jsonl", "test.jsonl"))
    return (_held_out(learn, judge),)


def _perspectrum(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    learn, judge = (
        [_labeled(r, book, groups="target") for r in files[name]]
        for name in ("train.jsonl", "test.jsonl")
    )
    return (_held_out(learn, judge),)


def _financial_phrasebank(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    rows = files["data.jsonl"]
    agreed = [row for row in rows if row.number("agreement") == 100]
    return tuple(
        _cross_validated(part, [_labeled(r, book, target=False) for r in part], name=n, n_folds=10)
        for n, part in (("all", rows), ("full agreement", agreed))
    )


def _in_folds(n_folds: int) -> Callable[[_Files, Codebook], tuple[Trial, ...]]:
    def read(files: _Files, book: Codebook) -> tuple[Trial, ...]:
        rows = files["data.jsonl"]
        examples = [_labeled(row, book) for row in rows]
        return (_cross_validated(rows, examples, name=f"{n_folds} folds", n_folds=n_folds),)

    return read


def _task(name: str, *labels: str, aliases: Sequence[str] = ("", "", "")) -> Task:
    """Return a task by its labels, from the negative side to the positive one."""
    scores = (-1, 1) if len(labels) == 2 else (-1, 0, 1)
    meanings = {
        "stance": ("against the target", "neither for nor against it", "for the target"),
        "sentiment": ("bad for the target", "neither good nor bad for it", "good for the target"),
    }[name]
    return Task(
        name=name,
        question=f"Which {name} does the text show?",
        ordered=True,
        labels=tuple(
            LabelDefinition(
                name=label,
                definition=meanings[score + 1],
                score=score,
                aliases=(alias,) if alias else (),
            )
            for label, alias, score in zip(labels, aliases, scores, strict=False)
        ),
    )


def _codebook(name: str, target: str, *tasks: Task) -> Codebook:
    canonical = json.dumps([target, *map(asdict, tasks)], sort_keys=True)
    return Codebook(
        name=name,
        version="1",
        language="en",
        target=target,
        target_description=target,
        unit="one text of the set",
        tasks=tasks,
        sha256=sha256(canonical.encode()).hexdigest(),
    )


OWN_TARGET = "what each unit names as its target"
_THREE_SIDES = _task("stance", "AGAINST", "NONE", "FAVOR")
_TONES = _task("sentiment", "negative", "neutral", "positive")

SETS = {
    chosen.name: chosen
    for chosen in (
        BenchmarkSet(
            name="gwsd",
            about="stance of news sentences on global warming, eight annotators each",
            folder="gwsd",
            files=("train.jsonl", "test.jsonl"),
            metrics=(Metric.MACRO_F1, Metric.ACCURACY),
            licence="none stated",
            codebook=_codebook(
                "gwsd",
                "climate change/global warming is a serious concern",
                _task("stance", "disagree", "neutral", "agree"),
            ),
            read=_gwsd,
        ),
        BenchmarkSet(
            name="semeval2016",
            about="stance of tweets on six targets, with their sentiment",
            folder="semeval2016_stance",
            files=("train.jsonl", "test_a.jsonl", "test_b.jsonl"),
            metrics=(Metric.F_AVG,),
            licence="none stated; tweets",
            codebook=_codebook(
                "semeval2016",
                OWN_TARGET,
                _THREE_SIDES,
                _task("sentiment", "NEGATIVE", "NEITHER", "POSITIVE"),
            ),
            read=_semeval2016,
        ),
        BenchmarkSet(
            name="p_stance",
            about="stance of tweets on three politicians",
            folder="p_stance",
            files=("train.jsonl", "test.jsonl"),
            metrics=(Metric.F_AVG_BY_TARGET,),
            licence="none stated; tweets",
            codebook=_codebook("p_stance", OWN_TARGET, _task("stance", "AGAINST", "FAVOR")),
            read=_p_stance,
        ),
        BenchmarkSet(
            name="vast",
            about="stance of readers' comments on hundreds of targets",
            folder="vast",
            files=("dev.jsonl", "test.jsonl"),
            metrics=(Metric.MACRO_F1,),
            licence="none stated",
            codebook=_codebook("vast", OWN_TARGET, _THREE_SIDES),
            read=_vast,
        ),
        BenchmarkSet(
            name="ibm_claim_stance",
            about="stance of claims on a motion, with the claim's own sentiment",
            folder="ibm_claim_stance",
            files=("train.jsonl", "test.jsonl"),
            metrics=(Metric.ACCURACY, Metric.MACRO_F1),
            licence="CC BY-SA 3.0",
            codebook=_codebook(
                "ibm_claim_stance",
                OWN_TARGET,
                _task("stance", "CON", "PRO"),
                _task("sentiment", "negative", "positive", aliases=("-1", "1")),
            ),
            read=_ibm_claim_stance,
        ),
        BenchmarkSet(
            name="perspectrum",
            about="whether a perspective supports or undermines a claim",
            folder="perspectrum",
            files=("train.jsonl", "test.jsonl"),
            metrics=(Metric.MACRO_F1, Metric.ACCURACY),
            licence="CC BY-SA 4.0",
            codebook=_codebook("perspectrum", OWN_TARGET, _task("stance", "UNDERMINE", "SUPPORT")),
            read=_perspectrum,
        ),
        BenchmarkSet(
            name="financial_phrasebank",
            about="sentiment of financial news sentences, as an investor reads them",
            folder="financial_phrasebank",
            files=("data.jsonl",),
            metrics=(Metric.ACCURACY, Metric.MACRO_F1),
            licence="CC BY-NC-SA 3.0",
            codebook=_codebook("financial_phrasebank", "an investor in the company", _TONES),
            read=_financial_phrasebank,
        ),
        BenchmarkSet(
            name="sentfin",
            about="sentiment of headlines toward each company that they name",
            folder="sentfin",
            files=("data.jsonl",),
            metrics=(Metric.ACCURACY, Metric.MACRO_F1),
            licence="none stated",
            codebook=_codebook("sentfin", OWN_TARGET, _TONES),
            read=_in_folds(10),
        ),
        BenchmarkSet(
            name="finentity",
            about="sentiment of news paragraphs toward each company that they name",
            folder="finentity",
            files=("data.jsonl",),
            metrics=(Metric.MACRO_F1, Metric.ACCURACY),
            licence="ODC-BY 1.0",
            codebook=_codebook("finentity", OWN_TARGET, _TONES),
            read=_in_folds(5),
        ),
    )
}


def benchmark_set(name: str) -> BenchmarkSet:
    """Return a set by its name.

    Raises
    ------
    DataError
        If none is called so.
    """
    if name not in SETS:
        raise DataError(f"no benchmark is called {name!r}; use one of: {', '.join(SETS)}")
    return SETS[name]
