import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.codebook import read_codebook
from stance.corpus.copies import (
    PrintedUnits,
    articles_of_units,
    copies_left_out,
    copy_clusters,
    copy_groups,
    shingles,
)
from stance.corpus.reading import read_articles
from stance.corpus.shingles import NEAREST, UNDATED, WordNumbers, n_shared, numbered, sharing
from stance.errors import DataError
from stance.evaluation.splits import read_clusters
from stance.resources import data_folder
from tests.builders import classified

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


def printed(name, text, *, date="2026-02-14", source=None):
    return PrintedUnits(id=name, text=text, date=date, source=source)


def prose(seed, n=200):
    """Return words that no other seed repeats in the same order."""
    rng = random.Random(seed)
    return " ".join(f"w{rng.randrange(5000)}" for _ in range(n))


def test_an_edited_and_shortened_copy_belongs_to_its_story_and_another_story_does_not():
    groups = copy_groups({"story": STORY, "edited": EDITED, "other": OTHER})
    assert groups["story"] == groups["edited"] != groups["other"]


def test_copies_of_copies_belong_together():
    head, tail = STORY.split(" after ")
    groups = copy_groups({"head": head, "tail": tail, "whole": STORY, "other": OTHER})
    assert groups["head"] == groups["tail"] == groups["whole"] != groups["other"]


def test_a_stock_phrase_makes_no_copy():
    a = f"{STORY} The office would neither confirm nor deny that today."
    b = f"{OTHER} The office would neither confirm nor deny that today."
    groups = copy_groups({"a": a, "b": b})
    assert groups["a"] != groups["b"]
    assert copy_clusters([printed("a", a), printed("b", b)]) == []


def test_case_and_punctuation_do_not_hide_a_copy_and_short_texts_are_compared_whole():
    assert shingles("One, two!") == shingles("one two") == {("one", "two")}
    texts = {"a": "Gates close.", "b": "GATES CLOSE", "c": "Gates open.", "d": "", "e": ""}
    groups = copy_groups(texts)
    assert groups["a"] == groups["b"] != groups["c"]
    assert groups["d"] != groups["e"]
    assert copy_clusters([printed(*item) for item in texts.items()]) == [("a", "b")]


@given(st.lists(st.text(max_size=60), max_size=6))
def test_every_text_has_a_group_and_equal_texts_with_words_share_one(texts):
    groups = copy_groups(dict(enumerate(texts)))
    assert set(groups) == set(range(len(texts)))
    for i, left in enumerate(texts):
        for j, right in enumerate(texts):
            if left == right and shingles(left):
                assert groups[i] == groups[j]


def test_the_wire_stories_of_the_seed_articles_are_found_and_nothing_else():
    articles = list(read_articles([data_folder("seeds") / "articles"], on_failure=pytest.fail))
    stories = read_clusters(data_folder("seeds") / "clusters.csv")
    known = {p for p in combinations(sorted(stories), 2) if stories[p[0]] == stories[p[1]]}
    groups = copy_clusters(articles)
    found = {pair for group in groups for pair in combinations(sorted(group), 2)}
    assert len(known) == 45
    assert len(found & known) >= 0.95 * len(known), f"missed: {sorted(known - found)}"
    assert len(found & known) >= 0.95 * len(found), f"wrong: {sorted(found - known)}"


def test_of_copies_the_earliest_counts_then_the_longest_then_the_first_id():
    text = prose(1)
    longer = f"{text} {prose(2, 20)}"
    groups = copy_clusters(
        [
            printed("undated", f"{longer} more", date=None),
            printed("late", longer, date="2026-02-15"),
            printed("c", text),
            printed("b", text),
            printed("long", longer),
            printed("other", prose(3)),
        ]
    )
    assert groups == [("long", "b", "c", "late", "undated")]
    assert copies_left_out(groups) == {"b", "c", "late", "undated"}


def test_nobody_is_left_out_where_there_are_no_copies():
    assert copy_clusters([]) == []
    assert copy_clusters([printed("a", ""), printed("b", ""), printed("c", prose(1))]) == []
    assert copies_left_out([]) == frozenset()


