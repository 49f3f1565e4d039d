"""Print what the shipped models read beside the unit: the ablations of `evaluate --full`.

On the held-out articles of labels/splits.json. Names of models may be given; `large` needs the
extra `torch`.
"""

import sys

from stance.classifiers.storage import load_model
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.evaluation.ablations import ablations, other_target
from stance.evaluation.splits import Part
from stance.report.terminal import estimate_words, share_words
from stance.resources import data_folder


def main() -> None:
    """Judge changed units, and print a row a model, change and task."""
    book = read_codebook()
    split = data_folder("labels") / "splits.json"
    held_out, _ = labeled_units(None, None, None, book, split=split, part=Part.HELD_OUT)
    print("| model | change | task | macro-F1 | difference | p | predictions changed |")
    print("| --- " * 7 + "|")
    for name in sys.argv[1:] or ("small", "large"):
        classifier = load_model(name, book).classifier
        rows = classifier.predict_proba([example.unit for example in held_out])
        swapped = other_target(book)
        for found in ablations(held_out, rows, book, classifier, swapped=swapped, seed=7):
            change = found.name if found.target is None else f"{found.name}: {found.target}"
            print(
                f"| {name} | {change} | {found.task} | {estimate_words(found.macro_f1)} | "
                f"{estimate_words(found.difference.difference)} | "
                f"{found.difference.p_value:.2g} | {share_words(found.changed)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
