"""The top rung: one encoder, fine-tuned, with a head for each task.

The head reads the mean of the last layer over the unit's own tokens, which have seen the context
and the target. Labels may be soft, and a unit may lack some tasks. A training that is killed goes
on from its last checkpoint, to the weights that it would have had.
"""

import copy
import hashlib
import inspect
import json
import math
import re
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.utils import logging as transformers_logging

from stance.classifiers.base import Progress, soft_labels
from stance.classifiers.baseline import BROKEN
from stance.classifiers.bases import FILES, Base, refuse_code, resolve_base
from stance.classifiers.inputs import Encoded, Inputs
from stance.classifiers.recipes import TransformerRecipe, recipe_of
from stance.errors import DataError, ModelError
from stance.files import write_whole
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray, IntArray

CHECKPOINT_SECONDS = 60.0  # what a kill may cost
HEADS = "heads.safetensors"
ADAPTER = "adapter_model.safetensors"


class Network(nn.Module):
    """An encoder with a linear head for each task."""

    def __init__(self, encoder: PreTrainedModel, classes: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.reads = what_it_reads(encoder)  # asked before an adapter hides it
        self.encoder: Any = encoder
        width = encoder.config.hidden_size
        self.heads = nn.ModuleDict({t: nn.Linear(width, len(c)) for t, c in classes.items()})

    def forward(self, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return each task's logits, shape (n_units, n_classes)."""
        mean = unit_means(self.encoder, {name: batch[name] for name in self.reads}, batch["own"])
        return {task: head(mean) for task, head in self.heads.items()}

    def learned(self) -> dict[str, torch.Tensor]:
        """Return the weights that learn, by name."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}


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
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._tasks = dict(classes)
        self.classes_ = dict(classes)
        self.target = target
        self.recipe = recipe or TransformerRecipe()
        self.device = pick_device(device)
        self.base: Base | None = None
        self._workspace, self._also, self._on_progress = workspace, also, on_progress
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
            also=self._also,
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
            If the base cannot be had, or a checkpoint is damaged.
        """
        lessons = [*examples, *self._also]
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
            with _telling(place / "done.safetensors") as tensors:
                _put(network, tensors)
            return self
        self._train(network, encoded, targets, place)
        if place is not None:
            _write_tensors(place / "done.safetensors", network.learned())
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

    def settings(self) -> dict[str, Any]:
        """Return what the card says of how it was made."""
        base = self.base
        found = {"weights of the base": base.weights_sha256} if base else {}
        return asdict(self.recipe) | found | {"units learned from beside": len(self._also)}

    def save(self, folder: Path) -> None:
        """Write a Hugging Face folder or a peft adapter, with our heads beside."""
        if self._network is None or self.base is None:
            raise DataError("this transformer is not fitted yet")
        network = self._network
        if self.recipe.lora_rank:
            network.encoder.peft_config["default"].base_model_name_or_path = self.base.name
            network.encoder.save_pretrained(folder, save_embedding_layers=False)
            # peft keeps the names of layers in a set: in order, so that a model has one hash.
            config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
            config["target_modules"].sort()
            write_whole(folder / "adapter_config.json", json.dumps(config, indent=1) + "\n")
        else:
            network.encoder.save_pretrained(folder)
            for name in FILES:
                if name.startswith("tokenizer"):
                    shutil.copyfile(self.base.folder / name, folder / name)
        _write_tensors(folder / HEADS, network.heads.state_dict())
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
                _put(network, learned, "encoder.")
            _put(network, {f"heads.{k}": v for k, v in load_file(folder / HEADS).items()}, "heads.")
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
            if isinstance(module, nn.Linear) and _layer_of(name, default=-1) >= lowest
        ]
        rank = self.recipe.lora_rank
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft 0.21 asks by an old name
            return get_peft_model(encoder, config)

    def _checkpoint(
        self, encoded: Sequence[Encoded], targets: Mapping[str, FloatArray]
    ) -> Path | None:
        """Return the folder of this very fit: what it learns, and how, is in its name."""
        if self._workspace is None or self.base is None:
            return None
        digest = hashlib.sha256(json.dumps(asdict(self.recipe)).encode())
        digest.update(self.base.weights_sha256.encode())
        for unit in encoded:
            digest.update(np.array([*unit.ids, *unit.own]).tobytes())
        for task, rows in targets.items():
            digest.update(task.encode() + rows.tobytes())
        place = self._workspace / digest.hexdigest()[:16]
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _train(
        self,
        network: Network,
        encoded: Sequence[Encoded],
        targets: Mapping[str, FloatArray],
        place: Path | None,
    ) -> None:
        recipe = self.recipe
        table = Dataset.from_list([asdict(unit) for unit in encoded])
        lengths = [len(unit) for unit in encoded]
        goals = {t: torch.tensor(rows, dtype=torch.float32) for t, rows in targets.items()}
        weights = {t: _class_weights(rows) for t, rows in goals.items()}
        optimizer = torch.optim.AdamW(_groups(network, recipe))
        first = _resume(place, network, optimizer) if place else 0
        started = saved = time.monotonic()
        losses: list[float] = []
        network.train()
        assert self._inputs is not None
        n_steps = math.ceil(recipe.epochs * math.ceil(len(lengths) / recipe.batch))
        for step, rows in _batches(lengths, recipe, first, n_steps):
            total = 0.0
            for start in range(0, len(rows), recipe.micro_batch):
                part = rows[start : start + recipe.micro_batch]
                units = [Encoded(**table[row]) for row in part]
                arrays = self._inputs.batch(units)
                with precision(self.device):
                    logits = network(to_device(arrays, self.device))
                loss = self._loss(logits, goals, weights, part, rows)
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            for group in optimizer.param_groups:
                group["lr"] = group["top_rate"] * _pace(step, n_steps, recipe)
            optimizer.step()
            optimizer.zero_grad()
            losses = [*losses[-49:], total]
            now = time.monotonic()
            self._on_progress(
                Progress(
                    step=step + 1,
                    n_steps=n_steps,
                    loss=float(np.mean(losses)),
                    seconds_left=(now - started) / (step + 1 - first) * (n_steps - step - 1),
                )
            )
            if place and now - saved > CHECKPOINT_SECONDS:
                _save_state(place, network, optimizer, step + 1)
                saved = time.monotonic()

    def _loss(
        self,
        logits: Mapping[str, torch.Tensor],
        goals: Mapping[str, torch.Tensor],
        weights: Mapping[str, torch.Tensor],
        part: Sequence[int],
        batch: Sequence[int],
    ) -> torch.Tensor:
        """Return a part's share of the mean weighted cross-entropy over a batch.

        The mean is over those units of the whole batch that have a label of the task.
        """
        total = torch.zeros((), device=self.device)
        for task, scores in logits.items():
            goal = goals[task][part].to(self.device)
            known = ~goal[:, 0].isnan()
            if known.any():
                n_known = int((~goals[task][batch, 0].isnan()).sum())
                smooth = self.recipe.smoothing
                goal = (1 - smooth) * goal[known] + smooth / goal.shape[1]
                goal = goal * weights[task].to(self.device)
                loss = -(goal * scores[known].float().log_softmax(1)).sum() / n_known
                total = total + loss * (1 if task == "stance" else self.recipe.side_tasks)
        return total


def load_encoder(folder: Path) -> PreTrainedModel:
    """Return the encoder in a folder, read from JSON and safetensors alone.

    Raises
    ------
    ModelError
        If a file is damaged, or the weights are not all there.
    """
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    encoder: PreTrainedModel
    try:
        encoder, found = AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (*BROKEN, SafetensorError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"{folder}: not an encoder that can be read: {reason}") from None
    # The library would throw dice for weights that are not there, and say so in its log alone.
    missing = [name for name in sorted(found["missing_keys"]) if not name.startswith("pooler.")]
    if missing:
        raise ModelError(f"{folder}: not a whole encoder: {missing[0]} is not among its weights")
    if not all(weights.isfinite().all() for weights in encoder.parameters()):
        raise ModelError(f"{folder}: its weights are not all numbers")
    if hasattr(encoder, "pooler"):
        encoder.pooler = None  # type: ignore[assignment]  # reads the first token only; we read the unit's own
    return encoder


def what_it_reads(encoder: PreTrainedModel) -> list[str]:
    """Return which arrays an encoder takes: some know no token types."""
    known = inspect.signature(encoder.forward).parameters
    return [n for n in ("input_ids", "attention_mask", "token_type_ids") if n in known]


def unit_means(
    encoder: PreTrainedModel, arrays: Mapping[str, torch.Tensor], own: torch.Tensor
) -> torch.Tensor:
    """Return the mean of the last layer over each unit's own tokens, shape (n_units, width)."""
    states: torch.Tensor = encoder(**arrays).last_hidden_state
    mask = own.unsqueeze(-1).to(states.dtype)
    return (states * mask).sum(1) / mask.sum(1).clamp(min=1)


def to_device(arrays: Mapping[str, IntArray], device: torch.device) -> dict[str, torch.Tensor]:
    """Return arrays as tensors on a device."""
    return {name: torch.from_numpy(rows).to(device) for name, rows in arrays.items()}


def precision(device: torch.device) -> torch.autocast:
    """Return half precision where the chip computes it: three times as fast on such a CPU."""
    kind = device.type if device.type in ("cpu", "cuda") else "cpu"
    return torch.autocast(kind, torch.bfloat16, enabled=has_bf16(device))


def has_bf16(device: torch.device) -> bool:
    """Return whether a device multiplies bfloat16 matrices itself."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and cpu_has_bf16()


def pick_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is the fastest that is here.

    Raises
    ------
    ModelError
        If it is not here.
    """
    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    if torch.cuda.is_available():
        here.insert(0, "cuda")
    if name != "auto" and name.split(":")[0] not in here:
        raise ModelError(f"device {name!r} is not here; use one of: auto, {', '.join(here)}")
    return torch.device(here[0] if name == "auto" else name)


def cpu_has_bf16() -> bool:
    """Return whether this CPU multiplies bfloat16 matrices itself."""
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported", "_is_arm_bf16_supported")
    return any(getattr(torch.cpu, probe, lambda: False)() for probe in probes)


def _batches(
    lengths: Sequence[int], recipe: TransformerRecipe, first: int, n_steps: int
) -> Iterator[tuple[int, list[int]]]:
    """Yield step and rows: shuffled anew each round, like lengths together."""
    rng = np.random.default_rng(recipe.seed)
    step = 0
    while True:
        order = rng.permutation(len(lengths))
        batches: list[list[int]] = []
        for pool in np.array_split(order, math.ceil(len(order) / (16 * recipe.batch))):
            rows = sorted(pool.tolist(), key=lengths.__getitem__)
            batches += [rows[i : i + recipe.batch] for i in range(0, len(rows), recipe.batch)]
        for i in rng.permutation(len(batches)):
            if step == n_steps:
                return
            if step >= first:
                yield step, batches[i]
            step += 1


def _groups(network: Network, recipe: TransformerRecipe) -> list[dict[str, Any]]:
    """Return the weights that learn, each with its rate: lower layers learn slower."""
    n_layers: int = network.encoder.config.num_hidden_layers
    groups = []
    for name, weights in network.learned().items():
        below = 0 if name.startswith("heads.") else n_layers - _layer_of(name, default=-1)
        decay = recipe.weight_decay if weights.ndim > 1 else 0.0
        rate = recipe.learning_rate * recipe.layer_decay**below
        groups.append({"params": [weights], "lr": rate, "top_rate": rate, "weight_decay": decay})
    return groups


def _pace(step: int, n_steps: int, recipe: TransformerRecipe) -> float:
    """Return a step's share of the full rate: it rises over the warm-up, then falls to 0."""
    rise = recipe.warm_up * n_steps
    return min((step + 1) / (rise + 1), (n_steps - step) / (n_steps - rise + 1e-9))


def _layer_of(name: str, *, default: int) -> int:
    """Return the number of the layer that a weight or a module stands in, by its name."""
    found = re.search(r"\blayers?\.(\d+)\.", name)
    return int(found[1]) if found else default


def _class_weights(goals: torch.Tensor) -> torch.Tensor:
    """Return a weight a label: the square root of how rare it is, 1 on average over the units."""
    shares = goals[~goals[:, 0].isnan()].mean(0).clamp(min=1e-3)
    weights = shares**-0.5
    return weights / (weights * shares).sum()


def _put(network: Network, weights: Mapping[str, torch.Tensor], prefix: str = "") -> None:
    """Set the weights that learn and whose names begin so; one that does not fit raises."""
    own = {name: p for name, p in network.learned().items() if name.startswith(prefix)}
    for name in own.keys() ^ weights.keys():
        raise ValueError(f"{name} is {'missing' if name in own else 'unknown'}")
    with torch.no_grad():
        for name, values in weights.items():
            if own[name].shape != values.shape:
                raise ValueError(f"{name} has shape {tuple(values.shape)}")
            if not values.isfinite().all():
                raise ValueError(f"{name} is not all numbers")
            own[name].copy_(values)


def _with_adapter(name: str) -> str:
    """Return a weight's name in the network, given its name in a saved adapter."""
    return re.sub(r"\.(lora_[AB])\.weight$", r".\1.default.weight", name)


def _write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], **words: str) -> None:
    part = path.with_suffix(".part")
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, part, metadata=words)
    part.replace(path)


