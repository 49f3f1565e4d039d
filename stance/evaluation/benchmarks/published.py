"""Scores on the public data sets that are not ours, and how each came to our knowledge."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stance.evaluation.benchmarks.sets import Metric


class Known(StrEnum):
    """How a figure came to our knowledge."""

    SEEN = "seen"  # read in the source that is named
    COMPUTED = "computed"  # from the same files, by none of this code
    RECALLED = "recalled"  # from memory, not checked: look it up before quoting it


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A score on a public data set."""

    benchmark: str
    part: str
    system: str
    scores: Mapping[str, float]  # metric -> score, 1 at best
    known: Known
    source: str
    note: str  # what keeps it from being compared, if anything


def published(benchmark: str) -> tuple[Published, ...]:
    """Return what is known of a set, part by part, the best system first.

    The file beside this one holds a row a figure, in points of 100 as it was found.
    """
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Published(
                benchmark=benchmark,
                part=row["part"],
                system=row["system"],
                scores={m: round(float(row[m]) / 100, 4) for m in Metric if row[m]},
                known=Known(row["known"]),
                source=row["source"],
                note=row["note"],
            )
            for row in csv.DictReader(file)
            if row["benchmark"] == benchmark
        )
