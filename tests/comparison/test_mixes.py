from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from stance.codebook import read_codebook
from stance.comparison.mixes import compare_mixes, difference_of
from stance.comparison.observations import observe
from stance.comparison.result import Corrected
from stance.statistics.heterogeneity import same_share_p_value
from stance.statistics.intervals import Estimate, clustered_share
from stance.statistics.permutation import holm, jensen_shannon, pair_distances, same_mix_p_value
from tests.builders import classified

BOOK = read_codebook()
STANCE = BOOK.task("stance")
LABELS = ("optimistic", "neutral", "skeptical")


def articles(outlet, *labels, start=0):
    """One article a word of labels, of one unit a letter: "oosn"."""
    units = []
    for number, letters in enumerate(labels, start):
        name = f"{outlet}-{number}"
        text = " ".join(f"The {name} harbour opens at pier {i}." for i, _ in enumerate(letters))
        made = classified(text, "neutral", outlet=outlet, name=name, codebook=BOOK)
        assert len(made) == len(letters)
        for unit, letter in zip(made, letters, strict=True):
            label = next(label for label in LABELS if label.startswith(letter))
            prediction = replace(unit.predictions["stance"], label=label)
            units.append(replace(unit, predictions={"stance": prediction}))
    return units


def run(units, left_out=frozenset(), **options):
    options = {"settled": {}, "seed": 7} | options
    return compare_mixes(observe(units, BOOK, left_out=left_out), STANCE, **options)


def random_articles(outlet, n_articles, mix, rng, n_units=6):
    return articles(
        outlet,
        *(
            "".join(rng.choice(list("ons"), n_units, p=rng.dirichlet(mix)))
            for _ in range(n_articles)
        ),
    )


def test_an_outlets_shares_count_its_units_with_an_interval_over_its_articles():
    mix = run(articles("A", "oos", "nns", "s") + articles("B", "oo", "nn"))
    a = mix.outlets[0]
    assert (a.outlet, a.n_articles, a.n_units) == ("A", 3, 7)
    assert a.shares["skeptical"].counted == clustered_share(
        np.array([1, 1, 1]), np.array([3, 3, 1])
    )
    assert {label: s.counted.value for label, s in a.shares.items()} == pytest.approx(
        {"optimistic": 2 / 7, "neutral": 2 / 7, "skeptical": 3 / 7}
    )
    assert (a.shares["neutral"].corrected, a.shares["neutral"].band) == (None, None)


def test_copies_that_are_left_out_count_only_in_the_other_counting():
    units = articles("A", "oo", "ss", "ss") + articles("B", "nn", "no")
    a, b = run(units, left_out=frozenset({"A-2"})).outlets
    assert (a.n_articles, a.n_units, a.shares["skeptical"].counted.value) == (2, 4, 0.5)
    assert a.other_counting == pytest.approx(
        {"optimistic": 1 / 3, "neutral": 0, "skeptical": 2 / 3}
    )
    assert b.other_counting == {label: s.counted.value for label, s in b.shares.items()}


def test_copies_that_count_are_left_out_of_the_other_counting():
    units = articles("A", "oo", "ss", "ss") + articles("B", "nn", "no")
    a, b = run(units, copies=frozenset({"A-2"})).outlets
    assert a.shares["skeptical"].counted.value == pytest.approx(2 / 3)
    assert a.other_counting == {"optimistic": 0.5, "neutral": 0, "skeptical": 0.5}
    assert b.other_counting == {"optimistic": 0.25, "neutral": 0.75, "skeptical": 0}
    same = run(units).outlets[0]
    assert same.other_counting["skeptical"] == same.shares["skeptical"].counted.value


def test_an_outlet_without_a_unit_that_counts_is_left_out_of_a_part():
    units = articles("A", "oo", "os") + articles("B", "nn", "ss") + articles("C", "o", "s")
    observations = observe(units, BOOK, left_out=frozenset({"C-0"}))
    codes = observations.codes["stance"]
    part = observations.part(codes != LABELS.index("skeptical"))
    mix = compare_mixes(part, STANCE, voice="author", settled={}, seed=7, pairs=False)
    assert [(outlet.outlet, outlet.n_articles, outlet.n_units) for outlet in mix.outlets] == [
        ("A", 2, 3),
        ("B", 1, 2),
    ]
    assert (mix.voice, mix.pairs) == ("author", ())


def test_a_single_outlet_has_shares_and_nothing_to_compare():
    mix = run(articles("A", "oo", "ss"))
    assert (len(mix.outlets), mix.pairs, mix.same_mix_p) == (1, (), None)


def test_a_band_says_where_the_share_may_lie_if_the_model_errs_as_it_did_when_held_out():
    units = articles("A", "ooooosss", "oooossss") + articles("B", "nn", "ss")
    confusion = ((90, 5, 5), (5, 90, 5), (40, 0, 60))  # skeptical units pass for optimistic ones
    a, b = run(units, confusion=confusion).outlets
    low, high = a.shares["skeptical"].band
    assert a.shares["skeptical"].counted.value < (low + high) / 2
    assert 0 <= low < high <= 1
    assert b.shares["neutral"].band != a.shares["neutral"].band
    assert run(units, confusion=()).outlets[0].shares["neutral"].band is None


