"""Learn from earlier articles, judge later ones: what a model is worth on next month's news."""

from collections.abc import Sequence
from math import ceil

from stance.classifiers.base import Classifier, copies_among
from stance.errors import DataError
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray


def first_later_date(examples: Sequence[LabeledUnit], *, share: float) -> str | None:
    """Return the date from which on articles are the later ones; None if all dates are the same.

    The articles of that date and after are at least `share` of the dated ones, unless that is all
    of them: then the first date alone is the earlier part.
    """
    dates = sorted({e.sha256: e.date for e in examples if e.date is not None}.values())
    if len(set(dates)) < 2:
        return None
    n_later = max(1, ceil(share * len(dates)))
    return max(dates[-n_later], min(date for date in dates if date > dates[0]))


def later_dates(
    classifier: Classifier, examples: Sequence[LabeledUnit], *, share: float = 0.25
) -> tuple[list[LabeledUnit], dict[str, FloatArray]]:
    """Return the units of the latest articles, and probabilities by a model of earlier ones.

    As in `cross_fit`, the model learns from no copy of an article that it judges. Articles without
    a date are on neither side. Tasks that the earlier articles do not teach are left out.

    Parameters
    ----------
    classifier
        Gives the recipe; a fresh one is fitted.
    share
        Of the dated articles, judged, about: those of one date stay together.

    Returns
    -------
    judged
        The later units, n of them, in the order given.
    probabilities
        Task -> shape (n, n_classes).

    Raises
    ------
    DataError
        If articles do not have two dates, or nothing can be learned from the earlier ones.
    """
    boundary = first_later_date(examples, share=share)
    if boundary is None:
        raise DataError("judging later articles needs articles of two dates or more")
    copies = copies_among(examples)
    later = [e.date is not None and e.date >= boundary for e in examples]
    judged_copies = {copy for copy, late in zip(copies, later, strict=True) if late}
    lessons = [
        e
        for e, copy in zip(examples, copies, strict=True)
        if e.date is not None and e.date < boundary and copy not in judged_copies
    ]
    judged = [e for e, late in zip(examples, later, strict=True) if late]
    model = classifier.fresh().fit(lessons)
    return judged, model.predict_proba([e.unit for e in judged])
