from dataclasses import replace
from itertools import permutations, product
from time import process_time

import numpy as np
import pytest

from stance.comparison import selection
from stance.comparison.claims import claim_rows
from stance.comparison.selection import selections
from stance.statistics.permutation import holm
from tests.comparison.shared_claims import corpus


def random_corpus(rng, n_articles, *, n_claims=40, per_article=6, avoids=(0, 0)):
    """Return articles that make claims at random; the first outlet avoids the first claims."""
    return corpus_of(rng, [[per_article] * n for n in n_articles], n_claims=n_claims, avoids=avoids)


def corpus_of(rng, lengths, *, n_claims=40, avoids=(0, 0), quoted=None):
    """Return each outlet's articles of so many units, a claim each.

    Parameters
    ----------
    quoted
        The share of its units that each outlet quotes.
    """
    said = []
    for outlet, sizes in enumerate(lengths):
        first = avoids[1] if outlet == avoids[0] else 0
        for i, size in enumerate(sizes):
            for c in rng.choice(np.arange(first, n_claims), size=size, replace=False):
                voice = ["attributed"] if quoted and rng.random() < quoted[outlet] else []
                said.append((f"c{c:03}", f"O{outlet:02}", f"O{outlet:02}/{i}", "n", *voice))
    claims, observations = corpus(sorted(said))
    return tuple(claim for claim in claims if len(claim.cells) >= 2), observations


