"""Tell whether a sentence reads as a question when its final mark can't be trusted.

Rules of English word order, no word list of topics: an auxiliary before its subject at the head of
a clause, an interrogative phrase before such an inversion, a tag at the end. Clauses that only
look so ("What looks easy could be hard", "Had they known, they would have sold") are told apart.
"""

import re
from collections.abc import Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUICK = re.compile(  # no question without one of these words: most sentences end here
    r"\b(?:am|is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might"
    r"|must|wh\w+|how|right|correct|eh|huh|yes|ai)(?:\b|n['’]t)",
    re.IGNORECASE,
)
_AUX = _words(
    "am is are was were do does did has have had can could will would shall should may might must"
    " isn't aren't wasn't weren't don't doesn't didn't hasn't haven't hadn't can't couldn't won't"
    " wouldn't shan't shouldn't mightn't mustn't ain't"
)
_FINITE = _AUX | _words("cannot depends remains means matters makes seems looks comes lies varies")
_PRONOUN = _words("i you he she it we they there")
_DETERMINER = _words(
    "a an the my your his her its our their this that these those all each every no any some"
    " anyone anybody someone somebody everyone everybody anything something everything nothing"
    " nobody one another enough many much most more few people both two three"
)
_SUBORDINATOR = _words(
    "that who whom which whose what how why if when where while because as since though although"
    " until than and or but whether to"
)
_OPENER = _words(
    "and but or so then well now yet oh ok okay also yes no yeah hey look still plus even"
    " actually instead finally first second third"
)
_NOT_A_SUBJECT = _words("be been being not also still never already by")
_NEVER_A_PREDICATE = _words("will would can could do does did")  # right after a fronted phrase
_FRONT = _words(
    "if when while as since because although though after before once until unless given with"
    " without in on at for by from to under over during despite amid besides beyond against"
    " between through within again however meanwhile overall today tomorrow yesterday assuming"
    " considering instead of among"
)
_PREPOSITION = _words("in on at to for by from with of under about over through until since after")
_INVERTED = re.compile(  # wherever it stands: an embedded question keeps its word order
    r"\b(?:what|how|why|when|where)"
    r" (?:is|are|was|were|do|does|did|has|have|can|could|will|would|should)"
    r" (?:you|he|she|we|they|it)\b",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"(?:,|\s[-–—])\s*(?:right|correct|eh|huh|yes|or not"
    r"|(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)(?:n['’]t)?"
    r" (?:it|he|she|they|you|we|i|there|this|that))\W*$",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"\W*(?:(?:oh|and|but|so|or) )?(?:really|seriously|why|how|who|what|when|where|whom|which"
    r"|why not|so what|then what|now what|says who|(?:what|who) (?:now|next|then|else)"
    r"|anything else|ready|remember|sounds? familiar|sound good"
    r"|the (?:result|catch|answer|upshot|twist|takeaway|verdict|outcome|goal|bottom line)"
    r"|(?:you|and you) know (?:what|why)|any .+|anyone .+"
    r"|(?:and|but) (?:the|my|your|his|its|our|their|that|those) \w+"
    r"|ever (?:wondered|heard|seen|tried|thought|considered|been|felt|had|noticed) .+"
    r"|(?:ready|want|care|remember) (?:to|for|when|that|the) .+)\W*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['’?.,-]\w+)*")
_CHUNK = re.compile(r"[,;:—\ufffd…]|\s[-–]\s|[.!?]\s")
_CONTRACTION = re.compile(
    r"\b(what|who|where|how|when|why|which)['’](s|re|ll|d|ve)\b", re.IGNORECASE
)
_FULL = {"s": "is", "re": "are", "ll": "will", "d": "would", "ve": "have"}
_THE_QUESTION_IS = re.compile(
    r"\b(question (?:now )?(?:is|was|becomes|remains|might be)),? (?!whether)"
)
_PARENTHESIS = re.compile(r"(?<=\S )[(\[][^()\[\]]*[)\]]")
_LONGEST = 2000  # no sentence is longer: what is, is no prose, and its end decides as well


def reads_as_question(sentence: str) -> bool:
    """Return whether an English sentence, its final mark left off, reads as a question.

    Embedded questions ("what this means is unclear", "asked whether it will") are none; a
    declarative question ("you sold them?") cannot be told and counts as a statement.
    """
    sentence = sentence[-_LONGEST:].strip()
    if _FRAGMENT.fullmatch(sentence) and not _has_finite(sentence):
        return True
    if not _QUICK.search(sentence):
        return False
    if _TAG.search(sentence) or _INVERTED.search(sentence):
        return True
    sentence = _PARENTHESIS.sub(" ", sentence)
    sentence = _CONTRACTION.sub(lambda m: f"{m[1]} {_FULL[m[2].lower()]}", sentence)
    sentence = _THE_QUESTION_IS.sub(r"\1: ", sentence)
    # What follows a colon, or opens a quotation that runs to the end, is a sentence of its own.
    for mark, closing in ((":", ""), ("“", "”"), ('"', '"'), ("‘", "’ "), ("(", ")")):
        head, found, tail = sentence.rpartition(mark)
        if not found or (closing and closing in tail) or (mark == '"' and head.count('"') % 2):
            continue
        whole = not head.strip() or head.rstrip()[-1] in ",:" or tail.count(" ") > 3
        if whole and tail[:1].isspace() == (mark == ":") and _sentence_asks(tail):
            return True
    return _sentence_asks(sentence)


