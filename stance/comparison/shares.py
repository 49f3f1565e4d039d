"""Corrected shares of every outlet, from a sample of labels."""

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
    for number, outlet in enumerate(observations.outlets):
        inside = (observations.outlet == number) & observations.counts
        shares = _outlet(observations, task, labels, inside)
        if shares is not None:
            found[outlet] = shares
    return found


def _outlet(
    observations: Observations, task: Task, labels: TaskSample, inside: BoolArray
) -> dict[str, Corrected] | None:
    covered = inside.copy()
    covered[inside] = labels.covered[observations.places[inside]]
    n_units, n_covered = int(inside.sum()), int(covered.sum())
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
    speaking = prevalence.still_open(stratum, sizes)
    # Of what is not covered nothing is known: labels of the rest leave room for it.
    all_known = bool((certain | (drawn & ~speaking)).all())
    enough = speaking.sum() > 1 or (all_known and (n_covered == n_units or drawn.sum() > 1))
    if not n_units or not enough:
        return None
    result = prevalence.corrected_shares(
        observations.codes[task.name][covered],
        observations.probabilities[task.name][covered],
        labels.truth[places],
        certain=certain,
        stratum=stratum,
        sizes=sizes,
        article=observations.article[covered],
    )
    known = n_covered / n_units

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
            n_labels=int((certain | drawn).sum()),
            n_units=n_units,
        )
    return shares
