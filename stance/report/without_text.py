"""A comparison without the words of any article, for texts that may not be passed on."""

from dataclasses import replace

from stance.comparison.caveats import repeated_said
from stance.comparison.result import Comparison
from stance.records import text_sha256


def without_text(comparison: Comparison) -> Comparison:
    """Return a comparison that holds no word of an article: places and hashes only.

    A unit's text gives way to `sha256:` and the first 12 digits of its hash in UTF-8, so that
    whoever has the articles can check it; titles of articles go, and a claim goes by its id. So
    does the line that an outlet repeats most, and its quotation among the caveats.
    """
    alignment, corpus = comparison.alignment, comparison.corpus
    copies = replace(comparison.copies, repeated=None)
    quoting = repeated_said(comparison.copies, corpus)
    claims = tuple(replace(claim, title=claim.id) for claim in alignment.claims)
    return replace(
        comparison,
        copies=copies,
        caveats=tuple(
            repeated_said(copies, corpus) if caveat == quoting else caveat
            for caveat in comparison.caveats
        ),
        alignment=replace(alignment, claims=claims),
        units=tuple(
            replace(unit, title=None, text=f"sha256:{text_sha256(unit.text)[:12]}")
            for unit in comparison.units
        ),
    )
