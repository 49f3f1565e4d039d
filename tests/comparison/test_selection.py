from itertools import permutations
from time import perf_counter

import numpy as np
import pytest

from stance.comparison.selection import selections
from stance.statistics.permutation import holm
from tests.comparison.shared_claims import corpus


def random_corpus(rng, n_articles, *, n_claims=40, per_article=6, avoids=(0, 0)):
    """Return articles that make claims at random; the first outlet avoids the first claims."""
    said = []
    for outlet, n in enumerate(n_articles):
        for i in range(n):
            first = avoids[1] if outlet == avoids[0] else 0
            chosen = rng.choice(np.arange(first, n_claims), size=per_article, replace=False)
            said += [(f"c{c:03}", f"O{outlet:02}", f"O{outlet:02}/{i}", "n") for c in chosen]
    claims, observations = corpus(sorted(said))
    return tuple(claim for claim in claims if len(claim.cells) >= 2), observations


def test_a_small_corpus_comes_out_as_counted_by_hand():
    said = [
        *(("c1", outlet, outlet.lower(), "n") for outlet in "ABD"),
        *(("c2", outlet, outlet.lower(), "n") for outlet in "ABCD"),
        *(("c3", outlet, outlet.lower(), "n") for outlet in "AC"),
    ]
    a, b, c, d = selections(*corpus(said), seed=1)
    assert (a.n_claims, a.n_made, a.left_out) == (2, 2, ())  # of c3 there is only one other
    assert (b.n_claims, b.n_made, b.left_out) == (3, 2, ("c3",))
    assert (c.n_claims, c.n_made, c.left_out) == (2, 1, ("c1",))
    assert (d.n_claims, d.n_made) == (3, 2)
    assert [x.outlet for x in (a, b, c, d)] == list("ABCD")


def test_claims_that_are_left_out_come_with_most_outlets_first():
    said = [("c1", o, o, "n") for o in "AB"] + [("c2", o, o, "n") for o in "ABC"]
    assert selections(*corpus([*said, (None, "D", "D", "n")]), seed=1)[3].left_out == ("c2", "c1")


def test_what_chance_gives_agrees_with_every_way_of_moving_articles():
    claims, observations = random_corpus(
        np.random.default_rng(1), [2, 2, 2], n_claims=6, per_article=3
    )
    made_by = [{u.split(":")[0] for cell in c.cells for u in cell.unit_ids} for c in claims]
    orders = [
        dict(zip(observations.articles, observations.outlet_of[list(order)], strict=True))
        for order in permutations(range(6))
    ]
    makers = [[{owner[a] for a in articles} for articles in made_by] for owner in orders]
    # A claim is seen in so many of them: it stands for those that stay hidden.
    weights = [1 / np.mean([len(row[c]) >= 2 for row in makers]) for c in range(len(claims))]

    def share(row, outlet, weights):
        asked = [(w, m) for w, m in zip(weights, row, strict=True) if len(m - {outlet}) >= 2]
        total = sum(w for w, _ in asked)
        return sum(w for w, m in asked if outlet in m) / total if asked else None

    for outlet, found in enumerate(selections(claims, observations, seed=1)):
        observed = share(makers[0], outlet, [1] * len(claims))
        drawn = [share(row, outlet, weights) for row in makers]
        drawn = [value for value in drawn if value is not None]
        assert found.n_made / found.n_claims == pytest.approx(observed)
        assert found.expected / found.n_claims == pytest.approx(np.mean(drawn), abs=0.03)
        as_few = np.mean([value <= observed + 1e-9 for value in drawn])
        assert found.p_value == pytest.approx(as_few, abs=0.05)


def test_an_outlet_that_avoids_claims_is_found_and_others_are_not():
    rng = np.random.default_rng(2)
    found = selections(*random_corpus(rng, [10] * 5, avoids=(0, 20)), seed=1)
    assert found[0].n_made < found[0].expected - 5
    assert found[0].p_holm < 0.05
    assert all(other.p_holm > 0.2 for other in found[1:])
    assert [x.p_holm for x in found] == holm([x.p_value for x in found])
    assert len(found[0].left_out) == found[0].n_claims - found[0].n_made


def test_where_nobody_avoids_anything_the_test_keeps_its_level():
    rng = np.random.default_rng(3)
    p_values = [
        found.p_value
        for _ in range(15)
        for found in selections(
            *random_corpus(rng, [2, 4, 8, 8], n_claims=30, per_article=3), seed=1
        )
    ]
    assert np.mean(np.array(p_values) <= 0.1) <= 0.17
    assert 0.42 < np.mean(p_values) < 0.58


def test_of_two_outlets_no_claim_is_made_by_two_others():
    said = [("c1", o, o, "n") for o in "AB"]
    for found in selections(*corpus(said), seed=1):
        assert (found.n_claims, found.n_made, found.expected) == (0, 0, 0)
        assert (found.p_value, found.p_holm, found.left_out) == (None, None, ())


def test_without_a_claim_each_outlet_has_a_row_and_no_test():
    claims, observations = corpus([(None, "A", "a", "n"), (None, "B", "b", "s")])
    assert [
        (x.outlet, x.n_claims, x.p_value) for x in selections(claims, observations, seed=1)
    ] == [
        ("A", 0, None),
        ("B", 0, None),
    ]


def test_articles_that_are_copies_make_no_claim_and_do_not_count_as_silent():
    rng = np.random.default_rng(4)
    claims, observations = random_corpus(rng, [5] * 4)
    rows = [
        (claim.id, cell.outlet, unit.split(":")[0], "n")
        for claim in claims
        for cell in claim.cells
        for unit in cell.unit_ids
    ]
    copies = {f"O00/copy{i}" for i in range(20)}
    silent = [(None, "O00", name, "n") for name in sorted(copies)]
    plain = selections(claims, observations, seed=1)[0]
    without = selections(*corpus(rows + silent, left_out=frozenset(copies)), seed=1)[0]
    counted = selections(*corpus(rows + silent), seed=1)[0]
    assert without.expected == pytest.approx(plain.expected, abs=0.5)
    assert counted.expected > plain.expected + 3


def test_the_same_seed_gives_the_same_draws():
    claims, observations = random_corpus(np.random.default_rng(5), [3, 3, 3])
    assert selections(claims, observations, seed=2) == selections(claims, observations, seed=2)
    assert selections(claims, observations, seed=2) != selections(claims, observations, seed=3)


def test_thirty_one_outlets_and_three_hundred_claims_take_seconds():
    rng = np.random.default_rng(6)
    claims, observations = random_corpus(rng, [6] * 3 + [5] * 28, n_claims=300, per_article=9)
    start = perf_counter()
    selections(claims, observations, seed=1)
    assert perf_counter() - start < 10


def test_a_claim_that_an_outlet_only_quotes_is_left_out_of_its_own_words():
    said = [("c1", outlet, outlet.lower(), "n") for outlet in "ABC"]
    said += [("c2", outlet, outlet.lower(), "n") for outlet in "ABC"]
    claims, observations = corpus(said)
    quoted = np.zeros(len(observations.article), dtype=bool)
    quoted[[0]] = True  # one of the claims of A
    claim = next(
        c.id for c in claims for x in c.cells if observations.unit(0).unit.id in x.unit_ids
    )
    own = selections(claims, observations.part(~quoted), voice="author", seed=1)
    assert {found.voice for found in own} == {"author"}
    assert (own[0].n_claims, own[0].n_made, own[0].left_out) == (2, 1, (claim,))
    assert own[1].left_out == own[2].left_out == ()
    assert selections(claims, observations, seed=1)[0].left_out == ()
