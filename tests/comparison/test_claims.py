"""Units of several outlets that make one claim: found, and nothing else joined to them."""

import json
from collections import defaultdict
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity

from stance.classifiers.sentence_vectors import meaning_vectors
from stance.codebook import read_codebook
from stance.comparison import alike as alike_module
from stance.comparison.alike import (
    MEANING_SHARE,
    Vectors,
    alike,
    nearest,
    stars,
    vectors_of,
)
from stance.comparison.claims import SIMILARITY, align, shared_stars
from stance.comparison.observations import observe
from stance.corpus.prepare import prepare
from stance.corpus.reading import read_articles
from stance.errors import DataError, ModelError
from stance.resources import data_folder
from tests.builders import classified

BOOK = read_codebook()
STANCE = BOOK.task("stance")
CUSTOMS = [
    "Customs officers at the northern harbour turned back the first lorry of ferry engines.",
    "The first lorry of ferry engines was turned back by customs officers at the northern harbour.",
    "At the northern harbour, customs officers turned the first lorry of ferry engines back again.",
]
BRIDGE = [
    "Engineers want the swing bridge closed for a whole winter to mend its bearings.",
    "To mend its bearings, engineers want the swing bridge closed for the whole winter.",
]
ASIDES = [
    "Nobody in the orchestra had expected a second encore on such a wet evening.",
    "Prices of smoked eel have doubled since the merchants left their cellars.",
    "Her grandfather kept bees behind the chapel until the road was widened.",
]


def said(*rows):
    """Return observations from (outlet, text, label), an article each."""
    return observe(
        [
            unit
            for i, (outlet, text, label) in enumerate(rows)
            for unit in classified(text, label, outlet=outlet, name=f"a{i}", codebook=BOOK)
        ],
        BOOK,
    )


def found(observations, **options):
    options = {"vectors": "words", "seed": 1} | options
    return align(observations, STANCE, **options)


CORPUS = [
    ("Beta", BRIDGE[0], "neutral"),
    ("Alpha", BRIDGE[1], "optimistic"),
    ("Alpha", CUSTOMS[0], "skeptical"),
    ("Beta", CUSTOMS[1], "skeptical"),
    ("Gamma", CUSTOMS[2], "neutral"),
    ("Alpha", ASIDES[0], "neutral"),
    ("Beta", ASIDES[1], "neutral"),
    ("Gamma", ASIDES[2], "neutral"),
]


def test_claims_are_what_outlets_say_in_words_of_their_own_most_outlets_first():
    result = found(said(*CORPUS))
    assert [claim.id for claim in result.claims] == ["c1", "c2"]
    first, second = result.claims
    assert first.title in CUSTOMS
    assert [(cell.outlet, cell.label) for cell in first.cells] == [
        ("Alpha", "skeptical"),
        ("Beta", "skeptical"),
        ("Gamma", "neutral"),
    ]
    assert second.title in BRIDGE
    assert [cell.outlet for cell in second.cells] == ["Alpha", "Beta"]
    assert (result.vectors, result.similarity) == ("words", SIMILARITY["words"])
    assert (result.n_units, result.n_copied, result.checked) == (8, 0, None)


def test_an_outlets_label_is_that_of_the_mean_probabilities_of_its_units():
    seen = said(
        ("Alpha", CUSTOMS[0], "skeptical"),
        ("Alpha", CUSTOMS[1], "optimistic"),
        ("Beta", CUSTOMS[2], "neutral"),
    )
    column = {name: i for i, name in enumerate(STANCE.classes)}
    seen.probabilities["stance"][0, column["skeptical"]] = 0.9
    (claim,) = found(seen).claims
    alpha = claim.cells[0]
    assert len(alpha.unit_ids) == 2
    assert alpha.label == "skeptical"
    assert alpha.probabilities["skeptical"] == pytest.approx((0.9 + 0.1) / 2)
    assert alpha.probabilities["optimistic"] == pytest.approx((0.1 + 0.8) / 2)


