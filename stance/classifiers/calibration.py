"""Honest probabilities, and sets of labels that hold the true one as often as asked for.

Both are learned from held-out probabilities. A temperature makes a task's confidence meet its
accuracy without changing what is predicted. Thresholds for each label then say which labels a unit
cannot be denied; a unit that is left with none, or with several, is one to abstain on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from stance.classifiers.base import Classifier
from stance.errors import DataError, ModelError
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

FLOOR = 1e-6  # no label is impossible: a settled one of probability 0 would cost infinitely much
COLDEST, HOTTEST = 0.25, 20.0  # where a few units, all right or all wrong, would ask for 0 or more
MOST_POINTS = 199  # kept of a label: with them every alpha that is a multiple of 0.005 is exact
PER_ONE = 1_000_000  # points are rounded down to six decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalTask:
    """What is kept of the held-out units of one task to make sets for any alpha."""

    points: tuple[tuple[float, ...], ...]
    # class -> calibrated probabilities of that class, ascending, among units settled as it: of all
    # such units up to 199 of them, else those at ranks j (n + 1) / 200, rounded down, j = 1 to 199


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCalibration:
    """How to calibrate one task; the points are of probabilities at its temperature."""

    temperature: float  # above 1 where the model is too sure, below 1 where it is not sure enough
    conformal: ConformalTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How to calibrate each task of a model."""

    tasks: Mapping[str, TaskCalibration]


class Calibrated:
    """A classifier whose probabilities are tempered, task by task.

    A fresh one keeps the temperatures: they are of the recipe, not of one fit.
    """

    def __init__(self, classifier: Classifier, calibration: Calibration) -> None:
        self.plain, self._calibration = classifier, calibration

    @property
    def also(self) -> Sequence[LabeledUnit]:
        """What every fit of the classifier learns from beside."""
        return self.plain.also

    @also.setter
    def also(self, lessons: Sequence[LabeledUnit]) -> None:
        self.plain.also = lessons

    @property
    def classes_(self) -> Mapping[str, tuple[str, ...]]:
        """Task -> label names, those of the classifier."""
        return self.plain.classes_

    def fresh(self) -> "Calibrated":
        """Return an unfitted one of the same recipe."""
        return Calibrated(self.plain.fresh(), self._calibration)

    def fit(self, examples: Sequence[LabeledUnit]) -> "Calibrated":
        """Fit the classifier; the temperatures stay as they are."""
        return Calibrated(self.plain.fit(examples), self._calibration)

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return task -> calibrated probabilities of shape (n_units, n_classes)."""
        return temper(self.plain.predict_proba(units), self._calibration)


def temper(
    probabilities: Mapping[str, FloatArray], calibration: Calibration
) -> dict[str, FloatArray]:
    """Return each task's probabilities at its temperature; a task without one stays as it is."""
    tasks = calibration.tasks
    return {
        task: apply_temperature(rows, tasks[task].temperature) if task in tasks else rows
        for task, rows in probabilities.items()
    }


def calibrate(
    probabilities: Mapping[str, FloatArray], codes: Mapping[str, IntArray]
) -> Calibration:
    """Return what the held-out probabilities of each task teach.

    The temperature is chosen on the same units as the points: one number learned from hundreds of
    rows. Where the rows come from cross-fitting, the model that is calibrated in the end is yet
    another one, so that the coverage promised by the sets is approximate.

    Parameters
    ----------
    probabilities
        Task -> shape (n_units, n_classes), each row by a model that had not seen the unit.
    codes
        Task -> column of each unit's settled label, -1 where it has none, shape (n_units,).

    Raises
    ------
    DataError
        If no unit has a settled label of a task.
    """
    tasks = {}
    for task, rows in probabilities.items():
        known = codes[task] >= 0
        truth = codes[task][known]
        temperature = fit_temperature(rows[known], truth)
        calibrated = apply_temperature(rows[known], temperature)
        tasks[task] = TaskCalibration(
            temperature=temperature, conformal=fit_conformal(calibrated, truth)
        )
    return Calibration(tasks=tasks)


