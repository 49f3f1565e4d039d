"""Print the ladder: every rung on held-out articles, the five source documents, the behaviour set.

The shipped models are judged as they stand; majority, lexicon and embedding are fitted here on the
training part. STANCE_SEEDS names the folder of the five source documents. Needs the extra `torch`.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stance.classifiers.base import Classifier
from stance.classifiers.ladder import Rung, new_classifier
from stance.classifiers.storage import load_model
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.evaluation.behaviour import BehaviourUnit, read_behaviour
from stance.evaluation.scores import TaskScore, score
from stance.evaluation.splits import Part
from stance.records import LabeledUnit
from stance.report.terminal import estimate_words
from stance.resources import data_folder

BOOK = read_codebook()
SPLIT = data_folder("labels") / "splits.json"


def estimate(found: TaskScore | None) -> str:
    """Return macro-F1 with its interval."""
    return estimate_words(found.macro_f1) if found else "–"


def row(
    name: str,
    made: Callable[[], Classifier],
    held_out: list[LabeledUnit],
    sources: list[LabeledUnit],
    behaviour: list[BehaviourUnit],
) -> None:
    """Print one rung's row."""
    started = time.perf_counter()
    classifier = made()
    fitted = time.perf_counter() - started
    started = time.perf_counter()
    rows = classifier.predict_proba([e.unit for e in held_out])
    speed = len(held_out) / (time.perf_counter() - started)
    found = score(held_out, rows, BOOK, seed=7)
    cells = [estimate(found.get(task)) for task in ("stance", "sentiment", "voice")]
    ece = f"{found['stance'].calibration_error:.2f}"
    outside = "–"
    if sources:
        rows = classifier.predict_proba([e.unit for e in sources])
        outside = estimate(score(sources, rows, BOOK, seed=7)["stance"])
    classes = BOOK.task("stance").classes
    columns = classifier.predict_proba([b.unit for b in behaviour])["stance"].argmax(axis=1)
    passed = np.mean(
        [classes[c] == b.labels["stance"] for c, b in zip(columns, behaviour, strict=True)]
    )
    print(
        f"| {name} | {' | '.join(cells)} | {ece} | {outside} | {passed:.0%} | {fitted:.0f} s | "
        f"{f'{speed:.0f}' if speed < 1e5 else '–'} |"
    )


def main() -> None:
    """Fit what is quick, load what ships, and print."""
    train, _ = labeled_units(None, None, None, BOOK, split=SPLIT, part=Part.TRAIN)
    held_out, _ = labeled_units(None, None, None, BOOK, split=SPLIT, part=Part.HELD_OUT)
    sources: list[LabeledUnit] = []
    if "STANCE_SEEDS" in os.environ:
        register = data_folder("seeds") / "sources.csv"
        sources, _ = labeled_units([Path(os.environ["STANCE_SEEDS"])], None, register, BOOK)
    behaviour = [
        unit
        for unit in read_behaviour(data_folder("labels") / "behaviour.jsonl", BOOK)
        if "stance" in unit.labels
    ]
    tasks = "held-out articles: stance | sentiment | voice | ECE"
    print(f"| rung | {tasks} | five source documents: stance | behaviour | made in | units/s |")
    print("| --- " * 9 + "|")
    fitted = {
        "majority": (Rung.MAJORITY, "minilm"),
        "lexicon": (Rung.LEXICON, "minilm"),
        "embedding, MiniLM": (Rung.EMBEDDING, "minilm"),
        "embedding, mpnet": (Rung.EMBEDDING, "mpnet"),
    }
    for name, (rung, recipe) in fitted.items():
        made = lambda rung=rung, recipe=recipe: new_classifier(rung, BOOK, recipe=recipe).fit(train)  # noqa: E731
        row(name, made, held_out, sources, behaviour)
    for name in ("baseline", "small", "large"):
        if (data_folder("models") / name).is_dir():
            load = lambda name=name: load_model(name, BOOK).classifier  # noqa: E731
            row(f"{name} (shipped)", load, held_out, sources, behaviour)


if __name__ == "__main__":
    main()