def test_an_outlet_that_repeats_itself_shares_no_claim():
    seen = said(*((("Alpha", text, "neutral")) for text in CUSTOMS), ("Beta", ASIDES[0], "neutral"))
    assert found(seen).claims == ()
    assert found(seen).stability is None


def test_the_same_words_in_two_outlets_are_a_copy_and_make_no_claim():
    rows = [*CORPUS, ("Gamma", CUSTOMS[0].upper(), "neutral")]
    result = found(said(*rows))
    assert result.n_copied == 2
    assert result.n_units == 7
    assert [cell.outlet for cell in result.claims[0].cells] == ["Beta", "Gamma"]


def test_a_copied_article_does_not_count_and_does_not_make_its_original_a_copy():
    seen = said(*CORPUS, ("Gamma", CUSTOMS[0], "skeptical"))
    copied = np.array([seen.unit(i).unit.article_id != "a8" for i in range(9)])
    result = found(replace(seen, counts=copied))
    assert (result.n_copied, result.n_units) == (1, 8)
    assert [cell.outlet for cell in result.claims[0].cells] == ["Alpha", "Beta", "Gamma"]


def test_words_that_two_outlets_print_say_the_claim_that_they_are_like_and_fill_no_cell():
    plain = found(said(*CORPUS))
    printed = "Customs officers turned back the first lorry of ferry engines at the harbour."
    rows = [("Alpha", printed, "optimistic"), ("Delta", printed.upper(), "optimistic")]
    other = "Lanterns hung over the quay until the bakers had gone home."
    rows += [("Alpha", other, "neutral"), ("Delta", other, "neutral")]
    result = found(said(*CORPUS, *rows))
    assert [claim.printed for claim in plain.claims] == [(), ()]
    assert [tuple(u.split(":")[0] for u in c.printed) for c in result.claims] == [("a8", "a9"), ()]
    assert [replace(claim, printed=()) for claim in result.claims] == list(plain.claims)
    assert (result.n_units, result.n_copied) == (plain.n_units, 4)
    assert found(said(*CORPUS, *rows), similarity=0.9).claims == ()


def test_a_copied_article_says_the_claims_of_its_original():
    seen = said(*CORPUS, ("Delta", CUSTOMS[0], "skeptical"), ("Delta", ASIDES[1], "neutral"))
    counts = np.array([seen.unit(i).unit.article_id not in ("a8", "a9") for i in range(10)])
    first, second = found(replace(seen, counts=counts)).claims
    assert [unit.split(":")[0] for unit in first.printed] == ["a8"]
    assert second.printed == ()
    assert replace(first, printed=()) == found(said(*CORPUS)).claims[0]


def test_the_nearest_centre_is_that_of_all_similarities_whatever_the_blocks(monkeypatch):
    rng = np.random.default_rng(5)
    words = [*ASIDES[0].split(), *ASIDES[1].split(), *BRIDGE[0].split()]
    texts = [" ".join(rng.choice(words, 8)) for _ in range(60)]
    vectors = vectors_of(texts[:40], "words")
    centres = np.array([3, 8, 21])
    table = (vectors.runs.transform(texts[40:]) @ vectors.words[centres].T).toarray()
    for cells in (1, 25, 10_000_000):
        monkeypatch.setattr(alike_module, "BLOCK_CELLS", cells)
        closest = nearest(vectors, centres, texts[40:], 0.3)
        assert closest.tolist() == np.where(table.max(1) >= 0.3, table.argmax(1), -1).tolist()
        assert len(set(closest.tolist())) > 2
    assert nearest(vectors, centres, [texts[21]], 0.99).tolist() == [2]
    assert nearest(vectors_of([], "words"), centres[:0], texts, 0.3).tolist() == [-1] * 60


def test_an_outlet_whose_units_tie_has_no_label_on_the_claim():
    rows = [("Alpha", CUSTOMS[0], "optimistic"), ("Alpha", CUSTOMS[1], "skeptical")]
    seen = said(*rows, ("Beta", CUSTOMS[2], "neutral"))
    (claim,) = found(seen).claims
    assert [cell.label for cell in claim.cells] == [None, "neutral"]
    tied = claim.cells[0].probabilities
    assert tied["optimistic"] == pytest.approx(tied["skeptical"])
    column = {name: i for i, name in enumerate(STANCE.classes)}
    seen.probabilities["stance"][0, column["optimistic"]] += 1e-6
    assert found(seen).claims[0].cells[0].label == "optimistic"


