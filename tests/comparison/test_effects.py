import numpy as np
import pytest

from stance.comparison.effects import outlet_effects
from stance.statistics.permutation import holm
from tests.comparison.shared_claims import STANCE, VOICE, corpus


def leaning(rng, leans, *, n_articles=8, n_claims=30):
    """Return a corpus whose outlets are optimistic more often by their lean."""
    said = []
    claims = rng.normal(0, 0.15, n_claims)
    for outlet, lean in leans.items():
        for i in range(n_articles):
            for claim in rng.choice(n_claims, size=8, replace=False):
                up = float(np.clip(0.35 + lean + claims[claim] + rng.normal(0, 0.1), 0.05, 0.6))
                said.append((f"c{claim}", outlet, f"{outlet}{i}", (up, 0.35, 0.65 - up)))
    return corpus(said)


def test_a_lean_is_measured_on_the_scores_that_probabilities_expect():
    # Both of A's labels are neutral, as B's are; what they expect is not.
    said = [
        ("c1", "A", "a1", (0.4, 0.5, 0.1)),
        ("c1", "B", "b1", (0.2, 0.6, 0.2)),
        ("c2", "A", "a1", (0.3, 0.7, 0.0)),
        ("c2", "B", "b1", (0.1, 0.8, 0.1)),
        ("c3", "B", "b1", (1.0, 0.0, 0.0)),
    ]
    first, second = outlet_effects(*corpus(said), STANCE)
    assert (first.outlet, second.outlet) == ("A", "B")
    assert first.value == pytest.approx(0.3)
    assert second.value == pytest.approx(-0.3)
    assert (first.n_claims, first.n_articles, first.voice) == (2, 1, None)
    assert (first.low, first.high, first.p_value, first.p_holm) == (None,) * 4


def test_an_outlet_that_leans_stands_out_after_adjustment_and_others_do_not():
    leans = {"A": 0.2, "B": 0.0, "C": 0.0, "D": 0.0, "E": 0.0}
    effects = outlet_effects(*leaning(np.random.default_rng(1), leans), STANCE)
    assert [effect.outlet for effect in effects] == list("ABCDE")
    assert effects[0].low > 0
    assert effects[0].p_holm < 0.05
    adjusted = holm([effect.p_value for effect in effects])
    assert [effect.p_holm for effect in effects] == adjusted


def test_an_outlet_with_one_article_is_not_tested_and_does_not_count_in_the_adjustment():
    rng = np.random.default_rng(2)
    claims, observations = leaning(rng, {"A": 0.0, "B": 0.0, "C": 0.0})
    of_c = observations.outlet == 2
    first = observations.article == observations.article[of_c].min()
    effects = outlet_effects(claims, observations.part(~of_c | first), STANCE)
    assert (effects[2].n_articles, effects[2].low, effects[2].p_holm) == (1, None, None)
    assert [e.p_holm for e in effects[:2]] == holm([e.p_value for e in effects[:2]])


def test_a_voice_is_measured_by_its_own_units():
    said = [
        ("c1", "A", "a1", "o", "author"),
        ("c1", "A", "a1", "s", "attributed"),
        ("c1", "B", "b1", "n", "attributed"),
        ("c2", "B", "b1", "n", "author"),
        ("c2", "C", "x1", "s", "author"),
    ]
    claims, observations = corpus(said, certainty=1)
    quoted = outlet_effects(claims, observations, STANCE, voice="attributed")
    assert [(e.outlet, e.voice, e.value) for e in quoted] == [
        ("A", "attributed", -1),
        ("B", "attributed", 1),
    ]
    own = outlet_effects(claims, observations, STANCE, voice="author")
    assert [(e.outlet, e.value) for e in own] == [("B", 1), ("C", -1)]


def test_no_shared_claim_and_no_scores_give_no_effects():
    claims, observations = corpus([("c1", "A", "a1", "o"), (None, "B", "b1", "s")])
    assert outlet_effects(claims, observations, STANCE) == ()
    assert outlet_effects((), observations, STANCE) == ()
    shared = corpus([("c1", "A", "a1", "o"), ("c1", "B", "b1", "s")])
    assert len(outlet_effects(*shared, STANCE)) == 2
    assert outlet_effects(*shared, VOICE) == ()
