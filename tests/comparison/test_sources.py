from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from stance.codebook import read_codebook
from stance.comparison.caveats import caveats_of, refusals_of
from stance.comparison.methods import methods
from stance.comparison.observations import observe
from stance.comparison.sample import UNJUDGED
from stance.comparison.sources import cell_codes, claim_agreement, claim_units, of_several
from stance.errors import DataError
from stance.statistics.agreement import MISSING, count_codes
from stance.statistics.attenuation import corrected_alpha
from stance.statistics.intervals import Estimate
from tests.comparison.shared_claims import STANCE, VOICE, corpus
from tests.report.comparisons import comparison

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


def test_an_outlet_whose_units_tie_has_no_label_on_the_claim():
    # Labels by hand: two units a cell, which differ in two thirds of the cells.
    rng = np.random.default_rng(1)
    said = [
        (f"c{claim:03}", outlet, outlet + article, str(rng.choice(list("ons"))))
        for claim in range(300)
        for outlet in "AB"
        for article in "12"
    ]
    labels = defaultdict(list)
    for claim, outlet, _, label in said:
        labels[claim, outlet].append(label)
    alike = {cell: found[0] for cell, found in labels.items() if found[0] == found[1]}
    pairs = [
        alike[claim, "A"] == alike[claim, "B"]
        for claim in sorted({claim for claim, _ in labels})
        if (claim, "A") in alike and (claim, "B") in alike
    ]
    claims, observations = corpus(said, certainty=1.0)
    codes = cell_codes(claim_units(claims, observations), observations, STANCE, n_claims=300)
    kept = {
        (claim.id, outlet): "ons"[code]
        for claim, row in zip(claims, codes, strict=True)
        for outlet, code in zip("AB", row, strict=True)
        if code != MISSING
    }
    assert len(kept) == 2 * len(pairs) > 40
    assert kept.items() <= alike.items()
    found = claim_agreement(claims, observations, STANCE, seed=1)
    assert found.n_claims == found.percent.n_units == found.pairs[0].n_claims == len(pairs)
    assert found.percent.value == found.pairs[0].same.value == sum(pairs) / len(pairs)


def test_a_tie_survives_rounding_and_a_majority_is_none():
    # Sums of 1.1 for two labels, which come out apart in the eighth digit; two units to one.
    tied = [(0.6, 0.3, 0.1), (0.3, 0.5, 0.2), (0.2, 0.3, 0.5)]
    first, second, _ = np.array(tied, dtype=np.float32).astype(float).sum(axis=0)
    assert first != second
    said = [("c1", "A", f"a{i}", row) for i, row in enumerate(tied)]
    said += [("c1", outlet, outlet, "s") for outlet in "BC"]
    said += [("c2", "A", "a1", "s"), ("c2", "A", "a2", "s"), ("c2", "A", "a3", "o")]
    said += [("c2", "B", "b1", "o")]
    claims, observations = corpus(said, certainty=1.0)
    units = claim_units(claims, observations)
    codes = cell_codes(units, observations, STANCE, n_claims=2)
    assert codes.tolist() == [[MISSING, 2, 2], [2, 0, MISSING]]
    found = claim_agreement(claims, observations, STANCE, seed=1)
    assert [(pair.n_claims, pair.same is None) for pair in found.pairs] == [
        *((1, False), (0, True), (1, False)),
    ]
    assert found.fleiss is None
    assert found.pairs[2].same.n_articles == 2


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
    assert found.ceiling.corrected is None  # what has no limits says nothing


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


def cells_of(sizes, accuracy, rng, n_claims=120):
    """Rows of three outlets with a true alpha of 0.6, each unit erring by itself."""
    said = []
    for claim in range(n_claims):
        common = rng.integers(3)
        for outlet in "ABC":
            truth = common if rng.random() < np.sqrt(0.6) else rng.integers(3)
            for _ in range(rng.choice(sizes)):
                label = truth if rng.random() < accuracy else (truth + rng.integers(1, 3)) % 3
                sure = rng.uniform(0.5, 0.95)  # so that units of one cell rarely tie
                row = np.where(np.arange(3) == label, sure, (1 - sure) / 2)
                said.append((f"c{claim}", outlet, f"{outlet}{claim % 12}", tuple(row)))
    return said


def test_cells_of_several_units_err_less_so_alpha_is_not_corrected_by_a_table_of_single_ones():
    confusion = np.full((3, 3), 60.0) + np.eye(3) * 220  # right in 0.7 of cases
    rng = np.random.default_rng(2)
    single = corpus(cells_of([1, 2], 0.7, rng))
    corrected = claim_agreement(*single, STANCE, confusion=confusion, seed=1).ceiling.corrected
    assert corrected.low < 0.6 < corrected.high
    claims, observations = corpus(cells_of([3], 0.7, rng))
    units = claim_units(claims, observations)
    codes = cell_codes(units, observations, STANCE, n_claims=len(claims))
    assert corrected_alpha(count_codes(codes, 3), confusion).value > 0.8  # what would be said
    found = claim_agreement(claims, observations, STANCE, confusion=confusion, seed=1)
    assert found.ceiling.corrected is None


