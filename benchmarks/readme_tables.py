"""Print the score tables of the README: the shipped small model beside its floors.

The second table needs the five source documents: STANCE_SEEDS names their folder.
"""

import os
from pathlib import Path

from stance.classifiers.storage import load_model
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.evaluation.behaviour import ALL, measure_behaviour, read_behaviour
from stance.evaluation.protocol import evaluate
from stance.evaluation.splits import Part
from stance.records import LabeledUnit
from stance.report.terminal import estimate_words
from stance.resources import data_folder

BOOK = read_codebook()
MODEL = load_model("small", BOOK)


def scores(title: str, examples: list[LabeledUnit]) -> None:
    """Print a Markdown table: a row a task, the model beside its floors."""
    print("| judged on | task | majority | VADER | cues | small | units | articles |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    found = {e.model: e.scores for e in evaluate(examples, MODEL, BOOK, seed=7)}
    for task, score in found[MODEL.reference].items():
        floors = [
            estimate_words(found[name][task].macro_f1) if task in found[name] else "–"
            for name in ("VADER", "cues")
        ]
        print(
            f"| {title} | {task} | {found['majority'][task].macro_f1.value:.2f} | "
            f"{' | '.join(floors)} | {estimate_words(score.macro_f1)} | {score.macro_f1.n_units} | "
            f"{score.macro_f1.n_articles} |"
        )
    print()


def main() -> None:
    """Evaluate and print."""
    split = data_folder("labels") / "splits.json"
    held_out, _ = labeled_units(None, None, None, BOOK, split=split, part=Part.HELD_OUT)
    scores("held-out articles", held_out)
    if "STANCE_SEEDS" in os.environ:
        register = data_folder("seeds") / "sources.csv"
        new, _ = labeled_units([Path(os.environ["STANCE_SEEDS"])], None, register, BOOK)
        scores("five real web articles", new)
    print("| behaviour set | passed | units |\n| --- | --- | --- |")
    units = read_behaviour(data_folder("labels") / "behaviour.jsonl", BOOK)
    rates = [s for s in measure_behaviour(units, MODEL) if s.task == "stance"]
    for rate in sorted(rates, key=lambda s: (s.family == ALL, s.passed.value)):
        low, high = rate.passed.low or 0.0, rate.passed.high or 1.0
        share = f"{rate.passed.value:.0%} [{low:.0%}, {high:.0%}]"
        print(f"| {rate.family} | {share} | {rate.passed.n_units} |")


if __name__ == "__main__":
    main()
