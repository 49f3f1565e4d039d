import numpy as np
import pytest

from stance.codebook import read_codebook
from stance.comparison.observations import observe
from stance.comparison.sources import cell_codes, claim_agreement, claim_units
from stance.errors import DataError
from stance.statistics.agreement import MISSING
from tests.comparison.shared_claims import STANCE, VOICE, corpus

# Three outlets; A and B agree on 2 of the 3 claims that both make, C makes one.
SAID = [
    ("c1", "A", "a1", "o"),
    ("c1", "B", "b1", "o"),
    ("c1", "C", "x1", "s"),
    ("c2", "A", "a1", "n"),
    ("c2", "B", "b2", "n"),
    ("c3", "A", "a2", "s"),
    ("c3", "B", "b2", "n"),
    (None, "C", "x2", "o"),
]
CONFUSION = np.array([[80, 10, 10], [10, 80, 10], [10, 10, 80]])


def test_a_small_corpus_comes_out_as_counted_by_hand():
    found = claim_agreement(*corpus(SAID), STANCE, seed=1)
    assert (found.task, found.voice, found.n_claims, found.n_neutral) == ("stance", None, 3, 1)
    assert found.disagreements == {
        "optimistic / neutral": 0,
        "optimistic / skeptical": 2,  # A and C, B and C
        "neutral / skeptical": 1,
    }
    # Pairs of outlets that agree: 1 of 3, 1 of 1, 0 of 1.
    assert found.percent.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    # Coincidences: oo 1, os 2 in all, nn 2, ns 2 in all; values: 2 o, 3 n, 2 s.
    observed, expected = 4 / 7, (49 - 4 - 9 - 4) / 42
    assert found.nominal.value == pytest.approx(1 - observed / expected)
    assert found.ordinal.name == "alpha ordinal"
    assert found.gwet_ac1.name == "gwet ac1"
    assert found.fleiss is None
    assert found.ceiling is None


def test_pairs_of_outlets_have_wilson_limits_over_the_claims_that_both_make():
    pairs = {(p.left, p.right): p for p in claim_agreement(*corpus(SAID), STANCE, seed=1).pairs}
    assert list(pairs) == [("A", "B"), ("A", "C"), ("B", "C")]
    both = pairs["A", "B"]
    assert both.n_claims == 3
    # Wilson limits of 2 in 3, by their formula.
    assert both.same.value == pytest.approx(2 / 3)
    assert (both.same.low, both.same.high) == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert (both.same.n_units, both.same.n_articles) == (3, 4)
    # Values 2 o, 3 n, 1 s; one pair in three differs, s with n.
    assert both.alpha == pytest.approx(1 - (2 / 6) / ((36 - 4 - 9 - 1) / 30))
    assert pairs["A", "C"].n_claims == 1
    assert pairs["A", "C"].same.value == 0


def test_outlets_that_share_no_claim_have_no_share_and_no_alpha():
    claims, observations = corpus([*SAID, (None, "D", "d1", "n")])
    pair = claim_agreement(claims, observations, STANCE, seed=1).pairs[2]
    assert (pair.left, pair.right, pair.n_claims) == ("A", "D", 0)
    assert pair.same is None
    assert pair.alpha is None


def test_an_outlets_label_is_the_likeliest_by_the_mean_of_its_units():
    said = [
        ("c1", "A", "a1", (0.5, 0.4, 0.1)),  # two of three are optimistic, the mean is neutral
        ("c1", "A", "a1", (0.5, 0.4, 0.1)),
        ("c1", "A", "a2", (0.0, 0.9, 0.1)),
        ("c1", "B", "b1", "s"),
        ("c2", "B", "b1", "s"),
    ]
    claims, observations = corpus(said)
    units = claim_units(claims, observations)
    codes = cell_codes(units, observations, STANCE, n_claims=2)
    assert codes.tolist() == [[1, 2], [MISSING, MISSING]]  # c2 is of one outlet


def test_a_voice_has_its_own_cells_and_claims_left_with_one_outlet_drop_out():
    said = [
        ("c1", "A", "a1", "o", "author"),
        ("c1", "A", "a1", "s", "attributed"),
        ("c1", "B", "b1", "s", "attributed"),
        ("c2", "A", "a1", "n", "author"),
        ("c2", "B", "b1", "n", "attributed"),
    ]
    claims, observations = corpus(said)
    quoted = claim_agreement(claims, observations, STANCE, voice="attributed", seed=1)
    assert (quoted.voice, quoted.n_claims, quoted.percent.value) == ("attributed", 1, 1)
    assert quoted.pairs == ()
    # A part that holds only that voice gives the same.
    part = observations.part(observations.codes["voice"] == VOICE.classes.index("attributed"))
    assert claim_agreement(claims, part, STANCE, voice="attributed", seed=1) == quoted
    assert claim_agreement(claims, observations, STANCE, voice="author", seed=1).n_claims == 0


