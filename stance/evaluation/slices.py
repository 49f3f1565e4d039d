"""Scores of parts of the units: of a voice, outlet, kind, length, half of the dates, or repair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stance.codebook import Codebook
from stance.evaluation.judged import Judged, judged_tasks
from stance.evaluation.later import first_later_date
from stance.records import UNIT_KINDS, LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate, article_bootstrap
from stance.statistics.scores import brier_scores, calibration_error, macro_f1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """How well a model does one task on some of the units."""

    task: str
    by: str  # "outlet", "kind", "length", "repair", "date", or a task without order: "voice"
    name: str  # which outlet, kind, ...
    n_units: int
    n_articles: int
    # Over the labels that are settled in the whole, so that slices compare; None where one of them
    # is neither settled nor predicted here.
    macro_f1: Estimate | None
    accuracy: Estimate
    calibration_error: float  # the fewer units, the larger even where confidence is honest
    brier: Mapping[str, float]  # label -> Brier score against the other labels, 0 at best


def slices(
    examples: Sequence[LabeledUnit],
    probabilities: Mapping[str, FloatArray],
    codebook: Codebook,
    *,
    seed: int,
) -> list[Slice]:
    """Return the scores of each slice, task by task; a way to slice that leaves one part is passed.

    Lengths are thirds by word count, dates halves by article. A unit counts as repaired where its
    text is not what its article had in its place; what stands before it may be repaired too.

    Parameters
    ----------
    probabilities
        Task -> shape (n_examples, n_classes), columns in the codebook's order.

    Raises
    ------
    DataError
        If no unit has a settled label of a task that has probabilities.
    """
    groups = _groups(examples, codebook)
    found = []
    for judged in judged_tasks(examples, probabilities, codebook).values():
        classes = np.unique(judged.truth).tolist()  # those of the whole's own score
        for by, masks in groups.items():
            inside = {name: mask[judged.places] for name, mask in masks.items()}
            inside = {name: mask for name, mask in inside.items() if mask.any()}
            if by != judged.task.name and len(inside) > 1:
                found += [
                    _slice(judged.part(mask), classes, by, name, seed)
                    for name, mask in inside.items()
                ]
    return found


def _slice(part: Judged, classes: Sequence[int], by: str, name: str, seed: int) -> Slice:
    tables = part.confusions()
    f1 = None
    if not np.isnan(macro_f1(tables.sum(axis=0), classes)):
        f1 = article_bootstrap(tables, lambda t: macro_f1(t, classes), seed=seed)
    return Slice(
        task=part.task.name,
        by=by,
        name=name,
        n_units=len(part.places),
        n_articles=len(tables),
        macro_f1=f1,
        accuracy=part.share(part.predicted == part.truth),
        calibration_error=calibration_error(part.rows, part.truth),
        brier=dict(
            zip(part.task.classes, brier_scores(part.rows, part.truth).tolist(), strict=True)
        ),
    )


def _groups(
    examples: Sequence[LabeledUnit], codebook: Codebook
) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return what is sliced by -> name of the slice -> which examples are in it."""
    groups: dict[str, dict[str, NDArray[np.bool_]]] = {
        task.name: _by([example.labels.get(task.name) for example in examples], task.classes)
        for task in codebook.tasks
        if not task.ordered
    }
    outlets = [example.source for example in examples]
    groups["outlet"] = _by(outlets, sorted({name for name in outlets if name is not None}))
    groups["kind"] = _by([example.unit.kind for example in examples], UNIT_KINDS)
    n_words = np.array([len(example.unit.text.split()) for example in examples])
    short, middle = np.quantile(n_words, [1 / 3, 2 / 3], method="inverted_cdf").astype(int)
    groups["length"] = {
        f"short, to {short} words": n_words <= short,
        f"middle, to {middle} words": (n_words > short) & (n_words <= middle),
        f"long, over {middle} words": n_words > middle,
    }
    repaired = np.array([example.repaired for example in examples])
    groups["repair"] = {"as it came": ~repaired, "repaired": repaired}
    boundary = first_later_date(examples, share=0.5)
    if boundary is not None:
        dates = [example.date for example in examples]
        groups["date"] = {
            f"before {boundary}": np.array([d is not None and d < boundary for d in dates]),
            f"from {boundary}": np.array([d is not None and d >= boundary for d in dates]),
        }
    return groups


def _by(values: Sequence[str | None], names: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    return {name: np.array([value == name for value in values]) for name in names}
