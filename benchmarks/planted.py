"""Corrected shares against planted truth: the outlets of our seed articles, all units judged.

For each sample size units are drawn as `stance label next` draws them, judged as the settled labels
say, and every outlet's corrected shares are held against its true ones.

    python benchmarks/planted.py [--model small] [--draws 5]
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from stance.classifiers.storage import load_model
from stance.codebook import read_codebook
from stance.comparison.compare import model_facts
from stance.comparison.mixes import compare_mixes
from stance.comparison.observations import observe
from stance.comparison.sample import sampled
from stance.comparison.shares import corrected_shares
from stance.corpus.prepare import prepare
from stance.corpus.reading import read_articles
from stance.engine.classify import classify
from stance.labeling.designs import Plan
from stance.labeling.log import AnnotationLog, now
from stance.labeling.queue import Candidate, add_draw, draw_units
from stance.labeling.store import document_of, read_labels, register_documents, write_documents
from stance.records import Annotation

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Print coverage, error and width by sample size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="small")
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    book = read_codebook()
    task = book.task("stance")
    model = load_model(options.model, book)
    articles = read_articles([ROOT / "seeds/articles"], on_failure=print)
    done = list(classify(prepare(articles), model, book))
    units = [unit for each in done for unit in each.units]
    seen = observe(units, book)
    settled = {
        label.unit_id: label.labels["stance"]
        for label in read_labels(ROOT / "labels/settled.jsonl")
    }
    truth: dict[str, dict[str, float]] = {}
    for outlet in seen.outlets:
        own = [settled[unit.unit.id] for unit in units if unit.source == outlet]
        truth[outlet] = {name: own.count(name) / len(own) for name in task.classes}
    facts = model_facts(model.reference, model.card)
    mix = compare_mixes(
        seen, task, confusion=facts.confusion["stance"], settled={}, seed=7, pairs=False
    )
    counted, bands, errors = [], [], []
    for outlet_mix in mix.outlets:
        for name, share in outlet_mix.shares.items():
            true = truth[outlet_mix.outlet][name]
            low, high = share.counted.low or 0.0, share.counted.high or 1.0
            counted.append((low <= true <= high, high - low))
            errors.append(abs(share.counted.value - true))
            if share.band:
                bands.append((share.band[0] <= true <= share.band[1], np.ptp(share.band)))
    n = len(seen.outlets)
    print(f"{n} outlets, {len(units)} units, {len(task.classes)} shares each; model {facts.name}")
    print("| shares | labels | labels an outlet | hold the truth | mean width | mean error |")
    print("| --- | --- | --- | --- | --- | --- |")
    report("counted, interval over articles", "0", "0", counted, errors)
    report("counted, band of the model's errors", "0", "0", bands, errors)
    for size in (310, 620, 1240, 2480):
        found, wrong = [], []
        for seed in range(options.draws):
            with TemporaryDirectory() as folder:
                lay(Path(folder), done, settled, book.reference, size, seed, model.reference)
                sample = sampled(
                    Path(folder), seen, book, trained_on=frozenset(model.card.trained_on)
                )
            for outlet, shares in corrected_shares(seen, task, sample).items():
                for name, share in shares.items():
                    true = truth[outlet][name]
                    found.append((share.low <= true <= share.high, share.high - share.low))
                    wrong.append(abs(share.value - true))
        report("corrected", str(size), f"{size / n:.0f}", found, wrong)


def report(
    name: str,
    n_labels: str,
    each: str,
    found: list[tuple[bool, float]],
    wrong: list[float],
) -> None:
    """Print a row of the table."""
    held, width = np.array(found, dtype=float).T
    print(
        f"| {name} | {n_labels} | {each} | {held.mean():.1%} of {len(held)} | {width.mean():.2f} | "
        f"{np.mean(wrong):.3f} |",
        flush=True,
    )


def lay(
    folder: Path,
    done: list,
    settled: dict[str, str],
    codebook: str,
    size: int,
    seed: int,
    model: str,
) -> None:
    """Write a label folder with one stratified draw, judged in full."""
    pool = [
        Candidate(
            unit_id=unit.unit.id,
            article_id=unit.unit.article_id,
            outlet=unit.source or "",
            predicted=unit.predictions["stance"].label,
            margin=1.0,
        )
        for each in done
        for unit in each.units
    ]
    draw = draw_units(pool, Plan.STRATIFIED, size, seed=seed, codebook=codebook, model=model)
    add_draw(folder / "draws.jsonl", draw)
    known = register_documents({}, [document_of(each.article) for each in done])
    write_documents(folder / "documents.csv", known)
    log = AnnotationLog(folder / "annotations.jsonl")
    log.append(
        [
            Annotation(
                unit_id=unit.unit_id,
                annotator="settled",
                task="stance",
                label=settled[unit.unit_id],
                codebook=codebook,
                at=now(),
                design=draw.design_of(unit),
            )
            for unit in draw.units
        ]
    )


if __name__ == "__main__":
    main()