def with_printed(claims, moved):
    """Return claims of which some units are none of the cells, but print the claim."""
    made = []
    for claim in claims:
        own = [
            replace(cell, unit_ids=tuple(u for u in cell.unit_ids if not moved(u)))
            for cell in claim.cells
        ]
        printed = tuple(u for cell in claim.cells for u in cell.unit_ids if moved(u))
        cells = tuple(cell for cell in own if cell.unit_ids)
        made.append(replace(claim, cells=cells, printed=printed))
    return tuple(claim for claim in made if len(claim.cells) >= 2)


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
    # Three short articles and four long ones, which change places among each other only.
    lengths = [[3, 3], [3, 6, 6], [6, 6]]
    claims, observations = corpus_of(np.random.default_rng(1), lengths, n_claims=12)
    made_by = [{u.split(":")[0] for cell in c.cells for u in cell.unit_ids} for c in claims]
    orders = [
        dict(zip(observations.articles, observations.outlet_of[[*short, *long]], strict=True))
        for short, long in product(permutations(range(3)), permutations(range(3, 7)))
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
    silent = [(None, "O00", name, "n") for name in sorted(copies) for _ in range(6)]
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
    start = process_time()
    selections(claims, observations, seed=1)
    assert process_time() - start < 10


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


def rejected(monkeypatch, make, *, n, voice=None):
    """Return how often the first outlet is rejected at 0.05, and how often the others are."""
    monkeypatch.setattr(selection, "N_DRAWS", 99)
    rng = np.random.default_rng(7)
    found = [selections(*make(rng), voice=voice, seed=seed) for seed in range(n)]
    low = np.array([[x.p_value is not None and x.p_value <= 0.05 for x in row] for row in found])
    return low[:, 0].mean(), low[:, 1:].mean()


def test_short_articles_alone_leave_nothing_out(monkeypatch):
    def three_against_eight(rng):
        return corpus_of(rng, [[3] * 10] + [[8] * 10] * 4)

    def six_against_nine(rng):
        return corpus_of(rng, [rng.poisson(6, 10), *(rng.poisson(9, 10) for _ in range(4))])

    assert rejected(monkeypatch, three_against_eight, n=5)[0] == 0  # nobody has such articles
    first, others = rejected(monkeypatch, six_against_nine, n=40)
    assert (first <= 0.1, others <= 0.08) == (True, True)


def test_an_outlet_that_quotes_less_does_not_leave_out_what_others_quote(monkeypatch):
    def quotes_less(rng):
        return corpus_of(rng, [[8] * 10] * 5, quoted=[0.25] + [0.6] * 4)

    first, others = rejected(monkeypatch, quotes_less, n=30, voice="attributed")
    assert (first <= 0.1, others <= 0.1) == (True, True)


def test_an_outlet_that_avoids_claims_is_found_among_articles_of_all_lengths(monkeypatch):
    def avoids_a_third(rng):
        return corpus_of(rng, [rng.poisson(8, 10) + 1 for _ in range(5)], avoids=(0, 13))

    first, others = rejected(monkeypatch, avoids_a_third, n=10)
    assert (first >= 0.9, others <= 0.15) == (True, True)


def test_strata_are_narrow_where_articles_are_many_and_never_wide():
    few = selection._strata(np.array([0, 1, 2, 4, 4, 5, 7, 8, 9, 10, 20]), 2)
    assert few.tolist() == [-1, 0, 1, 2, 2, 3, 4, 4, 5, 5, 6]
    many = selection._strata(np.repeat([9, 10, 11], [6, 5, 6]), 2)
    assert many.tolist() == [0] * 6 + [1] * 11


def test_an_outlet_whose_articles_have_no_like_is_not_tested():
    said = [("c1", o, o.lower(), "n") for o in "ABC"] + [("c2", o, o.lower(), "n") for o in "AB"]
    said += [(f"c{i}", "D", "d", "n") for i in (1, 3, 4, 5, 6)]
    *alike, long = selections(*corpus(said), seed=1)
    assert (long.n_claims, long.n_made, long.left_out) == (2, 1, ("c2",))
    assert (long.expected, long.p_value, long.p_holm) == (pytest.approx(1, abs=0.7), None, None)
    tested = [x.p_value for x in alike if x.p_value is not None]
    assert [x.p_holm for x in alike if x.p_value is not None] == holm(tested)
    assert tested


def test_what_is_printed_in_the_words_of_others_is_made_and_not_left_out():
    said = [("c1", outlet, outlet.lower(), "n") for outlet in "ABCD"]
    said += [("c2", outlet, outlet.lower(), "n") for outlet in "ABC"]
    claims, observations = corpus(said)
    verbatim = with_printed(claims, lambda unit: unit.startswith(("c:20-", "d:")))
    assert [len(c.cells) for c in verbatim] == [2, 3]
    assert len(verbatim[0].printed) == 2
    for before, after in zip(
        selections(claims, observations, seed=1),
        selections(verbatim, observations, seed=1),
        strict=True,
    ):
        assert (after.n_claims, after.n_made) == (before.n_claims, before.n_made)
        assert after.left_out == before.left_out
    unheard = [replace(claim, printed=()) for claim in verbatim]
    assert selections(unheard, observations, seed=1)[3].left_out == ("c2", "c1")


def test_an_outlet_of_copies_alone_has_no_row_and_another_makes_claims_by_its_copies():
    said = [(c, outlet, outlet.lower(), "n") for c in ("c1", "c2") for outlet in "AB"]
    said += [("c3", "C", "c", "n"), ("c3", "A", "a2", "n")]
    copies = [(c, outlet, f"{outlet.lower()}-copy", "n") for c in ("c1", "c2") for outlet in "CD"]
    claims, observations = corpus(
        said + copies, left_out=frozenset({"c-copy", "d-copy"}), voices=False
    )
    claims = with_printed(claims, lambda unit: "-copy" in unit)
    found = {x.outlet: x for x in selections(claims, observations, seed=1)}
    assert list(found) == ["A", "B", "C"]
    assert (found["C"].n_claims, found["C"].n_made, found["C"].left_out) == (2, 2, ())
    assert (found["B"].n_claims, found["B"].n_made, found["B"].left_out) == (3, 2, ("c3",))


def test_by_voice_a_printed_unit_counts_in_its_own_part():
    said = [("c1", outlet, outlet.lower(), "n", "attributed") for outlet in "ABC"]
    said += [("c1", "C", "c", "n"), ("c1", "D", "d", "n", "attributed"), ("c1", "E", "e", "n")]
    claims, observations = corpus(said)
    claims = with_printed(claims, lambda unit: unit.startswith(("d:", "e:")))
    quoted, own = (
        {x.outlet: x for x in selections(claims, observations, voice=voice, seed=1)}
        for voice in ("attributed", "author")
    )
    assert (quoted["D"].n_made, quoted["E"].n_made) == (1, 0)
    assert quoted["E"].left_out == ("c1",)
    # Two outlets make it in their own voice, one of them in printed words.
    assert own["A"].left_out == own["D"].left_out == ("c1",)
    assert own["C"].left_out == own["E"].left_out == ()


def test_an_outlet_without_an_article_in_the_part_is_not_tested_and_not_counted_by_holm():
    rng = np.random.default_rng(8)
    claims, observations = corpus_of(rng, [[6] * 5] * 4, quoted=[0, 1, 1, 1])
    first, *others = selections(claims, observations, voice="attributed", seed=1)
    assert first.n_claims == len(first.left_out) > 0
    assert (first.n_made, first.expected, first.p_value, first.p_holm) == (0, 0, None, None)
    assert [x.p_holm for x in others] == holm([x.p_value for x in others])


def test_of_an_outlet_whose_words_are_not_to_be_had_nothing_is_said():
    said = [("c1", outlet, outlet.lower(), "n") for outlet in "ABC"]
    said += [("c2", outlet, outlet.lower(), "n") for outlet in "AB"] + [(None, "D", "d", "n")]
    claims, observations = corpus(said)
    units = [
        replace(u, unit=replace(u.unit, text="")) if u.source == "D" else u
        for u in observations.units
    ]
    mute = replace(observations, units=units)
    assert [found.outlet for found in selections(claims, observations, seed=1)] == list("ABCD")
    assert [found.outlet for found in selections(claims, mute, seed=1)] == list("ABC")
    others = [u for u in range(len(units)) if units[u].source != "D"]
    rows, n_copied = claim_rows(replace(mute, units=[*units]))
    assert ([*rows], n_copied) == (others, 0)
    both = [replace(u, unit=replace(u.unit, text="")) for u in units]
    assert [len(found) for found in claim_rows(replace(mute, units=both))[:1]] == [0]
    assert claim_rows(replace(mute, units=both))[1] == 0
