"""Trying a recipe's numbers: random draws from ranges that it states, scored by grouped folds."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from stance.classifiers.base import Classifier, cross_fit, in_order
from stance.classifiers.recipes import Choices, TransformerRecipe
from stance.codebook import Codebook
from stance.engine.train import held_out_groups
from stance.errors import DataError, ModelError
from stance.evaluation.scores import score
from stance.records import LabeledUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One draw of numbers, and what it was worth on outlets, or articles, held out."""

    number: int  # from 0; the first is the recipe as it stands
    changes: Mapping[str, float | int]
    macro_f1: float  # of stance
    learned: str  # hash of all else: recipe, tasks, units with labels and groups, lessons beside


def search(
    new: Callable[[TransformerRecipe], Classifier],
    recipe: TransformerRecipe,
    choices: Mapping[str, Choices],
    examples: Sequence[LabeledUnit],
    codebook: Codebook,
    log: Path,
    *,
    n_trials: int,
    by: str = "outlet",
    on_step: Callable[[str], None] = lambda step: None,
) -> list[Trial]:
    """Return trials, the best first; those that the log holds already are not made again.

    The winner is the luckiest of several, so its score here is too high: measure it anew on what
    took no part.

    Parameters
    ----------
    new
        Makes a classifier by a recipe.
    log
        A line a trial (JSON Lines), written as each ends.
    by
        What the folds hold out: "outlet" or "article".

    Raises
    ------
    ModelError
        If the log holds trials of other ranges or of other data, or cannot be read.
    DataError
        If there are fewer than two articles, or no stance can be learned.
    """
    examples = in_order(examples)  # as a training takes them: the winner's folds are done already
    _, groups = held_out_groups(examples, by)
    plain = new(recipe)
    learned = _digest(plain, recipe, examples, groups)
    done = {trial.number: trial for trial in _read(log)}
    trials = []
    for number in range(n_trials):
        changes = _draw(choices, recipe.seed, number)
        trial = done.get(number)
        if trial is None:
            on_step(f"trial {number + 1} of {n_trials}: {changes or 'the recipe as it stands'}")
            numbers = replace(recipe, **changes)  # type: ignore[arg-type]  # checked as they are read
            made = new(numbers) if changes else plain
            rows = cross_fit(made, examples, groups, n_folds=recipe.n_folds, seed=recipe.seed)
            found = score(examples, rows, codebook, seed=recipe.seed)
            if "stance" not in found:
                raise DataError("no stance could be learned: there is nothing to search by")
            value = found["stance"].macro_f1.value
            trial = Trial(number=number, changes=changes, macro_f1=value, learned=learned)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(trial)) + "\n")
        elif (trial.changes, trial.learned) != (changes, learned):
            raise ModelError(
                f"{log}: trial {number} is of other ranges, another seed or recipe, other units, "
                "labels or folds, or another device or training loop; move it"
            )
        trials.append(trial)
    return sorted(trials, key=lambda trial: (-trial.macro_f1, trial.number))


def _draw(choices: Mapping[str, Choices], seed: int, number: int) -> dict[str, float | int]:
    """Return one value of each range: the same for the same seed and number."""
    if number == 0:
        return {}
    rng = np.random.default_rng([seed, number])
    drawn: dict[str, float | int] = {}
    for name, choice in sorted(choices.items()):
        if choice.values:
            drawn[name] = choice.values[int(rng.integers(len(choice.values)))]
        else:
            low, high = math.log(choice.low), math.log(choice.high)
            drawn[name] = float(f"{math.exp(rng.uniform(low, high)):.3g}")
    return drawn


def _digest(
    classifier: Classifier,
    recipe: TransformerRecipe,
    examples: Sequence[LabeledUnit],
    groups: Sequence[str],
) -> str:
    """Return a hash of what trials have in common; its first 16 digits."""
    rows = [
        [
            asdict(e.unit),
            e.source,
            e.sha256,
            dict(e.labels),
            {t: dict(s) for t, s in e.shares.items()},
        ]
        for e in (*examples, *classifier.also)
    ]
    loop = getattr(classifier, "made_by", "")  # of a transformer
    common = [asdict(recipe), dict(classifier.classes_), loop, rows, list(groups)]
    return sha256(json.dumps(common, sort_keys=True).encode()).hexdigest()[:16]


def _read(log: Path) -> list[Trial]:
    if not log.exists():
        return []
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
        return [Trial(**json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{log}: not a log of trials: {error}; move it") from None
