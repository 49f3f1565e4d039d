"""First guesses from a codebook's cues: a baseline and an audit, never a label by themselves.

A cue is a word or a phrase, whatever its case. `*` stands for the rest of a word ("approv*"), or,
between spaces, for up to three words ("no * orders"). Longer cues hide shorter ones inside them:
"no licence" counts, the "licence" in it does not.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stance.codebook import Codebook, Task
from stance.errors import CodebookError

MOST_BETWEEN = 3  # words that a "*" between spaces may stand for


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A cue found in a text."""

    cue: str
    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CueCount:
    """How well one cue points to its label, on units with settled labels."""

    cue: str
    label: str
    n_units: int  # in which it was found
    n_right: int  # of these, settled as its label


class Cues:
    """The cues of one task, ready to be looked for."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._patterns = [
            (cue, label.name, _pattern(cue, task)) for label in task.labels for cue in label.cues
        ]

    def __bool__(self) -> bool:
        """Whether the codebook has any cue for the task."""
        return bool(self._patterns)

    def hits(self, text: str) -> list[Hit]:
        """Return the cues found in a text, in order of place; none lies inside another."""
        found = [
            Hit(cue=cue, label=label, start=match.start(), end=match.end())
            for cue, label, pattern in self._patterns
            for match in pattern.finditer(text)
        ]
        found.sort(key=lambda hit: (hit.start, -hit.end))
        kept: list[Hit] = []
        for hit in found:
            if not kept or hit.end > kept[-1].end:
                kept.append(hit)
        return kept

    def guess(self, text: str) -> str | None:
        """Return the label that most cues point to; None where there is none, or a tie."""
        votes = Counter(hit.label for hit in self.hits(text)).most_common(2)
        if not votes or (len(votes) == 2 and votes[0][1] == votes[1][1]):
            return None
        return votes[0][0]


def codebook_cues(codebook: Codebook) -> list[Cues]:
    """Return the cues of each task that has any.

    Raises
    ------
    CodebookError
        If a cue is not one.
    """
    return [cues for cues in map(Cues, codebook.tasks) if cues]


def guesses(cues: Sequence[Cues], text: str) -> dict[str, str]:
    """Return task -> first guess for a text, for the tasks whose cues say something."""
    found = {of_task.task.name: of_task.guess(text) for of_task in cues}
    return {task: label for task, label in found.items() if label is not None}


def count_cues(cues: Cues, texts: Sequence[str], settled: Sequence[str]) -> list[CueCount]:
    """Return how often each cue was found and was right, the most often found first."""
    found: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for text, label in zip(texts, settled, strict=True):
        for key in {(hit.cue, hit.label) for hit in cues.hits(text)}:
            found[key].append(label)
    counts = [
        CueCount(cue=cue, label=label, n_units=len(labels), n_right=labels.count(label))
        for (cue, label), labels in found.items()
    ]
    return sorted(counts, key=lambda count: (-count.n_units, count.cue))


def _pattern(cue: str, task: Task) -> re.Pattern[str]:
    """Return a cue as an expression that no text can make slow: bounded, without nesting."""
    words = cue.split()
    if not words or words[0] == "*" or words[-1] == "*":
        raise CodebookError(f"the cue {cue!r} of {task.name} must begin and end with a word")
    parts = []
    for before, word in zip([None, *words], words, strict=False):
        if word == "*":
            parts.append(rf"(?:\W+\w+){{0,{MOST_BETWEEN}}}?")
            continue
        if before is not None:
            parts.append(r"\W+")
        # An article's apostrophe may be straight or curly, whatever the codebook's is.
        parts.append(re.sub("['’]", "['’]", re.escape(word)).replace(r"\*", r"\w*"))
    return re.compile(rf"(?<!\w){''.join(parts)}(?!\w)", re.IGNORECASE)
