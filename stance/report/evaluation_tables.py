"""The report on one model as tables for people at a terminal."""

from rich.console import Console
from rich.markup import escape

from stance.classifiers.cards import ModelCard, held_out_words
from stance.evaluation.model_report import ModelReport
from stance.evaluation.paired import ModelComparison, compared_on
from stance.report.terminal import (
    estimate_words,
    new_table,
    print_behaviour,
    print_evaluations,
    put_row,
    say,
    share_words,
    two_places,
)
from stance.statistics.intervals import ENOUGH_ARTICLES, Estimate
from stance.terminal_text import printable


def print_model_report(out: Console, report: ModelReport) -> None:
    """Print a report: scores beside floors, then what stands behind them."""
    footer = (
        f"model={report.model} labels={report.labels[:8]} codebook={report.codebook} "
        f"seed={report.seed}; intervals: 95%, over articles"
    )
    print_evaluations(out, report.evaluations, footer=footer)
    if report.n_known:
        say(out, f"left out: {report.n_known} articles that the model learned from")
    if report.n_met:
        say(out, f"left out of the others: {report.n_met} units whose words it learned from")
    _print_held_out(out, report.card)
    _print_ceilings(out, report)
    _print_confusions(out, report)
    _print_sentiment(out, report)
    _print_slices(out, report)
    _print_abstentions(out, report)
    _print_ablations(out, report)
    if report.behaviour:
        say(out, "\nthe behaviour set")
        print_behaviour(out, report.behaviour, missed=False, footer=f"model={report.model}")
    for comparison in report.against:
        out.print()
        print_model_comparison(out, comparison)


def print_model_comparison(out: Console, comparison: ModelComparison) -> None:
    """Print how far one model is better than another, a row a task and score."""
    say(out, f"{comparison.left} against {comparison.right}, on {compared_on(comparison)}")
    models = _plain(comparison.left, comparison.right)
    table = new_table("task", "score", *models, "difference", "p", "n")
    for d in comparison.differences:
        scores = (two_places(d.left), two_places(d.right))
        tested = (estimate_words(d.difference), f"{d.p_value:.2g}", str(d.difference.n_units))
        put_row(table, d.task, d.score, *scores, *tested)
    out.print(table)
    say(
        out,
        "p: of no difference, two-sided, by swapping the predictions of whole articles; not "
        "adjusted for how many are tested",
    )


def _print_held_out(out: Console, card: ModelCard) -> None:
    say(out, "\nheld out when it was trained")
    table = new_table("held out", "task", "macro-F1", "ECE", "n", "articles")
    for by, tasks in card.held_out.items():
        for task, scores in tasks.items():
            found = Estimate(**scores["macro_f1"])
            error = two_places(scores["calibration_error"])
            counts = (str(found.n_units), str(found.n_articles))
            put_row(table, by, task, estimate_words(found), error, *counts)
    out.print(table)
    say(out, held_out_words(card))


def _print_ceilings(out: Console, report: ModelReport) -> None:
    if not report.ceilings:
        return
    say(
        out,
        "\nbeside the annotators: Krippendorff's alpha on units that two or more judged, "
        "open differences too, where some task of the unit is settled",
    )
    table = new_table("task", "units", "annotators", "model with each", "gap")
    for ceiling in report.ceilings:
        alphas = (_maybe(e) for e in (ceiling.annotators, ceiling.model, ceiling.gap))
        put_row(table, ceiling.task, str(ceiling.n_units), *alphas)
    out.print(table)
    say(out, "each annotator by name: on the page and in --json")


def _print_confusions(out: Console, report: ModelReport) -> None:
    for task, score in report.evaluations[-1].scores.items():
        say(out, f"\n{task}: units by label, rows settled, columns predicted")
        table = new_table("label", *_plain(*score.f1), "Brier score")
        for name, row in zip(score.f1, score.confusion, strict=True):
            put_row(table, name, *(str(n) for n in row), two_places(report.brier[task][name]))
        out.print(table)


