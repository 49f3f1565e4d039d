"""A chart of rows: on each, a value with its interval, and what it is to be read beside."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stance.report.charts_svg import (
    PANEL,
    Layers,
    Panel,
    fitted,
    mark_path,
    stroke,
    text_width,
    words,
)

TOP, ROW, FOOT = 26, 46, 26
BESIDE = 13  # how far below the main mark the one beside it stands
INSET = 8  # room for marks at the ends of the axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point with its interval."""

    value: float
    low: float | None = None
    high: float | None = None
    sign: str = "●"
    tone: str = "ink"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its main mark, and around it whatever a reader should hold against it."""

    name: str
    reading: str  # the main number, in words that fit beside the name
    main: Mark | None
    beside: Mark | None = None  # hollow, and without a bar
    range_: tuple[float, float] | None = None  # a dashed box
    ticks: tuple[tuple[float, str], ...] = ()  # values with the sign that marks them
    before: float | None = None  # where the main mark came from


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What a panel's width stands for."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    origin: float | None = None  # where bars start; None for no bars
    ends: tuple[str, str] = ("", "")  # what either end means

    def x(self, value: float) -> float:
        """Return where a value stands; one beyond an end stands at it."""
        part = (value - self.low) / (self.high - self.low)
        return INSET + min(1.0, max(0.0, part)) * (PANEL - 2 * INSET)


def rows_panel(title: str, heading: str, tone: str, rows: Sequence[Row], axis: Axis) -> Panel:
    """Return a panel with a heading, a row each and the axis below."""
    height_of = ROW + (BESIDE if any(row.beside for row in rows) else 0)
    foot = TOP + height_of * len(rows)
    parts = [words(0, 15, fitted(heading, PANEL, "big"), tone=tone, size="big")]
    # The grid stops short of names: lines through letters are hard on the eye.
    tops = [TOP + i * height_of for i in range(len(rows))]
    for tone_of_line, lines in _grid(axis).items():
        path = "".join(f"M{x:.0f} {top + 20}v{height_of - 25}" for x in lines for top in tops)
        parts.append(stroke(path, tone=tone_of_line))
    for value, text in axis.ticks:
        if not text:
            continue
        x = axis.x(value)
        place = "" if x < 20 else "end" if x > PANEL - 20 else "mid"
        x = {"": 0.0, "end": float(PANEL)}.get(place, x)
        parts.append(words(x, foot + 15, text, tone="soft", size="small", place=place))
    layers = Layers()
    for row, top in zip(rows, tops, strict=True):
        room = PANEL - text_width(row.reading, "strong") - 14
        parts.append(words(0, top + 15, fitted(row.name, room)))
        parts.append(words(PANEL, top + 15, row.reading, size="strong", place="end"))
        _draw(row, top + 30, axis, layers)
    parts.append(layers.drawn())
    height = foot + FOOT
    if any(axis.ends):
        half = PANEL / 2 - 10
        low, high = (fitted(end, half, "small") for end in axis.ends)
        parts.append(words(0, height + 4, low, tone="soft", size="small"))
        parts.append(words(PANEL, height + 4, high, tone="soft", size="small", place="end"))
        height += 12
    return Panel(title=title, body=Markup("").join(parts), height=height)


def _grid(axis: Axis) -> dict[str, list[float]]:
    """Return tone -> where lines stand: that of 0 is darker where values lie on both sides."""
    zero = [0.0] if axis.low < 0 < axis.high else []
    rest = [value for value, _ in axis.ticks if value not in zero]
    lines = {"line": rest, "soft": zero}
    return {tone: [axis.x(value) for value in values] for tone, values in lines.items() if values}


def _draw(row: Row, y: int, axis: Axis, layers: Layers) -> None:
    if row.range_:
        low, high = row.range_
        layers.add("s-soft dash", _box(axis.x(low), axis.x(high), y, 16))
    if row.main and axis.origin is not None:
        left, right = sorted((axis.x(axis.origin), axis.x(row.main.value)))
        layers.add(f"f-{row.main.tone} bar", _box(left, right, y, 10))
    if row.beside:
        _mark(row.beside, y + BESIDE, axis, layers, hollow=True)
    if row.before is not None and row.main:
        start, end = axis.x(row.before), axis.x(row.main.value)
        layers.add(f"s-{row.main.tone} reach", f"M{start:.0f} {y}H{end:.0f}")
        layers.add(f"s-{row.main.tone} hollow", mark_path("●", start, y))
    if row.main:
        _mark(row.main, y, axis, layers, hollow=False)
    for value, sign in row.ticks:
        kind = "f-ink" if sign == "|" else "s-ink hollow"
        layers.add(kind, mark_path(sign, axis.x(value), y))


def _box(left: float, right: float, y: int, height: int) -> str:
    return f"M{left:.0f} {y - height // 2}H{max(right, left + 1):.0f}v{height}H{left:.0f}z"


def _mark(mark: Mark, y: int, axis: Axis, layers: Layers, *, hollow: bool) -> None:
    if mark.low is not None and mark.high is not None:
        left, right, half = axis.x(mark.low), axis.x(mark.high), 3 if hollow else 5
        caps = "".join(f"M{x:.0f} {y - half}v{2 * half}" for x in (left, right))
        kind = f"s-{mark.tone}" if hollow else f"s-{mark.tone} reach"
        layers.add(kind, f"M{left:.0f} {y}H{right:.0f}{caps}")
    kind = f"s-{mark.tone} hollow" if hollow else f"f-{mark.tone}"
    layers.add(kind, mark_path(mark.sign, axis.x(mark.value), y))


def share_axis(highest: float, *, origin: float | None = 0.0) -> Axis:
    """Return an axis of shares from 0 to the next fifth above the highest."""
    fifths = min(5, max(1, int(highest * 5 - 1e-9) + 1))
    ticks = tuple((i / 5, f"{i / 5:.0%}") for i in range(fifths + 1))
    return Axis(low=0.0, high=fifths / 5, ticks=ticks, origin=origin)


def centred_axis(furthest: float, ends: tuple[str, str]) -> Axis:
    """Return an axis that reaches as far below 0 as above it."""
    step = 0.25 if furthest <= 0.5 else 0.5 if furthest <= 1 else 1.0
    n = max(1, -int(-furthest // step))
    ticks = tuple((i * step, f"{i * step:+g}" if i else "0") for i in range(-n, n + 1))
    ticks = ticks if n < 3 else ticks[:: 2 if n % 2 == 0 else n]
    return Axis(low=-n * step, high=n * step, ticks=ticks, origin=0.0, ends=ends)
