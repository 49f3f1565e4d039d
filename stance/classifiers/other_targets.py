"""Lessons in reading the target: units that take a side, read again with a target of no concern.

A model that learns from articles on one target alone need not read it: the text says enough. A copy
of a unit in which another target is named, and which is neutral toward that, has the same text and
another answer.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stance.records import LabeledUnit

# Far from each other and from what is shipped: what `stance evaluate` swaps in is none of them.
TARGETS = (
    "a ban on disposable plastic bags",
    "a tax on sugary drinks",
    "compulsory school uniforms",
    "daylight saving time",
    "free museum entry",
    "fruit picking by robots",
    "longer opening hours for libraries",
    "nuclear power stations",
    "the reintroduction of wolves",
    "the Olympic Games in a big city",
    "vaccination against measles",
    "working four days a week",
)


def other_target_lessons(
    examples: Sequence[LabeledUnit], *, target: str, neutral: str, share: float, seed: int
) -> list[LabeledUnit]:
    """Return copies of units that take a side, each toward another target, where it is neutral.

    They have no other label: whether a unit is bad news or quotes somebody does not hang on the
    target alone. A target that has a word of the unit's own is passed over.

    Parameters
    ----------
    target
        What stance is toward, where a unit names no target of its own.
    neutral
        The stance of a unit toward what it is not about.
    share
        Of the units that take a side, from 0 to 1; which ones is drawn.
    """
    rng = np.random.default_rng(seed)
    sided = [e for e in examples if e.labels.get("stance", neutral) != neutral]
    drawn = sorted(rng.permutation(len(sided))[: round(share * len(sided))])
    lessons = []
    for example in (sided[i] for i in drawn):
        told = _words(f"{example.unit.target or target} {example.unit.text}")
        far = [other for other in TARGETS if not _words(other) & told]
        if far:
            unit = replace(example.unit, target=far[int(rng.integers(len(far)))])
            lessons.append(replace(example, unit=unit, labels={"stance": neutral}, shares={}))
    return lessons


def _words(text: str) -> set[str]:
    """Return the words that say what a text is about: those of four letters or more."""
    return set(re.findall(r"[^\W\d_]{4,}", text.casefold()))
