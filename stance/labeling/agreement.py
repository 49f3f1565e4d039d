"""What the annotators agree on: overall and by outlet, task by task."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from stance.codebook import Codebook, Task
from stance.errors import LabelError
from stance.labeling.store import ADJUDICATION
from stance.records import Annotation
from stance.statistics.agreement import (
    MISSING,
    Alpha,
    count_codes,
    krippendorff_alpha,
    percent_agreement,
)
from stance.statistics.arrays import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAgreement:
    """Coder agreement on one task, over some of the units."""

    task: str
    group: str  # "all", or an outlet
    annotators: tuple[str, ...]
    n_units: int  # judged by two annotators or more
    percent: float
    nominal: Alpha
    ordinal: Alpha | None  # None where the task has no order
    confusion: Mapping[str, int]  # "label / label" -> how many pairs of judgements


def coder_agreement(
    annotations: Iterable[Annotation],
    codebook: Codebook,
    *,
    group_of: Callable[[str], str] | None = None,
) -> list[TaskAgreement]:
    """Return the agreement of independent annotators, task by task: overall, then by group.

    Adjudications do not count: who settles a disagreement has seen it.

    Parameters
    ----------
    group_of
        Gives the group (the outlet, say) of a unit id; a task's groups follow its overall row.

    Raises
    ------
    LabelError
        If no two annotators judged the same unit.
    """
    judged: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for annotation in annotations:
        if annotation.design != ADJUDICATION:
            task = codebook.task(annotation.task)
            judged[task.name][annotation.unit_id][annotation.annotator] = task.label(
                annotation.label
            )
    results = []
    for task in codebook.tasks:
        shared = {unit: by_name for unit, by_name in judged[task.name].items() if len(by_name) > 1}
        if not shared:
            continue
        groups = {"all": list(shared)}
        if group_of is not None:
            for unit_id in shared:
                groups.setdefault(group_of(unit_id), []).append(unit_id)
        results += [
            _agreement(task, group, [shared[unit] for unit in units])
            for group, units in groups.items()
        ]
    if not results:
        raise LabelError("no unit was judged by two annotators; agreement needs at least two")
    return results


def _agreement(task: Task, group: str, judgements: list[dict[str, str]]) -> TaskAgreement:
    annotators = sorted({name for by_name in judgements for name in by_name})
    codes: IntArray = np.full((len(judgements), len(annotators)), MISSING)
    for row, by_name in enumerate(judgements):
        for name, label in by_name.items():
            codes[row, annotators.index(name)] = task.classes.index(label)
    counts = count_codes(codes, len(task.classes))
    confusion: dict[str, int] = defaultdict(int)
    for by_name in judgements:
        for left, right in combinations(sorted(by_name.values(), key=task.classes.index), 2):
            confusion[f"{left} / {right}"] += 1
    return TaskAgreement(
        task=task.name,
        group=group,
        annotators=tuple(annotators),
        n_units=len(judgements),
        percent=percent_agreement(counts),
        nominal=krippendorff_alpha(counts),
        ordinal=(
            krippendorff_alpha(counts, level="ordinal", values=task.scores) if task.scores else None
        ),
        confusion=dict(sorted(confusion.items())),
    )