def test_settled_shares_stand_only_where_every_unit_that_counts_has_a_label():
    units = articles("A", "oo", "ss", "nn") + articles("B", "oo", "ss")
    settled = {
        u.unit.id: {"stance": "neutral"}
        for u in units
        if u.unit.article_id != "A-2" and u.unit.id != units[-1].unit.id
    }
    a, b = run(units, left_out=frozenset({"A-2"}), settled=settled).outlets
    assert {label: share.settled for label, share in a.shares.items()} == {
        "optimistic": 0,
        "neutral": 1,
        "skeptical": 0,
    }
    assert b.shares["neutral"].settled is None


def test_pairs_carry_both_distances_and_a_difference_for_each_label():
    mix = run(articles("A", "oos", "nns", "sso") + articles("B", "onn", "nno", "nnn"))
    (pair,) = mix.pairs
    shares = [[s.counted.value for s in outlet.shares.values()] for outlet in mix.outlets]
    left, right = np.array(shares)
    assert pair.distance.value == pytest.approx(np.abs(left - right).sum() / 2)
    assert pair.jensen_shannon == pytest.approx(float(jensen_shannon(left, right)))
    assert pair.p_holm == pair.distance.p_value  # one pair: nothing to adjust for
    assert {k: d.value for k, d in pair.differences.items()} == pytest.approx(
        dict(zip(LABELS, left - right, strict=True))
    )
    assert all(d.low < d.value < d.high and not d.corrected for d in pair.differences.values())


def test_a_difference_is_of_corrected_shares_only_where_both_outlets_have_them():
    made = Corrected(
        value=0.4, low=0.3, high=0.5, general_low=None, general_high=None, n_labels=50, n_units=6
    )
    own = dict.fromkeys(LABELS, made)
    units = articles("A", "oos", "nns") + articles("B", "onn", "nno") + articles("C", "on", "no")
    corrected = {"A": own, "B": dict.fromkeys(LABELS, replace(made, value=0.35))}
    mix = run(units, corrected=corrected)
    assert mix.outlets[0].shares["neutral"].corrected == made
    of_pair = {(p.left, p.right): p.differences["neutral"] for p in mix.pairs}
    assert of_pair["A", "B"].value == pytest.approx(0.05)
    assert [d.corrected for d in of_pair.values()] == [True, False, False]
    assert of_pair["A", "C"].value == pytest.approx(2 / 6 - 2 / 4)


def test_a_corrected_difference_takes_articles_as_a_sample_and_has_a_p_value_of_its_own():
    units = [*articles("A", *["nnos"] * 8), *articles("B", *["nnos"] * 8, start=8)]
    here = {"low": 0.45, "high": 0.55, "general_low": 0.3, "general_high": 0.7}
    one = Corrected(value=0.5, **here, n_labels=40, n_units=32)
    far = {"low": 0.08, "high": 0.12, "general_low": 0.05, "general_high": 0.2}
    other = Corrected(value=0.1, **far, n_labels=40, n_units=32)

    def pair(**changes):
        left = dict.fromkeys(LABELS, replace(one, **changes))
        (found,) = run(units, corrected={"A": left, "B": dict.fromkeys(LABELS, other)}).pairs
        return found

    wide, narrow = pair(), pair(general_low=0.49, general_high=0.51)
    assert wide.differences["neutral"].low < narrow.differences["neutral"].low
    assert wide.differences["neutral"] == pair(low=0.0, high=1.0).differences["neutral"]
    assert narrow.corrected_p_holm < wide.corrected_p_holm < 0.05 < wide.p_holm
    unknown = pair(general_low=None, general_high=None)
    assert unknown.differences["neutral"].low is None
    assert unknown.corrected_p_holm is None


@pytest.mark.parametrize(
    ("left", "right", "printed"),
    [((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090))],
)
def test_a_difference_has_the_limits_that_newcombe_printed_for_method_10(left, right, printed):
    difference = difference_of(wilson(*left), wilson(*right))
    assert (difference.low, difference.high) == pytest.approx(printed, abs=6e-5)


def wilson(hits, n):
    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return Estimate(value=hits / n, low=interval.low, high=interval.high, n_articles=n, n_units=n)


def test_a_difference_from_an_outlet_of_one_article_has_no_limits():
    mix = run(articles("A", "oos") + articles("B", "onn", "nno"))
    difference = mix.pairs[0].differences["skeptical"]
    assert difference.value == pytest.approx(1 / 3)
    assert (difference.low, difference.high) == (None, None)


@pytest.mark.parametrize(("n_left", "n_right", "share"), [(8, 20, 0.3), (15, 15, 0.08)])
def test_limits_of_a_difference_hold_the_truth_in_about_95_of_100_corpora(n_left, n_right, share):
    rng = np.random.default_rng(5)

    def drawn(n_articles, truth):
        sizes = rng.integers(12, 30, n_articles)
        own = rng.beta(truth * 8, (1 - truth) * 8, n_articles)  # an ICC of 1/9
        return clustered_share(rng.binomial(sizes, own).astype(float), sizes.astype(float))

    held = 0
    for _ in range(600):
        difference = difference_of(drawn(n_left, share), drawn(n_right, share + 0.15))
        held += difference.low <= -0.15 <= difference.high
    assert 0.93 <= held / 600 <= 0.99


