"""Where a place in the readable text stands in the text as it came."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from stance.records import Article, Repair


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change to make: `start:end` of `Article.text` becomes `after`."""

    kind: str
    start: int  # code points into Article.text
    end: int
    after: str


class OriginalSpans:
    """Turns spans of an article's readable text into spans of its original."""

    def __init__(self, repairs: Sequence[Repair]) -> None:
        self._repairs = repairs
        self._starts: list[int] = []  # where each repair's replacement starts in the readable text
        shift = 0
        for repair in repairs:
            self._starts.append(repair.start + shift)
            shift += len(repair.after) - (repair.end - repair.start)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the smallest span of the original that became `text[start:end]`.

        An end inside a replacement takes in the whole of what was replaced; text that was deleted
        beside the span stays outside it.
        """
        return self._place(start)[0], self._place(end - 1)[1] if end > start else self._place(end)[
            0
        ]

    def _place(self, position: int) -> tuple[int, int]:
        """Return the start and end in the original of the character at a place in the text."""
        i = bisect_right(self._starts, position) - 1
        if i < 0:
            return position, position + 1
        repair, replaced_at = self._repairs[i], self._starts[i]
        beyond = position - replaced_at - len(repair.after)
        if beyond < 0:
            return repair.start, repair.end
        return repair.end + beyond, repair.end + beyond + 1


def untouched(article: Article, edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits that keep clear of what earlier repairs put in or took out.

    Parameters
    ----------
    edits
        In order of place, not overlapping, each of at least one character.
    """
    kept, i, shift = [], 0, 0
    repairs = article.repairs
    for edit in edits:
        while i < len(repairs) and repairs[i].start + shift + len(repairs[i].after) <= edit.start:
            shift += len(repairs[i].after) - (repairs[i].end - repairs[i].start)
            i += 1
        if i == len(repairs) or edit.end <= repairs[i].start + shift:
            kept.append(edit)
    return kept


def edited(article: Article, edits: Sequence[Edit]) -> Article:
    """Return the article with the edits made to its text and recorded among its repairs.

    Parameters
    ----------
    edits
        In order of place, not overlapping, none inside the replacement of an earlier repair.
    """
    if not edits:
        return article
    spans = OriginalSpans(article.repairs)
    new = []
    for edit in edits:
        start, end = spans.span(edit.start, edit.end)
        before = article.original[start:end]
        new.append(Repair(kind=edit.kind, start=start, end=end, before=before, after=edit.after))
    repairs = tuple(sorted((*article.repairs, *new), key=lambda repair: (repair.start, repair.end)))
    clear = len(untouched(article, edits)) == len(edits)
    if not clear or any(left.end > right.start for left, right in pairwise(repairs)):
        raise ValueError(f"overlapping repairs in article {article.id!r}")
    return replace(article, text=apply_repairs(article.original, repairs), repairs=repairs)


def apply_repairs(original: str, repairs: Sequence[Repair]) -> str:
    """Return the readable text that these repairs make of an original."""
    pieces, position = [], 0
    for repair in repairs:
        pieces += [original[position : repair.start], repair.after]
        position = repair.end
    return "".join([*pieces, original[position:]])
