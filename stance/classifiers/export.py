"""A fitted transformer as an ONNX graph with 8-bit weights: a quarter of the size, no torch."""

import json
import logging
import shutil
import warnings
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

from stance.classifiers.encoders import Network
from stance.classifiers.runtime import GRAPH
from stance.classifiers.transformer import Transformer
from stance.errors import ModelError
from stance.files import write_whole
from stance.records import Unit


class _Graph(nn.Module):
    """A network that takes its arrays one by one, in the order of the graph's inputs."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *arrays: torch.Tensor) -> tuple[torch.Tensor, ...]:
        names = [*self.network.reads, "own"]
        return tuple(self.network(dict(zip(names, arrays, strict=True))).values())


def export_transformer(model: Transformer, folder: Path, *, quantize: bool = True) -> None:
    """Write a transformer's graph, tokenizer and description into a folder.

    Parameters
    ----------
    quantize
        Keep the weights of linear layers and the word table in 8 bits, with a scale a channel;
        activations are scaled as they come.

    Raises
    ------
    ModelError
        If the packages `onnx` and `onnxscript` are not installed.
    """
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError:
        raise ModelError("exporting needs more packages: pip install 'stance[torch]'") from None
    network, inputs, tokenizer = model.for_export()
    names = [*network.reads, "own"]
    sample = inputs.batch(inputs.encode([_EXAMPLE, _LONGER]))
    with TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of branches that our inputs never take
        plain = Path(place) / "plain.onnx"
        torch.onnx.export(
            _Graph(network).eval(),
            tuple(torch.from_numpy(sample[name]) for name in names),
            str(plain),
            input_names=names,
            output_names=list(model.classes_),
            dynamic_axes={name: {0: "unit", 1: "token"} for name in names},
            opset_version=17,
            dynamo=False,
        )
        if quantize:
            small = Path(place) / "small.onnx"
            logging.disable(logging.WARNING)  # it advises a step that our graphs do without
            try:
                # Seven of the eight bits: a chip without instructions for 8 bits adds products of
                # two in 16 bits, and cuts off what goes beyond.
                quantize_dynamic(
                    plain,
                    small,
                    weight_type=QuantType.QInt8,
                    per_channel=True,
                    reduce_range=True,
                )
            finally:
                logging.disable(logging.NOTSET)
            plain = small
        shutil.copyfile(plain, folder / GRAPH)
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    description = {
        "recipe": asdict(model.recipe),
        "classes": model.classes_,
        "target": model.target,
        "quantized": quantize,
    }
    write_whole(folder / "model.json", json.dumps(description, ensure_ascii=False) + "\n")


_EXAMPLE = Unit(id="", article_id="", index=0, kind="sentence", text="A unit.", start=0, end=7)
_LONGER = Unit(
    id="", article_id="", index=0, kind="sentence", text="A longer unit.", start=0, end=14
)
