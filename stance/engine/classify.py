"""Articles in, articles with classified units out, in the same order, a batch at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stance.classifiers.calibration import abstained, prediction_sets
from stance.classifiers.held_out import rows_of
from stance.classifiers.storage import Model
from stance.codebook import Codebook
from stance.records import Article, ClassifiedUnit, Prediction, Unit
from stance.statistics.arrays import FloatArray

BATCH_UNITS = 2048  # enough to keep a model busy, little enough to hold in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedArticle:
    """An article as it was read, with its units and what the model says of them."""

    article: Article
    units: tuple[ClassifiedUnit, ...]


def classify(
    articles: Iterable[tuple[Article, list[Unit]]],
    model: Model,
    codebook: Codebook,
    *,
    alpha: float | None = None,
) -> Iterator[ClassifiedArticle]:
    """Yield every article with its units classified, in the order given.

    Units whose words the model learned from get the probabilities of a model that had not seen
    their article, and their `model` says so: a model's view of its own lessons is worth nothing.

    Parameters
    ----------
    alpha
        Abstain where the labels that cannot be ruled out at this level are not exactly one: each
        label's units keep it among theirs in 1 - alpha of cases, if they are like those that the
        model was calibrated on. None never abstains.
    """
    batch: list[tuple[Article, list[Unit]]] = []
    waiting = 0
    for article, units in articles:
        batch.append((article, units))
        waiting += len(units)
        if waiting >= BATCH_UNITS:
            yield from _classify_batch(batch, model, codebook, alpha)
            batch, waiting = [], 0
    if batch:
        yield from _classify_batch(batch, model, codebook, alpha)


def probabilities_of(
    units: Sequence[Unit], articles: Sequence[str], model: Model
) -> tuple[dict[str, FloatArray], list[bool]]:
    """Return each task's probabilities, and which units the model knew by their words.

    Those get the probabilities of a model that had not seen their article.

    Parameters
    ----------
    articles : length n_units
        The SHA-256 of each unit's article.
    """
    kept = rows_of(model.held_out, articles, [unit.text for unit in units])
    new = [i for i, rows in enumerate(kept) if rows is None]
    found = model.classifier.predict_proba([units[i] for i in new]) if new else {}
    tables = {}
    for task, names in model.classifier.classes_.items():
        table = tables[task] = np.zeros((len(units), len(names)))
        for i, rows in enumerate(kept):
            if rows is not None:
                table[i] = rows[task]
        if new:
            table[new] = found[task]
    return tables, [rows is not None for rows in kept]


def _classify_batch(
    batch: list[tuple[Article, list[Unit]]], model: Model, codebook: Codebook, alpha: float | None
) -> Iterator[ClassifiedArticle]:
    units = [unit for _, article_units in batch for unit in article_units]
    articles = [article.sha256 for article, article_units in batch for _ in article_units]
    tables, held_out = probabilities_of(units, articles, model)
    open_ = {
        task: abstained(
            prediction_sets(table, model.calibration.tasks[task].conformal, alpha), table
        )
        if alpha is not None and len(table)
        else np.zeros(len(units), dtype=bool)
        for task, table in tables.items()
    }
    row = 0
    for article, article_units in batch:
        classified = []
        for unit in article_units:
            reference = f"{model.reference}+held-out" if held_out[row] else model.reference
            predictions = {
                task: Prediction(
                    unit_id=unit.id,
                    task=task,
                    label=names[int(tables[task][row].argmax())],
                    probabilities=dict(zip(names, tables[task][row].tolist(), strict=True)),
                    model=reference,
                    abstained=bool(open_[task][row]),
                )
                for task, names in model.classifier.classes_.items()
            }
            classified.append(
                ClassifiedUnit(
                    unit=unit,
                    source=article.source,
                    date=article.date,
                    sha256=article.sha256,
                    predictions=predictions,
                    codebook=codebook.reference,
                )
            )
            row += 1
        yield ClassifiedArticle(article=article, units=tuple(classified))
