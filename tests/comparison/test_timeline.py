from datetime import date

import numpy as np
import pytest

from stance.codebook import read_codebook
from stance.comparison.observations import UNDATED, Observations
from stance.comparison.timeline import timeline
from stance.errors import DataError
from stance.statistics.intervals import clustered_share
from stance.statistics.permutation import holm, mix_distance

BOOK = read_codebook()
STANCE = BOOK.task("stance")


def observations(*articles, outlets=("A", "B")):
    """Columns of articles: (outlet, date or None, counts of each label, whether it counts)."""
    rows = [(*article, True)[:4] for article in articles]
    sizes = [sum(counts) for _, _, counts, _ in rows]
    codes = np.concatenate([np.repeat([0, 1, 2], counts) for _, _, counts, _ in rows])
    days = [date.fromisoformat(day).toordinal() if day else UNDATED for _, day, _, _ in rows]
    return Observations(
        outlets=outlets,
        articles=tuple(f"a{i}" for i in range(len(rows))),
        outlet_of=np.array([outlets.index(outlet) for outlet, *_ in rows]),
        day_of=np.array(days),
        article=np.repeat(np.arange(len(rows)), sizes),
        codes={"stance": codes},
        probabilities={"stance": np.eye(3)[codes]},
        held_out=np.zeros(len(codes), dtype=bool),
        counts=np.repeat([counts for *_, counts in rows], sizes),
        places=np.arange(len(codes)),
        units=(),
    )


def whole(*articles, **kwargs):
    return {None: observations(*articles, **kwargs)}


def test_weeks_run_from_monday_to_sunday_across_the_turn_of_the_year():
    found = timeline(
        whole(
            ("A", "2025-12-28", (1, 0, 0)),  # a Sunday
            ("A", "2025-12-29", (0, 2, 0)),  # Monday of week 1 of 2026
            ("A", "2026-01-04", (0, 0, 2)),
            ("B", "2026-01-05", (3, 0, 1)),
        ),
        STANCE,
        event=None,
        seed=7,
    )
    assert [(week.outlet, week.monday) for week in found.weeks] == [
        (None, "2025-12-22"),
        (None, "2025-12-29"),
        (None, "2026-01-05"),
        ("A", "2025-12-22"),
        ("A", "2025-12-29"),
        ("B", "2026-01-05"),
    ]
    assert found.weeks[4].shares["skeptical"] == clustered_share(np.array([0, 2]), np.array([2, 2]))
    assert found.weeks[5].shares["optimistic"].value == 0.75
    assert (found.event, found.around, found.n_undated) == (None, (), 0)


def test_undated_units_are_left_out_and_counted_and_copies_count_nowhere():
    found = timeline(
        whole(
            ("A", "2026-01-05", (1, 0, 0)),
            ("A", None, (0, 5, 0)),
            ("A", "2026-01-06", (0, 0, 9), False),
            ("B", None, (0, 7, 0), False),
        ),
        STANCE,
        event=None,
        seed=7,
    )
    assert found.n_undated == 5
    assert [(week.outlet, week.shares["optimistic"].value) for week in found.weeks] == [
        (None, 1),
        ("A", 1),
    ]


def dated(outlet, day, rng, mix, n_articles):
    return [
        (outlet, day, rng.multinomial(12, rng.dirichlet(np.array(mix) * 9)))
        for _ in range(n_articles)
    ]


def test_an_outlet_that_turns_is_told_from_one_that_does_not():
    rng = np.random.default_rng(4)
    articles = [
        *dated("A", "2026-01-13", rng, [0.7, 0.2, 0.1], 9),
        *dated("A", "2026-01-14", rng, [0.1, 0.2, 0.7], 11),
        *dated("B", "2026-01-02", rng, [0.3, 0.4, 0.3], 8),
        *dated("B", "2026-02-02", rng, [0.3, 0.4, 0.3], 8),
    ]
    found = timeline(whole(*articles), STANCE, event="2026-01-14", seed=7)
    overall, a, b = found.around
    assert [one.outlet for one in found.around] == [None, "A", "B"]
    # The day of the event itself is after it.
    assert (a.before["neutral"].n_articles, a.after["neutral"].n_articles) == (9, 11)
    change = a.differences["skeptical"]
    assert change.value == a.after["skeptical"].value - a.before["skeptical"].value
    assert 0 < change.low < change.value < change.high
    assert (a.p_holm, b.p_holm) == tuple(holm([a.p_value, b.p_value]))
    assert a.p_holm < 0.01 < 0.1 < b.p_value
    assert b.differences["skeptical"].low < 0 < b.differences["skeptical"].high
    assert overall.p_holm is None
    tables = np.array([counts for *_, counts in articles[:20]], dtype=float)
    assert a.p_value == mix_distance(tables[:9], tables[9:], seed=7).p_value


def test_an_outlet_on_one_side_only_and_a_single_article_on_each_are_not_tested():
    found = timeline(
        whole(
            ("A", "2026-01-01", (1, 2, 0)),
            ("A", "2026-02-01", (3, 0, 0)),
            ("B", "2026-02-01", (3, 0, 0)),
        ),
        STANCE,
        event="2026-01-14",
        seed=7,
    )
    overall, a = found.around
    assert (overall.outlet, overall.p_value) == (None, pytest.approx(1 / 3))
    assert (a.outlet, a.p_value, a.p_holm) == ("A", None, None)
    assert (a.differences["neutral"].value, a.differences["neutral"].low) == (-2 / 3, None)


def test_a_date_beyond_all_articles_leaves_nothing_around_it():
    found = timeline(whole(("A", "2026-01-01", (1, 2, 0))), STANCE, event="2027-01-01", seed=7)
    assert (found.event, found.around) == ("2027-01-01", ())


@pytest.mark.parametrize("event", ["14.1.2026", "2026-02-30", "20260114", "2026-W03-3", "", "soon"])
def test_what_is_no_date_is_refused_with_the_form_that_one_has(event):
    with pytest.raises(DataError, match="YYYY-MM-DD, such as 2026-02-14"):
        timeline(whole(("A", "2026-01-01", (1, 2, 0))), STANCE, event=event, seed=7)


def test_each_voice_has_weeks_of_its_own_and_undated_units_are_counted_once():
    seen = observations(
        ("A", "2026-01-05", (1, 2, 0)), ("A", "2026-01-12", (0, 2, 0)), ("B", None, (1, 0, 0))
    )
    author = seen.part(np.array([True, False, False, True, True, True]))
    found = timeline({None: seen, "author": author}, STANCE, event="2026-01-10", seed=7)
    groups = [(None, None), ("A", None), (None, "author"), ("A", "author")]
    assert [(week.outlet, week.voice) for week in found.weeks[::2]] == groups
    assert [(one.outlet, one.voice) for one in found.around] == groups
    first = found.weeks[4]
    assert (first.monday, first.shares["optimistic"].value) == ("2026-01-05", 1.0)
    assert first.shares["optimistic"].n_units == 1
    assert found.n_undated == 1
