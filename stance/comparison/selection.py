"""Which of the claims that other outlets share an outlet leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from stance.comparison.claims import may_claim
from stance.comparison.observations import BoolArray, Observations
from stance.comparison.result import Claim, Selection
from stance.comparison.sources import claim_units
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.permutation import holm

N_DRAWS = 999
# Articles change places within strata of like length, else a short one would stand where long ones
# stood and be blamed for it. A stratum holds three articles for each outlet, or lengths that differ
# by less than a quarter; with strata of an octave an outlet of short articles was still blamed.
# Simulated in benchmarks/left_out.py.
ENOUGH, WIDEST = 3, 1.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Makers:
    """Who makes which claim, by what moves with an article and by what stays with its outlet."""

    said: tuple[IntArray, IntArray]  # a claim, and an article that makes it in words of its own
    printed: tuple[IntArray, IntArray]  # the same in words that stand elsewhere too
    copied: BoolArray  # (n_claims, n_outlets), by an article that does not count, and never moves
    known: tuple[IntArray, IntArray]  # as `said`, in any voice: by these a claim is found

    def made(self, outlet_of: IntArray) -> tuple[BoolArray, BoolArray]:
        """Return which outlet makes which claim, and which claims are found.

        Parameters
        ----------
        outlet_of : shape (n_articles,)
            Whose each article is, or would be.
        """
        found = _marked(np.zeros_like(self.copied), self.known, outlet_of)
        made = _marked(_marked(self.copied.copy(), self.said, outlet_of), self.printed, outlet_of)
        return made, found.sum(axis=1) >= 2


def selections(
    claims: Sequence[Claim], observations: Observations, *, voice: str | None = None, seed: int
) -> tuple[Selection, ...]:
    """Return, for each outlet, which of the claims made by two others or more it leaves out.

    An outlet makes a claim in words of its own or in words that stand elsewhere too, also in a copy
    that does not count; an outlet that has nothing but such copies has no row.

    Whether it leaves out more than chance is asked by exchanging whole articles between outlets,
    among articles with about as many units that could make a claim: a short article makes few, and
    leaves none out by that. In every such corpus it is found anew which claims two others make, and
    the outlet's share of those is compared. Claims whose articles all stand in one outlet are not
    known here, though moving articles would show them: each claim weighs the more in moved corpora,
    the likelier it was to stay hidden.

    There is no test (p-values are None) for an outlet of whose articles none could be exchanged:
    it has none in this part, or no other outlet has articles of their length.

    Parameters
    ----------
    observations
        The whole corpus: by voice, too, a claim is known by its units in any voice, and an outlet
        has a row whose articles count.
    voice
        Whose words make a claim, and leave it out: only units with this predicted voice.

    Raises
    ------
    DataError
        If a voice is asked for and the units have none.
    """
    makers, length = _makers(claims, observations, voice)
    counting = np.unique(observations.article[observations.counts])
    counting = counting[np.argsort(length[counting], kind="stable")]
    n_outlets = len(observations.outlets)
    stratum, owner = _strata(length[counting], n_outlets), observations.outlet_of[counting]
    where = np.full(len(observations.articles), -1)
    where[counting] = np.arange(len(counting))

    outlet_of = observations.outlet_of
    made, found = makers.made(outlet_of)
    asked, hit = _asked(made, found.astype(float))
    hidden = _hidden(makers.known, where, stratum, owner, made.shape)
    weights = np.divide(1.0, 1 - hidden, out=np.zeros(len(claims)), where=found)

    rng = np.random.default_rng(seed)
    moved = outlet_of.copy()
    n_as_few, n_drawn, shares = np.zeros((3, n_outlets))
    for _ in range(N_DRAWS):
        # Sorted by stratum, then at random: owners change places within a stratum only.
        moved[counting] = owner[np.argsort(stratum + rng.random(len(stratum)))]
        moved_made, moved_found = makers.made(moved)
        moved_asked, moved_hit = _asked(moved_made, weights * moved_found)
        defined = moved_asked > 0
        n_drawn += defined
        shares += moved_hit / np.where(defined, moved_asked, 1)
        n_as_few += defined & (moved_hit * asked <= hit * moved_asked + 1e-9)

    testable = (asked > 0) & (n_drawn > 0) & _exchanged(stratum, owner, n_outlets)
    p_values = (n_as_few + 1) / (n_drawn + 1)
    adjusted = iter(holm(p_values[testable].tolist()))
    most_first = np.argsort(-made.sum(axis=1), kind="stable")
    shared = found & (made.sum(axis=1) >= 2)
    # Of an outlet that only copies, or whose words are not to be had, nothing is known here.
    told = [bool(observations.unit(r).unit.text.strip()) for r in range(len(observations.article))]
    heard = observations.outlet[observations.counts & told]
    return tuple(
        Selection(
            outlet=observations.outlets[i],
            voice=voice,
            n_claims=int(asked[i]),
            n_made=int(hit[i]),
            expected=float(asked[i] * shares[i] / max(n_drawn[i], 1)),
            p_value=float(p_values[i]) if testable[i] else None,
            p_holm=next(adjusted) if testable[i] else None,
            left_out=tuple(claims[c].id for c in most_first if shared[c] and not made[c, i]),
        )
        for i in range(n_outlets)
        if i in heard
    )


def _makers(
    claims: Sequence[Claim], observations: Observations, voice: str | None
) -> tuple[_Makers, IntArray]:
    """Return who makes which claim, and how many units of each article could make one."""
    article, counts = observations.article, observations.counts
    units = [observations.unit(row) for row in range(len(article))]
    own = claim_units(claims, observations)
    inside = observations.in_voice(voice)
    may = inside & counts & [may_claim(unit.unit) for unit in units]
    row_of = {unit.unit.id: row for row, unit in enumerate(units)}
    both = [
        (number, row_of[unit_id])
        for number, claim in enumerate(claims)
        for unit_id in claim.printed
        if unit_id in row_of
    ]
    numbers, rows = np.array(both, dtype=np.int64).reshape(-1, 2).T
    copied = np.zeros((len(claims), len(observations.outlets)), dtype=bool)
    left_out = inside[rows] & ~counts[rows]
    copied[numbers[left_out], observations.outlet[rows[left_out]]] = True

    def pairs(numbers: IntArray, rows: IntArray, kept: BoolArray) -> tuple[IntArray, IntArray]:
        found = np.unique(np.stack([numbers, article[rows]], axis=1)[kept], axis=0)
        return found[:, 0], found[:, 1]

    makers = _Makers(
        said=pairs(own.claims, own.rows, (inside & counts)[own.rows]),
        printed=pairs(numbers, rows, (inside & counts)[rows]),
        copied=copied,
        known=pairs(own.claims, own.rows, counts[own.rows]),
    )
    return makers, np.bincount(article[may], minlength=len(observations.articles))


def _marked(made: BoolArray, pairs: tuple[IntArray, IntArray], outlet_of: IntArray) -> BoolArray:
    """Return a table of claims and outlets with the makers of some claims marked in it."""
    claims, articles = pairs
    made[claims, outlet_of[articles]] = True
    return made


def _strata(length: IntArray, n_outlets: int) -> IntArray:
    """Return the stratum of each article by its length; those of length 0 come into -1.

    From the shortest on, a stratum takes one length after the other until it holds enough articles
    or would be too wide: the more articles, the narrower.
    """
    lengths, sizes = np.unique(length[length > 0], return_counts=True)
    strata, first, held = np.zeros(len(lengths), dtype=np.int64), 0, 0
    for i in range(1, len(lengths)):
        held += sizes[i - 1]
        new = held >= ENOUGH * n_outlets or lengths[i] >= lengths[first] * WIDEST
        strata[i] = strata[i - 1] + new
        if new:
            first, held = i, 0
    of_length = np.full(length.max(initial=0) + 1, -1)
    of_length[lengths] = strata
    return of_length[length]


def _hidden(
    pairs: tuple[IntArray, IntArray],
    where: IntArray,
    stratum: IntArray,
    owner: IntArray,
    shape: tuple[int, int],
) -> FloatArray:
    """Return the chance that all articles of a claim fall to one outlet, shape (n_claims,).

    A product over strata of hypergeometric terms, summed over outlets.

    Parameters
    ----------
    where : shape (n_articles,)
        Where an article stands in `stratum` and `owner`.
    """
    chance: FloatArray = np.ones(shape)
    claims, articles = pairs
    of_pair = stratum[where[articles]]
    for number in np.unique(stratum).tolist():
        n_articles = np.bincount(claims[of_pair == number], minlength=shape[0])
        sizes = np.bincount(owner[stratum == number], minlength=shape[1])
        chance *= stats.hypergeom.pmf(n_articles[:, None], sizes.sum(), sizes, n_articles[:, None])
    total: FloatArray = chance.sum(axis=1)
    return total


def _exchanged(stratum: IntArray, owner: IntArray, n_outlets: int) -> BoolArray:
    """Return which outlets have an article, with units, that could be another outlet's."""
    table = np.zeros((stratum.max(initial=-1) + 1, n_outlets), dtype=bool)
    long = stratum >= 0
    table[stratum[long], owner[long]] = True
    exchanged: BoolArray = table[table.sum(axis=1) >= 2].any(axis=0)
    return exchanged


def _asked(made: BoolArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return, for each outlet, how many claims two others make, and how many of those it makes."""
    n_outlets = made.sum(axis=1)
    two, three = n_outlets >= 2, n_outlets >= 3
    hit = weights[three] @ made[three]
    return hit + weights[two] @ ~made[two], hit
