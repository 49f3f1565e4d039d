"""The contrastive warm start, on a tiny encoder made on the spot."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stance.classifiers.base import label_codes
from stance.classifiers.contrast import draw_batch, pair_loss, warm_start
from stance.classifiers.encoders import load_encoder, to_device, unit_means, what_it_reads
from stance.classifiers.inputs import Inputs
from tests.builders import labeled_corpus
from tests.encoders import bert

STANCE = ("optimistic", "neutral", "skeptical")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return bert(tmp_path_factory.mktemp("bases") / "tiny", dropout=0.1)


def warmed(base, units, codes, *, n_batches=30, seed=7):
    """Return an encoder after its warm start, and what reads its input."""
    encoder = load_encoder(base)
    inputs = Inputs(base / "tokenizer.json", target="The pier", n_tokens=48, context=True)
    numbers = {"n_batches": n_batches, "n_units": 12, "learning_rate": 1e-2, "seed": seed}
    warm_start(encoder, inputs, units, codes, **numbers, device=CPU)
    return encoder, inputs


def weights(encoder):
    return {name: values.detach().numpy().tobytes() for name, values in encoder.named_parameters()}


def cosines(encoder, inputs, units):
    arrays = to_device(inputs.batch(inputs.encode(units)), CPU)
    with torch.inference_mode():
        reads = {name: arrays[name] for name in what_it_reads(encoder)}
        vectors = unit_means(encoder.eval(), reads, arrays["own"])
    vectors = torch.nn.functional.normalize(vectors, dim=1).numpy()
    return vectors @ vectors.T


def test_the_loss_of_three_units_is_by_hand():
    vectors = torch.tensor([[2.0, 0.0], [3.0, 4.0], [0.0, 5.0]])
    # Cosines: 0.6 of the pair with one label; 0 and 0.8 of the two others.
    loss = pair_loss(vectors, torch.tensor([0, 0, 1]))
    assert float(loss) == pytest.approx((0.4**2 + (0.8**2) / 2) / 2)
    assert float(pair_loss(vectors, torch.tensor([0, 1, 2]))) == pytest.approx((0.36 + 0.64) / 3)


def test_a_batch_holds_as_many_units_of_each_label_none_twice_and_none_without_one():
    codes = np.array([0] * 30 + [1] * 20 + [-1] * 9 + [2] * 3)
    rng = np.random.default_rng(1)
    drawn = [draw_batch(codes, 24, rng) for _ in range(20)]
    for rows in drawn:
        assert len(set(rows.tolist())) == len(rows) == 8 + 8 + 3
        assert np.bincount(codes[rows]).tolist() == [8, 8, 3]
    assert len(set(np.concatenate(drawn).tolist())) == 53  # in time, all of them
    assert len(draw_batch(np.arange(40) % 20, 24, rng)) == 40  # two of each, whatever was asked


def test_units_of_one_label_come_nearer_in_articles_that_it_never_saw(base):
    learn, judge = labeled_corpus(4), [e.unit for e in labeled_corpus(3, seed=2)]
    truth = label_codes(labeled_corpus(3, seed=2), "stance", STANCE)
    codes = label_codes(learn, "stance", STANCE)
    same = truth[:, None] == truth[None]
    gaps = []
    for n_batches in (0, 30):
        encoder, inputs = warmed(base, [e.unit for e in learn], codes, n_batches=n_batches)
        found = cosines(encoder, inputs, judge)
        gaps.append(found[same].mean() - found[~same].mean())
    assert gaps[0] < 0.2
    assert gaps[1] > 0.4


def test_the_same_seed_gives_the_same_encoder_and_units_without_a_label_change_nothing(base):
    learn = labeled_corpus(2)
    units = [e.unit for e in learn]
    codes = label_codes(learn, "stance", STANCE)
    codes[:4] = -1
    first = weights(warmed(base, units, codes, n_batches=3)[0])
    others = [replace(unit, text="It rains.") for unit in units[:4]] + units[4:]
    torch.manual_seed(99)  # what was thrown before does not count
    assert weights(warmed(base, others, codes, n_batches=3)[0]) == first
    assert weights(warmed(base, units, codes, n_batches=3, seed=8)[0]) != first
