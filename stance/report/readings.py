"""How the numbers of a comparison read in words, on a page, on a chart and in a terminal alike."""

from dataclasses import dataclass

from stance.codebook import Codebook, Task
from stance.comparison.result import Comparison, MixComparison, Share
from stance.comparison.wording import tied_said
from stance.report.page_notes import corrected_outlets
from stance.statistics.agreement import Coefficient
from stance.statistics.intervals import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The share to quote: the corrected one where there is one, else the counted one."""

    value: float
    low: float | None
    high: float | None
    corrected: bool


def headline(share: Share) -> Headline:
    """Return the share to quote."""
    best = share.corrected or share.counted
    corrected = share.corrected is not None
    return Headline(value=best.value, low=best.low, high=best.high, corrected=corrected)


def percent(value: float | None) -> str:
    """Return a share in per cent, or a dash."""
    return "–" if value is None else f"{value:.0%}"


def points(value: float | None) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    return "–" if value is None else "0" if round(100 * value) == 0 else f"{100 * value:+.0f}"


def two(value: float | None) -> str:
    """Return a number with two decimals, or a dash."""
    return "–" if value is None else f"{value:.2f}"


def signed(value: float | None) -> str:
    """Return a number with its sign and two decimals, or a dash."""
    return "–" if value is None else "0.00" if round(value, 2) == 0 else f"{value:+.2f}"


def p_words(p: float | None) -> str:
    """Return a p-value, or a dash."""
    return "–" if p is None else f"{p:.2g}"


def share_words(share: Headline | Estimate) -> str:
    """Return a share with its interval, such as `35% (26 to 45)`."""
    if share.low is None or share.high is None:
        return percent(share.value)
    return f"{share.value:.0%} ({100 * share.low:.0f} to {100 * share.high:.0f})"


def number_words(found: Coefficient | Estimate | None) -> str:
    """Return a coefficient with its interval, such as `0.51 (0.36 to 0.63)`."""
    if found is None or found.low is None or found.high is None:
        return two(found.value if found else None)
    return f"{two(found.value)} ({found.low:.2f} to {found.high:.2f})"


def part_words(voice: str | None) -> str:
    """Return what a part of the corpus is called."""
    return "all units" if voice is None else f"voice: {voice}"


def same_mix_words(mix: MixComparison) -> str:
    """Return the p-value of "all outlets have one mix": of corrected shares where there are any.

    That of counted shares is named as such beside corrected ones, tested or not.
    """
    if mix.corrected_p is not None:
        return f"p = {p_words(mix.corrected_p)} (counted: {p_words(mix.same_mix_p)})"
    if mix.same_mix_p is None:
        return "not testable"
    counted = f"p = {p_words(mix.same_mix_p)}"
    return f"corrected: not testable (counted: {counted})" if corrected_outlets(mix) else counted


def unmeasured_words(comparison: Comparison) -> str:
    """Return why the agreement of outlets on shared claims is not measured."""
    if n := len(comparison.alignment.claims):
        return tied_said(n)
    return "No claim is shared by two outlets, so their agreement is not measured."


def ends(task: Task) -> tuple[str, str]:
    """Return the labels at the lower and at the upper end of a task."""
    ranked = sorted(task.labels, key=lambda label: label.score or 0)
    return ranked[0].name, ranked[-1].name


def ranked_outlets(comparison: Comparison, codebook: Codebook) -> list[str]:
    """Return outlets in one order for the whole report: from the upper end of the scale down.

    By the mean score of the first task's labels, or the share of its first label where the task
    has no order.
    """
    mix = comparison.mixes[0]
    task = codebook.task(mix.task)
    scores = dict(zip(task.classes, task.scores or (1,) + (0,) * len(task.classes), strict=False))
    mean = {
        outlet.outlet: sum(scores[name] * headline(s).value for name, s in outlet.shares.items())
        for outlet in mix.outlets
    }
    return sorted(mean, key=lambda name: (-mean[name], name))
