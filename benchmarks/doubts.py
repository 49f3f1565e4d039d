"""Print how many swapped labels `stance label doubts` finds, on the seed articles.

A twentieth of the settled stances is replaced by another label; a list of doubts is worth reading
if most of them stand near its top.
"""

import random
from dataclasses import replace

from stance.classifiers.base import codebook_classes
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.evaluation.doubts import doubts

SHARE, REPEATS = 0.05, 3


def main() -> None:
    """Swap, rank and print."""
    book = read_codebook()
    examples, _ = labeled_units(None, None, None, book)
    classes = book.task("stance").classes
    classifier = Baseline(codebook_classes(book), BaselineRecipe(costs=(3.0,)))
    print("| swapped | read | found | by chance |\n| --- | --- | --- | --- |")
    for seed in range(REPEATS):
        rng = random.Random(seed)
        swapped = set(rng.sample(range(len(examples)), round(SHARE * len(examples))))
        changed = [
            replace(
                example,
                labels={
                    "stance": rng.choice([c for c in classes if c != example.labels["stance"]])
                    if i in swapped
                    else example.labels["stance"]
                },
            )
            for i, example in enumerate(examples)
        ]
        wrong = {examples[i].unit.id for i in swapped}
        ranked = [doubt.unit_id for doubt in doubts(changed, classifier, book, seed=seed)]
        for share in (0.05, 0.1, 0.2):
            read = round(share * len(examples))
            found = len(wrong & set(ranked[:read]))
            print(f"| {len(wrong)} | {read} | {found / len(wrong):.0%} | {share:.0%} |", flush=True)


if __name__ == "__main__":
    main()
