"""A contrastive warm start: an encoder learns for a moment which units carry the same label.

After SetFit (Tunstall et al. 2022, "Efficient Few-Shot Learning Without Prompts"), whose pairs are
read one by one. Here a small batch holds as many units of each label, and all its pairs count: 24
units are read once and give 276 pairs. The number of batches is fixed, so that the cost does not
grow with the number of labels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from stance.classifiers.encoders import precision, to_device, unit_means, what_it_reads
from stance.classifiers.inputs import Inputs
from stance.records import Unit
from stance.statistics.arrays import IntArray

WARM_UP = 0.1  # of the batches, over which the rate rises; then it falls to 0


def warm_start(
    encoder: PreTrainedModel,
    inputs: Inputs,
    units: Sequence[Unit],
    codes: IntArray,
    *,
    n_batches: int,
    n_units: int,
    learning_rate: float,
    seed: int,
    device: torch.device,
) -> None:
    """Let an encoder draw units of one label together, and units of different labels apart.

    Parameters
    ----------
    codes : shape (n,)
        The column of each unit's label; below 0 where it has none: those take no part.
    n_units
        Units a batch, two or more of each label where there are so many.
    """
    encoded = inputs.encode(units)
    torch.manual_seed(seed)  # of dropout
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=learning_rate, fused=True)
    rise = WARM_UP * n_batches
    encoder.train()
    for step in range(n_batches):
        rows = draw_batch(codes, n_units, rng)
        tensors = to_device(inputs.batch([encoded[row] for row in rows]), device)
        reads = {name: tensors[name] for name in what_it_reads(encoder)}
        with precision(device):
            means = unit_means(encoder, reads, tensors["own"])
        loss = pair_loss(means.float(), torch.from_numpy(codes[rows]).to(device))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        pace = min((step + 1) / (rise + 1), (n_batches - step) / (n_batches - rise + 1e-9))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * pace
        optimizer.step()
        optimizer.zero_grad()
    encoder.train(False)


def draw_batch(codes: IntArray, n_units: int, rng: np.random.Generator) -> IntArray:
    """Return rows of about `n_units` units, as many of each label, none twice; shape (n,).

    A label with fewer units gives all that it has.
    """
    labels = np.unique(codes[codes >= 0])
    each = max(2, n_units // len(labels))
    return np.concatenate([rng.permutation(np.flatnonzero(codes == c))[:each] for c in labels])


def pair_loss(vectors: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Return how far the cosines of a batch's pairs are from 1 (same label) and 0 (different ones).

    The mean squared distance of both kinds of pair, each kind with half the say.

    Parameters
    ----------
    vectors : shape (n, width)
    codes : shape (n,)
    """
    vectors = nn.functional.normalize(vectors, dim=1)
    left, right = torch.triu_indices(len(codes), len(codes), offset=1).to(codes.device)
    cosines = (vectors[left] * vectors[right]).sum(1)
    same = codes[left] == codes[right]
    kinds = [(1 - cosines[same]).square(), cosines[~same].square()]
    return torch.stack([errors.mean() for errors in kinds if len(errors)]).mean()
