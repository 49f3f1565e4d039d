"""Charts of what outlets do with shared claims: agreement, leanings, what they leave out."""

from collections.abc import Sequence
from itertools import combinations
from typing import TypeVar

from stance.codebook import Codebook
from stance.comparison.result import ClaimAgreement, Comparison, OutletEffect, OutletMix, Selection
from stance.report.charts_pairs import pairs_panel, shade
from stance.report.charts_rows import Axis, Mark, Row, centred_axis, rows_panel, share_axis
from stance.report.charts_svg import Figure
from stance.report.readings import (
    ends,
    number_words,
    part_words,
    signed,
)

OfOutlet = TypeVar("OfOutlet", OutletEffect, OutletMix, Selection)


def agreement_figure(agreements: Sequence[ClaimAgreement]) -> Figure:
    """Return alpha beside its ceiling and beside what is left once errors are taken out."""
    shown = [found for found in agreements if found.nominal and found.nominal.value is not None]
    lows = [0.0]
    for found in shown:
        drawn = (found.nominal, found.ceiling.corrected if found.ceiling else None)
        numbers = [number for one in drawn if one for number in (one.value, one.low)]
        lows += [number for number in numbers if number is not None]
        lows += [found.ceiling.perfect_low] if found.ceiling else []
    low = -0.5 if min(lows) >= -0.5 else -1.0
    low = 0.0 if min(lows) > -0.02 else low
    ticks = [(0.0, "0 chance"), (0.25, ""), (0.5, "0.5"), (0.75, ""), (1.0, "1 full")]
    ticks = ticks if low == 0 else [(low, f"{low:g}"), *ticks]
    axis = Axis(low=low, high=1.0, ticks=tuple(ticks))
    heading = "Krippendorff's alpha, nominal"
    return Figure(
        name="agreement",
        title="Do outlets have the same label on the claims that they share?",
        caption="Dot: alpha of the labels, with its 95% interval."
        + (
            " Upright bar in a dashed box: the alpha that outlets in full agreement would show, "
            "since the model errs. Diamond below: alpha with those errors taken out."
            if any(found.ceiling for found in shown)
            else ""
        ),
        panels=(rows_panel(heading, heading, "ink", [_alpha_row(a) for a in shown], axis),),
    )


def _alpha_row(found: ClaimAgreement) -> Row:
    nominal, ceiling = found.nominal, found.ceiling
    main = beside = range_ = None
    ticks: tuple[tuple[float, str], ...] = ()
    if nominal and nominal.value is not None:
        main = Mark(value=nominal.value, low=nominal.low, high=nominal.high)
    if ceiling:
        range_, ticks = (ceiling.perfect_low, ceiling.perfect_high), ((ceiling.perfect, "|"),)
        if ceiling.corrected:
            best = ceiling.corrected
            beside = Mark(value=best.value, low=best.low, high=best.high, sign="◆", tone="good")
    return Row(
        name=f"{part_words(found.voice)}, {found.n_claims} claims",
        reading=number_words(nominal),
        main=main,
        beside=beside,
        range_=range_,
        ticks=ticks,
    )


def same_figure(agreement: ClaimAgreement, order: Sequence[str]) -> Figure:
    """Return how often each two outlets have the same label, as a shaded table."""
    rank = {name: i for i, name in enumerate(order)}
    # Of an outlet that only copies there is no pair: it makes no claims.
    cells = {(j, i): ("–", "no claim", 0) for i, j in combinations(range(len(order)), 2)}
    for pair in agreement.pairs:
        column, row = sorted((rank[pair.left], rank[pair.right]))
        share = pair.same.value if pair.same else None
        first = "–" if share is None else f"{share:.0%}"
        cells[row, column] = (first, f"of {pair.n_claims}", shade(share or 0.0, 1.0))
    title = "How often two outlets have the same label on a shared claim"
    return Figure(
        name="same-label",
        title=title,
        caption="Share of the claims that both make, and how many those are; a stronger colour is "
        "more often.",
        panels=(pairs_panel(title, order, cells),),
    )


