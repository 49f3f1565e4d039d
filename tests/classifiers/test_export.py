"""A transformer as an ONNX graph: the same answers without torch."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from stance.classifiers import encoders
from stance.classifiers.base import codebook_classes
from stance.classifiers.export import export_transformer
from stance.classifiers.runtime import GRAPH, Exported, session_options
from stance.classifiers.transformer import Transformer
from stance.codebook import read_codebook
from stance.errors import DataError, ModelError
from tests.builders import labeled_corpus
from tests.encoders import bert, change_json, mpnet, quick

ROOT = Path(__file__).parent.parent.parent
CLASSES = codebook_classes(read_codebook())
TARGET = "The new pier"
# The graph counts in 32 bits; torch in half of them, where the chip has it.
CLOSE = 0.02 if encoders.cpu_has_bf16() else 2e-3
KINDS = {
    "bert": (bert, {}),
    "mpnet": (mpnet, {}),
    "bert with an adapter": (bert, {"lora_rank": 4, "lora_layers": 2, "learning_rate": 2e-2}),
}
UNITS = [e.unit for e in labeled_corpus(n_articles=5, seed=2)]
# Longer and shorter than whatever the graph was traced with.
UNITS += [replace(UNITS[0], text="Rise."), replace(UNITS[0], text="The ferry sails. " * 20)]


@pytest.fixture(scope="module", params=KINDS)
def fitted(request, tmp_path_factory):
    make, changes = KINDS[request.param]
    base = make(tmp_path_factory.mktemp("bases") / "tiny")
    model = Transformer(CLASSES, TARGET, quick(base, **changes), device="cpu")
    return model.fit(labeled_corpus(n_articles=8))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The folder of a graph with 8-bit weights."""
    base = bert(tmp_path_factory.mktemp("bases") / "tiny")
    model = Transformer(CLASSES, TARGET, quick(base), device="cpu")
    place = tmp_path_factory.mktemp("models")
    export_transformer(model.fit(labeled_corpus(n_articles=8)), place)
    return place


@pytest.fixture
def folder(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "m")


def test_the_graph_gives_what_torch_gives(fitted, tmp_path):
    before = fitted.predict_proba(UNITS)
    export_transformer(fitted, tmp_path, quantize=False)
    graph = Exported.load(tmp_path)
    for task, rows in before.items():
        table = graph.predict_proba(UNITS)[task]
        assert np.allclose(table.sum(axis=1), 1)
        assert np.allclose(rows, table, atol=CLOSE)
        assert np.ptp(rows[:, 0]) > 0.2  # the units differ: it could be wrong
    # Nor has the model itself changed by it.
    assert all(np.array_equal(rows, fitted.predict_proba(UNITS)[t]) for t, rows in before.items())


def test_eight_bits_give_most_of_the_labels_in_less_room(fitted, tmp_path):
    for name in ("full", "small"):
        (tmp_path / name).mkdir()
        export_transformer(fitted, tmp_path / name, quantize=name == "small")
    graph = Exported.load(tmp_path / "small")
    for task, rows in fitted.predict_proba(UNITS).items():
        same = graph.predict_proba(UNITS)[task].argmax(axis=1) == rows.argmax(axis=1)
        assert same.mean() > 0.85
        assert len(set(rows.argmax(axis=1))) > 1
    assert (tmp_path / "small" / GRAPH).read_bytes() != (tmp_path / "full" / GRAPH).read_bytes()
    weights = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(tmp_path / "small" / GRAPH).graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8
    ]
    # Two products of such weights fit into 16 bits, as chips without 8-bit instructions add them.
    assert 32 < max(np.abs(table.astype(int)).max() for table in weights) <= 64


def test_a_folder_holds_the_graph_the_tokenizer_and_a_description(exported):
    names = {path.name for path in exported.iterdir()}
    assert names == {"model.onnx", "model.json", "tokenizer.json"}
    description = json.loads((exported / "model.json").read_text(encoding="utf-8"))
    assert description["target"] == TARGET
    assert description["quantized"] is True
    assert {task: tuple(names) for task, names in description["classes"].items()} == CLASSES


WITHOUT_TORCH = """
import sys
from pathlib import Path


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers", "peft", "datasets", "onnx"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Absent())
from stance.classifiers.runtime import Exported
from tests.builders import labeled_corpus
units = [e.unit for e in labeled_corpus(n_articles=1)]
print(Exported.load(Path(sys.argv[1])).predict_proba(units)["stance"].tolist())
"""


