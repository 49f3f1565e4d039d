"""Claims that outlets share, written down as who says what in which article."""

from collections import defaultdict

from stance.codebook import read_codebook
from stance.comparison.observations import observe
from stance.comparison.result import Claim, ClaimCell
from stance.records import ClassifiedUnit, Prediction, Unit, unit_id

BOOK = read_codebook()
STANCE, VOICE = BOOK.task("stance"), BOOK.task("voice")
LETTERS = {"o": "optimistic", "n": "neutral", "s": "skeptical"}


def corpus(said, *, certainty=0.8, left_out=frozenset(), voices=True):
    """Return claims and observations from rows of (claim, outlet, article, label, voice).

    A claim of None is a unit that makes none; a label is the first letter of a stance, or its
    probabilities in the codebook's order.
    """
    units, cells = [], defaultdict(lambda: defaultdict(list))
    for i, (claim, outlet, article, label, *voice) in enumerate(said):
        rest = (1 - certainty) / 2
        rows = (
            [certainty if name == LETTERS[label] else rest for name in STANCE.classes]
            if isinstance(label, str)
            else label
        )
        name = unit_id(article, 10 * i, 10 * i + 9)
        predictions = {"stance": prediction(name, STANCE, rows)}
        if voices:
            attributed = voice == ["attributed"]
            predictions["voice"] = prediction(name, VOICE, [1 - attributed, attributed])
        unit = Unit(
            id=name,
            article_id=article,
            index=i,
            kind="sentence",
            text=f"Sentence {i} is long enough to claim something.",
            start=10 * i,
            end=10 * i + 9,
        )
        units.append(
            ClassifiedUnit(
                unit=unit,
                source=outlet,
                date=None,
                sha256="0" * 64,
                predictions=predictions,
                codebook=BOOK.reference,
            )
        )
        if claim is not None:
            cells[claim][outlet].append(name)
    claims = tuple(
        Claim(
            id=claim,
            title=claim,
            cells=tuple(
                # What the cells say is made anew from their units: nothing else may be read.
                ClaimCell(outlet=outlet, label="", probabilities={}, unit_ids=tuple(ids))
                for outlet, ids in sorted(by_outlet.items())
            ),
        )
        for claim, by_outlet in cells.items()
    )
    return claims, observe(units, BOOK, left_out=left_out)


def prediction(unit, task, row):
    probabilities = dict(zip(task.classes, map(float, row), strict=True))
    return Prediction(
        unit_id=unit,
        task=task.name,
        label=max(probabilities, key=probabilities.get),
        probabilities=probabilities,
        model="test@0",
    )
