"""A behaviour set: short units in families, each of which tests one thing that a model must read.

The units of a group are minimal variants of each other, so that a model which reads only the topic,
or only the tone, cannot get all of a group right. No model is trained on them.

References
----------
Ribeiro et al. (2020), "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stance.classifiers.held_out import words_key
from stance.classifiers.storage import Model
from stance.codebook import Codebook
from stance.errors import DataError, LabelError
from stance.records import LabeledUnit, Unit, text_sha256
from stance.statistics.intervals import Estimate, clustered_share

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourUnit:
    """One unit of a behaviour set, with the labels that a careful reader gives it."""

    unit: Unit
    family: str  # what it tests: "negation", "contrast", ...
    group: str  # the units that vary one thing carry the same name
    labels: Mapping[str, str]  # task -> label, of the tasks that the family tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A unit on which the model fails."""

    unit_id: str
    text: str
    expected: str
    predicted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyScore:
    """How often a model reads the units of one family, and of all, as people do."""

    family: str
    task: str
    passed: Estimate  # share of units; its interval is over groups: their units hang together
    n_groups: int
    n_whole: int  # groups of which every unit is right
    missed: tuple[Missed, ...] = field(repr=False)


def read_behaviour(path: Path, codebook: Codebook) -> list[BehaviourUnit]:
    """Return the units of a behaviour set (JSON Lines) that follow a codebook.

    Raises
    ------
    DataError
        If the file cannot be read, a row lacks a key, or no row follows the codebook.
    LabelError
        If a label is none of the codebook's.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = list(file)  # not splitlines: a text may hold U+2028
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    units: list[BehaviourUnit] = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if row["codebook"] != codebook.reference:
                continue
            units.append(_behaviour_unit(row, codebook))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}:{number}: not a unit of a behaviour set: {error!r}") from None
        except LabelError as error:
            raise LabelError(f"{path}:{number}: {error}") from None
    if not units:
        raise DataError(f"{path}: no unit follows codebook {codebook.reference}")
    return units


def as_examples(units: Sequence[BehaviourUnit]) -> list[LabeledUnit]:
    """Return such units as lessons; the units of a group count as one article."""
    return [
        LabeledUnit(
            unit=u.unit, source=None, date=None, sha256=text_sha256(u.group), labels=u.labels
        )
        for u in units
    ]


def measure_behaviour(units: Sequence[BehaviourUnit], model: Model) -> list[FamilyScore]:
    """Return the pass rates of a model by task and family, with a row for all families of a task.

    Raises
    ------
    DataError
        If the model learned from one of the units, or can do none of their tasks.
    """
    keys = {u.unit.id: words_key(u.unit.text) for u in units}
    beside = set(model.card.beside)
    known = [name for name, key in keys.items() if key in model.held_out or key[:16] in beside]
    if known:
        raise DataError(
            f"the model learned from {len(known)} units of the behaviour set, {known[0]} first: "
            "its pass rates would say nothing"
        )
    probabilities = model.classifier.predict_proba([u.unit for u in units])
    scores = []
    for task, classes in model.classifier.classes_.items():
        tested = [i for i, u in enumerate(units) if task in u.labels]
        if not tested:
            continue
        predicted = [classes[column] for column in probabilities[task][tested].argmax(axis=1)]
        judged = [(units[i], label) for i, label in zip(tested, predicted, strict=True)]
        families = list(dict.fromkeys(u.family for u, _ in judged))
        for family in (*families, ALL):
            of_family = [(u, label) for u, label in judged if family in (u.family, ALL)]
            scores.append(_family_score(family, task, of_family))
    if not scores:
        raise DataError("the model can do none of the tasks that the behaviour set tests")
    return scores


def _behaviour_unit(row: Mapping[str, Any], codebook: Codebook) -> BehaviourUnit:
    before, labels = row.get("before") or [], row["labels"]
    if not (isinstance(before, list) and isinstance(labels, dict) and labels):
        raise TypeError("before must be a list, labels a table that is not empty")
    texts = [row["id"], row["family"], row["group"], row["text"], *before]
    if not all(isinstance(text, str) and text for text in texts):
        raise TypeError("id, family, group, text and before must be texts that are not empty")
    unit = Unit(
        id=row["id"],
        article_id=row["group"],
        index=len(before),
        kind=str(row.get("kind", "sentence")),
        text=row["text"],
        start=0,
        end=len(row["text"]),
        heading=_text_or_none(row.get("heading")),
        lead_in=_text_or_none(row.get("lead_in")),
        before=tuple(before),
    )
    return BehaviourUnit(
        unit=unit,
        family=row["family"],
        group=row["group"],
        labels={task: codebook.task(task).label(name) for task, name in labels.items()},
    )


def _text_or_none(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("heading and lead_in must be texts, or null")
    return value


def _family_score(
    family: str, task: str, judged: Sequence[tuple[BehaviourUnit, str]]
) -> FamilyScore:
    right: dict[str, list[bool]] = {}
    for u, label in judged:
        right.setdefault(u.group, []).append(label == u.labels[task])
    n_right = np.array([sum(hits) for hits in right.values()], dtype=float)
    sizes = np.array([len(hits) for hits in right.values()], dtype=float)
    return FamilyScore(
        family=family,
        task=task,
        passed=clustered_share(n_right, sizes),
        n_groups=len(right),
        n_whole=sum(all(hits) for hits in right.values()),
        missed=tuple(
            Missed(unit_id=u.unit.id, text=u.unit.text, expected=u.labels[task], predicted=label)
            for u, label in judged
            if label != u.labels[task]
        ),
    )