def test_short_units_and_headings_make_no_claim():
    short = said(("Alpha", "Customs turned lorries back.", "neutral"), *CORPUS[1:3])
    assert found(short).n_units == 2
    units = [
        replace(unit, unit=replace(unit.unit, kind="heading"))
        for unit in said(*CORPUS).units
        if unit.unit.text in CUSTOMS
    ]
    assert found(observe(units, BOOK)).n_units == 0


def test_a_higher_similarity_can_be_asked_for_and_finds_less():
    strict = found(said(*CORPUS), similarity=0.99)
    assert strict.claims == ()
    assert strict.similarity == 0.99


def random_graph(rng, n):
    """Return symmetric similarities of neighbours, many of them equal, none with itself."""
    values = rng.integers(1, 9, (n, n)) / 8  # eighths, whose sums are exact in any order
    values = np.triu(np.where(rng.random((n, n)) < 0.15, values, 0), 1)
    return sparse.csr_array(values + values.T)


def plain_stars(table):
    """Return stars by looking at every free text anew each time."""
    n = len(table)
    star = np.full(n, -1)
    while (star < 0).any():
        free = star < 0
        best = max(
            np.flatnonzero(free).tolist(),
            key=lambda i: ((table[i] > 0)[free].sum(), table[i][free].sum(), -i),
        )
        star[[i for i in range(n) if free[i] and (i == best or table[best, i] > 0)]] = (
            star.max() + 1
        )
    return star


def test_stars_are_those_of_the_plain_rule_and_no_chains():
    rng = np.random.default_rng(4)
    for _ in range(60):
        graph = random_graph(rng, int(rng.integers(1, 40)))
        star, centres = stars(graph)
        table = graph.toarray()
        assert star.tolist() == plain_stars(table).tolist()
        for i, number in enumerate(star):
            assert i == centres[number] or table[i, centres[number]] > 0
    # One above the other, each like the next: five in a chain are not one star.
    chain = sparse.csr_array(np.eye(5, k=1) + np.eye(5, k=-1))
    assert stars(chain)[0].tolist() == [0, 0, 0, 1, 1]


def test_a_star_counts_from_two_outlets_on():
    chain = sparse.csr_array(np.eye(4, k=1) * [0, 1, 0, 1] + np.eye(4, k=-1) * [1, 0, 1, 0])
    star, _ = shared_stars(chain, np.array([0, 0, 0, 1]))
    assert star.tolist() == [-1, -1, 1, 1]


def test_similar_pairs_are_those_of_all_pairs_whatever_the_blocks(monkeypatch):
    rng = np.random.default_rng(2)
    texts = [" ".join(rng.choice(ASIDES[0].split(), 8)) for _ in range(70)]
    words = vectors_of(texts, "words").words
    meaning = rng.normal(size=(70, 5))
    meaning = (meaning / np.linalg.norm(meaning, axis=1, keepdims=True)).astype(np.float32)
    both = Vectors(kind="meaning", words=words, meaning=meaning)
    true = MEANING_SHARE * cosine_similarity(meaning) + (1 - MEANING_SHARE) * cosine_similarity(
        words
    )
    np.fill_diagonal(true, 0)
    for cells in (1, 1000, 10_000_000):
        monkeypatch.setattr(alike_module, "BLOCK_CELLS", cells)
        pairs = alike(both, 0.6).toarray()
        assert 0 < (pairs > 0).sum() < 70 * 69
        assert np.allclose(pairs, np.where(true >= 0.6, true, 0), atol=1e-5)


