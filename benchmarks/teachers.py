"""Print what a small transformer gains from larger ones, on public tweets with five targets.

A quarter of the training tweets of SemEval 2016 task 6 keep their labels, the rest lose theirs.
Teachers (models/mpnet.toml, a seed each) learn from the labeled ones; students (models/minilm.toml)
learn from the labels, from the teachers' probabilities beside them, and from what the teachers say
of the unlabeled ones. All are judged on the test part, and each student is paired with the one that
had no teacher, by tweet.

--data names the folder of `semeval2016`, see docs/benchmarks.md. Teachers take minutes each:
--cache keeps what is trained, so that the study can be stopped and goes on. Needs the extra
`torch`.
"""

import argparse
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from stance.classifiers.base import codebook_classes
from stance.classifiers.recipes import read_recipe
from stance.classifiers.storage import Model, data_digest, load_model
from stance.classifiers.transformer import Transformer
from stance.engine.distil import taught, unlabeled_lessons
from stance.engine.train import HoldOut, train_model
from stance.evaluation.benchmarks.sets import benchmark_set, read_benchmark
from stance.evaluation.paired import paired_differences
from stance.evaluation.scores import score
from stance.records import Article, LabeledUnit
from stance.report.terminal import estimate_words
from stance.statistics.arrays import FloatArray

CHOSEN = benchmark_set("semeval2016")
BOOK = CHOSEN.codebook
SEED = 7
LABELED = 0.25  # of the training tweets


def parted(learn: Sequence[LabeledUnit]) -> tuple[list[LabeledUnit], list[LabeledUnit]]:
    """Return the tweets that keep their labels, and the others; the same text is in one alone."""
    texts = sorted({example.sha256 for example in learn})
    order = np.random.default_rng(SEED).permutation(len(texts))
    kept = {texts[i] for i in order[: round(LABELED * len(texts))]}
    return [e for e in learn if e.sha256 in kept], [e for e in learn if e.sha256 not in kept]


def teacher(labeled: Sequence[LabeledUnit], seed: int, cache: Path) -> Model:
    """Return a large model trained on the labeled tweets, as `stance train` does."""
    recipe = read_recipe("mpnet", seed=seed)
    learned = sha256(f"{recipe} {data_digest(labeled)}".encode()).hexdigest()
    folder = cache / f"teacher-{learned[:12]}"
    if not (folder / "card.json").is_file():
        made = Transformer(codebook_classes(BOOK), BOOK.target, recipe, workspace=cache / "fits")
        by_tweet = (HoldOut(by="article", n_folds=3),)
        train_model(made, labeled, BOOK, folder, kind="transformer", seed=seed, plans=by_tweet)
    return load_model(folder, BOOK)


def student(lessons: Sequence[LabeledUnit], cache: Path) -> Transformer:
    """Return a small transformer that learned from these."""
    return Transformer(
        codebook_classes(BOOK),
        BOOK.target,
        read_recipe("minilm", seed=SEED),
        workspace=cache / "fits",
    ).fit(lessons)


def without_labels(units: Sequence[LabeledUnit], teachers: Sequence[Model]) -> list[LabeledUnit]:
    """Return units with what the teachers say of them, and nothing else."""
    articles = [
        (Article(id=e.unit.id, text=e.unit.text, original=e.unit.text, sha256=e.sha256), [e.unit])
        for e in units
    ]
    return unlabeled_lessons(articles, teachers)


def row(
    name: str,
    rows: Mapping[str, FloatArray],
    judge: Sequence[LabeledUnit],
    first: Mapping[str, FloatArray] | None,
) -> None:
    """Print F_avg with its interval, and how far it is above the first student's."""
    f_avg = score(judge, rows, BOOK, seed=SEED)["stance"].f_avg
    apart = "–"
    if first is not None:
        pairs = paired_differences(judge, rows, first, BOOK, seed=SEED)
        pair = next(p for p in pairs if (p.task, p.score) == ("stance", "F_avg"))
        gap = pair.difference
        apart = f"{estimate_words(gap, '+.3f')} p {pair.p_value:.4f}"
    cell = estimate_words(f_avg, ".3f") if f_avg else "–"
    print(f"| {name} | {cell} | {apart} |", flush=True)


def main() -> None:
    """Train teachers and students, and print a row each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of semeval2016")
    parser.add_argument("--cache", type=Path, required=True, help="a folder for what is trained")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9], help="of the teachers")
    given = parser.parse_args()
    trials, _ = read_benchmark(CHOSEN, given.data)
    fold = trials[0].folds[0]  # task A
    labeled, rest = parted(fold.learn)
    units = [example.unit for example in fold.judge]
    print(f"{len(labeled)} labeled, {len(rest)} unlabeled, {len(units)} judged\n")
    print("| model | F_avg | against the student without a teacher |\n| --- | --- | --- |")
    first = student(labeled, given.cache).predict_proba(units)
    row("student, no teacher", first, fold.judge, None)
    teachers = [teacher(labeled, seed, given.cache) for seed in given.seeds]
    said = [one.classifier.predict_proba(units) for one in teachers]
    row("a teacher", said[0], fold.judge, first)
    together = {"stance": np.mean([rows["stance"] for rows in said], axis=0)}
    row(f"{len(teachers)} teachers", together, fold.judge, first)
    for name, some in (("a teacher", teachers[:1]), (f"{len(teachers)} teachers", teachers)):
        lessons = taught(labeled, some)
        made = student(lessons, given.cache)
        row(f"student of {name}", made.predict_proba(units), fold.judge, first)
        made = student([*lessons, *without_labels(rest, some)], given.cache)
        named = f"student of {name}, unlabeled tweets too"
        row(named, made.predict_proba(units), fold.judge, first)
    everything = student(list(fold.learn), given.cache)
    row("student, all labels, no teacher", everything.predict_proba(units), fold.judge, first)


if __name__ == "__main__":
    main()
