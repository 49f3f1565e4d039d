import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.corpus.offsets import Edit, OriginalSpans, apply_repairs, edited, untouched
from stance.records import Article, text_sha256


def article(text: str) -> Article:
    return Article(id="a1", text=text, original=text, sha256=text_sha256(text))


@st.composite
def edits_of(draw, text: str) -> list[Edit]:
    ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    afters = st.text("xyz?", max_size=3)
    return [
        Edit(kind="test", start=start, end=end, after=draw(afters))
        for start, end in zip(ends[::2], ends[1::2], strict=False)
    ]


def applied(text: str, edits: list[Edit]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start] + edit.after + text[edit.end :]
    return text


@given(data=st.data(), text=st.text("abc ?", min_size=1, max_size=30))
def test_edits_change_the_text_as_they_say_and_the_original_never(data, text):
    edits = data.draw(edits_of(text))
    after = edited(article(text), edits)
    assert after.text == applied(text, edits) == apply_repairs(text, after.repairs)
    assert after.original == text
    assert all(text[r.start : r.end] == r.before for r in after.repairs)


@given(data=st.data(), text=st.text("abc ?", min_size=1, max_size=30))
def test_edits_clear_of_earlier_ones_compose_with_them(data, text):
    first = edited(article(text), data.draw(edits_of(text)))
    edits = untouched(first, data.draw(edits_of(first.text)))
    second = edited(first, edits)
    assert second.text == applied(first.text, edits)
    assert set(first.repairs) <= set(second.repairs)


@given(data=st.data(), text=st.text("abc ?", min_size=1, max_size=30))
def test_a_span_of_unrepaired_text_is_the_same_text_in_the_original(data, text):
    repaired = edited(article(text), data.draw(edits_of(text)))
    spans = OriginalSpans(repaired.repairs)
    for i, char in enumerate(repaired.text):
        start, end = spans.span(i, i + 1)
        touched = any(r.start < end and start < r.end for r in repaired.repairs)
        assert touched or repaired.original[start:end] == char
    whole = spans.span(0, len(repaired.text))
    assert 0 <= whole[0] <= whole[1] <= len(text)


def test_deleted_text_beside_a_span_stays_outside_it():
    repaired = edited(
        article("--- ab ---"),
        [Edit(kind="x", start=0, end=4, after=""), Edit(kind="x", start=6, end=10, after="")],
    )
    assert OriginalSpans(repaired.repairs).span(0, 2) == (4, 6)


@pytest.mark.parametrize(("start", "end"), [(0, 4), (1, 2), (0, 3)])
def test_an_edit_across_an_earlier_insertion_is_refused(start, end):
    inserted = edited(article("ab"), [Edit(kind="x", start=1, end=1, after="XY")])
    with pytest.raises(ValueError, match="overlapping"):
        edited(inserted, [Edit(kind="x", start=start, end=end, after="q")])
