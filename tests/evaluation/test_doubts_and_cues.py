import random
from dataclasses import replace

import pytest

from stance.classifiers.base import codebook_classes
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.codebook import read_codebook
from stance.errors import DataError
from stance.evaluation.cues import measure_cues
from stance.evaluation.doubts import doubts
from stance.labeling.cues import codebook_cues
from tests.builders import labeled_corpus

BOOK = read_codebook()
CLASSIFIER = Baseline(codebook_classes(BOOK), BaselineRecipe(costs=(3.0,), n_folds=3))


def test_labels_that_were_swapped_are_the_first_that_models_doubt():
    examples = labeled_corpus()
    rng = random.Random(3)
    wrong = rng.sample([i for i, e in enumerate(examples) if e.labels["stance"] != "neutral"], 6)
    turned = {"optimistic": "skeptical", "skeptical": "optimistic"}
    for i in wrong:
        labels = examples[i].labels
        swapped = {**labels, "stance": turned[labels["stance"]]}
        examples[i] = replace(examples[i], labels=swapped)
    found = doubts(examples, CLASSIFIER, BOOK, seed=7, n_rounds=2)
    first = [doubt for doubt in found if doubt.task == "stance"][:6]
    assert {doubt.unit_id for doubt in first} == {examples[i].unit.id for i in wrong}
    assert all(turned[doubt.settled] == doubt.suggested for doubt in first)
    assert all(0 < doubt.margin <= 1 for doubt in found)


def test_doubts_change_nothing_and_are_the_same_each_time():
    examples = labeled_corpus()
    first = doubts(examples, CLASSIFIER, BOOK, seed=7, n_rounds=1)
    assert examples == labeled_corpus()
    assert doubts(examples, CLASSIFIER, BOOK, seed=7, n_rounds=1) == first


def test_one_article_alone_can_be_doubted_by_nobody():
    with pytest.raises(DataError, match="two groups"):
        doubts(labeled_corpus(n_articles=1), CLASSIFIER, BOOK, seed=7, n_rounds=1)


def test_cues_are_measured_by_coverage_precision_and_the_score_with_silence_filled_in():
    stance = next(cues for cues in codebook_cues(BOOK) if cues.task.name == "stance")
    examples = labeled_corpus()
    report = measure_cues(stance, examples, BOOK, seed=7)
    # The builder's sentences of doubt hold "doubt" and "stuck"; its hope holds "gain", "opens".
    assert report.n_units == len(examples)
    assert 0 < report.n_right <= report.n_guessed < report.n_units
    assert report.fallback == "neutral"
    assert report.score.macro_f1.value > 0.5
    assert {cue.cue for cue in report.cues} & {"doubt*", "stuck", "gain*"}
    assert set(report.never).isdisjoint(cue.cue for cue in report.cues)
    bare = [replace(example, labels={}) for example in examples]
    with pytest.raises(DataError, match="nothing to measure"):
        measure_cues(stance, bare, BOOK, seed=7)
