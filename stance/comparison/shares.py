"""Corrected shares of every outlet, from a sample of labels."""

from dataclasses import dataclass

import numpy as np

from stance.codebook import Task
from stance.comparison.observations import BoolArray, Observations
from stance.comparison.result import Corrected
from stance.comparison.sample import Sample, TaskSample
from stance.statistics import prevalence
from stance.statistics.arrays import FloatArray, IntArray


def corrected_shares(
    observations: Observations, task: Task, sample: Sample
) -> dict[str, dict[str, Corrected]]:
    """Return outlet -> label -> corrected share, of the units that count.

    Outlets without a sample are left out, unless every unit is known. Units of which nothing is
    known, since they neither have a usable label nor were among what was drawn from, may be of any
    class: the limits leave room for both ends.

    Parameters
    ----------
    observations
        Those that the sample was made for, or a part of them that predictions tell apart.
    """
    if task.name not in sample.tasks:
        return {}
    labels = sample.tasks[task.name]
    found = {}
    for outlet, inside in _outlets(observations):
        shares = _shares(observations, task, _judged(observations, labels, inside))
        if shares is not None:
            found[outlet] = shares
    return found


def judged_whole(observations: Observations, task: Task, sample: Sample) -> dict[str, FloatArray]:
    """Return outlet -> hand labels of its articles, of outlets all of whose units have one.

    Tables have shape (n_articles, n_classes): counts of the labels. Of such an outlet nothing is
    estimated, so that its articles can be regrouped as those with counted labels are.
    """
    if task.name not in sample.tasks:
        return {}
    labels = sample.tasks[task.name]
    found = {}
    for outlet, inside in _outlets(observations):
        judged = _judged(observations, labels, inside)
        has_label = judged.certain | judged.drawn
        if judged.n_units and has_label.sum() == judged.n_units:
            _, article = np.unique(observations.article[judged.covered], return_inverse=True)
            table = np.zeros((article.max() + 1, len(task.classes)))
            np.add.at(table, (article, judged.truth), 1)
            found[outlet] = table
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Judged:
    """What is known of one outlet's units; of those covered, but for the first two."""

    n_units: int
    covered: BoolArray  # (n_observations,), of its units: what a label or a draw speaks for
    truth: IntArray  # column of the label; -1 without one
    certain: BoolArray
    drawn: BoolArray
    stratum: IntArray  # -1 but for drawn ones
    sizes: FloatArray  # of the strata
    speaking: BoolArray  # drawn, and of a stratum that is not labeled to its end

    @property
    def all_known(self) -> bool:
        """Whether each unit that is covered is known."""
        return bool((self.certain | (self.drawn & ~self.speaking)).all())

    @property
    def whole(self) -> bool:
        """Whether each unit is known."""
        return self.all_known and len(self.truth) == self.n_units


def _outlets(observations: Observations) -> list[tuple[str, BoolArray]]:
    """Return each outlet with its units that count."""
    return [
        (outlet, (observations.outlet == number) & observations.counts)
        for number, outlet in enumerate(observations.outlets)
    ]


def _judged(observations: Observations, labels: TaskSample, inside: BoolArray) -> _Judged:
    covered = inside.copy()
    covered[inside] = labels.covered[observations.places[inside]]
    places = observations.places[covered]
    certain, drawn = labels.certain[places], labels.drawn[places]
    stratum: IntArray = np.where(drawn, labels.stratum[places], -1)
    n_strata = len(labels.sizes)
    sizes: FloatArray
    if labels.located:
        of_rest = labels.stratum[places][~certain]
        sizes = np.bincount(of_rest, minlength=n_strata).astype(float)
    else:  # of a part of a stratum only its share of the labels tells how large it is
        part = np.bincount(stratum[drawn], minlength=n_strata)
        sizes = labels.sizes * part / np.maximum(labels.taken, 1)
    return _Judged(
        n_units=int(inside.sum()),
        covered=covered,
        truth=labels.truth[places],
        certain=certain,
        drawn=drawn,
        stratum=stratum,
        sizes=sizes,
        speaking=prevalence.still_open(stratum, sizes),
    )


def _shares(observations: Observations, task: Task, judged: _Judged) -> dict[str, Corrected] | None:
    # Of what is not covered nothing is known: labels of the rest leave room for it.
    several = judged.all_known and judged.drawn.sum() > 1
    if not judged.n_units or not (judged.speaking.sum() > 1 or judged.whole or several):
        return None
    result = prevalence.corrected_shares(
        observations.codes[task.name][judged.covered],
        observations.probabilities[task.name][judged.covered],
        judged.truth,
        certain=judged.certain,
        stratum=judged.stratum,
        sizes=judged.sizes,
        article=observations.article[judged.covered],
    )
    known = len(judged.truth) / judged.n_units

    def limits(low: FloatArray, high: FloatArray, column: int) -> tuple[float, float]:
        return float(known * low[column]), float(known * high[column] + (1 - known))

    shares = {}
    for column, label in enumerate(task.classes):
        low, high = limits(result.low, result.high, column)
        general: tuple[float | None, float | None] = (None, None)
        if result.general_low is not None and result.general_high is not None:
            general = limits(result.general_low, result.general_high, column)
        shares[label] = Corrected(
            value=float(result.value[column]),
            low=low,
            high=high,
            general_low=general[0],
            general_high=general[1],
            n_labels=int((judged.certain | judged.drawn).sum()),
            n_units=judged.n_units,
        )
    return shares
