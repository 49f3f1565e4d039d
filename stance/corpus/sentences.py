"""Where the sentences of one paragraph stand.

The package `sentencex` knows abbreviations, numbers and addresses. It takes a quotation, or
brackets, as one piece, so it gets a copy of the same length in which no quotation mark is left and
every full stop stands outside its brackets; our own rules then move, drop and add cuts. They were
tuned on the train and dev splits of GUM, and on no other text.
"""

import re
from itertools import pairwise

from sentencex import get_sentence_boundaries

# sentencex is mildly quadratic on some input, so it never sees more than this at once.
MAX_CHARACTERS = 10_000

_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))
BLANK = _SPACES + "\u200b\u200c\u200d\u2060\ufeff"  # what no unit starts or ends with
TERMINALS = ".!?…"
CLOSERS = "\"'”’»)]*_"  # with Markdown's
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
WORD = re.compile(rf"[^\W_{SUPERSCRIPTS}]")  # finds whether there is one
SAID = r"said|says|asked|asks|wrote|writes|added|adds|told|replied"
_OPENERS = "\"'“‘„«(["

# Here and in `blocks`, what could match a long run of marks is bounded or possessive: no run is
# read more than a few times.
_CLOSED = re.compile(
    rf"(?<![{TERMINALS}])([{TERMINALS}]{{1,6}}+)([{re.escape(CLOSERS)}]{{1,4}}+)(?=\s|$)"
)
_QUOTED_LINE = re.compile(r"(?m)^[^\S\n]{0,3}(?:>\s?){1,4}")
_ENUMERATOR = re.compile(r"^\(?(?:\d{1,3}|[A-Za-z])[.)]{1,2}(?=\s)")
_OPENING = re.compile(r"(?<![^\s(\[])'")
_QUOTES_AS_LETTERS = str.maketrans(dict.fromkeys("\"'”’»", "_"))
_PLAIN = str.maketrans(
    dict.fromkeys([*BLANK, *'"“”„«»‘•'], " ")
    | {"'": "’"}  # else two apostrophes make a quotation
    | dict.fromkeys(map(chr, range(0xD800, 0xE000)), "_")  # sentencex takes what UTF-8 can write
)

_REPORTED = re.compile(rf"(?:[A-Z][\w’'.-]{{0,30}}\s){{1,3}}(?:{SAID})\b")
# Abbreviations that sentencex does not know, and that something always follows.
_GOES_ON = re.compile(r"\b(?:Ms|Mx|Messrs|approx|incl|est|cf|viz)\.$")
_NAME_GOES_ON = re.compile(
    r"(?<=\w\.)AI\b|(?<=\d\.)[A-Z]{2}\b"  # Character.AI, 2330.TW
    # J.D. Vance; "... holds a J.D. She teaches": a degree ends sentences, initials do not.
    r"|(?<=\bJ\.D\.\s)(?!(?:He|She|It|They|We|I|You|His|Her|Its|Their|My|Our|An?|The|This|That"
    r"|These|Those|In|On|At|As|After|Before|When|While|But|And|For|From|With)\b)[A-Z]"
)
_NEVER_FIRST = re.compile(r"\((?:[A-Z][\w’'-]{1,30},?\s)?\d{1,4}\)|https?:|www\.|doi:")
_TIME_GOES_ON = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|[ECMP][DS]?T\b|GMT\b|UTC\b"
    r"|Eastern\b|Pacific\b|[A-Z]\w{1,15} time\b"
)
_GLUED_NAME = re.compile(rf"[-–—]\s[A-Z][^{TERMINALS}]{{1,60}}+$")
_MISSED = re.compile(
    # Abbreviations to sentencex, but words at a sentence's end: "he said no. Beijing ...".
    r"\b(?:no|me|art|ill|miss|etc|May|OK|LA|DC)\.\s(?=[\"“‘(]?[A-Z])"
    r"|\w\.\s(?=\.\s\.\s\.\s[A-Z])"  # what was left out goes with what follows
    # a footnote's number goes with what precedes
    rf"|[a-z)”]\.(?:\d{{1,2}}(?:\s\d{{1,2}})?|[{SUPERSCRIPTS}]{{1,3}})\s(?=[A-Z])"
    r"|\s(?=(?:Image|Photo|Credit):\s)"  # the credit of a caption
    r"|^Figure\s\d{1,2}(?:\.\d{1,2})?[.:]?\s(?=[A-Z(])"  # the number of a caption
)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without white space and zero-width characters at its ends."""
    piece = text[start:end].rstrip(BLANK)
    return start + len(piece) - len(piece.lstrip(BLANK)), start + len(piece)


def sentence_spans(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Return the spans of a paragraph's sentences, in order; between them is only white space.

    Line breaks inside the paragraph count as spaces, and so does the ">" of a quoted line. The
    sentences of a quotation count one by one; what stands in brackets is split only where the
    brackets hold nothing but sentences. No sentence is without a word, unless the paragraph is.

    Parameters
    ----------
    language
        An ISO 639-1 code; where sentencex does not know it, it takes English.
    """
    text = _QUOTED_LINE.sub(lambda found: " " * len(found[0]), text)
    plain = _ENUMERATOR.sub(lambda found: "_" * len(found[0]), text)
    plain = _CLOSED.sub(lambda found: found[2].translate(_QUOTES_AS_LETTERS) + found[1], plain)
    plain = _OPENING.sub(" ", plain).translate(_PLAIN)
    ours = {found.end() for found in _MISSED.finditer(text)}
    starts = [0]
    for start in sorted(ours.union(_start_of_next(text, cut) for cut in _cuts(plain, language))):
        if start in ours or not _joined(text, starts[-1], start):
            starts.append(start)
    ends = [*starts[1:], len(text)]
    with_words = [
        start for start, end in zip(starts, ends, strict=True) if WORD.search(text, start, end)
    ]
    starts = [0, *with_words[1:]]
    spans = (
        trimmed(text, start, end)
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    )
    return [(start, end) for start, end in spans if start < end]


