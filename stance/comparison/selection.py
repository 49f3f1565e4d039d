"""Which of the claims that other outlets share an outlet leaves out."""

from collections.abc import Sequence

import numpy as np

from stance.comparison.observations import BoolArray, Observations
from stance.comparison.result import Claim, Selection
from stance.comparison.sources import claim_units
from stance.statistics.arrays import IntArray
from stance.statistics.permutation import holm

N_DRAWS = 999


def selections(
    claims: Sequence[Claim], observations: Observations, *, seed: int
) -> tuple[Selection, ...]:
    """Return, for each outlet, which of the claims made by two others or more it leaves out.

    Whether that is more than chance is asked by moving whole articles between outlets, each keeping
    its number of them. In every such corpus it is found anew which claims two others make, and the
    outlet's share of those is compared: claims that stood in one outlet only are not known here,
    so the number of claims would not be comparable. An outlet of short articles makes fewer claims
    than its number of articles suggests, and counts as leaving claims out.
    """
    units = claim_units(claims, observations)
    # Copies that were left out make no claim; counted as articles they would hide what is left out.
    present = np.unique(observations.article[observations.counts])
    outlet_of = observations.outlet_of[present]
    articles = observations.article[units.rows]
    known = np.isin(articles, present)
    places = (units.claims[known], np.searchsorted(present, articles[known]))
    shape = (len(claims), len(observations.outlets))

    made = _made(outlet_of, places, shape)
    asked, hit = _asked(made)
    rng = np.random.default_rng(seed)
    n_as_few = np.zeros(shape[1])
    n_drawn = np.zeros(shape[1])
    shares = np.zeros(shape[1])
    for _ in range(N_DRAWS):
        drawn_asked, drawn_hit = _asked(_made(rng.permutation(outlet_of), places, shape))
        defined = drawn_asked > 0
        n_drawn += defined
        shares += drawn_hit / np.maximum(drawn_asked, 1)
        n_as_few += defined & (drawn_hit * asked <= hit * drawn_asked)

    testable = (asked > 0) & (n_drawn > 0)
    p_values = (n_as_few + 1) / (n_drawn + 1)
    adjusted = iter(holm(p_values[testable].tolist()))
    n_outlets = made.sum(axis=1)
    most_first = np.argsort(-n_outlets, kind="stable")
    return tuple(
        Selection(
            outlet=outlet,
            n_claims=int(asked[i]),
            n_made=int(hit[i]),
            expected=float(asked[i] * shares[i] / max(n_drawn[i], 1)),
            p_value=float(p_values[i]) if testable[i] else None,
            p_holm=next(adjusted) if testable[i] else None,
            left_out=tuple(
                claims[c].id for c in most_first if n_outlets[c] >= 2 and not made[c, i]
            ),
        )
        for i, outlet in enumerate(observations.outlets)
    )


def _made(
    outlet_of: IntArray, places: tuple[IntArray, IntArray], shape: tuple[int, int]
) -> BoolArray:
    """Return which outlet makes which claim, (n_claims, n_outlets), if articles were theirs."""
    made = np.zeros(shape, dtype=bool)
    claims, articles = places
    made[claims, outlet_of[articles]] = True
    return made


def _asked(made: BoolArray) -> tuple[IntArray, IntArray]:
    """Return, for each outlet, how many claims two others make, and how many of those it makes."""
    n_outlets = made.sum(axis=1)
    hit = made[n_outlets >= 3].sum(axis=0)
    return hit + (~made[n_outlets >= 2]).sum(axis=0), hit
