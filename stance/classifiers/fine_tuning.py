"""The training loop: batches, rates, loss, and checkpoints from which a killed training goes on."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from stance.classifiers.base import Progress
from stance.classifiers.encoders import (
    Network,
    layer_of,
    precision,
    put_weights,
    to_device,
    write_tensors,
)
from stance.classifiers.inputs import Encoded, Inputs
from stance.classifiers.recipes import TransformerRecipe
from stance.errors import BROKEN, ModelError
from stance.statistics.arrays import FloatArray

CHECKPOINT_SECONDS = 60.0  # what a kill may cost


def fine_tune(
    network: Network,
    inputs: Inputs,
    encoded: Sequence[Encoded],
    targets: Mapping[str, FloatArray],
    recipe: TransformerRecipe,
    *,
    device: torch.device,
    place: Path | None,
    on_progress: Callable[[Progress], None],
) -> None:
    """Let a network learn, from the checkpoint in `place` on if there is one.

    Parameters
    ----------
    encoded : n units
    targets
        Task -> weights over the labels, shape (n, n_classes); nan where a unit has no such label.

    Raises
    ------
    ModelError
        If the checkpoint is damaged.
    """
    table = Dataset.from_list([asdict(unit) for unit in encoded])
    lengths = [len(unit) for unit in encoded]
    goals = {t: torch.tensor(rows, dtype=torch.float32) for t, rows in targets.items()}
    weights = {t: _label_weights(rows) for t, rows in goals.items()}
    optimizer = torch.optim.AdamW(_groups(network, recipe), fused=True)  # a seventh less a step
    first = _resume(place, network, optimizer, device) if place else 0
    started = saved = time.monotonic()
    losses: list[float] = []
    network.train()
    n_steps = math.ceil(recipe.epochs * sum(_n_batches(len(lengths), recipe.batch)))
    for step, rows in _batches(lengths, recipe, first, n_steps):
        total = 0.0
        for start in range(0, len(rows), recipe.micro_batch):
            part = rows[start : start + recipe.micro_batch]
            units = [Encoded(**table[row]) for row in part]
            arrays = inputs.batch(units)
            with precision(device):
                logits = network(to_device(arrays, device))
            loss = _loss(logits, goals, weights, part, rows, recipe)
            if loss.requires_grad:  # some unit of this part has a label
                loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = group["top_rate"] * _pace(step, n_steps, recipe)
        optimizer.step()
        optimizer.zero_grad()
        losses = [*losses[-49:], total]
        now = time.monotonic()
        on_progress(
            Progress(
                step=step + 1,
                n_steps=n_steps,
                loss=float(np.mean(losses)),
                seconds_left=(now - started) / (step + 1 - first) * (n_steps - step - 1),
            )
        )
        if place and now - saved > CHECKPOINT_SECONDS:
            _save_state(place, network, optimizer, device, step + 1)
            saved = time.monotonic()


def _loss(
    logits: Mapping[str, torch.Tensor],
    goals: Mapping[str, torch.Tensor],
    weights: Mapping[str, torch.Tensor],
    part: Sequence[int],
    batch: Sequence[int],
    recipe: TransformerRecipe,
) -> torch.Tensor:
    """Return a part's share of the mean weighted cross-entropy over a batch.

    The mean is over those units of the whole batch that have a label of the task. A unit weighs
    what its labels weigh; smoothing spreads over the labels that occur, and is not weighted, so
    that what is rare is not taught to every unit.
    """
    total = torch.zeros((), device=next(iter(logits.values())).device)
    for task, scores in logits.items():
        goal = goals[task][part].to(scores.device)
        known = ~goal[:, 0].isnan()
        if known.any():
            n_known = int((~goals[task][batch, 0].isnan()).sum())
            of_label = weights[task].to(scores.device)
            occurs = (of_label > 0).float()
            smooth = recipe.smoothing
            smoothed = (1 - smooth) * goal[known] + smooth * occurs / occurs.sum()
            losses = -(smoothed * scores[known].float().log_softmax(1)).sum(1)
            loss = (goal[known] @ of_label * losses).sum() / n_known
            total = total + loss * (1 if task == "stance" else recipe.side_tasks)
    return total


def _batches(
    lengths: Sequence[int], recipe: TransformerRecipe, first: int, n_steps: int
) -> Iterator[tuple[int, list[int]]]:
    """Yield step and rows: shuffled anew each round, like lengths together."""
    rng = np.random.default_rng(recipe.seed)
    step = 0
    while True:
        order = rng.permutation(len(lengths))
        batches: list[list[int]] = []
        n_batches = _n_batches(len(order), recipe.batch)
        for pool, n in zip(np.array_split(order, len(n_batches)), n_batches, strict=True):
            rows = np.array(sorted(pool.tolist(), key=lengths.__getitem__))
            batches += [part.tolist() for part in np.array_split(rows, n)]
        for i in rng.permutation(len(batches)):
            if step == n_steps:
                return
            if step >= first:
                yield step, batches[i]
            step += 1


def _n_batches(n_units: int, batch: int) -> list[int]:
    """Return how many batches each pool of a round is cut into, as even as can be."""
    n_pools = math.ceil(n_units / (16 * batch))
    return [math.ceil(len(pool) / batch) for pool in np.array_split(np.arange(n_units), n_pools)]


def _groups(network: Network, recipe: TransformerRecipe) -> list[dict[str, Any]]:
    """Return the weights that learn, each with its rate: lower layers learn slower."""
    n_layers: int = network.encoder.config.num_hidden_layers
    groups = []
    for name, weights in network.learned().items():
        below = 0 if name.startswith("heads.") else n_layers - layer_of(name, default=-1)
        decay = recipe.weight_decay if weights.ndim > 1 else 0.0
        rate = recipe.learning_rate * recipe.layer_decay**below
        groups.append({"params": [weights], "lr": rate, "top_rate": rate, "weight_decay": decay})
    return groups


def _pace(step: int, n_steps: int, recipe: TransformerRecipe) -> float:
    """Return a step's share of the full rate: it rises over the warm-up, then falls to 0."""
    rise = recipe.warm_up * n_steps
    return min((step + 1) / (rise + 1), (n_steps - step) / (n_steps - rise + 1e-9))


