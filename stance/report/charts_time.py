"""Small charts over weeks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from markupsafe import Markup

from stance.comparison.result import Week
from stance.report.charts_svg import PANEL, Panel, fitted, mark_path, stroke, tag, words
from stance.report.label_looks import Look

DAYS = 7
HEIGHT, TOP, FOOT, LEFT = 156, 30, 24, 36


def weeks_panel(
    name: str,
    weeks: Sequence[Week],
    looks: Mapping[str, Look],
    *,
    span: tuple[str, str],
    highest: float,
    event: str | None,
) -> Panel:
    """Return a panel of weekly shares, a line a label.

    Parameters
    ----------
    looks
        Of the labels to draw.
    span
        The first and the last day of all panels; `highest` is the top of all of them.
    event
        A day within them, drawn as an upright line.
    """
    first = date.fromisoformat(span[0]).toordinal()
    days = date.fromisoformat(span[1]).toordinal() - first

    def x(day: str) -> float:
        part = (date.fromisoformat(day).toordinal() - first) / days
        return LEFT + 8 + part * (PANEL - LEFT - 16)

    def y(share: float) -> float:
        return TOP + (HEIGHT - TOP - FOOT) * (1 - share / highest)

    parts = [words(0, 15, fitted(name, PANEL, "big"), size="big")]
    levels = (0.0, highest / 2, highest)
    parts.append(stroke("".join(f"M{LEFT} {y(s):.0f}H{PANEL}" for s in levels), tone="line"))
    for share in levels:
        at = y(share) + 4
        parts.append(words(LEFT - 6, at, f"{share:.0%}", tone="soft", size="small", place="end"))
    if event:
        path = f"M{x(event):.0f} {TOP - 6}V{y(0):.0f}"
        parts.append(stroke(path, tone="ink", kind="dash"))
    for label, look in looks.items():
        parts.append(_course(label, look, weeks, x, y))
    foot = HEIGHT - 6
    parts.append(words(LEFT, foot, span[0], tone="soft", size="small"))
    parts.append(words(PANEL, foot, span[1], tone="soft", size="small", place="end"))
    title = f"{name}: shares of {', '.join(looks)}, week by week"
    return Panel(title=title, body=Markup("").join(parts), height=HEIGHT)


def last_day(monday: str) -> str:
    """Return the Sunday of a week, or the last of all dates where that comes first."""
    day = date.fromisoformat(monday).toordinal() + DAYS - 1
    return date.fromordinal(min(day, date.max.toordinal())).isoformat()


def _course(
    label: str,
    look: Look,
    weeks: Sequence[Week],
    x: Callable[[str], float],
    y: Callable[[float], float],
) -> Markup:
    """Return one label's line through the weeks, with a mark and an interval on each.

    It breaks where a week is missing: nothing was counted there.
    """
    path, last = "", 0
    for week in weeks:
        day = date.fromisoformat(week.monday).toordinal()
        path += "L" if day - last == DAYS else "M"
        path += f"{x(week.monday):.0f} {y(week.shares[label].value):.0f}"
        last = day
    dash = " dash" if look.tone == "bad" else ""
    parts = [stroke(path, tone=look.tone, kind=f"faint{dash}")]
    reaches = [
        f"M{x(w.monday):.0f} {y(share.low):.0f}V{y(share.high):.0f}"
        for w in weeks
        for share in [w.shares[label]]
        if share.low is not None and share.high is not None
    ]
    if reaches:
        parts.append(stroke("".join(reaches), tone=look.tone, kind="faint"))
    marks = [mark_path(look.sign, x(w.monday), y(w.shares[label].value)) for w in weeks]
    parts.append(tag("path", d="".join(marks), class_=f"f-{look.tone}"))
    return Markup("").join(parts)