def test_copies_stand_within_three_days_of_each_other_and_an_undated_article_meets_all():
    text = prose(1)
    dated = [printed("jan", text, date="2026-01-01"), printed("feb", text, date="2026-02-01")]
    assert copy_clusters(dated) == []
    assert copy_clusters([dated[0], printed("near", text, date="2026-01-04")]) == [("jan", "near")]
    assert copy_clusters([dated[0], printed("far", text, date="2026-01-05")]) == []
    assert copy_clusters([dated[1], printed("when", text, date="spring")]) == [("feb", "when")]
    n = 3 * NEAREST  # undated articles with one passage in common, behind the one that has more
    many = [printed(f"u{i}", f"{text[:300]} {prose(9 + i, 30)}", date=None) for i in range(n)]
    (group,) = copy_clusters([dated[0], *many])
    assert set(group) == {"jan", *(f"u{i}" for i in range(n))}


@pytest.mark.parametrize(
    ("opened", "closed"), [("“", "”"), ('"', '"'), ("“", '"'), ("«", "»"), ("‘", "’")]
)
def test_outlets_that_quote_one_speech_are_no_copies(opened, closed):
    speech = prose(1, 40)
    texts = [f"{prose(i, 90)}: {opened}{speech}{closed}, {prose(i + 9, 20)}" for i in (2, 3)]
    assert copy_clusters([printed("a", texts[0]), printed("b", texts[1])]) == []
    bare = [text.translate(str.maketrans("", "", opened + closed)) for text in texts]
    assert copy_clusters([printed("a", bare[0]), printed("b", bare[1])]) == [("a", "b")]


def test_a_quote_of_several_paragraphs_closes_in_the_last():
    opening, following = prose(1, 30), prose(2, 30)
    texts = [f"{prose(i, 99)}.\n“{opening}.\n“{following}.”\n{prose(i, 9)}" for i in (3, 4)]
    assert copy_clusters([printed("a", texts[0]), printed("b", texts[1])]) == []


def test_a_lost_quotation_mark_does_not_hide_what_stands_outside_of_quotes():
    text = ". ".join(f'{prose(i, 25)}, "{prose(90 + i, 12)}," he said' for i in range(8))
    lost = text.replace('"', "", 1)
    known = WordNumbers()
    whole, damaged = numbered(text, known)[1], numbered(lost, known)[1]
    assert n_shared(whole, damaged) >= 0.9 * len(whole)


def test_what_an_outlet_prints_under_all_its_articles_makes_no_copies_of_them():
    footer = prose(99, 60)
    articles = [printed(f"a{i}", f"{prose(i, 60)} {footer}", source="Post") for i in range(8)]
    assert copy_clusters(articles) == []
    under = [printed(f"a{i}", f"{footer} {prose(i, 60)}", source="Post") for i in range(8)]
    assert copy_clusters(under) == []
    assert len(copy_clusters(under[:5])) == 1  # the same words over few articles may be a story


def test_how_articles_of_a_chain_end_makes_no_copies_of_them_and_hides_none():
    ending = prose(99, 69)
    articles = [
        printed(f"a{i}", f"{prose(i)} {ending}", source=f"Outlet {i % 2}") for i in range(4)
    ]
    assert copy_clusters(articles) == []
    reprint = printed("b", f"{prose(500, 30)} {articles[0].text}", source="Outlet 1")
    abridged = printed("c", f"{' '.join(prose(0).split()[:60])} {ending}", source="Outlet 3")
    assert copy_clusters([*articles, reprint, abridged]) == [("b", "a0", "c")]
    copied_end = printed("d", f"{prose(600, 50)} {' '.join(prose(1).split()[-90:])} {ending}")
    assert copy_clusters([*articles, copied_end]) == [("a1", "d")]  # too long for an ending


def test_an_outlet_whose_articles_end_alike_can_be_held_out_article_by_article():
    texts = {f"a{i}": f"{prose(i)} {prose(99, 69)}" for i in range(8)}
    assert len(set(copy_groups(texts).values())) == 8
    texts["reprint"] = f"{prose(500, 60)} {texts['a3']}"
    groups = copy_groups(texts)
    assert groups["reprint"] == groups["a3"]
    assert len(set(groups.values())) == 8


def test_a_live_blog_of_many_versions_is_one_article():
    parts = [prose(i, 40) for i in range(20)]
    blog = [
        printed(f"v{n:02}", " ".join(parts[: n + 3]), source="Post", date=f"2026-02-{n // 9 + 10}")
        for n in range(18)
    ]
    others = [printed(f"a{i}", f"{prose(50 + i)} {prose(99, 30)}", source="Post") for i in range(8)]
    assert [len(group) for group in copy_clusters([*blog, *others])] == [18]


