"""An exported transformer: ONNX Runtime and the tokenizer's file, no torch.

The graph takes what `inputs.Inputs.batch` gives and returns one array of logits a task.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stance.classifiers.inputs import Inputs
from stance.errors import BROKEN, ModelError
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray, IntArray

GRAPH = "model.onnx"


class Exported:
    """A transformer that was trained elsewhere, ready to classify; it cannot be trained here."""

    also: Sequence[LabeledUnit] = ()  # what it was exported from may have learned from some

    def __init__(
        self,
        classes: Mapping[str, tuple[str, ...]],
        inputs: Inputs,
        session: Any,  # noqa: ANN401
        *,
        quantized: bool,
    ) -> None:
        self.classes_ = dict(classes)
        self._inputs, self._session, self._quantized = inputs, session, quantized
        self._reads = [entry.name for entry in session.get_inputs()]

    def fresh(self) -> "Exported":
        """Refuse: there is no recipe to start anew from."""
        raise ModelError(
            "an exported model cannot be trained anew, so it cannot be held out from articles that "
            "it learned from; evaluate the model that it was exported from"
        )

    def fit(self, examples: Sequence[LabeledUnit]) -> "Exported":
        """Refuse: an exported graph does not learn."""
        return self.fresh()

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return task -> probabilities of shape (n_units, n_classes), each row summing to 1."""
        rows = {task: np.zeros((len(units), len(names))) for task, names in self.classes_.items()}
        for places, arrays in self._batches(units):
            logits = self._session.run(list(rows), {name: arrays[name] for name in self._reads})
            for table, scores in zip(rows.values(), logits, strict=True):
                powers = np.exp(scores.astype(float) - scores.max(axis=1, keepdims=True))
                table[places] = powers / powers.sum(axis=1, keepdims=True)
        return rows

    def _batches(self, units: Sequence[Unit]) -> Iterator[tuple[list[int], Mapping[str, IntArray]]]:
        """Yield places of units and their arrays; of a graph of 8 bits a unit at a time.

        There activations are scaled by the largest of a batch, so that a unit's label would hang on
        what else is classified with it: of 1,078 units, 19 had another label in other batches. One
        by one takes 1.2 to 1.4 times as long.
        """
        if not self._quantized:
            yield from self._inputs.batches(units)
            return
        for place, encoded in enumerate(self._inputs.encode(units)):
            yield [place], self._inputs.batch([encoded])

    @classmethod
    def load(cls, folder: Path) -> "Exported":
        """Return the model exported to a folder.

        Raises
        ------
        ModelError
            If a file is missing, damaged, or does not fit the others.
        """
        import onnxruntime

        try:
            description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            classes = {task: tuple(names) for task, names in description["classes"].items()}
            inputs = Inputs(
                folder / "tokenizer.json",
                target=str(description["target"]),
                n_tokens=int(description["recipe"]["n_tokens"]),
                context=bool(description["recipe"]["context"]),
            )
            session = onnxruntime.InferenceSession(
                str(folder / GRAPH), session_options(), providers=["CPUExecutionProvider"]
            )
            gives = {entry.name: entry.shape[-1] for entry in session.get_outputs()}
            if gives != {task: len(names) for task, names in classes.items()}:
                raise ModelError(f"{folder}: {GRAPH} gives other tasks or labels than model.json")
            model = cls(classes, inputs, session, quantized=bool(description["quantized"]))
            unknown = sorted(set(model._reads) - inputs.batch([]).keys())
            if unknown:
                raise ModelError(f"{folder}: {GRAPH} reads {unknown[0]}, which no unit has")
            return model
        except ModelError:
            raise
        except Exception as error:  # the runtime raises errors of its own families
            if not isinstance(error, BROKEN) and "onnxruntime" not in type(error).__module__:
                raise
            raise ModelError(f"{folder}: not a whole exported model: {error}") from None


def session_options() -> Any:  # noqa: ANN401  onnxruntime's own class
    """Return how ONNX Runtime runs here: silently, on as many threads as torch would take.

    That is `OMP_NUM_THREADS` where it is set, else the cores that this process may use.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal():
        options.intra_op_num_threads = int(asked)
    elif hasattr(os, "sched_getaffinity"):
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    return options
