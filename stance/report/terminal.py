"""Tables for people at a terminal; plain text where the output is no terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stance.evaluation.behaviour import ALL, FamilyScore
from stance.evaluation.cues import CueReport
from stance.evaluation.doubts import Doubt
from stance.evaluation.protocol import Evaluation
from stance.labeling.agreement import TaskAgreement
from stance.labeling.plan import DrawPlan, OutletPlan
from stance.statistics.agreement import Coefficient
from stance.statistics.intervals import Estimate
from stance.terminal_text import printable

MOST_ANNOTATORS = 20  # told one by one in a terminal
MOST_CUES = 20
QUOTED = 70  # characters of a unit in a table
PIPED_WIDTH = 160  # a pipe has no width: wide enough that no table of ours breaks


def console() -> Console:
    """Return a console on standard output; rich itself honours NO_COLOR."""
    probe = Console()
    return probe if probe.is_terminal else Console(width=PIPED_WIDTH)


def print_evaluations(out: Console, evaluations: Sequence[Evaluation], *, footer: str) -> None:
    """Print scores, a row a model, task and way of holding out."""
    table = new_table(
        "held out", "task", "model", "macro-F1", "F_avg", "F1 by label", "ECE", "n", "articles"
    )
    for evaluation in evaluations:
        for score in evaluation.scores.values():
            by_label = ", ".join(
                f"{name} {two_places(f1.value) if f1 else '–'}" for name, f1 in score.f1.items()
            )
            put_row(
                table,
                evaluation.held_out,
                score.task,
                evaluation.model,
                estimate_words(score.macro_f1),
                estimate_words(score.f_avg) if score.f_avg else "–",
                by_label,
                two_places(score.calibration_error),
                str(score.macro_f1.n_units),
                str(score.macro_f1.n_articles),
            )
    out.print(table)
    if since := next((evaluation.since for evaluation in evaluations if evaluation.since), None):
        say(out, f"later: articles of {since} and after, by models that learned from earlier ones")
    say(out, footer)


def print_agreement(out: Console, agreements: Sequence[TaskAgreement]) -> None:
    """Print coder agreement: a row a task and group, then what stands behind the overall rows."""
    table = new_table(
        *("task", "units of", "n", "annotators", "agree", "alpha nominal", "alpha ordinal"),
        *("Fleiss kappa", "Cohen kappa", "(AC1)"),
    )
    for a in agreements:
        few = len(a.annotators) <= 6
        put_row(
            table,
            a.task,
            a.group,
            str(a.n_units),
            ", ".join(a.annotators) if few else str(len(a.annotators)),
            _percent(a.percent),
            _coefficient(a.nominal),
            _coefficient(a.ordinal) if a.ordinal else "–",
            _coefficient(a.fleiss),
            _coefficient(a.cohen) if a.cohen else "–",
            f"({two_places(a.gwet_ac1.value)})",
        )
    out.print(table)
    say(
        out,
        "95% intervals: jackknife over units. AC1 is on a scale of its own: compare it with "
        "another AC1 only.",
    )
    for a in (a for a in agreements if a.group == "all"):
        if a.cohen:
            (pair,) = a.pairs
            say(out, f"\n{a.task}: units by label, rows {pair.left}, columns {pair.right}")
            confusion: Mapping[str, Mapping[str, float]] = pair.confusion
        else:
            say(out, f"\n{a.task}: pairs of judgements by label, counted both ways")
            confusion = a.confusion
        table = new_table("label", *confusion, "alpha of the label against the rest")
        for label, row in confusion.items():
            put_row(
                table, label, *(f"{n:g}" for n in row.values()), _coefficient(a.by_label[label])
            )
        out.print(table)
        if len(a.annotators) > 2:
            say(out, f"\n{a.task}: each annotator against the others (kappa), lowest first")
            table = new_table("annotator", "n", "kappa")
            ranked = sorted(a.by_annotator.items(), key=lambda item: item[1].value or 0.0)
            for name, kappa in ranked[:MOST_ANNOTATORS]:
                put_row(table, name, str(kappa.n_units), _coefficient(kappa))
            out.print(table)
            if len(ranked) > MOST_ANNOTATORS:
                say(out, f"and {len(ranked) - MOST_ANNOTATORS} more: --json has them all")


def print_plans(
    out: Console, plans: Sequence[OutletPlan], draw: DrawPlan, *, reach: float, model: str
) -> None:
    """Print how many labels each outlet needs, and how many to draw from all of them at once."""
    table = new_table("outlet", "units", "labels at random", "stratified by prediction")
    for plan in plans:
        put_row(
            table,
            plan.outlet,
            str(plan.n_units),
            str(plan.random),
            "–" if plan.stratified is None else str(plan.stratified),
        )
    put_row(
        table,
        "all, as -n of label next",
        str(draw.n_units),
        str(draw.random),
        "–" if draw.stratified is None else str(draw.stratified),
    )
    out.print(table)
    say(
        out,
        f"for 95% intervals of ±{100 * reach:g} points on every share of each outlet. The second "
        f"column holds if {model} errs here as it did on held-out outlets. A difference of two "
        "outlets has an interval about 1.4 times as wide. The last row is no sum: label "
        "next draws in proportion to size, so the outlet that needs the largest part of its units "
        "decides. A draw at random gives each outlet its number on average.",
    )


def print_doubts(out: Console, found: Sequence[Doubt], *, n_all: int, n_labels: int) -> None:
    """Print settled labels that models contradict, the most doubtful first."""
    table = new_table("unit", "task", "settled", "rather", "p settled", "margin", "text")
    for doubt in found:
        put_row(
            table,
            doubt.unit_id,
            doubt.task,
            doubt.settled,
            doubt.suggested,
            two_places(doubt.probability),
            two_places(doubt.margin),
            doubt.text if len(doubt.text) <= QUOTED else f"{doubt.text[: QUOTED - 1]}…",
        )
    out.print(table)
    say(
        out,
        f"{len(found)} of {n_all} doubts on {n_labels} settled labels, by models that had not seen "
        "the article. Nothing was changed: who is right is for a person to say.",
    )


def print_cues(out: Console, reports: Sequence[CueReport]) -> None:
    """Print how often a codebook's cues speak, and how often rightly."""
    for report in reports:
        right = f"{report.n_right / report.n_guessed:.0%}" if report.n_guessed else "–"
        say(
            out,
            f"{report.task}: cues say something of {report.n_guessed} of {report.n_units} units, "
            f"and are right on {right} of those; macro-F1 {estimate_words(report.score.macro_f1)} "
            f"where silence is {report.fallback}",
        )
        table = new_table("cue", "label", "units", "right")
        for cue in report.cues[:MOST_CUES]:
            put_row(table, cue.cue, cue.label, str(cue.n_units), f"{cue.n_right / cue.n_units:.0%}")
        out.print(table)
        if len(report.cues) > MOST_CUES:
            say(out, f"and {len(report.cues) - MOST_CUES} more: --json has them all")
        if report.never:
            say(out, f"never found: {', '.join(report.never)}")


