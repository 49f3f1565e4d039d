"""Undo what a broken pipeline did to a text, by rule, and record every change.

Three kinds of damage, each looked for in the document as a whole: UTF-8 read as Windows-1252 or
Latin-1 (reversible), typographic characters lost to U+FFFD or to '?', and '?' for every period.
The last two lost information: what stood there is inferred from its neighbours, and left as it is
where they don't tell.
"""

import re
from collections.abc import Iterator

from stance.corpus.offsets import Edit, edited, untouched
from stance.corpus.questions import reads_as_question
from stance.corpus.typography import CONTRACTION, lost_character_edits, typographic_edits
from stance.records import Article

KINDS = ("mojibake", "apostrophe", "quote", "dash", "bullet", "period")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def repair_article(article: Article) -> Article:
    """Return the article made readable, each change among its repairs; a sound text stays as it is.

    An article that carries such repairs already is returned unchanged: what a first pass left
    alone, it left for good reason.
    """
    if any(repair.kind in KINDS for repair in article.repairs):
        return article
    for find in (_mojibake, lost_character_edits, _question_marks):
        edits = [
            edit for edit in find(article.text) if article.text[edit.start : edit.end] != edit.after
        ]
        article = edited(article, untouched(article, edits))
    return article


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
_MAY_FOLLOW_A_LETTER = frozenset("”“’‘„‚…–—»«‹›™®©°•·\xa0\xadªº²³¹ŠŒŽšœžŸƒ")
_LOST = "\ufffd"


def _decoded(match: re.Match[str]) -> str:
    try:
        text = bytes(_BYTE[char] for char in match[0]).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]
    # A control would be no letter that anybody wrote; a lost character is for the next step.
    return match[0] if _LOST in text or any("\x7f" <= char < "\xa0" for char in text) else text


def _mojibake(text: str) -> Iterator[Edit]:
    runs = []
    sure = False
    for match in _MOJIBAKE.finditer(text):
        run = match[0]
        while (decoded := _SEQUENCE.sub(_decoded, run)) != run:  # it may have happened twice
            sure = sure or any(
                (char := _decoded(sequence)) != sequence[0]
                and (char.isalpha() or sequence[0][0] in "Ââïð")
                and not _MAY_FOLLOW_A_LETTER.issuperset(sequence[0][1:])
                for sequence in _SEQUENCE.finditer(run)
            )
            run = decoded
        runs.append(Edit(kind="mojibake", start=match.start(), end=match.end(), after=run))
    if sure:
        yield from runs


# --- Question marks that are none ---------------------------------------------------------------

_URL = re.compile(
    r"(?:https?://|(?<![\w-])www\.|(?<![\w-])[\w-]+\.(?:com|org|net|html?|php|aspx?)\b)\S*"
)
_QUERY = re.compile(r"\w{1,20}=")
_QUESTION_CONTRACTION = re.compile(r"[a-z]\?(?:s|t|re|ve|ll|d|m)(?=[ ,.;:\n)])")
_QUESTION_OPENS = re.compile(r"(?<![^\s(])\?(?=[A-Za-z])")
_QUESTION_CLOSES = re.compile(r"[a-z0-9](?:[,.]\?(?=\s|$)|\?(?= [a-z]|[,;]))")
_SPACED = re.compile(r" \?(?= (\S)|$)", re.MULTILINE)
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
_STARTS_SENTENCE = _words(
    "What How Who Why When Where Which Is Are Was Were Will Would Does Do Did Can Could Should Has"
    " Have The This That These Those It He She They We But And In If I There"
)
_ANSWER = re.compile(r"[?”’\"')\]]*\s+[“‘\"']?(?:Yes|No)[,?.](?! ?\d)")
_NEXT_WORD = re.compile(r"[”’\"')\]]* +[“‘\"'(]?([^\W\d_]+|\d)")


def _question_marks(text: str) -> Iterator[Edit]:
    """Yield edits for question marks that stand where something else stood."""
    if "?" not in text:
        return
    prose = _URL.sub(lambda match: "\0" * len(match[0]), text)
    places = [match.span() for match in re.finditer(r"\?", prose)]
    if prose.count(".") * 20 <= len(places) and (edits := _periods(text)):
        yield from edits
        return
    spaced = _SPACED.findall(prose)
    dashes = (
        len(spaced) > 1
        and len(text) > 400
        and all(after.islower() or after.isdigit() for after in spaced)
    )
    opens, closes = (len(p.findall(prose)) for p in (_QUESTION_OPENS, _QUESTION_CLOSES))
    if _QUESTION_CONTRACTION.search(prose) or min(opens, closes) > 1 or dashes:
        yield from typographic_edits(text, places, may_ask=True)


def _periods(text: str) -> list[Edit]:
    """Return edits that put periods where they were lost; none if the text does not show that.

    The proof: sentences that are no questions, and marks inside numbers and abbreviations.
    """
    edits = []
    n_statements = n_questions = n_inside = 0
    sentence_start = 0
    apostrophes_lost = "’" not in text and "'" not in text
    for match in re.finditer(r"\?+", text):
        for i in range(match.start(), match.end()):
            kind, role = _role(text, i, match.span(), apostrophes_lost)
            if role == "inside":
                n_inside += text[i - 1].isdigit() and text[i + 1].isdigit()
            elif role == "abbreviation":
                n_inside += text[i - 2 : i - 1] == "?" and text[i - 3 : i - 2].isalpha()
                following = _NEXT_WORD.match(text, i + 1)
                if following and following[1] in _STARTS_SENTENCE:
                    sentence_start = i + 1
            elif role == "end":
                start = max(sentence_start, i - 2000)
                start = max(start, text.rfind("\n", start, i) + 1)
                start = max(start, text.rfind("! ", start, i) + 1)
                sentence = text[start:i]
                sentence_start = i + 1
                if reads_as_question(sentence) or _ANSWER.match(text, i + 1):
                    n_questions += 1
                    continue
                n_statements += sentence.count(" ") > 3
            if role != "keep":
                after = "’" if kind == "apostrophe" else "."
                edits.append(Edit(kind=kind, start=i, end=i + 1, after=after))
    proven = n_statements > n_questions and n_statements >= (2 if n_inside else 5)
    return edits if proven else []


def _role(text: str, i: int, run: tuple[int, int], apostrophes_lost: bool) -> tuple[str, str]:
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
        if apostrophes_lost and CONTRACTION.match(text, i + 1) and (len(word) > 1 or word == "I"):
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
        or (
            len(word) == 1
            and word.isupper()
            and word != "I"
            and next_word[:1].isupper()
            and next_word not in _STARTS_SENTENCE
        )
    ):
        return "period", "abbreviation"
    return "period", "end"