@pytest.mark.parametrize(
    ("sizes", "too_many"),
    [([], False), ([2] * 20, False), ([1] * 9 + [3], False), ([1] * 8 + [3, 7], True)],
)
def test_a_tenth_of_the_cells_may_hold_several_units(sizes, too_many):
    assert of_several(sizes) is too_many


def caveats(made, agreement, claims, observations):
    return " ".join(
        caveats_of(
            made.mixes[0],
            replace(made.alignment, claims=tuple(claims)),
            agreement,
            made.corpus,
            made.model,
            made.copies,
            made.sample,
            made.timeline,
            0,
            article_of={unit.unit.id: unit.unit.article_id for unit in observations.units},
        )
    )


def test_shares_over_time_are_told_to_be_counted_where_others_are_corrected():
    made = comparison()
    few = corpus([("c1", "A", "a", "o")])
    time = made.timeline
    words = f"Shares by week, and before {time.event} and from then on, are counted, with no corr"
    assert words in caveats(made, made.agreement[0], *few)
    made = replace(made, timeline=replace(time, around=()))
    assert "Shares by week are counted, with no correction" in caveats(
        made, made.agreement[0], *few
    )
    undated = replace(made, timeline=replace(time, weeks=(), around=()))
    assert "Shares by week" not in caveats(undated, made.agreement[0], *few)
    bare = replace(made, mixes=tuple(map(without_corrected, made.mixes)))
    assert "Shares by week" not in caveats(bare, made.agreement[0], *few)


def without_corrected(mix):
    return replace(
        mix,
        outlets=tuple(
            replace(o, shares={k: replace(s, corrected=None) for k, s in o.shares.items()})
            for o in mix.outlets
        ),
    )


def test_the_caveats_say_which_of_two_reasons_alpha_is_not_corrected_for():
    made = comparison()
    agreement = made.agreement[0]
    above = replace(
        agreement,
        nominal=replace(agreement.nominal, value=0.9),
        ceiling=replace(agreement.ceiling, corrected=None),
    )
    said = [
        (f"c{i}", outlet, f"{outlet}{i}", "o") for i in range(30) for outlet in "AB" for _ in "xyz"
    ]
    several = corpus(said)
    single = corpus(said[::3])
    for shared, reason, other in (
        (several, "0.47 is too low for full agreement", "is above what full agreement would show"),
        (single, "is above what full agreement would show", "is too low for full agreement"),
    ):
        words = caveats(made, above, *shared)
        assert reason in words
        assert other not in words


def test_drawn_units_without_a_label_are_told_apart_from_labels_left_aside():
    made = comparison()
    refused = {UNJUDGED: 30, "chosen by hand": 5}
    made = replace(made, sample=replace(made.sample, refused=refused))
    words = caveats(made, made.agreement[0], *corpus([("c1", x, x, "o") for x in "AB"]))
    assert f"Drawn units without a label: 30 {UNJUDGED}." in words
    assert "Labels of the sample that were left aside: 5 chosen by hand." in words


def test_outlets_with_few_articles_that_carry_several_claims_are_told_of():
    made = comparison()
    agreement = made.agreement[0]
    words = "take claims as independent"
    for n_articles, told in ((3, True), (9, True), (10, False), (30, False)):
        said = [
            (f"c{i}", outlet, f"{outlet}{i % n}", "o")
            for i in range(30)
            for outlet, n in (("A", n_articles), ("B", 30))
        ]
        found = caveats(made, agreement, *corpus(said))
        assert (words in found) is told
        few = "has fewer than 10 articles on shared claims, some of which carry several:"
        assert (few in found) is told
        # Few articles, but each on one claim: those claims are independent.
        assert words not in caveats(made, agreement, *corpus(said[: 2 * n_articles]))
    nothing = replace(agreement, percent=None)
    assert words not in caveats(made, nothing, *corpus([("c1", x, x, "o") for x in "AB"] * 2))


def test_articles_are_counted_as_such_whatever_the_ids_of_units_are():
    made = comparison()
    claims, observations = corpus(
        [(f"c{i}", outlet, f"{outlet}{i}", "o") for i in range(30) for outlet in "AB"]
    )
    numbers = {unit.unit.id: f"s{i}" for i, unit in enumerate(observations.units)}
    units = [replace(u, unit=replace(u.unit, id=numbers[u.unit.id])) for u in observations.units]
    claims = [
        replace(
            claim,
            cells=tuple(
                replace(cell, unit_ids=tuple(numbers[i] for i in cell.unit_ids))
                for cell in claim.cells
            ),
        )
        for claim in claims
    ]
    words = caveats(made, made.agreement[0], claims, replace(observations, units=tuple(units)))
    assert "articles on shared claims" not in words


