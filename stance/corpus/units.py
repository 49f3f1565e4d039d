"""Split an article into the units that people and models label."""

import re

from stance.corpus.blocks import read_blocks
from stance.corpus.offsets import OriginalSpans
from stance.corpus.sentences import sentence_spans
from stance.records import Article, Unit, unit_id

_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_]|$)")  # of "de" or "de-AT"


def split_units(article: Article) -> list[Unit]:
    """Return the units of an article: its sentences, headings, list items and pull quotes.

    A heading or an attribution is one unit; each sentence of a list item or a pull quote is a unit
    of that kind. Bylines, datelines, credits and the like count as attributions, captions as
    sentences or headings, whichever they look like.

    Returns
    -------
    In reading order, not overlapping, without white space at their ends, covering all of the text
    but white space and what `read_blocks` says. A unit from a hard-wrapped paragraph has the line
    breaks of its article, and one from a block quote the ">" of its later lines, so that it can be
    quoted in place.
    """
    found = _LANGUAGE.match(article.language or "")
    language = found[1].lower() if found else "en"
    spans = OriginalSpans(article.repairs)
    units: list[Unit] = []
    heading: str | None = None
    lead_in: str | None = None
    last_kind = ""
    for block in read_blocks(article.text, language):
        if block.kind == "heading":
            heading = None  # no heading stands under another
        if block.kind != "list_item":
            lead_in = None
        elif last_kind != "list_item":
            opening = units[-1].text if units else ""
            lead_in = opening if opening.endswith(":") else None
        last_kind = block.kind
        piece = article.text[block.start : block.end]
        whole = block.kind in ("heading", "attribution")
        for start, end in [(0, len(piece))] if whole else sentence_spans(piece, language):
            original = spans.span(block.start + start, block.start + end)
            units.append(
                Unit(
                    id=unit_id(article.id, *original),
                    article_id=article.id,
                    index=len(units),
                    kind=block.kind,
                    text=piece[start:end],
                    start=original[0],
                    end=original[1],
                    heading=heading,
                    lead_in=lead_in,
                    before=tuple(unit.text for unit in units[-2:]),
                )
            )
        if block.kind == "heading":
            heading = units[-1].text
    return units
