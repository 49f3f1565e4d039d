"""Print how much each rung makes of few labels: macro-F1 of stance by labels a class.

On a public set of news sentences (the folder of `gwsd`, see docs/benchmarks.md): samples of its
training part, scored on its test part. On our seed articles: samples of units of the training part
of labels/splits.json, scored on the held-out part. A larger sample of a draw holds the smaller one.

Each cell of the table is kept in a folder, so that the study can be stopped and goes on. SetFit
runs under a Python of its own (--setfit), as it is no dependency of ours:

    python -m venv DIR && DIR/bin/pip install -c constraints.txt setfit
    python benchmarks/few_shot.py --data FOLDER --cache CELLS --setfit DIR/bin/python
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from stance.classifiers.base import codebook_classes, label_codes
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.classifiers.bases import resolve_base
from stance.classifiers.embedding import Embedding, EmbeddingRecipe, few_shot_recipe
from stance.cli.common import labeled_units
from stance.codebook import Codebook, read_codebook
from stance.evaluation.benchmarks.sets import benchmark_set, read_benchmark
from stance.evaluation.splits import Part
from stance.files import write_whole
from stance.records import LabeledUnit, Unit
from stance.resources import data_folder
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.scores import confusion_table, macro_f1

SIZES, RUNGS = (8, 16, 64, 256), ("baseline", "embedding", "few-shot", "setfit")
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is sampled, and what is judged."""

    name: str
    book: Codebook
    learn: Sequence[LabeledUnit]
    judge: Sequence[LabeledUnit]

    def codes(self, examples: Sequence[LabeledUnit]) -> IntArray:
        """Return the column of each unit's stance, shape (n,)."""
        return label_codes(examples, "stance", self.book.task("stance").classes)

    def sample(self, size: int, draw: int) -> list[LabeledUnit]:
        """Return so many units of each stance, or all where there are fewer."""
        order = np.random.default_rng([SEED, draw]).permutation(len(self.learn))
        codes = self.codes(self.learn)[order]
        places = [order[codes == c][:size] for c in range(len(self.book.task("stance").classes))]
        return [self.learn[i] for i in np.concatenate(places)]


def settings(names: Sequence[str], data: Path | None) -> list[Setting]:
    """Return the settings of these names."""
    found = []
    if "gwsd" in names and data is None:
        print("gwsd: left out, --data names no folder\n")
    elif "gwsd" in names and data is not None:
        chosen = benchmark_set("gwsd")
        (trial,), _ = read_benchmark(chosen, data)
        fold = trial.folds[0]
        found.append(Setting(name="gwsd", book=chosen.codebook, learn=fold.learn, judge=fold.judge))
    if "seeds" in names:
        book = read_codebook()
        split = data_folder("labels") / "splits.json"
        learn, judge = (
            labeled_units(None, None, None, book, split=split, part=part)[0]
            for part in (Part.TRAIN, Part.HELD_OUT)
        )
        found.append(Setting(name="seeds", book=book, learn=learn, judge=judge))
    return found


def cell(
    setting: Setting,
    rung: str,
    lessons: Sequence[LabeledUnit],
    setfit: Path,
    vectors: dict[Unit, FloatArray],
) -> dict[str, float]:
    """Return macro-F1 of a rung fitted on lessons, and how many seconds the fit took."""
    classes = setting.book.task("stance").classes
    started = time.perf_counter()
    if rung == "setfit":
        columns, seconds = by_setfit(setting, lessons, setfit)
    else:
        recipe = recipe_of(rung)
        model = (
            Baseline(codebook_classes(setting.book), recipe)
            if isinstance(recipe, BaselineRecipe)
            else Embedding(
                codebook_classes(setting.book),
                setting.book.target,
                recipe,
                cache=vectors if rung == "embedding" else None,
            )
        ).fit(lessons)
        seconds = time.perf_counter() - started
        columns = model.predict_proba([e.unit for e in setting.judge])["stance"].argmax(axis=1)
    table = confusion_table(setting.codes(setting.judge), columns, len(classes))
    return {"macro_f1": float(macro_f1(table)), "seconds": seconds}


