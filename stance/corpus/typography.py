"""Infer the typographic characters that became U+FFFD or '?' from what stands beside them."""

import re
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise

from stance.corpus.offsets import Edit
from stance.corpus.questions import reads_as_question

_LOST = "\ufffd"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CONTRACTION = re.compile(r"(s|t|re|ve|ll|d|m)(?![\w=&/])", re.IGNORECASE)
_NEGATED = _words(
    "isn aren wasn weren don doesn didn hasn haven hadn can couldn won wouldn shan shouldn mightn"
    " mustn needn ain"
)
_CONTRACTED = _words(
    "i you he she it we they who what where when why how there that this"
    " could should would might must"
)
_DISCUSSED = re.compile(r"U\+FFFD|replacement char", re.IGNORECASE)
_FUNCTION_WORDS = _words(
    "a an the this that these those it its he she they we you i and but or nor so yet not no"
    " while when which who whom whose what where how why if as at by for from in into of on to"
    " with without is are was were has have had will would can could may might be been being"
    " all some any most many more than then there here even only also just like because including"
    " especially particularly along about after before over under between through during against"
    " among around across despite perhaps now still too very both one two ones each our their my"
    " your his her us me them him do does did must should never always well let"
)
_ENDINGS = _words("a an as in me no on us")  # of words whose accent may be lost: garçon
_RANGE_LEFT = re.compile(r"\d $")
_RANGE_RIGHT = re.compile(r" (?:\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b)")
# Where only a blank can have stood, "\0" being the place: Mr. Trump, Jan. 5, $3 billion.
_ONLY_BLANK = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|Sen|Rep|Gov|Gen)\.\0[A-Z]"
    r"|\b(?:Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)\.\0\d"
    r"|\d\0(?:million|billion|trillion|percent)\b"
)
_THOUSAND = re.compile(r"\d{3}(?!\d)")
_WORD_BEFORE = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?$")
_NO_LETTER = re.compile(r"[\W\d_]")
_OPENS_AFTER = frozenset(" \t\n\xa0([{“‘\"'—–-/")
_CLOSES_BEFORE = frozenset(" \t\n\xa0.,;:!?)]}”’\"'—–-/")


def is_contraction(text: str, start: int, end: int) -> bool:
    """Return whether an apostrophe fits at a place: don’t, they’ve, the firm’s, the 1990’s."""
    match = _CONTRACTION.match(text, end)
    if match is None:
        return False
    suffix, word = match[1].lower(), _word_before(text, start).lower()
    if suffix == "s":
        return len(word) > 1 or text[start - 1 : start].isdigit()
    if suffix == "t":
        return word in _NEGATED
    return word in _CONTRACTED


def _word_before(text: str, end: int) -> str:
    match = _WORD_BEFORE.search(text, max(0, end - 40), end)
    return match[0] if match else ""


def lost_character_edits(text: str) -> Iterator[Edit]:
    """Yield edits for U+FFFD and its own mojibake, unless the text is about that character."""
    if (_LOST not in text and "ï¿½" not in text) or _DISCUSSED.search(text):
        return
    # A decoder puts one U+FFFD for each byte of a character: two in GBK, three in UTF-8.
    runs = [len(run[0].replace("ï¿½", _LOST)) for run in re.finditer("(?:\ufffd|ï¿½)+", text)]
    width = min(min(runs), 3)
    if any(run % width for run in runs):
        return
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
    whole_words = re.findall(r"(?<![\w\ufffd?])[^\W\d_]{3,}(?![\w\ufffd?])", text)
    known = _FUNCTION_WORDS.union(word.lower() for word in whole_words)
    accents_lost = False
    possessives: list[Edit] = []  # of words that stand nowhere else: perhaps Andrés, not Andr’s
    n_line_starts = sum(
        text[start - 1 : start] in ("", "\n") and text[end : end + 1] == " "
        for start, end in places
    )
    blanks = {
        (start, end)
        for start, end in places
        if _ONLY_BLANK.search(f"{text[max(0, start - 6) : start]}\0{text[end : end + 9]}")
    }
    edits: list[Edit] = []
    quotes: list[tuple[int, int]] = []
    for start, end in places:
        before, after = text[start - 1 : start], text[end : end + 1]
        found: tuple[str, str] | None = None
        if is_contraction(text, start, end):
            host = _word_before(text, start).lower()
            if host and host not in known and after in "sS":
                possessives.append(Edit(kind="apostrophe", start=start, end=end, after="’"))
                continue
            found = ("apostrophe", "’")
        elif (start, end) in blanks:
            found = ("blank", " ")
        elif before.isdigit() and after.isdigit():
            if not _THOUSAND.match(text, end):  # 1 200, or a range
                found = ("dash", "–")
        elif (
            before.isalpha()
            and after.isalpha()
            and not (may_ask and before.islower() and after.isupper())
        ):
            found = _inside_word(text, start, end, known)
            accents_lost = accents_lost or found is None
            if blanks and found and found[0] == "dash":  # no-break spaces were lost here
                found = ("blank", " ")
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
    if not accents_lost:
        edits += possessives
    edits += _paired_quotes(text, quotes, known, may_ask=may_ask)
    yield from sorted(edits, key=lambda edit: edit.start)


def _inside_word(text: str, start: int, end: int, known: Container[str]) -> tuple[str, str] | None:
    """Return what stood between two letters: a dash between words, else perhaps a lost accent."""
    left = _word_before(text, start)
    right = _NO_LETTER.split(text[end : end + 40], maxsplit=1)[0]
    if left in ("O", "D", "L", "d", "l") and right.istitle():
        return "apostrophe", "’"
    names = left[0].isupper() and right[0].isupper() and not (left + right).isupper()
    if names and min(len(left), len(right)) > 1:
        return "dash", "–"  # a pair of names: China–Taiwan
    n_known = sum(word.lower() in known for word in (left, right))
    both = min(len(left), len(right)) > 2
    # Hardly a single word with a lost accent is that long.
    long = len(left) + len(right) > (9 if left.islower() else 11) and both
    joined = left in _FUNCTION_WORDS and len(right) > 3
    joined = joined or (right in _FUNCTION_WORDS and len(left) > (6 if right in _ENDINGS else 2))
    if n_known == 2 or (n_known and both) or joined or long or "’" in left:
        return "dash", "—"
    return None


def _is_plural(text: str, end: int, known: Container[str]) -> bool:
    """Return whether the word that ends there may be a plural: a name must stand elsewhere too."""
    word = _word_before(text, end)
    return word.islower() or word.lower() in known


def _paired_quotes(
    text: str, places: Sequence[tuple[int, int]], known: Container[str], *, may_ask: bool
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
        plural = before in ("s", "S") and after == " " and _is_plural(text, start, known)
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
        elif opens and after != "" and after not in _CLOSES_BEFORE:
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
