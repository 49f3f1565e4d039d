"""What a model reads beside the unit: the same model on units with something taken away.

Nothing is trained anew: a model that never reads the context or the target shows no change.

What the other tasks teach (sentiment, when stance is asked) cannot be taken away afterwards: the
model without them is another model. `stance train transformer --tasks stance` makes it, by the same
recipe, seed and split, and `stance evaluate A --against B` tests the difference, paired. Of
the other rungs there is nothing to ablate: their tasks share no weight that learns, so that stance
alone gives the very same stance. The warm start of few-shot learns from the first task only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stance.classifiers.base import Classifier
from stance.codebook import Codebook, read_codebook
from stance.evaluation.judged import judged_tasks
from stance.evaluation.paired import PairedDifference, paired_differences
from stance.evaluation.scores import score
from stance.records import LabeledUnit, Unit
from stance.resources import data_folder
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate

NO_CONTEXT, NO_TARGET, OTHER_TARGET = "context off", "target masked", "target swapped"
MASK = "something"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """One task, judged on changed units by an unchanged model, against the same settled labels.

    With another target the settled stance no longer holds: a model that reads the target should
    lose there, and call most units neutral.
    """

    name: str
    target: str | None  # what stood in place of the target
    task: str
    macro_f1: Estimate
    difference: PairedDifference  # in macro-F1: on changed units (left) minus unchanged (right)
    changed: Estimate  # share of predictions that changed
    middle: Estimate | None  # share predicted as the label of score 0; None where there is none
    middle_before: Estimate | None  # that share on unchanged units


def without_context(unit: Unit) -> Unit:
    """Return a unit without its heading, lead-in and the units before."""
    return replace(unit, heading=None, lead_in=None, before=())


def other_target(codebook: Codebook) -> str | None:
    """Return the target of another shipped codebook in the same language, the first by name."""
    for path in sorted(data_folder("labels").glob("*.toml")):
        if path.stem != "template":
            other = read_codebook(path)
            if other.language == codebook.language and other.target != codebook.target:
                return other.target
    return None


def ablations(
    examples: Sequence[LabeledUnit],
    probabilities: Mapping[str, FloatArray],
    codebook: Codebook,
    classifier: Classifier,
    *,
    swapped: str | None,
    seed: int,
) -> list[Ablation]:
    """Return what each ablation does to each task.

    Parameters
    ----------
    probabilities
        The classifier's own on the unchanged units: task -> shape (n_examples, n_classes).
    swapped
        Another target, which these units are not about; None where none is known in the language.

    Raises
    ------
    DataError
        If no unit has a settled label of a task that the classifier can do.
    """
    units = [example.unit for example in examples]
    changes: list[tuple[str, str | None, list[Unit]]] = [
        (NO_CONTEXT, None, [without_context(unit) for unit in units]),
        (NO_TARGET, MASK, [replace(unit, target=MASK) for unit in units]),
    ]
    if swapped is not None:
        changes.append((OTHER_TARGET, swapped, [replace(unit, target=swapped) for unit in units]))
    before = judged_tasks(examples, probabilities, codebook)
    found = []
    for name, target, changed_units in changes:
        rows = classifier.predict_proba(changed_units)
        after = judged_tasks(examples, rows, codebook)
        scores = score(examples, rows, codebook, seed=seed)
        differences = paired_differences(examples, rows, probabilities, codebook, seed=seed)
        by_task = {d.task: d for d in differences if d.score == "macro-F1"}
        for task, judged in before.items():
            middle = [i for i, value in enumerate(judged.task.scores or ()) if value == 0]
            found.append(
                Ablation(
                    name=name,
                    target=target,
                    task=task,
                    macro_f1=scores[task].macro_f1,
                    difference=by_task[task],
                    changed=judged.share(after[task].predicted != judged.predicted),
                    middle=judged.share(after[task].predicted == middle[0]) if middle else None,
                    middle_before=judged.share(judged.predicted == middle[0]) if middle else None,
                )
            )
    return found
