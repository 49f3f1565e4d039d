"""The public data sets: what each one is, and its files as units with labels.

A set is a codebook, the metrics of its authors, and a reader: nothing else in the toolkit knows it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from stance.codebook import Codebook, LabelDefinition, Task
from stance.errors import DataError
from stance.evaluation.benchmarks.rows import Row, labeled_unit, rows_of
from stance.records import LabeledUnit


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
    read: Callable[[Mapping[str, Sequence[Row]], Codebook], tuple[Trial, ...]]  # by file name


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
        rows[name] = rows_of(content, folder / name)
    trials = chosen.read(rows, chosen.codebook)
    for name, ids in ((name, ids) for trial in trials for name, ids in trial.parts.items()):
        if not ids:
            raise DataError(f"{folder}: no line is of the part {name!r}")
    return trials, digest.hexdigest()


_Files = Mapping[str, Sequence[Row]]  # name -> its lines


def _ids(examples: Sequence[LabeledUnit]) -> frozenset[str]:
    return frozenset(example.unit.id for example in examples)


def _held_out(
    files: _Files,
    labeled: Callable[[Row], LabeledUnit],
    *,
    judge: str = "test.jsonl",
    name: str = "test",
    by_target: bool = False,
) -> Trial:
    """Return the trial of a set that says itself what to learn from and what to judge."""
    fold = Fold(
        learn=[labeled(row) for row in files["train.jsonl"]],
        judge=[labeled(row) for row in files[judge]],
    )
    return Trial(folds=(fold,), parts={name: _ids(fold.judge)}, by_target=by_target)


def _cross_validated(
    rows: Sequence[Row], examples: Sequence[LabeledUnit], *, name: str, n_folds: int
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


def _gwsd(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    def labeled(row: Row) -> LabeledUnit:
        return labeled_unit(row, book, shares={"stance": row.shares("annotators", book.tasks[0])})

    return (_held_out(files, labeled),)


def _semeval2016(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    def labeled(row: Row) -> LabeledUnit:
        tone = row.label("sentiment", book.task("sentiment"))
        return labeled_unit(row, book, also={"sentiment": tone})

    return (
        _held_out(files, labeled, judge="test_a.jsonl", name="Task A", by_target=True),
        # No tweet to learn from is about this target: one classifier learns from all of them.
        _held_out(files, labeled, judge="test_b.jsonl", name="Task B"),
    )


def _p_stance(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    return (_held_out(files, lambda row: labeled_unit(row, book), by_target=True),)


def _vast(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    learn = [labeled_unit(r, book) for r in files["dev.jsonl"]]
    judge = [labeled_unit(r, book) for r in files["test.jsonl"]]
    seen = [r.number("seen") for r in files["test.jsonl"]]
    parts = {
        "zero-shot": _ids([e for s, e in zip(seen, judge, strict=True) if not s]),
        "few-shot": _ids([e for s, e in zip(seen, judge, strict=True) if s]),
        "all": _ids(judge),
    }
    return (Trial(folds=(Fold(learn=learn, judge=judge),), parts=parts),)


def _ibm_claim_stance(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    def labeled(row: Row) -> LabeledUnit:
        also = {}
        if "claim_sentiment" in row.data:  # not where the authors' scheme does not apply
            also["sentiment"] = row.label("claim_sentiment", book.task("sentiment"))
        return labeled_unit(row, book, groups="target", also=also)

    return (_held_out(files, labeled),)


def _perspectrum(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    return (_held_out(files, lambda row: labeled_unit(row, book, groups="target")),)


def _financial_phrasebank(files: _Files, book: Codebook) -> tuple[Trial, ...]:
    rows = files["data.jsonl"]
    agreed = [row for row in rows if row.number("agreement") == 100]
    return tuple(
        _cross_validated(
            part, [labeled_unit(r, book, target=False) for r in part], name=n, n_folds=10
        )
        for n, part in (("all", rows), ("full agreement", agreed))
    )


def _in_folds(n_folds: int) -> Callable[[_Files, Codebook], tuple[Trial, ...]]:
    def read(files: _Files, book: Codebook) -> tuple[Trial, ...]:
        rows = files["data.jsonl"]
        examples = [labeled_unit(row, book) for row in rows]
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
