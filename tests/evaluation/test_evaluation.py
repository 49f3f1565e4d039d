from dataclasses import replace

import numpy as np
import pytest

from stance.classifiers.base import in_order
from stance.classifiers.baseline import BaselineRecipe
from stance.classifiers.held_out import words_key
from stance.codebook import read_codebook
from stance.errors import DataError
from stance.evaluation.later import first_later_date
from stance.evaluation.model_report import model_report
from stance.evaluation.protocol import (
    LATER_SHARE,
    evaluate,
    kept_rows,
    learned_from_here,
    new_units,
)
from stance.evaluation.scores import score
from tests.builders import labeled_corpus, train_baseline
from tests.evaluation.units import called, labeled

BOOK = read_codebook()
RECIPE = BaselineRecipe(costs=(3.0,), n_folds=3)


def one_hot(examples, task, order):
    return np.eye(len(order))[[order.index(e.labels[task]) for e in examples]]


def test_perfect_predictions_score_one_and_how_sure_that_is_cannot_be_told():
    examples = labeled_corpus(6)
    rows = {"stance": one_hot(examples, "stance", BOOK.task("stance").classes)}
    result = score(examples, rows, BOOK, seed=1)["stance"]
    assert (result.macro_f1.value, result.macro_f1.low, result.macro_f1.high) == (1, None, None)
    assert result.macro_f1.n_articles == 6
    assert result.macro_f1.n_units == 72
    assert (result.accuracy.value, result.f1["optimistic"].value) == (1, 1)
    assert result.f1["optimistic"].low is None
    assert sum(map(sum, result.confusion)) == 72


def test_a_label_that_is_never_settled_makes_no_other_score_of_the_models_that_call_it():
    stances = ["neutral"] * 14 + ["skeptical"] * 6
    examples = [labeled(f"a{i % 7}", i, stance=s) for i, s in enumerate(stances)]
    one_fault = score(examples, called("stance", ["optimistic", *stances[1:]]), BOOK, seed=1)
    two_faults = score(examples, called("stance", ["skeptical"] * 2 + stances[2:]), BOOK, seed=1)
    one, two = one_fault["stance"], two_faults["stance"]
    assert one.macro_f1.value == pytest.approx((2 * 13 / 27 + 1) / 2)
    assert one.f_avg.value == 1
    assert one.macro_f1.value > two.macro_f1.value
    assert one.f_avg.value > two.f_avg.value


def test_units_without_a_label_of_the_task_do_not_count():
    examples = labeled_corpus(4)
    rows = {"stance": one_hot(examples, "stance", BOOK.task("stance").classes)}
    bare = [
        type(e)(unit=e.unit, source=e.source, date=None, sha256=e.sha256, labels={})
        for e in examples[:10]
    ]
    assert score([*bare, *examples[10:]], rows, BOOK, seed=1)["stance"].macro_f1.n_units == 38
    with pytest.raises(DataError, match="no unit here has a settled label"):
        score(bare, {"stance": rows["stance"][:10]}, BOOK, seed=1)


def test_known_articles_are_held_out_and_new_ones_judged_as_they_come(model):
    new = labeled_corpus(3, seed=9)
    results = evaluate([*labeled_corpus(), *new], model, BOOK, seed=1)
    rows = {(r.held_out, r.model): r.scores for r in results}
    assert {held_out for held_out, _ in rows} == {"new", "article", "outlet"}
    assert {name for _, name in rows} == {"majority", "VADER", "cues", model.reference}
    assert rows["new", model.reference]["stance"].macro_f1.n_articles == 3
    assert rows["article", model.reference]["stance"].macro_f1.n_articles == 12


def test_some_of_what_a_model_learned_from_is_judged_by_what_it_keeps_not_by_a_weaker_refit(model):
    some = [e for e in labeled_corpus() if e.source == "Outlet 1"]
    some += [e for e in labeled_corpus() if e.unit.article_id == "a2"]
    some = in_order(some)
    found = evaluate(some, model, BOOK, seed=1)
    assert {r.held_out for r in found} == {"article"}
    assert found[-1].scores == score(some, kept_rows(some, model), BOOK, seed=1)
    copies = [replace(e, sha256=f"copy of {e.sha256}") for e in labeled_corpus()]
    half = [e for e in labeled_corpus() if e.sha256 in {*list(model.card.trained_on)[:6]}]
    both = half + [e for e in copies if e.sha256[8:] in {f.sha256 for f in half}]
    assert {r.held_out for r in evaluate(both, model, BOOK, seed=1)} == {"article"}
    fewer = [
        replace(e, labels={"voice": e.labels["voice"]}) if i % 2 else e
        for i, e in enumerate(labeled_corpus())
    ]
    assert {r.held_out for r in evaluate(fewer, model, BOOK, seed=1)} == {"article"}


