"""The rungs of the ladder, from knowing no text to a fine-tuned encoder, each a classifier."""

from enum import StrEnum

from stance.classifiers.base import Classifier, codebook_classes
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.classifiers.lexicon import Lexicon, Majority
from stance.codebook import Codebook


class Rung(StrEnum):
    """A kind of classifier; each should beat those before it."""

    MAJORITY = "majority"
    LEXICON = "lexicon"
    BASELINE = "baseline"
    EMBEDDING = "embedding"
    TRANSFORMER = "transformer"


def new_classifier(rung: Rung, codebook: Codebook, *, seed: int = 7) -> Classifier:
    """Return an unfitted classifier of a rung, by its default recipe."""
    if rung is Rung.MAJORITY:
        return Majority(codebook)
    if rung is Rung.LEXICON:
        return Lexicon(codebook)
    return Baseline(codebook_classes(codebook), BaselineRecipe(seed=seed))