@pytest.mark.parametrize(
    ("n_claims", "labels"),
    [(2, "on"), (6, "on")],  # too few for limits; limits that hold every alpha
)
def test_a_corrected_alpha_that_says_nothing_is_withheld(n_claims, labels):
    said = [
        (f"c{i}", outlet, f"{outlet}{i}", "on"[i % 2] if label == "o" else "ons"[i % 3])
        for i in range(n_claims)
        for outlet, label in zip("AB", labels, strict=True)
    ]
    claims, observations = corpus(said)
    counts = count_codes(
        cell_codes(claim_units(claims, observations), observations, STANCE, n_claims=n_claims), 3
    )
    bare = corrected_alpha(counts, np.array(WEAK, dtype=float))
    assert (bare.low, bare.high) == ((None, None) if n_claims == 2 else (-1, 1))
    found = claim_agreement(claims, observations, STANCE, confusion=WEAK, seed=1)
    assert found.ceiling.corrected is None


def test_claims_on_which_every_outlet_ties_are_no_lack_of_claims():
    made = comparison()
    given = (made.mixes[0], made.alignment, replace(made.agreement[0], n_claims=0))
    rest = (made.effects, made.model, made.sample, made.timeline, read_codebook())
    words = " ".join(refusals_of(*given, *rest))
    assert f"On none of {len(made.alignment.claims)} shared claims do two outlets" in words
    assert "No claim is shared" not in words


def test_the_methods_speak_of_limits_only_where_there_are_some():
    made = comparison()
    whole = made.agreement[0]
    assert "a jackknife over claims, taken as independent (Hughes 2022)" in said_of(made, whole)
    names = ("nominal", "ordinal", "percent", "gwet_ac1", "fleiss")
    bare = {
        name: one and replace(one, low=None, high=None)
        for name, one in ((name, getattr(whole, name)) for name in names)
    }
    found = said_of(made, replace(whole, **bare, ceiling=replace(whole.ceiling, corrected=None)))
    assert "solves the coincidences" not in found
    assert "jackknife" not in found
    assert "Hughes" not in found


def test_the_methods_say_how_many_cells_tied_and_that_a_cell_is_taken_as_one_unit():
    made = comparison()
    whole = made.agreement[0]
    assert "equally likely" not in said_of(made, whole)
    assert "each cell of an outlet and a claim taken as one unit" in said_of(made, whole)
    first, *rest = made.alignment.claims
    first = replace(first, cells=tuple(replace(cell, label=None) for cell in first.cells))
    tied = replace(made, alignment=replace(made.alignment, claims=(first, *rest)))
    words = f"In {len(first.cells)} cells of an outlet and a claim two labels were equally likely"
    assert words in said_of(tied, whole)
    # Where nothing is left to agree on, the reason is still told.
    names = ("nominal", "ordinal", "percent", "gwet_ac1", "fleiss", "ceiling")
    assert said_of(tied, replace(whole, **dict.fromkeys(names))).startswith(words)


def test_the_methods_say_among_which_pairs_matches_are_recalled():
    made = comparison()
    some = Estimate(value=0.7, low=0.5, high=0.8, n_articles=9, n_units=90)
    for similarity, least in ((0.44, "0.24"), (0.1, "0")):
        alignment = replace(
            made.alignment,
            similarity=similarity,
            checked=replace(made.alignment.checked, recall=some),
        )
        words = f"recall of matches 0.70 among pairs with a similarity down to {least} ("
        assert words in methods(replace(made, alignment=alignment))["claims"]


def said_of(made, whole):
    return methods(replace(made, agreement=(whole,)))["agreement"]


def test_outlets_that_are_mostly_judged_bring_a_caveat_and_those_judged_whole_do_not():
    made = comparison(corrected=True)
    mix = made.mixes[0]

    def judged(*shares):
        """Say that so much of each outlet is judged, the last of all others; None is not at all."""
        outlets = tuple(
            replace(
                outlet,
                shares={
                    name: replace(
                        found,
                        corrected=None
                        if share is None
                        else replace(
                            found.corrected, n_labels=round(share * found.corrected.n_units)
                        ),
                    )
                    for name, found in outlet.shares.items()
                },
            )
            for outlet, share in zip(
                mix.outlets, [*shares, *[shares[-1]] * len(mix.outlets)], strict=False
            )
        )
        changed = replace(made, mixes=(replace(mix, outlets=outlets), *made.mixes[1:]))
        return caveats(changed, made.agreement[0], *corpus([("c1", "A", "a", "o")]))

    assert "judge the rest, and articles are regrouped" in judged(0.8)
    assert "judge the rest, and articles are regrouped" in judged(1.0, 0.1)
    assert "judge the rest" not in judged(0.3)
    assert "judge the rest" not in judged(1.0)
    assert "judge the rest" not in judged(0.8, None)
