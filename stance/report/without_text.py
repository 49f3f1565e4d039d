"""A comparison without the words of any article, for texts that may not be passed on."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from stance.comparison.caveats import repeated_said
from stance.comparison.result import Comparison
from stance.records import text_sha256, unit_id


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


def without_names(comparison: Comparison, hashes: Mapping[str, str]) -> Comparison:
    """Return a comparison in which every article goes by the first 12 digits of its SHA-256.

    Its name often bears the headline, and so do ids of its units: these go by their places in it
    or, where they have none of their own, by their number (`9f86d081884c#3`).

    Parameters
    ----------
    hashes
        Article id -> SHA-256 of its text; of one without, its id is hashed.
    """
    names: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for article in dict.fromkeys(unit.article_id for unit in comparison.units):
        digest = (hashes.get(article) or text_sha256(article))[:12]
        taken[digest] += 1
        names[article] = digest if taken[digest] == 1 else f"{digest}-{taken[digest]}"
    places = Counter((unit.article_id, unit.start, unit.end) for unit in comparison.units)
    ids: dict[str, str] = {}
    number: Counter[str] = Counter()
    for unit in comparison.units:  # those of an article in its order
        name = names[unit.article_id]
        number[name] += 1
        is_placed = unit.end and places[unit.article_id, unit.start, unit.end] == 1
        ids[unit.unit_id] = (
            unit_id(name, unit.start, unit.end) if is_placed else f"{name}#{number[name]}"
        )

    def renamed(unit_ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(ids[name] for name in unit_ids)

    claims = tuple(
        replace(
            claim,
            cells=tuple(replace(cell, unit_ids=renamed(cell.unit_ids)) for cell in claim.cells),
            printed=renamed(claim.printed),
        )
        for claim in comparison.alignment.claims
    )
    groups = tuple(tuple(names[article] for article in group) for group in comparison.copies.groups)
    return replace(
        comparison,
        alignment=replace(comparison.alignment, claims=claims),
        copies=replace(comparison.copies, groups=groups),
        units=tuple(
            replace(unit, article_id=names[unit.article_id], unit_id=ids[unit.unit_id])
            for unit in comparison.units
        ),
    )
