"""The top rung: one encoder, fine-tuned, with a head for each task.

The head reads the mean of the last layer over the unit's own tokens, which have seen the context
and the target. Labels may be soft, and a unit may lack some tasks. A training that is killed goes
on from its last checkpoint, to the weights that it would have had.
"""

import copy
import hashlib
import inspect
import json
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedModel

from stance.classifiers import encoders, fine_tuning
from stance.classifiers.base import Progress, soft_labels
from stance.classifiers.bases import Base, described, hub_name, refuse_code, resolve_base
from stance.classifiers.encoders import (
    Network,
    has_bf16,
    layer_of,
    load_encoder,
    pick_device,
    precision,
    put_weights,
    save_encoder,
    to_device,
    write_tensors,
)
from stance.classifiers.inputs import Encoded, Inputs
from stance.classifiers.other_targets import other_target_lessons
from stance.classifiers.recipes import TransformerRecipe, recipe_of
from stance.errors import BROKEN, DataError, ModelError
from stance.files import heed_umask, write_whole
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray

HEADS = "heads.safetensors"
ADAPTER = "adapter_model.safetensors"


class Transformer:
    """A fine-tuned encoder.

    Parameters
    ----------
    classes
        Task -> labels, in the codebook's order.
    target
        What stance is toward, where a unit names no target of its own.
    device
        "auto" takes CUDA, else Apple's MPS, else the CPU.
    workspace
        A folder for checkpoints: a fit of the same data and recipe goes on, or is done, from there.
    also
        Units that every fit learns from beside its examples: minimal pairs, units that a teacher
        judged. They must not be copies of what the model is measured on.
    neutral
        The stance of a unit toward what it is not about, for recipes with other targets.
    """

    def __init__(
        self,
        classes: Mapping[str, tuple[str, ...]],
        target: str,
        recipe: TransformerRecipe | None = None,
        *,
        device: str = "auto",
        workspace: Path | None = None,
        also: Sequence[LabeledUnit] = (),
        neutral: str | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._tasks = dict(classes)
        self.classes_ = dict(classes)
        self.target = target
        self.recipe = recipe or TransformerRecipe()
        self.device = pick_device(device)
        self.base: Base | None = None
        self._workspace, self.also, self._on_progress = workspace, also, on_progress
        self._neutral = neutral
        self._network: Network | None = None
        self._inputs: Inputs | None = None
        self._home: Path | None = None  # where the encoder and its tokenizer were read from

    def fresh(self) -> "Transformer":
        """Return an unfitted classifier of the same recipe."""
        return Transformer(
            self._tasks,
            self.target,
            self.recipe,
            device=str(self.device),
            workspace=self._workspace,
            also=self.also,
            neutral=self._neutral,
            on_progress=self._on_progress,
        )

    def fit(self, examples: Sequence[LabeledUnit]) -> "Transformer":
        """Fine-tune the base on labeled units; a unit without a task's label skips that task.

        What stands beside the units adds to their tasks, and no task of its own: such a one could
        not be measured.

        Raises
        ------
        DataError
            If no task has two labels among the units.
        ModelError
            If the base cannot be had, a checkpoint is damaged, or the recipe asks for other targets
            and no stance is neutral.
        """
        # Here, since it brings `datasets`: a second that predictions do without.
        from stance.classifiers.fine_tuning import fine_tune, reading_checkpoint

        lessons = [*examples, *self.also, *self._with_other_targets(examples)]
        self.classes_ = {
            task: names
            for task, names in self._tasks.items()
            if len({e.labels[task] for e in examples if task in e.labels}) > 1
        }
        if not self.classes_:
            raise DataError("nothing to learn: no task has units of two labels or more")
        self.base = resolve_base(self.recipe.base)
        self._home = self.base.folder
        inputs = self._inputs = self._new_inputs(self._home)
        encoded = inputs.encode([e.unit for e in lessons])
        targets = {t: soft_labels(lessons, t, names) for t, names in self.classes_.items()}
        torch.manual_seed(self.recipe.seed)
        network = self._network = self._new_network(self._home).to(self.device)
        place = self._checkpoint(encoded, targets)
        if place is not None and (place / "done.safetensors").is_file():
            with reading_checkpoint(place / "done.safetensors") as tensors:
                put_weights(network, tensors)
            return self
        fine_tune(
            network,
            inputs,
            encoded,
            targets,
            self.recipe,
            device=self.device,
            place=place,
            on_progress=self._on_progress,
        )
        if place is not None:
            write_tensors(place / "done.safetensors", network.learned())
            (place / "state.safetensors").unlink(missing_ok=True)
        return self

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return task -> probabilities of shape (n_units, n_classes), each row summing to 1."""
        if self._network is None or self._inputs is None:
            raise DataError("this transformer is not fitted yet")
        network = self._network.eval()
        rows = {t: np.zeros((len(units), len(c))) for t, c in self.classes_.items()}
        with torch.inference_mode(), precision(self.device):
            for places, arrays in self._inputs.batches(units):
                for task, logits in network(to_device(arrays, self.device)).items():
                    rows[task][places] = logits.float().softmax(1).cpu().numpy()
        return {task: table / table.sum(axis=1, keepdims=True) for task, table in rows.items()}

    @property
    def made_by(self) -> str:
        """A hash of the training loop's own lines, the kind of device and the base's weights."""
        try:
            lines = "".join(inspect.getsource(module) for module in (fine_tuning, encoders))
        except OSError:  # installed without sources
            lines = version("stance")
        base = self.base or resolve_base(self.recipe.base)
        words = f"{lines}{self.device.type}{base.weights_sha256}"
        return hashlib.sha256(words.encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """Return what the card says of how it was made."""
        base = self.base
        found = described(base) if base else {}
        return asdict(self.recipe) | found | {"units learned from beside": len(self.also)}

    def save(self, folder: Path) -> None:
        """Write a Hugging Face folder or a peft adapter, with our heads beside."""
        if self._network is None or self.base is None:
            raise DataError("this transformer is not fitted yet")
        network = self._network
        if self.recipe.lora_rank:
            network.encoder.peft_config["default"].base_model_name_or_path = hub_name(self.base)
            network.encoder.save_pretrained(folder, save_embedding_layers=False)
            # peft keeps the names of layers in a set: in order, so that a model has one hash.
            config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
            config["target_modules"].sort()
            write_whole(folder / "adapter_config.json", json.dumps(config, indent=1) + "\n")
            heed_umask(folder / ADAPTER)
        else:
            save_encoder(network.encoder, self.base.folder, folder)
        write_tensors(folder / HEADS, network.heads.state_dict())
        description = {
            "recipe": asdict(self.recipe) | {"base": self.base.name},
            "classes": self.classes_,
            "target": self.target,
            "base_sha256": self.base.weights_sha256,
        }
        write_whole(folder / "model.json", json.dumps(description, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path, *, device: str = "auto") -> "Transformer":
        """Return the model saved in a folder; an adapter's base is fetched if it is not here.

        Raises
        ------
        ModelError
            If a file is missing, damaged or does not fit the others, or the base cannot be had.
        """
        try:
            description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            recipe = recipe_of(description["recipe"], str(folder / "model.json"))
            classes = {task: tuple(names) for task, names in description["classes"].items()}
            model = cls(classes, str(description["target"]), recipe, device=device)
            wanted = str(description["base_sha256"])
            if recipe.lora_rank:
                model.base = resolve_base(recipe.base, wanted_sha256=wanted)
                home = model._home = model.base.folder
            else:
                model.base = Base(name=recipe.base, folder=folder, weights_sha256=wanted)
                home = model._home = folder
                refuse_code(folder)
            model._inputs = model._new_inputs(home)
            network = model._new_network(home)
            if recipe.lora_rank:
                # peft's own loader would read pickles too; this one cannot.
                learned = {f"encoder.{k}": v for k, v in load_file(folder / ADAPTER).items()}
                learned = {_with_adapter(name): v.float() for name, v in learned.items()}
                put_weights(network, learned, "encoder.")
            put_weights(
                network, {f"heads.{k}": v for k, v in load_file(folder / HEADS).items()}, "heads."
            )
            model._network = network.to(model.device)
        except (*BROKEN, SafetensorError, RuntimeError) as error:
            raise ModelError(f"{folder}: not a whole transformer: {error!r}") from None
        return model

    def for_export(self) -> tuple[Network, Inputs, Path]:
        """Return the network for one forward pass on the CPU, its inputs and its tokenizer's file.

        Raises
        ------
        DataError
            If it is not fitted.
        """
        if self._network is None or self._inputs is None or self._home is None:
            raise DataError("this transformer is not fitted yet")
        network = copy.deepcopy(self._network).cpu().float().eval()
        if self.recipe.lora_rank:
            network.encoder = network.encoder.merge_and_unload()
        network.encoder.set_attn_implementation("eager")  # the one that a graph can hold
        return network, self._inputs, self._home / "tokenizer.json"

    def _with_other_targets(self, examples: Sequence[LabeledUnit]) -> list[LabeledUnit]:
        """Return lessons in reading the target, made of what this fit learns from and no more."""
        share = self.recipe.other_targets
        if not share:
            return []
        if self._neutral is None:
            raise ModelError(
                "the recipe's other_targets wants a stance that is neutral: the codebook has no "
                "stance of score 0"
            )
        return other_target_lessons(
            examples, target=self.target, neutral=self._neutral, share=share, seed=self.recipe.seed
        )

    def _new_inputs(self, folder: Path) -> Inputs:
        return Inputs(
            folder / "tokenizer.json",
            target=self.target,
            n_tokens=self.recipe.n_tokens,
            context=self.recipe.context,
        )

    def _new_network(self, folder: Path) -> Network:
        encoder = load_encoder(folder)
        network = Network(encoder, self.classes_)
        if self.recipe.lora_rank:
            network.encoder = self._with_adapter(encoder)
        return network

    def _with_adapter(self, encoder: PreTrainedModel) -> Any:  # noqa: ANN401  peft's own class
        """Return an encoder whose upper layers learn low-rank additions and whose rest is still.

        What is still is kept in half precision and without dropout where the chip computes it:
        with half the layers, a step takes two fifths of the time of one that learns everything.
        """
        from peft import LoraConfig, get_peft_model

        if has_bf16(self.device):
            encoder.to(torch.bfloat16)  # type: ignore[arg-type]  # a decorator hides its self
        for module in encoder.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        lowest = encoder.config.num_hidden_layers - self.recipe.lora_layers
        names = [
            name
            for name, module in encoder.named_modules()
            if isinstance(module, nn.Linear) and layer_of(name, default=-1) >= lowest
        ]
        rank = self.recipe.lora_rank
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft 0.21 asks by an old name
            return get_peft_model(encoder, config)

    def _checkpoint(
        self, encoded: Sequence[Encoded], targets: Mapping[str, FloatArray]
    ) -> Path | None:
        """Return the folder of this very fit: what it learns, how and where is in its name.

        The base and the lines of the loop are in it too: what another has kept is not taken up.
        """
        if self._workspace is None or self.base is None:
            return None
        digest = hashlib.sha256(json.dumps(asdict(self.recipe)).encode())
        digest.update(self.made_by.encode())
        for unit in encoded:
            digest.update(np.array([*unit.ids, *unit.own]).tobytes())
        for task, rows in targets.items():
            digest.update(task.encode() + rows.tobytes())
        place = self._workspace / digest.hexdigest()[:16]
        place.mkdir(parents=True, exist_ok=True)
        return place


def _with_adapter(name: str) -> str:
    """Return a weight's name in the network, given its name in a saved adapter."""
    return re.sub(r"\.(lora_[AB])\.weight$", r".\1.default.weight", name)
