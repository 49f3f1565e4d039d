"""Articles that are copies of each other, edited or not: wire stories, reprints, new versions."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stance.corpus.furniture import ENOUGH, REPEATED, SAME, shared_ending, without_repeated
from stance.corpus.shingles import (
    SHINGLE,
    UNDATED,
    BoolArray,
    FloatArray,
    IntArray,
    Numbers,
    WordNumbers,
    n_shared,
    numbered,
    sharing,
)
from stance.errors import DataError
from stance.records import ClassifiedUnit, Unit, same_words

SHARED = 0.2  # of the shingles of the shorter text, quotes included: what leaks into a split
OWN = 0.15  # of those outside of quotation marks: docs/decisions/copies.md has the margins
WINDOW = 3  # days between two printings of one story
FROM_FIRST = 0.3  # of an article, in the first of a group: enough to belong to it
TRIED = 8  # articles of a group that a new one is compared with

_WORD = re.compile(r"\w+")
Key = TypeVar("Key", bound=Hashable)
Shared = Callable[[int, int], int]
Needed = Callable[[IntArray, IntArray], FloatArray]


class Printed(Protocol):
    """What is known of an article here; `stance.records.Article` has it all."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def date(self) -> str | None: ...  # noqa: D102
    @property
    def source(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedUnits:
    """An article put together from its units."""

    id: str
    text: str
    date: str | None
    source: str | None


def shingles(text: str, n: int = SHINGLE) -> set[tuple[str, ...]]:
    """Return the runs of `n` words in a text, case and punctuation aside; a shorter text is one."""
    words = _WORD.findall(text.casefold())
    if len(words) <= n:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def copy_groups(texts: Mapping[Key, str]) -> dict[Key, int]:
    """Return a number for each text, the same for texts that must stay on one side of a split.

    Two texts belong together where the shorter has a fifth of its shingles in common with the
    other, ten at least, or half of them; copies of copies belong together. A long quote that both
    print counts too: a model that learned from one knows the other. An ending that they have in
    common does not, as in `copy_clusters`.

    References
    ----------
    Broder (1997), "On the resemblance and containment of documents".
    """
    keys, known = list(texts), WordNumbers()
    read = [numbered(texts[key], known) for key in keys]
    sets, endings = [row[0] for row in read], [row[2] for row in read]
    sizes = np.array([len(numbers) for numbers in sets], dtype=np.int64)

    def needed(left: IntArray, right: IntArray) -> FloatArray:
        shorter = np.minimum(sizes[left], sizes[right])
        return np.minimum(np.maximum(SHARED * shorter, ENOUGH), shorter / 2)

    links = [
        (left, right)
        for left, right in sharing(sets, needed, days=np.full(len(keys), UNDATED), window=0)
        if _shared_before_the_end(left, right, sets, endings, sizes)
        >= needed(np.array([left]), np.array([right]))[0]
    ]
    ends = np.array(links, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (ends[0], ends[1])), shape=(len(keys),) * 2)
    _, groups = connected_components(graph, directed=False)
    return {key: int(group) for key, group in zip(keys, groups, strict=True)}


def copy_clusters(articles: Iterable[Printed]) -> list[tuple[str, ...]]:
    """Return the ids of articles that print one text, whole, abridged or edited, group by group.

    Of a group the article that counts stands first: the earliest, of those the longest, then the
    first id. Articles without a date stand behind those with one. Groups are in that order too;
    an article without copies is in none.

    Two articles are copies where the shorter has 15% of its shingles, ten at least, in common
    with one at most three days away. Words in quotation marks do not count, so that outlets which
    quote one speech are no copies; nor does what one outlet prints in more than five articles, such
    as an invitation to subscribe, nor an ending of up to 120 words that two have in common, unless
    it is more than half of one. Articles that have too little else must be the same by three
    quarters, quotes included. An article joins a group if 30% of it stand in the group's first
    article, or half of the group are copies of it: a digest of the day does not make one story of
    all that it touches.

    Parameters
    ----------
    articles
        Read once; not their texts but numbers are kept, some twenty bytes for a word.

    Raises
    ------
    DataError
        If two articles have one id.

    References
    ----------
    Broder (1997), "On the resemblance and containment of documents".
    """
    known = WordNumbers()
    read = [
        (_day(a.date), -len(a.text), a.id, a.source, *numbered(a.text, known)) for a in articles
    ]
    read.sort(key=lambda row: row[:3])
    ids = [row[2] for row in read]
    if len(set(ids)) < len(ids):
        twice = Counter(ids).most_common(1)[0][0]
        raise DataError(f"two articles have the id {twice!r}: give each an id of its own")
    days = np.array([row[0] for row in read], dtype=np.int64)
    wholes, sets = [row[4] for row in read], [row[5] for row in read]
    endings = [row[6] for row in read]
    sets = without_repeated(sets, [row[3] for row in read])
    n_own, n_whole = (np.array([len(n) for n in s], dtype=np.int64) for s in (sets, wholes))
    few = n_own < ENOUGH

    def needed(left: IntArray, right: IntArray) -> FloatArray:
        some = np.maximum(OWN * np.minimum(n_own[left], n_own[right]), ENOUGH)
        # n of a + b - n are three quarters.
        most = SAME / (1 + SAME) * (n_whole[left] + n_whole[right])
        return np.where(few[left] | few[right], most, some)

    def shared(left: int, right: int) -> int:
        if few[left] or few[right]:
            return n_shared(wholes[left], wholes[right])
        return _shared_before_the_end(left, right, sets, endings, n_whole)

    earlier: dict[int, list[int]] = defaultdict(list)
    for left, right in [
        *sharing(sets, needed, days=days, window=WINDOW),
        *_of_the_few(wholes, few, needed, days),
    ]:
        if shared(left, right) >= needed(np.array([left]), np.array([right]))[0]:
            earlier[right].append(left)
    sizes = np.where(few, n_whole, n_own)
    return [tuple(ids[i] for i in group) for group in _gathered(sizes, earlier, shared, needed)]


