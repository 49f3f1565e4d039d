"""Training, with the held-out scores and the calibration that go into the model's folder."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stance.classifiers.base import Fold, cross_fit, in_order, label_codes
from stance.classifiers.bases import described
from stance.classifiers.calibration import calibrate, temper
from stance.classifiers.cards import ModelCard
from stance.classifiers.held_out import words_key
from stance.classifiers.learned import Learned
from stance.classifiers.storage import (
    Model,
    Storable,
    clear_model,
    data_digest,
    finish_model,
    load_model,
    make_model_folder,
    save_model,
)
from stance.codebook import Codebook
from stance.errors import DataError, ModelError
from stance.evaluation.protocol import N_FOLDS
from stance.evaluation.reliability import reliability
from stance.evaluation.scores import score
from stance.evaluation.slices import slices
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray

PACKAGES = {
    "baseline": ("stance", "scikit-learn", "numpy"),
    "embedding": ("stance", "torch", "transformers", "scikit-learn"),
    "few-shot": ("stance", "torch", "transformers", "scikit-learn"),
    "transformer": ("stance", "torch", "transformers", "peft", "datasets"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOut:
    """One way of holding out: by article or by outlet, in how many folds."""

    by: str  # "article" or "outlet"
    n_folds: int | None  # None: one at a time


# Quick rungs are measured both ways; each fold of a transformer costs minutes, so that one has a
# few folds of whole outlets, which hold out articles too.
BY_ARTICLE = HoldOut(by="article", n_folds=N_FOLDS)
BY_OUTLET = HoldOut(by="outlet", n_folds=None)
FEW_FOLDS = HoldOut(by="outlet", n_folds=3)  # of few-shot


def train_model(
    classifier: Storable,
    examples: Sequence[LabeledUnit],
    codebook: Codebook,
    folder: Path,
    *,
    kind: str,
    seed: int,
    plans: Sequence[HoldOut] = (BY_ARTICLE, BY_OUTLET),
    remarks: Mapping[str, Any] | None = None,
    licence: str | None = None,
    inherited: Learned | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Model:
    """Measure a classifier on what it is held out from, fit it on everything, and save it.

    The first plan's held-out probabilities calibrate the model, and stand in its folder.

    Parameters
    ----------
    kind
        What `load_model` is to make of the folder: "baseline", "embedding", "few-shot" or
        "transformer".
    remarks
        What the card is to say beside the classifier's settings.
    licence
        Of the model, as its maker states it.
    inherited
        What its base and its teachers have learned from: it counts as learned from.

    Raises
    ------
    DataError
        If there are too few articles or labels to learn from.
    """
    if not examples:
        raise DataError(
            "nothing to learn from: no unit of these articles has a settled label of this codebook"
        )
    examples = in_order(examples)
    held_out: dict[str, Mapping[str, FloatArray]] = {}
    for plan in plans:
        by, groups = held_out_groups(examples, plan.by)
        if by in held_out:
            continue
        on_step(f"holding out by {by}")
        held_out[by] = cross_fit(
            classifier,
            examples,
            groups,
            n_folds=plan.n_folds,
            seed=seed,
            on_fold=partial(_tell_fold, examples, codebook, seed, on_step),
        )
    on_step("fitting on all articles")
    classifier.fit(examples)
    first = {task: rows for task, rows in next(iter(held_out.values())).items()}
    first = {task: first[task] for task in classifier.classes_}
    codes = {t: label_codes(examples, t, names) for t, names in classifier.classes_.items()}
    calibration = calibrate(first, codes)
    articles = {example.sha256 for example in examples}
    before = inherited or Learned()
    own = {words_key(e.unit.text)[:16] for e in examples}  # held_out.jsonl has these
    beside = {words_key(e.unit.text)[:16] for e in classifier.also} | (before.words - own)
    tempered = {
        by: temper({task: rows[task] for task in classifier.classes_}, calibration)
        for by, rows in held_out.items()
    }
    card = ModelCard(
        name=folder.name,
        kind=kind,
        codebook=codebook.reference,
        codebook_sha256=codebook.sha256,
        data_sha256=data_digest(examples),
        n_units=len(examples),
        n_articles=len(articles),
        n_outlets=len({example.source for example in examples} - {None}),
        seed=seed,
        settings={**classifier.settings(), **(remarks or {})},
        versions={name: version(name) for name in PACKAGES[kind]},
        licence=licence or "not stated",
        trained_on=tuple(sorted(articles | before.articles)),
        held_out={
            by: {t: asdict(s) for t, s in score(examples, rows, codebook, seed=seed).items()}
            for by, rows in tempered.items()
        },
        beside=tuple(sorted(beside)),
        by_outlet=_by_outlet(
            examples, tempered.get("outlet", next(iter(tempered.values()))), codebook, seed
        ),
        curves={
            task: [asdict(level) for level in levels]
            for task, levels in reliability(examples, temper(first, calibration), codebook).items()
        },
    )
    save_model(folder, classifier, card, examples, first, calibration)
    return load_model(folder, codebook, device="cpu")


def held_out_groups(examples: Sequence[LabeledUnit], by: str) -> tuple[str, list[str]]:
    """Return by what these can be held out, "article" or "outlet", and the group of each.

    A single outlet cannot be held out, nor can one that some of its articles do not name.
    """
    outlets = [example.source for example in examples]
    if by == "article" or len(set(outlets)) < 2 or None in outlets:
        return "article", [example.sha256 for example in examples]
    return "outlet", [outlet or "" for outlet in outlets]


def _by_outlet(
    examples: Sequence[LabeledUnit],
    rows: Mapping[str, FloatArray],
    codebook: Codebook,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Return outlet -> task -> accuracy of held-out predictions."""
    found: dict[str, dict[str, Any]] = {}
    for part in slices(examples, rows, codebook, seed=seed):
        if part.by == "outlet":
            found.setdefault(part.name, {})[part.task] = asdict(part.accuracy)
    return found