def test_each_pair_of_several_outlets_has_its_own_distance():
    rng = np.random.default_rng(2)
    units = []
    for name, n_articles in (("A", 5), ("B", 9), ("C", 3), ("D", 12)):
        units += random_articles(name, n_articles, [3, 5, 2], rng)
    mix = run(units)
    of = {o.outlet: np.array([s.counted.value for s in o.shares.values()]) for o in mix.outlets}
    assert len(mix.pairs) == 6
    for pair in mix.pairs:
        apart = np.abs(of[pair.left] - of[pair.right]).sum() / 2
        assert pair.distance.value == pytest.approx(apart)


def test_the_same_seed_gives_the_same_mixes():
    rng = np.random.default_rng(3)
    units = random_articles("A", 9, [3, 5, 2], rng) + random_articles("B", 9, [3, 5, 2], rng)
    assert run(units, seed=3) == run(units, seed=3)
    assert run(units, seed=3).pairs[0].distance != run(units, seed=4).pairs[0].distance


def test_of_two_labels_one_is_tested_since_the_other_says_the_same():
    task = BOOK.task("voice")
    units = [
        replace(
            unit,
            predictions={
                "voice": replace(unit.predictions["stance"], task="voice", label=task.classes[0])
            },
        )
        for unit in articles("A", "nn", "nn") + articles("B", "nn", "nn", start=2)
    ]

    def made(value, low, high):
        limits = {"low": low, "high": high, "general_low": low, "general_high": high}
        return Corrected(value=value, **limits, n_labels=40, n_units=4)

    def complement(one):
        return made(1 - one.value, 1 - one.high, 1 - one.low)

    firsts = {"A": made(0.5, 0.3, 0.7), "B": made(0.8, 0.6, 0.9)}
    corrected = {
        outlet: dict(zip(task.classes, (one, complement(one)), strict=True))
        for outlet, one in firsts.items()
    }
    found = compare_mixes(observe(units, BOOK), task, corrected=corrected, settled={}, seed=7)
    p = same_share_p_value(np.array([0.5, 0.8]), np.array([0.3, 0.6]), np.array([0.7, 0.9]))
    assert found.corrected_p == found.pairs[0].corrected_p_holm == pytest.approx(p)


def test_outlets_that_were_judged_whole_are_tested_by_regrouping_their_hand_labels():
    units = [*articles("A", *["nnos"] * 4), *articles("B", *["nnos"] * 4, start=4)]
    units += articles("C", *["nnos"] * 4, start=8)
    sure = {"low": 0.5, "high": 0.5, "general_low": 0.49, "general_high": 0.51}
    one = Corrected(value=0.5, **sure, n_labels=16, n_units=16)
    other = replace(one, value=0.4, general_low=0.39, general_high=0.41)
    made = {"A": one, "B": other, "C": one}
    corrected = {outlet: dict.fromkeys(LABELS, share) for outlet, share in made.items()}
    rng = np.random.default_rng(1)
    judged = {outlet: rng.multinomial(4, [0.3, 0.4, 0.3], 4).astype(float) for outlet in "ABC"}
    by_q = run(units, corrected=corrected)
    assert by_q.corrected_p < 0.001
    whole = run(units, corrected=corrected, judged=judged)
    tables, outlets = np.concatenate([*judged.values()]), np.repeat([0, 1, 2], 4)
    assert whole.corrected_p == same_mix_p_value(tables, outlets, seed=7)
    apart = [d.p_value for d in pair_distances([*judged.values()], seed=7).values()]
    assert [pair.corrected_p_holm for pair in whole.pairs] == holm(apart)
    some = run(units, corrected=corrected, judged={o: judged[o] for o in "AB"})
    assert some.corrected_p == by_q.corrected_p
    assert some.pairs[0].corrected_p_holm > by_q.pairs[0].corrected_p_holm


def test_two_outlets_judged_whole_among_many_can_be_told_apart():
    units, corrected = [], {}
    sure = {"low": 0.2, "high": 0.4, "general_low": 0.1, "general_high": 0.5}
    share = Corrected(value=0.3, **sure, n_labels=9, n_units=16)
    for n in range(18):
        outlet = f"O{n:02}"
        units += articles(outlet, "nnos", "nnos", start=2 * n)
        corrected[outlet] = dict.fromkeys(LABELS, share)
    judged = {
        "O00": np.tile([8.0, 1, 1], (30, 1)) + np.eye(3)[np.arange(30) % 3],
        "O01": np.tile([1.0, 1, 8], (30, 1)) + np.eye(3)[np.arange(30) % 3],
    }
    first, *others = run(units, corrected=corrected, judged=judged).pairs
    assert (first.left, first.right) == ("O00", "O01")
    assert first.corrected_p_holm < 0.05
    assert {pair.corrected_p_holm for pair in others} == {1.0}
