"""One comparison as one HTML page: no network, no script, every text escaped."""

import base64
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from stance.codebook import Codebook
from stance.comparison.result import Comparison, MixComparison, OutletMix, QuotedUnit
from stance.terminal_text import printable

HERE = Path(__file__).parent
MOST_PAIRS = 15  # of outlets shown at once; the rest unfolds
QUOTED = 40  # sentences shown behind a share, the most certain first
CHART_WIDTH, ROW_HEIGHT, LABEL_WIDTH, PANEL_GAP = 960, 30, 210, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One outlet's share of one label as the chart draws it, in SVG units."""

    y: float
    x: float
    low: float | None
    high: float | None
    settled: float | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The shares of one label: a mark an outlet."""

    label: str
    tone: str  # "good", "even", "bad": which colour and shape
    left: float
    ticks: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]


def render_page(comparison: Comparison, codebook: Codebook, *, command: str) -> str:
    """Return the page; `command` is the line that made it, shown at the foot."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    template = environment().from_string((HERE / "page.html").read_text(encoding="utf-8"))
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    return template.render(
        comparison=comparison,
        command=command,
        style=Markup(style),
        style_hash=f"sha256-{digest}",
        mixes=[(mix, _panels(mix, codebook)) for mix in comparison.mixes],
        quotes=_quotes(comparison),
        by_id={unit.unit_id: unit for unit in comparison.units},
        tones={task.name: tones_of(codebook, task.name) for task in codebook.tasks},
        quoted=QUOTED,
        most_pairs=MOST_PAIRS,
        width=CHART_WIDTH,
        row_height=ROW_HEIGHT,
        label_width=LABEL_WIDTH,
    )


def environment() -> Environment:
    """Return where our pages are laid out: every text escaped, nothing undefined passed over."""
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters["percent"] = lambda value: f"{value:.0%}"
    made.filters["two"] = lambda value: "–" if value is None else f"{value:.2f}"
    # Control and direction marks of an article could make a page read otherwise than it says.
    # Line breaks inside a unit are layout of the file that it came from.
    made.finalize = lambda value: (
        printable(" ".join(value.split())) if type(value) is str else value
    )
    return made


def tones_of(codebook: Codebook, task_name: str) -> dict[str, str]:
    """Return label -> colour role, from the sign of its score."""
    return {
        label.name: "even" if not label.score else "good" if label.score > 0 else "bad"
        for label in codebook.task(task_name).labels
    }


def _panels(mix: MixComparison, codebook: Codebook) -> list[Panel]:
    n = len(mix.classes)
    width = (CHART_WIDTH - LABEL_WIDTH - PANEL_GAP * n) / n
    tones = tones_of(codebook, mix.task)
    panels = []
    for i, label in enumerate(mix.classes):
        left = LABEL_WIDTH + i * (width + PANEL_GAP)
        panels.append(
            Panel(
                label=label,
                tone=tones[label],
                left=left,
                ticks=tuple((left + share * width, f"{share:.0%}") for share in (0, 0.5, 1)),
                marks=tuple(
                    _mark(outlet, label, row, left, width) for row, outlet in enumerate(mix.outlets)
                ),
            )
        )
    return panels


def _mark(outlet: OutletMix, label: str, row: int, left: float, width: float) -> Mark:
    share = outlet.shares[label]
    place = [
        None if value is None else round(left + value * width, 1)
        for value in (
            share.value,
            share.low,
            share.high,
            outlet.settled[label] if outlet.settled else None,
        )
    ]
    interval = "" if share.low is None else f", 95% interval {share.low:.0%} to {share.high:.0%}"
    settled = f"; settled labels {outlet.settled[label]:.0%}" if outlet.settled else ""
    return Mark(
        y=ROW_HEIGHT * (row + 1.5),
        x=place[0] or 0.0,
        low=place[1],
        high=place[2],
        settled=place[3],
        words=f"{outlet.outlet}, {label}: {share.value:.0%}{interval}{settled}",
    )


def _quotes(comparison: Comparison) -> dict[str, dict[tuple[str, str], Sequence[QuotedUnit]]]:
    """Return task -> (outlet, label) -> the units behind that share, the most certain first."""
    quotes: dict[str, dict[tuple[str, str], list[QuotedUnit]]] = {}
    for mix in comparison.mixes:
        groups: dict[tuple[str, str], list[QuotedUnit]] = defaultdict(list)
        for unit in comparison.units:
            groups[unit.outlet, unit.labels[mix.task]].append(unit)
        quotes[mix.task] = {
            key: sorted(units, key=lambda u: -u.probabilities[mix.task])
            for key, units in groups.items()
        }
    return {task: dict(groups) for task, groups in quotes.items()}