def _print_sentiment(out: Console, report: ModelReport) -> None:
    found = report.sentiment
    if found is None:
        return
    say(out, "\nstance and sentiment: units by settled label, rows stance, columns sentiment")
    table = new_table("stance", *_plain(*next(iter(found.table.values()))))
    for name, row in found.table.items():
        put_row(table, name, *(str(n) for n in row.values()))
    out.print(table)
    say(
        out,
        f"stance has the sign of settled sentiment on {share_words(found.settled_same)} of units "
        f"as settled, on {share_words(found.predicted_same)} as predicted",
    )
    if found.right_where_same:
        say(out, f"stance is right where the two agree on {share_words(found.right_where_same)}")
    if found.repeats and found.right_where_apart:
        say(
            out,
            f"where they part ({found.repeats.n_units} units) it is right on "
            f"{share_words(found.right_where_apart)}, and repeats the sentiment on "
            f"{share_words(found.repeats)}: 0% would be a model without fault, 100% one that reads "
            "nothing but sentiment",
        )


def _print_slices(out: Console, report: ModelReport) -> None:
    say(out, "\nparts of the units")
    table = new_table(
        *("task", "by", "part", "macro-F1", "accuracy", "ECE", "Brier by label", "n", "articles")
    )
    for part in report.slices:
        put_row(
            table,
            part.task,
            part.by,
            part.name,
            _maybe(part.macro_f1),
            share_words(part.accuracy),
            two_places(part.calibration_error),
            ", ".join(f"{name} {two_places(value)}" for name, value in part.brier.items()),
            str(part.n_units),
            str(part.n_articles),
        )
    out.print(table)
    say(
        out,
        "macro-F1 is over the labels settled in the whole: – where one is neither settled nor "
        "predicted; "
        f"no interval below {ENOUGH_ARTICLES} articles. Of so many parts some stand out by chance.",
    )


def _print_abstentions(out: Console, report: ModelReport) -> None:
    alpha = report.abstentions[0].alpha
    say(
        out,
        f"\nabstaining at {alpha:g}: {100 * (1 - alpha):g}% of each label's units are to be "
        "covered",
    )
    table = new_table("task", "by", "part", "covered", "answered", "accuracy of answers", "n")
    for a in report.abstentions:
        shares = (
            share_words(a.coverage),
            share_words(a.answered),
            share_words(a.accuracy) if a.accuracy else "–",
        )
        put_row(table, a.task, a.by, a.name, *shares, str(a.coverage.n_units))
    out.print(table)
    say(
        out,
        "covered: the settled label is among those not ruled out; answered: only the likeliest is. "
        "The promise holds for units like those that the model was calibrated on: compare outlets.",
    )


def _print_ablations(out: Console, report: ModelReport) -> None:
    say(out, "\nthe same model on changed units, against the same settled labels")
    table = new_table("change", "task", "macro-F1", "difference", "p", "changed", "middle label")
    for found in report.ablations:
        middle = "–"
        if found.middle and found.middle_before:
            middle = f"{found.middle_before.value:.0%} to {share_words(found.middle)}"
        put_row(
            table,
            found.name if found.target is None else f"{found.name}: {found.target}",
            found.task,
            estimate_words(found.macro_f1),
            estimate_words(found.difference.difference),
            f"{found.difference.p_value:.2g}",
            share_words(found.changed),
            middle,
        )
    out.print(table)
    say(
        out,
        "changed: share of predictions that are others than before; middle label: share predicted "
        "as the label without a side, before and after. A model that reads the target should go "
        "there when another is swapped in.",
    )


def _maybe(estimate: Estimate | None) -> str:
    return "–" if estimate is None else estimate_words(estimate)


def _plain(*names: str) -> list[str]:
    """Return names from outside as heads of columns, where rich would read markup."""
    return [escape(printable(name)) for name in names]
