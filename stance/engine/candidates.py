"""Units that could be labeled next, with what a model says of each."""

from collections.abc import Collection, Iterable, Sequence

from stance.classifiers.storage import Model
from stance.codebook import Codebook
from stance.corpus.copies import copies_left_out, copy_clusters, printed_units
from stance.engine.classify import classify
from stance.labeling.queue import Candidate
from stance.records import Article, Unit


def copies_of_others(articles: Sequence[tuple[Article, list[Unit]]]) -> frozenset[str]:
    """Return the ids of the articles that a comparison leaves out where copies count once.

    By their units alone, as a comparison knows them: it must find the very same ones.
    """
    printed = (
        printed_units(article.id, units, article.date, article.source)
        for article, units in articles
        if units
    )
    return copies_left_out(copy_clusters(printed))


def candidates(
    articles: Iterable[tuple[Article, list[Unit]]],
    model: Model | None,
    codebook: Codebook,
    task: str,
    *,
    without: Collection[str] = (),
    alpha: float | None = None,
) -> list[Candidate]:
    """Return the units of articles, less those named, with their predicted label and its margin.

    Parameters
    ----------
    model
        One that can do the task; None for units of which nothing is predicted.
    without
        Ids of units that are not to be drawn.
    alpha
        The level at which the model abstains; None: it never does.
    """
    found = []
    if model is None:
        for article, units in articles:
            found += [
                Candidate(unit_id=u.id, article_id=article.id, outlet=article.source or article.id)
                for u in units
            ]
    else:
        for done in classify(articles, model, codebook, alpha=alpha):
            for classified in done.units:
                prediction = classified.predictions[task]
                first, second = sorted(prediction.probabilities.values(), reverse=True)[:2]
                found.append(
                    Candidate(
                        unit_id=classified.unit.id,
                        article_id=done.article.id,
                        outlet=classified.source or done.article.id,
                        predicted=prediction.label,
                        margin=first - second,
                        abstained=prediction.abstained,
                    )
                )
    return [candidate for candidate in found if candidate.unit_id not in without]
