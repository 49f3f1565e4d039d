"""Do outlets have the same mix of labels? Shares with intervals, distances with a null."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from stance.codebook import Task
from stance.comparison.observations import BoolArray, Observations
from stance.comparison.result import (
    Corrected,
    Difference,
    MixComparison,
    OutletMix,
    PairDistance,
    Share,
)
from stance.statistics.arrays import FloatArray
from stance.statistics.heterogeneity import same_share_p_value
from stance.statistics.intervals import Estimate, clustered_share
from stance.statistics.permutation import (
    DRAWS,
    DRAWS_A_TEST,
    Distance,
    holm,
    jensen_shannon,
    pair_distances,
    same_mix_p_value,
)
from stance.statistics.prevalence import error_band, share_difference


def compare_mixes(
    observations: Observations,
    task: Task,
    *,
    voice: str | None = None,
    corrected: Mapping[str, Mapping[str, Corrected]] | None = None,
    judged: Mapping[str, FloatArray] | None = None,
    confusion: Sequence[Sequence[float]] | None = None,
    settled: Mapping[str, Mapping[str, str]],
    copies: frozenset[str] = frozenset(),
    seed: int,
    pairs: bool = True,
) -> MixComparison:
    """Return each outlet's mix of a task's labels, and how far apart the mixes are.

    Parameters
    ----------
    observations
        Of everything, or the part that `voice` names. An outlet without a unit that counts in it
        is left out.
    corrected
        Outlet -> label -> share corrected by hand labels, of those same units.
    judged
        Outlet -> hand labels by article, of outlets all of whose units have one: `judged_whole`.
    confusion
        Held-out units by settled label (rows) and predicted one, as the model's card has them.
    settled
        Settled labels by unit id: shares of them stand beside those of an outlet all of whose units
        that count have one.
    copies
        Ids of articles that are copies: where they count in the shares, `other_counting` is
        without them; where they are left out of the shares, it is with all.
    pairs
        Whether each two outlets are compared as well.
    """
    tables = _tables(observations, task.name, observations.counts)
    others = _tables(observations, task.name, _counted_otherwise(observations, copies))
    by_hand = _settled_shares(observations, task, settled)
    outlets = [
        OutletMix(
            outlet=outlet,
            n_articles=len(table),
            n_units=int(table.sum()),
            shares={
                label: Share(
                    counted=counted,
                    corrected=(corrected or {}).get(outlet, {}).get(label),
                    band=band,
                    settled=by_hand.get(outlet, {}).get(label),
                )
                for (label, counted), band in zip(
                    clustered_shares(table, task).items(),
                    _bands(table, confusion, seed),
                    strict=True,
                )
            },
            other_counting=_plain_shares(others[outlet], task) if outlet in others else {},
        )
        for outlet, table in tables.items()
    ]
    whole = {outlet: judged[outlet] for outlet in tables if judged and outlet in judged}
    corrected_p = _corrected_p(outlets, task)
    if corrected_p is not None and len(whole) == len(tables):
        # Nothing is estimated: hand labels are regrouped as counted ones are.
        corrected_p = _same_mix_p(whole, seed)
    return MixComparison(
        task=task.name,
        voice=voice,
        classes=task.classes,
        outlets=tuple(outlets),
        pairs=_pairs(outlets, tables, whole, task, seed) if pairs and len(outlets) > 1 else (),
        same_mix_p=_same_mix_p(tables, seed),
        corrected_p=corrected_p,
    )


def clustered_shares(table: FloatArray, task: Task) -> dict[str, Estimate]:
    """Return each label's share with its interval over articles.

    Parameters
    ----------
    table : shape (n_articles, n_classes)
        Label counts of each article; each has units.
    """
    sizes = table.sum(axis=1)
    return {label: clustered_share(table[:, c], sizes) for c, label in enumerate(task.classes)}


def difference_of(left: Estimate | Corrected, right: Estimate | Corrected) -> Difference:
    """Return left minus right; without limits where one of the two has none.

    Parameters
    ----------
    left, right
        Two counted shares or two corrected ones, of different articles. Of corrected ones the
        limits at large are taken: outlets are compared, not these very sentences.
    """
    value, low, high = left.value - right.value, None, None
    (left_low, left_high), (right_low, right_high) = _at_large(left), _at_large(right)
    if not (left_low is None or left_high is None or right_low is None or right_high is None):
        value, low, high = share_difference(
            (left.value, left_low, left_high), (right.value, right_low, right_high)
        )
    corrected = isinstance(left, Corrected) and isinstance(right, Corrected)
    return Difference(value=value, low=low, high=high, corrected=corrected)


def _at_large(share: Estimate | Corrected) -> tuple[float | None, float | None]:
    """Return the limits of a share that take articles as a sample."""
    if isinstance(share, Corrected):
        return share.general_low, share.general_high
    return share.low, share.high


def _same_mix_p(tables: Mapping[str, FloatArray], seed: int) -> float | None:
    """Return the p-value of "all outlets have one mix" by regrouping; None where there is none."""
    if len(tables) < 2:
        return None
    outlets = np.repeat(np.arange(len(tables)), [len(table) for table in tables.values()])
    return same_mix_p_value(np.concatenate(list(tables.values())), outlets, seed=seed)


def _corrected_p(outlets: Sequence[OutletMix], task: Task) -> float | None:
    """Return the p-value of "these outlets have one mix" by corrected shares, Holm over labels.

    Of two labels one is tested: the other's share is what is left. By the limits that take articles
    as a sample, as the test of counted shares does; None where an outlet has none.
    """
    p_values = []
    for label in task.classes[:1] if len(task.classes) == 2 else task.classes:
        rows = [
            (found.value, found.general_low, found.general_high)
            for outlet in outlets
            if (found := outlet.shares[label].corrected) is not None
        ]
        if len(rows) < max(2, len(outlets)) or any(None in row for row in rows):
            return None
        values, low, high = np.array(rows, dtype=float).T
        if (high <= low).any():
            return None
        p_values.append(same_share_p_value(values, low, high))
    return min(holm(p_values))


def _tables(observations: Observations, task: str, inside: BoolArray) -> dict[str, FloatArray]:
    """Return label counts of each article of each outlet, without what has no unit there."""
    part = observations.part(inside)
    table = part.tables(task)
    filled = np.flatnonzero(table.sum(axis=1))
    outlet_of = observations.outlet_of[filled]
    return {
        outlet: table[filled[outlet_of == number]]
        for number, outlet in enumerate(observations.outlets)
        if (outlet_of == number).any()
    }


def _counted_otherwise(observations: Observations, copies: frozenset[str]) -> BoolArray:
    if not observations.counts.all():
        return np.ones_like(observations.counts)
    is_copy = np.array([article in copies for article in observations.articles], dtype=bool)
    return ~is_copy[observations.article]


def _plain_shares(table: FloatArray, task: Task) -> dict[str, float]:
    totals = table.sum(axis=0)
    return {label: float(n / totals.sum()) for label, n in zip(task.classes, totals, strict=True)}


def _bands(
    table: FloatArray, confusion: Sequence[Sequence[float]] | None, seed: int
) -> list[tuple[float, float] | None]:
    held_out = np.array(confusion or (), dtype=float)
    if not held_out.any():
        return [None] * table.shape[1]
    low, high = error_band(table.sum(axis=0).astype(np.int64), held_out, seed=seed)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _settled_shares(
    observations: Observations, task: Task, settled: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, float]]:
    """Return each label's share by settled labels, of outlets where every unit has one."""
    counts = {outlet: dict.fromkeys(task.classes, 0) for outlet in observations.outlets}
    lacking: set[str] = set()
    if not settled:
        return {}
    for row in np.flatnonzero(observations.counts):
        classified = observations.unit(int(row))
        outlet, unit = classified.source or "", classified.unit
        label = settled.get(unit.id, {}).get(task.name)
        if label is None:
            lacking.add(outlet)
        else:
            counts[outlet][label] += 1
    return {
        outlet: {label: n / sum(of.values()) for label, n in of.items()}
        for outlet, of in counts.items()
        if outlet not in lacking and any(of.values())
    }