def test_a_model_stands_above_its_floors_where_words_tell_the_label(model):
    rows = {
        r.model: r.scores["stance"]
        for r in evaluate(labeled_corpus(5, seed=9), model, BOOK, seed=1)
    }
    assert rows[model.reference].macro_f1.value > 0.9
    assert rows["majority"].macro_f1.value < 0.3
    assert rows["majority"].f_avg.value <= 0.5


def test_articles_that_a_teacher_judged_for_a_model_are_not_new_to_it(model):
    new = labeled_corpus(3, seed=9)
    keys = tuple(words_key(e.unit.text)[:16] for e in new[:12])
    taught = replace(model, card=replace(model.card, beside=keys))
    assert learned_from_here(new, taught) - set(model.card.trained_on) == {new[0].sha256}


def test_what_a_base_learned_from_is_not_scored_as_held_out_and_is_told(model):
    # An embedding is refitted, its encoder is not: it has learned from the articles of its base.
    own, inherited = labeled_corpus(), labeled_corpus(3, seed=9)
    articles = {e.sha256 for e in inherited}
    learned = (*model.card.trained_on, *sorted(articles))
    based = replace(model, card=replace(model.card, kind="embedding", trained_on=learned))
    told = []
    results = evaluate([*own, *inherited], based, BOOK, seed=1, on_notice=told.append)
    assert {r.held_out for r in results} == {"article", "outlet"}
    assert {r.scores["stance"].macro_f1.n_articles for r in results} == {12}
    assert [words.split(":")[0] for words in told] == ["3 articles are left out"]
    assert results == evaluate(own, based, BOOK, seed=1, on_notice=told.append)
    assert len(told) == 1
    with pytest.raises(DataError, match=r"no article here can be held out: .*, its base or"):
        evaluate(inherited, based, BOOK, seed=1)
    report = model_report([*inherited, *labeled_corpus(7, seed=5)], based, BOOK, seed=1)
    assert (report.n_known, report.n_articles) == (3, 7)


def test_new_articles_with_labels_of_one_task_leave_the_floors_of_the_others_as_they_are(model):
    known = labeled_corpus()
    new = [replace(e, labels={"voice": e.labels["voice"]}) for e in labeled_corpus(3, seed=9)]
    results = evaluate([*known, *new], model, BOOK, seed=1)
    rows = {(r.held_out, r.model): list(r.scores) for r in results}
    assert [name for by, name in rows if by == "new"] == ["majority", "cues", model.reference]
    assert rows["new", "majority"] == ["voice"]
    assert rows["article", "majority"] == ["stance", "sentiment", "voice"]
    assert [r for r in results if r.held_out != "new"] == evaluate(known, model, BOOK, seed=1)


def test_articles_without_a_label_of_the_models_task_do_not_end_the_scoring_of_others(tmp_path):
    known = [replace(e, labels={"stance": e.labels["stance"]}) for e in labeled_corpus()]
    alone = train_baseline(known, BOOK, tmp_path / "alone", recipe=RECIPE)
    new = [replace(e, labels={"voice": e.labels["voice"]}) for e in labeled_corpus(3, seed=9)]
    assert {r.held_out for r in evaluate([*known, *new], alone, BOOK, seed=1)} == {
        "article",
        "outlet",
    }
    with pytest.raises(DataError, match="settled label of a task that the model can do"):
        evaluate(new, alone, BOOK, seed=1)


def test_a_model_of_some_labels_is_not_scored_as_one_of_all(tmp_path):
    every = labeled_corpus()
    some = every[::4]
    made = train_baseline(some, BOOK, tmp_path / "some", recipe=RECIPE)
    told = []
    (floor, *_, found) = evaluate(every, made, BOOK, seed=1, on_notice=told.append)
    assert (floor.held_out, found.held_out) == ("article", "article")
    assert found.scores["stance"].macro_f1.n_units == len(some)
    kept = made.card.held_out["article"]["stance"]["macro_f1"]["value"]
    assert found.scores["stance"].macro_f1.value == pytest.approx(kept, abs=1e-4)
    assert told[0].startswith(f"{len(every) - len(some)} units of articles that some@")


