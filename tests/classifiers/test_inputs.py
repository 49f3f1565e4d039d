"""What an encoder is given to read of a unit, token by token."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from stance.classifiers import inputs as inputs_module
from stance.classifiers.inputs import Inputs
from stance.errors import ModelError
from stance.records import Unit
from tests.encoders import bert, mpnet

TARGET = "The new pier"
WORDS = ["the", "ferry", "sails", "again", "and", "traders", "cheer", "fares", "may", "rise"]


@pytest.fixture(scope="module", params=[bert, mpnet], ids=["bert", "mpnet"])
def tokenizer(request, tmp_path_factory):
    """The path of a tokenizer; one with token types, one without."""
    return request.param(tmp_path_factory.mktemp("bases")) / "tokenizer.json"


def unit(text, *, heading=None, before=(), lead_in=None, target=None):
    return Unit(
        id="a:0",
        article_id="a",
        index=0,
        kind="sentence",
        text=text,
        start=0,
        end=len(text),
        heading=heading,
        before=tuple(before),
        lead_in=lead_in,
        target=target,
    )


def reader(tokenizer, *, n_tokens=128, context=True):
    return Inputs(tokenizer, target=TARGET, n_tokens=n_tokens, context=context)


def words(tokenizer, ids, *, marks=False):
    """Return tokens as they were written, in small letters; with [CLS], [SEP] and the like."""
    return Tokenizer.from_file(str(tokenizer)).decode(list(ids), skip_special_tokens=not marks)


def read(tokenizer, encoded):
    """Return what stands before the unit, and the unit, as words."""
    own = np.array(encoded.own, dtype=bool)
    ids = np.array(encoded.ids)
    return words(tokenizer, ids[~own]), words(tokenizer, ids[own])


def plain(text, tokenizer):
    """Return a text as a tokenizer would write it again."""
    return words(tokenizer, Tokenizer.from_file(str(tokenizer)).encode(text).ids)


def test_context_stands_first_then_the_target_then_the_unit(tokenizer):
    long = unit(
        "The ferry sails again.",
        heading="Fares",
        before=("Captains doubt it.", "The council meets."),
        lead_in="And traders:",
    )
    (encoded,) = reader(tokenizer).encode([long])
    assert read(tokenizer, encoded) == (
        plain("Fares Captains doubt it. The council meets. And traders: The new pier:", tokenizer),
        plain("The ferry sails again.", tokenizer),
    )


def test_the_marks_between_are_those_of_the_encoders_family(tmp_path):
    for kind, told in (
        (bert, "[CLS] the new pier : [SEP] the ferry sails [SEP]"),
        (mpnet, "<s> the new pier : </s> </s> the ferry sails </s>"),
    ):
        path = kind(tmp_path / kind.__name__) / "tokenizer.json"
        (encoded,) = reader(path).encode([unit("The ferry sails")])
        tokens = Tokenizer.from_file(str(path))
        assert " ".join(map(tokens.id_to_token, encoded.ids)) == told
        own = [tokens.id_to_token(i) for i, o in zip(encoded.ids, encoded.own, strict=True) if o]
        assert own == ["the", "ferry", "sails"]
        assert encoded.types == ([0] * 6 + [1] * 4 if kind is bert else [0] * 11)


def test_without_context_only_the_target_and_the_unit_are_read(tokenizer):
    bare = unit("The ferry sails.")
    full = unit("The ferry sails.", heading="Fares", before=("It rains.",), lead_in="So:")
    alone = reader(tokenizer, context=False)
    assert alone.encode([full]) == alone.encode([bare]) == reader(tokenizer).encode([bare])
    assert reader(tokenizer).encode([full]) != reader(tokenizer).encode([bare])


def test_a_units_own_target_takes_the_place_of_the_codebooks(tokenizer):
    encoded = reader(tokenizer).encode([unit("It opens."), unit("It opens.", target="The fares")])
    assert [read(tokenizer, e)[0] for e in encoded] == ["the new pier :", "the fares :"]


def test_the_oldest_words_go_first(tokenizer):
    told = unit("The ferry sails.", heading="Fares rise", before=("The pier is of oak",))
    kept = [
        read(tokenizer, reader(tokenizer, n_tokens=n).encode([told])[0])[0].split()
        for n in range(25, 8, -1)
    ]
    everything = plain("Fares rise The pier is of oak The new pier:", tokenizer).split()
    assert kept[0] == everything
    assert all(words == everything[len(everything) - len(words) :] for words in kept)
    assert [len(words) for words in kept] == sorted(map(len, kept), reverse=True)
    assert {len(words) for words in kept} == set(range(4, 12))


@given(
    text=st.lists(st.sampled_from(WORDS), min_size=1, max_size=60).map(" ".join),
    heading=st.none() | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
    before=st.lists(st.text("ab ,.é漢\u200b", max_size=90), max_size=2),
    target=st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join),
    n_tokens=st.integers(1, 90),
)
def test_the_target_and_the_unit_are_never_cut_and_the_rest_fits(
    tokenizer, text, heading, before, target, n_tokens
):
    made = unit(text, heading=heading, before=before, target=target)
    (encoded,) = reader(tokenizer, n_tokens=n_tokens).encode([made])
    context, own = read(tokenizer, encoded)
    told = plain(f"{target or TARGET}:", tokenizer)
    assert own == text
    assert context.endswith(told)
    assert len(encoded) <= n_tokens or context == told
    assert len(encoded.ids) == len(encoded.types) == len(encoded.own)


def test_no_encoder_is_given_more_than_it_has_places_for(tokenizer):
    long = unit(" ".join(WORDS * 100), before=("It rains.",))
    (encoded,) = reader(tokenizer).encode([long])
    assert len(encoded) == inputs_module.MOST_TOKENS
    context, own = read(tokenizer, encoded)
    assert context == "the new pier :"
    assert " ".join(WORDS * 100).startswith(own)


def test_a_unit_of_signs_that_no_tokenizer_keeps_is_empty_and_no_error(tokenizer):
    (encoded,) = reader(tokenizer).encode([unit("\u200b\u00ad")])
    assert sum(encoded.own) == 0


@pytest.mark.parametrize("target", ["pier", "Pier", "a pier"])
def test_a_target_whose_tokens_hang_on_the_word_before_is_not_cut(tmp_path, target):
    # A byte-level tokenizer, as of RoBERTa, may write "pier" as one token and " pier" as five.
    vocabulary = {"<pad>": 0, "<s>": 1, "</s>": 2, "pier": 3}
    for sign in pre_tokenizers.ByteLevel.alphabet():
        vocabulary.setdefault(sign, len(vocabulary))
    merges = [("p", "i"), ("pi", "e"), ("pie", "r")]
    for word in ("pi", "pie"):
        vocabulary[word] = len(vocabulary)
    # Only at the start of a text: after a space it is broken up by the merge of "Ġp".
    vocabulary["Ġp"] = len(vocabulary)
    tokens = Tokenizer(models.BPE(vocabulary, [("Ġ", "p"), *merges]))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.post_processor = processors.TemplateProcessing(
        pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    tokens.save(str(tmp_path / "tokenizer.json"))
    (encoded,) = reader(tmp_path / "tokenizer.json", n_tokens=1).encode(
        [unit("It opens.", before=("It rains.",), target=target)]
    )
    context = [i for i, own in zip(encoded.ids, encoded.own, strict=True) if not own]
    read_again = "".join(map(tokens.id_to_token, context)).replace("Ġ", " ")
    assert read_again.removeprefix("<s>").removesuffix("</s></s>").strip() == f"{target}:"


# ---------------------------------------------------------------------------------------- batches


def test_a_batch_is_padded_at_the_right_and_what_is_padding_is_masked(tokenizer):
    inputs = reader(tokenizer)
    encoded = inputs.encode([unit("The ferry sails."), unit("It is stuck and fares may rise.")])
    arrays = inputs.batch(encoded)
    n, longest = map(len, encoded)
    assert {name: rows.shape for name, rows in arrays.items()} == dict.fromkeys(
        ("input_ids", "attention_mask", "token_type_ids", "own"), (2, longest)
    )
    pad = Tokenizer.from_file(str(tokenizer)).token_to_id(
        "[PAD]" if words(tokenizer, encoded[0].ids, marks=True).startswith("[CLS]") else "<pad>"
    )
    assert inputs.pad == pad
    assert arrays["input_ids"][0].tolist() == [*encoded[0].ids, *[pad] * (longest - n)]
    assert arrays["attention_mask"].sum(axis=1).tolist() == [n, longest]
    assert arrays["attention_mask"][0, :n].all()
    assert arrays["own"][0].tolist() == [*encoded[0].own, *[0] * (longest - n)]
    assert arrays["input_ids"][1].tolist() == encoded[1].ids


@given(lengths=st.lists(st.integers(1, 40), max_size=30), most=st.sampled_from([1, 60, 200]))
def test_batches_hold_each_unit_once_the_long_ones_first(tokenizer, lengths, most):
    inputs = reader(tokenizer)
    units = [unit(" ".join(WORDS * 4)[: 6 * n].strip()) for n in lengths]
    encoded = inputs.encode(units)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs_module, "BATCH_TOKENS", most)
        batches = list(inputs.batches(units))
    assert sorted(place for places, _ in batches for place in places) == list(range(len(units)))
    widths = [len(encoded[place]) for places, _ in batches for place in places]
    assert widths == sorted(widths, reverse=True)
    for places, arrays in batches:
        for row, place in enumerate(places):
            n = len(encoded[place])
            assert arrays["input_ids"][row, :n].tolist() == encoded[place].ids
        assert arrays["input_ids"].size <= most or len(places) == 1


def test_what_is_no_tokenizer_is_a_model_error(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json: not a tokenizer"):
        reader(tmp_path / "tokenizer.json")
    with pytest.raises(ModelError, match="not a tokenizer"):
        reader(tmp_path / "absent.json")