def fit_temperature(probabilities: FloatArray, truth: IntArray) -> float:
    """Return the temperature of the least mean negative log-likelihood, from 0.25 to 20.

    1 where no other does better.

    Parameters
    ----------
    probabilities : shape (n_units, n_classes)
        Held out, each row summing to 1.
    truth : shape (n_units,)
        The column of each unit's settled label.

    Raises
    ------
    DataError
        If there is no unit, or the arrays differ in how many they hold.

    References
    ----------
    Guo et al. (2017), "On Calibration of Modern Neural Networks", section 4.2.
    """
    from scipy.optimize import minimize_scalar  # half a second to import

    if len(truth) == 0 or len(truth) != len(probabilities):
        raise DataError(f"temperature: {len(probabilities)} predictions for {len(truth)} labels")
    scores = np.log(np.maximum(probabilities, FLOOR))

    def loss(log_temperature: float) -> float:
        rows = log_softmax(scores / math.exp(log_temperature), axis=1)
        return -float(rows[np.arange(len(truth)), truth].mean())

    # Convex in 1/T, so that it has one valley in log T too.
    found = minimize_scalar(
        loss,
        bounds=(math.log(COLDEST), math.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    # Where all rows are even, every temperature is as good: leave them as they are.
    return round(math.exp(found.x), 4) if found.fun < loss(0.0) - 1e-9 else 1.0


def apply_temperature(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Return p^(1/T), made to sum to 1 again, shape (n_units, n_classes).

    What is likelier stays likelier. A probability below one in a million counts as that.
    """
    return np.asarray(softmax(np.log(np.maximum(probabilities, FLOOR)) / temperature, axis=1))


def fit_conformal(probabilities: FloatArray, truth: IntArray) -> ConformalTask:
    """Return what to keep of held-out units to make sets of labels.

    Parameters
    ----------
    probabilities : shape (n_units, n_classes)
        Calibrated, as those for which sets will be asked.
    truth : shape (n_units,)
        The column of each unit's settled label.
    """
    return ConformalTask(
        points=tuple(_points(probabilities[truth == k, k]) for k in range(probabilities.shape[1]))
    )


def _points(probabilities: FloatArray) -> tuple[float, ...]:
    # Rounded down: a lower threshold only makes a set larger.
    ascending = np.floor(np.sort(probabilities) * PER_ONE) / PER_ONE
    n = len(ascending)
    if n > MOST_POINTS:
        # A threshold asked for at rank alpha (n + 1) is answered at the next lower of these.
        ascending = ascending[np.arange(1, MOST_POINTS + 1) * (n + 1) // (MOST_POINTS + 1) - 1]
    return tuple(ascending.tolist())


def prediction_sets(probabilities: FloatArray, conformal: ConformalTask, alpha: float) -> BoolArray:
    """Return the labels that each unit cannot be denied, shape (n_units, n_classes).

    On average over held-out samples, at least 1 - alpha of the units whose true label is k have k
    in their set, if they are exchangeable with the held-out ones of that label; units of an outlet
    that none of these came from are not. A label is in the set if its probability reaches that of
    the floor(alpha (n + 1))-th least likely of its n held-out units; where these are too few for
    such a rank, fewer than 19 at alpha 0.05, it is always in.

    Parameters
    ----------
    probabilities : shape (n_units, n_classes)
        Calibrated in the same way as those held out.
    alpha
        The share of units of each label that may miss it, above 0 and below 1.

    Raises
    ------
    DataError
        If alpha is no such share, or the number of classes is another one.

    References
    ----------
    Vovk (2012), "Conditional Validity of Inductive Conformal Predictors", for sets that are valid
    for each label.
    """
    if not 0 < alpha < 1:
        raise DataError(
            f"alpha is the share of units that may be missed, above 0 and below 1: not {alpha}"
        )
    if probabilities.shape[1] != len(conformal.points):
        raise DataError(
            f"{probabilities.shape[1]} classes, but thresholds for {len(conformal.points)}"
        )
    thresholds = [_threshold(points, alpha) for points in conformal.points]
    return np.asarray(probabilities >= np.array(thresholds))


def _threshold(points: Sequence[float], alpha: float) -> float:
    # 1 - 0.9 is a little less than 0.1 in binary: a rank must not hang on that.
    rank = min(math.floor(alpha * (len(points) + 1) + 1e-9), len(points))
    return points[rank - 1] if rank else 0.0


def abstained(sets: BoolArray, probabilities: FloatArray) -> BoolArray:
    """Return which units are left open: all but those whose likeliest label alone is in the set.

    Where another label is the only one that is not ruled out, nobody should be told the likeliest.
    The result has shape (n_units,).

    Parameters
    ----------
    sets, probabilities : shape (n_units, n_classes)
    """
    likeliest = np.eye(sets.shape[1], dtype=bool)[probabilities.argmax(axis=1)]
    return np.asarray((sets != likeliest).any(axis=1))


def coverage(sets: BoolArray, truth: IntArray) -> FloatArray:
    """Return the share of each class's units whose set holds it, shape (n_classes,); nan if none.

    Parameters
    ----------
    sets : shape (n_units, n_classes)
    truth : shape (n_units,)
        The column of each unit's settled label.
    """
    n_classes = sets.shape[1]
    sizes = np.bincount(truth, minlength=n_classes)
    held = np.bincount(truth[sets[np.arange(len(truth)), truth]], minlength=n_classes)
    return np.asarray(np.divide(held, sizes, out=np.full(n_classes, np.nan), where=sizes > 0))


def to_data(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as what JSON can hold: task -> temperature, points by class."""
    return {
        name: {
            "temperature": task.temperature,
            "points": [list(points) for points in task.conformal.points],
        }
        for name, task in calibration.tasks.items()
    }


def from_data(data: Any, classes: Mapping[str, Sequence[str]]) -> Calibration:  # noqa: ANN401
    """Return the calibration of what was read from JSON.

    Parameters
    ----------
    classes
        Task -> label names of the model: its tasks are those that must be there, and no others.

    Raises
    ------
    ModelError
        If it is of another shape, is made for other tasks or classes, or holds a number that
        cannot be.
    """
    if not isinstance(data, dict) or data.keys() != classes.keys():
        raise ModelError(f"calibration: not one of the tasks {', '.join(classes)}")
    return Calibration(
        tasks={name: _task(name, data[name], len(labels)) for name, labels in classes.items()}
    )


def _task(name: str, data: Any, n_classes: int) -> TaskCalibration:  # noqa: ANN401
    if not isinstance(data, dict) or data.keys() != {"temperature", "points"}:
        raise ModelError(f"calibration of {name}: wants a temperature and points, nothing else")
    temperature, points = data["temperature"], data["points"]
    if not _is_number(temperature, COLDEST, HOTTEST):
        raise ModelError(
            f"calibration of {name}: its temperature is no number from {COLDEST} to {HOTTEST:g}"
        )
    if not isinstance(points, list) or len(points) != n_classes:
        raise ModelError(f"calibration of {name}: wants a list of points for {n_classes} classes")
    for of_class in points:
        if (
            not isinstance(of_class, list)
            or len(of_class) > MOST_POINTS
            or not all(_is_number(point, 0, 1) for point in of_class)
            or of_class != sorted(of_class)
        ):
            raise ModelError(
                f"calibration of {name}: the points of a class are up to {MOST_POINTS} numbers "
                "from 0 to 1 in ascending order"
            )
    return TaskCalibration(
        temperature=float(temperature),
        conformal=ConformalTask(points=tuple(tuple(map(float, of_class)) for of_class in points)),
    )


def _is_number(value: Any, low: float, high: float) -> bool:  # noqa: ANN401  whatever JSON holds
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
