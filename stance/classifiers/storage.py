"""A model folder: weights, a card, and predictions for the articles that it learned from.

    model.safetensors, model.json   the model; see the classifier's own `save`
    card.json, README.md            what it is made of and how good it is
    held_out.jsonl                  for each training unit, known by a hash of its words, the
                                    probabilities of a model that had not seen its article

Nothing in a folder can run: it holds JSON, safetensors and Markdown, and other files are refused.
What is read is checked against the card's hashes, and against the codebook.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from stance.classifiers.base import Classifier, codebook_classes
from stance.classifiers.baseline import BROKEN, Baseline
from stance.codebook import Codebook
from stance.errors import ModelError
from stance.files import write_whole
from stance.records import LabeledUnit, same_words, text_sha256
from stance.resources import data_folder
from stance.statistics.arrays import FloatArray
from stance.terminal_text import printable

SUFFIXES = {".json", ".jsonl", ".safetensors", ".md"}
MODEL_FILES = ("model.json", "model.safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a model is made of and how good it is, for people and for checks."""

    name: str
    kind: str  # "baseline"
    codebook: str  # name@version#hash
    codebook_sha256: str
    data_sha256: str  # of the places and labels that it learned from
    n_units: int
    n_articles: int
    n_outlets: int
    seed: int
    settings: Mapping[str, Any]
    versions: Mapping[str, str]  # package -> version
    licence: str
    trained_on: tuple[str, ...]  # hashes of the articles
    held_out: Mapping[str, Mapping[str, Any]]  # "article" or "outlet" -> task -> scores
    files: Mapping[str, str] = field(default_factory=dict)  # file -> SHA-256; `save_model` says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A fitted classifier with its card."""

    reference: str  # name@hash of its files
    classifier: Classifier
    card: ModelCard
    held_out: Mapping[str, Mapping[str, FloatArray]] = field(repr=False)  # by `words_key`


