"""A model folder: weights, a card, and predictions for the articles that it learned from.

    model.json, ...        the model; see the classifier's own `save`
    calibration.json       temperatures, and what abstaining hangs on
    card.json, README.md   what it is made of and how good it is
    held_out.jsonl         for each training unit, known by hashes of its article and its words,
                           probabilities by a model that had not seen the article, not calibrated

Nothing in a folder can run: it holds JSON, safetensors, ONNX graphs and Markdown, and other files
are refused. What is read is checked against the card's hashes, and against the codebook.
"""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from stance.classifiers.base import Classifier, codebook_classes
from stance.classifiers.bases import file_sha256, is_here
from stance.classifiers.calibration import (
    Calibrated,
    Calibration,
    apply_temperature,
    from_data,
    to_data,
)
from stance.classifiers.cards import ModelCard, card_text, read_card
from stance.classifiers.held_out import HeldOut, read_held_out, write_held_out
from stance.codebook import Codebook
from stance.errors import BROKEN, ModelError
from stance.files import write_whole
from stance.records import LabeledUnit
from stance.resources import data_folder
from stance.statistics.arrays import FloatArray
from stance.terminal_text import printable

SUFFIXES = {".json", ".jsonl", ".safetensors", ".onnx", ".md"}
UNHASHED = {"card.json", "README.md"}  # the card cannot hold its own hash
# What a save that was cut short may have left; the rest is written last.
BEFORE_THE_CARD = {
    "model.json",
    "model.safetensors",
    "model.onnx",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "heads.safetensors",
    "adapter_config.json",
    "adapter_model.safetensors",
    "held_out.jsonl",
    "calibration.json",
}
SHIPPED = ("large", "small", "baseline")  # the best first


class Storable(Classifier, Protocol):
    """A classifier that can be kept in a folder."""

    def settings(self) -> dict[str, Any]:
        """Return what the card says of how it was made."""

    def save(self, folder: Path) -> None:
        """Write what `load` of the same class needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A fitted classifier with its card."""

    reference: str  # name@hash of its files
    folder: Path
    classifier: Calibrated
    card: ModelCard
    held_out: HeldOut = field(repr=False)  # calibrated
    calibration: Calibration = field(repr=False)


def data_digest(examples: Sequence[LabeledUnit]) -> str:
    """Return the SHA-256 of what a model learns from: places and settled labels."""
    found = ([e.sha256, e.unit.start, e.unit.end, dict(sorted(e.labels.items()))] for e in examples)
    # Outlets that print one text may have a unit of it labeled in two ways.
    rows = sorted(found, key=lambda row: (row[:3], json.dumps(row[3])))
    return sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def save_model(
    folder: Path,
    classifier: Storable,
    card: ModelCard,
    examples: Sequence[LabeledUnit],
    held_out: Mapping[str, FloatArray],
    calibration: Calibration,
) -> None:
    """Write a model folder; one that is there and holds other files is refused.

    Parameters
    ----------
    held_out
        Task -> probabilities of shape (n_examples, n_classes) by models that had not seen the
        example's article, not calibrated.

    Raises
    ------
    ModelError
        If the folder cannot be written, or holds files that are no model's.
    """
    make_model_folder(folder)
    clear_model(folder)
    classifier.save(folder)
    write_held_out(folder / "held_out.jsonl", examples, held_out)
    write_whole(folder / "calibration.json", json.dumps(to_data(calibration)) + "\n")
    finish_model(folder, card)


