"""What every classifier can do, and predictions by models that never saw the article."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Protocol, Self

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from stance.codebook import Codebook
from stance.errors import DataError
from stance.records import LabeledUnit, Unit, same_words
from stance.statistics.arrays import FloatArray, IntArray


class Classifier(Protocol):
    """Learns several tasks at once from labeled units, and gives probabilities for new ones."""

    @property
    def classes_(self) -> Mapping[str, tuple[str, ...]]:
        """Task -> label names, in the codebook's order; tasks that it cannot do are absent.

        Before a fit, what it may learn; after it, what it did learn.
        """

    def fresh(self) -> Self:
        """Return an unfitted classifier of the same recipe."""

    def fit(self, examples: Sequence[LabeledUnit]) -> Self:
        """Learn from units and their settled labels; a unit without a task's label skips it."""

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return task -> probabilities of shape (n_units, n_classes), each row summing to 1."""


def label_codes(examples: Sequence[LabeledUnit], task: str, classes: Sequence[str]) -> IntArray:
    """Return the column of each example's settled label, -1 where it has none, shape (n,)."""
    columns = {name: i for i, name in enumerate(classes)}
    return np.array([columns.get(e.labels.get(task, ""), -1) for e in examples], dtype=np.int64)


def label_shares(examples: Sequence[LabeledUnit], task: str, classes: Sequence[str]) -> FloatArray:
    """Return each label's share of the settled ones, shape (n_classes,); equal if there is none."""
    codes = label_codes(examples, task, classes)
    counts = np.bincount(codes[codes >= 0], minlength=len(classes)) + 1e-9
    return np.asarray(counts / counts.sum())


def codebook_classes(codebook: Codebook) -> dict[str, tuple[str, ...]]:
    """Return task -> label names of a codebook."""
    return {task.name: task.classes for task in codebook.tasks}


def cross_fit(
    classifier: Classifier,
    examples: Sequence[LabeledUnit],
    groups: Sequence[str],
    *,
    n_folds: int | None,
    seed: int,
) -> dict[str, FloatArray]:
    """Return each example's probabilities from a model that saw nothing of its group.

    Nor of a copy of its article in another group: those are left out of what that model learns.

    A task with fewer than two labels among the examples is left out. Where one fold's model could
    not learn a task that others could, its rows are the shares of labels that it learned from.

    Parameters
    ----------
    classifier
        Gives the recipe; each fold fits a fresh one.
    groups : length n
        What must not be torn apart: articles, or outlets.
    n_folds
        How many folds to put the groups into; None leaves out one group at a time.

    Raises
    ------
    DataError
        If there are fewer than two groups.
    """
    n_groups = len(set(groups))
    if n_groups < 2:
        raise DataError(f"holding out needs two groups (articles, outlets) or more, not {n_groups}")
    splitter = (
        LeaveOneGroupOut()
        if n_folds is None
        else GroupKFold(min(n_folds, n_groups), shuffle=True, random_state=seed)
    )
    held_out = {
        task: np.zeros((len(examples), len(classes)))
        for task, classes in classifier.classes_.items()
        if len({e.labels[task] for e in examples if task in e.labels}) > 1
    }
    copies = _copy_groups(examples)
    for learn, judge in splitter.split(np.zeros(len(examples)), groups=groups):
        judged = {copies[i] for i in judge}
        lessons = [examples[i] for i in learn if copies[i] not in judged]
        try:
            model = classifier.fresh().fit(lessons)
            rows = model.predict_proba([examples[i].unit for i in judge])
        except DataError:  # no task at all can be learned from this fold
            rows = {}
        for task, filled in held_out.items():
            shares = label_shares(lessons, task, classifier.classes_[task])
            filled[judge] = rows.get(task, shares)
    return held_out


def _copy_groups(examples: Sequence[LabeledUnit]) -> list[int]:
    """Return a number for each example, the same for articles that are copies of each other.

    Copies share the words of half the units of the shorter one, or are linked by such.
    """
    articles: dict[str, int] = {}
    sizes: Counter[int] = Counter()
    printed_in: dict[str, set[int]] = defaultdict(set)
    for example in examples:
        article = articles.setdefault(example.sha256, len(articles))
        sizes[article] += 1
        printed_in[same_words(example.unit.text)].add(article)
    shared: Counter[tuple[int, int]] = Counter()
    for holders in printed_in.values():
        shared.update(combinations(sorted(holders), 2))
    links = [pair for pair, n in shared.items() if 2 * n >= min(sizes[pair[0]], sizes[pair[1]])]
    ends = np.array(links, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (ends[0], ends[1])), shape=(len(articles),) * 2)
    _, groups = connected_components(graph, directed=False)
    return [int(groups[articles[example.sha256]]) for example in examples]
