"""Charts of the mixes: shares by outlet, distances of pairs, weeks, before and after a date."""

from collections.abc import Mapping, Sequence

from stance.codebook import Codebook
from stance.comparison.result import (
    BeforeAfter,
    MixComparison,
    OutletMix,
    Share,
    Timeline,
    Week,
)
from stance.report.charts_pairs import pairs_panel, shade
from stance.report.charts_rows import Mark, Row, rows_panel, share_axis
from stance.report.charts_svg import Figure
from stance.report.charts_time import last_day, weeks_panel
from stance.report.label_looks import Look, looks_of
from stance.report.readings import headline, p_words, part_words, share_words

ALL = "All outlets"


def mix_figure(mix: MixComparison, order: Sequence[str], codebook: Codebook) -> Figure:
    """Return the shares of a task by outlet, a panel a label."""
    looks = looks_of(codebook, mix.task)
    by_name = {outlet.outlet: outlet for outlet in mix.outlets}
    outlets = [by_name[name] for name in order if name in by_name]
    shares = [share for outlet in outlets for share in outlet.shares.values()]
    highest = max((_highest(share) for share in shares), default=1.0)
    part = "" if mix.voice is None else f", {part_words(mix.voice)}"
    return Figure(
        name=f"mix-{mix.task}" + (f"-{mix.voice}" if mix.voice else ""),
        title=f"{mix.task.capitalize()} by outlet{part}: share of units",
        caption=_mix_caption(shares),
        panels=tuple(
            rows_panel(
                f"Share of {label} units by outlet{part}",
                f"{looks[label].sign} {label}",
                looks[label].tone,
                [_share_row(outlet, label, looks[label]) for outlet in outlets],
                share_axis(highest),
            )
            for label in mix.classes
        ),
    )


def _highest(share: Share) -> float:
    tops = [share.counted.value, share.counted.high, share.settled]
    tops += [share.corrected.high] if share.corrected else []
    tops += [share.band[1]] if share.band and not share.corrected else []
    return max(top for top in tops if top is not None)


def _mix_caption(shares: Sequence[Share]) -> str:
    if any(share.corrected for share in shares):
        words = (
            "Filled mark and bar: share corrected by hand labels, with its 95% interval. Hollow "
            "grey below: counted, not corrected."
        )
        if not all(share.corrected for share in shares):
            words += " A row without a hollow mark is counted, with a 95% interval over articles."
    else:
        words = (
            "Mark and bar: counted share of units with the label, not corrected for errors, with a "
            "95% interval over articles."
        )
    if any(share.band and not share.corrected for share in shares):
        words += (
            " Dashed box: where the true share may lie if the model errs here as it did on what "
            "was held out from it."
        )
    if any(share.settled is not None for share in shares):
        words += " Diamond: share by settled labels, where every unit has one."
    return words


def _share_row(outlet: OutletMix, label: str, look: Look) -> Row:
    share = outlet.shares[label]
    best, counted = headline(share), share.counted
    beside = Mark(
        value=counted.value, low=counted.low, high=counted.high, sign=look.sign, tone="even"
    )
    return Row(
        name=outlet.outlet,
        reading=share_words(best),
        main=Mark(value=best.value, low=best.low, high=best.high, sign=look.sign, tone=look.tone),
        beside=beside if best.corrected else None,
        range_=None if best.corrected else share.band,
        ticks=() if share.settled is None else ((share.settled, "◆"),),
    )


def distance_figure(mix: MixComparison, order: Sequence[str]) -> Figure:
    """Return how far apart each two outlets are, as a shaded table."""
    rank = {name: i for i, name in enumerate(order)}
    highest = max((pair.distance.value for pair in mix.pairs), default=0.0) or 1.0
    cells = {}
    for pair in mix.pairs:
        column, row = sorted((rank[pair.left], rank[pair.right]))
        value = pair.distance.value
        second = f"p {p_words(pair.p_holm)}"
        cells[row, column] = (f"{value:.2f}", second, shade(value, highest))
    title = f"How far apart two outlets are in their {mix.task}"
    return Figure(
        name=f"distances-{mix.task}",
        title=title,
        caption="Total variation of the counted mixes: the share of one outlet's units that would "
        "have to change to give the other's mix; a stronger colour is further apart. p is adjusted "
        "for the number of pairs (Holm).",
        panels=(pairs_panel(title, order, cells),),
    )


