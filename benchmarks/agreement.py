"""Print how well agreement is measured: coverage of the intervals, real data, Dawid-Skene.

The second and third table need STANCE_BENCHMARKS, a folder with gwsd/ and babe/.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from stance.labeling.settle import codes_of
from stance.statistics.agreement import (
    MISSING,
    Coefficient,
    cohen_kappa,
    count_codes,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.dawid_skene import dawid_skene

N_REPEATS = 1000
N_TRUTH = 100_000  # units behind each true value
ALPHAS = ("alpha nominal", "alpha ordinal")  # told on both scales
EVEN, SKEWED = (1 / 3, 1 / 3, 1 / 3), (0.85, 0.1, 0.05)
COEFFICIENTS: dict[str, Callable[[IntArray, FloatArray], Coefficient]] = {
    "alpha nominal": lambda codes, counts: krippendorff_alpha(counts),
    "alpha ordinal": lambda codes, counts: krippendorff_alpha(counts, level="ordinal"),
    "Fleiss": lambda codes, counts: fleiss_kappa(counts),
    "Cohen/Conger": lambda codes, counts: cohen_kappa(codes, 3),
    "AC1": lambda codes, counts: gwet_ac(counts),
    "percent": lambda codes, counts: percent_agreement(counts),
}


def plain(found: Coefficient) -> tuple[float, float]:
    """Return the plain jackknife interval, out of the one on the log of the disagreement."""
    assert found.value is not None
    assert found.high is not None
    rest = 1 - found.value
    reach = -rest * np.log((1 - found.high) / rest)
    return found.value - reach, found.value + reach


def simulated(
    rng: np.random.Generator,
    n_units: int,
    n_raters: int,
    accuracy: float,
    shares: tuple[float, ...],
    missing: float,
) -> IntArray:
    """Return codes of raters who see the truth with a probability, and else draw by its shares."""
    truth = rng.choice(3, n_units, p=shares)
    codes = np.where(
        rng.random((n_units, n_raters)) < accuracy,
        truth[:, None],
        rng.choice(3, (n_units, n_raters), p=shares),
    )
    return np.where(rng.random(codes.shape) < missing, MISSING, codes)


def print_coverage() -> None:
    """Print how often 95% intervals hold the true value; of alpha, on the plain scale too."""
    print(f"coverage of nominal 95% intervals, {N_REPEATS} samples a row (- : none defined)\n")
    columns = [*COEFFICIENTS, *(f"{name}, plain" for name in ALPHAS)]
    print("| units | raters | missing | shares | true alpha | " + " | ".join(columns) + " |")
    print("|" + " --- |" * (5 + len(columns)))
    rng = np.random.default_rng(7)
    designs = [
        (n_units, n_raters, missing, shares, accuracy)
        for n_raters, missing in ((2, 0.0), (5, 0.4))
        for shares in (EVEN, SKEWED)
        for accuracy in (0.95, 0.7, 0.3)
        for n_units in (20, 60, 200)
    ]
    for n_units, n_raters, missing, shares, accuracy in designs:
        codes = simulated(rng, N_TRUTH, n_raters, accuracy, shares, missing)
        truth = {
            name: float(coefficient(codes, count_codes(codes, 3)).value or 0.0)
            for name, coefficient in COEFFICIENTS.items()
        }
        covered = dict.fromkeys(columns, 0)
        defined = dict.fromkeys(columns, 0)
        for _ in range(N_REPEATS):
            codes = simulated(rng, n_units, n_raters, accuracy, shares, missing)
            counts = count_codes(codes, 3)
            for name, coefficient in COEFFICIENTS.items():
                found = coefficient(codes, counts)
                if found.low is not None and found.high is not None:
                    defined[name] += 1
                    covered[name] += found.low <= truth[name] <= found.high
                    if name in ALPHAS:
                        low, high = plain(found)
                        defined[f"{name}, plain"] += 1
                        covered[f"{name}, plain"] += low <= truth[name] <= high
        cells = " | ".join(
            f"{covered[name] / defined[name]:.3f}" if defined[name] else "-" for name in columns
        )
        print(
            f"| {n_units} | {n_raters} | {missing:g} | {'even' if shares == EVEN else 'skewed'} | "
            f"{truth['alpha nominal']:.2f} | {cells} |",
            flush=True,
        )


def rows_of(path: Path) -> Iterable[Mapping[str, object]]:
    """Yield the rows of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def real_data(folder: Path) -> dict[str, tuple[list[dict[str, str]], tuple[str, ...]]]:
    """Return name -> (each unit's judgements by annotator, classes in their order)."""
    gwsd = [
        dict(row["annotators"])  # type: ignore[call-overload]
        for name in ("train", "test")
        for row in rows_of(folder / f"gwsd/{name}.jsonl")
    ]
    second = list(rows_of(folder / "babe/babe_sg1_and_crowd.jsonl"))
    biased = ("Non-biased", "Biased")
    return {
        "gwsd": (gwsd, ("disagree", "neutral", "agree")),
        "babe SG2": (
            [dict(row["annotators"]) for row in rows_of(folder / "babe/babe_sg2.jsonl")],  # type: ignore[call-overload]
            biased,
        ),
        "babe SG1": ([dict(row["annotators"]) for row in second], biased),  # type: ignore[call-overload]
        "babe crowd": ([dict(row["crowd"]) for row in second], biased),  # type: ignore[call-overload]
    }


