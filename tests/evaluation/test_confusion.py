import pytest

from stance.classifiers.lexicon import Vader
from stance.evaluation.confusion import sentiment_confusion
from tests.evaluation.units import BOOK, called, labeled

TONE_OF = {"optimistic": "positive", "neutral": "neutral", "skeptical": "negative"}
STANCE_OF = {tone: stance for stance, tone in TONE_OF.items()}
# Stance and sentiment part on four units of ten.
SETTLED = [
    *[("optimistic", "positive"), ("skeptical", "negative"), ("neutral", "neutral")] * 2,
    *[("optimistic", "negative"), ("skeptical", "positive"), ("neutral", "negative")],
    ("optimistic", "neutral"),
]


def units():
    return [
        labeled(f"a{i % 4}", i, stance=stance, sentiment=tone)
        for i, (stance, tone) in enumerate(SETTLED)
    ]


def test_a_model_that_repeats_sentiment_stands_out_in_one_number():
    rows = called("stance", [STANCE_OF[tone] for _, tone in SETTLED])
    found = sentiment_confusion(units(), rows, BOOK)
    assert found.repeats.value == 1
    assert found.repeats.low > 0.25
    assert found.right_where_apart.value == 0
    assert found.right_where_same.value == 1
    assert found.predicted_same.value == 1
    assert found.settled_same.value == pytest.approx(0.6)


def test_a_model_without_fault_repeats_sentiment_nowhere_that_it_parts_from_stance():
    rows = called("stance", [stance for stance, _ in SETTLED])
    found = sentiment_confusion(units(), rows, BOOK)
    assert (found.repeats.value, found.repeats.n_units) == (0, 4)
    assert found.right_where_apart.value == 1
    assert found.predicted_same == found.settled_same


def test_the_table_counts_units_by_both_settled_labels():
    found = sentiment_confusion(units(), called("stance", ["neutral"] * 10), BOOK)
    assert found.n_units == 10
    assert found.table == {
        "optimistic": {"positive": 2, "neutral": 1, "negative": 1},
        "neutral": {"positive": 0, "neutral": 2, "negative": 1},
        "skeptical": {"positive": 1, "neutral": 0, "negative": 2},
    }


def test_a_sentiment_lexicon_is_found_out():
    texts = {
        "positive": "A great and wonderful success.",
        "neutral": "The ferry carries cars.",
        "negative": "A terrible and awful failure.",
    }
    examples = [
        labeled(f"a{i % 4}", i, text=texts[tone], stance=stance, sentiment=tone)
        for i, (stance, tone) in enumerate(SETTLED)
    ]
    rows = Vader(BOOK).predict_proba([e.unit for e in examples])
    assert sentiment_confusion(examples, rows, BOOK).repeats.value == 1


def test_where_stance_and_sentiment_never_part_nothing_can_be_told():
    examples = [labeled("a0", 0, stance="optimistic", sentiment="positive")]
    found = sentiment_confusion(examples, called("stance", ["optimistic"]), BOOK)
    assert found.repeats is None
    assert found.right_where_apart is None


def test_without_sentiment_labels_or_a_model_of_stance_there_is_no_answer():
    bare = [labeled("a0", 0, stance="optimistic")]
    assert sentiment_confusion(bare, called("stance", ["neutral"]), BOOK) is None
    voiced = [labeled("a0", 0, voice="author")]
    assert sentiment_confusion(voiced, called("voice", ["author"]), BOOK) is None