def print_behaviour(
    out: Console, scores: Sequence[FamilyScore], *, missed: bool, footer: str
) -> None:
    """Print pass rates, a row a task and family."""
    table = new_table("task", "family", "passed", "units", "groups", "whole groups")
    for score in scores:
        whole = f"{score.n_whole / score.n_groups:.0%}"
        cells = (str(score.passed.n_units), str(score.n_groups), whole)
        put_row(table, score.task, score.family, share_words(score.passed), *cells)
    out.print(table)
    say(
        out,
        "passed: share of units labeled as people label them [95% interval over groups]; whole "
        f"groups: share of groups without a mistake. {footer}",
    )
    if missed:
        table = new_table("unit", "task", "expected", "predicted", "text")
        for score in scores:
            if score.family != ALL:
                for m in score.missed:
                    put_row(table, m.unit_id, score.task, m.expected, m.predicted, m.text)
        out.print(table)


def say(out: Console, words: str, *, style: str = "") -> None:
    """Print a line that a terminal may wrap and a pipe gets whole."""
    lines = (printable(line) for line in words.split("\n"))
    out.print(Text("\n".join(lines), style=style), soft_wrap=not out.is_terminal)


def new_table(*columns: str) -> Table:
    """Return an empty table with these heads, in the one look of ours."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    return table


def put_row(table: Table, *cells: str) -> None:
    """Add cells as plain text: nothing of an article's is markup or drives the terminal."""
    table.add_row(*(Text(printable(cell)) for cell in cells))


def two_places(value: float | None) -> str:
    """Return a number with two decimals, or a dash."""
    return "–" if value is None else f"{value:.2f}"


def estimate_words(estimate: Estimate, form: str = ".2f") -> str:
    """Return a score with its interval, each number in a format such as "+.3f"."""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:{form}}"
    return f"{estimate.value:{form}} [{estimate.low:{form}}, {estimate.high:{form}}]"


def share_words(estimate: Estimate) -> str:
    """Return a share in per cent with its interval."""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.0%} (one article)"
    return f"{estimate.value:.0%} [{estimate.low:.0%}, {estimate.high:.0%}]"


def _coefficient(found: Coefficient) -> str:
    if found.low is None or found.high is None:
        return two_places(found.value)
    return f"{two_places(found.value)} [{found.low:.2f}, {found.high:.2f}]"


def _percent(found: Coefficient) -> str:
    return "–" if found.value is None else f"{found.value:.1%}"