def _save_state(place: Path, network: Network, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write all that the next step depends on: weights, the optimizer's memory, the dice."""
    tensors = {f"w.{name}": p for name, p in network.learned().items()}
    for i, memory in optimizer.state_dict()["state"].items():
        tensors |= {f"o.{i}.{name}": torch.as_tensor(value) for name, value in memory.items()}
    tensors["dice"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["dice.cuda"] = torch.cuda.get_rng_state()
    tensors["step"] = torch.tensor(step)
    _write_tensors(place / "state.safetensors", tensors)


def _resume(place: Path, network: Network, optimizer: torch.optim.Optimizer) -> int:
    """Put a checkpoint's state back, if there is one, and return the step to go on with."""
    path = place / "state.safetensors"
    if not path.is_file():
        return 0
    with _telling(path) as tensors:
        step = int(tensors["step"])
        _put(network, {n[2:]: values for n, values in tensors.items() if n.startswith("w.")})
        memory: dict[int, dict[str, torch.Tensor]] = {}
        for name, values in tensors.items():
            if name.startswith("o."):
                _, i, key = name.split(".")
                memory.setdefault(int(i), {})[key] = values
        optimizer.load_state_dict({**optimizer.state_dict(), "state": memory})
        torch.set_rng_state(tensors["dice"])
        if "dice.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["dice.cuda"].cpu())
    return step


@contextmanager
def _telling(path: Path) -> Iterator[dict[str, torch.Tensor]]:
    """Give the tensors of a checkpoint; what then does not fit is told with its path."""
    try:
        yield load_file(path)
    except (*BROKEN, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path}: a damaged checkpoint: {error}; delete it") from None
