"""The baseline: TF-IDF of words and characters, a logistic regression a task."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.classifiers.linear import fit_tasks, softmax
from stance.errors import BROKEN, DataError, ModelError
from stance.files import write_whole
from stance.records import LabeledUnit, Unit
from stance.statistics.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRecipe:
    """How the baseline is made; every number is a choice of ours, written into its card."""

    words: tuple[int, int] = (1, 2)  # n-grams of words: negation needs two
    characters: tuple[int, int] = (3, 5)  # n-grams inside words: stems, in place of a stemmer
    min_units: int = 2  # an n-gram of one unit says nothing about another
    costs: tuple[float, ...] = (1.0, 3.0, 10.0)  # candidates for C
    n_folds: int = 3  # over articles, to choose C
    seed: int = 7


class Baseline:
    """TF-IDF of the unit's words and characters, with one balanced logistic regression a task.

    It reads neither the context nor the target: units that differ in those alone are one to it.
    """

    also: Sequence[LabeledUnit] = ()  # it learns from nothing beside

    def __init__(
        self, classes: Mapping[str, tuple[str, ...]], recipe: BaselineRecipe | None = None
    ) -> None:
        self._tasks = dict(classes)  # what it may learn
        self.classes_ = dict(classes)
        self.recipe = recipe or BaselineRecipe()
        self.cost_: dict[str, float] = {}  # the C chosen for each task
        self._vectorizers: list[TfidfVectorizer] = []
        self._weights: dict[str, tuple[FloatArray, FloatArray]] = {}  # task -> (weights, bias)

    def fresh(self) -> "Baseline":
        """Return an unfitted classifier of the same recipe."""
        return Baseline(self._tasks, self.recipe)

    def fit(self, examples: Sequence[LabeledUnit]) -> "Baseline":
        """Learn from labeled units; C is chosen for each task by macro-F1 over held-out articles.

        A task with fewer than two labels, or with labels from a single article, is left out.

        Raises
        ------
        DataError
            If that leaves no task, or no word occurs in two units.
        """
        self._vectorizers = self._new_vectorizers()
        texts = [example.unit.text for example in examples]
        try:
            for vectorizer in self._vectorizers:
                vectorizer.fit(texts)
        except ValueError:
            raise DataError("too little text to learn from: no word occurs in two units") from None
        features = self._features(texts)
        found = fit_tasks(
            features,
            examples,
            self._tasks,
            costs=self.recipe.costs,
            n_folds=self.recipe.n_folds,
            seed=self.recipe.seed,
        )
        self.classes_ = {task: self._tasks[task] for task in found}
        self.cost_ = {task: cost for task, (cost, _) in found.items()}
        self._weights = {task: weights for task, (_, weights) in found.items()}
        return self

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return task -> probabilities of shape (n_units, n_classes), each row summing to 1."""
        features = self._features([unit.text for unit in units])
        return {
            task: softmax(features @ weights.T + bias)
            for task, (weights, bias) in self._weights.items()
        }

    def settings(self) -> dict[str, Any]:
        """Return what the card says of how it was made."""
        return asdict(self.recipe) | {"chosen C": self.cost_}

    def save(self, folder: Path) -> None:
        """Write the model as JSON and safetensors: nothing in it can run."""
        from safetensors.numpy import save

        arrays: dict[str, Any] = {}
        for i, vectorizer in enumerate(self._vectorizers):
            arrays[f"idf.{i}"] = vectorizer.idf_.astype(np.float32)
        for task, (weights, bias) in self._weights.items():
            arrays[f"weights.{task}"] = np.ascontiguousarray(weights, dtype=np.float32)
            arrays[f"bias.{task}"] = bias.astype(np.float32)
        write_whole(folder / "model.safetensors", save(arrays))
        description = {
            "recipe": asdict(self.recipe),
            "classes": self.classes_,
            "cost": self.cost_,
            "vocabularies": [list(v.get_feature_names_out()) for v in self._vectorizers],
        }
        text = json.dumps(description, ensure_ascii=False, separators=(",", ":"))
        write_whole(folder / "model.json", text + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Baseline":
        """Return the model saved in a folder.

        Raises
        ------
        ModelError
            If a file is missing, damaged, or does not fit the others.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            arrays = load_file(folder / "model.safetensors")
            options: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in description["recipe"].items()
            }
            classes = {task: tuple(names) for task, names in description["classes"].items()}
            model = cls(classes, BaselineRecipe(**options))
            model.cost_ = dict(description["cost"])
            model._vectorizers = model._new_vectorizers()
            for i, (vectorizer, words) in enumerate(
                zip(model._vectorizers, description["vocabularies"], strict=True)
            ):
                idf = arrays[f"idf.{i}"].astype(float)
                if idf.shape != (len(words),) or not np.isfinite(idf).all():
                    raise ModelError(f"{folder}: idf.{i} does not fit its vocabulary")
                vectorizer.vocabulary = {word: column for column, word in enumerate(words)}
                vectorizer.idf_ = idf
            n_features = sum(len(words) for words in description["vocabularies"])
            for task, names in classes.items():
                weights = arrays[f"weights.{task}"].astype(float)
                bias = arrays[f"bias.{task}"].astype(float)
                if weights.shape != (len(names), n_features) or bias.shape != (len(names),):
                    raise ModelError(f"{folder}: the weights of {task} do not fit its vocabulary")
                # A label that never occurred has a bias of minus infinity, and no probability.
                possible = bias[bias != -np.inf]
                if not (
                    possible.size and np.isfinite(possible).all() and np.isfinite(weights).all()
                ):
                    raise ModelError(f"{folder}: the weights of {task} are not all numbers")
                model._weights[task] = (weights, bias)
            model._features(["a"])  # a recipe of the wrong kinds shows here
        except (*BROKEN, SafetensorError) as error:
            raise ModelError(f"{folder}: not a whole baseline model: {error!r}") from None
        return model

    def _new_vectorizers(self) -> list[TfidfVectorizer]:
        recipe = self.recipe
        return [
            TfidfVectorizer(
                ngram_range=recipe.words,
                token_pattern=r"(?u)\b\w+\b",
                sublinear_tf=True,
                min_df=recipe.min_units,
            ),
            TfidfVectorizer(
                analyzer="char_wb",
                ngram_range=recipe.characters,
                sublinear_tf=True,
                min_df=recipe.min_units,
            ),
        ]

    def _features(self, texts: Sequence[str]) -> Any:  # noqa: ANN401  scipy ships no types
        return sparse.hstack([v.transform(texts) for v in self._vectorizers], format="csr")
