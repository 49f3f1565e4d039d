import numpy as np
import pytest

from stance.classifiers.base import label_codes
from stance.classifiers.calibration import calibrate
from stance.codebook import read_codebook
from stance.evaluation.abstention import abstentions
from tests.builders import labeled_corpus

BOOK = read_codebook()
CLASSES = BOOK.task("stance").classes


def guesses(examples, *, skill, seed):
    """Return probabilities of stance that are right as often as they say, more or less."""
    rng = np.random.default_rng(seed)
    truth = label_codes(examples, "stance", CLASSES)
    scores = rng.normal(size=(len(examples), len(CLASSES)))
    scores[np.arange(len(examples)), truth] += skill
    powers = np.exp(scores)
    return {"stance": powers / powers.sum(axis=1, keepdims=True)}


@pytest.fixture(scope="module")
def found():
    learned, judged = labeled_corpus(60, 12, seed=1), labeled_corpus(60, 12, seed=2)
    codes = {"stance": label_codes(learned, "stance", CLASSES)}
    calibration = calibrate(guesses(learned, skill=1.5, seed=1), codes)
    rows = guesses(judged, skill=1.5, seed=2)
    return {
        alpha: abstentions(judged, rows, calibration, BOOK, alpha=alpha) for alpha in (0.05, 0.2)
    }


def test_the_settled_label_is_among_those_not_ruled_out_as_often_as_asked_for(found):
    for alpha, rows in found.items():
        for row in rows:
            if row.by in {"all", "label"}:
                assert row.coverage.value == pytest.approx(1 - alpha, abs=0.05), row


def test_parts_add_up_to_the_whole(found):
    for rows in found.values():
        (whole,) = (row for row in rows if row.by == "all")
        for by in ("label", "outlet"):
            parts = [row for row in rows if row.by == by]
            assert sum(row.coverage.n_units for row in parts) == whole.coverage.n_units
        assert {row.name for row in rows if row.by == "outlet"} == {f"Outlet {i}" for i in range(4)}


def test_who_answers_less_is_right_more_often(found):
    strict, loose = (next(row for row in found[alpha] if row.by == "all") for alpha in (0.05, 0.2))
    assert strict.answered.value < loose.answered.value
    assert strict.accuracy.value > loose.accuracy.value
