"""Who leans further on the same claim than the other outlets that make it."""

from collections.abc import Sequence

import numpy as np

from stance.codebook import Task
from stance.comparison.observations import Observations
from stance.comparison.result import Claim, OutletEffect
from stance.comparison.sources import claim_units
from stance.statistics.effects import claim_leans
from stance.statistics.permutation import holm


def outlet_effects(
    claims: Sequence[Claim], observations: Observations, task: Task, *, voice: str | None = None
) -> tuple[OutletEffect, ...]:
    """Return each outlet's lean on the claims that it shares; none of a task without scores.

    A unit's score is the one that its probabilities expect, so that an outlet's score on a claim is
    that of the mean probabilities which its label is read off. Where the model errs, leans shrink
    toward 0, more than by scores of labels; their noise shrinks more still, so that a lean shows
    with fewer units (`benchmarks/effects.py`). Read its direction, and its size beside others'.

    Parameters
    ----------
    voice
        Only units whose predicted voice is this label; None for all.

    Raises
    ------
    DataError
        If a voice is asked for and the units have none.
    """
    if task.scores is None:
        return ()
    units = claim_units(claims, observations, voice=voice)
    leans = claim_leans(
        observations.probabilities[task.name][units.rows] @ np.array(task.scores, dtype=float),
        units.claims,
        observations.article[units.rows],
        observations.outlet_of,
    )
    tested = [lean.p_value for lean in leans if lean is not None and lean.p_value is not None]
    adjusted = iter(holm(tested))
    return tuple(
        OutletEffect(
            outlet=outlet,
            voice=voice,
            n_claims=lean.n_claims,
            n_articles=lean.n_articles,
            value=lean.value,
            low=lean.low,
            high=lean.high,
            p_value=lean.p_value,
            p_holm=None if lean.p_value is None else next(adjusted),
            untested=lean.untested,
        )
        for outlet, lean in zip(observations.outlets, leans, strict=True)
        if lean is not None
    )