def disagreement_figure(agreement: ClaimAgreement) -> Figure:
    """Return which labels stand against each other on shared claims."""
    most = max(agreement.disagreements.values(), default=1) or 1
    axis = Axis(low=0, high=most, ticks=((0, "0"), (most, str(most))), origin=0)
    rows = [
        Row(
            name=kind,
            reading=str(n),
            main=Mark(value=n, tone="other"),
        )
        for kind, n in agreement.disagreements.items()
    ]
    heading = "Kinds of disagreement"
    return Figure(
        name="disagreements",
        title="Which labels stand against each other on the same claim",
        caption="Pairs of outlets that make one claim with two labels.",
        panels=(rows_panel(heading, heading, "ink", rows, axis),),
    )


def effects_figure(comparison: Comparison, order: Sequence[str], codebook: Codebook) -> Figure:
    """Return how far each outlet leans on shared claims, a panel for each part of the corpus."""
    task = codebook.task(comparison.mixes[0].task)
    low, high = ends(task)
    furthest = max(
        max(abs(end) for end in (e.value, e.low, e.high) if end is not None)
        for e in comparison.effects
    )
    axis = centred_axis(furthest, (f"← more {low}", f"more {high} →"))
    voices = dict.fromkeys(effect.voice for effect in comparison.effects)
    return Figure(
        name="leanings",
        title="Who leans further on the same claim",
        caption="An outlet's mean score on a claim beyond the other outlets that make it, with a "
        f"95% interval over articles. ▲ more {high}, ▼ more {low}, ● not told from none.",
        panels=tuple(
            rows_panel(
                f"Leaning of each outlet on shared claims, {part_words(voice)}",
                part_words(voice).capitalize(),
                "ink",
                [_effect_row(e) for e in in_order(comparison.effects, order) if e.voice == voice],
                axis,
            )
            for voice in voices
        ),
    )


def in_order(items: Sequence[OfOutlet], order: Sequence[str]) -> list[OfOutlet]:
    """Return items with outlets in the report's order."""
    rank = {name: i for i, name in enumerate(order)}
    return sorted(items, key=lambda item: rank.get(item.outlet, len(rank)))


def leaning(effect: OutletEffect) -> tuple[str, str]:
    """Return the sign and the tone of an effect: those of no side where its interval holds 0."""
    if effect.low is None or effect.high is None or effect.low <= 0 <= effect.high:
        return "●", "even"
    return ("▲", "good") if effect.value > 0 else ("▼", "bad")


def _effect_row(effect: OutletEffect) -> Row:
    sign, tone = leaning(effect)
    reading = signed(effect.value)
    if effect.low is None or effect.high is None:
        reading += f", {effect.untested}"
    else:
        reading += f" ({signed(effect.low)} to {signed(effect.high)})"
    return Row(
        name=effect.outlet,
        reading=reading,
        main=Mark(value=effect.value, low=effect.low, high=effect.high, sign=sign, tone=tone),
    )


def with_claims(selections: Sequence[Selection]) -> list[Selection]:
    """Return those of the parts of the corpus in which there is a claim to leave out."""
    parts = {found.voice for found in selections if found.n_claims}
    return [found for found in selections if found.voice in parts]


def selection_figure(selections: Sequence[Selection], order: Sequence[str]) -> Figure:
    """Return how many of the others' claims each outlet makes, a panel for each part."""
    highest = max(max(s.n_made, s.expected) / max(s.n_claims, 1) for s in selections)
    axis = share_axis(highest)
    return Figure(
        name="left-out",
        title="How many of the others' claims an outlet makes",
        caption="Bar: share of the claims made by two other outlets or more that this one makes "
        "too. Upright bar: what as many articles of like length, drawn from all outlets, would "
        "make of them.",
        panels=tuple(
            rows_panel(
                f"Claims of two other outlets or more, {part_words(voice)}",
                part_words(voice).capitalize(),
                "ink",
                [_selection_row(s) for s in in_order(selections, order) if s.voice == voice],
                axis,
            )
            for voice in dict.fromkeys(s.voice for s in selections)
        ),
    )


def _selection_row(found: Selection) -> Row:
    of = found.n_claims
    return Row(
        name=found.outlet,
        reading=f"{found.n_made} of {of}",
        main=Mark(value=found.n_made / of, tone="other") if of else None,
        ticks=((found.expected / of, "|"),) if of else (),
    )