def export_model(model: Model, folder: Path, codebook: Codebook, *, quantize: bool = True) -> Model:
    """Save a transformer as an ONNX graph, with its calibration and held-out probabilities.

    Those were measured before its weights were rounded; the card says so.

    Raises
    ------
    ModelError
        If the model is no transformer, or the folder is its own.
    """
    from stance.classifiers.export import export_transformer
    from stance.classifiers.transformer import Transformer

    plain = model.classifier.plain
    if not isinstance(plain, Transformer):
        raise ModelError(f"{model.reference}: only a transformer can be exported")
    if folder.resolve() == model.folder.resolve():
        raise ModelError(f"{folder}: the model itself would be lost: give another folder")
    make_model_folder(folder)
    clear_model(folder)
    export_transformer(plain, folder, quantize=quantize)
    for name in ("held_out.jsonl", "calibration.json"):
        shutil.copyfile(model.folder / name, folder / name)
    card = replace(
        model.card,
        name=folder.name,
        kind="onnx",
        settings={
            **model.card.settings,
            **(described(plain.base) if plain.base else {}),
            "exported from": model.reference,
            "8 bits": quantize,
        },
    )
    finish_model(folder, card)
    return load_model(folder, codebook)


def _tell_fold(
    examples: Sequence[LabeledUnit],
    codebook: Codebook,
    seed: int,
    on_step: Callable[[str], None],
    fold: Fold,
) -> None:
    """Say how good a fold's model is on what it never saw."""
    words = f"fold {fold.number} of {fold.n_folds}"
    judged = [examples[i] for i in fold.judged]
    if any(task in example.labels for example in judged for task in fold.rows):
        scores = score(judged, fold.rows, codebook, seed=seed)
        words += ": " + ", ".join(f"{t} {s.macro_f1.value:.2f}" for t, s in scores.items())
    on_step(words)
