"""How good a codebook's cues are on settled labels: the floor that a lexicon sets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stance.codebook import Codebook
from stance.errors import DataError
from stance.evaluation.scores import TaskScore, score
from stance.labeling.cues import CueCount, Cues, count_cues
from stance.records import LabeledUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class CueReport:
    """The cues of one task, measured."""

    task: str
    n_units: int
    n_guessed: int  # units of which the cues say something
    n_right: int  # of these, rightly
    fallback: str  # what a unit gets of which they say nothing, so that every unit can be scored
    score: TaskScore
    cues: tuple[CueCount, ...]  # those found, the most frequent first
    never: tuple[str, ...]  # cues that no unit has


def measure_cues(
    cues: Cues, examples: Sequence[LabeledUnit], codebook: Codebook, *, seed: int
) -> CueReport:
    """Return how often the cues of a task say something of units with settled labels, and rightly.

    Raises
    ------
    DataError
        If no unit has a settled label of the task.
    """
    task = cues.task
    judged = [example for example in examples if task.name in example.labels]
    if not judged:
        raise DataError(f"no unit has a settled label of {task.name}: nothing to measure cues on")
    settled = [example.labels[task.name] for example in judged]
    texts = [example.unit.text for example in judged]
    guesses = [cues.guess(text) for text in texts]
    fallback = _fallback(cues, settled)
    columns = [task.classes.index(guess or fallback) for guess in guesses]
    rows = np.eye(len(task.classes))[columns]
    counts = count_cues(cues, texts, settled)
    found = {count.cue for count in counts}
    return CueReport(
        task=task.name,
        n_units=len(judged),
        n_guessed=sum(guess is not None for guess in guesses),
        n_right=sum(g == label for g, label in zip(guesses, settled, strict=True)),
        fallback=fallback,
        score=score(judged, {task.name: rows}, codebook, seed=seed)[task.name],
        cues=tuple(counts),
        never=tuple(cue for label in task.labels for cue in label.cues if cue not in found),
    )


def _fallback(cues: Cues, settled: Sequence[str]) -> str:
    """Return the label in the middle of an ordered task; else the most frequent one."""
    middle = [label.name for label in cues.task.labels if label.score == 0]
    return middle[0] if middle else max(sorted(set(settled)), key=list(settled).count)
