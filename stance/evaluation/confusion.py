"""Whether a model reads stance, or merely repeats sentiment.

The two agree on most units, so a model of sentiment alone would look like a fair model of stance.
Where annotators settled on a stance of another sign than the sentiment, it is always wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.classifiers.base import label_codes
from stance.codebook import Codebook
from stance.evaluation.judged import judged_tasks
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate

STANCE, SENTIMENT = "stance", "sentiment"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentConfusion:
    """A model's stance beside settled sentiment, over units with both labels settled.

    Stance and sentiment agree where the signs of their scores do.
    """

    n_units: int
    table: Mapping[str, Mapping[str, int]]  # settled stance -> settled sentiment -> units
    settled_same: Estimate  # share of units whose settled stance agrees with their sentiment
    predicted_same: Estimate  # share of units whose predicted stance does
    right_where_same: Estimate | None  # accuracy of stance where the settled two agree
    right_where_apart: Estimate | None  # and where they part; None where there is no such unit
    # Of the units where the settled two part, those whose predicted stance has the sentiment's
    # sign: 0 for a model that is always right, 1 for one that repeats sentiment.
    repeats: Estimate | None


def sentiment_confusion(
    examples: Sequence[LabeledUnit], probabilities: Mapping[str, FloatArray], codebook: Codebook
) -> SentimentConfusion | None:
    """Return how far predicted stance follows settled sentiment.

    None where that cannot be asked: no ordered tasks of these names, or no unit that has both.

    Parameters
    ----------
    probabilities
        Task -> shape (n_examples, n_classes), columns in the codebook's order.

    Raises
    ------
    DataError
        If no unit has a settled label of a task that has probabilities.
    """
    tasks = {task.name: task for task in codebook.tasks}
    judged = judged_tasks(examples, probabilities, codebook).get(STANCE)
    scores = [tasks[name].scores if name in tasks else None for name in (STANCE, SENTIMENT)]
    if judged is None or scores[0] is None or scores[1] is None:
        return None
    tones = label_codes(examples, SENTIMENT, tasks[SENTIMENT].classes)[judged.places]
    if not (tones >= 0).any():
        return None
    judged, tones = judged.part(tones >= 0), tones[tones >= 0]
    stance_sign, tone = np.sign(scores[0]), np.sign(scores[1])[tones]
    same = stance_sign[judged.truth] == tone
    repeats = stance_sign[judged.predicted] == tone
    right = judged.predicted == judged.truth
    table = np.zeros((len(stance_sign), len(tasks[SENTIMENT].classes)), dtype=int)
    np.add.at(table, (judged.truth, tones), 1)
    return SentimentConfusion(
        n_units=len(tones),
        table={
            name: dict(zip(tasks[SENTIMENT].classes, row, strict=True))
            for name, row in zip(judged.task.classes, table.tolist(), strict=True)
        },
        settled_same=judged.share(same),
        predicted_same=judged.share(repeats),
        right_where_same=judged.part(same).share(right[same]) if same.any() else None,
        right_where_apart=judged.part(~same).share(right[~same]) if not same.all() else None,
        repeats=judged.part(~same).share(repeats[~same]) if not same.all() else None,
    )
