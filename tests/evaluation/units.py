"""Judged units made by hand, and the probabilities of models that call them by name."""

import numpy as np

from stance.codebook import read_codebook
from stance.records import LabeledUnit, Unit

BOOK = read_codebook()
STANCE = BOOK.task("stance").classes


def labeled(article, index, *, text="The ferry sails.", source=None, date=None, **labels):
    """Return the unit at a place of an article, with settled labels such as stance="neutral"."""
    unit = Unit(
        id=f"{article}:{index}",
        article_id=article,
        index=index,
        kind="sentence",
        text=text,
        start=100 * index,
        end=100 * index + len(text),
    )
    return LabeledUnit(unit=unit, source=source, date=date, sha256=article, labels=labels)


def called(task, names, certainty=1.0):
    """Return task -> probabilities of a model that gives these labels, each with a certainty."""
    classes = BOOK.task(task).classes
    rest = (1 - certainty) / (len(classes) - 1)
    return {task: np.where(np.array(names)[:, None] == np.array(classes), certainty, rest)}