def timeline_figure(timeline: Timeline, order: Sequence[str], codebook: Codebook) -> Figure:
    """Return the weekly shares: a panel for all outlets, one for each, and one for each voice."""
    looks = drawn_labels(timeline, codebook)
    groups = _groups(timeline.weeks, order)
    drawn = [week for week in timeline.weeks if (week.outlet, week.voice) in groups]
    mondays = [week.monday for week in drawn]
    span = (min(mondays), last_day(max(mondays)))
    event = timeline.event if timeline.event and span[0] <= timeline.event <= span[1] else None
    shares = [week.shares[label] for week in drawn for label in looks]
    highest = max(share.value if share.high is None else share.high for share in shares)
    caption = f"Counted shares of {_listed(looks)} week by week, thin bars: 95% intervals over"
    caption += " articles. A line breaks at a week without articles."
    if event:
        caption += f" Dotted line: {event}."
    if timeline.n_undated:
        caption += f" {timeline.n_undated} undated units are left out."
    return Figure(
        name=f"weeks-{timeline.task}",
        title=f"{timeline.task.capitalize()} week by week",
        caption=caption,
        panels=tuple(
            weeks_panel(
                group_words(name, voice),
                [week for week in drawn if (week.outlet, week.voice) == (name, voice)],
                looks,
                span=span,
                highest=share_axis(highest).high,
                event=event,
            )
            for name, voice in groups
        ),
    )


def group_words(outlet: str | None, voice: str | None) -> str:
    """Return what an outlet's units, or those of all outlets, are called in a part."""
    return (outlet or ALL) + (f", {part_words(voice)}" if voice else "")


def _groups(
    items: Sequence[Week] | Sequence[BeforeAfter], order: Sequence[str]
) -> list[tuple[str | None, str | None]]:
    """Return the outlet and voice of what is drawn: of a voice only all outlets together."""
    found = dict.fromkeys((item.outlet, item.voice) for item in items)
    whole = [(name, None) for name in (None, *order) if (name, None) in found]
    return whole + [(name, voice) for name, voice in found if name is None and voice is not None]


def drawn_labels(timeline: Timeline, codebook: Codebook) -> dict[str, Look]:
    """Return the labels that the timeline draws: those that take a side, where a task has such."""
    looks = looks_of(codebook, timeline.task)
    sided = {label: look for label, look in looks.items() if look.tone in {"good", "bad"}}
    return sided or looks


def _listed(looks: Mapping[str, Look]) -> str:
    return ", ".join(f"{look.sign} {label}" for label, look in looks.items())


def event_figure(timeline: Timeline, order: Sequence[str], codebook: Codebook) -> Figure:
    """Return each outlet's shares, and each voice's, before and after the date asked about."""
    looks = looks_of(codebook, timeline.task)
    by_group = {(change.outlet, change.voice): change for change in timeline.around}
    changes = [by_group[group] for group in _groups(timeline.around, order)]
    highest = max(share.value for c in changes for share in (*c.before.values(), *c.after.values()))
    return Figure(
        name=f"around-{timeline.event}",
        title=f"{timeline.task.capitalize()} before and from {timeline.event}",
        caption="Hollow: counted share of units before that date; filled: from it on.",
        panels=tuple(
            rows_panel(
                f"Share of {label} units before and from {timeline.event}",
                f"{look.sign} {label}",
                look.tone,
                [_change_row(change, label, look) for change in changes],
                share_axis(highest, origin=None),
            )
            for label, look in looks.items()
        ),
    )


def _change_row(change: BeforeAfter, label: str, look: Look) -> Row:
    before, after = change.before[label].value, change.after[label].value
    return Row(
        name=group_words(change.outlet, change.voice),
        reading=f"{before:.0%} → {after:.0%}",
        main=Mark(value=after, sign=look.sign, tone=look.tone),
        before=before,
    )
