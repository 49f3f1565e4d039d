"""Articles in, articles with classified units out, in the same order, a batch at a time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from stance.classifiers.storage import Model, words_key
from stance.codebook import Codebook
from stance.corpus.repair import repair_article
from stance.corpus.units import split_units
from stance.records import Article, ClassifiedUnit, Prediction, Unit
from stance.statistics.arrays import FloatArray

BATCH_UNITS = 2048  # enough to keep a model busy, little enough to hold in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedArticle:
    """An article as it was read, with its units and what the model says of them."""

    article: Article
    units: tuple[ClassifiedUnit, ...]


def prepare(
    articles: Iterable[Article], *, repair: bool = True
) -> Iterator[tuple[Article, list[Unit]]]:
    """Yield each article, repaired unless told not to, with its units."""
    for article in articles:
        readable = repair_article(article) if repair else article
        yield readable, split_units(readable)


def classify(
    articles: Iterable[tuple[Article, list[Unit]]], model: Model, codebook: Codebook
) -> Iterator[ClassifiedArticle]:
    """Yield every article with its units classified, in the order given.

    Units whose words the model learned from get the probabilities of a model that had not seen
    their article, and their `model` says so: a model's view of its own lessons is worth nothing.
    """
    batch: list[tuple[Article, list[Unit]]] = []
    waiting = 0
    for article, units in articles:
        batch.append((article, units))
        waiting += len(units)
        if waiting >= BATCH_UNITS:
            yield from _classify_batch(batch, model, codebook)
            batch, waiting = [], 0
    if batch:
        yield from _classify_batch(batch, model, codebook)


def _classify_batch(
    batch: list[tuple[Article, list[Unit]]], model: Model, codebook: Codebook
) -> Iterator[ClassifiedArticle]:
    units = [unit for _, article_units in batch for unit in article_units]
    probabilities = model.classifier.predict_proba(units) if units else {}
    row = 0
    for article, article_units in batch:
        classified = []
        for unit in article_units:
            held_out = model.held_out.get(words_key(unit.text))
            rows = held_out or {task: table[row] for task, table in probabilities.items()}
            reference = f"{model.reference}+held-out" if held_out else model.reference
            classified.append(
                ClassifiedUnit(
                    unit=unit,
                    source=article.source,
                    date=article.date,
                    sha256=article.sha256,
                    predictions=_predictions(unit, rows, model, reference),
                    codebook=codebook.reference,
                )
            )
            row += 1
        yield ClassifiedArticle(article=article, units=tuple(classified))


def _predictions(
    unit: Unit, rows: Mapping[str, FloatArray], model: Model, reference: str
) -> dict[str, Prediction]:
    predictions = {}
    for task, classes in model.classifier.classes_.items():
        values = rows[task] / rows[task].sum()  # held-out rows are stored rounded
        predictions[task] = Prediction(
            unit_id=unit.id,
            task=task,
            label=classes[int(np.argmax(values))],
            probabilities={name: float(p) for name, p in zip(classes, values, strict=True)},
            model=reference,
        )
    return predictions
