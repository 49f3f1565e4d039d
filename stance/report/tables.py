"""A comparison as tidy CSV tables, one kind of row a table, for `stance compare --tables`."""

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from stance.comparison.result import (
    ClaimAgreement,
    Comparison,
    Corrected,
    Difference,
    MixComparison,
)
from stance.errors import DataError
from stance.files import writing
from stance.report.machine import spreadsheet_safe
from stance.statistics.agreement import Coefficient
from stance.statistics.intervals import Estimate
from stance.terminal_text import cell

Row = Mapping[str, Any]


def write_tables(comparison: Comparison, folder: Path) -> list[Path]:
    """Write every table into a folder, made if it is missing; return their paths.

    All of them or none: an error leaves the files that were there. A table without rows has its
    heads. UTF-8; what is not known is an empty cell; no text is one that a spreadsheet would take
    for a formula.

    Raises
    ------
    DataError
        If the folder or a file in it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror or error}") from None
    paths = [folder / f"{name}.csv" for name in TABLES]
    with ExitStack() as files:
        opened = [files.enter_context(writing(path)) for path in paths]
        for file, (heads, rows) in zip(opened, TABLES.values(), strict=True):
            columns = heads(comparison)
            # With "\n" as line end the writer would leave a lone "\r" in a text unquoted.
            table = csv.writer(file, lineterminator="\r\n")
            table.writerow([cell(name) for name in columns])
            for row in rows(comparison):
                safe = spreadsheet_safe(row)
                table.writerow([_plain(safe[name]) for name in columns])
    return paths


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _mixes(comparison: Comparison) -> Iterator[Row]:
    for mix in comparison.mixes:
        yield {
            **_of(mix),
            "n_outlets": len(mix.outlets),
            "same_mix_p": mix.same_mix_p,
            "corrected_p": mix.corrected_p,
        }


def _shares(comparison: Comparison) -> Iterator[Row]:
    for mix in comparison.mixes:
        for outlet in mix.outlets:
            for label, share in outlet.shares.items():
                band_low, band_high = share.band or (None, None)
                yield {
                    **_of(mix),
                    "outlet": outlet.outlet,
                    "label": label,
                    **_limits("counted", share.counted),
                    **_limits("corrected", share.corrected),
                    "general_low": share.corrected and share.corrected.general_low,
                    "general_high": share.corrected and share.corrected.general_high,
                    "band_low": band_low,
                    "band_high": band_high,
                    "settled": share.settled,
                    "other_counting": outlet.other_counting.get(label),
                    "n_articles": outlet.n_articles,
                    "n_units": outlet.n_units,
                    "n_labels": share.corrected and share.corrected.n_labels,
                }


def _pairs(comparison: Comparison) -> Iterator[Row]:
    for mix in comparison.mixes:
        for pair in mix.pairs:
            yield {
                **_of(mix),
                "left": pair.left,
                "right": pair.right,
                "total_variation": pair.distance.value,
                "null_mean": pair.distance.null_mean,
                "p_value": pair.distance.p_value,
                "p_holm": pair.p_holm,
                "corrected_p_holm": pair.corrected_p_holm,
                "smallest_p": pair.distance.smallest_p,
                "n_regroupings": pair.distance.n_regroupings,
                "exact": pair.distance.exact,
                "jensen_shannon": pair.jensen_shannon,
            }


def _differences(comparison: Comparison) -> Iterator[Row]:
    for mix in comparison.mixes:
        for pair in mix.pairs:
            for label, difference in pair.differences.items():
                yield {
                    **_of(mix),
                    "left": pair.left,
                    "right": pair.right,
                    "label": label,
                    **_limits("difference", difference),
                    "corrected": difference.corrected,
                }


def _agreement(comparison: Comparison) -> Iterator[Row]:
    for part in comparison.agreement:
        whole = {**_of(part), "left": None, "right": None}
        for found in (part.nominal, part.ordinal, part.percent, part.gwet_ac1, part.fleiss):
            if found:
                yield {**whole, **_measured(found.name, found, found.n_units)}
        if part.ceiling:
            yield {
                **whole,
                **_measured("alpha of outlets that agree in full", None, part.n_claims),
                "value": part.ceiling.perfect,
                "low": part.ceiling.perfect_low,
                "high": part.ceiling.perfect_high,
            }
            if part.ceiling.corrected:
                yield {
                    **whole,
                    **_measured("alpha corrected", part.ceiling.corrected, part.n_claims),
                }
        for pair in part.pairs:
            both = {**_of(part), "left": pair.left, "right": pair.right}
            yield {**both, **_measured("same label", pair.same, pair.n_claims)}
            yield {**both, **_measured("alpha nominal", None, pair.n_claims), "value": pair.alpha}


def _claims(comparison: Comparison) -> Iterator[Row]:
    for claim in comparison.alignment.claims:
        for own in claim.cells:
            yield {
                "claim": claim.id,
                "title": claim.title,
                "n_outlets": len(claim.cells),
                "outlet": own.outlet,
                "label": own.label,
                **{f"probability_{label}": p for label, p in own.probabilities.items()},
                "n_units": len(own.unit_ids),
            }


def _claim_heads(comparison: Comparison) -> list[str]:
    labels: dict[str, None] = {}
    for claim in comparison.alignment.claims:
        for own in claim.cells:
            labels |= dict.fromkeys(own.probabilities)
    probabilities = [f"probability_{label}" for label in labels]
    return ["claim", "title", "n_outlets", "outlet", "label", *probabilities, "n_units"]


def _effects(comparison: Comparison) -> Iterator[Row]:
    for effect in comparison.effects:
        yield {name: getattr(effect, name) for name in _EFFECT}


def _selection(comparison: Comparison) -> Iterator[Row]:
    for selection in comparison.selection:
        row = {name: getattr(selection, name) for name in _SELECTION}
        yield {**row, "left_out": " ".join(selection.left_out)}


def _weeks(comparison: Comparison) -> Iterator[Row]:
    for week in comparison.timeline.weeks:
        for label, share in week.shares.items():
            yield {
                "task": comparison.timeline.task,
                "voice": week.voice,
                "outlet": week.outlet,
                "monday": week.monday,
                "label": label,
                **_limits("share", share),
                "n_articles": share.n_articles,
                "n_units": share.n_units,
            }


def _around(comparison: Comparison) -> Iterator[Row]:
    for found in comparison.timeline.around:
        for label, difference in found.differences.items():
            before, after = found.before[label], found.after[label]
            yield {
                "task": comparison.timeline.task,
                "voice": found.voice,
                "event": comparison.timeline.event,
                "outlet": found.outlet,
                "label": label,
                **_limits("before", before),
                "before_n_articles": before.n_articles,
                "before_n_units": before.n_units,
                **_limits("after", after),
                "after_n_articles": after.n_articles,
                "after_n_units": after.n_units,
                **_limits("difference", difference),
                "p_value": found.p_value,
                "p_holm": found.p_holm,
            }


def _units(comparison: Comparison) -> Iterator[Row]:
    tasks = _tasks(comparison)
    for unit in comparison.units:
        row = {name: getattr(unit, name) for name in (*_PLACE, "model", "counts", "claim")}
        for task in tasks:
            row[f"label_{task}"] = unit.labels.get(task)
            row[f"probability_{task}"] = unit.probabilities.get(task)
            row[f"hand_{task}"] = unit.hand.get(task)
        yield row


def _unit_heads(comparison: Comparison) -> list[str]:
    tasks = _tasks(comparison)
    labels = [f"{what}_{task}" for task in tasks for what in ("label", "probability", "hand")]
    return [*_PLACE, *labels, "model", "counts", "claim"]


def _tasks(comparison: Comparison) -> list[str]:
    return list(comparison.units[0].labels) if comparison.units else []


def _of(part: MixComparison | ClaimAgreement) -> Row:
    return {"task": part.task, "voice": part.voice}


def _limits(name: str, found: Estimate | Corrected | Difference | None) -> Row:
    values = (found.value, found.low, found.high) if found else (None, None, None)
    return dict(zip(_three(name), values, strict=True))


def _three(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _measured(measure: str, found: Coefficient | Estimate | None, n_claims: int) -> Row:
    values = (found.value, found.low, found.high) if found else (None, None, None)
    row = dict(zip(("value", "low", "high"), values, strict=True))
    return {"measure": measure, **row, "n_claims": n_claims}


_PART = ("task", "voice")
_PAIR = (*_PART, "left", "right")
_EFFECT = (
    *("outlet", "voice", "n_claims", "n_articles", "value", "low", "high", "p_value", "p_holm"),
    "untested",
)
_SELECTION = (
    *("outlet", "voice", "n_claims", "n_made", "expected", "p_value", "p_holm", "left_out"),
)
_PLACE = (
    *("unit_id", "article_id", "outlet", "date", "title", "index", "kind", "start", "end", "text"),
)


def _always(*names: str) -> Callable[[Comparison], list[str]]:
    return lambda _: list(names)


TABLES: dict[
    str, tuple[Callable[[Comparison], list[str]], Callable[[Comparison], Iterator[Row]]]
] = {
    "mixes": (_always(*_PART, "n_outlets", "same_mix_p", "corrected_p"), _mixes),
    "shares": (
        _always(
            *(*_PART, "outlet", "label", *_three("counted"), *_three("corrected")),
            *("general_low", "general_high", "band_low", "band_high", "settled"),
            *("other_counting", "n_articles", "n_units", "n_labels"),
        ),
        _shares,
    ),
    "pairs": (
        _always(
            *(
                *_PAIR,
                "total_variation",
                "null_mean",
                "p_value",
                "p_holm",
                "corrected_p_holm",
                "smallest_p",
            ),
            *("n_regroupings", "exact", "jensen_shannon"),
        ),
        _pairs,
    ),
    "differences": (_always(*_PAIR, "label", *_three("difference"), "corrected"), _differences),
    "agreement": (_always(*_PAIR, "measure", "value", "low", "high", "n_claims"), _agreement),
    "claims": (_claim_heads, _claims),
    "effects": (_always(*_EFFECT), _effects),
    "selection": (_always(*_SELECTION), _selection),
    "weeks": (
        _always(
            *(*_PART, "outlet", "monday", "label", *_three("share"), "n_articles", "n_units"),
        ),
        _weeks,
    ),
    "around": (
        _always(
            *(*_PART, "event", "outlet", "label"),
            *(*_three("before"), "before_n_articles", "before_n_units"),
            *(*_three("after"), "after_n_articles", "after_n_units"),
            *(*_three("difference"), "p_value", "p_holm"),
        ),
        _around,
    ),
    "units": (_unit_heads, _units),
}
