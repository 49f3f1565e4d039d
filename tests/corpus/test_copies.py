from hypothesis import given
from hypothesis import strategies as st

from stance.corpus.copies import copy_groups, shingles

STORY = (
    "The harbour office said on Monday that two ferries would sail again before the weekend, after "
    "a month of repairs. Traders on the quay welcomed the news. The mayor, who had promised a "
    "faster return, declined to comment on the bill."
)
EDITED = (
    "Two ferries would sail again before the weekend, the harbour office said, after a month of "
    "repairs. Traders on the quay welcomed the news."
)
OTHER = (
    "A month of rain has filled the reservoirs above the town, and the water company expects no "
    "limits on gardens this summer. Farmers on the upper road want a canal of their own."
)


def test_an_edited_and_shortened_copy_belongs_to_its_story_and_another_story_does_not():
    groups = copy_groups({"story": STORY, "edited": EDITED, "other": OTHER})
    assert groups["story"] == groups["edited"] != groups["other"]


def test_copies_of_copies_belong_together():
    head, tail = STORY.split(" after ")
    groups = copy_groups({"head": head, "tail": tail, "whole": STORY, "other": OTHER})
    assert groups["head"] == groups["tail"] == groups["whole"] != groups["other"]


def test_a_stock_phrase_makes_no_copy():
    groups = copy_groups(
        {
            "a": f"{STORY} The office would neither confirm nor deny that today.",
            "b": f"{OTHER} The office would neither confirm nor deny that today.",
        }
    )
    assert groups["a"] != groups["b"]


def test_case_and_punctuation_do_not_hide_a_copy_and_short_texts_are_compared_whole():
    assert shingles("One, two!") == shingles("one two") == {("one", "two")}
    groups = copy_groups(
        {"a": "Gates close.", "b": "GATES CLOSE", "c": "Gates open.", "d": "", "e": ""}
    )
    assert groups["a"] == groups["b"] != groups["c"]
    assert groups["d"] != groups["e"]


@given(st.lists(st.text(max_size=60), max_size=6))
def test_every_text_has_a_group_and_equal_texts_with_words_share_one(texts):
    groups = copy_groups(dict(enumerate(texts)))
    assert set(groups) == set(range(len(texts)))
    for i, left in enumerate(texts):
        for j, right in enumerate(texts):
            if left == right and shingles(left):
                assert groups[i] == groups[j]
