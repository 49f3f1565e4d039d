import pytest

from stance.codebook import read_codebook
from stance.errors import LabelError
from stance.labeling.agreement import coder_agreement
from tests.builders import judged

BOOK = read_codebook()
PAIRS = [("optimistic", "optimistic"), ("neutral", "neutral"), ("skeptical", "neutral")] * 3


def annotations():
    return [
        judged(name, label, unit=f"port/a{i % 2}:{i}-{i + 1}")
        for i, pair in enumerate(PAIRS)
        for name, label in zip(("ada", "bo"), pair, strict=True)
    ]


def test_agreement_counts_units_pairs_and_their_confusion():
    (result,) = coder_agreement(annotations(), BOOK)
    assert (result.task, result.group, result.n_units) == ("stance", "all", 9)
    assert result.annotators == ("ada", "bo")
    assert result.percent.value == pytest.approx(2 / 3)
    (pair,) = result.pairs
    assert (pair.left, pair.right) == ("ada", "bo")
    assert pair.confusion == {
        "optimistic": {"optimistic": 3, "neutral": 0, "skeptical": 0},
        "neutral": {"optimistic": 0, "neutral": 3, "skeptical": 0},
        "skeptical": {"optimistic": 0, "neutral": 3, "skeptical": 0},
    }
    assert result.confusion["neutral"] == {"optimistic": 0, "neutral": 6, "skeptical": 3}
    # By hand: 18 values (6 optimistic, 9 neutral, 3 skeptical), 6 of 18 pairs disagree.
    expected = 1 - (6 * 6 + 9 * 9 + 3 * 3 - 18) / (18 * 17)
    assert result.nominal.value == pytest.approx(1 - (6 / 18) / expected)
    assert result.ordinal.value > result.nominal.value  # no optimist meets a skeptic


def test_groups_follow_the_overall_row():
    results = coder_agreement(annotations(), BOOK, group_of=lambda unit: unit.split(":")[0])
    assert [(r.group, r.n_units) for r in results] == [("all", 9), ("port/a0", 5), ("port/a1", 4)]


def test_whoever_settles_a_disagreement_does_not_count_as_an_annotator():
    third = judged("cy", "neutral", unit="port/a0:2-3", design="adjudication")
    assert coder_agreement([*annotations(), third], BOOK) == coder_agreement(annotations(), BOOK)


def test_one_annotator_alone_has_nothing_to_agree_with():
    with pytest.raises(LabelError, match="two annotators"):
        coder_agreement([judged("ada", "neutral")], BOOK)
