"""What a model has learned from: what it may not be measured on, nor whatever is made from it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stance.classifiers.cards import read_card
from stance.classifiers.held_out import words_key
from stance.errors import BROKEN, ModelError
from stance.records import LabeledUnit

# Files that only models of ours have: one of them, and it is no encoder of others.
OWN = ("card.json", "held_out.jsonl", "calibration.json")

SOME = 3  # units of an article; no held-out seed article shares more than one with the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a model has learned from, and those that it was made from before it."""

    articles: frozenset[str] = frozenset()  # their hashes
    words: frozenset[str] = frozenset()  # the first 16 digits of each unit's `words_key`

    def known(self, examples: Sequence[LabeledUnit]) -> set[str]:
        """Return the hashes of articles that are among those, or of whose units half are.

        One unit says nothing: outlets end their articles with the same words.
        """
        units: dict[str, list[bool]] = {}
        for example in examples:
            key = words_key(example.unit.text)[:16]
            units.setdefault(example.sha256, []).append(key in self.words)
        copies = {article for article, known in units.items() if 2 * sum(known) >= len(known)}
        return copies | (self.articles & units.keys())

    def met(self, examples: Sequence[LabeledUnit]) -> list[bool]:
        """Return of each unit whether it was learned from, in its article or in another.

        In an article that is not known, units with words that were learned are met where there
        are some: a longer article that holds a learned one. Fewer are what outlets repeat.
        """
        known = self.known(examples)
        same = [words_key(example.unit.text)[:16] in self.words for example in examples]
        n_same = Counter(e.sha256 for e, found in zip(examples, same, strict=True) if found)
        return [
            example.sha256 in known or (found and n_same[example.sha256] >= SOME)
            for example, found in zip(examples, same, strict=True)
        ]


def learned_by(*folders: Path) -> Learned:
    """Return what the models in these folders have learned from; a folder of no model adds nothing.

    Other people's encoders are such: what they have learned from is not known here.

    Raises
    ------
    ModelError
        If a model's folder does not say what it learned from: its card or its held-out
        probabilities cannot be read.
    """
    articles: set[str] = set()
    words: set[str] = set()
    for folder in folders:
        if not any((folder / name).exists() for name in OWN):
            continue
        try:
            card = read_card(folder / "card.json")
            lines = (folder / "held_out.jsonl").read_bytes().splitlines()
            kept = {str(json.loads(line)["words"])[:16] for line in lines}
        except BROKEN as error:
            raise ModelError(
                f"{folder}: cannot tell what it learned from, card.json or held_out.jsonl cannot "
                f"be read: {error!r}; give the model's whole folder, as `stance train` wrote it"
            ) from None
        articles.update(card.trained_on)
        words.update(card.beside, kept)
    return Learned(articles=frozenset(articles), words=frozenset(words))
