"""Undo what a broken pipeline did to a text, by rule, and record every change.

Five kinds of damage. Each for itself: HTML's character references left as text, and Windows-1252
read as Latin-1, so that its punctuation became C1 controls. Looked for in the document as a whole:
UTF-8 read as Windows-1252 or Latin-1, typographic characters lost to U+FFFD or to '?', and '?' for
every period. The last two lost information: what stood there is inferred from its neighbours, and
left as it is where they don't tell.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from stance.corpus.entities import entity_edits
from stance.corpus.offsets import Edit, edited, untouched
from stance.corpus.questions import reads_as_question
from stance.corpus.typography import is_contraction, lost_character_edits, typographic_edits
from stance.records import Article


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words("the and of to that this with are you they what how who why from")


def repair_article(article: Article) -> Article:
    """Return the article made readable, each change among its repairs; a sound text stays as it is.

    The title stays as it came: nothing is labelled there.
    """
    for find in (*_OF_ANY_LANGUAGE, lost_character_edits, _question_marks):
        edits = [
            edit for edit in find(article.text) if article.text[edit.start : edit.end] != edit.after
        ]
        if edits and (find in _OF_ANY_LANGUAGE or _is_english(article)):
            article = edited(article, untouched(article, edits))
    return article


def may_lack_full_stops(article: Article) -> bool:
    """Return whether an English article has several '?' and hardly a full stop."""
    n_marks = article.text.count("?")
    n_stops = len(_FULL_STOP.findall(article.text))
    return n_marks > 2 and n_stops * 20 <= n_marks and _is_english(article)


def _is_english(article: Article) -> bool:
    """Return whether rules of English spelling and word order may judge the article.

    A declared language can only exclude: "en" is also what a page says that was never asked.
    """
    if article.language and not article.language.lower().startswith("en"):
        return False
    words = re.findall(r"[^\W\d_]+", article.text.lower())
    # In every GUM document it is one word in eight at least; a headline is too short to tell.
    return len(words) < 20 or sum(word in _ENGLISH for word in words) * 16 >= len(words)


# --- UTF-8 that was read as Windows-1252 or Latin-1 ---------------------------------------------

# Windows-1252 leaves five bytes undefined, and browsers read those as C1 controls: so do we.
# Latin-1 reads all of 80-9F as C1 controls.
_BYTE = {chr(byte): byte for byte in range(0x80, 0x100)}
for _byte in range(0x80, 0xA0):
    _char = bytes([_byte]).decode("cp1252", "ignore")
    if _char:
        _BYTE[_char] = _byte
_CONTINUATION = "".join(char for char, byte in _BYTE.items() if byte < 0xC0)
_SEQUENCE = re.compile(
    f"[Â-ß][{_CONTINUATION}]|[à-ï][{_CONTINUATION}]{{2}}|[ð-ô][{_CONTINUATION}]{{3}}"
)
_MOJIBAKE = re.compile(f"(?:{_SEQUENCE.pattern})+")
# These may follow an accented letter in sound text too ("café”—"), so alone they prove nothing.
_MAY_FOLLOW_A_LETTER = frozenset("”“’‘„‚…–—»«‹›™®©°•·†‡¡¿\xa0\xadªº²³¹ŠŒŽšœžŸƒ")
# The third byte of ”, 9D, is undefined and often dropped; a no-break space becomes a plain one.
_TORN = re.compile(f"â[€\x80](?![{_CONTINUATION}])|Â(?=[ \t\r\n]|\\Z)")
_CONTROL = re.compile("[\x80-\x9f]")
_LOST = "\ufffd"


def _decoded(sequence: str) -> str:
    try:
        char = bytes(_BYTE[char] for char in sequence).decode("utf-8")
    except UnicodeDecodeError:
        return sequence
    # A control would be no letter that anybody wrote; a lost character is for the next step.
    return sequence if char == _LOST or "\x7f" <= char < "\xa0" else char


def _mojibake(text: str) -> Iterator[Edit]:
    """Yield an edit for each character that was misread, once or several times over."""
    edits = []
    sure = False
    for match in _MOJIBAKE.finditer(text):
        run, starts = match[0], [*range(match.start(), match.end() + 1)]
        while True:  # it may have happened twice
            now, now_starts = [], []
            for part in re.finditer(f"{_SEQUENCE.pattern}|.", run, re.DOTALL):
                char = _decoded(part[0]) if len(part[0]) > 1 else part[0]
                now.append(char)
                now_starts += starts[part.start() : part.start() + len(char)]
                sure = sure or (
                    char != part[0] and not _MAY_FOLLOW_A_LETTER.issuperset(part[0][1:])
                )
            if "".join(now) == run:
                break
            run, starts = "".join(now), [*now_starts, match.end()]
        edits += [
            Edit(kind="mojibake", start=start, end=end, after=char)
            for char, (start, end) in zip(run, pairwise(starts), strict=True)
            if end - start > 1
        ]
    if sure:
        edits += [
            Edit(
                kind="mojibake",
                start=match.start(),
                end=match.end(),
                after="”" if match[0][0] == "â" else "",
            )
            for match in _TORN.finditer(text)
        ]
        yield from sorted(edits, key=lambda edit: edit.start)


def _controls(text: str) -> Iterator[Edit]:
    """Yield an edit for each C1 control that is a character in Windows-1252, as browsers read it.

    Those that mojibake is made of are not left by now.
    """
    for match in _CONTROL.finditer(text):
        if after := match[0].encode("latin-1").decode("cp1252", "ignore"):
            yield Edit(kind="C1 control", start=match.start(), end=match.end(), after=after)


_OF_ANY_LANGUAGE = (entity_edits, _mojibake, _controls)


# --- Question marks that are none ---------------------------------------------------------------

_URL = re.compile(
    r"(?:https?://|(?<![\w-])www\.|(?<![\w.-])(?:[\w-]+\.)+"
    r"(?:(?:com|org|net|html?|php|aspx?)\b|[a-z]{2,}/))\S*"
)
_QUERY = re.compile(r"\w{1,20}=")
_QUESTION_OPENS = re.compile(r"(?<![^\s(])\?(?=[A-Za-z])")
_QUESTION_CLOSES = re.compile(r"[a-z0-9](?:[,.]\?(?=\s|$)|\?(?= [a-z]|[,;]))")
_DOTTED = re.compile(r"(?:(?<![^\W_])[^\W\d_]\?)+[^\W\d_]$")  # U?S before its last mark
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_TITLES = _words(
    "Mr Mrs Ms Dr Prof Sen Rep Gov Gen Col Lt Sgt Capt Cmdr Rev Hon St Mt Ft Messrs vs"
)
_ABBREVIATIONS = _words(
    "Inc Corp Ltd Co Jr Sr Bros etc al approx est Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec"
    " Ave Blvd Dept Ph Univ cf ca"
)
_NUMBERED = _words("No Nos Fig Figs Vol Art Sec p pp Goal Eq Ch")
_ANSWER = re.compile(r"[?”’\"')\]]*\s+[“‘\"']?(?:Yes|No)[,?.](?! ?\d)")
_FULL_STOP = re.compile(r"\.(?!\d)")
_RUNS_ON = re.compile(r"[”’\"')\]]* +\S")  # more text on the same line
_NEXT_WORD = re.compile(r"[”’\"')\]]* +[“‘\"'(]?([^\W\d_]+|\d)")


def _question_marks(text: str) -> Iterator[Edit]:
    """Yield edits for question marks that stand where something else stood."""
    if "?" not in text:
        return
    prose = _URL.sub(lambda match: "\0" * len(match[0]), text)
    places = [match.span() for match in re.finditer(r"\?", prose)]
    # A point inside a number says nothing of full stops: some pipelines lose only those.
    if len(_FULL_STOP.findall(prose)) * 20 <= len(places) and (edits := _periods(text)):
        yield from edits
        return
    opens, closes = (len(p.findall(prose)) for p in (_QUESTION_OPENS, _QUESTION_CLOSES))
    contracted = any(is_contraction(prose, *place) for place in places)
    if contracted or min(opens, closes) > 1:
        yield from typographic_edits(text, places, may_ask=True)


def _periods(text: str) -> list[Edit]:
    """Return edits that put periods where they were lost; none if the text does not show that.

    The proof: sentences that are no questions, and marks inside numbers and abbreviations, or many
    such sentences in running text, three of them of eleven words: headlines and posts ask in any
    word order, in fewer.
    """
    edits = []
    n_statements = n_running = n_long = n_questions = n_inside = 0
    sentence_start = 0
    for match in re.finditer(r"\?+", text):
        for i in range(match.start(), match.end()):
            kind, role = _role(text, i, match.span())
            if role == "inside":
                n_inside += text[i - 1].isdigit() and text[i + 1].isdigit()
            elif role == "abbreviation":
                n_inside += text[i - 2 : i - 1] == "?" and text[i - 3 : i - 2].isalpha()
            elif role == "end":
                start = max(sentence_start, i - 2000)
                start = max(start, text.rfind("\n", start, i) + 1)
                sentence = text[start:i]
                sentence_start = i + 1
                if reads_as_question(sentence) or _ANSWER.match(text, i + 1):
                    n_questions += 1
                    continue
                if sentence.count(" ") > 3:
                    n_statements += 1
                    n_running += _RUNS_ON.match(text, i + 1) is not None
                    n_long += sentence.count(" ") > 10
            if role != "keep":
                after = "’" if kind == "apostrophe" else "."
                edits.append(Edit(kind=kind, start=i, end=i + 1, after=after))
    proven = n_statements > n_questions and (
        (n_running >= 5 and n_long >= 3) or (n_inside and n_statements >= 2)
    )
    return edits if proven else []


def _role(text: str, i: int, run: tuple[int, int]) -> tuple[str, str]:
    """Return what kind of mark a '?' was, and its role: inside, abbreviation, end or keep."""
    before, after = text[i - 1 : i], text[i + 1 : i + 2]
    if run[1] - run[0] > 2:  # an ellipsis
        return "period", "ellipsis"
    if before == "!" or after == "!" or _QUERY.match(text, i + 1):
        return "period", "keep"
    if (before.isdigit() and after.isdigit()) or (before in " \n$(-" and after.isdigit()):
        return "period", "inside"
    if before in ("", " ", "\n"):
        return "period", "keep"
    match = _LAST_WORD.search(text, max(0, i - 30), i)
    word = match[0] if match else ""
    if after.isalnum():
        if is_contraction(text, i, i + 1):
            return "apostrophe", "apostrophe"
        if after.isupper() and len(word) > 2 and not word[-2:].isupper():
            return "period", "end"  # only the space is missing
        return "period", "inside" if len(word) < 3 else "domain"
    following = _NEXT_WORD.match(text, i + 1)
    next_word = following[1] if following else ""
    if (
        _DOTTED.search(text, max(0, i - 12), i)
        or word in _TITLES
        or word in _ABBREVIATIONS
        or (word in _NUMBERED and next_word[:1].isdigit())
        or (len(word) == 1 and word.isupper() and next_word[:1].isupper())
    ):
        return "period", "abbreviation"
    return "period", "end"
