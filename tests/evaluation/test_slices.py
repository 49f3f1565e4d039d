from dataclasses import replace

import numpy as np
import pytest

from stance.evaluation.reliability import reliability
from stance.evaluation.scores import score
from stance.evaluation.slices import slices
from stance.statistics.scores import calibration_error
from tests.builders import labeled_corpus
from tests.evaluation.units import BOOK, STANCE, called, labeled


def corpus():
    """Return 16 articles, dated by their number, and a model that errs on every third unit."""
    examples = [
        replace(e, date=f"2026-01-{int(e.unit.article_id[1:]) + 1:02}") for e in labeled_corpus(16)
    ]
    names = [
        e.labels["stance"] if i % 3 else STANCE[(STANCE.index(e.labels["stance"]) + 1) % 3]
        for i, e in enumerate(examples)
    ]
    return examples, called("stance", names, 0.8)


def found(examples, rows, by):
    return {s.name: s for s in slices(examples, rows, BOOK, seed=1) if s.by == by}


def test_the_slices_of_each_kind_hold_every_unit_once():
    examples, rows = corpus()
    for by in ("voice", "outlet", "length", "date"):
        parts = found(examples, rows, by)
        assert len(parts) > 1
        assert sum(part.n_units for part in parts.values()) == len(examples)


def test_a_slice_scores_what_its_units_alone_score():
    examples, rows = corpus()
    part = found(examples, rows, "outlet")["Outlet 2"]
    inside = [i for i, e in enumerate(examples) if e.source == "Outlet 2"]
    alone = score([examples[i] for i in inside], {"stance": rows["stance"][inside]}, BOOK, seed=1)[
        "stance"
    ]
    assert part.n_units == len(inside)
    assert part.n_articles == 4
    assert part.macro_f1.value == pytest.approx(alone.macro_f1.value)
    assert part.accuracy.value == pytest.approx(alone.accuracy.value)
    assert part.calibration_error == pytest.approx(alone.calibration_error)


def test_few_articles_get_a_score_without_an_interval():
    examples, rows = corpus()
    outlet = found(examples, rows, "outlet")["Outlet 2"]
    half = next(iter(found(examples, rows, "date").values()))
    assert (outlet.macro_f1.low, outlet.macro_f1.high) == (None, None)
    assert half.n_articles == 8
    assert half.macro_f1.low < half.macro_f1.value < half.macro_f1.high


def test_a_label_that_a_slice_lacks_leaves_it_without_macro_f1():
    settled = ["optimistic", "neutral", "skeptical", "neutral", "optimistic", "neutral"]
    voices = ["author"] * 3 + ["attributed"] * 3
    examples = [
        labeled(f"a{i % 2}", i, stance=stance, voice=voice)
        for i, (stance, voice) in enumerate(zip(settled, voices, strict=True))
    ]
    parts = found(examples, called("stance", settled), "voice")
    assert parts["author"].macro_f1.value == 1
    assert parts["attributed"].macro_f1 is None
    assert parts["attributed"].accuracy.value == 1


def test_a_label_that_is_only_called_counts_in_no_slice_as_in_the_whole():
    settled = ["optimistic", "neutral"] * 8
    examples = [
        labeled(f"a{i % 8}", i, stance=s, voice="author" if i < 8 else "attributed")
        for i, s in enumerate(settled)
    ]
    rows = called("stance", ["skeptical", *settled[1:]])
    whole = score(examples, rows, BOOK, seed=1)["stance"].macro_f1.value
    parts = found(examples, rows, "voice")
    assert whole == pytest.approx((14 / 15 + 1) / 2)
    assert parts["author"].macro_f1.value == pytest.approx((6 / 7 + 1) / 2)
    assert parts["attributed"].macro_f1.value == 1


def test_the_brier_score_of_a_slice_is_by_hand():
    examples = [labeled("a0", 0, stance="neutral", voice="author")]
    examples += [labeled("a1", 1, stance="neutral", voice="attributed")]
    rows = {"stance": np.array([[0.2, 0.5, 0.3], [0.1, 0.8, 0.1]])}
    assert found(examples, rows, "voice")["author"].brier == pytest.approx(
        {"optimistic": 0.04, "neutral": 0.25, "skeptical": 0.09}
    )


def test_a_task_is_not_sliced_by_its_own_labels_nor_by_what_does_not_vary():
    examples = [
        labeled(f"a{i}", i, source="One", date="2026-01-01", stance="neutral", voice=voice)
        for i, voice in enumerate(["author", "attributed"] * 3)
    ]
    rows = called("voice", [e.labels["voice"] for e in examples])
    assert {s.by for s in slices(examples, rows, BOOK, seed=1)} == set()
    rows = called("stance", [e.labels["stance"] for e in examples])
    assert {s.by for s in slices(examples, rows, BOOK, seed=1)} == {"voice"}


def test_lengths_are_thirds_by_word_count():
    examples = [
        labeled("a0", i, text=" ".join(["ferry"] * (i + 1)), stance="neutral") for i in range(9)
    ]
    parts = found(examples, called("stance", ["neutral"] * 9), "length")
    assert {name: part.n_units for name, part in parts.items()} == {
        "short, to 3 words": 3,
        "middle, to 6 words": 3,
        "long, over 6 words": 3,
    }


def test_undated_articles_are_in_neither_half():
    examples, rows = corpus()
    examples = [replace(e, date=None) if e.unit.article_id == "a3" else e for e in examples]
    parts = found(examples, rows, "date")
    assert sum(part.n_units for part in parts.values()) == len(examples) - 12
    assert list(parts) == ["before 2026-01-09", "from 2026-01-09"]


def test_the_bins_of_a_reliability_diagram_hold_every_unit_and_add_up_to_the_calibration_error():
    examples, rows = corpus()
    rows["stance"][: len(examples) // 2] = rows["stance"][: len(examples) // 2] * 0.5 + 1 / 6
    bins = reliability(examples, rows, BOOK)["stance"]
    assert [(b.low, b.high) for b in bins] == [(0.5, 0.6), (0.8, 0.9)]
    assert sum(b.accuracy.n_units for b in bins) == len(examples)
    gap = sum(b.accuracy.n_units * abs(b.confidence - b.accuracy.value) for b in bins)
    truth = np.array([STANCE.index(e.labels["stance"]) for e in examples])
    expected = calibration_error(rows["stance"], truth)
    assert gap / len(examples) == pytest.approx(expected)
    assert expected > 0.01


def test_repaired_units_are_scored_apart_from_those_that_came_whole():
    examples, rows = corpus()
    right = [
        STANCE.index(e.labels["stance"]) == row.argmax()
        for e, row in zip(examples, rows["stance"], strict=True)
    ]
    examples = [replace(e, repaired=hit) for e, hit in zip(examples, right, strict=True)]
    parts = found(examples, rows, "repair")
    assert [(name, part.accuracy.value) for name, part in parts.items()] == [
        ("as it came", 0),
        ("repaired", 1),
    ]
    assert parts["repaired"].n_units == sum(right)
    whole = [replace(e, repaired=False) for e in examples]
    assert found(whole, rows, "repair") == {}
