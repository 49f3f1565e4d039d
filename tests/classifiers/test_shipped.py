"""The models that come with the package."""

import json
import subprocess
import sys

import numpy as np
import pytest

from stance.classifiers.bases import is_here
from stance.classifiers.storage import load_model
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.evaluation.behaviour import as_examples, read_behaviour
from stance.evaluation.scores import score
from stance.evaluation.splits import Part
from stance.resources import data_folder

BOOK = read_codebook()
MODELS = data_folder("models")


def behaviour(n):
    return as_examples(read_behaviour(data_folder("labels") / "behaviour.jsonl", BOOK))[:n]


@pytest.mark.parametrize("name", ["baseline", "small", "large"])
def test_no_shipped_model_learned_from_what_it_is_judged_by(name):
    card = json.loads((MODELS / name / "card.json").read_text(encoding="utf-8"))
    split = data_folder("labels") / "splits.json"
    held_out, _ = labeled_units(None, None, None, BOOK, split=split, part=Part.HELD_OUT)
    sources = (data_folder("seeds") / "sources.csv").read_text(encoding="utf-8")
    assert not set(card["trained_on"]) & {e.sha256 for e in held_out}
    assert not any(digest in sources for digest in card["trained_on"])


def test_the_small_model_fits_into_git_and_runs_without_torch():
    assert sum(path.stat().st_size for path in (MODELS / "small").iterdir()) < 25e6
    code = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.split('.')[0] in {'torch', 'transformers'}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from stance.classifiers.storage import load_model\n"
        "from stance.codebook import read_codebook\n"
        "print(sorted(load_model('small', read_codebook()).classifier.classes_))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "['sentiment', 'stance', 'voice']\n", done.stderr


def test_the_large_model_is_an_adapter_that_beats_the_small_one(monkeypatch):
    assert (MODELS / "large" / "adapter_model.safetensors").stat().st_size < 10e6
    monkeypatch.delenv("STANCE_CACHE", raising=False)
    if not is_here("all-mpnet-base-v2"):
        pytest.skip(
            "its encoder, 440 MB, is not here: any `stance classify --model large` fetches it"
        )
    units = behaviour(120)
    found = {}
    for name in ("small", "large"):
        rows = load_model(name, BOOK, device="cpu").classifier.predict_proba(
            [e.unit for e in units]
        )
        assert all(np.allclose(table.sum(axis=1), 1) for table in rows.values())
        found[name] = score(units, {"stance": rows["stance"]}, BOOK, seed=1)["stance"]
    assert found["large"].accuracy.value > found["small"].accuracy.value > 0.6
