"""How often an outlet that leaves nothing out, or does, is said to leave claims out.

Five outlets; each unit of an article makes one of 60 claims, drawn with equal chance. The first
outlet has shorter articles than the others, quotes less, or avoids some of the claims. Prints how
often its p-value is at most 0.05, its mean, and the same of the others, over 100 corpora.
"""

from collections.abc import Callable, Sequence

import numpy as np

from stance.codebook import Task, read_codebook
from stance.comparison.observations import Observations, observe
from stance.comparison.result import Claim, ClaimCell
from stance.comparison.selection import selections
from stance.records import ClassifiedUnit, Prediction, Unit, unit_id
from stance.statistics.arrays import IntArray

BOOK = read_codebook()
N_CLAIMS, N_OUTLETS, REPEATS = 60, 5, 100
Lengths = Callable[[np.random.Generator, bool], IntArray]


def poisson(first: int, others: int, n: int) -> Lengths:
    """Return how articles get their lengths, by whether they are of the first outlet."""
    return lambda rng, is_first: np.maximum(rng.poisson(first if is_first else others, n), 1)


def fixed(first: int, others: int, n: int) -> Lengths:
    """Return the same of lengths that are all alike in an outlet."""
    return lambda rng, is_first: np.full(n, first if is_first else others)


def corpus(
    rng: np.random.Generator, lengths: Lengths, *, quoted: tuple[float, float], avoided: int
) -> tuple[tuple[Claim, ...], Observations]:
    """Return claims of two outlets or more, and the units of all articles."""
    units: list[ClassifiedUnit] = []
    cells: dict[int, dict[str, list[str]]] = {c: {} for c in range(N_CLAIMS)}
    for number in range(N_OUTLETS):
        outlet, is_first = f"Outlet {number}", number == 0
        for i, size in enumerate(lengths(rng, is_first).tolist()):
            low = avoided if is_first else 0
            for place, c in enumerate(rng.choice(np.arange(low, N_CLAIMS), size, replace=False)):
                is_quoted = rng.random() < quoted[0 if is_first else 1]
                units.append(unit(outlet, f"{outlet}/{i}", place, is_quoted=bool(is_quoted)))
                cells[int(c)].setdefault(outlet, []).append(units[-1].unit.id)
    claims = tuple(
        Claim(
            id=f"c{c}",
            title=f"claim {c}",
            cells=tuple(
                ClaimCell(outlet=outlet, label=None, probabilities={}, unit_ids=tuple(ids))
                for outlet, ids in by_outlet.items()
            ),
        )
        for c, by_outlet in cells.items()
        if len(by_outlet) > 1
    )
    return claims, observe(units, BOOK)


def unit(outlet: str, article: str, place: int, *, is_quoted: bool) -> ClassifiedUnit:
    """Return a unit that could make a claim."""
    name = unit_id(article, 100 * place, 100 * place + 90)

    def prediction(task: Task, label: str) -> Prediction:
        sure = {name: float(name == label) for name in task.classes}
        return Prediction(
            unit_id=name, task=task.name, label=label, probabilities=sure, model="none@0"
        )

    stance, voice = BOOK.task("stance"), BOOK.task("voice")
    return ClassifiedUnit(
        unit=Unit(
            id=name,
            article_id=article,
            index=place,
            kind="sentence",
            text=f"{article} has six words or more in unit {place}",
            start=100 * place,
            end=100 * place + 90,
        ),
        source=outlet,
        date=None,
        sha256=article,
        predictions={
            "stance": prediction(stance, "neutral"),
            "voice": prediction(voice, "attributed" if is_quoted else "author"),
        },
        codebook=BOOK.reference,
    )


def line(
    name: str, lengths: Lengths, quoted: Sequence[float] = (0.4, 0.4), avoided: int = 0
) -> None:
    """Print a row; by what is quoted where the outlets quote unlike shares."""
    rng = np.random.default_rng(5)
    voice = None if quoted[0] == quoted[1] else "attributed"
    first, others = [], []
    for seed in range(REPEATS):
        made = corpus(rng, lengths, quoted=(quoted[0], quoted[1]), avoided=avoided)
        own, *rest = (found.p_value for found in selections(*made, voice=voice, seed=seed))
        first.append(own)
        others += rest
    cells = []
    for values in (first, others):
        tested = np.array([p for p in values if p is not None])
        rejected = f"{np.mean(tested <= 0.05):.3f}, {tested.mean():.2f}" if len(tested) else "–"
        cells.append(f"{len(tested) / len(values):.0%} | {rejected}")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the table."""
    print("| first outlet | tested | p <= 0.05, mean p | others: tested | p <= 0.05, mean p |")
    print("|" + " --- |" * 5)
    line("is like the others: 10 articles of 6 units", fixed(6, 6, 10))
    line("3 units an article, others 8", fixed(3, 8, 10))
    line("6 units an article, others 9 (Poisson)", poisson(6, 9, 10))
    line("the same with 30 articles each", poisson(6, 9, 30))
    line("quotes 25% of 8 units, others 60%", fixed(8, 8, 10), quoted=(0.25, 0.6))
    line("avoids 20 of 60 claims, 8 units (Poisson)", poisson(8, 8, 10), avoided=20)


if __name__ == "__main__":
    main()
