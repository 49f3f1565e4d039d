"""Outlets as raters over claims: whether they have the same label on the claims that they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from stance.codebook import Task
from stance.comparison.observations import Observations
from stance.comparison.result import Ceiling, Claim, ClaimAgreement, PairAgreement
from stance.statistics.agreement import (
    MISSING,
    count_codes,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.attenuation import corrected_alpha, perfect_alpha
from stance.statistics.intervals import Estimate

# Labels whose probabilities differ by less, as a part of them, are equally likely. Observations
# hold them to seven digits: 0.6 + 0.3 + 0.2 and 0.3 + 0.5 + 0.3 come out 1e-8 apart.
TIE = 1e-6

# The confusion table is of single units, and cells of several err less. In simulation (three
# outlets, a model right in 0.7 of cases, true alpha 0.6) the corrected alpha is 0.64 where a tenth
# of the cells hold three units, 0.76 where half do and 0.91 where all do.
SEVERAL, MOST_OF_SEVERAL = 3, 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClaimUnits:
    """The units that make a shared claim, n of them, as places in claims and observations."""

    rows: IntArray  # (n,), into the observations
    claims: IntArray  # (n,), into the claims


def claim_units(
    claims: Sequence[Claim], observations: Observations, *, voice: str | None = None
) -> ClaimUnits:
    """Return the units of the claims' cells that are among the observations.

    Parameters
    ----------
    voice
        Only units whose predicted voice is this label; None for all.

    Raises
    ------
    DataError
        If a voice is asked for and the units have none.
    """
    rows_inside = np.flatnonzero(observations.in_voice(voice)).tolist()
    row_of = {observations.unit(row).unit.id: row for row in rows_inside}
    found = [
        (row_of[unit_id], number)
        for number, claim in enumerate(claims)
        for cell in claim.cells
        for unit_id in cell.unit_ids
        if unit_id in row_of
    ]
    rows, numbers = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return ClaimUnits(rows=rows, claims=numbers)


def cell_codes(
    units: ClaimUnits, observations: Observations, task: Task, *, n_claims: int
) -> IntArray:
    """Return each outlet's label on each claim, shape (n_claims, n_outlets).

    The column of the label: the likeliest by the mean probabilities of its units. MISSING where the
    outlet does not make the claim or two labels are equally likely, and throughout a claim on
    which fewer than two outlets have a label.
    """
    sums = np.zeros((n_claims, len(observations.outlets), len(task.classes)))
    place = (units.claims, observations.outlet[units.rows])
    np.add.at(sums, place, observations.probabilities[task.name][units.rows])
    most = sums.max(axis=-1, keepdims=True)
    # Labels by hand have a probability of 1, so ties are common, and the first would win them all.
    # Where an outlet has no unit all sums are 0: a tie as well.
    labeled = (sums >= most * (1 - TIE)).sum(axis=-1) == 1
    labeled &= labeled.sum(axis=1, keepdims=True) >= 2
    return np.where(labeled, sums.argmax(axis=-1), MISSING)


def of_several(sizes: Sequence[int] | IntArray) -> bool:
    """Return whether so many cells hold several units that alpha is not corrected for errors.

    Parameters
    ----------
    sizes
        How many units each cell holds: what an outlet says on a claim that it shares.
    """
    return len(sizes) > 0 and float(np.mean(np.asarray(sizes) >= SEVERAL)) > MOST_OF_SEVERAL


def claim_agreement(
    claims: Sequence[Claim],
    observations: Observations,
    task: Task,
    *,
    voice: str | None = None,
    confusion: Sequence[Sequence[float]] | None = None,
    seed: int,
) -> ClaimAgreement:
    """Return how far outlets agree on the claims that they share.

    Cells are made anew from the claims' units, so that each task and voice has its own labels;
    claims on which fewer than two outlets have a label drop out.

    Parameters
    ----------
    voice
        Only units whose predicted voice is this label; None for all.
    confusion : shape (n_classes, n_classes)
        Held-out units of the task by settled label (rows) and predicted one, in the codebook's
        order. It speaks of single units and each cell is taken as one: where many hold several,
        which err less, the corrected alpha is withheld and the ceiling is too low.

    Raises
    ------
    DataError
        If a voice is asked for and the units have none.
    """
    units = claim_units(claims, observations, voice=voice)
    codes = cell_codes(units, observations, task, n_claims=len(claims))
    outlets = observations.outlet[units.rows]
    # Which article makes which claim: each once, cells without a label left out.
    made = np.stack([units.claims, observations.article[units.rows]], axis=1)
    made = np.unique(made[codes[units.claims, outlets] != MISSING], axis=0)
    sizes = np.zeros(codes.shape, dtype=np.int64)
    np.add.at(sizes, (units.claims, outlets), 1)
    sizes = sizes[(sizes > 0).sum(axis=1) >= 2]
    counts = count_codes(codes, len(task.classes))
    counts = counts[counts.sum(axis=1) > 0]
    counting = np.unique(observations.outlet[observations.counts]).tolist()
    some, complete = len(counts) > 0, (counts.sum(axis=1) == len(counting)).all()
    no_side = [column for column, score in enumerate(task.scores or ()) if score == 0]
    table = None if confusion is None else np.array(confusion, dtype=float)
    return ClaimAgreement(
        task=task.name,
        voice=voice,
        n_claims=len(counts),
        nominal=krippendorff_alpha(counts) if some else None,
        ordinal=(
            krippendorff_alpha(counts, level="ordinal", values=task.scores)
            if some and task.scores
            else None
        ),
        percent=percent_agreement(counts) if some else None,
        gwet_ac1=gwet_ac(counts) if some else None,
        fleiss=fleiss_kappa(counts) if some and complete else None,
        n_neutral=int((counts[:, no_side].sum(axis=1) == counts.sum(axis=1)).sum()),
        disagreements={
            f"{task.classes[i]} / {task.classes[j]}": int((counts[:, i] * counts[:, j]).sum())
            for i, j in combinations(range(len(task.classes)), 2)
        },
        pairs=() if voice else _pairs(codes, made, observations, counting, len(task.classes)),
        ceiling=_ceiling(
            counts,
            table,
            correct=not of_several(sizes[sizes > 0]),
            n_articles=len(np.unique(made[:, 1])),
            seed=seed,
        ),
    )


def _pairs(
    codes: IntArray,
    made: IntArray,
    observations: Observations,
    counting: Sequence[int],
    n_classes: int,
) -> tuple[PairAgreement, ...]:
    """Return how far each two outlets agree.

    Parameters
    ----------
    codes : shape (n_claims, n_outlets)
    made : shape (n, 2)
        A claim and an article that makes it.
    counting
        The outlets with an article that counts.
    """
    claims, articles = made.T
    outlets = observations.outlet_of[articles]
    pairs = []
    for i, j in combinations(counting, 2):
        left, right = observations.outlets[i], observations.outlets[j]
        both = (codes[:, [i, j]] != MISSING).all(axis=1)
        n_claims, same, alpha = int(both.sum()), None, None
        if n_claims:
            behind = articles[both[claims] & ((outlets == i) | (outlets == j))]
            n_same = int((codes[both, i] == codes[both, j]).sum())
            wilson = stats.binomtest(n_same, n_claims).proportion_ci(method="wilson")
            same = Estimate(
                value=n_same / n_claims,
                low=float(wilson.low),
                high=float(wilson.high),
                n_articles=len(np.unique(behind)),
                n_units=n_claims,
            )
            alpha = krippendorff_alpha(count_codes(codes[both][:, [i, j]], n_classes)).value
        pairs.append(
            PairAgreement(left=left, right=right, n_claims=n_claims, same=same, alpha=alpha)
        )
    return tuple(pairs)


def _ceiling(
    counts: FloatArray,
    confusion: FloatArray | None,
    *,
    correct: bool,
    n_articles: int,
    seed: int,
) -> Ceiling | None:
    perfect = None if confusion is None else perfect_alpha(counts, confusion, seed=seed)
    if confusion is None or perfect is None or perfect.low is None or perfect.high is None:
        return None
    corrected = corrected_alpha(counts, confusion) if correct else None
    # Without limits, or with limits that hold every alpha, it says nothing. At a lower limit of 1
    # the outlets agree more than independent errors allow even for full agreement: errors are
    # shared, or fewer here than on held-out units, and the table does not say what to take out.
    if corrected is not None and (
        corrected.low in (None, 1) or (corrected.low, corrected.high) == (-1, 1)
    ):
        corrected = None
    return Ceiling(
        perfect=perfect.value,
        perfect_low=perfect.low,
        perfect_high=perfect.high,
        corrected=None
        if corrected is None
        else Estimate(
            value=corrected.value,
            low=corrected.low,
            high=corrected.high,
            n_articles=n_articles,
            n_units=len(counts),
        ),
    )