def copies_left_out(groups: Iterable[Sequence[str]]) -> frozenset[str]:
    """Return the ids of the articles that do not count where copies count once."""
    return frozenset(article_id for group in groups for article_id in group[1:])


def articles_of_units(units: Iterable[ClassifiedUnit]) -> list[PrintedUnits]:
    """Return the articles that units come from, each with its units as lines."""
    by_article: dict[str, list[ClassifiedUnit]] = defaultdict(list)
    for unit in units:
        by_article[unit.unit.article_id].append(unit)
    return [
        printed_units(article_id, [u.unit for u in own], own[0].date, own[0].source)
        for article_id, own in by_article.items()
    ]


def printed_units(
    article_id: str, units: Iterable[Unit], date: str | None, source: str | None
) -> PrintedUnits:
    """Return an article put together from its units, in reading order."""
    lines = [unit.text for unit in sorted(units, key=lambda unit: unit.index)]
    return PrintedUnits(id=article_id, text="\n".join(lines), date=date, source=source)


def repeated_units(
    units: Iterable[ClassifiedUnit], left_out: Collection[str] = ()
) -> list[ClassifiedUnit]:
    """Return units that their outlet prints word for word in more than five articles.

    Invitations to subscribe, credits, the outlet's own description. The most repeated come first.
    Units without text repeat nothing.

    Parameters
    ----------
    left_out
        Ids of articles that do not count here: the copies, which repeat all of their words.
    """
    places: dict[tuple[str | None, str], list[ClassifiedUnit]] = defaultdict(list)
    for unit in units:
        words = same_words(unit.unit.text)
        if words and unit.unit.article_id not in left_out:
            places[unit.source, words].append(unit)
    often = [own for own in places.values() if len({u.unit.article_id for u in own}) > REPEATED]
    return [unit for own in sorted(often, key=len, reverse=True) for unit in own]


def _shared_before_the_end(
    left: int,
    right: int,
    sets: Sequence[Numbers],
    endings: Sequence[Numbers],
    n_whole: IntArray,
) -> int:
    """Return how many shingles two texts share, but for an ending: at most half of either text."""
    n = n_shared(sets[left], sets[right])
    ending = shared_ending(endings[left], endings[right])
    if 2 * len(ending) > min(n_whole[left], n_whole[right]):
        return n
    return n - n_shared(ending, sets[left])


def _of_the_few(
    wholes: Sequence[Numbers], few: BoolArray, needed: Needed, days: IntArray
) -> list[tuple[int, int]]:
    """Return the pairs with an article of few shingles of its own: its whole text is compared."""
    longest = max((len(wholes[i]) for i in np.flatnonzero(few).tolist()), default=0)
    short = [i for i, whole in enumerate(wholes) if len(whole) <= longest / SAME]
    places = np.array(short, dtype=np.int64)

    def needed_here(left: IntArray, right: IntArray) -> FloatArray:
        left, right = places[left], places[right]
        return np.where(few[left] | few[right], needed(left, right), np.inf)

    found = sharing([wholes[i] for i in short], needed_here, days=days[places], window=WINDOW)
    return [(short[left], short[right]) for left, right in found]


def _gathered(
    sizes: IntArray, earlier: Mapping[int, list[int]], shared: Shared, needed: Needed
) -> list[list[int]]:
    """Return groups of two or more, each in order, from earlier copies found of each article.

    An article joins one group: where two are open to it, that with whose first it shares most.
    """
    groups: list[list[int]] = []
    group_of: dict[int, int] = {}
    for new in sorted({*earlier, *(i for found in earlier.values() for i in found)}):
        chosen, most = len(groups), -1
        for number in sorted({group_of[i] for i in earlier.get(new, ())}):
            tried = groups[number][:TRIED]
            n = np.array([shared(i, new) for i in tried])
            copies = n >= needed(np.array(tried), np.full(len(tried), new))
            if n[0] > most and (n[0] >= FROM_FIRST * sizes[new] or copies.mean() >= 0.5):
                chosen, most = number, n[0]
        if chosen == len(groups):
            groups.append([])
        groups[chosen].append(new)
        group_of[new] = chosen
    return [group for group in groups if len(group) > 1]


def _day(text: str | None) -> int:
    """Return a date as days since year 1; one that is no date counts as none."""
    try:
        return date.fromisoformat(text).toordinal() if text else UNDATED
    except ValueError:
        return UNDATED
