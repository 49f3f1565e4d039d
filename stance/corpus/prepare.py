"""Articles in, readable articles with their units out: where all work on articles begins."""

from collections.abc import Iterable, Iterator

from stance.corpus.repair import repair_article
from stance.corpus.units import split_units
from stance.records import Article, Unit


def prepare(
    articles: Iterable[Article], *, repair: bool = True
) -> Iterator[tuple[Article, list[Unit]]]:
    """Yield each article, repaired unless told not to, with its units."""
    for article in articles:
        readable = repair_article(article) if repair else article
        yield readable, split_units(readable)
