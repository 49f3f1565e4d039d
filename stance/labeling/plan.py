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


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawPlan:
    """What to draw from all outlets at once: in proportion to size, each gets what it needs.

    A small outlet needs nearly as many labels as a large one and is drawn far less often, so this
    is no sum. A random draw gives each its number on average, a stratified one to within a label
    or two.
    """

    n_units: int
    random: int
    stratified: int | None


def plan_draw(plans: Sequence[OutletPlan]) -> DrawPlan:
    """Return how many units to draw from all outlets so that each gets the labels it needs."""
    total = sum(plan.n_units for plan in plans)
    needs = [(plan.stratified, plan.n_units) for plan in plans if plan.stratified is not None]
    return DrawPlan(
        n_units=total,
        random=max((_in_proportion(p.random, p.n_units, total) for p in plans), default=0),
        stratified=max((_in_proportion(n, size, total) for n, size in needs), default=None),
    )


def _in_proportion(n: int, size: int, total: int) -> int:
    return -(-n * total // size)


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
