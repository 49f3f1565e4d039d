"""Write the graph by which ONNX Runtime runs all-MiniLM-L6-v2 from its own weights.

    python benchmarks/encoder_graph.py stance/classifiers/minilm.onnx

The graph holds no weight: each is a place (offset, length) in the base's model.safetensors, whose
SHA-256 `resolve_base` checks, so the places hold for that very file. Needs the package `onnx`.
Layers, heads and widths are those of the encoder's config.json; the order of steps is BERT's.
"""

import json
import sys
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from stance.classifiers.bases import WEIGHTS, resolve_base

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


class _Graph:
    """Collects nodes and constants; a weight is named by its name in the safetensors file."""

    def __init__(self, weights: Path) -> None:
        with weights.open("rb") as file:
            n = int.from_bytes(file.read(8), "little")
            self._header, self._begin = json.loads(file.read(n)), 8 + n
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def add(self, kind: str, *inputs: str, **attributes: int | float | list[int]) -> str:
        """Add a node; return the name of what it gives."""
        out = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def weight(self, name: str) -> str:
        """Return the name of a weight that lies in the base's own file."""
        entry = self._header[name]
        first, last = entry["data_offsets"]
        tensor = TensorProto(name=name, dims=entry["shape"], data_type=FLOAT)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (
            ("location", WEIGHTS),
            ("offset", self._begin + first),
            ("length", last - first),
        ):
            tensor.external_data.add(key=key, value=str(value))
        self.constants[name] = tensor
        return name

    def constant(self, name: str, kind: int, values: list[float]) -> str:
        """Return the name of a short row of numbers."""
        self.constants[name] = helper.make_tensor(name, kind, [len(values)], values)
        return name

    def linear(self, rows: str, name: str) -> str:
        """Return rows times a layer's weights, plus its bias."""
        weights = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("Gemm", rows, *weights, transB=1)

    def normed(self, rows: str, name: str, epsilon: float) -> str:
        """Return rows through a layer's normalisation."""
        weights = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", rows, *weights, axis=-1, epsilon=epsilon)


def encoder_graph(folder: Path) -> bytes:
    """Return the graph of the encoder in a folder: token ids and mask to vectors of length 1."""
    config = json.loads((folder / "config.json").read_bytes())
    width, heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config["layer_norm_eps"]
    g = _Graph(folder / WEIGHTS)
    flat = g.constant("flat", INT, [-1, width])
    split = g.constant("split", INT, [heads, width // heads])
    wide = g.constant("wide", INT, [width])
    zero, one, two = (g.constant(str(k), INT, [k]) for k in (0, 1, 2))
    shape = g.add("Shape", "input_ids")
    length = g.add("Shape", "input_ids", start=1)

    words = g.add("Gather", g.weight("embeddings.word_embeddings.weight"), "input_ids")
    table = g.weight("embeddings.position_embeddings.weight")
    places = g.add("Slice", table, zero, length, zero)
    kinds = g.add("Gather", g.weight("embeddings.token_type_embeddings.weight"), zero)
    rows = g.add("Add", words, g.add("Add", places, kinds))
    rows = g.normed(g.add("Reshape", rows, flat), "embeddings.LayerNorm", epsilon)

    mask = g.add("Cast", "attention_mask", to=FLOAT)
    # Of a token that is none, the score sinks so low that it gets no attention.
    sunk = g.add(
        "Mul", g.add("Sub", mask, g.constant("1.", FLOAT, [1])), g.constant("far", FLOAT, [1e9])
    )
    sunk = g.add("Unsqueeze", sunk, g.constant("1, 2", INT, [1, 2]))
    scale = g.constant("scale", FLOAT, [(width // heads) ** -0.5])
    by_head = g.add("Concat", shape, split, axis=0)
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        query, key, value = (
            g.add(
                "Transpose",
                g.add("Reshape", g.linear(rows, f"{at}.attention.self.{part}"), by_head),
                perm=[0, 2, 3, 1] if part == "key" else [0, 2, 1, 3],
            )
            for part in ("query", "key", "value")
        )
        scores = g.add("Add", g.add("Mul", g.add("MatMul", query, key), scale), sunk)
        seen = g.add("MatMul", g.add("Softmax", scores, axis=-1), value)
        seen = g.add("Reshape", g.add("Transpose", seen, perm=[0, 2, 1, 3]), flat)
        rows = g.add("Add", rows, g.linear(seen, f"{at}.attention.output.dense"))
        rows = g.normed(rows, f"{at}.attention.output.LayerNorm", epsilon)
        inner = g.linear(rows, f"{at}.intermediate.dense")
        # The exact GELU: x (1 + erf(x / sqrt 2)) / 2.
        erf = g.add("Erf", g.add("Mul", inner, g.constant("root", FLOAT, [0.5**0.5])))
        grown = g.add("Mul", inner, g.add("Add", erf, "1."))
        inner = g.add("Mul", grown, g.constant("half", FLOAT, [0.5]))
        rows = g.add("Add", rows, g.linear(inner, f"{at}.output.dense"))
        rows = g.normed(rows, f"{at}.output.LayerNorm", epsilon)

    states = g.add("Reshape", rows, g.add("Concat", shape, wide, axis=0))
    column = g.add("Unsqueeze", mask, two)
    total = g.add("ReduceSum", g.add("Mul", states, column), one, keepdims=0)
    mean = g.add("Div", total, g.add("ReduceSum", mask, one, keepdims=1))
    g.nodes.append(helper.make_node("LpNormalization", [mean], ["vector"], axis=-1, p=2))
    graph = helper.make_graph(
        g.nodes,
        "all-MiniLM-L6-v2",
        [
            helper.make_tensor_value_info(name, INT, ["unit", "token"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("vector", FLOAT, ["unit", width])],
        list(g.constants.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(encoder_graph(resolve_base("all-MiniLM-L6-v2").folder))
