"""Print the score tables of the README: the shipped baseline beside its floors.

The second table needs the five source documents: STANCE_SEEDS names their folder.
"""

import os
from pathlib import Path

from stance.classifiers.storage import load_model
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.evaluation.protocol import Evaluation, evaluate
from stance.resources import data_folder
from stance.statistics.intervals import Estimate

WORDS = {
    "article": "other articles",
    "outlet": "other outlets",
    "new": "five real web articles",
}


def estimate(value: Estimate) -> str:
    """Return a score with its interval."""
    return f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}]"


def table(evaluations: list[Evaluation]) -> list[str]:
    """Return the lines of a Markdown table: a row a task and way of holding out."""
    lines = ["| judged on | task | majority | VADER | baseline | units | articles |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    by_way: dict[str, dict[str, Evaluation]] = {}
    for evaluation in evaluations:
        by_way.setdefault(evaluation.held_out, {})[evaluation.model] = evaluation
    for held_out, rivals in by_way.items():
        majority, vader, baseline = rivals.values()
        for task, score in baseline.scores.items():
            floor = vader.scores.get(task)
            lines.append(
                f"| {WORDS[held_out]} | {task} | {majority.scores[task].macro_f1.value:.2f} | "
                f"{estimate(floor.macro_f1) if floor else '–'} | {estimate(score.macro_f1)} | "
                f"{score.macro_f1.n_units} | {score.macro_f1.n_articles} |"
            )
    return lines


def main() -> None:
    """Evaluate and print."""
    book = read_codebook()
    model = load_model("baseline", book)
    print("\n".join(table(evaluate(labeled_units(None, None, None, book)[0], model, book, seed=7))))
    if "STANCE_SEEDS" in os.environ:
        register = data_folder("seeds") / "sources.csv"
        new, _ = labeled_units([Path(os.environ["STANCE_SEEDS"])], None, register, book)
        print()
        print("\n".join(table(evaluate(new, model, book, seed=7))))


if __name__ == "__main__":
    main()
