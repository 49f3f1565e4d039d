"""A comparison without the words of any article, for texts that may not be passed on."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath

from stance.comparison.caveats import repeated_said
from stance.comparison.result import Comparison
from stance.records import text_sha256

FEWEST = 4  # words by which a name reads like a headline; no outlet's number or date has so many
# A sign of a script without spaces between words counts as a word.
_WORD = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]|[^\W\d_\u3040-\u9fff\uac00-\ud7af]+")


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


def without_headlines(comparison: Comparison, hashes: Mapping[str, str]) -> tuple[Comparison, int]:
    """Return a comparison in which no article is named by a headline, and how many were.

    They go by the first 12 digits of their SHA-256, in ids of units too; commands name no file
    by one. Names come from files, which often bear the headline.

    Parameters
    ----------
    hashes
        Article id -> SHA-256 of its text; of one without, its id is hashed.
    """
    names: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for article, title in {unit.article_id: unit.title for unit in comparison.units}.items():
        if _tells(article, title):
            digest = (hashes.get(article) or text_sha256(article))[:12]
            taken[digest] += 1
            names[article] = digest if taken[digest] == 1 else f"{digest}-{taken[digest]}"
    ids = {
        unit.unit_id: names[unit.article_id] + unit.unit_id.removeprefix(unit.article_id)
        for unit in comparison.units
        if unit.article_id in names and unit.unit_id.startswith(unit.article_id)
    }

    def renamed(unit_ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(ids.get(unit_id, unit_id) for unit_id in unit_ids)

    claims = tuple(
        replace(
            claim,
            cells=tuple(replace(cell, unit_ids=renamed(cell.unit_ids)) for cell in claim.cells),
            printed=renamed(claim.printed),
        )
        for claim in comparison.alignment.claims
    )
    groups = tuple(
        tuple(names.get(article, article) for article in group)
        for group in comparison.copies.groups
    )
    hidden = replace(
        with_remedy(comparison, command_without_headlines),
        alignment=replace(comparison.alignment, claims=claims),
        copies=replace(comparison.copies, groups=groups),
        units=tuple(
            replace(
                unit,
                article_id=names.get(unit.article_id, unit.article_id),
                unit_id=ids.get(unit.unit_id, unit.unit_id),
            )
            for unit in comparison.units
        ),
    )
    return hidden, len(names)


def command_without_headlines(command: str) -> str:
    """Return a command with PATH for each file that is named by a headline."""
    words = shlex.split(command)
    return shlex.join("PATH" if _tells(PurePath(word).stem, None) else word for word in words)


def with_remedy(comparison: Comparison, change: Callable[[str], str]) -> Comparison:
    """Return a comparison whose advised command is changed wherever it stands."""
    remedy = comparison.sample.remedy
    if remedy is None:
        return comparison
    changed = change(remedy)
    return replace(
        comparison,
        sample=replace(comparison.sample, remedy=changed),
        refusals=tuple(said.replace(remedy, changed) for said in comparison.refusals),
    )


def _tells(name: str, title: str | None) -> bool:
    """Tell whether a name reads like a headline, or is its article's title."""
    words = _words(name.rstrip("/").rpartition("/")[2])
    return len(words) >= FEWEST or (bool(words) and words == _words(title or ""))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
