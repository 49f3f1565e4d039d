"""What the two upper rungs share: an encoder on a device, and heads over the unit's own tokens."""

import inspect
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.utils import logging as transformers_logging

from stance.classifiers.bases import FILES, WEIGHTS
from stance.errors import BROKEN, ModelError
from stance.files import heed_umask
from stance.statistics.arrays import IntArray


class Network(nn.Module):
    """An encoder with a linear head for each task."""

    def __init__(self, encoder: PreTrainedModel, classes: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.reads = what_it_reads(encoder)  # asked before an adapter hides it
        self.encoder: Any = encoder
        width = encoder.config.hidden_size
        self._tasks = tuple(classes)
        heads = {_head_name(task): nn.Linear(width, len(c)) for task, c in classes.items()}
        self.heads = nn.ModuleDict(heads)

    def forward(self, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return each task's logits, shape (n_units, n_classes)."""
        mean = unit_means(self.encoder, {name: batch[name] for name in self.reads}, batch["own"])
        heads = zip(self._tasks, self.heads.values(), strict=True)
        return {task: head(mean) for task, head in heads}

    def learned(self) -> dict[str, torch.Tensor]:
        """Return the weights that learn, by name."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}


def _head_name(task: str) -> str:
    """Return what a task's head is called: torch takes no dot, and none of its own words."""
    name = re.sub(r"[.%]", lambda found: f"%{ord(found[0]):x}", task)
    return f"%{ord(name[0]):x}{name[1:]}" if hasattr(nn.ModuleDict(), name) else name


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
            dtype=torch.float32,  # small updates would be lost in half precision
            output_loading_info=True,
        )
    except (*BROKEN, SafetensorError, RuntimeError, ImportError) as error:
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


def save_encoder(encoder: PreTrainedModel, base: Path, folder: Path) -> None:
    """Write an encoder that has learned, with the tokenizer of the base that it started from."""
    encoder.save_pretrained(folder)
    heed_umask(folder / WEIGHTS)
    for name in FILES:
        if name.startswith("tokenizer"):
            shutil.copyfile(base / name, folder / name)


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
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
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
    kind, _, number = name.partition(":")
    n_of_kind = torch.cuda.device_count() if kind == "cuda" else 1
    if name != "auto" and (kind not in here or number not in ("", *map(str, range(n_of_kind)))):
        raise ModelError(f"device {name!r} is not here; use one of: auto, {', '.join(here)}")
    return torch.device(here[0] if name == "auto" else name)


def cpu_has_bf16() -> bool:
    """Return whether this CPU multiplies bfloat16 matrices itself."""
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported", "_is_arm_bf16_supported")
    return any(getattr(torch.cpu, probe, lambda: False)() for probe in probes)


def layer_of(name: str, *, default: int) -> int:
    """Return the number of the layer that a weight or a module stands in, by its name."""
    found = re.search(r"\blayers?\.(\d+)\.", name)
    return int(found[1]) if found else default


def put_weights(network: Network, weights: Mapping[str, torch.Tensor], prefix: str = "") -> None:
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


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors as safetensors; the file takes its name when all is written.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, part)
    except SafetensorError as error:  # the library's name for a full disk
        raise ModelError(f"{path}: cannot be written: {error}") from None
    heed_umask(part)
    part.replace(path)
