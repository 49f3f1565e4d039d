"""The floors that a trained model must stand above: the majority, and lexicons."""

from collections.abc import Mapping, Sequence

import numpy as np

from stance.classifiers.base import codebook_classes, label_shares
from stance.codebook import Codebook
from stance.labeling.cues import codebook_cues
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray

VADER_LIMIT = 0.05  # |compound| from which its authors call a text positive or negative


class Majority:
    """Gives every unit the shares of labels that it learned from: what knowing no text is worth."""

    also: Sequence[LabeledUnit] = ()  # it learns from nothing beside

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        self.classes_: Mapping[str, tuple[str, ...]] = codebook_classes(codebook)
        self._shares: dict[str, FloatArray] = {}

    def fresh(self) -> "Majority":
        """Return an unfitted one."""
        return Majority(self._codebook)

    def fit(self, examples: Sequence[LabeledUnit]) -> "Majority":
        """Count labels; a task without any is left out."""
        self.classes_ = {
            task: classes
            for task, classes in codebook_classes(self._codebook).items()
            if any(task in example.labels for example in examples)
        }
        self._shares = {
            task: label_shares(examples, task, classes) for task, classes in self.classes_.items()
        }
        return self

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return the same row for every unit."""
        return {task: np.tile(shares, (len(units), 1)) for task, shares in self._shares.items()}


class Vader:
    """Reads the wording's polarity off the VADER lexicon, for tasks whose labels have scores.

    For stance it shows how far sentiment alone would go. It learns nothing.

    References
    ----------
    Hutto and Gilbert (2014), "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
    Social Media Text".
    """

    also: Sequence[LabeledUnit] = ()  # it learns from nothing

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        self._scores = {task.name: task.scores for task in codebook.tasks if task.scores}
        self.classes_: Mapping[str, tuple[str, ...]] = {
            task.name: task.classes for task in codebook.tasks if task.scores
        }

    def fresh(self) -> "Vader":
        """Return another: a lexicon is never fitted."""
        return Vader(self._codebook)

    def fit(self, examples: Sequence[LabeledUnit]) -> "Vader":
        """Do nothing: a lexicon does not learn."""
        return self

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return 1 for the label whose score has the sign of the wording, 0 for the others."""
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        analyzer = SentimentIntensityAnalyzer()
        compound = np.array([analyzer.polarity_scores(unit.text)["compound"] for unit in units])
        signs = np.where(np.abs(compound) < VADER_LIMIT, 0, np.sign(compound))
        probabilities = {}
        for task, scores in self._scores.items():
            # The label nearest in score: -1, 0, 1 where the codebook has three.
            nearest = np.abs(np.asarray(scores)[None, :] - signs[:, None]).argmin(axis=1)
            probabilities[task] = np.eye(len(scores))[nearest]
        return probabilities


class Lexicon:
    """Reads sentiment off VADER and the other tasks off the codebook's cues, where it has any.

    Where cues say nothing, an ordered task gets VADER and another its commonest label; a task
    without order or cues is left out. Guesses are whole: 1 for the label, 0 for the others.

    Parameters
    ----------
    cues_only
        Leave out tasks that have no cues: all of them would be VADER's.
    """

    also: Sequence[LabeledUnit] = ()  # it learns from nothing beside

    def __init__(self, codebook: Codebook, *, cues_only: bool = False) -> None:
        self._codebook, self._cues_only = codebook, cues_only
        self._vader = Vader(codebook)
        self._cues = [
            cues
            for cues in codebook_cues(codebook)
            if not (cues.task.name == "sentiment" and cues.task.ordered)
        ]
        by_cues = {cues.task.name for cues in self._cues}
        self.classes_: Mapping[str, tuple[str, ...]] = {
            task.name: task.classes
            for task in codebook.tasks
            if (task.ordered and not cues_only) or task.name in by_cues
        }
        self.fit([])

    def fresh(self) -> "Lexicon":
        """Return an unfitted one."""
        return Lexicon(self._codebook, cues_only=self._cues_only)

    def fit(self, examples: Sequence[LabeledUnit]) -> "Lexicon":
        """Learn what a unit without a cue is to get in a task without order: the commonest."""
        self._commonest = {
            cues.task.name: label_shares(examples, cues.task.name, cues.task.classes)
            for cues in self._cues
        }
        return self

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return 1 for the label that the lexicon points to, 0 for the others."""
        probabilities = self._vader.predict_proba(units)
        for cues in self._cues:
            classes, one_hot = cues.task.classes, np.eye(len(cues.task.classes))
            commonest = one_hot[self._commonest[cues.task.name].argmax()]
            rows = probabilities.get(cues.task.name, np.tile(commonest, (len(units), 1)))
            for i, unit in enumerate(units):
                guess = cues.guess(unit.text)
                if guess is not None:
                    rows[i] = one_hot[classes.index(guess)]
            probabilities[cues.task.name] = rows
        return {task: probabilities[task] for task in self.classes_}
