"""What an interval costs: how many labels an outlet needs before its share is known that well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.statistics.arrays import FloatArray
from stance.statistics.sampling import labels_needed


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletPlan:
    """The labels that one outlet needs."""

    outlet: str
    n_units: int
    random: int  # drawn at random
    stratified: int | None  # drawn by predicted label; None where no model says how good it is


def plan_labels(
    predicted: Mapping[str, Mapping[str, int]],
    classes: Sequence[str],
    reach: float,
    *,
    confusion: FloatArray | None,
    confidence: float = 0.95,
) -> list[OutletPlan]:
    """Return what each outlet needs for an interval of plus or minus `reach` on every share.

    Without labels nobody knows the shares: a random sample is planned for the costliest, one half.
    A stratified one is planned for what the model's held-out errors say of each predicted label.

    Parameters
    ----------
    predicted
        Outlet -> label -> units that a model gives it.
    confusion : shape (n_classes, n_classes)
        Settled labels by predicted ones, in the order of `classes`, from held-out articles.

    Raises
    ------
    DataError
        If `reach` is not between 0 and 1.
    """
    # within[k, c]: share of class c among units predicted as k; half a unit keeps it off 0 and 1.
    within = None if confusion is None else (confusion.T + 0.5)
    if within is not None:
        within = within / within.sum(axis=1, keepdims=True)
    plans = []
    for outlet, counts in sorted(predicted.items()):
        sizes = [counts.get(label, 0) for label in classes]
        plans.append(
            OutletPlan(
                outlet=outlet,
                n_units=sum(sizes),
                random=labels_needed([sum(sizes)], np.array([0.5]), reach, confidence=confidence),
                stratified=(
                    max(
                        labels_needed(sizes, within[:, column], reach, confidence=confidence)
                        for column in range(len(classes))
                    )
                    if within is not None
                    else None
                ),
            )
        )
    return plans
