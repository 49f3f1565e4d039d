"""Classified units as columns: what every answer is computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from stance.codebook import Codebook, Task
from stance.errors import DataError
from stance.records import ClassifiedUnit
from stance.statistics.arrays import FloatArray, IntArray

BoolArray = NDArray[np.bool_]
UNDATED = -1
VOICE = "voice"  # the task that says whose words a unit is, where a codebook has it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """Classified units in columns, n of them, in the order of outlet, article and place.

    A part of them keeps all outlets and articles, so that numbers mean the same in every part.
    """

    outlets: tuple[str, ...]  # in order
    articles: tuple[str, ...]  # ids; of an outlet side by side
    outlet_of: IntArray  # (n_articles,), index into `outlets`
    day_of: IntArray  # (n_articles,), days since year 1, or UNDATED
    article: IntArray  # (n,), index into `articles`
    codes: Mapping[str, IntArray]  # task -> (n,), column of the predicted label
    probabilities: Mapping[str, FloatArray]  # task -> (n, n_classes)
    held_out: BoolArray  # (n,), labeled by a model that had not seen the article
    counts: BoolArray  # (n,), False in a copy that is left out of the shares
    places: IntArray  # (n,), where each unit stands in `units`
    units: Sequence[ClassifiedUnit]

    @property
    def outlet(self) -> IntArray:
        """The outlet of each unit, shape (n,)."""
        return self.outlet_of[self.article]

    @property
    def day(self) -> IntArray:
        """The day of each unit, shape (n,)."""
        return self.day_of[self.article]

    def part(self, inside: BoolArray) -> "Observations":
        """Return the units where a mask of shape (n,) holds."""
        return replace(
            self,
            article=self.article[inside],
            codes={task: codes[inside] for task, codes in self.codes.items()},
            probabilities={task: rows[inside] for task, rows in self.probabilities.items()},
            held_out=self.held_out[inside],
            counts=self.counts[inside],
            places=self.places[inside],
        )

    def in_voice(self, voice: str | None) -> BoolArray:
        """Return which units have this predicted voice, shape (n,); all for None.

        Raises
        ------
        DataError
            If a voice is asked for and the units have none.
        """
        rows = range(len(self.article))
        if voice is None:
            return np.ones(len(rows), dtype=bool)
        if VOICE not in self.codes:
            raise DataError(f"units have no label of the task {VOICE!r}: compare them as a whole")
        return np.array([self.unit(r).predictions[VOICE].label == voice for r in rows], dtype=bool)

    def unit(self, row: int) -> ClassifiedUnit:
        """Return the unit behind a row."""
        return self.units[int(self.places[row])]

    def tables(self, task: str) -> FloatArray:
        """Return how many units of each article carry each label, (n_articles, n_classes)."""
        n_classes = self.probabilities[task].shape[1]
        table = np.zeros((len(self.articles), n_classes))
        np.add.at(table, (self.article, self.codes[task]), 1)
        return table


def observe(
    units: Sequence[ClassifiedUnit], codebook: Codebook, *, left_out: frozenset[str] = frozenset()
) -> Observations:
    """Return classified units as columns.

    Parameters
    ----------
    units
        Each with a known source; of their tasks those count that all have.
    left_out
        Ids of articles whose units do not count in the shares.

    Raises
    ------
    DataError
        If there is no unit, or no task that all have.
    """
    if not units:
        raise DataError("nothing to compare: the articles hold no unit")
    tasks = _shared_tasks(units, codebook)
    if not tasks:
        raise DataError(
            "nothing to compare: no task is labeled in all units; give units labeled on one task"
        )
    order = sorted(
        range(len(units)),
        key=lambda i: (units[i].source or "", units[i].unit.article_id, units[i].unit.index),
    )
    outlets = tuple(sorted({unit.source or "" for unit in units}))
    of_article = {units[i].unit.article_id: units[i] for i in order}
    number = {article_id: i for i, article_id in enumerate(of_article)}
    rank = {outlet: i for i, outlet in enumerate(outlets)}
    probabilities: dict[str, FloatArray] = {}
    codes: dict[str, IntArray] = {}
    for task in tasks:
        column = {name: c for c, name in enumerate(task.classes)}
        rows = np.zeros((len(units), len(column)), dtype=np.float32)
        labels = np.zeros(len(units), dtype=np.int64)
        for row, i in enumerate(order):
            prediction = units[i].predictions[task.name]
            rows[row] = [prediction.probabilities.get(name, 0.0) for name in task.classes]
            labels[row] = column[prediction.label]
        probabilities[task.name], codes[task.name] = rows.astype(float), labels
    return Observations(
        outlets=outlets,
        articles=tuple(of_article),
        outlet_of=np.array([rank[unit.source or ""] for unit in of_article.values()]),
        day_of=np.array([_day(unit.date) for unit in of_article.values()]),
        article=np.array([number[units[i].unit.article_id] for i in order]),
        codes=codes,
        probabilities=probabilities,
        held_out=np.array(
            [units[i].predictions[tasks[0].name].model.endswith("+held-out") for i in order]
        ),
        counts=np.array([units[i].unit.article_id not in left_out for i in order]),
        places=np.array(order),
        units=units,
    )


def _shared_tasks(units: Sequence[ClassifiedUnit], codebook: Codebook) -> list[Task]:
    """Return the tasks of which every unit has a label."""
    labeled = [unit.predictions.keys() for unit in units]
    return [task for task in codebook.tasks if all(task.name in names for names in labeled)]


def _day(text: str | None) -> int:
    """Return a date as days since year 1; one that is no date counts as none."""
    try:
        return date.fromisoformat(text).toordinal() if text else UNDATED
    except ValueError:
        return UNDATED
