"""The report on one model as one HTML page: no network, no script, every text escaped."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby

from markupsafe import Markup

from stance.classifiers.cards import held_out_words
from stance.codebook import Codebook
from stance.evaluation.behaviour import ALL
from stance.evaluation.model_report import ModelReport
from stance.evaluation.paired import compared_on
from stance.evaluation.reliability import Bin
from stance.evaluation.slices import Slice
from stance.report.page import HERE, environment, tones_of
from stance.report.page_environment import without_folders
from stance.statistics.intervals import ENOUGH_ARTICLES

LEFT, TOP, SIDE = 46, 10, 240  # the square of a reliability diagram, in SVG units
SMALLEST, LARGEST = 3.0, 10.0  # radius of a bin's dot, its area by how many units are in it
SHADES = 4  # of a cell in a confusion table, by its share of the row


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One bin of confidence as the diagram draws it, in SVG units."""

    x: float
    y: float
    radius: float
    low: float | None  # where the interval of its accuracy ends below, and above
    high: float | None
    words: str


def render_evaluation(report: ModelReport, codebook: Codebook, *, command: str) -> str:
    """Return the page; `command` is the line that made it, shown at the foot."""
    style = "".join(
        (HERE / name).read_text(encoding="utf-8") for name in ("page.css", "evaluation_page.css")
    )
    template = environment().from_string(
        (HERE / "evaluation_page.html").read_text(encoding="utf-8")
    )
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    return template.render(
        report=report,
        answer=_answer(report),
        compared_on=compared_on,
        held_out_words=held_out_words(report.card),
        command=without_folders(command),
        style=Markup(style),
        style_hash=f"sha256-{digest}",
        scores=report.evaluations[-1].scores,
        dots={task: _dots(bins) for task, bins in report.reliability.items()},
        parts=_parts(report.slices),
        families=[family for family in report.behaviour if family.family != ALL],
        tones={task.name: tones_of(codebook, task.name) for task in codebook.tasks},
        enough=ENOUGH_ARTICLES,
        shades=SHADES,
        left=LEFT,
        top=TOP,
        side=SIDE,
        ticks=[(share, round(share * SIDE)) for share in (0, 0.25, 0.5, 0.75, 1)],
    )


def _answer(report: ModelReport) -> str:
    """Return in a sentence how well the model does its first task, beside the best floor."""
    *floors, model = report.evaluations
    task, score = next(iter(model.scores.items()))
    interval = ""
    if score.macro_f1.low is not None and score.macro_f1.high is not None:
        interval = f" (95% interval {score.macro_f1.low:.2f} to {score.macro_f1.high:.2f})"
    floor = max(
        (floor for floor in floors if task in floor.scores),
        key=lambda floor: floor.scores[task].macro_f1.value,
    )
    return (
        f"On {score.macro_f1.n_units} units of {score.macro_f1.n_articles} articles that it never "
        "learned from, "
        f"{report.model} reads {task} with a macro-F1 of {score.macro_f1.value:.2f}{interval}; "
        f"the best floor, {floor.model}, reaches {floor.scores[task].macro_f1.value:.2f}, and a "
        "model without fault would have 1."
    )


def _dots(bins: Sequence[Bin]) -> list[Dot]:
    most = max(b.accuracy.n_units for b in bins)
    return [_dot(b, most) for b in bins]


def _dot(b: Bin, most: int) -> Dot:
    right = b.accuracy
    ends = [None if end is None else round(_height(end), 1) for end in (right.low, right.high)]
    interval = "" if right.low is None else f" (95% interval {right.low:.0%} to {right.high:.0%})"
    return Dot(
        x=round(LEFT + b.confidence * SIDE, 1),
        y=round(_height(right.value), 1),
        radius=round(max(SMALLEST, LARGEST * (right.n_units / most) ** 0.5), 1),
        low=ends[0],
        high=ends[1],
        words=f"mean confidence {b.confidence:.0%}: right {right.value:.0%}{interval}, "
        f"{right.n_units} units",
    )


def _height(share: float) -> float:
    return TOP + (1 - share) * SIDE


def _parts(slices: Sequence[Slice]) -> dict[str, list[tuple[str, list[Slice]]]]:
    """Return task -> the ways it is sliced by, each with its slices, in the order measured."""
    return {
        task: [(by, list(parts)) for by, parts in groupby(of_task, key=lambda part: part.by)]
        for task, of_task in groupby(slices, key=lambda part: part.task)
    }