def test_it_runs_where_there_is_no_torch(exported):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, exported],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    units = [e.unit for e in labeled_corpus(n_articles=1)]
    here = Exported.load(exported).predict_proba(units)["stance"]
    assert np.allclose(json.loads(done.stdout), here, atol=1e-6)


def test_the_order_of_units_and_none_at_all_change_nothing(exported):
    graph = Exported.load(exported)
    rows = graph.predict_proba(UNITS)
    backwards = graph.predict_proba(UNITS[::-1])
    # Eight-bit activations are scaled by the largest of a batch: close, not equal.
    assert all(np.allclose(rows[task], backwards[task][::-1], atol=0.05) for task in CLASSES)
    assert graph.predict_proba([])["voice"].shape == (0, 2)


def test_what_was_exported_cannot_be_trained_anew(exported):
    graph = Exported.load(exported)
    with pytest.raises(ModelError, match=r"cannot be trained anew.*evaluate the model that it was"):
        graph.fresh()
    with pytest.raises(ModelError, match="cannot be trained anew"):
        graph.fit(labeled_corpus(n_articles=2))


def test_what_is_not_fitted_cannot_be_exported(tmp_path):
    model = Transformer(CLASSES, TARGET, quick(bert(tmp_path / "tiny")), device="cpu")
    with pytest.raises(DataError, match="not fitted yet"):
        export_transformer(model, tmp_path)


def test_a_package_that_is_not_installed_is_told(exported, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "onnxruntime.quantization", raising=False)
    for name in [n for n in sys.modules if n.startswith("onnxruntime.quantization.")]:
        monkeypatch.delitem(sys.modules, name)
    model = Transformer(CLASSES, TARGET, quick(bert(tmp_path / "tiny")), device="cpu")
    with pytest.raises(ModelError, match=r"needs more packages: pip install 'stance\[torch\]'"):
        export_transformer(model, tmp_path)


def other_tasks(place):
    change_json(place / "model.json", classes={"mood": ["good", "bad"]})


def other_labels(place):
    change_json(place / "model.json", classes=CLASSES | {"voice": ("one", "two", "three")})


def fewer_tasks(place):
    change_json(place / "model.json", classes={"stance": CLASSES["stance"]})


def other_inputs(place):
    graph = onnx.load(place / GRAPH)
    for node in graph.graph.node:
        node.input[:] = ["moods" if name == "own" else name for name in node.input]
    for entry in graph.graph.input:
        entry.name = "moods" if entry.name == "own" else entry.name
    onnx.save(graph, place / GRAPH)


def rounded_off(place):
    (place / GRAPH).write_bytes((place / GRAPH).read_bytes()[:-200])


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (other_tasks, "gives other tasks or labels than model.json"),
        (other_labels, "gives other tasks or labels than model.json"),
        (fewer_tasks, "gives other tasks or labels than model.json"),
        (other_inputs, "reads moods, which no unit has"),
        (rounded_off, "not a whole exported model"),
        (lambda place: (place / GRAPH).write_bytes(b""), "not a whole exported model"),
        (lambda place: (place / GRAPH).write_bytes(b"no graph"), "not a whole exported model"),
        (lambda place: (place / GRAPH).unlink(), "not a whole exported model"),
        (lambda place: (place / "model.json").unlink(), "not a whole exported model"),
        (lambda place: (place / "model.json").write_bytes(b"{"), "not a whole exported model"),
        (lambda place: change_json(place / "model.json", recipe=None), "not a whole exported"),
        (lambda place: change_json(place / "model.json", classes=7), "not a whole exported"),
        (lambda place: (place / "tokenizer.json").unlink(), "not a tokenizer"),
    ],
    ids=range(13),
)
def test_a_folder_that_is_damaged_or_tampered_with_is_a_model_error(folder, harm, told):
    harm(folder)
    with pytest.raises(ModelError, match=told):
        Exported.load(folder)


def test_a_unit_is_read_the_same_whatever_it_is_classified_with(exported):
    graph = Exported.load(exported)
    together = graph.predict_proba(UNITS)
    for task, rows in together.items():
        alone = np.vstack([graph.predict_proba([unit])[task] for unit in UNITS])
        assert np.array_equal(rows, alone)


def test_it_takes_as_many_threads_as_it_is_given_and_gives_the_same(exported, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert session_options().intra_op_num_threads == 3
    together = Exported.load(exported).predict_proba(UNITS)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert session_options().intra_op_num_threads == 1
    alone = Exported.load(exported).predict_proba(UNITS)
    assert all(np.array_equal(rows, alone[task]) for task, rows in together.items())