def cell(found: Coefficient) -> str:
    """Return a coefficient with its interval."""
    return f"{found.value:.4f} [{found.low:.3f}, {found.high:.3f}]"


def print_real(folder: Path) -> None:
    """Print the agreement of real annotators: incomplete, skewed, many."""
    print("\n| data | units | annotators | judgements | percent | alpha nominal | alpha ordinal |")
    print("|" + " --- |" * 7)
    for name, (judged, classes) in real_data(folder).items():
        start = time.perf_counter()
        known = [{who: label for who, label in row.items() if label in classes} for row in judged]
        codes = codes_of(known, classes)
        counts = count_codes(codes, len(classes))
        cells = [
            cell(percent_agreement(counts)),
            cell(krippendorff_alpha(counts)),
            cell(krippendorff_alpha(counts, level="ordinal")),
        ]
        seconds = time.perf_counter() - start
        print(
            f"| {name} | {len(codes)} | {codes.shape[1]} | {int(counts.sum())} | "
            f"{' | '.join(cells)} |  <!-- {seconds:.1f} s -->"
        )


def print_dawid_skene(folder: Path) -> None:
    """Print how far Dawid and Skene's labels meet the ones that gwsd's authors inferred."""
    rows = [row for name in ("train", "test") for row in rows_of(folder / f"gwsd/{name}.jsonl")]
    judged, classes = real_data(folder)["gwsd"]
    codes = codes_of(judged, classes)
    counts = count_codes(codes, len(classes))
    truth = np.array([classes.index(str(row["label"])) for row in rows])
    model = dawid_skene(codes, len(classes)).argmax(axis=1)
    top = counts == counts.max(axis=1, keepdims=True)  # a tie of two is half right
    vote = top[np.arange(len(truth)), truth] / top.sum(axis=1)
    print("\ngwsd, share of units with the label of the authors' own Bayesian model:")
    print(f"Dawid and Skene {np.mean(model == truth):.3f}, plurality {vote.mean():.3f}")
    print(f"({int((top.sum(axis=1) > 1).sum())} of {len(truth)} units are tied)")


def main() -> None:
    """Print all tables."""
    print_coverage()
    if "STANCE_BENCHMARKS" in os.environ:
        folder = Path(os.environ["STANCE_BENCHMARKS"])
        print_real(folder)
        print_dawid_skene(folder)


if __name__ == "__main__":
    main()
