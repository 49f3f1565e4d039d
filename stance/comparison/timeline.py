"""How the mix changes over time: week by week, and before a date against from it on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np

from stance.codebook import Task
from stance.comparison.mixes import clustered_shares, difference_of
from stance.comparison.observations import UNDATED, Observations
from stance.comparison.result import BeforeAfter, Timeline, Week
from stance.errors import DataError
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.permutation import DRAWS, DRAWS_A_TEST, holm, mix_distance


def timeline(
    parts: Mapping[str | None, Observations], task: Task, *, event: str | None, seed: int
) -> Timeline:
    """Return shares by ISO week, and how they differ before a date and from it on.

    Of units that count, in articles with a date. All outlets together come first, then each outlet.
    Weeks without a unit are not there; `around` lacks outlets with articles on one side only. Its
    p-values are adjusted over the outlets of a part; that of all together stands alone.

    Parameters
    ----------
    parts
        Voice -> its units, and None -> all of them.
    event
        A date as YYYY-MM-DD; what is dated so counts as after it.

    Raises
    ------
    DataError
        If `event` is no such date.
    """
    since = None if event is None else day_of_event(event)
    weeks: list[Week] = []
    around: list[BeforeAfter] = []
    for voice, part in parts.items():
        groups = _groups(part, task)
        for group in groups:
            weeks += _weeks(*group, task, voice)
        if since is not None:
            around += _around(groups, since, task, voice, seed)
    whole = parts[None]
    return Timeline(
        task=task.name,
        weeks=tuple(weeks),
        event=event and event.strip(),
        around=tuple(around),
        n_undated=int((whole.counts & (whole.day == UNDATED)).sum()),
    )


def _groups(
    observations: Observations, task: Task
) -> list[tuple[str | None, FloatArray, IntArray]]:
    """Return all outlets and each: the labels of its dated articles, and their days."""
    table = observations.part(observations.counts).tables(task.name)
    known = (table.sum(axis=1) > 0) & (observations.day_of != UNDATED)
    table, days, outlet_of = table[known], observations.day_of[known], observations.outlet_of[known]
    groups: list[tuple[str | None, FloatArray, IntArray]] = [(None, table, days)]
    for number, outlet in enumerate(observations.outlets):
        its = outlet_of == number
        groups.append((outlet, table[its], days[its]))
    return groups


def day_of_event(event: str) -> int:
    """Return a date as the number of its day.

    Raises
    ------
    DataError
        If it is none of the form YYYY-MM-DD.
    """
    try:
        day = date.fromisoformat(event.strip())
        if day.isoformat() != event.strip():
            raise ValueError
    except ValueError:
        raise DataError(
            f"{event!r} is no date: give the day of the event as YYYY-MM-DD, such as 2026-02-14"
        ) from None
    return day.toordinal()


def _weeks(
    outlet: str | None, table: FloatArray, days: IntArray, task: Task, voice: str | None
) -> list[Week]:
    mondays = days - (days - 1) % 7  # day 1 of year 1 was a Monday
    return [
        Week(
            outlet=outlet,
            voice=voice,
            monday=date.fromordinal(int(monday)).isoformat(),
            shares=clustered_shares(table[mondays == monday], task),
        )
        for monday in np.unique(mondays)
    ]


def _around(
    groups: list[tuple[str | None, FloatArray, IntArray]],
    since: int,
    task: Task,
    voice: str | None,
    seed: int,
) -> list[BeforeAfter]:
    n_draws = max(DRAWS, DRAWS_A_TEST * len(groups) - 1)
    found = []
    for outlet, table, days in groups:
        is_after = days >= since
        if not is_after.any() or is_after.all():
            continue
        before = clustered_shares(table[~is_after], task)
        after = clustered_shares(table[is_after], task)
        distance = mix_distance(table[~is_after], table[is_after], seed=seed, n_draws=n_draws)
        found.append(
            BeforeAfter(
                outlet=outlet,
                voice=voice,
                before=before,
                after=after,
                differences={label: difference_of(after[label], before[label]) for label in after},
                # One article before and one after: no regrouping is less alike than they are.
                p_value=distance.p_value if distance.smallest_p < 1 else None,
                p_holm=None,
            )
        )
    tested = [i for i, one in enumerate(found) if one.outlet and one.p_value is not None]
    adjusted = holm([one.p_value for one in found if one.outlet and one.p_value is not None])
    for i, p in zip(tested, adjusted, strict=True):
        found[i] = replace(found[i], p_holm=p)
    return found
