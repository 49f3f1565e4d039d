"""Do outlets have the same mix of labels? Shares with intervals, distances with a null."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from stance.codebook import Task
from stance.comparison.result import MixComparison, OutletMix, PairDistance
from stance.records import ClassifiedUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import clustered_share
from stance.statistics.permutation import holm, mix_distance, same_mix_p_value

Place = tuple[str, int, int]  # document hash, start, end


def compare_mixes(
    units: Sequence[ClassifiedUnit],
    task: Task,
    *,
    settled: Mapping[Place, Mapping[str, str]],
    seed: int,
) -> MixComparison:
    """Return each outlet's mix of a task's labels, and how far apart the mixes are.

    Parameters
    ----------
    units
        Of two outlets or more, each with a known source.
    settled
        Settled labels by place: shown beside the predicted mix of an outlet all of whose units
        have one.
    """
    by_outlet: dict[str, dict[str, list[ClassifiedUnit]]] = defaultdict(lambda: defaultdict(list))
    for unit in units:
        by_outlet[unit.source or ""][unit.unit.article_id].append(unit)
    outlets = sorted(by_outlet)
    tables = {outlet: _counts(by_outlet[outlet], task) for outlet in outlets}
    mixes = []
    for outlet in outlets:
        sizes = tables[outlet].sum(axis=1)
        mixes.append(
            OutletMix(
                outlet=outlet,
                n_articles=len(sizes),
                n_units=int(sizes.sum()),
                shares={
                    label: clustered_share(tables[outlet][:, column], sizes)
                    for column, label in enumerate(task.classes)
                },
                settled=_settled_mix(by_outlet[outlet], task, settled),
            )
        )
    names = list(combinations(outlets, 2))
    distances = [mix_distance(tables[left], tables[right], seed=seed) for left, right in names]
    adjusted = holm([distance.p_value for distance in distances])
    everything = np.concatenate([tables[outlet] for outlet in outlets])
    groups = np.repeat(np.arange(len(outlets)), [len(tables[outlet]) for outlet in outlets])
    return MixComparison(
        task=task.name,
        classes=task.classes,
        outlets=tuple(mixes),
        pairs=tuple(
            PairDistance(left=left, right=right, distance=distance, p_holm=p)
            for (left, right), distance, p in zip(names, distances, adjusted, strict=True)
        ),
        same_mix_p=same_mix_p_value(everything, groups, seed=seed),
    )


def _counts(articles: Mapping[str, Sequence[ClassifiedUnit]], task: Task) -> FloatArray:
    """Return how many units of each article carry each label, shape (n_articles, n_classes)."""
    counts = np.zeros((len(articles), len(task.classes)))
    for row, units in enumerate(articles.values()):
        for unit in units:
            counts[row, task.classes.index(unit.predictions[task.name].label)] += 1
    return counts


def _settled_mix(
    articles: Mapping[str, Sequence[ClassifiedUnit]],
    task: Task,
    settled: Mapping[Place, Mapping[str, str]],
) -> dict[str, float] | None:
    labels = []
    for units in articles.values():
        for unit in units:
            known = settled.get((unit.sha256, unit.unit.start, unit.unit.end), {})
            if task.name not in known:
                return None
            labels.append(known[task.name])
    return {name: labels.count(name) / len(labels) for name in task.classes}
