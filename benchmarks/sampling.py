"""Print whether labels of `stance label next` carry an estimate: coverage and width, by design.

An outlet of 2,000 units has a known share of one label; a classifier of known errors predicts it.
Labels are drawn by each plan, and the share is estimated as the plan allows.
"""

import numpy as np
from scipy import stats

from stance.labeling.designs import Design, Plan
from stance.labeling.plan import plan_labels
from stance.labeling.queue import Candidate, Draw, draw_units

N_UNITS, N_REPEATS = 2000, 400
LABELS = ("yes", "no")


def population(rng: np.random.Generator, share: float, accuracy: float) -> list[Candidate]:
    """Return an outlet's units, predicted with errors; the truth stands in the unit's id."""
    truth = np.arange(N_UNITS) < round(share * N_UNITS)
    right = rng.random(N_UNITS) < accuracy
    sure = np.where(right, rng.beta(4, 2, N_UNITS), rng.beta(2, 2, N_UNITS))
    return [
        Candidate(
            unit_id=f"a{i % 80}:{i}-{int(truth[i])}",
            article_id=f"a{i % 80}",
            outlet="Quay",
            predicted="yes" if truth[i] == right[i] else "no",
            margin=float(sure[i]),
        )
        for i in range(N_UNITS)
    ]


def is_yes(unit_id: str) -> bool:
    """Return the truth of a unit."""
    return unit_id.endswith("-1")


def estimated(draw: Draw) -> tuple[float, float]:
    """Return the estimated share, and half its 95% interval, smoothed within strata."""
    units = [unit for unit in draw.units if unit.design is not Design.UNCERTAIN]
    share, variance = 0.0, 0.0
    for stratum in draw.strata:
        hits = [is_yes(u.unit_id) for u in units if u.stratum == stratum.name]
        weight = stratum.size / draw.population
        share += weight * float(np.mean(hits))
        smooth = (sum(hits) + 0.5) / (len(hits) + 1)
        left = 1 - len(hits) / stratum.size
        variance += weight**2 * left * smooth * (1 - smooth) / len(hits)
    return share, float(stats.t.ppf(0.975, len(units) - len(draw.strata)) * np.sqrt(variance))


def main() -> None:
    """Simulate and print."""
    rng = np.random.default_rng(5)
    print(f"{N_UNITS} units, {N_REPEATS} draws a row; nominal coverage 0.95\n")
    print("| share | accuracy | labels | plan | bias | coverage | half width |")
    print("|" + " --- |" * 7)
    for share, accuracy in ((0.3, 0.72), (0.3, 0.9), (0.05, 0.9)):
        for n in (50, 100, 300):
            for plan in Plan:
                errors, widths, hits = [], [], 0
                for seed in range(N_REPEATS):
                    pool = population(rng, share, accuracy)
                    draw = draw_units(pool, plan, n, seed=seed, codebook="b", model="m")
                    found, reach = estimated(draw)
                    errors.append(found - share)
                    widths.append(reach)
                    hits += abs(found - share) <= reach
                print(
                    f"| {share:g} | {accuracy:g} | {n} | {plan} | {np.mean(errors):+.3f} | "
                    f"{hits / N_REPEATS:.3f} | {np.mean(widths):.3f} |",
                    flush=True,
                )
    print("\nplanned for plus or minus 0.05, and what came out (share 0.3, accuracy 0.9):")
    pool = population(rng, 0.3, 0.9)
    counts = {label: sum(c.predicted == label for c in pool) for label in LABELS}
    confusion = np.array(
        [
            [
                sum(is_yes(c.unit_id) == (t == "yes") and c.predicted == p for c in pool)
                for p in LABELS
            ]
            for t in LABELS
        ]
    )
    (planned,) = plan_labels({"Quay": counts}, LABELS, 0.05, confusion=confusion)
    for plan, n in ((Plan.RANDOM, planned.random), (Plan.STRATIFIED, planned.stratified or 0)):
        widths = [
            estimated(draw_units(pool, plan, n, seed=s, codebook="b", model="m"))[1]
            for s in range(N_REPEATS)
        ]
        print(f"{plan}: {n} labels, half width {np.mean(widths):.3f}")


if __name__ == "__main__":
    main()
