"""What the annotators agree on: overall, by label, by outlet, and each against the rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from stance.codebook import Codebook, Task
from stance.errors import DataError, LabelError
from stance.labeling.settle import codes_of, judgements
from stance.records import Annotation
from stance.statistics.agreement import (
    MISSING,
    Coefficient,
    cohen_kappa,
    count_codes,
    fleiss_kappa,
    gwet_ac,
    kappa_against_rest,
    krippendorff_alpha,
    percent_agreement,
)
from stance.statistics.arrays import FloatArray, IntArray

MOST_PAIRS = 45  # of annotators told one by one: ten people's; a crowd's would fill pages


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Two annotators on the units that both judged."""

    left: str
    right: str
    kappa: Coefficient
    confusion: Mapping[str, Mapping[str, float]]  # left's label -> right's label -> units


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAgreement:
    """Coder agreement on one task, over some of the units."""

    task: str
    group: str  # "all", or an outlet
    annotators: tuple[str, ...]
    n_units: int  # judged by two annotators or more
    percent: Coefficient
    nominal: Coefficient
    ordinal: Coefficient | None  # None where the task has no order
    fleiss: Coefficient
    cohen: Coefficient | None  # of two annotators; None where there are more
    gwet_ac1: Coefficient  # on another scale than the rest: compare it with itself only
    by_label: Mapping[str, Coefficient]  # alpha of each label against all the others together
    by_annotator: Mapping[str, Coefficient]  # kappa of each against the rest
    pairs: tuple[PairAgreement, ...]
    confusion: Mapping[str, Mapping[str, float]]  # label -> label -> pairs of judgements, both ways


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
    judged = judgements(annotations)
    results = []
    for task in codebook.tasks:
        shared = {
            unit_id: {name: task.label(label) for name, label in found.independent.items()}
            for unit_id, tasks in judged.items()
            for name, found in tasks.items()
            if name == task.name and len(found.independent) > 1
        }
        if not shared:
            continue
        groups = {"all": list(shared)}
        if group_of is not None:
            for unit_id in sorted(shared):
                groups.setdefault(group_of(unit_id), []).append(unit_id)
        results += [
            _agreement(task, group, [shared[unit] for unit in units])
            for group, units in groups.items()
        ]
    if not results:
        raise LabelError("no unit was judged by two annotators; agreement needs at least two")
    return results


def _agreement(task: Task, group: str, judged: Sequence[Mapping[str, str]]) -> TaskAgreement:
    annotators = sorted({name for given in judged for name in given})
    codes = codes_of(judged, task.classes)
    n_classes = len(task.classes)
    counts = count_codes(codes, n_classes)
    coincidences = counts.T @ counts - np.diag(counts.sum(axis=0))
    return TaskAgreement(
        task=task.name,
        group=group,
        annotators=tuple(annotators),
        n_units=len(judged),
        percent=percent_agreement(counts),
        nominal=krippendorff_alpha(counts),
        ordinal=(
            krippendorff_alpha(counts, level="ordinal", values=task.scores) if task.scores else None
        ),
        fleiss=fleiss_kappa(counts),
        cohen=cohen_kappa(codes, n_classes) if len(annotators) == 2 else None,
        gwet_ac1=gwet_ac(counts),
        by_label={
            name: krippendorff_alpha(np.stack([counts[:, i], np.delete(counts, i, 1).sum(1)], 1))
            for i, name in enumerate(task.classes)
        },
        by_annotator={
            name: kappa_against_rest(codes, i, n_classes) for i, name in enumerate(annotators)
        },
        pairs=_pairs(task, annotators, codes),
        confusion=_table(task, coincidences),
    )


def _pairs(task: Task, annotators: Sequence[str], codes: IntArray) -> tuple[PairAgreement, ...]:
    columns = list(combinations(range(len(annotators)), 2))
    pairs = []
    for left, right in columns if len(columns) <= MOST_PAIRS else ():
        both = codes[:, [left, right]]
        both = both[(both != MISSING).all(axis=1)]
        try:
            kappa = cohen_kappa(both, len(task.classes))
        except DataError:  # they share no unit
            continue
        table = np.zeros((len(task.classes),) * 2)
        np.add.at(table, (both[:, 0], both[:, 1]), 1)
        pairs.append(
            PairAgreement(
                left=annotators[left],
                right=annotators[right],
                kappa=kappa,
                confusion=_table(task, table.astype(int)),
            )
        )
    return tuple(pairs)


def _table(task: Task, counts: IntArray | FloatArray) -> dict[str, dict[str, float]]:
    return {
        row: {column: counts[i, j].item() for j, column in enumerate(task.classes)}
        for i, row in enumerate(task.classes)
    }
