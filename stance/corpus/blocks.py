"""Which stretches of an article are headings, list items, pull quotes, attributions or prose.

Articles come with a paragraph a line, with empty lines between paragraphs, or hard-wrapped. Lines
are read first, wrapped ones joined, lists glued into one line taken apart; then each block's kind
follows from its own shape and its neighbours'.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise, zip_longest

from stance.corpus.sentences import (
    CLOSERS,
    SAID,
    SUPERSCRIPTS,
    TERMINALS,
    WORD,
    sentence_spans,
    trimmed,
)

# The longest heading, byline or credit that we believe, in characters.
MAX_HEADING = 120
MAX_HEADING_WORDS = 16
MAX_BOLD_HEADING = 200  # characters: the marks say already that it is more than prose
# More short lines in a row than a title, a deck and two levels of heading are verse or a table.
MAX_HEADINGS_IN_A_ROW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A heading, a paragraph, a list item or the like: `start:end` of the text, marks outside."""

    kind: str  # one of UNIT_KINDS
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line, or several that were joined, or a part of one that was taken apart."""

    outer: int  # where its mark starts
    start: int  # where its text does
    end: int
    mark: str  # "#", ">", a bullet; "1" or "a" for what counts and stays in the text; else ""
    indent: int
    after_gap: bool  # an empty line stands before it


_ROUND = "•‣▪●○◦■⁃"  # bullets that are nothing else, so that they count inside a line too
_DASHES = "-–—"
_MARK = re.compile(
    r"(?P<heading>\#{1,6})\s|(?P<quote>(?:>\s?){1,4})"
    rf"|(?P<bullet>[{_DASHES}*+·])\s|(?P<round>[{_ROUND}])"
    r"|\(?(?P<count>\d{1,3}|[A-Za-z]|[ivx]{2,4})(?P<after>[.)]{1,2})\s"
)
_SIGNED_NUMBER = re.compile(rf"[{_DASHES}+]\s[\d.,]{{1,12}}\s?%$")
_NO_WORDS = re.compile(r"[-*_=#>~+·•–—|`\s]*+$")
_BOLD = re.compile(r"(\*\*|__)[^*_]++\1$")
_ENDED = re.compile(  # and noted: "fell.[3]", "fell.²"
    rf"[{TERMINALS}][{re.escape(CLOSERS)}{SUPERSCRIPTS}]{{0,4}}(?:\s?\[\w{{1,3}}\]){{0,3}}$"
)
_INITIALS_LAST = re.compile(r"\b(?:[A-Z]\.){2,4}$")
_ADDRESS = re.compile(r"\bhttps?://\S*+")
_ENDED_WITH_ADDRESS = re.compile(rf"[{TERMINALS}]\s[<(\[]{_ADDRESS.pattern}$")
_WORD = re.compile(r"\S{1,40}")
_SIGNED = re.compile(r"[-–—―]{1,2}\s?[\"“]?[A-Z]")
_NAME_AND_ROLE = re.compile(r"[A-Z][\w’'.-]{0,30}(?:\s[A-Z][\w’'.-]{0,30}){1,3},\s\w")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_BYLINE = re.compile(r"[*_]{0,2}(?:Written |Reported |Reporting |Edited )?[Bb]y\s[A-Z]")
_ABOUT_THE_TEXT = re.compile(  # a byline, a credit or a date, a line in brackets
    rf"{_BYLINE.pattern}"
    r"|[*_]{0,2}(?:(?:Published|Updated|Posted)\s(?:on\s|by\s)?[A-Z\d]"
    r"|(?:Image|Photo|Picture|Credit|Source|Published|Updated|Posted|Last updated):\s"
    rf"|(?:[A-Z][a-z]{{2,8}}day,?\s)?(?:{_MONTH}\s\d{{1,2}},?|\d{{1,2}}\s{_MONTH})\s\d{{4}}"
    r".{0,30}$)"
    r"|[(\[][^()\[\]]{1,120}(?<![.!?…])[)\]]$"
)
_NO_HEADING = re.compile(
    r"^[QA]:\s"  # a turn of an interview
    r"|[^\S\r\n]{2}|[\t|]"  # the columns of a table
    rf"|\b(?:{SAID})\b[^:]{{0,40}}:\s?[\"“]"  # He added: "..."
)
# What a number belongs to: "No. 2. It sold", "on Jan. 2. He said".
_NO_COUNT = (
    r"(?<!\bNo\.)(?<!\bpp\.)(?<!\bSept\.)"
    r"(?<!\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Nos|Fig|Sec|Art|Vol)\.)"
)
# Unless a small letter shows that no sentence starts behind the number: "chips and 3. services".
_ITEM_ENDS = rf"(?:(?<=[{TERMINALS},;{re.escape(CLOSERS)}])|(?<=, and)|(?= \S{{1,5}} [a-z]))"
# A list inside a line: a bullet after a colon, or two of a kind.
_GLUED_LIST = re.compile(rf":\s?([{_ROUND}])|([{_ROUND}])[^{_ROUND}]++\2")


def read_blocks(text: str, language: str = "en") -> list[Block]:
    """Return the blocks of an article's text, in order, not overlapping.

    They cover all that is not white space, but for bullets, the marks of Markdown headings, block
    quotes and bold lines, and lines without a word. Numbers and letters that count ("1.", "a)"),
    the dash of an attribution and the ">" of a quote's later lines are part of their block. The
    `kind` of a paragraph is "sentence".

    Parameters
    ----------
    language
        As for `sentence_spans`.
    """
    lines = _taken_apart(text, _joined(text, _unsigned(text, list(_lines(text, language)))))
    lines = [line for line in lines if WORD.search(text, line.start, line.end)]
    kinds = _kinds(text, lines, language)
    return [
        # The dash before a name is no bullet.
        Block(kind=kind, start=line.outer if kind == "attribution" else line.start, end=line.end)
        for line, kind in zip(lines, kinds, strict=True)
    ]


def _lines(text: str, language: str) -> Iterator[_Line]:
    position, after_gap = 0, True
    for raw in text.splitlines(keepends=True):
        if raw.isspace():
            position, after_gap = position + len(raw), True
            continue
        outer, end = trimmed(text, position, position + len(raw))
        indent, position = outer - position, position + len(raw)
        if _NO_WORDS.match(text, outer, end):
            after_gap = True
            continue
        mark, start = "", outer
        if _BOLD.match(text, outer, end):
            start, end = trimmed(text, outer + 2, end - 2)
            if _is_bold_heading(text, start, end, language):
                mark = "#"
            else:
                outer = start
        elif found := _MARK.match(text, outer, end):
            if found["count"]:
                mark = "1" if found["count"].isdigit() or ")" in found["after"] else "a"
            else:
                mark = "#" if found["heading"] else found[0].strip()[0]
                start, end = trimmed(text, found.end(), end)
                if found["quote"]:
                    outer = start
        if start < end:
            yield _Line(
                outer=outer, start=start, end=end, mark=mark, indent=indent, after_gap=after_gap
            )
            after_gap = False


def _is_bold_heading(text: str, start: int, end: int, language: str) -> bool:
    """Return whether a bold line is a heading: a lead has sentences, or ends like one."""
    if end - start > MAX_BOLD_HEADING:
        return False
    ended = _ENDED.search(text, max(start, end - 20), end)
    if ended and ended[0][0] != "?" and not _INITIALS_LAST.search(text, start, end):
        return False
    return len(sentence_spans(text[start:end], language)) == 1


def _unsigned(text: str, lines: list[_Line]) -> list[_Line]:
    """Return the lines, no bullet left that is the sign of a number outside any list: "- 3.4%"."""
    found: list[_Line] = []
    for line, after in zip_longest(lines, lines[1:]):
        if _SIGNED_NUMBER.match(text, line.outer, line.end):
            listed = found and (text[found[-1].end - 1] == ":" or found[-1].mark == line.mark)
            if not listed and after and after.mark == line.mark:
                listed = not _SIGNED_NUMBER.match(text, after.outer, after.end)
            if not listed:
                line = replace(line, start=line.outer, mark="")
        found.append(line)
    return found


def _ends_sentence(text: str, line: _Line) -> bool:
    return bool(_ENDED.search(text, max(line.start, line.end - 20), line.end))


# --- hard-wrapped lines -------------------------------------------------------------------------


def _joined(text: str, lines: list[_Line]) -> list[_Line]:
    """Return the lines, those joined that a line break cut inside a paragraph."""
    # Lines of which none ends a sentence are a list or verse, whatever their letters.
    stretch = list(accumulate(line.after_gap for line in lines))
    in_prose = {
        n
        for n, line in zip(stretch, lines, strict=True)
        if _ends_sentence(text, line) or _ENDED_WITH_ADDRESS.search(text, line.start, line.end)
    }

    def goes_on(line: _Line, after: _Line, n: int) -> bool:
        first, last = text[after.start], text[line.end - 1]
        return n in in_prose and (first.islower() or first in ".,;:!?)") and last not in ".!?…:;"

    breaks = [
        (line, after, n)
        for (line, after), n in zip(pairwise(lines), stretch[1:], strict=True)
        if not (after.after_gap or after.mark)
    ]
    lengths = sorted(line.end - line.outer for line, after, n in breaks if goes_on(line, after, n))
    wrapped = len(lengths) >= 2 and 4 * len(lengths) >= len(breaks)
    width = lengths[len(lengths) * 9 // 10] if wrapped else 0
    # Where a tenth of these lines are much longer, nothing was wrapped at that width. An address
    # that is longer shows nothing, since it cannot be wrapped.
    n_longer = sum(
        max(len(_ADDRESS.sub("", text[one.outer : one.end])) for one in pair) > 1.25 * width
        for *pair, _ in breaks
    )
    wrapped = wrapped and 10 * n_longer < len(breaks)

    joined: list[_Line] = []
    for i, after in enumerate(lines):
        if i and not after.after_gap and (block := joined[-1]).mark != "#":
            line = lines[i - 1]
            first_word = _WORD.match(text, after.outer, after.end)
            no_room = line.end - line.outer + len(first_word[0] if first_word else "") >= width
            if after.mark == ">":
                starts_anew = _MARK.match(text, after.start, after.end)
                starts_anew = starts_anew or _SIGNED.match(text, after.start, after.end)
                goes = block.mark == ">" and not starts_anew
            elif after.mark:  # a dash or a number that the break brought to the line's start
                ended = text[line.end - 1] in ".!?…:;"
                goes = wrapped and no_room and after.mark in "–—1a" and not (block.mark or ended)
            else:
                hanging = block.mark not in ("", ">") and after.indent > block.indent + 1
                lazy = block.mark != "" and text[after.start].islower()
                goes = goes_on(line, after, stretch[i]) or (wrapped and no_room) or hanging or lazy
            if goes:
                joined[-1] = replace(block, end=after.end)
                continue
        joined.append(after)
    return joined


# --- lists that were glued into one line --------------------------------------------------------


def _taken_apart(text: str, lines: list[_Line]) -> list[_Line]:
    """Return the lines with every list item on its own, and so the lead-in glued to a list.

    Where items have a title and a text, the next item may be glued to the text before it:
    "... without delay. - Tighter Oversight". Such a text belongs to its item, and so does the
    last one, which nothing is glued to.
    """
    apart: list[_Line] = []
    bullet, after_title, with_texts = "", False, False
    for line, after in zip_longest(lines, lines[1:]):
        if line.mark in ("1", "a"):
            pieces, bullet = _counted(text, line, after), ""
        elif line.mark and line.mark not in "#>":
            with_texts = with_texts and line.mark == bullet
            pieces, bullet = _glued(text, line, line.mark), line.mark
        elif not line.mark:
            above = "" if line.after_gap and bullet in _ROUND else bullet
            about = _ABOUT_THE_TEXT.match(text, line.start, line.end)
            found = None if about else _GLUED_LIST.search(text, line.start, line.end)
            bullet = (found[1] or found[2]) if found else above
            pieces = _glued(text, line, bullet) if bullet else [line]
            leads_in = bullet != above or text[pieces[0].end - 1] == ":"
            with_texts = not leads_in and (with_texts or len(pieces) > 1)
            is_text = with_texts and (len(pieces) > 1 or after_title)
            if len(pieces) > 1 or is_text:
                pieces[0] = replace(pieces[0], mark=bullet if is_text else "")
            else:
                bullet = ""
        else:
            pieces, bullet = [line], ""
        # A last piece that is no item of its own is an item's text.
        after_title = bool(bullet) and (line.mark != "" or len(pieces) > 1)
        apart += pieces
    return apart


def _glued(text: str, line: _Line, bullet: str) -> list[_Line]:
    """Return the line cut before each bullet of its list that stands inside it."""
    if bullet in _ROUND:
        cut = re.compile(bullet)
    else:
        # An item ends like a sentence; "(Reuters) - U.S. - China talks" is prose.
        cut = re.compile(
            r"(?:(?<=[.!?…])|(?<=[.!?…][\"”’]))(?<!\b[A-Za-z]\.[A-Za-z]\.)"
            rf"\s{re.escape(bullet)}\s(?=[\"“]?[A-Z\d])"
        )
    bounds = [(line.outer, line.start)]
    bounds += [found.span() for found in cut.finditer(text, line.start, line.end)]
    return _pieces(text, line, bounds, bullet)


def _counted(text: str, line: _Line, after: _Line | None) -> list[_Line]:
    """Return the line cut before each number or letter that goes on counting from its first.

    A number that the next line carries is none here, and where the line ends as a sentence, so does
    every item counted with a full stop, unless a third follows: "5 to 4. It sold" counts nothing.
    """
    found = _MARK.match(text, line.start, line.end)
    if found is None or not (found["count"].isdigit() or found["count"].islower()):
        return [line]
    carried = _MARK.match(text, after.start, after.end) if after else None
    sentences = found["after"] == "." and _ends_sentence(text, line)
    if sentences and found["count"].isdigit():
        third = rf"[^\W\d_] {int(found['count']) + 2}\. \S"
        sentences = not re.compile(third).search(text, found.end(), line.end)
    before = _NO_COUNT + (_ITEM_ENDS if sentences else "")
    bounds, count, position = [(line.outer, line.start)], found["count"], found.end()
    while len(count) < 4 and (count.isdigit() or len(count) == 1):
        count = str(int(count) + 1) if count.isdigit() else chr(ord(count) + 1)
        if carried and carried["count"] == count:
            break
        cut = re.compile(rf"{before} {count}{re.escape(found['after'])} ")
        place = cut.search(text, position, line.end)
        if place is None:
            break
        position = place.start() + 1
        bounds.append((position, position))
    return _pieces(text, line, bounds, "1" if len(bounds) > 1 else line.mark)


def _pieces(text: str, line: _Line, bounds: list[tuple[int, int]], mark: str) -> list[_Line]:
    """Return the line's pieces; `bounds` are where each one's mark and its text start."""
    if len(bounds) == 1:
        return [line]
    pieces = []
    for (outer, start), (stop, _) in zip(bounds, [*bounds[1:], (line.end, 0)], strict=True):
        begin, end = trimmed(text, start, stop)
        if begin < end:
            piece = replace(line, outer=outer, start=begin, end=end, mark=mark, after_gap=False)
            pieces.append(piece)
    return pieces


# --- kinds --------------------------------------------------------------------------------------


def _kinds(text: str, lines: list[_Line], language: str) -> list[str]:
    """Return each line's kind, one of UNIT_KINDS."""
    kinds: list[str] = []
    for i, line in enumerate(lines):
        before = lines[i - 1] if i else None
        after = lines[i + 1] if i + 1 < len(lines) else None
        if line.mark == "#":
            kinds.append("heading")
        elif _is_signature(text, before, line, after):
            kinds.append("attribution")
            if kinds[i - 1] == "sentence":
                kinds[i - 1] = "pull_quote"
        elif line.mark == ">":
            kinds.append("pull_quote")
        elif _is_item(text, before, line, after, language):
            kinds.append("list_item")
        elif line.end - line.start > MAX_HEADING:
            kinds.append("sentence")
        elif _ABOUT_THE_TEXT.match(text, line.start, line.end) and not _ends_sentence(text, line):
            kinds.append("attribution")
        elif not _is_heading(text, line, after, language):
            kinds.append("sentence")
        elif before and kinds[-1] == "attribution" and _BYLINE.match(text, before.start):
            kinds.append("attribution")  # the byline's agency, place or post
        else:
            kinds.append("heading")
    for kind, run in groupby(range(len(kinds)), kinds.copy().__getitem__):
        places = list(run)
        if kind == "heading" and len(places) > MAX_HEADINGS_IN_A_ROW:
            for i in places:
                kinds[i] = "heading" if lines[i].mark == "#" else "sentence"
    return kinds