def _label_weights(goals: torch.Tensor) -> torch.Tensor:
    """Return a weight a label: the square root of how rare it is, 1 on average over the units.

    0 for a label that does not occur.
    """
    shares = goals[~goals[:, 0].isnan()].mean(0)
    weights = shares.clamp(min=1e-3) ** -0.5 * (shares > 0)
    return weights / (weights * shares).sum()


def _save_state(
    place: Path,
    network: Network,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
    step: int,
) -> None:
    """Write all that the next step depends on: weights, the optimizer's memory, the dice."""
    tensors = {f"w.{name}": p for name, p in network.learned().items()}
    for i, memory in optimizer.state_dict()["state"].items():
        tensors |= {f"o.{i}.{name}": torch.as_tensor(value) for name, value in memory.items()}
    tensors["dice"] = torch.get_rng_state()
    if device.type == "cuda":
        tensors["dice.device"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        tensors["dice.device"] = torch.mps.get_rng_state()
    tensors["step"] = torch.tensor(step)
    write_tensors(place / "state.safetensors", tensors)


def _resume(
    place: Path, network: Network, optimizer: torch.optim.Optimizer, device: torch.device
) -> int:
    """Put a checkpoint's state back, if there is one, and return the step to go on with."""
    path = place / "state.safetensors"
    if not path.is_file():
        return 0
    with reading_checkpoint(path) as tensors:
        step = int(tensors["step"])
        put_weights(network, {n[2:]: values for n, values in tensors.items() if n.startswith("w.")})
        memory: dict[int, dict[str, torch.Tensor]] = {}
        for name, values in tensors.items():
            if name.startswith("o."):
                _, i, key = name.split(".")
                memory.setdefault(int(i), {})[key] = values
        optimizer.load_state_dict({**optimizer.state_dict(), "state": memory})
        torch.set_rng_state(tensors["dice"])
        if "dice.device" in tensors and device.type == "cuda":
            torch.cuda.set_rng_state(tensors["dice.device"], device)
        if "dice.device" in tensors and device.type == "mps":
            torch.mps.set_rng_state(tensors["dice.device"])
    return step


def drop_checkpoints(workspace: Path) -> None:
    """Take out the checkpoints of a folder, and the folder if nothing else is in it."""
    for place in workspace.glob("[0-9a-f]" * 16):
        shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):
        workspace.rmdir()


@contextmanager
def reading_checkpoint(path: Path) -> Iterator[dict[str, torch.Tensor]]:
    """Give the tensors of a checkpoint; what then does not fit is told with its path."""
    try:
        yield load_file(path)
    except (*BROKEN, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path}: a damaged checkpoint: {error}; delete it") from None
