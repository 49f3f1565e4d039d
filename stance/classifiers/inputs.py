"""What an encoder reads of a unit: its context, the target, and the unit, as numbers.

The same for training, for torch and for ONNX Runtime: only the tokenizer's own file is needed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from stance.errors import ModelError
from stance.records import Unit
from stance.statistics.arrays import IntArray

MOST_TOKENS = 510  # encoders of BERT's family have places for 512 to 514
BATCH_TOKENS = 8192  # padding included: keeps two cores busy, fits any machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One unit as an encoder reads it."""

    ids: Sequence[int]
    types: Sequence[int]  # 0: context and target, 1: the unit, for encoders that tell them apart
    own: Sequence[int]  # 1 where a token is of the unit itself

    def __len__(self) -> int:
        """Return how many tokens it has."""
        return len(self.ids)


class Inputs:
    """Makes an encoder's input from units.

    Parameters
    ----------
    tokenizer
        The path of a tokenizer.json.
    target
        What stance is toward, where a unit names no target of its own.
    n_tokens
        The context is cut from the left to fit into as many; the target and the unit are not cut
        (beyond 510 tokens in all, which no such encoder can read, the unit loses its end).
    context
        Whether the units before and the heading are read at all.

    Raises
    ------
    ModelError
        If the tokenizer cannot be read.
    """

    def __init__(self, tokenizer: Path, *, target: str, n_tokens: int, context: bool) -> None:
        self._target, self._n_tokens, self._context = target, n_tokens, context
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # the library raises bare ones
            raise ModelError(f"{tokenizer}: not a tokenizer: {error}") from None
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        pads = (self._tokenizer.token_to_id(name) for name in ("[PAD]", "<pad>"))
        self.pad = next((pad for pad in pads if pad is not None), 0)

    def encode(self, units: Sequence[Unit]) -> list[Encoded]:
        """Return each unit encoded, in order."""
        contexts = [self._context_of(unit) for unit in units]
        firsts = self._tokenizer.encode_batch(contexts, add_special_tokens=False)
        seconds = self._tokenizer.encode_batch(
            [unit.text for unit in units], add_special_tokens=False
        )
        n_special = self._tokenizer.num_special_tokens_to_add(True)
        encoded = []
        for unit, context, first, second in zip(units, contexts, firsts, seconds, strict=True):
            # Counted where it stands: a word's tokens may hang on whether a space comes before.
            begin = len(context) - len(self._target_of(unit))
            n_target = sum(end > begin for _, end in first.offsets)
            most = MOST_TOKENS - n_special - n_target
            if len(second) > most:
                second.truncate(most)
            room = max(self._n_tokens - n_special - len(second), n_target)
            if len(first) > room:
                first.truncate(room, direction="left")
            pair = self._tokenizer.post_process(first, second)
            encoded.append(
                Encoded(
                    ids=pair.ids,
                    types=pair.type_ids,
                    own=[int(place == 1) for place in pair.sequence_ids],
                )
            )
        return encoded

    def batch(self, encoded: Sequence[Encoded]) -> dict[str, IntArray]:
        """Return encoded units as arrays of shape (n_units, longest), padded at the right."""
        shape = (len(encoded), max(map(len, encoded), default=0))
        arrays = {
            "input_ids": np.full(shape, self.pad, dtype=np.int64),
            "attention_mask": np.zeros(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
            "own": np.zeros(shape, dtype=np.int64),
        }
        for i, unit in enumerate(encoded):
            n = len(unit)
            arrays["input_ids"][i, :n] = unit.ids
            arrays["attention_mask"][i, :n] = 1
            arrays["token_type_ids"][i, :n] = unit.types
            arrays["own"][i, :n] = unit.own
        return arrays

    def batches(self, units: Sequence[Unit]) -> Iterator[tuple[list[int], Mapping[str, IntArray]]]:
        """Yield places of units and their arrays: like lengths together, long ones first.

        The same units in another order make the same batches: in half precision, what a unit is
        read with shows in its vector.
        """
        encoded = self.encode(units)
        order = sorted(range(len(units)), key=lambda i: (-len(encoded[i]), encoded[i].ids))
        while order:
            n = max(1, BATCH_TOKENS // len(encoded[order[0]]))
            places, order = order[:n], order[n:]
            yield places, self.batch([encoded[i] for i in places])

    def _target_of(self, unit: Unit) -> str:
        return f"{unit.target or self._target}:"

    def _context_of(self, unit: Unit) -> str:
        """Return what an annotator reads first; the target stands last, where nothing is cut."""
        parts = [unit.heading, *unit.before, unit.lead_in] if self._context else []
        return " ".join([*(part for part in parts if part), self._target_of(unit)])
