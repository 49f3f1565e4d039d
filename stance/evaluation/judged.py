"""The units of one task that have a settled label, as the arrays that scores are read off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stance.classifiers.base import label_codes
from stance.codebook import Codebook, Task
from stance.errors import DataError
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.intervals import Estimate, clustered_share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """The judged units of one task, n of them, with a model's probabilities."""

    task: Task
    places: IntArray  # (n,), where each unit stands among all examples
    truth: IntArray  # (n,), the column of its settled label
    rows: FloatArray  # (n, n_classes), probabilities in the codebook's order
    articles: IntArray  # (n,), a number for each article, from 0, in the order of their hashes

    @property
    def predicted(self) -> IntArray:
        """The column of each unit's likeliest label, shape (n,)."""
        return np.asarray(self.rows.argmax(axis=1))

    def confusions(self) -> FloatArray:
        """Return each article's confusion table, shape (n_articles, n_classes, n_classes)."""
        k = len(self.task.classes)
        tables = np.zeros((int(self.articles.max()) + 1, k, k))
        np.add.at(tables, (self.articles, self.truth, self.predicted), 1)
        return tables

    def part(self, inside: NDArray[np.bool_]) -> "Judged":
        """Return the units where a mask of shape (n,) holds; at least one does."""
        return Judged(
            task=self.task,
            places=self.places[inside],
            truth=self.truth[inside],
            rows=self.rows[inside],
            articles=np.unique(self.articles[inside], return_inverse=True)[1],
        )

    def share(self, hits: NDArray[np.bool_]) -> Estimate:
        """Return the share of units that are hits (a mask of shape (n,)), article by article."""
        return clustered_share(
            np.bincount(self.articles, weights=hits).astype(float),
            np.bincount(self.articles).astype(float),
        )


def judged_tasks(
    examples: Sequence[LabeledUnit], probabilities: Mapping[str, FloatArray], codebook: Codebook
) -> dict[str, Judged]:
    """Return task -> its judged units, for tasks that have both probabilities and settled labels.

    Parameters
    ----------
    probabilities
        Task -> shape (n_examples, n_classes), columns in the codebook's order.

    Raises
    ------
    DataError
        If no task has.
    """
    articles = np.array([example.sha256 for example in examples])
    found = {}
    for task in codebook.tasks:
        codes = label_codes(examples, task.name, task.classes)
        places = np.flatnonzero(codes >= 0)
        if task.name in probabilities and len(places):
            found[task.name] = Judged(
                task=task,
                places=places,
                truth=codes[places],
                rows=probabilities[task.name][places],
                articles=np.unique(articles[places], return_inverse=True)[1],
            )
    if not found:
        raise DataError("no unit here has a settled label of a task that the model can do")
    return found
