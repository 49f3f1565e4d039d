import pytest

from stance.codebook import read_codebook
from stance.corpus.prepare import prepare
from stance.corpus.units import split_units
from stance.engine.classify import classify
from stance.errors import DataError
from stance.evaluation.protocol import evaluate
from stance.records import LabeledUnit
from tests.builders import article, labeled_corpus, train_baseline

BOOK = read_codebook()


def copied(examples, change):
    """Return the first training article, changed, as a new article with its units."""
    first = [e for e in examples if e.sha256 == examples[0].sha256]
    made = article(change(" ".join(e.unit.text for e in first)), name="copy", source="Copier")
    return made, split_units(made), first


@pytest.mark.parametrize(
    "change",
    [lambda t: t, lambda t: t + "\n", lambda t: "A note. " + t, str.upper],
    ids=["as it was", "one line break more", "one sentence more", "in capitals"],
)
def test_a_copy_of_a_training_article_is_never_judged_by_the_model_that_learned_it(model, change):
    made, units, first = copied(labeled_corpus(), change)
    (done,) = classify([(made, units)], model, BOOK)
    held_out = [u for u in done.units if u.predictions["stance"].model.endswith("+held-out")]
    assert len(held_out) == len(first)


def test_a_copy_of_a_training_article_is_not_scored_as_a_new_one(model):
    made, units, first = copied(labeled_corpus(), lambda text: text + "\n")
    examples = [
        LabeledUnit(unit=u, source="Copier", date=None, sha256=made.sha256, labels=e.labels)
        for u, e in zip(units, first, strict=True)
    ]
    every = [*labeled_corpus(), *examples]
    results = evaluate(every, model, BOOK, seed=1)
    # Its recipe, refitted on the copy too, would be another model.
    assert {result.held_out for result in results} == {"article"}
    assert results[-1].scores["stance"].macro_f1.n_units == len(every)


def test_articles_come_out_in_order_with_probabilities_that_sum_to_one(model):
    articles = [article(f"The ferry waits on day {i}. Fares rise.", name=f"n{i}") for i in range(9)]
    done = list(classify(prepare(articles), model, BOOK))
    assert [d.article.id for d in done] == [f"n{i}" for i in range(9)]
    for unit in (u for d in done for u in d.units):
        for prediction in unit.predictions.values():
            assert sum(prediction.probabilities.values()) == pytest.approx(1)
            assert prediction.label == max(
                prediction.probabilities, key=lambda name: prediction.probabilities[name]
            )


def test_an_article_without_units_passes_through_and_sinks_nothing(model):
    done = list(classify(prepare([article("", name="empty"), article("It sails.")]), model, BOOK))
    assert [len(d.units) for d in done] == [0, 1]


def test_training_without_a_labeled_unit_is_refused(tmp_path):
    with pytest.raises(DataError, match="nothing to learn from"):
        train_baseline([], BOOK, tmp_path / "m")
