"""Print small transformers trained in other ways, each beside the first, paired by article.

All follow models/minilm.toml but for what the row names, learn from the training part of
labels/splits.json and the contrast units, and are judged on the held-out part, the five source
documents (STANCE_SEEDS names their folder) and the behaviour set. No temperatures are fitted.

Each row takes minutes. --cache keeps what is trained, so that the study can be stopped and goes on.
Needs the extra `torch`, and the base of `large`.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from stance.classifiers.base import Classifier, codebook_classes, neutral_stance
from stance.classifiers.recipes import read_recipe
from stance.classifiers.storage import load_model
from stance.classifiers.transformer import Transformer
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.engine.distil import taught
from stance.evaluation.ablations import other_target
from stance.evaluation.behaviour import as_examples, read_behaviour
from stance.evaluation.paired import paired_differences
from stance.evaluation.scores import score
from stance.evaluation.splits import Part
from stance.records import LabeledUnit
from stance.report.terminal import estimate_words
from stance.resources import data_folder
from stance.statistics.arrays import FloatArray

BOOK = read_codebook()
TASKS = tuple(task.name for task in BOOK.tasks)
SEED = 7


class Study:
    """What is learned from and judged, and how a row is made."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        labels = data_folder("labels")
        self.train, self.held_out = (
            labeled_units(None, None, None, BOOK, split=labels / "splits.json", part=part)[0]
            for part in (Part.TRAIN, Part.HELD_OUT)
        )
        self.sources: list[LabeledUnit] = []
        if "STANCE_SEEDS" in os.environ:
            register = data_folder("seeds") / "sources.csv"
            folder = Path(os.environ["STANCE_SEEDS"])
            self.sources, _ = labeled_units([folder], None, register, BOOK)
        self.contrast = as_examples(read_behaviour(labels / "contrast.jsonl", BOOK))
        self.behaviour = as_examples(read_behaviour(labels / "behaviour.jsonl", BOOK))
        self.first: Mapping[str, FloatArray] = {}

    def fit(
        self,
        lessons: list[LabeledUnit] | None = None,
        *,
        contrast: bool = True,
        tasks: tuple[str, ...] = TASKS,
        **changes: float,
    ) -> Classifier:
        """Return a MiniLM fine-tuned by the shipped recipe with some of its numbers changed."""
        return Transformer(
            {task: names for task, names in codebook_classes(BOOK).items() if task in tasks},
            BOOK.target,
            read_recipe("minilm", **{"seed": SEED, **changes}),
            workspace=self.cache,
            also=self.contrast if contrast else [],
            neutral=neutral_stance(BOOK),
        ).fit(lessons or self.train)

    def distilled(self) -> Classifier:
        """Return one that learned the large model's held-out probabilities beside the labels."""
        return self.fit(taught(self.train, [load_model("large", BOOK)]))

    def row(self, name: str, made: Classifier) -> None:
        """Print one row; the first is what the others are paired with."""
        rows = made.predict_proba([e.unit for e in self.held_out])
        found = score(self.held_out, rows, BOOK, seed=SEED)
        cells = [f"{found[t].macro_f1.value:.3f}" if t in found else "–" for t in TASKS]
        apart = "–"
        if self.first:
            pairs = paired_differences(self.held_out, rows, self.first, BOOK, seed=SEED)
            pair = next(p for p in pairs if (p.task, p.score) == ("stance", "macro-F1"))
            gap = pair.difference
            apart = f"{estimate_words(gap, '+.3f')} p {pair.p_value:.4f}"
        self.first = self.first or rows
        outside = "–"
        if self.sources:
            theirs = made.predict_proba([e.unit for e in self.sources])
            outside = f"{score(self.sources, theirs, BOOK, seed=SEED)['stance'].macro_f1.value:.3f}"
        passed = self.right(made.predict_proba([e.unit for e in self.behaviour]))
        elsewhere = other_target(BOOK)
        swapped = made.predict_proba([replace(e.unit, target=elsewhere) for e in self.held_out])
        moved = np.mean(swapped["stance"].argmax(1) != rows["stance"].argmax(1))
        print(
            f"| {name} | {' | '.join(cells)} | {apart} | {outside} | {passed:.0%} | {moved:.0%} |",
            flush=True,
        )

    def right(self, rows: Mapping[str, FloatArray]) -> float:
        """Return the share of the behaviour set's stances that are called rightly."""
        classes = BOOK.task("stance").classes
        known = [i for i, e in enumerate(self.behaviour) if "stance" in e.labels]
        called = rows["stance"].argmax(1)
        return float(
            np.mean([classes[called[i]] == self.behaviour[i].labels["stance"] for i in known])
        )


def main() -> None:
    """Make each variant, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, required=True, help="a folder for what is trained")
    parser.add_argument("--only", nargs="*", help="rows, by name; all if none is given")
    chosen = parser.parse_args()
    study = Study(chosen.cache)
    variants: dict[str, Callable[[], Classifier]] = {
        "plain": study.fit,
        "as shipped (8 bits)": lambda: load_model("small", BOOK).classifier,
        "distilled from large": study.distilled,
        "stance alone": lambda: study.fit(tasks=("stance",)),
        "other_targets = 0.3": lambda: study.fit(other_targets=0.3),
        "LoRA, rank 16, all layers": lambda: study.fit(
            lora_rank=16, lora_layers=6, learning_rate=1e-3
        ),
        "another seed": lambda: study.fit(seed=8),
        "without contrast units": lambda: study.fit(contrast=False),
    }
    print(
        f"| MiniLM | {' | '.join(TASKS)} | stance, against the first row | five source documents | "
        "behaviour | changed by another target |"
    )
    print("| --- " * (len(TASKS) + 5) + "|")
    for name in chosen.only or variants:
        study.row(name, variants[name]())


if __name__ == "__main__":
    main()