def finish_model(folder: Path, card: ModelCard) -> None:
    """Write the card of a model folder that is otherwise whole: it seals the other files."""
    card = replace(card, files=_digests(folder))
    write_whole(folder / "card.json", json.dumps(asdict(card), ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / "README.md", card_text(card))


def make_model_folder(folder: Path) -> None:
    """Make the folder that a model is to be saved in, if it is not there.

    Raises
    ------
    ModelError
        If it cannot be made, or holds files that are no model's: they would be taken for the
        model's, and go with it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be made: {error.strerror or error}") from None
    _refuse_foreign_files(folder)
    try:
        own = {*read_card(folder / "card.json").files, *UNHASHED}
    except BROKEN:  # none was finished there
        own = BEFORE_THE_CARD
    others = sorted({path.name for path in folder.iterdir()} - own)
    if others:
        raise ModelError(
            f"{folder}: {others[0]} in it is no model's, and would be lost: give another folder"
        )


def clear_model(folder: Path) -> None:
    """Take out the files of the model that a folder holds, by its card: they are not the next's."""
    try:
        names = read_card(folder / "card.json").files
    except BROKEN:  # none is there
        return
    for path in [path for path in folder.iterdir() if path.name in names]:
        path.unlink()


def best_model(codebook: Codebook, *, remedy: str = "train one") -> Path:
    """Return the folder of the best shipped model that can run here for a codebook.

    Parameters
    ----------
    remedy
        What to do where there is none, as the message is to say it.

    Raises
    ------
    ModelError
        If no shipped model was trained under it.
    """
    for name in SHIPPED:
        folder = data_folder("models") / name
        try:
            card = read_card(folder / "card.json")
            if card.codebook_sha256 == codebook.sha256 and _can_run(card.kind, folder):
                return folder
        except BROKEN:
            continue
    raise ModelError(f"no shipped model was trained under codebook {codebook.reference}; {remedy}")


def load_model(name_or_folder: str | Path, codebook: Codebook, *, device: str = "auto") -> Model:
    """Return a shipped model by name, or the one in a folder.

    Parameters
    ----------
    device
        Where a model that runs on torch is put.

    Raises
    ------
    ModelError
        If there is none, a file in the folder could run code or is damaged, or the model was
        trained under another codebook.
    """
    folder = Path(name_or_folder)
    if not folder.is_dir():
        folder = data_folder("models") / str(name_or_folder)
    if not folder.is_dir():
        shipped = sorted(f.name for f in data_folder("models").iterdir() if f.is_dir())
        raise ModelError(
            f"{name_or_folder}: no such model; give a folder or one of: {', '.join(shipped)}"
        )
    _refuse_foreign_files(folder)
    try:
        card = read_card(folder / "card.json")
        digests = _digests(folder)
    except BROKEN as error:
        raise ModelError(f"{folder}: not a whole model: {error!r}") from None
    if card.codebook_sha256 != codebook.sha256:
        raise ModelError(
            f"{folder}: trained under codebook {card.codebook}, but {codebook.reference} is asked "
            "for: its labels mean something else. Give --codebook the one that it was trained under"
        )
    names = sorted(digests.keys() | card.files.keys())
    changed = [name for name in names if card.files.get(name) != digests.get(name)]
    if changed:
        raise ModelError(
            f"{folder}: {', '.join(changed)} is not what its card says: damaged, or of another "
            "model. Train it anew"
        )
    classifier = _load_classifier(card.kind, folder, device)
    if (
        not classifier.classes_
        or not classifier.classes_.items() <= codebook_classes(codebook).items()
    ):
        raise ModelError(f"{folder}: its labels are not those of codebook {codebook.reference}")
    calibration = _read_calibration(folder / "calibration.json", classifier.classes_)
    kept = read_held_out(folder / "held_out.jsonl", classifier.classes_)
    return Model(
        reference=_reference(card, digests),
        folder=folder,
        classifier=Calibrated(classifier, calibration),
        card=card,
        held_out={
            words: {
                article: {
                    task: apply_temperature(values[None], calibration.tasks[task].temperature)[0]
                    for task, values in row.items()
                }
                for article, row in rows.items()
            }
            for words, rows in kept.items()
        },
        calibration=calibration,
    )


def find_card(reference: str, folders: Sequence[Path]) -> ModelCard | None:
    """Return the card of the model that a label names, if it is in a folder or among the shipped.

    Parameters
    ----------
    reference
        name@hash, as a prediction has it.
    """
    for folder in (*folders, *(data_folder("models") / name for name in SHIPPED)):
        try:
            card = read_card(folder / "card.json")
            if _reference(card, card.files) == reference:
                return card
        except BROKEN:
            continue
    return None


def _reference(card: ModelCard, digests: Mapping[str, str]) -> str:
    """Return name@hash of a model, from the SHA-256 of its files."""
    digest = sha256()
    for name in sorted(digests.keys() - {"held_out.jsonl"}):
        digest.update(bytes.fromhex(digests[name]))
    return f"{printable(card.name)}@{digest.hexdigest()[:8]}"


def _load_classifier(kind: str, folder: Path, device: str) -> Classifier:
    """Return the classifier in a folder; the libraries of its kind are imported here."""
    try:
        if kind == "baseline":
            from stance.classifiers.baseline import Baseline  # scikit-learn: a second

            return Baseline.load(folder)
        if kind == "onnx":
            from stance.classifiers.runtime import Exported

            return Exported.load(folder)
        if kind in ("embedding", "few-shot"):
            from stance.classifiers.embedding import Embedding

            return Embedding.load(folder, device=device)
        if kind == "transformer":
            from stance.classifiers.transformer import Transformer

            return Transformer.load(folder, device=device)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{folder}: a model of kind {kind} needs {error.name}: pip install 'stance[torch]'"
        ) from None
    raise ModelError(f"{folder}: a model of unknown kind {kind!r}; is `stance` too old?")


def _can_run(kind: str, folder: Path) -> bool:
    """Return whether a model's libraries, and the base that it stands on, are here already."""
    if kind in ("baseline", "onnx"):
        return True
    if importlib.util.find_spec("torch") is None:
        return False
    recipe = json.loads((folder / "model.json").read_bytes())["recipe"]
    whole = kind == "few-shot" or (kind == "transformer" and not recipe["lora_rank"])
    return whole or is_here(recipe["base"])


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that a prediction hangs on."""
    names = sorted({path.name for path in folder.iterdir()} - UNHASHED)
    return {name: file_sha256(folder / name) for name in names}


def _read_calibration(path: Path, classes: Mapping[str, tuple[str, ...]]) -> Calibration:
    try:
        return from_data(json.loads(path.read_bytes()), classes)
    except BROKEN as error:
        raise ModelError(f"{path}: not a calibration: {error!r}") from None
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def _refuse_foreign_files(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix not in SUFFIXES or not path.is_file():
            raise ModelError(
                f"{path}: a model folder holds only {', '.join(sorted(SUFFIXES))} files: others "
                "could run code. Take it out, or give another folder"
            )
