"""Numbers and lists in a sentence."""

from collections.abc import Sequence


def n_of(n: int, noun: str) -> str:
    """Return a number with its noun, in the plural but for one."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """Return items with commas, and "and" before the last."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
