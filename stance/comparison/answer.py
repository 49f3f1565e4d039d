"""The answer in one sentence, with the interval that belongs to it."""

from collections.abc import Mapping
from math import isclose

from stance.codebook import Codebook, Task
from stance.comparison.result import MixComparison, ModelFacts

LEVEL = 0.05


def answer_of(
    mix: MixComparison, model: ModelFacts, codebook: Codebook, *, several: bool = False
) -> str:
    """Return one sentence: whether the outlets differ, and which stand at the ends.

    It goes by the label of the lowest score, such as skeptical. Corrected shares speak where every
    outlet has them, with limits that take articles as a sample; else the labels that were counted
    do, and the sentence says so. Where some outlets have them, it names none.

    Parameters
    ----------
    mix
        Of everything, not of one voice.
    several
        Whether units were labeled in several ways: by hand, by one model, by another.
    """
    task = codebook.task(mix.task)
    label = lowest_label(task)
    what = f"in their {mix.task} toward {codebook.target}"
    samples = [outlet.shares[label].corrected for outlet in mix.outlets]
    corrected = [sample for sample in samples if sample]
    n_outlets = len(mix.outlets)
    shares: dict[str, tuple[float, float | None, float | None]]
    if len(corrected) == n_outlets:  # else corrected shares would stand among counted ones
        n_labels = sum(sample.n_labels for sample in corrected)
        basis, p_value = f"corrected by {n_labels:,} hand labels", mix.corrected_p
        shares = {
            outlet.outlet: (sample.value, sample.general_low, sample.general_high)
            for outlet, sample in zip(mix.outlets, corrected, strict=True)
        }
    else:
        basis = "as the labels given say" if model.given else "as the model reads them"
        basis = "as they were labeled, not all in one way" if several else basis
        if corrected:
            basis += f" (hand labels correct {len(corrected)} of {n_outlets} outlets so far)"
        p_value = mix.same_mix_p
        shares = {
            outlet.outlet: (counted.value, counted.low, counted.high)
            for outlet in mix.outlets
            for counted in (outlet.shares[label].counted,)
        }
    by_hand = len(corrected) == n_outlets
    missing = "no limits at large: labels in one article" if by_hand else "no interval: one article"
    of = "at large " if by_hand else ""  # tables give corrected shares the limits of this corpus
    words = {outlet: _words(*share, of, missing) for outlet, share in shares.items()}
    low = min(shares, key=lambda outlet: shares[outlet][0])
    if n_outlets == 1:
        return (
            f"{words[low]} of the units of {low}, the only outlet whose articles count, are "
            f"{label} toward {codebook.target}, {basis}; a comparison needs two outlets."
        )
    high = max(shares, key=lambda outlet: shares[outlet][0])
    fewest, most = f"{shares[low][0]:.0%}", f"{shares[high][0]:.0%}"
    if 0 < len(corrected) < n_outlets:  # a counted end may be corrected to the other
        rest = "and who stands at which end waits for the others"
    elif fewest == most:
        rest = f"{label} units make up {fewest} of each"
    else:
        rest = (
            f"{label} units are fewest with {_end(low, shares, words)} and most with "
            f"{_end(high, shares, words)}"
        )
    if p_value is None:
        lacking = "hand labels of a single article in some" if by_hand else "one article each"
        told = f"Whether {n_outlets} outlets differ {what} cannot be tested, with {lacking}"
    elif p_value <= LEVEL:
        told = (
            f"{n_outlets} outlets differ {what} by more than chance would give (p = {p_value:.2g})"
        )
    else:
        told = (
            f"That {n_outlets} outlets differ {what} cannot be told from chance (p = {p_value:.2g})"
        )
    return f"{told}; {basis}, {rest}."


def lowest_label(task: Task) -> str:
    """Return the label of the lowest score; the first where labels have none."""
    return min(task.labels, key=lambda label: label.score or 0).name


def _end(
    end: str,
    shares: Mapping[str, tuple[float, float | None, float | None]],
    words: Mapping[str, str],
) -> str:
    """Return the share of the outlet at one end, and who has it: those that tie with it too."""
    value = shares[end][0]
    tied = [outlet for outlet in shares if isclose(shares[outlet][0], value, abs_tol=1e-9)]
    said = words[end] if len({words[outlet] for outlet in tied}) == 1 else f"{value:.0%}"
    who = " and ".join(tied) if len(tied) < 3 else f"{tied[0]} and {len(tied) - 1} more"
    return f"{said} in {who}"


def _words(value: float, low: float | None, high: float | None, of: str, missing: str) -> str:
    if low is None or high is None:
        return f"{value:.0%} ({missing})"
    return f"{value:.0%} ({of}{low:.0%} to {high:.0%})"
