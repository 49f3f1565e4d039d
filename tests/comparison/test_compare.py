import pytest

from stance.codebook import read_codebook
from stance.comparison.compare import compare, corpus_facts
from stance.errors import DataError
from tests.builders import classified

BOOK = read_codebook()
WORDS = [
    f"{a} {b}"
    for a in ("amber", "birch", "copper", "damask")
    for b in ("lanterns", "saddles", "kettles")
]
SHARED = "Regulators cleared the shipment of ferry engines to the northern harbour on Tuesday."


def corpus(n_articles, *, shift=0):
    """Two outlets; the second is more skeptical by `shift` of 4 articles in 4."""
    units = []
    for i in range(n_articles):
        label = ("optimistic", "neutral", "skeptical", "neutral")[i % 4]
        other = "skeptical" if i % 4 < shift else label
        words = WORDS[i]
        text = f"The {words} reached the harbour late. Nobody had ordered more {words} this year."
        units += classified(text, label, outlet="Alpha", name=f"a{i}", codebook=BOOK)
        units += classified(text, other, outlet="Beta", name=f"b{i}", codebook=BOOK)
    return units


def run(units, **options):
    facts = corpus_facts(units, {u.unit.article_id: [] for u in units}, 0)
    return compare(
        units,
        BOOK,
        corpus=facts,
        settled=options.pop("settled", {}),
        held_out_scores={},
        n_learned=9,
        **options,
    )


def test_the_mix_of_each_outlet_counts_units_and_carries_its_interval():
    result = run(corpus(12))
    (mix,) = result.mixes
    alpha = mix.outlets[0]
    assert (alpha.outlet, alpha.n_articles, alpha.n_units) == ("Alpha", 12, 24)
    assert alpha.shares["neutral"].value == pytest.approx(0.5)
    assert alpha.shares["neutral"].low < 0.5 < alpha.shares["neutral"].high
    assert sum(share.value for share in alpha.shares.values()) == pytest.approx(1)


def test_equal_mixes_are_not_told_apart_and_unequal_ones_are():
    alike, apart = run(corpus(12)), run(corpus(12, shift=4))
    assert alike.mixes[0].same_mix_p > 0.5
    assert "cannot be told from chance" in alike.answer
    assert "skeptical units make up 25% of each" in alike.answer
    assert apart.mixes[0].same_mix_p < 0.01
    assert "by more than chance would give" in apart.answer
    assert "100%" in apart.answer
    assert apart.mixes[0].pairs[0].distance.value == pytest.approx(0.75)


def test_one_article_each_cannot_be_tested_and_the_answer_says_so():
    result = run(corpus(1))
    assert result.mixes[0].same_mix_p is None
    assert "cannot be tested, with one article each" in result.answer
    assert any("could reach p = 0.05" in caveat for caveat in result.caveats)


def test_a_claim_that_both_outlets_make_is_found_and_their_sides_compared():
    units = corpus(3)
    units += classified(SHARED, "optimistic", outlet="Alpha", name="a-shared", codebook=BOOK)
    units += classified(
        SHARED.replace("on Tuesday", "this week"),
        "skeptical",
        outlet="Beta",
        name="b-shared",
        codebook=BOOK,
    )
    claims = run(units).agreement.claims
    ours = next(claim for claim in claims if "Regulators" in claim.title)
    assert [(cell.outlet, cell.label) for cell in ours.cells] == [
        ("Alpha", "optimistic"),
        ("Beta", "skeptical"),
    ]


def test_copies_agree_with_themselves_so_they_are_left_out_of_the_agreement_and_told():
    result = run(corpus(8))
    assert result.agreement.claims == ()
    assert result.agreement.n_copied == 32
    assert any("32 units stand word for word in two outlets" in c for c in result.caveats)


def test_outlets_that_say_the_same_in_other_words_agree_in_full():
    units = []
    for i, words in enumerate(WORDS):
        label = ("optimistic", "neutral", "skeptical")[i % 3]
        for outlet, text in (("Alpha", "were late again"), ("Beta", "come late, once again")):
            line = f"The {words} for the northern {words.split()[0]} market {text}."
            units += classified(line, label, outlet=outlet, name=f"{outlet}{i}", codebook=BOOK)
    agreement = run(units).agreement
    assert len(agreement.claims) == 12
    assert agreement.percent == agreement.nominal.value == agreement.pairs[0].same == 1
    assert agreement.n_neutral == 4


def test_outlets_without_a_shared_word_have_no_agreement_and_a_caveat():
    units = classified(
        "Apples ripen in the warm orchard sun.", "neutral", outlet="A", name="a", codebook=BOOK
    )
    units += classified(
        "Trains depart every hour from platform nine.",
        "neutral",
        outlet="B",
        name="b",
        codebook=BOOK,
    )
    result = run(units)
    assert result.agreement.nominal is None
    assert any(caveat.startswith("No shared claims") for caveat in result.caveats)


def test_settled_labels_stand_beside_an_outlet_only_where_they_cover_it():
    units = corpus(4)
    settled = {
        (u.sha256, u.unit.start, u.unit.end): {"stance": "neutral"}
        for u in units
        if u.source == "Alpha"
    }
    alpha, beta = run(units, settled=settled).mixes[0].outlets
    assert alpha.settled == {"optimistic": 0, "neutral": 1, "skeptical": 0}
    assert beta.settled is not None  # the same texts, so the same places


def test_unknown_outlets_and_a_single_one_are_refused_in_words():
    units = classified(SHARED, "neutral", outlet=None, name="x/y", codebook=BOOK)
    with pytest.raises(DataError, match=r"the outlet of 1 article.* is unknown, x/y among"):
        run(units)
    with pytest.raises(DataError, match="one outlet, Alpha"):
        run(classified(SHARED, "neutral", outlet="Alpha", name="x", codebook=BOOK))
    with pytest.raises(DataError, match="nothing to compare"):
        run([])


def test_the_same_seed_gives_the_same_comparison():
    assert run(corpus(9, shift=2), seed=3) == run(corpus(9, shift=2), seed=3)


def test_facts_count_articles_dates_and_repairs_but_not_front_matter():
    units = corpus(2)
    kinds = {"a0": ["period", "period", "front matter"], "a1": [], "b0": [], "b1": [], "c": []}
    facts = corpus_facts(units, kinds, 3)
    assert (facts.n_articles, facts.n_empty, facts.n_units) == (5, 1, 8)
    assert (facts.n_repaired, facts.n_failed) == (1, 3)
    assert facts.repairs == {"period": 2}
    assert (facts.first_date, facts.last_date, facts.n_undated) == ("2026-02-14", "2026-02-14", 0)
