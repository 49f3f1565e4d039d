"""A model's card: what it is made of, how good it is, and what it is not for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stance.statistics.intervals import Estimate

TRIALS = "chosen on these folds, of trials"  # in a card's settings: a search's winner


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a model is made of and how good it is, for people and for checks."""

    name: str
    kind: str  # "baseline", "embedding", "few-shot", "transformer", "onnx"
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
    trained_on: tuple[str, ...]  # hashes of its articles, and of its base's and teachers'
    held_out: Mapping[str, Mapping[str, Any]]  # "article" or "outlet" -> task -> scores
    beside: tuple[str, ...] = ()
    # the first 16 digits of `words_key` of what else it, its base or its teachers learned from
    by_outlet: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # outlet -> task -> its accuracy, held out
    curves: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    # task -> bins of confidence with their accuracy, held out and calibrated
    files: Mapping[str, str] = field(default_factory=dict)  # file -> SHA-256; `save_model` says it


def read_card(path: Path) -> ModelCard:
    """Return a card; one of another shape raises whatever first trips over it."""
    data = json.loads(path.read_bytes())
    lists = {name: tuple(data.get(name, ())) for name in ("trained_on", "beside")}
    card = ModelCard(**{**data, **lists})
    texts = [
        card.name,
        card.kind,
        card.codebook,
        card.codebook_sha256,
        *card.trained_on,
        *card.beside,
    ]
    scores = [score for tasks in card.held_out.values() for score in tasks.values()]
    means = [Estimate(**score["macro_f1"]) for score in scores]
    values = [score["calibration_error"] for score in scores] + [mean.value for mean in means]
    values += [end for mean in means for end in (mean.low, mean.high) if end is not None]
    texts += [text for pair in card.files.items() for text in pair]
    if not card.held_out:
        raise ValueError("card.json has no held-out scores")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name or a hash in card.json is no text")
    if not all(isinstance(value, float) and 0 <= value <= 1 for value in values):
        raise ValueError("a held-out score in card.json is no number from 0 to 1")
    if not all(type(n) is int for mean in means for n in (mean.n_articles, mean.n_units)):
        raise ValueError("a count of units or articles in card.json is no whole number")
    return card


def card_text(card: ModelCard) -> str:
    """Return the card as a page of Markdown."""
    lines = [
        f"# Model card: {card.name}",
        "",
        f"A classifier of kind {card.kind} under codebook `{card.codebook}`, licence "
        f"{card.licence}. This page is written by the command that made the model; `card.json` "
        "beside it holds the same for machines.",
        "",
        f"- Learned from {card.n_units} units of {card.n_articles} articles by {card.n_outlets} "
        f"outlets; data hash `{card.data_sha256[:16]}`; seed {card.seed}.",
        "- Versions: " + ", ".join(f"{k} {v}" for k, v in card.versions.items()) + ".",
        "- Settings: " + ", ".join(f"{k} = {v}" for k, v in card.settings.items()) + ".",
        "",
        "## Held-out scores",
        "",
        held_out_words(card),
        "",
        "| held out by | task | macro-F1 | F1 by label | ECE | units | articles |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for by, tasks in card.held_out.items():
        for task, score in tasks.items():
            m = score["macro_f1"]
            by_label = ", ".join(f"{_cell(k)} {_f1(v)}" for k, v in score["f1"].items())
            lines.append(
                f"| {by} | {_cell(task)} | {_interval(m)} | {by_label} | "
                f"{score['calibration_error']:.2f} | {m['n_units']} | {m['n_articles']} |"
            )
    for task, bins in card.curves.items():
        lines += ["", f"### Calibration of {task}, held out", ""]
        lines += ["| confidence | units | mean confidence | right |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {b['low']:.1f} to {b['high']:.1f} | {b['accuracy']['n_units']} | "
            f"{b['confidence']:.2f} | {_interval(b['accuracy'])} |"
            for b in bins
        ]
    if card.by_outlet:
        names = list(dict.fromkeys(t for shares in card.by_outlet.values() for t in shares))
        by = "outlet" if "outlet" in card.held_out else "article"
        lines += ["", f"### Accuracy by outlet, held out by {by}", ""]
        heads = " | ".join(map(_cell, names))
        lines += [f"| outlet | units | {heads} |", "| --- " * (2 + len(names)) + "|"]
        for outlet, shares in card.by_outlet.items():
            n_units = max(share["n_units"] for share in shares.values())
            cells = " | ".join(_of_units(shares.get(t), n_units) for t in names)
            lines.append(f"| {_cell(outlet)} | {n_units} | {cells} |")
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


def held_out_words(card: ModelCard) -> str:
    """Return what must be known to read a card's held-out scores."""
    words = (
        "Macro-F1 with 95% intervals (article bootstrap), on what it learned from, each unit "
        "judged by another model of the same recipe: held out by article, one that had not seen "
        "its article; by outlet, one that had not seen its outlet. ECE is what one temperature a "
        "task leaves, fitted on the very units held out by "
        f"{next(iter(card.held_out), 'article')}."
    )
    if card.kind == "onnx":
        words += " All of the model before its export, in full precision."
    if TRIALS in card.settings:
        words += f" The best of {card.settings[TRIALS]} trials on these folds, so a little high."
    return words


def _f1(found: Mapping[str, Any] | float | None) -> str:
    """Return the F1 of a label; cards of earlier versions hold it without an interval."""
    if found is None:
        return "–"
    return f"{found:.2f}" if isinstance(found, float) else _interval(found)


def _of_units(share: Mapping[str, Any] | None, n_units: int) -> str:
    """Return a share; and of how many units, where some of them have no label of the task."""
    if share is None:
        return "–"
    some = f" of {share['n_units']}" if share["n_units"] < n_units else ""
    return _interval(share) + some


def _cell(text: str) -> str:
    """Return a name that ends no cell of a table of Markdown, and no row."""
    return " ".join(text.split()).replace("|", "\\|")


def _interval(estimate: Mapping[str, Any]) -> str:
    low, high = estimate["low"], estimate["high"]
    return f"{estimate['value']:.2f}" + ("" if low is None else f" [{low:.2f}, {high:.2f}]")