def test_claims_that_do_not_hang_on_single_articles_are_stable():
    rows = [
        (outlet, text.replace("winter", season).replace("harbour", season), "neutral")
        for season in ("Easter", "summer", "Michaelmas", "autumn")
        for outlet, text in zip("ABCD", [*BRIDGE, *CUSTOMS], strict=False)
    ]
    asides = [("A", f"{aside} Or so {n} said.", "neutral") for n, aside in enumerate(ASIDES)]
    seen = said(*rows, *asides)
    firm = found(seen, seed=3)
    assert 0.5 < firm.stability <= 1
    assert found(seen, seed=3) == firm
    assert found(seen, stability=False) == replace(firm, stability=None)
    assert found(said(*CORPUS[2:]), similarity=0.2).stability <= 1


def test_without_the_encoder_words_do_and_the_result_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path))
    monkeypatch.setenv("STANCE_OFFLINE", "1")
    told = []
    result = found(said(*CORPUS), vectors="auto", on_step=told.append)
    assert result == found(said(*CORPUS), vectors="words")
    assert any("STANCE_OFFLINE forbids" in step for step in told)
    with pytest.raises(ModelError):
        found(said(*CORPUS), vectors="meaning")
    with pytest.raises(DataError, match="no vectors are called 'topics'"):
        found(said(*CORPUS), vectors="topics")


def test_with_the_encoder_claims_are_matched_by_meaning_too(minilm):
    result = found(said(*CORPUS), vectors="auto")
    assert (result.vectors, result.similarity) == ("meaning", SIMILARITY["meaning"])
    assert [len(claim.cells) for claim in result.claims] == [3, 2]
    paraphrase = [CUSTOMS[0], "The first truckload of ship engines was sent back at the harbour."]
    cosine = float(np.multiply(*meaning_vectors(paraphrase)).sum())
    by_words, by_both = (
        alike(vectors_of(paraphrase, kind), 0).toarray()[0, 1] for kind in ("words", "meaning")
    )
    assert by_both == pytest.approx(0.3 * cosine + 0.7 * by_words, abs=1e-5)
    assert cosine > by_both > by_words


def test_units_that_tell_nothing_apart_and_no_unit_at_all_make_no_claim():
    same = [f"{CUSTOMS[0]} " for _ in range(alike_module.FEWEST + 1)]
    assert alike(vectors_of(same, "words"), 0.4).nnz == 0
    assert alike(vectors_of([], "words"), 0.4).shape == (0, 0)
    assert found(said(("Alpha", "Short.", "neutral"), ("Beta", "Too.", "neutral"))).n_units == 0


def test_on_the_judged_pairs_of_our_seeds_most_matches_are_right():
    texts, outlets = {}, {}
    seeds = read_articles([data_folder("seeds") / "articles"], on_failure=pytest.fail)
    for article, units in prepare(seeds):
        for unit in units:
            texts[unit.id], outlets[unit.id] = unit.text, article.source
    place = {unit: i for i, unit in enumerate(texts)}
    lines = (data_folder("labels") / "claim_pairs.jsonl").read_text(encoding="utf-8").splitlines()
    judged = [json.loads(line) for line in lines]
    assert all(outlets[row["unit_a"]] != outlets[row["unit_b"]] for row in judged)
    star, _ = stars(alike(vectors_of(list(texts.values()), "words"), SIMILARITY["words"]))
    right = defaultdict(list)
    for row in judged:
        together = star[place[row["unit_a"]]] == star[place[row["unit_b"]]]
        right[together].append(row["same_claim"]["one"] == "y")
    assert len(right[True]) > 50
    assert np.mean(right[True]) > 0.8 > 0.6 > np.mean(right[False])


def test_every_member_of_a_claim_is_alike_its_title():
    seen = said(*CORPUS)
    for claim in found(seen).claims:
        units = [seen.unit(row).unit for row in range(len(seen.article))]
        members = [unit.text for unit in units for cell in claim.cells if unit.id in cell.unit_ids]
        assert claim.title in members
        all_texts = [unit.text for unit in units]
        table = alike(vectors_of(all_texts, "words"), SIMILARITY["words"]).toarray()
        title = all_texts.index(claim.title)
        assert all(table[title, all_texts.index(m)] > 0 for m in members if m != claim.title)
        assert all(a != b for a, b in combinations([cell.outlet for cell in claim.cells], 2))
