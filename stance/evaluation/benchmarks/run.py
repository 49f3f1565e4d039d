"""Classifiers trained and scored on a public data set, by the toolkit's own road."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stance.classifiers.base import Classifier, label_codes
from stance.classifiers.ladder import Rung
from stance.codebook import Codebook, Task
from stance.errors import DataError
from stance.evaluation.benchmarks.published import Published, published
from stance.evaluation.benchmarks.sets import (
    SETS,
    BenchmarkSet,
    Fold,
    Metric,
    Trial,
    read_benchmark,
)
from stance.evaluation.confusion import SentimentConfusion, sentiment_confusion
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate, article_bootstrap
from stance.statistics.scores import macro_f1

# The rungs that need a classifier for each target to tell targets apart. Those on an encoder's
# vectors are among them: it reads the target, but what is learned is one weighing for all.
LEARN_NO_TARGET = frozenset(Rung) - {Rung.TRANSFORMER}
READ_RECIPE = frozenset({Rung.EMBEDDING, Rung.FEW_SHOT, Rung.TRANSFORMER})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartScore:
    """What one rung makes of one part of a set."""

    part: str
    model: str  # the rung
    settings: Mapping[str, Any]  # what it is made by: recipe, base, seed, ...; empty for a floor
    scores: Mapping[str, Estimate]  # metric -> score; its "articles" are texts, motions or claims
    n_seen: int  # units whose text, but for case and punctuation, is also learned from
    unseen: Mapping[str, Estimate]  # the scores without those; empty where there are none
    n_fits: int  # classifiers: one a fold, or one a target
    fit_seconds: float  # of all of them in this run; the same for every part that they judge
    predict_seconds: float
    sentiment: SentimentConfusion | None  # where the set tells both


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """A set's scores of ours, and those that others published."""

    benchmark: str
    metrics: tuple[str, ...]  # the first is the one that its authors rank by
    codebook: str
    data: str  # SHA-256 of the files
    seed: int
    scores: tuple[PartScore, ...]
    published: tuple[Published, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkListing:
    """What one may know of a set before running it."""

    name: str
    about: str
    metrics: tuple[str, ...]
    best: Published  # of its first part
    licence: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Judged:
    """What a rung says of every unit of a trial."""

    examples: Sequence[LabeledUnit]
    rows: FloatArray  # (n_units, n_classes)
    n_fits: int
    fit_seconds: float
    predict_seconds: float

    def of(self, ids: frozenset[str]) -> tuple[list[LabeledUnit], FloatArray]:
        """Return the units with these ids, and their rows."""
        inside = [example.unit.id in ids for example in self.examples]
        return [e for e in self.examples if e.unit.id in ids], self.rows[inside]


def run_benchmark(
    chosen: BenchmarkSet,
    data: Path,
    rungs: Sequence[Rung],
    new: Callable[[Rung, Codebook], Classifier],
    *,
    seed: int,
    recipe: str | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> BenchmarkResult:
    """Return the scores of a majority and of these rungs on a set.

    Parameters
    ----------
    data
        The set's folder, or the one that holds it.
    new
        Gives the unfitted classifier of a rung.
    recipe
        By which `new` makes the rungs that read one: told beside their scores.
    on_step
        Told of each fit.

    Raises
    ------
    DataError
        If a file is missing or damaged, or a classifier finds nothing to learn.
    ModelError
        If a rung cannot run here.
    """
    made = {rung: new(rung, chosen.codebook) for rung in dict.fromkeys((Rung.MAJORITY, *rungs))}
    trials, digest = read_benchmark(chosen, data)
    scores: list[PartScore] = []
    for trial in trials:
        seen = _seen(trial)
        for rung, classifier in made.items():
            judged = _judge(trial, rung, classifier, chosen.codebook.tasks[0], on_step)
            settings = _settings(classifier, recipe if rung in READ_RECIPE else None)
            scores += [
                _part_score(chosen, judged, rung, settings, part, ids, seen, seed)
                for part, ids in trial.parts.items()
            ]
    return BenchmarkResult(
        benchmark=chosen.name,
        metrics=tuple(chosen.metrics),
        codebook=chosen.codebook.reference,
        data=digest,
        seed=seed,
        scores=tuple(scores),
        published=published(chosen.name),
    )


def list_benchmarks() -> list[BenchmarkListing]:
    """Return what sets there are."""
    return [
        BenchmarkListing(
            name=known.name,
            about=known.about,
            metrics=tuple(known.metrics),
            best=published(known.name)[0],
            licence=known.licence,
            files=known.files,
        )
        for known in SETS.values()
    ]


def measure(metric: Metric, scores: Sequence[int], tables: FloatArray) -> FloatArray:
    """Return a metric of confusion tables, 1 at best, shape (n,); nan where it is not defined.

    Parameters
    ----------
    scores
        Of the labels, in the tables' order: those that are not 0 take a side.
    tables : shape (n, n_targets, n_classes, n_classes)
        Rows are true classes.
    """
    pooled = tables.sum(axis=1)
    sides = [i for i, score in enumerate(scores) if score]
    if metric is Metric.ACCURACY:
        return np.asarray(np.trace(pooled, axis1=1, axis2=2) / pooled.sum(axis=(1, 2)))
    if metric is Metric.MACRO_F1:
        return macro_f1(pooled)
    if metric is Metric.F_AVG:
        return macro_f1(pooled, sides)
    return np.asarray(macro_f1(tables, sides).mean(axis=1))


def _judge(
    trial: Trial, rung: Rung, classifier: Classifier, task: Task, on_step: Callable[[str], None]
) -> _Judged:
    """Return what a rung says of every unit, by classifiers that did not learn from its fold."""
    examples: list[LabeledUnit] = []
    rows: list[FloatArray] = []
    fit_seconds = predict_seconds = 0.0
    fits = list(_fits(trial, rung))
    for number, fold in enumerate(fits, start=1):
        on_step(f"{', '.join(trial.parts)}: {rung}, fit {number} of {len(fits)}")
        started = time.perf_counter()
        model = classifier.fresh().fit(fold.learn)
        fitted = time.perf_counter()
        found = model.predict_proba([example.unit for example in fold.judge])
        predict_seconds += time.perf_counter() - fitted
        fit_seconds += fitted - started
        if task.name not in found:
            raise DataError(f"{rung} learned nothing of {task.name} from {len(fold.learn)} units")
        rows.append(found[task.name])
        examples += fold.judge
    return _Judged(
        examples=examples,
        rows=np.concatenate(rows),
        n_fits=len(fits),
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
    )


def _fits(trial: Trial, rung: Rung) -> Iterator[Fold]:
    """Yield what each classifier learns from and judges."""
    for fold in trial.folds:
        if not (trial.by_target and rung in LEARN_NO_TARGET):
            yield fold
            continue
        for target in sorted({example.unit.target or "" for example in fold.judge}):
            yield Fold(
                learn=[e for e in fold.learn if e.unit.target == target],
                judge=[e for e in fold.judge if e.unit.target == target],
            )


def _seen(trial: Trial) -> frozenset[str]:
    """Return the ids of judged units whose words occur among those that are learned from."""
    seen = set()
    for fold in trial.folds:
        known = {_words(example.unit.text) for example in fold.learn}
        seen |= {e.unit.id for e in fold.judge if _words(e.unit.text) in known}
    return frozenset(seen)


def _words(text: str) -> str:
    """Return a text's words and figures: two tweets may differ by a full stop or a capital only."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _settings(classifier: Classifier, recipe: str | None) -> dict[str, Any]:
    """Return what a classifier is made by, the name of its recipe first; empty for a floor."""
    named = {} if recipe is None else {"recipe": recipe}
    numbers = getattr(classifier, "recipe", None)  # a floor has none
    return named if numbers is None else named | asdict(numbers)


def _part_score(
    chosen: BenchmarkSet,
    judged: _Judged,
    rung: Rung,
    settings: Mapping[str, Any],
    part: str,
    ids: frozenset[str],
    seen: frozenset[str],
    seed: int,
) -> PartScore:
    examples, rows = judged.of(ids)
    unseen = ids - seen
    some = bool(unseen) and unseen != ids
    return PartScore(
        part=part,
        model=rung,
        settings=settings,
        scores=_estimates(chosen, examples, rows, seed),
        n_seen=len(ids & seen),
        unseen=_estimates(chosen, *judged.of(unseen), seed) if some else {},
        n_fits=judged.n_fits,
        fit_seconds=judged.fit_seconds,
        predict_seconds=judged.predict_seconds,
        sentiment=sentiment_confusion(
            examples, {chosen.codebook.tasks[0].name: rows}, chosen.codebook
        ),
    )


def _estimates(
    chosen: BenchmarkSet, examples: Sequence[LabeledUnit], rows: FloatArray, seed: int
) -> dict[str, Estimate]:
    """Return each metric's estimate, by resampling the groups that must not be torn apart."""
    task = chosen.codebook.tasks[0]
    truth = label_codes(examples, task.name, task.classes)
    groups = np.unique([e.sha256 for e in examples], return_inverse=True)[1]
    # Some sets have thousands of targets: a table for each only where the metric asks for it.
    apart = Metric.F_AVG_BY_TARGET in chosen.metrics
    names = [(e.unit.target or "") if apart else "" for e in examples]
    targets = np.unique(names, return_inverse=True)[1]
    k = len(task.classes)
    tables = np.zeros((groups.max() + 1, targets.max() + 1, k, k))
    np.add.at(tables, (groups, targets, truth, rows.argmax(axis=1)), 1)
    return {
        metric: article_bootstrap(tables, partial(measure, metric, task.scores or ()), seed=seed)
        for metric in chosen.metrics
    }
