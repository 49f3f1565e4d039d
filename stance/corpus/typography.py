"""Infer the typographic characters that became U+FFFD or '?' from what stands beside them."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from stance.corpus.offsets import Edit
from stance.corpus.questions import reads_as_question

_LOST = "\ufffd"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONTRACTION = re.compile(r"(?:s|t|re|ve|ll|d|m)(?![\w=&/])", re.IGNORECASE)
_DISCUSSED = re.compile(r"U\+FFFD|replacement char", re.IGNORECASE)
_FUNCTION_WORDS = _words(
    "a an the this that these those it its he she they we you i and but or nor so yet not no"
    " while when which who whom whose what where how why if as at by for from in into of on to"
    " with without is are was were has have had will would can could may might be been being"
    " all some any most many more than then there here even only also just like because including"
    " especially particularly along about after before over under between through during against"
    " among around across despite perhaps now still too very both one two ones each our their my"
    " your his her us me them him do does did must should never always well"
)
_RANGE_LEFT = re.compile(r"\d $")
_RANGE_RIGHT = re.compile(r" (?:\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b)")
_WORD_BEFORE = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?$")
_WORD_AFTER = re.compile(r"[^\W\d_]+")
_OPENS_AFTER = frozenset(" \t\n\xa0([{“‘\"'—–-/")
_CLOSES_BEFORE = frozenset(" \t\n\xa0.,;:!?)]}”’\"'—–-/")


def lost_character_edits(text: str) -> Iterator[Edit]:
    """Yield edits for U+FFFD and its own mojibake, unless the text is about that character."""
    if (_LOST not in text and "ï¿½" not in text) or _DISCUSSED.search(text):
        return
    # A decoder puts one U+FFFD for each byte of a character: two in GBK, three in UTF-8.
    runs = [len(run[0].replace("ï¿½", _LOST)) for run in re.finditer("(?:\ufffd|ï¿½)+", text)]
    width = min(min(runs), 3)
    if any(run % width for run in runs):
        width = 1
    pattern = f"(?:\ufffd|ï¿½){{{width}}}"
    yield from typographic_edits(text, [match.span() for match in re.finditer(pattern, text)])


def typographic_edits(
    text: str, places: Sequence[tuple[int, int]], *, may_ask: bool = False
) -> Iterator[Edit]:
    """Yield what stood at the places of lost characters, where their neighbours tell.

    Parameters
    ----------
    may_ask
        Whether a lost character may be a question mark that always was one.
    """
    known = set(_FUNCTION_WORDS)
    if any(_between_letters(text, *place) for place in places):
        whole_words = re.findall(r"(?<![\w\ufffd?])[^\W\d_]{3,}(?![\w\ufffd?])", text)
        known.update(word.lower() for word in whole_words)
    n_line_starts = sum(
        text[start - 1 : start] in ("", "\n") and text[end : end + 1] == " "
        for start, end in places
    )
    edits: list[Edit] = []
    quotes: list[tuple[int, int]] = []
    for start, end in places:
        before, after = text[start - 1 : start], text[end : end + 1]
        found: tuple[str, str] | None = None
        if before.isalnum() and CONTRACTION.match(text, end):
            found = ("apostrophe", "’")
        elif before.isdigit() and after.isdigit():
            found = ("dash", "–")
        elif (
            before.isalpha()
            and after.isalpha()
            and not (may_ask and before.islower() and after.isupper())
        ):
            found = _inside_word(text, start, end, known)
        elif before in ("", "\n") and after == " ":
            found = ("bullet", "•") if n_line_starts > 1 else ("dash", "—")
        elif before == " " and after == " ":
            if _RANGE_LEFT.search(text, max(0, start - 3), start) and _RANGE_RIGHT.match(text, end):
                found = ("dash", "–")  # 8 February 1700 – 17 March 1782
            elif not may_ask or text[end + 1 : end + 2].islower():
                found = ("dash", "—")
        elif re.match(r"\d0s\b", text[end : end + 4]) and not before.isalnum():
            found = ("apostrophe", "’")  # the ’90s
        else:
            quotes.append((start, end))
        if found:
            edits.append(Edit(kind=found[0], start=start, end=end, after=found[1]))
    edits += _paired_quotes(text, quotes, may_ask=may_ask)
    yield from sorted(edits, key=lambda edit: edit.start)


def _between_letters(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start].isalpha() and text[end : end + 1].isalpha()


def _inside_word(text: str, start: int, end: int, known: set[str]) -> tuple[str, str] | None:
    """Return what stood between two letters: a dash between words, else perhaps a lost accent."""
    left_match = _WORD_BEFORE.search(text, max(0, start - 40), start)
    right_match = _WORD_AFTER.match(text, end, end + 40)
    if left_match is None or right_match is None:
        return None
    left, right = left_match[0], right_match[0]
    if left in ("O", "D", "L", "d", "l") and right[0].isupper():
        return "apostrophe", "’"
    words = sum(word.lower() in known for word in (left, right))
    if right.lower() in _FUNCTION_WORDS and len(left) > 2 and (len(right) > 1 or left.islower()):
        words = 2
    if left[0].isupper() and right[0].isupper() and min(len(left), len(right)) > 1:
        return "dash", "–"  # a pair of names: China–Taiwan
    if left.lower() in _FUNCTION_WORDS and left.islower() and len(right) > 3:
        words = 2
    # Hardly a single word with a lost accent is that long.
    long = len(left) + len(right) > (9 if left.islower() else 11) and min(len(left), len(right)) > 2
    if words == 2 or (words and min(len(left), len(right)) > 2) or "’" in left or long:
        return "dash", "—"
    return None


def _paired_quotes(
    text: str, places: Sequence[tuple[int, int]], *, may_ask: bool
) -> Iterator[Edit]:
    """Yield the quotation marks among lost characters: those that find their partner.

    Sound curly quotation marks are partners too. A pair ends with its paragraph; a quotation that
    runs on into the next paragraph is opened there again.
    """
    lost = dict(places)
    following = {left[0]: right[0] for left, right in pairwise(places)}
    opened: list[tuple[int, int]] = []  # (start, end); a sound mark's end is 0, as below
    pairs: list[tuple[tuple[int, int], tuple[int, int]]] = []
    sentence_start = position = 0
    marks = re.compile("[\n“”.!?\ufffdï]")
    while match := marks.search(text, position):
        start, position = match.start(), match.end()
        if start not in lost:
            if match[0] == "\n":
                for left, end in opened:
                    runs_on = text[left - 1 : left] in ("", "\n") and position in lost
                    said = text[left - 2 : left] in (", ", ": ") and text[end : end + 1].isupper()
                    if end and (runs_on or said):
                        yield Edit(kind="quote", start=left, end=end, after="“")
                opened.clear()
            elif match[0] == "“":
                opened.append((start, 0))
            elif match[0] == "”" and opened:
                pairs.append((opened.pop(), (start, 0)))
            if match[0] not in "”ï":
                sentence_start = position
            continue
        end = position = lost[start]
        before, after = text[start - 1 : start], text[end : end + 1]
        opens = before == "" or before in _OPENS_AFTER or before in "\ufffd?"
        closes = before not in ("", " ", "\n", "(", "[")
        closes = closes and (after == "" or after in _CLOSES_BEFORE or end in lost)
        plural = before in ("s", "S") and after == " "
        if plural and opened and text[end + 1 : end + 2].islower():
            # The quotation ends further on, at a mark that can only close it: the firms’ profits.
            ahead = following.get(start, start)
            plural = text[ahead - 1] in ",.!?" and "\n" not in text[end:ahead]
            closes = closes and not plural
        if closes and opened:
            sentence = text[max(sentence_start, opened[-1][0] + 1, start - 2000) : start]
            sentence_start = end
            if not (may_ask and before.isalnum() and _still_asks(text, sentence, end, end in lost)):
                pairs.append((opened.pop(), (start, end)))
        elif opens and after != "" and (after not in _CLOSES_BEFORE or after in "“‘"):
            opened.append((start, end))
            sentence_start = end
        elif plural and (not may_ask or text[end + 1 : end + 2].islower()):
            yield Edit(kind="apostrophe", start=start, end=end, after="’")  # the firms’ profits
        else:
            sentence_start = end
    around: list[int] = []  # where the pairs close that enclose this one
    for (left, left_end), (right, right_end) in sorted(pairs):
        while around and around[-1] < left:
            around.pop()
        marks_here = "‘’" if len(around) % 2 else "“”"
        around.append(right)
        if left_end:
            yield Edit(kind="quote", start=left, end=left_end, after=marks_here[0])
        if right_end:
            yield Edit(kind="quote", start=right, end=right_end, after=marks_here[1])


def _still_asks(text: str, sentence: str, end: int, doubled: bool) -> bool:
    """Return whether a '?' inside a quotation is its question mark, not its lost closing mark."""
    return doubled or (not text[end + 1 : end + 2].islower() and reads_as_question(sentence))