def data_digest(examples: Sequence[LabeledUnit]) -> str:
    """Return the SHA-256 of what a model learns from: places and settled labels."""
    rows = sorted(
        [e.sha256, e.unit.start, e.unit.end, dict(sorted(e.labels.items()))] for e in examples
    )
    return sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def save_model(
    folder: Path,
    classifier: Baseline,
    card: ModelCard,
    examples: Sequence[LabeledUnit],
    held_out: Mapping[str, FloatArray],
) -> None:
    """Write a model folder; one that is there and holds other files is refused.

    Parameters
    ----------
    held_out
        Task -> probabilities of shape (n_examples, n_classes) by models that had not seen the
        example's article.

    Raises
    ------
    ModelError
        If the folder cannot be written, or holds files that are no model's.
    """
    make_model_folder(folder)
    classifier.save(folder)
    rows: dict[str, dict[str, Any]] = {}
    for i, example in enumerate(examples):
        rows.setdefault(
            words_key(example.unit.text),
            {task: [round(float(p), 4) for p in held_out[task][i]] for task in classifier.classes_},
        )
    lines = (json.dumps({"words": key} | row) + "\n" for key, row in rows.items())
    write_whole(folder / "held_out.jsonl", "".join(lines))
    card = replace(card, files=_digests(folder))
    write_whole(folder / "card.json", json.dumps(asdict(card), ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / "README.md", _card_text(card))


def make_model_folder(folder: Path) -> None:
    """Make the folder that a model is to be saved in, if it is not there.

    Raises
    ------
    ModelError
        If it cannot be made, or holds files that are no model's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be made: {error.strerror or error}") from None
    _refuse_foreign_files(folder)


def load_model(name_or_folder: str | Path, codebook: Codebook) -> Model:
    """Return a shipped model by name, or the one in a folder.

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
        card = _read_card(folder / "card.json")
        digests = _digests(folder)
    except BROKEN as error:
        raise ModelError(f"{folder}: not a whole model: {error!r}") from None
    if card.kind != "baseline":
        raise ModelError(f"{folder}: a model of unknown kind {card.kind!r}; is `stance` too old?")
    if card.codebook_sha256 != codebook.sha256:
        raise ModelError(
            f"{folder}: trained under codebook {card.codebook}, but {codebook.reference} is asked "
            "for: its labels mean something else. Give --codebook the one that it was trained under"
        )
    changed = [name for name, digest in digests.items() if card.files.get(name) != digest]
    if changed:
        raise ModelError(
            f"{folder}: {', '.join(changed)} is not what its card says: damaged, or of another "
            "model. Train it anew"
        )
    classifier = Baseline.load(folder)
    if (
        not classifier.classes_
        or not classifier.classes_.items() <= codebook_classes(codebook).items()
    ):
        raise ModelError(f"{folder}: its labels are not those of codebook {codebook.reference}")
    digest = sha256()
    for name in MODEL_FILES:
        digest.update((folder / name).read_bytes())
    return Model(
        reference=f"{printable(card.name)}@{digest.hexdigest()[:8]}",
        classifier=classifier,
        card=card,
        held_out=_read_held_out(folder / "held_out.jsonl", classifier.classes_),
    )


def words_key(text: str) -> str:
    """Return the hash under which a model knows a unit that it learned from.

    Of its words alone: the unit is known again in a copy of its article with another hash.
    """
    return text_sha256(same_words(text))


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that a prediction hangs on."""
    return {
        name: sha256((folder / name).read_bytes()).hexdigest()
        for name in (*MODEL_FILES, "held_out.jsonl")
    }


def _read_card(path: Path) -> ModelCard:
    """Return a card; one of another shape raises whatever first trips over it."""
    data = json.loads(path.read_bytes())
    card = ModelCard(**{**data, "trained_on": tuple(data["trained_on"])})
    texts = [card.name, card.kind, card.codebook, card.codebook_sha256, *card.trained_on]
    scores = [
        score["macro_f1"]["value"] for tasks in card.held_out.values() for score in tasks.values()
    ]
    texts += [text for pair in card.files.items() for text in pair]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name or a hash in card.json is no text")
    if not all(isinstance(value, float) and 0 <= value <= 1 for value in scores):
        raise ValueError("a macro-F1 in card.json is no number from 0 to 1")
    return card


def _read_held_out(
    path: Path, classes: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, FloatArray]]:
    shapes = {task: (len(names),) for task, names in classes.items()}
    held_out = {}
    for number, line in enumerate(path.read_bytes().removesuffix(b"\n").split(b"\n"), start=1):
        try:
            data = json.loads(line)
            key = str(data.pop("words"))
            rows = {task: np.array(values, dtype=float) for task, values in data.items()}
        except BROKEN:
            rows = {}
        if {task: row.shape for task, row in rows.items()} != shapes or not all(
            row.min() >= 0 and abs(row.sum() - 1) < 0.01 for row in rows.values()
        ):
            raise ModelError(f"{path}:{number}: not a unit with the probabilities of each task")
        held_out[key] = rows
    return held_out


def _refuse_foreign_files(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix not in SUFFIXES or not path.is_file():
            raise ModelError(
                f"{path}: a model folder holds only {', '.join(sorted(SUFFIXES))} files: others "
                "could run code. Take it out, or give another folder"
            )


def _card_text(card: ModelCard) -> str:
    lines = [
        f"# Model card: {card.name}",
        "",
        f"A {card.kind} classifier under codebook `{card.codebook}`, licence {card.licence}. This "
        "page is written by `stance train`; `card.json` beside it holds the same for machines.",
        "",
        f"- Learned from {card.n_units} units of {card.n_articles} articles by {card.n_outlets} "
        f"outlets; data hash `{card.data_sha256[:16]}`; seed {card.seed}.",
        "- Versions: " + ", ".join(f"{k} {v}" for k, v in card.versions.items()) + ".",
        "- Settings: " + ", ".join(f"{k} = {v}" for k, v in card.settings.items()) + ".",
        "",
        "## Held-out scores",
        "",
        "Macro-F1 with 95% intervals (article bootstrap). Held out by article: each unit judged by",
        "a model that had not seen its article. By outlet: by one that had not seen its outlet.",
        "",
        "| held out by | task | macro-F1 | F1 by label | ECE | units | articles |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for by, tasks in card.held_out.items():
        for task, score in tasks.items():
            m = score["macro_f1"]
            interval = "" if m["low"] is None else f" [{m['low']:.2f}, {m['high']:.2f}]"
            by_label = ", ".join(
                f"{k} {'-' if v is None else f'{v:.2f}'}" for k, v in score["f1"].items()
            )
            lines.append(
                f"| {by} | {task} | {m['value']:.2f}{interval} | {by_label} | "
                f"{score['calibration_error']:.2f} | {m['n_units']} | {m['n_articles']} |"
            )
    lines += [
        "",
        "## Not for",
        "",
        "Other targets than the codebook's, languages other than its own, or judging a single",
        "sentence, writer or outlet: the errors above are too large for that. Counts of its labels",
        "are not shares of what outlets wrote until they are checked against labels of a random",
        "sample.",
        "",
    ]
    return "\n".join(lines)
