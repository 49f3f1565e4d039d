"""What a sentence means as a vector, by ONNX Runtime from a pretrained encoder's own weights.

No torch: `minilm.onnx` is a graph without weights, which names their places in the base's
model.safetensors (`benchmarks/encoder_graph.py` wrote it). The base is checked by its SHA-256,
so the places hold.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from stance.classifiers.bases import Base, is_here, resolve_base
from stance.classifiers.runtime import session_options
from stance.errors import ModelError

ENCODER = "all-MiniLM-L6-v2"
GRAPH = Path(__file__).with_name("minilm.onnx")
WIDTH = 384
N_TOKENS = 128  # what the encoder was made for; few sentences are longer
BATCH_TOKENS = 1024  # padding included; larger batches are no faster on a CPU


def meaning_vectors(
    texts: Sequence[str], *, on_step: Callable[[str], None] = lambda step: None
) -> NDArray[np.float32]:
    """Return a vector of length 1 for each text: the cosine of two says how alike they mean.

    The mean of the encoder's last layer over all tokens, as it was trained; a text's end beyond
    128 tokens is not read. Shape (n_texts, 384).

    Raises
    ------
    ModelError
        If the encoder is not here and cannot be fetched, or may not be: `STANCE_OFFLINE` or
        `HF_HUB_OFFLINE` is set.

    References
    ----------
    Reimers and Gurevych (2019), "Sentence-BERT", section 3: mean pooling.
    """
    import onnxruntime

    base = _encoder(on_step)
    options = session_options()
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(base.folder.resolve())
    )
    session = onnxruntime.InferenceSession(
        GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(str(base.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(N_TOKENS)
    encoded = [entry.ids for entry in tokenizer.encode_batch(list(texts))]
    vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda i: -len(encoded[i]))
    on_step(f"reading {len(texts)} units for their meaning")
    while order:
        longest = len(encoded[order[0]])
        n = max(1, BATCH_TOKENS // longest)
        places, order = order[:n], order[n:]
        ids = np.zeros((len(places), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, place in enumerate(places):
            ids[row, : len(encoded[place])] = encoded[place]
            mask[row, : len(encoded[place])] = 1
        (vectors[places],) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    return vectors


def _encoder(on_step: Callable[[str], None]) -> Base:
    """Return the encoder, fetched if it is not here and that is allowed."""
    offline = [name for name in ("STANCE_OFFLINE", "HF_HUB_OFFLINE") if os.environ.get(name)]
    if offline and not is_here(ENCODER):
        raise ModelError(f"{ENCODER} is not here, and {offline[0]} forbids to fetch it")
    return resolve_base(ENCODER, on_step=on_step)
