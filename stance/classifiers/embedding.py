"""A frozen encoder with a logistic regression a task: no fine-tuning, minutes on any machine.

Of few labels, the encoder itself may learn first, for a moment: see `contrast`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from transformers import AutoConfig, PreTrainedModel

from stance.classifiers.base import label_codes
from stance.classifiers.bases import WEIGHTS, Base, described, refuse_code, resolve_base
from stance.classifiers.contrast import warm_start
from stance.classifiers.encoders import (
    load_encoder,
    pick_device,
    precision,
    save_encoder,
    to_device,
    unit_means,
    what_it_reads,
)
from stance.classifiers.inputs import Inputs
from stance.classifiers.linear import Weights, fit_tasks, softmax
from stance.errors import BROKEN, DataError, ModelError
from stance.files import write_whole
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray

MOST_KEPT = 20_000  # units whose vectors are kept, for a refit: 6 to 12 kB each


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRecipe:
    """How the embedding rung is made; every number is a choice of ours, written into its card."""

    base: str = "all-MiniLM-L6-v2"  # a folder, one of ours by name, or a name on the hub
    n_tokens: int = 128  # of context, target and unit together
    context: bool = True  # read the heading and the units before
    costs: tuple[float, ...] = (1.0, 10.0, 100.0)  # candidates for C, over vectors of length 1
    n_folds: int = 3  # over articles, to choose C
    seed: int = 7
    contrast_batches: int = 0  # of a contrastive warm start; 0: the encoder stays as it is
    contrast_units: int = 24  # units a batch, of which all pairs count
    contrast_rate: float = 3e-5  # at 1e-4, 24 labels left it worse than it was


def few_shot_recipe() -> EmbeddingRecipe:
    """Return the recipe for fewer than 200 labels: the encoder learns first.

    C is not chosen: the vectors of units that the encoder has learned from part them too well.
    """
    return EmbeddingRecipe(contrast_batches=20, costs=(1.0,))


class Embedding:
    """Logistic regression on two vectors a unit: as it is read in its context, and by itself."""

    also: Sequence[LabeledUnit] = ()  # it learns from nothing beside

    def __init__(
        self,
        classes: Mapping[str, tuple[str, ...]],
        target: str,
        recipe: EmbeddingRecipe | None = None,
        *,
        device: str = "auto",
        cache: dict[Unit, FloatArray] | None = None,
    ) -> None:
        self._tasks = dict(classes)
        self.classes_ = dict(classes)
        self.target = target
        self.recipe = recipe or EmbeddingRecipe()
        self.device = pick_device(device)
        self.cost_: dict[str, float] = {}
        self.base: Base | None = None
        # Where the encoder never learns, whoever is fitted on the same units need not read them
        # again.
        self._cache: dict[Unit, FloatArray] = {} if cache is None else cache
        self._encoder: PreTrainedModel | None = None  # one that has learned
        self._weights: dict[str, Weights] = {}

    def fresh(self) -> "Embedding":
        """Return an unfitted classifier of the same recipe, which knows the same vectors.

        But for the vectors of an encoder that has learned: those are of its lessons.
        """
        cache = None if self.recipe.contrast_batches else self._cache
        return Embedding(
            self._tasks, self.target, self.recipe, device=str(self.device), cache=cache
        )

    def fit(self, examples: Sequence[LabeledUnit]) -> "Embedding":
        """Learn from labeled units; C is chosen for each task by macro-F1 over held-out articles.

        With a warm start, the encoder first learns from the first task that has two labels.

        Raises
        ------
        DataError
            If no task has labels of two kinds, from two articles.
        """
        if not examples:
            raise DataError("nothing to learn from: no units")
        if self.recipe.contrast_batches:
            self._encoder, self._cache = self._warm_started(examples), {}
        features = self._vectors([example.unit for example in examples])
        found = fit_tasks(
            features,
            examples,
            self._tasks,
            costs=self.recipe.costs,
            n_folds=self.recipe.n_folds,
            seed=self.recipe.seed,
        )
        self.classes_ = {task: self._tasks[task] for task in found}
        self.cost_ = {task: cost for task, (cost, _) in found.items()}
        self._weights = {task: weights for task, (_, weights) in found.items()}
        return self

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return task -> probabilities of shape (n_units, n_classes), each row summing to 1."""
        features = self._vectors(units)
        return {
            task: softmax(features @ weights.T + bias)
            for task, (weights, bias) in self._weights.items()
        }

    def settings(self) -> dict[str, Any]:
        """Return what the card says of how it was made."""
        # Where all units were read before it was made, it has not met its encoder yet.
        self.base = self.base or resolve_base(self.recipe.base)
        return asdict(self.recipe) | described(self.base) | {"chosen C": self.cost_}

    def save(self, folder: Path) -> None:
        """Write the weights, and the encoder if it has learned; else its name: it stays there."""
        if not self._weights:
            raise DataError("this classifier is not fitted yet")
        self.base = self.base or resolve_base(self.recipe.base)  # as in `settings`
        arrays = {}
        for task, (weights, bias) in self._weights.items():
            arrays[f"weights.{task}"] = np.ascontiguousarray(weights, dtype=np.float32)
            arrays[f"bias.{task}"] = bias.astype(np.float32)
        if self.recipe.contrast_batches:
            encoder = self._encoder or load_encoder(self.base.folder)
            save_encoder(encoder, self.base.folder, folder)
        write_whole(folder / _heads(self.recipe), save(arrays))
        description = {
            "recipe": asdict(self.recipe) | {"base": self.base.name},
            "classes": self.classes_,
            "cost": self.cost_,
            "target": self.target,
            "base_sha256": self.base.weights_sha256,
        }
        write_whole(folder / "model.json", json.dumps(description, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path, *, device: str = "auto") -> "Embedding":
        """Return the model saved in a folder; its encoder is fetched if it is not here.

        Raises
        ------
        ModelError
            If a file is missing, damaged or does not fit the others, or the encoder cannot be had.
        """
        try:
            description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            options = description["recipe"] | {"costs": tuple(description["recipe"]["costs"])}
            classes = {task: tuple(names) for task, names in description["classes"].items()}
            target = str(description["target"])
            model = cls(classes, target, EmbeddingRecipe(**options), device=device)
            wanted = str(description["base_sha256"])
            if model.recipe.contrast_batches:
                model.base = Base(name=model.recipe.base, folder=folder, weights_sha256=wanted)
                refuse_code(folder)
            else:
                model.base = resolve_base(model.recipe.base, wanted_sha256=wanted)
            config = AutoConfig.from_pretrained(model.base.folder, local_files_only=True)
            arrays = load_file(folder / _heads(model.recipe))
            for task, names in classes.items():
                weights = arrays[f"weights.{task}"].astype(float)
                bias = arrays[f"bias.{task}"].astype(float)
                shape = (len(names), 2 * config.hidden_size)
                if weights.shape != shape or bias.shape != shape[:1]:
                    raise ModelError(f"{folder}: the weights of {task} do not fit its labels")
                # A bias of minus infinity rules out a label that was never seen.
                if not np.isfinite(weights).all() or not (bias < np.inf).all():
                    raise ModelError(f"{folder}: the weights of {task} are not all numbers")
                model._weights[task] = (weights, bias)
        except (*BROKEN, SafetensorError) as error:
            raise ModelError(f"{folder}: not a whole embedding model: {error!r}") from None
        return model

    def _vectors(self, units: Sequence[Unit]) -> FloatArray:
        """Return each unit's vectors side by side, each of length 1."""
        found: dict[Unit, FloatArray] = {}
        new = list(dict.fromkeys(unit for unit in units if unit not in self._cache))
        if new:
            self.base = self.base or resolve_base(self.recipe.base)
            encoder = self._encoder or load_encoder(self.base.folder)
            encoder.train(False)
            encoder.to(self.device)  # type: ignore[arg-type]  # a decorator hides its self
            parts = []
            for context in (self.recipe.context, False):
                inputs = self._inputs(self.base, context=context)
                rows = np.zeros((len(new), encoder.config.hidden_size))
                with torch.inference_mode(), precision(self.device):
                    for places, arrays in inputs.batches(new):
                        tensors = to_device(arrays, self.device)
                        reads = {name: tensors[name] for name in what_it_reads(encoder)}
                        means = unit_means(encoder, reads, tensors["own"])
                        rows[places] = means.float().cpu().numpy()
                # A unit of signs that the tokenizer drops has no vector: it stays 0.
                lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
                parts.append(rows / lengths)
            found = dict(zip(new, np.hstack(parts), strict=True))
        vectors = [found[unit] if unit in found else self._cache[unit] for unit in units]
        if len(self._cache) < MOST_KEPT:
            self._cache.update(found)
        return np.stack(vectors)

    def _inputs(self, base: Base, *, context: bool) -> Inputs:
        return Inputs(
            base.folder / "tokenizer.json",
            target=self.target,
            n_tokens=self.recipe.n_tokens,
            context=context,
        )

    def _warm_started(self, examples: Sequence[LabeledUnit]) -> PreTrainedModel:
        """Return the base, which has learned for a moment from the first task with two labels."""
        by_task = (label_codes(examples, task, names) for task, names in self._tasks.items())
        codes = next((found for found in by_task if len(set(found[found >= 0])) > 1), None)
        if codes is None:
            raise DataError("nothing to learn: no task has units of two labels or more")
        base = self.base = resolve_base(self.recipe.base)
        encoder = load_encoder(base.folder)
        encoder.to(self.device)  # type: ignore[arg-type]  # a decorator hides its self
        warm_start(
            encoder,
            self._inputs(base, context=False),  # units by themselves: under half of the tokens
            [example.unit for example in examples],
            codes,
            n_batches=self.recipe.contrast_batches,
            n_units=self.recipe.contrast_units,
            learning_rate=self.recipe.contrast_rate,
            seed=self.recipe.seed,
            device=self.device,
        )
        return encoder


def _heads(recipe: EmbeddingRecipe) -> str:
    """Return the file of the logistic regressions: an encoder's own takes the usual name."""
    return "heads.safetensors" if recipe.contrast_batches else WEIGHTS
