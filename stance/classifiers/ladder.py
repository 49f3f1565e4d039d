"""The rungs of the ladder, from knowing no text to a fine-tuned encoder, each a classifier."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from stance.classifiers.base import Classifier, Progress, codebook_classes, neutral_stance
from stance.classifiers.lexicon import Lexicon, Majority
from stance.classifiers.recipes import read_recipe
from stance.codebook import Codebook
from stance.errors import ModelError


class Rung(StrEnum):
    """A kind of classifier; each should beat those before it."""

    MAJORITY = "majority"
    LEXICON = "lexicon"
    BASELINE = "baseline"
    EMBEDDING = "embedding"
    FEW_SHOT = "few-shot"  # an embedding whose encoder learns first, from pairs of units
    TRANSFORMER = "transformer"


def new_classifier(
    rung: Rung,
    codebook: Codebook,
    *,
    seed: int = 7,
    recipe: str = "minilm",
    device: str = "auto",
    workspace: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Classifier:
    """Return an unfitted classifier of a rung.

    Parameters
    ----------
    recipe
        Of the transformer; embedding and few-shot take its base and what is read: a shipped one's
        name, or a file.
    workspace
        Where a transformer keeps checkpoints.

    Raises
    ------
    ModelError
        If the rung needs torch and it is not installed.
    """
    if rung is Rung.MAJORITY:
        return Majority(codebook)
    if rung is Rung.LEXICON:
        return Lexicon(codebook)
    classes = codebook_classes(codebook)
    if rung is Rung.BASELINE:
        from stance.classifiers.baseline import Baseline, BaselineRecipe  # scikit-learn: a second

        return Baseline(classes, BaselineRecipe(seed=seed))
    need_torch()
    numbers = read_recipe(recipe, seed=seed)
    if rung in (Rung.EMBEDDING, Rung.FEW_SHOT):
        from stance.classifiers.embedding import Embedding, EmbeddingRecipe, few_shot_recipe

        found = replace(
            few_shot_recipe() if rung is Rung.FEW_SHOT else EmbeddingRecipe(),
            base=numbers.base,
            n_tokens=numbers.n_tokens,
            context=numbers.context,
            seed=seed,
        )
        return Embedding(classes, codebook.target, found, device=device)
    from stance.classifiers.transformer import Transformer

    return Transformer(
        classes,
        codebook.target,
        numbers,
        device=device,
        workspace=workspace,
        neutral=neutral_stance(codebook),
        on_progress=on_progress,
    )


def need_torch() -> None:
    """Raise if torch is not installed.

    Raises
    ------
    ModelError
        If it is not.
    """
    if find_spec("torch") is None:
        raise ModelError("this needs torch: pip install 'stance[torch]'")