def test_briefs_of_hardly_more_than_one_quote_are_copies_where_they_are_the_same():
    quote, said = prose(1, 60), prose(2, 13)
    one = printed("a", f"{said} “{quote}”", source="Post")
    more = printed("b", f"{said} {prose(3, 6)} “{quote}”", source="Wire")
    other = printed("c", f"{prose(4, 60)} “{quote}”", source="Mail")
    assert copy_clusters([one, more, other]) == [("b", "a")]


def test_many_editions_of_one_article_in_one_outlet_are_copies():
    text = prose(1)
    articles = [printed(f"a{i}", text, source="Post") for i in range(9)]
    others = [printed(f"b{i}", prose(i + 2), source="Post") for i in range(9)]
    assert copy_clusters([*articles, *others]) == [tuple(f"a{i}" for i in range(9))]


def test_a_digest_of_two_stories_does_not_make_one_story_of_them():
    one, two = prose(1), prose(2)
    articles = [
        *(printed(f"one{i}", f"{one} {prose(10 + i, 20)}") for i in range(3)),
        *(printed(f"two{i}", f"{two} {prose(20 + i, 20)}") for i in range(3)),
        printed("digest", f"{one[:500]} {two[:500]}"),
    ]
    groups = {frozenset(group) - {"digest"} for group in copy_clusters(articles)}
    assert groups == {frozenset(f"{name}{i}" for i in range(3)) for name in ("one", "two")}


@pytest.mark.parametrize("keep", [0.7, 0.5, 0.3])
def test_sixty_abridged_and_edited_printings_of_each_story_make_one_group_of_each(keep):
    rng = random.Random(f"{keep}")
    articles = []
    for story in range(3):
        parts = [prose(100 * story + i, 40) for i in range(10)]
        articles.append(printed(f"{story}", "\n\n".join(parts), date="2026-02-13"))
        for i in range(60):
            own = rng.sample(parts, round(keep * len(parts)))  # in another order, too
            words = [w if rng.random() > 0.1 else "new" for w in " ".join(own).split()]
            text = f"{prose(7000 + 100 * story + i, 40)}\n\n{' '.join(words)}"
            articles.append(printed(f"{story}-{i}", text, source=f"Outlet {i}"))
    groups = copy_clusters(articles)
    right = [{article_id.split("-")[0] for article_id in group} for group in groups]
    assert all(len(stories) == 1 for stories in right)
    assert sum(len(group) for group in groups if group[0] in {"0", "1", "2"}) >= 0.85 * 183


def test_two_articles_of_one_id_are_refused():
    with pytest.raises(DataError, match="two articles have the id 'a'"):
        copy_clusters([printed("a", STORY), printed("b", OTHER), printed("a", OTHER)])


def test_the_pairs_found_by_the_index_are_those_found_by_comparing_all():
    rng = np.random.default_rng(5)
    sets = [
        np.unique(rng.integers(400, size=40)).astype(np.uint32) * np.uint32(9_999_999)
        for _ in range(60)
    ]
    days = np.sort(rng.integers(20, size=60))
    days[-5:] = UNDATED
    found = sharing(sets, lambda left, _: np.full(len(left), 6.0), days=days, window=3)
    near = {
        (i, j)
        for i, j in combinations(range(60), 2)
        if days[j] == UNDATED or days[j] - days[i] <= 3
    }
    assert set(found) <= near
    assert set(found) == {(i, j) for i, j in near if n_shared(sets[i], sets[j]) >= 6}
    assert len(found) > 20


def test_numbers_of_shingles_are_the_shingles_and_the_same_in_every_run():
    known = WordNumbers()
    for text in (STORY, "Gates close.", ""):
        assert len(numbered(text, known)[0]) == len(shingles(text))
    left, right = numbered(STORY, known)[0], numbered(EDITED, known)[0]
    assert n_shared(left, right) == len(shingles(STORY) & shingles(EDITED))
    assert numbered("Gates close.", WordNumbers())[0].tolist() == [2291458697]


def test_articles_are_put_together_from_their_units_in_order():
    codebook = read_codebook()
    units = [
        unit
        for name, text in (("a", STORY), ("b", EDITED), ("c", OTHER))
        for unit in classified(text, "neutral", outlet=name, name=name, codebook=codebook)
    ]
    random.Random(1).shuffle(units)
    articles = {article.id: article for article in articles_of_units(units)}
    assert articles["a"].text.replace("\n", " ") == STORY
    assert (articles["b"].source, articles["b"].date) == ("b", "2026-02-14")
    assert copy_clusters(articles.values()) == [("a", "b")]
