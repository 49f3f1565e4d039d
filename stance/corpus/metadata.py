"""What is known of an article beside its text, under the names that common collectors use."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from stance.corpus.decoding import without_lone_surrogates
from stance.records import Article

# The first name that has a value counts. They are those of trafilatura, news-please, newspaper4k,
# Media Cloud, LexisNexisTools, NewsAPI and schema.org, in the spelling of `column_name`.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "article_id", "doc_id", "document_id", "stories_id", "uuid"),
    "text": (
        *("text", "maintext", "text_content", "body", "content", "article", "article_text"),
        *("full_text", "fulltext", "body_text", "articlebody"),
    ),
    "title": ("title", "headline", "article_title"),
    "source": (
        *("source", "outlet", "newspaper", "publication", "publisher", "media_name", "sitename"),
        *("meta_site_name", "source_hostname", "source_domain", "canonical_domain", "hostname"),
        "domain",
    ),
    "date": (
        *("date", "date_publish", "publish_date", "publication_date", "published", "published_at"),
        *("publishedat", "date_published", "datepublished", "published_date", "pub_date"),
        "pubdate",
    ),
    "url": ("url", "link", "normalized_url", "canonical_url", "canonical_link", "original_url"),
    "language": ("language", "lang", "meta_lang", "inlanguage"),
    "file": ("file", "filename", "file_name", "path"),
    "sha256": ("sha256",),
}
# What R, pandas, databases and collectors write where there is nothing; in lower case.
MISSING = frozenset(("na", "n/a", "nan", "nat", "none", "null", "[removed]", "[deleted]"))
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d\d)\2(\d\d)(?:\d\d){0,3}(?:$|[T\s])", re.ASCII)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_DAY_MONTH = re.compile(
    _WEEKDAY + r"(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})(?:$|[\s,])",
    re.ASCII | re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    _WEEKDAY + r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:$|[\s,])",
    re.ASCII | re.IGNORECASE,
)
_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:$|[T\s,])", re.ASCII)
# Since 1970, or milliseconds; up to 2030, since 2026011412 is an hour in January 2026.
_SECONDS = re.compile(r"1[0-8]\d{8}(?:\d{3})?(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What one row, front matter or register says of an article; None where it says nothing."""

    source: str | None = None
    title: str | None = None
    date: str | None = None  # ISO 8601, day precision
    url: str | None = None
    language: str | None = None
    unread_date: str | None = None  # a date that cannot be read without guessing


def column_name(name: str) -> str:
    """Return a column's name in the spelling of `COLUMNS`: "Source-Hostname" is source_hostname."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def value_of(row: Mapping[str, object], field: str) -> str | None:
    """Return a row's value for a key of `COLUMNS`, or None where no column has one."""
    return next(_values(row, field), None)


def metadata_of(row: Mapping[str, object]) -> Metadata:
    """Return what a row says of its article; its keys are spelled as by `column_name`."""
    # In trafilatura's JSON "source" is the page's address, and "source-hostname" the outlet.
    sources = list(_values(row, "source"))
    outlets = [source for source in sources if not _is_address(source)]
    addresses = [*_values(row, "url"), *filter(_is_address, sources)]
    written = list(_values(row, "date"))
    if not written:  # a date is not dropped in silence, whatever it was written as
        cells = (row.get(name) for name in COLUMNS["date"])
        written = [str(cell)[:80] for cell in cells if cell and isinstance(cell, list | Mapping)]
    day = next(filter(None, map(iso_day, written)), None)
    return Metadata(
        source=outlets[0] if outlets else None,
        title=value_of(row, "title"),
        date=day,
        url=addresses[0] if addresses else None,
        language=value_of(row, "language"),
        unread_date=written[0] if written and not day else None,
    )


def filled(article: Article, metadata: Metadata) -> Article:
    """Return the article with what it lacks taken from the metadata."""
    return replace(
        article,
        source=article.source or metadata.source,
        title=article.title or metadata.title,
        date=article.date or metadata.date,
        url=article.url or metadata.url,
        language=article.language or metadata.language,
    )


def iso_day(text: str) -> str | None:
    """Return the day that a date names, as it was where it was written, or None.

    None also where reading it takes a guess: 03/04/2026 is a day in March or in April. 14/01/2026
    would take none, but a corpus would then have dates from the 13th of each month on alone. With
    dots the day comes first wherever that is written.
    """
    text = text.strip()
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text[:10]), UTC).date().isoformat()
        if found := _YEAR_FIRST.match(text):
            return date(int(found[1]), int(found[3]), int(found[4])).isoformat()
        if found := _DAY_MONTH.match(text):
            return date(int(found[3]), _month(found[2]), int(found[1])).isoformat()
        if found := _MONTH_DAY.match(text):
            return date(int(found[3]), _month(found[1]), int(found[2])).isoformat()
        if found := _DOTS.match(text):
            return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    except ValueError:
        return None
    return None


def unread_dates_said(dates: Sequence[str]) -> str:
    """Return the notice of dates that cannot be read, one an article, each with where it stands."""
    have = "1 article has" if len(dates) == 1 else f"{len(dates)} articles have"
    return (
        f"{have} no date, since what is written there cannot be read without guessing, first in "
        f"{dates[0]}. Write dates as YYYY-MM-DD."
    )


def _month(name: str) -> int:
    """Return the number of a month from its name or from three letters of it on."""
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name.lower()):
            return number
    raise ValueError(name)


def _values(row: Mapping[str, object], field: str) -> Iterator[str]:
    """Yield a row's values for a key of `COLUMNS`, those of the preferred columns first."""
    for name in COLUMNS[field]:
        value = _plain(row.get(name))
        if value is not None and (field == "id" or value.lower() not in MISSING):
            yield value


def _plain(value: object) -> str | None:
    """Return a plain value, or an object's name or date, as text; None for a list or nothing."""
    if isinstance(value, Mapping):
        # NewsAPI's source and schema.org's publisher are objects, and so are MongoDB's dates.
        value = value.get("name", value.get("$date"))
    if isinstance(value, float) and math.isfinite(value):
        # A column of whole numbers with a gap reaches us as floats.
        value = int(value) if value.is_integer() else str(value)
    if isinstance(value, date):  # and so datetime
        value = value.isoformat()
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return without_lone_surrogates(str(value)).strip() or None


def _is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))
