"""One fine-tuned encoder, for learning curves: a head a task over the mean of the last layer.

Needs torch (`pip install -c constraints.txt -e '.[torch]'`). The base is a folder or a hub name.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from stance.classifiers.base import label_codes
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray

# Small encoders want a high rate; short trainings on few examples are unstable, so ten epochs and
# a warm-up (Zhang et al. 2020, "Revisiting Few-sample BERT Fine-tuning").
LEARNING_RATE = 1e-4
EPOCHS = 10
STEPS = 400  # enough, however many units: then fewer epochs, three at least
WARM_UP = 0.1
BATCH = 32
TOKENS = 128  # context is cut from the left to fit; the unit never is
SIDE_TASKS = 0.5  # weight of the loss of every task but stance


class FineTuned(nn.Module):
    """An encoder with a head for each task."""

    def __init__(self, base: str, classes: Mapping[str, tuple[str, ...]], target: str) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(base, truncation_side="left")
        self.encoder = AutoModel.from_pretrained(base)
        width = self.encoder.config.hidden_size
        self.heads = nn.ModuleDict(
            {task: nn.Linear(width, len(names)) for task, names in classes.items()}
        )
        self.classes, self.target = dict(classes), target

    def forward(self, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the logits of each task, shape (n, n_classes)."""
        states = self.encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        mean = (states * mask).sum(1) / mask.sum(1)
        return {task: head(mean) for task, head in self.heads.items()}

    def tokens(self, units: Sequence[Unit]) -> dict[str, torch.Tensor]:
        """Return what an annotator reads: the target, the context, and the unit."""
        contexts = [
            " ".join([f"{self.target}:", unit.heading or "", *unit.before, unit.lead_in or ""])
            for unit in units
        ]
        pairs = self.tokenizer(
            contexts,
            [unit.text for unit in units],
            truncation="only_first",
            max_length=TOKENS,
            padding=True,
            return_tensors="pt",
        )
        return dict(pairs)


def fine_tune(
    examples: Sequence[LabeledUnit],
    *,
    base: str,
    classes: Mapping[str, tuple[str, ...]],
    target: str,
    seed: int,
) -> FineTuned:
    """Return an encoder fine-tuned on units with settled labels."""
    torch.manual_seed(seed)
    model = FineTuned(base, classes, target)
    codes = {t: torch.tensor(label_codes(examples, t, names)) for t, names in classes.items()}
    weights = {t: _weights(codes[t], len(names)) for t, names in classes.items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    n_batches = math.ceil(len(examples) / BATCH)
    n_steps = max(min(EPOCHS * n_batches, STEPS), 3 * n_batches)
    schedule = get_linear_schedule_with_warmup(optimizer, int(WARM_UP * n_steps), n_steps)
    rng = np.random.default_rng(seed)
    model.train()
    for rows in islice(_batches(examples, rng), n_steps):
        batch = model.tokens([examples[i].unit for i in rows])
        logits = model(batch)
        loss = torch.zeros(())
        for task, scores in logits.items():
            part = nn.functional.cross_entropy(
                scores, codes[task][rows], weight=weights[task], ignore_index=-1
            )
            loss = loss + part * (1 if task == "stance" else SIDE_TASKS)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


def _batches(examples: Sequence[LabeledUnit], rng: np.random.Generator) -> Iterator[Sequence[int]]:
    """Yield batches for ever, in random order, units of like length together."""
    lengths = [len(e.unit.text) + sum(map(len, e.unit.before)) for e in examples]
    while True:
        order = rng.permutation(len(examples))
        batches = []
        for pool in np.array_split(order, math.ceil(len(order) / (16 * BATCH))):
            by_length = sorted(pool.tolist(), key=lengths.__getitem__)
            batches += [by_length[i : i + BATCH] for i in range(0, len(by_length), BATCH)]
        for i in rng.permutation(len(batches)):
            yield batches[i]


def probabilities(model: FineTuned, units: Sequence[Unit]) -> dict[str, FloatArray]:
    """Return task -> probabilities of shape (n_units, n_classes)."""
    model.eval()
    parts: list[dict[str, Any]] = []
    with torch.inference_mode():
        for start in range(0, len(units), 64):
            logits = model(model.tokens(units[start : start + 64]))
            parts.append({t: scores.softmax(1).numpy() for t, scores in logits.items()})
    return {task: np.concatenate([part[task] for part in parts]) for task in model.classes}


def _weights(codes: torch.Tensor, n_classes: int) -> torch.Tensor:
    """Return a weight a class: the square root of how rare it is, 1 on average."""
    counts = torch.bincount(codes[codes >= 0], minlength=n_classes).clamp(min=1).float()
    weights = (counts.sum() / counts).sqrt()
    return weights / weights.mean()