def test_a_voice_of_units_without_one_is_refused():
    claims, observations = corpus(SAID, voices=False)
    with pytest.raises(DataError, match="'voice'"):
        claim_agreement(claims, observations, STANCE, voice="author", seed=1)


def test_without_a_shared_claim_nothing_is_said():
    claims, observations = corpus([("c1", "A", "a1", "o"), (None, "B", "b1", "s")])
    for given in ((), claims):
        found = claim_agreement(given, observations, STANCE, confusion=CONFUSION, seed=1)
        assert found.n_claims == found.n_neutral == 0
        assert (found.nominal, found.ordinal, found.percent, found.gwet_ac1) == (None,) * 4
        assert (found.fleiss, found.ceiling) == (None, None)
        assert [pair.n_claims for pair in found.pairs] == [0]
        assert set(found.disagreements.values()) == {0}


def test_fleiss_kappa_is_given_where_every_outlet_is_on_every_claim():
    said = [row for row in SAID if row[1] != "C"]
    found = claim_agreement(*corpus(said), STANCE, seed=1)
    # Scott's pi: shares 2/6, 3/6, 1/6.
    chance = (4 + 9 + 1) / 36
    assert found.fleiss.value == pytest.approx((2 / 3 - chance) / (1 - chance))


def test_one_label_only_agrees_in_full_and_leaves_alpha_undefined():
    said = [(f"c{i}", outlet, outlet, "n") for i in range(4) for outlet in "AB"]
    found = claim_agreement(*corpus(said), STANCE, confusion=CONFUSION, seed=1)
    assert (found.percent.value, found.nominal.value, found.n_neutral) == (1, None, 4)
    assert found.pairs[0].alpha is None
    assert found.ceiling is None or found.ceiling.corrected is None


def test_one_claim_has_a_value_and_no_interval():
    found = claim_agreement(*corpus(SAID[:3]), STANCE, confusion=CONFUSION, seed=1)
    assert found.n_claims == 1
    assert found.nominal.value == pytest.approx(1 - (4 / 6) / (4 / 6))
    assert found.nominal.low is None
    assert found.ceiling is None or found.ceiling.corrected.low is None


def test_a_task_without_scores_has_no_order_and_takes_no_side():
    found = claim_agreement(*corpus(SAID), VOICE, seed=1)
    assert (found.ordinal, found.n_neutral) == (None, 0)
    assert found.percent.value == 1


def test_the_ceiling_and_the_corrected_alpha_hold_the_truth_of_simulated_outlets():
    # Five outlets in full agreement, read by a model that is right in 80% of cases.
    rng = np.random.default_rng(4)
    said = []
    for claim in range(150):
        truth = rng.integers(3)
        for outlet in "ABCDE":
            label = truth if rng.random() < 0.8 else (truth + rng.integers(1, 3)) % 3
            said.append((f"c{claim}", outlet, f"{outlet}{claim % 9}", "ons"[label]))
    claims, observations = corpus(said)
    found = claim_agreement(claims, observations, STANCE, confusion=CONFUSION, seed=1)
    ceiling = found.ceiling
    assert ceiling.perfect == pytest.approx(0.49, abs=0.05)
    assert ceiling.perfect_low < found.nominal.value < ceiling.perfect_high
    assert ceiling.corrected.low <= 1 == ceiling.corrected.high
    assert ceiling.corrected.value > 0.8
    assert (ceiling.corrected.n_units, ceiling.corrected.n_articles) == (150, 45)
    assert found == claim_agreement(claims, observations, STANCE, confusion=CONFUSION, seed=1)


def test_units_of_another_task_are_compared_by_that_task():
    # The same cells serve every task: labels come from the observations, not from the claim.
    book = read_codebook()
    claims, observations = corpus(SAID)
    assert observe(observations.units, book).outlets == ("A", "B", "C")
    by_stance = claim_agreement(claims, observations, STANCE, seed=1)
    by_voice = claim_agreement(claims, observations, VOICE, seed=1)
    assert by_stance.percent.value < by_voice.percent.value
    assert list(by_voice.disagreements) == ["author / attributed"]


def test_an_agreement_above_what_full_agreement_would_show_has_no_correction():
    said = [
        (f"c{i}", outlet, f"{outlet}{i}", "ons"[i % 3])
        for i in range(30)
        for outlet in ("Alpha", "Beta", "Gamma")
    ]
    claims, seen = corpus(said)
    found = claim_agreement(claims, seen, STANCE, confusion=WEAK, seed=7)
    assert found.nominal.value == 1
    assert found.ceiling.perfect_high < 1
    assert found.ceiling.corrected is None


WEAK = ((65, 20, 15), (20, 60, 20), (15, 20, 65))
