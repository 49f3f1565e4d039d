"""A fixed division of a corpus into what models learn from and what is held out for the end.

Whole outlets are held out, or the latest articles, and some of the others; copies of one story,
edited or not, always stand on the same side. The file names each text by its hash.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import numpy as np

from stance.corpus.copies import copy_groups
from stance.errors import DataError
from stance.files import write_whole
from stance.records import Article, LabeledUnit


class Part(StrEnum):
    """Where an article stands."""

    TRAIN = "train"
    HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One article's place in a split."""

    article_id: str
    sha256: str  # of its original text
    source: str
    cluster: str | None  # the articles that are copies of one story carry the same name
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A division of a corpus."""

    data_sha256: str  # of the texts divided, see `texts_digest`
    seed: int
    outlets: tuple[str, ...]  # held out whole
    places: tuple[Place, ...]
    since: str | None = None  # articles of this date and later are held out

    def of(self, part: Part, examples: Sequence[LabeledUnit]) -> list[LabeledUnit]:
        """Return the units whose article stands in a part."""
        inside = {place.sha256 for place in self.places if place.part is part}
        return [example for example in examples if example.sha256 in inside]


def texts_digest(digests: Sequence[str]) -> str:
    """Return the SHA-256 of a set of texts, given theirs; their order does not count."""
    return sha256("\n".join(sorted(set(digests))).encode()).hexdigest()


def make_split(
    articles: Sequence[Article],
    *,
    outlets: Sequence[str],
    share: float,
    seed: int,
    since: str | None = None,
    clusters: Mapping[str, str] | None = None,
) -> Split:
    """Return a split: outlets held out whole, articles since a date, and stories drawn at random.

    Parameters
    ----------
    share
        Of the articles, held out in all, at least: stories are drawn until it is reached.
    since
        A date, 2026-01-13. Articles without a date count as earlier.
    clusters
        Article id -> name of the wire story, where known; copies that are found belong together
        too.

    Raises
    ------
    DataError
        If an outlet has no article, the date is none or no article is as late, or nothing would be
        left to learn from.
    """
    known = {article.source for article in articles}
    for outlet in outlets:
        if outlet not in known:
            raise DataError(f"no article is by {outlet!r}: it cannot be held out")
    stories = _stories(articles, clusters or {})
    held_out = {stories[article.id] for article in articles if article.source in outlets}
    if since is not None:
        day = _day(since)
        later = [a for a in articles if a.date is not None and date.fromisoformat(a.date) >= day]
        if not later:
            raise DataError(f"no article is dated {since} or later: none can be held out by it")
        held_out |= {stories[article.id] for article in later}
        since = day.isoformat()
    left = sorted(set(stories.values()) - held_out)
    for number in np.random.default_rng(seed).permutation(len(left)):
        if sum(story in held_out for story in stories.values()) >= share * len(articles):
            break
        held_out.add(left[number])
    if len(held_out) == len(set(stories.values())):
        raise DataError(
            "every article would be held out: name fewer outlets, a later date or a smaller share"
        )
    sizes = {story: list(stories.values()).count(story) for story in set(stories.values())}
    places = (
        Place(
            article_id=article.id,
            sha256=article.sha256,
            source=article.source or article.id,
            cluster=stories[article.id] if sizes[stories[article.id]] > 1 else None,
            part=Part.HELD_OUT if stories[article.id] in held_out else Part.TRAIN,
        )
        for article in articles
    )
    return Split(
        data_sha256=texts_digest([article.sha256 for article in articles]),
        seed=seed,
        outlets=tuple(sorted(outlets)),
        places=tuple(sorted(places, key=lambda place: place.article_id)),
        since=since,
    )


def write_split(path: Path, split: Split) -> None:
    """Write a split as JSON, in one step."""
    write_whole(path, json.dumps(asdict(split), ensure_ascii=False, indent=1) + "\n")


def read_split(path: Path) -> Split:
    """Return the split of a file.

    Raises
    ------
    DataError
        If it cannot be read, has another shape, or its hash is not that of the texts it names.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        places = tuple(Place(**{**row, "part": Part(row["part"])}) for row in data["places"])
        split = Split(**{**data, "places": places, "outlets": tuple(data["outlets"])})
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a split: {error!r}") from None
    if texts_digest([place.sha256 for place in places]) != split.data_sha256:
        raise DataError(
            f"{path}: its data hash is not that of the articles in it: an article was added, taken "
            "out or changed. Make the split anew"
        )
    return split


def read_clusters(path: Path) -> dict[str, str]:
    """Return article id -> name of its wire story, from a CSV with those two columns.

    An article without a name there belongs to no story.

    Raises
    ------
    DataError
        If it cannot be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                row["article_id"]: row["cluster"]
                for row in csv.DictReader(file)
                if (row["cluster"] or "").strip()
            }
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: not a table of wire stories (article_id,cluster): {error!r}"
        ) from None


def _day(since: str) -> date:
    try:
        return date.fromisoformat(since)
    except ValueError:
        raise DataError(f"{since!r} is no date: give one such as 2026-01-13") from None


def _stories(articles: Sequence[Article], clusters: Mapping[str, str]) -> dict[str, str]:
    """Return article id -> story: its cluster where one is known or found, else the article."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    found = copy_groups({article.id: article.text for article in articles})
    for article_id, group in found.items():
        parent[root(("article", article_id))] = root(("found", str(group)))
        if article_id in clusters:
            parent[root(("article", article_id))] = root(("known", clusters[article_id]))
    names: dict[tuple[str, str], str] = {}
    for article_id in sorted(found, key=lambda name: (name not in clusters, name)):
        names.setdefault(root(("article", article_id)), clusters.get(article_id, article_id))
    return {article_id: names[root(("article", article_id))] for article_id in found}
