"""A model folder: weights, a card, and predictions for the articles that it learned from.

    model.safetensors, model.json   the model; see the classifier's own `save`
    card.json, README.md            what it is made of and how good it is
    held_out.jsonl                  for each training unit, the probabilities of a model that had
                                    not seen its article

Nothing in a folder can run: it holds JSON, safetensors and Markdown, and other files are refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from stance.classifiers.base import Classifier, FloatArray
from stance.classifiers.baseline import Baseline
from stance.codebook import Codebook
from stance.errors import ModelError
from stance.files import write_whole
from stance.records import LabeledUnit
from stance.resources import data_folder

SUFFIXES = {".json", ".jsonl", ".safetensors", ".md"}
Place = tuple[str, int, int]  # document hash, start, end


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A fitted classifier with its card."""

    reference: str  # name@hash of its files
    classifier: Classifier
    card: ModelCard
    held_out: Mapping[Place, Mapping[str, FloatArray]] = field(repr=False)


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be made: {error.strerror or error}") from None
    _refuse_foreign_files(folder)
    classifier.save(folder)
    lines = []
    for i, example in enumerate(examples):
        row: dict[str, Any] = {
            "sha256": example.sha256,
            "start": example.unit.start,
            "end": example.unit.end,
        }
        row |= {task: [round(float(p), 4) for p in rows[i]] for task, rows in held_out.items()}
        lines.append(json.dumps(row) + "\n")
    write_whole(folder / "held_out.jsonl", "".join(lines))
    write_whole(folder / "card.json", json.dumps(asdict(card), ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / "README.md", _card_text(card))


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
        data = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        card = ModelCard(**{**data, "trained_on": tuple(data["trained_on"])})
        held_out = _read_held_out(folder / "held_out.jsonl")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}: no readable card or held-out predictions: {error}") from None
    if card.kind != "baseline":
        raise ModelError(f"{folder}: a model of unknown kind {card.kind!r}; is `stance` too old?")
    if card.codebook_sha256 != codebook.sha256:
        raise ModelError(
            f"{folder}: trained under codebook {card.codebook}, but {codebook.reference} is asked "
            "for: its labels mean something else. Train it anew, or give --codebook its own"
        )
    digest = sha256()
    for name in ("model.json", "model.safetensors"):
        digest.update((folder / name).read_bytes() if (folder / name).exists() else b"")
    return Model(
        reference=f"{card.name}@{digest.hexdigest()[:8]}",
        classifier=Baseline.load(folder),
        card=card,
        held_out=held_out,
    )


def _read_held_out(path: Path) -> dict[Place, dict[str, FloatArray]]:
    held_out = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        place = (str(row.pop("sha256")), int(row.pop("start")), int(row.pop("end")))
        held_out[place] = {task: np.array(values, dtype=float) for task, values in row.items()}
    return held_out


def _refuse_foreign_files(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix not in SUFFIXES or path.is_dir():
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