def _pairs(
    outlets: list[OutletMix],
    tables: Mapping[str, FloatArray],
    judged: Mapping[str, FloatArray],
    task: Task,
    seed: int,
) -> tuple[PairDistance, ...]:
    distances = list(pair_distances(list(tables.values()), seed=seed).values())
    mixes = np.array([[s.counted.value for s in outlet.shares.values()] for outlet in outlets])
    left, right = np.triu_indices(len(outlets), 1)  # in the order of combinations
    divergences = jensen_shannon(mixes[left], mixes[right])
    adjusted = holm([distance.p_value for distance in distances])
    by_hand = _p_by_hand(judged, len(distances), seed)
    corrected = [_corrected_p(pair, task) for pair in combinations(outlets, 2)]
    corrected = [
        p if p is None else by_hand.get((one.outlet, other.outlet), p)
        for (one, other), p in zip(combinations(outlets, 2), corrected, strict=True)
    ]
    of_corrected = iter(holm([p for p in corrected if p is not None]))
    return tuple(
        _pair(
            one, other, distance, float(divergence), p, None if own is None else next(of_corrected)
        )
        for (one, other), distance, divergence, p, own in zip(
            combinations(outlets, 2), distances, divergences, adjusted, corrected, strict=True
        )
    )


def _p_by_hand(
    judged: Mapping[str, FloatArray], n_tests: int, seed: int
) -> dict[tuple[str, str], float]:
    """Return the p-value of each two outlets that were judged whole, by regrouping.

    With enough regroupings for as many tests as Holm's adjustment is over.
    """
    if len(judged) < 2:
        return {}
    n_draws = max(DRAWS, DRAWS_A_TEST * n_tests - 1)
    found = pair_distances(list(judged.values()), seed=seed, n_draws=n_draws)
    return {
        pair: distance.p_value
        for pair, distance in zip(combinations(judged, 2), found.values(), strict=True)
    }


def _pair(
    left: OutletMix,
    right: OutletMix,
    distance: Distance,
    divergence: float,
    p_holm: float,
    corrected_p_holm: float | None,
) -> PairDistance:
    differences = {}
    for label, one in left.shares.items():
        other = right.shares[label]
        differences[label] = (
            difference_of(one.corrected, other.corrected)
            if one.corrected and other.corrected
            else difference_of(one.counted, other.counted)
        )
    return PairDistance(
        left=left.outlet,
        right=right.outlet,
        distance=distance,
        jensen_shannon=divergence,
        p_holm=p_holm,
        corrected_p_holm=corrected_p_holm,
        differences=differences,
    )