def _sentence_asks(sentence: str) -> bool:
    chunks = [words for part in _CHUNK.split(sentence) if (words := _WORD.findall(part))]
    if not chunks:
        return False
    opening, first = _without_openers(chunks[0])
    if not first:  # "Well, is it": the opener stood alone before its comma
        return len(chunks) > 1 and _asks(_without_openers(chunks[1])[1], chunks[2:])
    if _asks(first, chunks[1:]):
        return True
    fronted = first[0].lower() in _FRONT or first[0].endswith(("ly", "ing"))
    main_clause_begun = not fronted and len(first) > 2
    for chunk in chunks[1:]:
        opening, words = _without_openers(chunk)
        so_does = opening[-1:] == ["so"] and words[:1] and words[0].lower() in _AUX
        if not words or so_does:
            continue
        if _asks_later(words, bool(opening), main_clause_begun, chunk is chunks[-1]):
            return True
        if fronted and chunk is chunks[1] and words[0].lower() in _NEVER_A_PREDICATE:
            return len(words) > 1 and words[1].lower() not in _NOT_A_SUBJECT
        if not fronted or _is_subject(words, [word.lower() for word in words], 0):
            main_clause_begun = True
    return False


def _asks(words: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Return whether the head clause of a sentence is a question; `rest`: the chunks after it."""
    if not words:
        return False
    lower = [word.lower().replace("’", "'") for word in words]
    head, second = lower[0], lower[1] if len(lower) > 1 else ""
    if head in _AUX:
        return _auxiliary_asks(words, lower, rest)
    if head in _PREPOSITION and second in (
        "which",
        "what",
        "whom",
        "whose",
        "how",
        "where",
        "when",
    ):
        third = lower[2] if len(lower) > 2 else ""
        if (second, third) == ("which", "case") or (
            second == "what"
            and (
                third in _AUX | _PRONOUN | _DETERMINER or (third.endswith("s") and third != "ways")
            )
        ):
            return False
        return len(words) <= 4 or _inversion(words, lower, 2)
    alone = not rest and len(words) <= 4 and _FINITE.union(_PRONOUN).isdisjoint(lower[1:])
    if alone and head in ("how", "why") and second != "to":  # "Why the delay", "How long"
        return True
    if head in ("what", "who", "whom", "whose", "which", "how", "when", "where", "why", "whither"):
        return _interrogative_asks(words, lower)
    return head == "whoever" and second in ("heard", "said", "thought")


def _auxiliary_asks(
    words: Sequence[str], lower: Sequence[str], rest: Sequence[Sequence[str]]
) -> bool:
    head, second = lower[0], lower[1] if len(lower) > 1 else ""
    if not second or second in _NOT_A_SUBJECT:
        return False
    plural = second.endswith("s") and second not in ("this", "his", "its")
    subject = second in _PRONOUN | _DETERMINER or words[1][0].isupper() or plural
    if head in ("do", "don't"):  # "Do it", "Do your homework": imperatives
        if head == "don't":
            return second in _PRONOUN
        return subject and second not in ("it", "this", "that", "a", "an", "no", "one")
    if head == "have":
        return subject and second not in ("a", "an", "it", "some", "your", "no", "one")
    if head == "may":  # a month, or a wish; in brief: "May China buy them"
        bare = words[1][0].isupper() and 2 < len(words) <= 4 and words[2][-1] not in "sd"
        return second in ("i", "we", "it", "they", "there") or bare
    if head in ("had", "were") and any(word in ("would", "could", "might") for word in lower[2:]):
        return False
    if head in ("had", "should", "were"):  # "Had they known, they would have sold": a condition
        return not any(
            _without_openers(chunk)[1] == list(chunk)
            and any(word.lower() in _AUX for word in chunk[1:])
            for chunk in rest
        )
    return True


def _interrogative_asks(words: Sequence[str], lower: Sequence[str]) -> bool:
    head, n = lower[0], len(lower)
    if n == 1:
        return True
    second = lower[1]
    third = lower[2] if n > 2 else ""
    if second in ("about", "if", "else", "not", "come") and head != "which":
        return True
    if head in ("when", "where", "why", "whither"):
        at = 2 if second in ("else", "exactly", "then", "again", "on", "in") else 1
        return n > at and lower[at] in _AUX
    if head == "how":
        if second == "to":
            return False
        if second in _AUX:
            return third not in _NOT_A_SUBJECT
        if second in ("many", "much", "few"):
            return not _second_finite(lower, 2, also=1) if not _inversion(words, lower, 2) else True
        return _inversion(words, lower, 2)
    if head == "which":
        if second in ("is", "was", "are", "means", "brings", "leaves", "makes", "leads", "raises"):
            return second in ("is", "was", "are") and third == "the"
        if second in _FRONT and second != "of":
            return False  # "Which, as we know, ..."
        return second == "of" or not _second_finite(lower, 1, also=1) or _inversion(words, lower, 2)
    if head in ("who", "whose"):
        return not _second_finite(lower, 2, also=int(second in _FRONT))
    if head == "whom":
        return _inversion(words, lower, 1)
    # what
    if second in ("a", "an") or (second, third) in (("is", "more"), ("is", "worse")):
        return False
    if second in ("do", "does", "did", "don't", "doesn't", "didn't"):
        return third not in _AUX
    if second in _AUX:
        if _is_subject(words, lower, 2):
            return not (second in ("is", "was") and n > 3 and _second_finite(lower, 3))
        return not _second_finite(lower, 2)
    if second in _PRONOUN or (second in _DETERMINER and second not in ("more", "other", "most")):
        return second == "the" and third in ("hell", "heck")
    if _inversion(words, lower, 2, nominal=words[1][0].isupper()):
        return True
    kind = second in ("kind", "kinds", "type", "types", "sort", "percentage", "share", "proportion")
    return (
        kind
        or (second.endswith("s") and not _second_finite(lower, 2))
        or (
            (second.endswith("ed") or second in ("just", "first", "really", "led", "went", "made"))
            and not _second_finite(lower, 2)
        )
    )


def _asks_later(words: Sequence[str], joined: bool, begun: bool, last: bool) -> bool:
    """Return whether a clause after a comma or dash is a question.

    There a relative clause ("which is the largest") and the second part of a predicate ("and is the
    largest") look like questions, so more is asked of the word after the auxiliary.
    """
    lower = [word.lower().replace("’", "'") for word in words]
    head, second = lower[0], lower[1] if len(lower) > 1 else ""
    if head in _AUX:
        if head in ("were", "had", "should", "may") and not last:
            return False
        if second in _PRONOUN:
            return not begun if second == "there" else second != "it" or len(lower) > 2
        return not begun and _is_subject(words, lower, 1) and _auxiliary_asks(words, lower, ())
    if head in ("how", "why", "what", "when", "where") or (
        head in ("who", "which", "whose") and joined
    ):
        if not begun:
            return _interrogative_asks(words, lower)
        return (second in _AUX and _is_subject(words, lower, 2)) or (
            head in ("what", "how", "who", "which") and joined and _inversion(words, lower, 2)
        )
    return False


def _without_openers(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the conjunctions and interjections that open a clause, and what follows them."""
    i = 0
    while i < len(words) and (words[i].lower() in _OPENER or words[i][0].isdigit()):
        i += 1
    return list(words[:i]), list(words[i:])


def _is_subject(words: Sequence[str], lower: Sequence[str], i: int) -> bool:
    """Return whether a word can open a subject for sure: a pronoun, determiner or name."""
    return i < len(words) and (
        lower[i] in _PRONOUN or lower[i] in _DETERMINER or words[i][0].isupper()
    )


def _inversion(
    words: Sequence[str], lower: Sequence[str], start: int, *, nominal: bool = False
) -> bool:
    """Return whether an auxiliary stands before a subject, and none stands before that.

    `nominal`: the words before may be a clause ("What Nvidia added was a ..."), where only "be" is
    no sign of a question.
    """
    for i in range(start, min(len(words), start + 10)):
        if lower[i] in _PRONOUN or lower[i] in ("that", "who", "which"):
            return False  # the clause has a subject already
        if lower[i] in _AUX:
            if lower[i] in ("is", "was", "are", "were") and (
                nominal or (lower[0] == "what" and i > 2)
            ):
                return False
            do = lower[i] in ("do", "does", "did") and i + 2 < len(words)
            return _is_subject(words, lower, i + 1) or (do and lower[i + 1] not in _AUX)
    return False


def _second_finite(lower: Sequence[str], start: int, *, also: int = 0) -> bool:
    """Return whether a further finite verb stands in the clause: then its head was its subject.

    `also`: how many finite verbs from `start` on belong to the question itself.
    """
    for i in range(start, len(lower)):
        if lower[i] in _SUBORDINATOR or (lower[i] in _PRONOUN and i > start):
            return False
        if lower[i] in _FINITE:
            if not also:
                return True
            also -= 1
    return False


def _has_finite(sentence: str) -> bool:
    return any(word.lower() in _FINITE for word in _WORD.findall(sentence)[1:]) and not re.match(
        r"\W*(?:and |but )?(?:you know|ever)\b", sentence, re.IGNORECASE
    )
