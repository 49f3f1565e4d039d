"""One protocol for every model: new articles as they are, known ones held out, floors beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.classifiers.base import Classifier, cross_fit
from stance.classifiers.lexicon import Majority, Vader
from stance.classifiers.storage import Model, words_key
from stance.codebook import Codebook
from stance.errors import DataError
from stance.evaluation.later import first_later_date, later_dates
from stance.evaluation.scores import TaskScore, score
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray

N_FOLDS = 10  # over articles: each model sees nine tenths, close to the final one
LATER_SHARE = 0.25  # of dated articles, the latest ones
QUICK = {"baseline", "embedding"}  # kinds whose recipe is refitted in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The scores of one model, or of a floor, under one way of holding out."""

    held_out: str  # "article", "outlet", "later": articles later than those learned from; or
    # "new": articles that the model never learned from, judged as it stands
    model: str
    scores: Mapping[str, TaskScore]  # task -> score


def evaluate(
    examples: Sequence[LabeledUnit], model: Model, codebook: Codebook, *, seed: int
) -> list[Evaluation]:
    """Return the model's scores beside those of its floors, on units with settled labels.

    Articles that the model learned from, copies of them included, are held out: by refitting its
    recipe, by article, by outlet and by later date, where that takes seconds; else by the
    probabilities that its folder keeps of them, by models that had not seen their outlet. All
    others are judged by the model as it stands.

    Raises
    ------
    DataError
        If no unit has a settled label.
    """
    if not examples:
        raise DataError(
            "no unit of these articles has a settled label under this codebook: nothing to score"
        )
    learned_from = learned_from_here(examples, model)
    known = [example for example in examples if example.sha256 in learned_from]
    new = [example for example in examples if example.sha256 not in learned_from]
    rivals = {**floors(examples, codebook), model.reference: model.classifier}
    results = []
    if new:
        units = [example.unit for example in new]
        for name, rival in rivals.items():
            # A majority learned from the very labels that it meets is the highest such floor.
            fitted = rival if rival is model.classifier else rival.fit(new)
            rows = fitted.predict_proba(units)
            results.append(_evaluation("new", name, new, rows, codebook, seed))
    if model.card.kind not in QUICK:
        known = [e for e in known if words_key(e.unit.text) in model.held_out]
        if known:
            results += _as_kept(known, model, codebook, seed)
        return _some(results, model)
    articles = [example.sha256 for example in known]
    outlets = [example.source or "" for example in known]
    for held_out, groups, n_folds in (("article", articles, N_FOLDS), ("outlet", outlets, None)):
        if len(set(groups)) > 1 and "" not in groups:
            for name, rival in rivals.items():
                rows = cross_fit(rival, known, groups, n_folds=n_folds, seed=seed)
                results.append(_evaluation(held_out, name, known, rows, codebook, seed))
    if first_later_date(known, share=LATER_SHARE) is not None:
        for name, rival in rivals.items():
            try:
                judged, rows = later_dates(rival, known, share=LATER_SHARE)
            except DataError:  # too few earlier articles to learn anything from
                continue
            results.append(_evaluation("later", name, judged, rows, codebook, seed))
    return _some(results, model)


def floors(examples: Sequence[LabeledUnit], codebook: Codebook) -> dict[str, Classifier]:
    """Return the floors, by name, that can do a task of which a unit here has a label."""
    labeled = {task for example in examples for task in example.labels}
    both: dict[str, Classifier] = {"majority": Majority(codebook), "VADER": Vader(codebook)}
    return {name: floor for name, floor in both.items() if labeled & floor.classes_.keys()}


def _some(results: list[Evaluation], model: Model) -> list[Evaluation]:
    if not results:
        raise DataError(
            f"{model.reference} learned from these articles, and they are too few to hold any out "
            "from it: give others"
        )
    return results


def _as_kept(
    known: Sequence[LabeledUnit], model: Model, codebook: Codebook, seed: int
) -> list[Evaluation]:
    """Return the scores of the held-out probabilities that a model's folder keeps, and floors."""
    by = next(iter(model.card.held_out))
    groups = [example.sha256 if by == "article" else example.source or "" for example in known]
    kept = [model.held_out[words_key(example.unit.text)] for example in known]
    rows = {task: np.stack([row[task] for row in kept]) for task in model.classifier.classes_}
    results = []
    for name, floor in floors(known, codebook).items():
        if len(set(groups)) > 1:
            floor_rows = cross_fit(floor, known, groups, n_folds=N_FOLDS, seed=seed)
            results.append(_evaluation(by, name, known, floor_rows, codebook, seed))
    results.append(_evaluation(by, model.reference, known, rows, codebook, seed))
    return results


def learned_from_here(examples: Sequence[LabeledUnit], model: Model) -> set[str]:
    """Return the hashes of articles that the model learned from, or learned half the words of.

    Learned beside counts as learned: units that a teacher judged, or that stand in no article.
    """
    beside = set(model.card.beside)
    words: dict[str, list[bool]] = {}
    for example in examples:
        key = words_key(example.unit.text)
        known = key in model.held_out or key[:16] in beside
        words.setdefault(example.sha256, []).append(known)
    copies = {article for article, known in words.items() if 2 * sum(known) >= len(known)}
    return copies | set(model.card.trained_on)


def _evaluation(
    held_out: str,
    name: str,
    examples: Sequence[LabeledUnit],
    rows: Mapping[str, FloatArray],
    codebook: Codebook,
    seed: int,
) -> Evaluation:
    return Evaluation(
        held_out=held_out, model=name, scores=score(examples, rows, codebook, seed=seed)
    )
