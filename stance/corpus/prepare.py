"""Articles in, readable articles with their units out: where all work on articles begins."""

from collections.abc import Callable, Iterable, Iterator

from stance.corpus.repair import may_lack_full_stops, repair_article
from stance.corpus.units import split_units
from stance.records import Article, Unit


def prepare(
    articles: Iterable[Article],
    *,
    repair: bool = True,
    on_notice: Callable[[str], None] = lambda notice: None,
) -> Iterator[tuple[Article, list[Unit]]]:
    """Yield each article, repaired unless told not to, with its units.

    `on_notice` is told at the end of articles whose full stops may be lost still.
    """
    doubtful = []
    for article in articles:
        readable = repair_article(article) if repair else article
        if repair and may_lack_full_stops(readable):
            doubtful.append(article.id)
        yield readable, split_units(readable)
    if doubtful:
        on_notice(
            f"{len(doubtful)} article(s) have '?' and hardly a full stop, {doubtful[0]} first, and "
            "too little text to tell whether any was lost: left as they came. Mend them if so"
        )
