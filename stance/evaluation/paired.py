"""Whether one model is better than another, both judging the same units.

Units of one article are not independent, so whole articles are resampled for the interval, and the
test swaps the two models' predictions of whole articles. Its null is that for each article the two
models' predictions could as well have been the other's. With n articles no p is below 2 / 2**n.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.classifiers.base import cross_fit, in_order
from stance.classifiers.held_out import words_key
from stance.classifiers.storage import Model
from stance.codebook import Codebook
from stance.errors import DataError
from stance.evaluation.judged import judged_tasks
from stance.evaluation.protocol import (
    NOTHING_LABELED,
    QUICK,
    is_all,
    kept_rows,
    new_units,
    own_articles,
)
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate, article_bootstrap
from stance.statistics.scores import macro_f1

N_DRAWS = 4999  # swaps: a p of 0.05 is then known to 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """A score of two models on the same units.

    Over the labels that are settled at least once: a label that one model alone calls, and no
    annotator, would make two different scores of one.
    """

    task: str
    score: str  # "macro-F1"; "F_avg": over the labels that take a side
    left: float
    right: float
    difference: Estimate  # left minus right, with an interval over articles
    p_value: float  # of no difference, two-sided; not adjusted for how many tests are made


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelComparison:
    """Two models on the same units, of articles that neither saw when it judged them."""

    held_out: str  # "new": neither learned from them; else by what both held them out
    refitted: str | None  # the model whose recipe was refitted in the folds of the other's training
    left: str  # name@hash
    right: str
    n_units: int
    n_articles: int
    differences: tuple[PairedDifference, ...]


def compare_models(
    examples: Sequence[LabeledUnit],
    a: Model,
    b: Model,
    codebook: Codebook,
    seed: int,
    *,
    on_notice: Callable[[str], None] = lambda words: None,
) -> tuple[ModelComparison, ...]:
    """Return how far `a` is better than `b`: on articles that neither learned from, and on others.

    Those are articles that both learned from. There the held-out probabilities that their folders
    keep are compared; see `_held_out`.

    Parameters
    ----------
    on_notice
        Told how many units are in neither comparison.

    Raises
    ------
    DataError
        If there is no article of either kind, or no task that both can do.
    """
    if not examples:
        raise DataError(NOTHING_LABELED)
    examples = in_order(examples)
    new = new_units(examples, a, b)
    found = []
    if new:
        units = [example.unit for example in new]
        rows = [model.classifier.predict_proba(units) for model in (a, b)]
        found.append(_comparison(("new", None), new, a, b, rows, codebook, seed))
    kept = [own_articles(examples, model) for model in (a, b)]
    both = [
        example
        for example in examples
        if all(example.sha256 in articles for articles in kept)
        and all(words_key(example.unit.text) in model.held_out for model in (a, b))
    ]
    if both and (how := _held_out(both, a, b)):
        rows = [_rows(both, model, other, how) for model, other in ((a, b), (b, a))]
        found.append(_comparison(how, both, a, b, rows, codebook, seed))
    n_left_out = len(examples) - sum(comparison.n_units for comparison in found)
    if found and n_left_out:
        on_notice(
            f"{n_left_out} units are left out: neither new to both models, nor held out from both "
            "in the same way"
        )
    if not found:
        raise DataError(
            f"no article here is new to both {a.reference} and {b.reference}, and none was held "
            "out from both in the same way: name others; or --split with the split that they were "
            "trained under; or train both on the same articles, held out by the same (a "
            "transformer's --hold-out-by)"
        )
    return tuple(found)


def _held_out(examples: Sequence[LabeledUnit], a: Model, b: Model) -> tuple[str, str | None] | None:
    """Return by what these units were held out from both, and the model that is to be refitted.

    One of two is, in the folds of the other, where its recipe alone refits in seconds and these are
    all that it learned from. None where one held out articles and the other outlets.
    """
    by_a, by_b = (next(iter(model.card.held_out)) for model in (a, b))
    quick = [model for model in (a, b) if model.card.kind in QUICK]
    if len(quick) == 1 and is_all(examples, quick[0]):
        return (by_b if quick[0] is a else by_a), quick[0].reference
    return (by_a, None) if by_a == by_b else None


def _rows(
    examples: Sequence[LabeledUnit], model: Model, other: Model, how: tuple[str, str | None]
) -> dict[str, FloatArray]:
    """Return a model's held-out probabilities: those kept, or of its recipe in another's folds."""
    by, refitted = how
    if model.reference != refitted:
        return kept_rows(examples, model)
    return cross_fit(
        model.classifier,
        examples,
        [e.source or "" if by == "outlet" else e.sha256 for e in examples],
        n_folds=other.card.settings["n_folds"],
        seed=other.card.seed,
    )


def _comparison(
    how: tuple[str, str | None],
    examples: Sequence[LabeledUnit],
    a: Model,
    b: Model,
    rows: Sequence[Mapping[str, FloatArray]],
    codebook: Codebook,
    seed: int,
) -> ModelComparison:
    return ModelComparison(
        held_out=how[0],
        refitted=how[1],
        left=a.reference,
        right=b.reference,
        n_units=len(examples),
        n_articles=len({example.sha256 for example in examples}),
        differences=tuple(paired_differences(examples, rows[0], rows[1], codebook, seed=seed)),
    )


def compared_on(comparison: ModelComparison) -> str:
    """Return in words what two models were compared on."""
    units = f"{comparison.n_units} units of {comparison.n_articles} articles"
    if comparison.held_out == "new":
        return f"{units} that neither learned from"
    said = f"{units} that both learned from, each held out by {comparison.held_out} in training"
    refitted = f"; {comparison.refitted} by its recipe, refitted in the folds of the other"
    return said + refitted * (comparison.refitted is not None)


def unseen(examples: Sequence[LabeledUnit], model: Model) -> list[LabeledUnit]:
    """Return the units of articles that a model did not learn from, nor from half their units.

    Raises
    ------
    DataError
        If there is none, or no unit at all.
    """
    if not examples:
        raise DataError(NOTHING_LABELED)
    new = new_units(examples, model)
    if not new:
        raise DataError(
            f"{model.reference} learned from every labeled article here: give others, or --split "
            "with the split that it was trained under"
        )
    return new


def paired_differences(
    examples: Sequence[LabeledUnit],
    left: Mapping[str, FloatArray],
    right: Mapping[str, FloatArray],
    codebook: Codebook,
    *,
    seed: int,
    n_draws: int = N_DRAWS,
) -> list[PairedDifference]:
    """Return the differences of two models, task by task: in macro-F1, then in F_avg.

    Parameters
    ----------
    left, right
        Task -> probabilities of shape (n_examples, n_classes), columns in the codebook's order.

    Raises
    ------
    DataError
        If no unit has a settled label of a task that both models can do.

    References
    ----------
    Yeh (2000), "More accurate tests for the statistical significance of result differences", for
    swapping predictions; here of articles in place of sentences.
    """
    shared = {task: rows for task, rows in left.items() if task in right}
    found = []
    for name, judged in judged_tasks(examples, shared, codebook).items():
        other = right[name][judged.places].argmax(axis=1)
        k = len(judged.task.classes)
        # An article's table says how often a settled label was called one by the left model and
        # one by the right: summed over the one it is the other's confusion table.
        tables = np.zeros((int(judged.articles.max()) + 1, k, k, k))
        np.add.at(tables, (judged.articles, judged.truth, judged.predicted, other), 1)
        settled = np.unique(judged.truth).tolist()
        scores = judged.task.scores or (0,) * k
        sides = [i for i in settled if scores[i] != 0]
        found += [
            _difference(name, score, tables, classes, seed, n_draws)
            for score, classes in (("macro-F1", settled), ("F_avg", sides))
            if classes
        ]
    return found


def _difference(
    task: str, score: str, tables: FloatArray, classes: Sequence[int], seed: int, n_draws: int
) -> PairedDifference:
    def left(tables: FloatArray) -> FloatArray:
        return macro_f1(tables.sum(axis=-1), classes)

    def right(tables: FloatArray) -> FloatArray:
        return macro_f1(tables.sum(axis=-2), classes)

    def difference(tables: FloatArray) -> FloatArray:
        return left(tables) - right(tables)

    whole = tables.sum(axis=0)
    seen = float(difference(whole))
    swaps = np.random.default_rng(seed).integers(0, 2, (n_draws, len(tables))).astype(float)
    drawn = difference(whole + np.tensordot(swaps, tables.swapaxes(-1, -2) - tables, axes=1))
    as_large = int((np.abs(drawn) >= abs(seen) - 1e-12).sum())
    return PairedDifference(
        task=task,
        score=score,
        left=float(left(whole)),
        right=float(right(whole)),
        difference=article_bootstrap(tables, difference, seed=seed),
        # Drawn swaps leave out the one that was seen: counting it keeps the test valid.
        p_value=(as_large + 1) / (n_draws + 1),
    )
