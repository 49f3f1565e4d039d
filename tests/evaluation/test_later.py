from dataclasses import replace

import pytest

from stance.classifiers.base import codebook_classes
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.errors import DataError
from stance.evaluation.later import first_later_date, later_dates
from stance.evaluation.scores import score
from tests.builders import labeled_corpus
from tests.evaluation.units import BOOK, labeled


class Recorder:
    """Remembers which articles it learned from."""

    classes_ = {"stance": BOOK.task("stance").classes}  # noqa: RUF012

    def fresh(self):
        return self

    def fit(self, examples):
        self.articles = {e.unit.article_id for e in examples}
        return self

    def predict_proba(self, units):
        return {"stance": [[1, 0, 0]] * len(units)}


def dated():
    """Return 12 articles of three units, one a day, without a word in common."""
    return [
        labeled(
            f"a{day}",
            i,
            text=" ".join(f"w{day}-{i}-{j}" for j in range(8)),
            date=f"2026-01-{day + 1:02}",
            stance="neutral",
        )
        for day in range(12)
        for i in range(3)
    ]


def test_the_latest_articles_are_judged_by_a_model_of_the_earlier_ones():
    recorder = Recorder()
    judged, rows = later_dates(recorder, dated(), share=0.25)
    assert {e.unit.article_id for e in judged} == {"a9", "a10", "a11"}
    assert recorder.articles == {f"a{i}" for i in range(9)}
    assert len(rows["stance"]) == len(judged) == 9


def test_articles_of_one_date_stay_together_and_undated_ones_on_neither_side():
    examples = [
        replace(e, date=None if e.unit.article_id == "a0" else e.date)
        if e.unit.article_id not in {"a8", "a9"}
        else replace(e, date="2026-01-10")
        for e in dated()
    ]
    recorder = Recorder()
    judged, _ = later_dates(recorder, examples, share=0.25)
    assert {e.unit.article_id for e in judged} == {"a8", "a9", "a10", "a11"}
    assert recorder.articles == {f"a{i}" for i in range(1, 8)}


def test_an_earlier_copy_of_a_later_article_is_not_learned_from():
    examples = dated()
    copied = [
        replace(e, unit=replace(e.unit, article_id="copy"), sha256="copy", date="2026-01-02")
        for e in examples
        if e.unit.article_id == "a11"
    ]
    recorder = Recorder()
    later_dates(recorder, [*examples, *copied])
    assert "copy" not in recorder.articles
    assert "a1" in recorder.articles


def test_a_baseline_of_earlier_articles_reads_later_ones():
    baseline = Baseline(codebook_classes(BOOK), BaselineRecipe(costs=(3.0,), n_folds=3))
    examples = [
        replace(e, date=f"2026-01-{int(e.unit.article_id[1:]) + 1:02}") for e in labeled_corpus(24)
    ]
    judged, rows = later_dates(baseline, examples)
    assert score(judged, rows, BOOK, seed=1)["stance"].macro_f1.value > 0.9


def test_the_later_part_never_takes_in_the_first_date():
    examples = [labeled(f"a{i}", i, date=d) for i, d in enumerate(["2026-01-01"] * 5 + ["2026-02"])]
    assert first_later_date(examples, share=0.9) == "2026-02"


def test_articles_of_one_date_cannot_be_divided():
    one_day = [replace(e, date="2026-01-01") for e in dated()]
    with pytest.raises(DataError, match="two dates"):
        later_dates(Recorder(), one_day)