def _cuts(plain: str, language: str) -> list[int]:
    """Return where sentences after the first start, as far as sentencex sees it."""
    cuts: list[int] = []
    position = 0
    while position < len(plain):
        piece = plain[position : position + MAX_CHARACTERS]
        found = get_sentence_boundaries(language, piece)
        # A cut without a mark stands after a reference "[1]", or before an "a)" inside the line,
        # which is no sentence.
        starts = [
            position + after["start_index"]
            for before, after in pairwise(found)
            if before["boundary_symbol"] or before["text"].endswith("]")
        ]
        position += MAX_CHARACTERS
        if position < len(plain):
            # The last sentence may go on behind the piece: read it again, unless it fills half.
            middle = position - MAX_CHARACTERS // 2
            if starts and starts[-1] >= middle:
                position = starts[-1]
            else:
                space = plain.rfind(" ", middle, position)
                position = space + 1 if space >= 0 else position
                starts.append(position)
        cuts += starts
    return cuts


def _start_of_next(text: str, cut: int) -> int:
    """Return the cut, moved before the marks that open the sentence after it."""
    near = max(0, cut - 3)
    return near + len(text[near:cut].rstrip(_OPENERS))


def _joined(text: str, start: int, cut: int) -> bool:
    """Return whether the sentence that began at `start` goes on over the cut."""
    near = max(start, cut - 100)
    end = near + len(text[near:cut].rstrip(BLANK))
    last, first = text[end - 1 : end], text[cut]
    if first in ".!?…”’»)]|":
        return True  # an ellipsis, the next cell of a table's row
    if end - start < 10 and not WORD.search(text, start, end):
        return True  # a mark that opens the sentence
    if last in f"!?{CLOSERS}" and first.islower():
        return True  # "Why?" asked ...
    if last in "\"'”’»" and text[end - 2 : end - 1] in ("?", "!") and _REPORTED.match(text, cut):
        return True  # "Why?" Wu asked ...
    if text[end - 4 : end].lower() in ("a.m.", "p.m.") and _TIME_GOES_ON.match(text, cut):
        return True
    if _GOES_ON.search(text, near, end):
        return True
    going_on = (_NAME_GOES_ON, _NEVER_FIRST, _GLUED_NAME)
    return any(pattern.match(text, cut) for pattern in going_on)
