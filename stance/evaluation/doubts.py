"""Settled labels that models contradict: where to look for label errors. Nothing is changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stance.classifiers.base import Classifier, cross_fit, label_codes
from stance.codebook import Codebook
from stance.evaluation.protocol import N_FOLDS
from stance.records import LabeledUnit

N_ROUNDS = 5  # splits into folds whose probabilities are averaged: one split's luck is no doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A settled label that models which had not seen its article hold for less likely."""

    unit_id: str
    task: str
    settled: str
    suggested: str
    probability: float  # of the settled label, out of fold
    margin: float  # how much likelier the suggested one is: 0 to 1, the larger the more doubtful
    text: str


def doubts(
    examples: Sequence[LabeledUnit],
    classifier: Classifier,
    codebook: Codebook,
    *,
    seed: int,
    n_rounds: int = N_ROUNDS,
    on_step: Callable[[str], None] = lambda step: None,
) -> list[Doubt]:
    """Return the settled labels that out-of-fold models contradict, the most doubtful first.

    Folds are of whole articles. A label that a model contradicts may be right: the model is often
    the one in error, so a person decides.

    Parameters
    ----------
    classifier
        Gives the recipe: every fold fits a fresh one.

    Raises
    ------
    DataError
        If there are labels of fewer than two articles.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning: Estimating Uncertainty in Dataset
    Labels", for ranking by the normalised margin.
    """
    articles = [example.sha256 for example in examples]
    rounds = []
    for i in range(n_rounds):
        on_step(f"round {i + 1} of {n_rounds}")
        rounds.append(cross_fit(classifier, examples, articles, n_folds=N_FOLDS, seed=seed + i))
    found = []
    for task in codebook.tasks:
        if task.name not in rounds[0]:
            continue
        rows = np.mean([held_out[task.name] for held_out in rounds], axis=0)
        codes = label_codes(examples, task.name, task.classes)
        for example, row, code in zip(examples, rows, codes, strict=True):
            best = int(row.argmax())
            if code >= 0 and best != code:
                found.append(
                    Doubt(
                        unit_id=example.unit.id,
                        task=task.name,
                        settled=task.classes[code],
                        suggested=task.classes[best],
                        probability=float(row[code]),
                        margin=float(row[best] - row[code]),
                        text=example.unit.text,
                    )
                )
    return sorted(found, key=lambda doubt: (-doubt.margin, doubt.unit_id, doubt.task))
