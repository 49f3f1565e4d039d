"""Tiny encoders made on the spot: real code and real files, no download, no knowledge of language.

Of BERT's family (WordPiece, token types) and of MPNet's (its own marks, no token types). Their
words are those of `tests.builders`; whatever else is written falls apart into its letters.
"""

import json
import string
from dataclasses import replace

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

from stance.classifiers.bases import file_sha256
from stance.classifiers.encoders import what_it_reads
from stance.classifiers.recipes import TransformerRecipe
from tests.builders import DOUBT, HOPE, PLAIN

WIDTH, N_LAYERS = 16, 2
# Learns the ferry corpus in a second: a new encoder wants a hundred times the usual rate.
QUICK = TransformerRecipe(epochs=12, batch=16, learning_rate=1e-2, n_tokens=48, n_folds=2)


def quick(base, **changes):
    """Return a recipe that is fast enough for a test."""
    return replace(QUICK, base=str(base), **changes)


def bert(folder, *, seed=0, dropout=0.0):
    """Make a BERT of two layers in a folder, and return the folder."""
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = _word_pieces(marks)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=0.2,  # narrow layers want wider dice
        pad_token_id=0,
    )
    return _write(folder, BertModel, config, tokenizer, marks, seed)


def mpnet(folder, *, seed=0):
    """Make an MPNet of two layers in a folder, and return the folder."""
    marks = ["<s>", "<pad>", "</s>", "[UNK]"]
    tokenizer = _word_pieces(marks)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    config = MPNetConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=514,
        initializer_range=0.2,
        pad_token_id=1,
    )
    return _write(folder, MPNetModel, config, tokenizer, marks, seed)


def change_json(path, **changes):
    """Change some keys of a JSON file; None takes a key out."""
    data = json.loads(path.read_text(encoding="utf-8")) | changes
    data = {key: value for key, value in data.items() if value is not None}
    path.write_text(json.dumps(data), encoding="utf-8")


def seal(folder):
    """Write the hashes of a model's files into its card, as whoever tampers would."""
    names = {path.name for path in folder.iterdir()} - {"card.json", "README.md"}
    change_json(folder / "card.json", files={n: file_sha256(folder / n) for n in sorted(names)})


def _word_pieces(marks):
    words = {word for line in HOPE + DOUBT + PLAIN for word in line.lower().strip(".").split()}
    letters = [*string.ascii_lowercase, *string.digits, *string.punctuation]
    vocabulary = [*marks, *letters, *(f"##{letter}" for letter in letters), *sorted(words)]
    numbered = {token: i for i, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = Tokenizer(models.WordPiece(numbered, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _write(folder, kind, config, tokenizer, marks, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder = kind(config, add_pooling_layer=False)
    encoder.save_pretrained(folder)
    tokenizer.add_special_tokens(marks)
    tokenizer.save(str(folder / "tokenizer.json"))
    described = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"}
    described["pad_token"] = next(mark for mark in marks if "pad" in mark.lower())
    described["model_input_names"] = what_it_reads(encoder)
    (folder / "tokenizer_config.json").write_text(json.dumps(described), encoding="utf-8")
    return folder