def recipe_of(rung: str) -> BaselineRecipe | EmbeddingRecipe:
    """Return how a rung of ours is made."""
    if rung == "baseline":
        return BaselineRecipe(seed=SEED)
    return replace(few_shot_recipe() if rung == "few-shot" else EmbeddingRecipe(), seed=SEED)


def by_setfit(
    setting: Setting, lessons: Sequence[LabeledUnit], python: Path
) -> tuple[IntArray, float]:
    """Return the columns that SetFit gives the judged units, and the seconds of its fit."""
    with TemporaryDirectory() as folder:
        given = {
            "base": str(resolve_base(EmbeddingRecipe().base).folder),
            "folder": folder,
            "seed": SEED,
            "learn": [e.unit.text for e in lessons],
            "codes": setting.codes(lessons).tolist(),
            "judge": [e.unit.text for e in setting.judge],
        }
        done = subprocess.run(
            [python, Path(__file__).with_name("setfit_peer.py")],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(f"{python}: SetFit failed ({done.returncode}):\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return np.array(found["found"]), float(found["seconds"])


def kept(cache: Path, setting: Setting, rung: str, lessons: Sequence[LabeledUnit]) -> Path:
    """Return the file of a cell: its name holds the hash of all that it hangs on."""
    hangs_on = [
        "setfit, 20 iterations" if rung == "setfit" else asdict(recipe_of(rung)),
        setting.book.target,
        [[asdict(e.unit), e.labels["stance"]] for e in (*lessons, *setting.judge)],
    ]
    digest = sha256(json.dumps(hangs_on, ensure_ascii=False).encode()).hexdigest()
    return cache / f"{setting.name}-{rung}-{len(lessons)}-{digest[:12]}.json"


def main() -> None:
    """Fill the cells that are not there yet, and print the table."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--data", type=Path, help="the folder of gwsd, or the one that holds it")
    options.add_argument("--cache", type=Path, required=True, help="where cells are kept")
    options.add_argument("--setfit", type=Path, help="a Python that has setfit")
    options.add_argument("--sets", nargs="+", choices=("gwsd", "seeds"), default=("gwsd", "seeds"))
    options.add_argument("--rungs", nargs="+", choices=RUNGS, default=RUNGS)
    options.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="labels a class")
    options.add_argument("--setfit-most", type=int, default=64, help="labels a class for SetFit")
    options.add_argument("--draws", type=int, default=3)
    given = options.parse_args()
    rungs = [rung for rung in given.rungs if rung != "setfit" or given.setfit]
    if len(rungs) < len(given.rungs):
        print("SetFit: left out, --setfit names no Python that has it\n")
    given.cache.mkdir(parents=True, exist_ok=True)
    rows = []
    for setting in settings(given.sets, given.data):
        vectors: dict[Unit, FloatArray] = {}
        for size in given.sizes:
            for rung in rungs:
                if rung == "setfit" and size > given.setfit_most:
                    continue
                cells = []
                for draw in range(given.draws):
                    lessons = setting.sample(size, draw)
                    path = kept(given.cache, setting, rung, lessons)
                    if not path.is_file():
                        found = cell(setting, rung, lessons, given.setfit, vectors)
                        write_whole(path, json.dumps(found) + "\n")
                    cells.append(json.loads(path.read_text(encoding="utf-8")))
                scores = [found["macro_f1"] for found in cells]
                seconds = np.mean([found["seconds"] for found in cells])
                rows.append(
                    f"| {setting.name} | {size} | {len(lessons)} | {rung} | {np.mean(scores):.3f} "
                    f"| {min(scores):.3f} to {max(scores):.3f} | {seconds:.0f} |"
                )
                print(rows[-1], file=sys.stderr, flush=True)
    print("| set | a class | labels | rung | macro-F1 | draws | seconds a fit |")
    print("| --- " * 7 + "|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
