"""Which of the claims that other outlets share an outlet leaves out."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from stance.comparison.observations import BoolArray, Observations
from stance.comparison.result import Claim, Selection
from stance.comparison.sources import claim_units
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.permutation import holm

N_DRAWS = 999


def selections(
    claims: Sequence[Claim], observations: Observations, *, voice: str | None = None, seed: int
) -> tuple[Selection, ...]:
    """Return, for each outlet, which of the claims made by two others or more it leaves out.

    Whether that is more than chance is asked by moving whole articles between outlets, each keeping
    its number of them. In every such corpus it is found anew which claims two others make, and the
    outlet's share of those is compared. Claims whose articles all stand in one outlet are not known
    here, though moving articles would show them: each claim weighs the more in moved corpora, the
    likelier it was to stay hidden. An outlet of short articles makes fewer claims than its number
    of articles suggests, and counts as leaving claims out.

    Parameters
    ----------
    voice
        Whose words the observations are, where they are a part of the corpus.
    """
    units = claim_units(claims, observations)
    # Copies that were left out make no claim; counted as articles they would hide what is left out.
    present = np.unique(observations.article[observations.counts])
    outlet_of = observations.outlet_of[present]
    behind = np.stack([units.claims, observations.article[units.rows]], axis=1)
    behind = np.unique(behind[np.isin(behind[:, 1], present)], axis=0)
    places = (behind[:, 0], np.searchsorted(present, behind[:, 1]))
    shape = (len(claims), len(observations.outlets))

    made = _made(outlet_of, places, shape)
    shared = made.sum(axis=1) >= 2
    asked, hit = _asked(made, np.ones(len(claims)))
    # The chance that all articles of a claim fall to one outlet.
    n_articles = np.bincount(behind[:, 0], minlength=len(claims))[:, None]
    sizes = np.bincount(outlet_of, minlength=shape[1])
    hidden = stats.hypergeom.pmf(n_articles, len(present), sizes, n_articles).sum(axis=1)
    weights = np.divide(1.0, 1 - hidden, out=np.zeros(len(claims)), where=shared)

    rng = np.random.default_rng(seed)
    n_as_few, n_drawn, shares = np.zeros((3, shape[1]))
    for _ in range(N_DRAWS):
        moved = _made(rng.permutation(outlet_of), places, shape)
        moved_asked, moved_hit = _asked(moved, weights)
        defined = moved_asked > 0
        n_drawn += defined
        shares += moved_hit / np.where(defined, moved_asked, 1)
        n_as_few += defined & (moved_hit * asked <= hit * moved_asked + 1e-9)

    testable = (asked > 0) & (n_drawn > 0)
    p_values = (n_as_few + 1) / (n_drawn + 1)
    adjusted = iter(holm(p_values[testable].tolist()))
    n_outlets = made.sum(axis=1)
    most_first = np.argsort(-n_outlets, kind="stable")
    return tuple(
        Selection(
            outlet=outlet,
            voice=voice,
            n_claims=int(asked[i]),
            n_made=int(hit[i]),
            expected=float(asked[i] * shares[i] / max(n_drawn[i], 1)),
            p_value=float(p_values[i]) if testable[i] else None,
            p_holm=next(adjusted) if testable[i] else None,
            left_out=tuple(claims[c].id for c in most_first if shared[c] and not made[c, i]),
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


def _asked(made: BoolArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return, for each outlet, how many claims two others make, and how many of those it makes."""
    n_outlets = made.sum(axis=1)
    two, three = n_outlets >= 2, n_outlets >= 3
    hit = weights[three] @ made[three]
    return hit + weights[two] @ ~made[two], hit