def _is_signature(text: str, before: _Line | None, line: _Line, after: _Line | None) -> bool:
    """Return whether the line names the speaker of the paragraph before it: "– Name, role"."""
    if before is None or before.mark not in ("", ">") or line.mark not in ("", ">", *_DASHES):
        return False
    if _ends_sentence(text, line):
        return False
    if line.mark not in ("", ">") and after and after.mark == line.mark:
        return False  # one item of several
    quoted = before.mark == ">" or (text[before.start] in '"“' and text[before.end - 1] in '"”')
    if not _SIGNED.match(text, line.outer, line.end):
        return quoted and bool(_NAME_AND_ROLE.match(text, line.start, line.end))
    if line.mark == "-":
        return quoted  # else it is the only item of a list
    return text[before.end - 1] != ":"


def _is_item(
    text: str, before: _Line | None, line: _Line, after: _Line | None, language: str
) -> bool:
    """Return whether the line is a list item; one that counts needs others, or a sentence's end."""
    if line.mark not in ("1", "a"):
        return bool(line.mark)
    neighbours = [other for other in (before, after) if other and other.mark == line.mark]
    if line.mark == "a":  # "J. Smith said ..." counts nothing
        return any(abs(ord(text[line.start]) - ord(text[o.start])) == 1 for o in neighbours)
    return bool(neighbours) or not _is_heading(text, line, after, language)


def _is_heading(text: str, line: _Line, after: _Line | None, language: str) -> bool:
    """Return whether an unmarked or numbered line reads as a heading of what follows."""
    piece = text[line.start : line.end]
    words, first = piece.split(), piece.lstrip("\"“‘'([$€£")[:1]
    if after is None or len(words) > MAX_HEADING_WORDS or first.islower() or not first.isalnum():
        return False
    last = piece[-1]
    if last in ",;" or _NO_HEADING.search(piece):
        return False
    if last == "?":  # a longer answer follows
        reads_as_one = after.mark != "" or after.end - after.start > line.end - line.start
    elif last == ":":  # "Background:", but not "He said:" or the lead-in of a list
        long_words = [word for word in words if len(word) > 3]
        reads_as_one = after.mark == "" and not any(word[0].islower() for word in long_words)
    else:
        initials = _INITIALS_LAST.search(text, line.start, line.end)
        reads_as_one = bool(initials) or not _ends_sentence(text, line)
    return reads_as_one and len(sentence_spans(piece, language)) == 1
