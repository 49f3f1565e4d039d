"""Training, with the held-out scores that go into the model's card."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from stance.classifiers.base import codebook_classes, cross_fit
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.classifiers.storage import Model, ModelCard, data_digest, load_model, save_model
from stance.codebook import Codebook
from stance.errors import DataError
from stance.evaluation.protocol import N_FOLDS
from stance.evaluation.scores import score
from stance.records import LabeledUnit


def train_baseline(
    examples: Sequence[LabeledUnit],
    codebook: Codebook,
    folder: Path,
    *,
    recipe: BaselineRecipe | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Model:
    """Fit the baseline, measure it on held-out articles and outlets, and save it in a folder.

    Raises
    ------
    DataError
        If there are too few articles or labels to learn from.
    """
    recipe = recipe or BaselineRecipe()
    if not examples:
        raise DataError(
            "nothing to learn from: no unit of these articles has a settled label of this codebook"
        )
    examples = sorted(examples, key=lambda e: (e.sha256, e.unit.start))
    articles = [example.sha256 for example in examples]
    outlets = [example.source or example.sha256 for example in examples]

    on_step("holding out articles")
    classifier = Baseline(codebook_classes(codebook), recipe)
    by_article = cross_fit(classifier, examples, articles, n_folds=N_FOLDS, seed=recipe.seed)
    held_out = {"article": score(examples, by_article, codebook, seed=recipe.seed)}
    if len(set(outlets)) > 1:
        on_step("holding out outlets")
        by_outlet = cross_fit(classifier, examples, outlets, n_folds=None, seed=recipe.seed)
        held_out["outlet"] = score(examples, by_outlet, codebook, seed=recipe.seed)

    on_step("fitting on all articles")
    classifier.fit(examples)
    card = ModelCard(
        name=folder.name,
        kind="baseline",
        codebook=codebook.reference,
        codebook_sha256=codebook.sha256,
        data_sha256=data_digest(examples),
        n_units=len(examples),
        n_articles=len(set(articles)),
        n_outlets=len(set(outlets)),
        seed=recipe.seed,
        settings=asdict(recipe) | {"chosen C": classifier.cost_},
        versions={name: version(name) for name in ("stance", "scikit-learn", "numpy")},
        licence="Apache-2.0",
        trained_on=tuple(sorted(set(articles))),
        held_out={
            by: {task: asdict(result) for task, result in results.items()}
            for by, results in held_out.items()
        },
    )
    save_model(folder, classifier, card, examples, by_article)
    return load_model(folder, codebook)
