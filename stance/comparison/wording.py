"""Numbers and lists in a sentence."""

from collections.abc import Sequence

from stance.comparison.result import Comparison
from stance.records import GIVEN

GIVEN_SAID = "labels that came with the units"


def n_of(n: int, noun: str) -> str:
    """Return a number with its noun, in the plural but for one."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """Return items with commas, and "and" before the last."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def outlets_said(comparison: Comparison) -> str:
    """Return how many outlets there are, and how many of them have an article that counts."""
    n_outlets = len({unit.outlet for unit in comparison.units})
    n_counting = len({unit.outlet for unit in comparison.units if unit.counts})
    said = n_of(n_outlets, "outlet")
    if n_counting < n_outlets:
        said += f" (of which {n_counting:,} count{'s' if n_counting == 1 else ''})"
    return said


def labelers(models: Sequence[str]) -> list[str]:
    """Return who labeled units: models, or GIVEN; a model on what it had not seen is that model."""
    return sorted({model.removesuffix("+held-out") for model in models})


def in_several_ways(models: Sequence[str]) -> bool:
    """Return whether units were labeled by more than one model, or some of them by none."""
    return len(labelers(models)) > 1


def labelers_said(models: Sequence[str]) -> str:
    """Return who labeled units, in words."""
    return listed([GIVEN_SAID if name == GIVEN else name for name in labelers(models)])


def shifting_said(comparison: Comparison) -> list[str]:
    """Return what a change of all outlets together may also come from, where there are several."""
    if len(comparison.mixes[0].outlets) == 1:
        return []
    return ["All outlets together may also change because some print more than before."]


def tied_said(n_claims: int) -> str:
    """Return that no two outlets have a label on any shared claim, and why."""
    return (
        f"On none of {n_of(n_claims, 'shared claim')} do two outlets have a label, as units of one "
        "outlet tie there: their agreement is not measured."
    )


def unseen_said(comparison: Comparison) -> str:
    """Return that copies could not be looked for, and in how many articles."""
    return (
        f"could not be looked for: {n_of(comparison.copies.n_without_text, 'article')} without text"
    )
