"""Balanced logistic regression over features of any kind, its C chosen by held-out articles."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from stance.classifiers.base import label_codes
from stance.errors import DataError
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.scores import confusion_table, macro_f1

Weights = tuple[FloatArray, FloatArray]  # (n_classes, n_features) and (n_classes,)


def fit_tasks(
    features: Any,  # noqa: ANN401  an array or a scipy matrix, which ships no types
    examples: Sequence[LabeledUnit],
    tasks: Mapping[str, tuple[str, ...]],
    *,
    costs: Sequence[float],
    n_folds: int,
    seed: int,
) -> dict[str, tuple[float, Weights]]:
    """Return task -> chosen C, and the weights and bias of every class.

    A task with fewer than two labels, or with labels from a single article, is left out.

    Parameters
    ----------
    features : shape (n_examples, n_features)
    tasks
        Task -> labels, in the codebook's order.

    Raises
    ------
    DataError
        If that leaves no task.
    """
    articles = np.array([example.sha256 for example in examples])
    found = {}
    for task, classes in tasks.items():
        codes = label_codes(examples, task, classes)
        known = codes >= 0
        if len(set(codes[known])) > 1 and len(set(articles[known])) > 1:
            found[task] = fit_linear(
                features[known],
                codes[known],
                articles[known],
                n_classes=len(classes),
                costs=costs,
                n_folds=n_folds,
                seed=seed,
            )
    if not found:
        raise DataError(
            "nothing to learn: no task has units of two labels or more, from two articles or more"
        )
    return found


def fit_linear(
    features: Any,  # noqa: ANN401
    codes: IntArray,
    articles: Any,  # noqa: ANN401
    *,
    n_classes: int,
    costs: Sequence[float],
    n_folds: int,
    seed: int,
) -> tuple[float, Weights]:
    """Return the chosen C, and the weights and bias of every class.

    Parameters
    ----------
    features : shape (n_units, n_features)
    codes : shape (n_units,)
        The column of each unit's label.
    articles : shape (n_units,)
        No article is on both sides of a fold; macro-F1 over the folds chooses C.
    """
    if len(costs) == 1:  # nothing to choose
        return costs[0], _all_classes(_fitted(costs[0], features, codes), n_classes)
    folds = GroupKFold(min(n_folds, len(set(articles))), shuffle=True, random_state=seed)
    splits = list(folds.split(features, groups=articles))
    scores = []
    for cost in costs:
        table = np.zeros((n_classes, n_classes))
        for learn, judge in splits:
            if len(set(codes[learn])) > 1:
                model = _fitted(cost, features[learn], codes[learn])
                table += confusion_table(codes[judge], model.predict(features[judge]), n_classes)
        # Two articles with a label each leave nothing to choose by: the first C will do.
        scores.append(float(macro_f1(table)) if table.any() else 0.0)
    cost = costs[int(np.argmax(scores))]
    return cost, _all_classes(_fitted(cost, features, codes), n_classes)


def _fitted(cost: float, features: Any, codes: Any) -> LogisticRegression:  # noqa: ANN401
    # Few units, many sparse n-grams: newton-cg took 0.04 to 0.4 s where lbfgs took 0.5 to 0.7 s,
    # and a second BLAS thread on a busy machine doubled the time.
    model = LogisticRegression(C=cost, class_weight="balanced", max_iter=2000, solver="newton-cg")
    with threadpool_limits(limits=1, user_api="blas"):
        return model.fit(features, codes)


def _all_classes(model: LogisticRegression, n_classes: int) -> Weights:
    """Return softmax weights over all classes; one that was never seen gets no probability."""
    seen = model.classes_
    weights = np.zeros((n_classes, model.coef_.shape[1]))
    bias = np.full(n_classes, -np.inf if len(seen) < n_classes else 0.0)
    if len(seen) == 2:  # one row decides between two: half of it each way is the same softmax
        weights[seen] = np.stack([-model.coef_[0] / 2, model.coef_[0] / 2])
        bias[seen] = np.array([-model.intercept_[0] / 2, model.intercept_[0] / 2])
    else:
        weights[seen], bias[seen] = model.coef_, model.intercept_
    return weights, bias


def softmax(scores: FloatArray) -> FloatArray:
    """Return rows of scores as rows of probabilities, shape (n_units, n_classes)."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
