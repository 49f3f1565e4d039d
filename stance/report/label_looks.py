"""How each label is told from the others: by a sign first, and by a colour."""

from dataclasses import dataclass

from stance.codebook import Codebook

# Blue, grey and orange are told apart by readers of every kind of colour vision; the dark ends of
# them keep 4.5:1 on paper as text.
COLOURS = {"good": "#0b6bb3", "even": "#6b6f76", "bad": "#b34700", "other": "#6a4c93"}
UNORDERED_SIGNS = "■◆●▲▼★"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A label's sign and the role that its colour plays."""

    sign: str  # "▲" on the upper side of a scale, "▲▲" further up, "▼" below, "●" between
    tone: str  # "good", "even", "bad"; "other" where the task has no order


def looks_of(codebook: Codebook, task_name: str) -> dict[str, Look]:
    """Return label -> look, from the sign of its score where the task has an order."""
    task = codebook.task(task_name)
    tones = tones_of(codebook, task_name)
    looks = {}
    for i, label in enumerate(task.labels):
        if not task.ordered:
            looks[label.name] = Look(sign=UNORDERED_SIGNS[i % len(UNORDERED_SIGNS)], tone="other")
            continue
        sign = {"good": "▲", "even": "●", "bad": "▼"}[tones[label.name]]
        looks[label.name] = Look(sign=sign * max(1, abs(label.score or 0)), tone=tones[label.name])
    return looks


def tones_of(codebook: Codebook, task_name: str) -> dict[str, str]:
    """Return label -> colour role, from the sign of its score."""
    return {
        label.name: "even" if not label.score else "good" if label.score > 0 else "bad"
        for label in codebook.task(task_name).labels
    }