def test_labels_that_were_corrected_since_are_judged_by_what_was_held_out(model):
    # Refitted on the new labels, an old model would have the scores of a new one.
    turned = {"optimistic": "skeptical", "skeptical": "optimistic", "neutral": "neutral"}
    now = [replace(e, labels={"stance": turned[e.labels["stance"]]}) for e in labeled_corpus()]
    found = evaluate(now, model, BOOK, seed=1)[-1]
    assert found.held_out == "article"
    assert found.scores["stance"].accuracy.value < 0.5


def test_what_stands_word_for_word_in_a_longer_article_is_not_new(model):
    old, fresh = labeled_corpus()[:12], labeled_corpus(4, seed=9)[:36]
    longer = [replace(e, sha256="roundup") for e in (*old, *fresh)]
    (met,) = (new_units(longer, model),)
    assert {e.unit.text for e in met}.isdisjoint(e.unit.text for e in old)
    assert len(met) > 20
    told = []
    results = evaluate(longer, model, BOOK, seed=1, on_notice=told.append)
    assert {r.held_out for r in results} == {"new"}
    assert results[-1].scores["stance"].macro_f1.n_units == len(met)
    assert "learned from the same words" in told[0]
    report = model_report(longer, model, BOOK, seed=1)
    assert (report.n_known, report.n_met) == (0, 48 - len(met))
    line = [replace(old[0], sha256="fresh"), *(replace(e, sha256="fresh") for e in fresh[:3])]
    assert new_units(line, model) == line  # a line that an outlet repeats


def test_without_a_task_that_vader_reads_it_is_no_floor(model):
    voices = [replace(e, labels={"voice": e.labels["voice"]}) for e in labeled_corpus(8, seed=9)]
    results = evaluate(voices, model, BOOK, seed=1)
    assert [r.model for r in results] == ["majority", "cues", model.reference]
    report = model_report(voices, model, BOOK, labels=(), seed=1)
    assert [r.model for r in report.evaluations] == ["majority", "cues", model.reference]


def test_outlets_that_articles_do_not_name_are_not_held_out(model):
    nameless = [replace(e, source=None) for e in labeled_corpus()]
    assert {r.held_out for r in evaluate(nameless, model, BOOK, seed=1)} == {"article"}


def test_one_article_that_it_learned_from_is_held_out_where_its_folder_keeps_how(model):
    (only,) = evaluate(labeled_corpus()[:12], model, BOOK, seed=1)
    assert (only.held_out, only.model) == ("article", model.reference)
    with pytest.raises(DataError, match="keeps no held-out probabilities of their units"):
        evaluate(labeled_corpus()[:12], replace(model, held_out={}), BOOK, seed=1)


def test_nothing_labeled_is_nothing_to_score(model):
    with pytest.raises(DataError, match="nothing to score"):
        evaluate([], model, BOOK, seed=1)


def test_a_label_that_words_cannot_tell_scores_no_better_than_chance(tmp_path):
    rng = np.random.default_rng(3)
    shuffled = [
        type(e)(
            unit=e.unit,
            source=e.source,
            date=None,
            sha256=e.sha256,
            labels={t: str(rng.choice(BOOK.task(t).classes)) for t in e.labels},
        )
        for e in labeled_corpus(20, 20)
    ]
    trained = train_baseline(shuffled, BOOK, tmp_path / "noise", recipe=RECIPE)
    for result in evaluate(shuffled, trained, BOOK, seed=1):
        assert result.scores["stance"].macro_f1.value < 0.45


def test_known_articles_with_dates_are_held_out_by_later_date_too(model):
    dated = [
        replace(e, date=f"2026-0{1 + i % 5}-01")
        for i, e in enumerate(sorted(labeled_corpus(), key=lambda e: e.sha256))
    ]
    by_article = {e.sha256: e.date for e in dated}
    dated = [replace(e, date=by_article[e.sha256]) for e in dated]
    later = [r for r in evaluate(dated, model, BOOK, seed=1) if r.held_out == "later"]
    assert [r.model for r in later] == ["majority", "VADER", "cues", model.reference]
    assert {r.since for r in later} == {first_later_date(dated, share=LATER_SHARE)} != {None}
    last = {e.sha256 for e in dated if e.date == max(by_article.values())}
    assert later[-1].scores["stance"].macro_f1.n_articles >= len(last)
    assert later[-1].scores["stance"].macro_f1.n_articles < len(by_article)
    assert later[-1].scores["stance"].macro_f1.value > later[0].scores["stance"].macro_f1.value
