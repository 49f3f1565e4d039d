"""Scores on a public data set beside published ones, as a table for people at a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from stance.evaluation.benchmarks.published import Published
from stance.evaluation.benchmarks.run import BenchmarkListing, BenchmarkResult, PartScore
from stance.report.terminal import new_table, put_row, say, share_words
from stance.statistics.intervals import Estimate


def print_benchmark(out: Console, result: BenchmarkResult) -> None:
    """Print every part of a set: our rows, with intervals and times, above published ones."""
    table = new_table(
        *("part", "system", *result.metrics, "n", "fits", "fit s", "predict s", "known", "from")
    )
    for part in dict.fromkeys(score.part for score in result.scores):
        for score in (s for s in result.scores if s.part == part):
            times = (f"{score.fit_seconds:.1f}", f"{score.predict_seconds:.1f}")
            rest = (str(score.n_fits), *times, "", "this run")
            put_row(table, part, score.model, *_ours(score.scores, result), *rest)
            if score.unseen:
                without = f"  without {score.n_seen} seen in training"
                put_row(table, part, without, *_ours(score.unseen, result), "", "", "", "", "")
        for found in (p for p in result.published if p.part == part):
            put_row(table, part, found.system, *_theirs(found, result.metrics))
    out.print(table)
    for score in result.scores:
        _print_sentiment(out, score)
    for model, settings in {score.model: score.settings for score in result.scores}.items():
        named = [f"{name}={settings[name]}" for name in ("recipe", "base") if name in settings]
        if named:
            say(out, f"{model}: {' '.join(named)}")
    say(
        out,
        f"points of 100 [95% interval, groups of the set resampled]; set={result.benchmark} "
        f"data={result.data[:8]} codebook={result.codebook} seed={result.seed}",
    )


def print_listing(out: Console, listings: Sequence[BenchmarkListing]) -> None:
    """Print which sets there are."""
    table = new_table("name", "what it is", "scored by", "best known", "known", "licence", "files")
    for found in listings:
        best = found.best
        score = f"{100 * best.scores[found.metrics[0]]:.2f} {best.system} ({best.part})"
        put_row(
            table,
            found.name,
            found.about,
            ", ".join(found.metrics),
            f"{score}; {best.note}" if best.note else score,
            best.known,
            found.licence,
            ", ".join(found.files),
        )
    out.print(table)
    say(out, "None is shipped: docs/benchmarks.md says where each is to be had.")


def _ours(scores: Mapping[str, Estimate], result: BenchmarkResult) -> tuple[str, ...]:
    """Return the cells of our scores, and how many units stand behind them."""
    cells = []
    for metric in result.metrics:
        found = scores[metric]
        interval = (
            ""
            if found.low is None or found.high is None
            else f" [{100 * found.low:.1f}, {100 * found.high:.1f}]"
        )
        cells.append(f"{100 * found.value:.2f}{interval}")
    return (*cells, str(scores[result.metrics[0]].n_units))


def _theirs(found: Published, metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the cells of a published score."""
    cells = [f"{100 * found.scores[m]:.2f}" if m in found.scores else "–" for m in metrics]
    source = f"{found.source}; {found.note}" if found.note else found.source
    return (*cells, "", "", "", "", found.known, source)


def _print_sentiment(out: Console, score: PartScore) -> None:
    found = score.sentiment
    if found and found.repeats and found.right_where_apart:
        say(
            out,
            f"{score.part}, {score.model}: where stance and sentiment part "
            f"({found.repeats.n_units} units) it is right on "
            f"{share_words(found.right_where_apart)} and repeats the sentiment on "
            f"{share_words(found.repeats)}",
        )
