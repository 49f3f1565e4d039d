"""Lessons in reading the target: what they are made of, and what a transformer learns of them."""

from dataclasses import replace

import pytest

from stance.classifiers.base import codebook_classes, neutral_stance
from stance.classifiers.other_targets import TARGETS, other_target_lessons
from stance.classifiers.transformer import Transformer
from stance.codebook import read_codebook
from stance.errors import ModelError
from stance.resources import data_folder
from tests.builders import labeled_corpus
from tests.encoders import bert, quick

BOOK = read_codebook()


def lessons(examples, share=1.0, *, target="The pier", seed=7):
    return other_target_lessons(examples, target=target, neutral="neutral", share=share, seed=seed)


def test_units_that_take_a_side_are_copied_toward_another_target_where_they_are_neutral():
    examples = [replace(e, shares={"stance": {"neutral": 1.0}}) for e in labeled_corpus(4)]
    sided = [e for e in examples if e.labels["stance"] != "neutral"]
    made = lessons(examples)
    assert 0 < len(sided) < len(examples)
    assert [replace(e.unit, target=None) for e in made] == [e.unit for e in sided]
    assert all(e.labels == {"stance": "neutral"} and not e.shares for e in made)
    assert [(e.sha256, e.source) for e in made] == [(e.sha256, e.source) for e in sided]
    targets = {e.unit.target for e in made}
    assert targets <= set(TARGETS)
    assert len(targets) > 6


def test_a_share_of_them_is_drawn_by_the_seed():
    examples = labeled_corpus(4)
    whole, half = lessons(examples), lessons(examples, 0.5)
    assert len(half) == round(len(whole) / 2)
    assert half == lessons(examples, 0.5)
    assert half != lessons(examples, 0.5, seed=8)
    assert lessons(examples, 0.0) == []


def test_units_without_a_stance_are_passed_over():
    assert lessons([replace(e, labels={"voice": "author"}) for e in labeled_corpus(2)]) == []


def test_a_target_that_shares_a_word_with_the_units_own_is_never_taken():
    examples = labeled_corpus(8)
    taken = {e.unit.target for e in lessons(examples, target="Taxing sugary food and Wolves")}
    assert taken == {t for t in TARGETS if "sugary" not in t and "wolves" not in t}
    own = [replace(e, unit=replace(e.unit, target="Free entry to the pier")) for e in examples]
    assert "free museum entry" not in {e.unit.target for e in lessons(own)}


def test_no_target_that_is_shipped_or_swapped_in_by_evaluate_is_taught():
    for path in data_folder("labels").glob("*.toml"):
        if path.stem != "template":
            words = set(read_codebook(path).target.casefold().split())
            assert not any({w for w in words if len(w) > 3} & set(t.split()) for t in TARGETS)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return bert(tmp_path_factory.mktemp("bases") / "tiny")


def new(base, share, *, neutral="neutral", **told):
    recipe = quick(base, other_targets=share, n_tokens=64)
    return Transformer(
        codebook_classes(BOOK), "The pier", recipe, device="cpu", neutral=neutral, **told
    )


def test_a_transformer_learns_to_read_the_target(base):
    examples = labeled_corpus(4)
    sided = [e for e in examples if e.labels["stance"] != "neutral"]
    told = []
    model = new(base, 1.0, on_progress=told.append).fit(examples)
    n_batches = -(-(len(examples) + len(sided)) // 16)
    assert told[-1].n_steps == 12 * n_batches
    own = model.predict_proba([e.unit for e in sided])["stance"].argmax(axis=1)
    other = model.predict_proba([e.unit for e in lessons(sided)])["stance"].argmax(axis=1)
    neutral = BOOK.task("stance").classes.index("neutral")
    assert (own == neutral).mean() < 0.1
    assert (other == neutral).mean() > 0.9
    assert model.settings()["other_targets"] == 1.0
    assert model.fresh()._neutral == "neutral"


def test_other_targets_without_a_neutral_stance_are_told(base):
    with pytest.raises(ModelError, match="wants a stance that is neutral"):
        new(base, 0.5, neutral=None).fit(labeled_corpus(2))
    assert neutral_stance(BOOK) == "neutral"
