"""What a model's folder keeps of the units that it learned from, judged before it saw them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stance.errors import BROKEN, ModelError
from stance.files import write_whole
from stance.records import LabeledUnit, same_words, text_sha256
from stance.statistics.arrays import FloatArray

Row = Mapping[str, FloatArray]  # task -> probabilities, shape (n_classes,)
# A unit's `words_key` -> the SHA-256 of each article that has it -> its row, by a model that had
# not seen that article.
HeldOut = Mapping[str, Mapping[str, Row]]


def words_key(text: str) -> str:
    """Return the hash under which a model knows a unit that it learned from.

    Of its words alone: the unit is known again in a copy of its article with another hash.
    """
    return text_sha256(same_words(text))


def rows_of(kept: HeldOut, articles: Sequence[str], texts: Sequence[str]) -> list[Row | None]:
    """Return the row of each unit, None where its words were not learned.

    Words that stand in several learned articles have a row of each. An article that was not learned
    goes by the one with which it shares most units, as a copy does.

    Parameters
    ----------
    articles, texts : length n
        The SHA-256 of each unit's article, and its text.
    """
    rows = [kept.get(words_key(text), {}) for text in texts]
    shared: dict[str, Counter[str]] = {}
    for article, found in zip(articles, rows, strict=True):
        shared.setdefault(article, Counter()).update(found.keys())
    likest = {
        article: article if article in counts else max(counts, key=counts.__getitem__, default="")
        for article, counts in shared.items()
    }
    return [
        found.get(likest[article]) or next(iter(found.values()), None)
        for article, found in zip(articles, rows, strict=True)
    ]


def write_held_out(
    path: Path, examples: Sequence[LabeledUnit], probabilities: Mapping[str, FloatArray]
) -> None:
    """Write a line for each unit that was learned, without its text.

    Parameters
    ----------
    probabilities
        Task -> shape (n_examples, n_classes).
    """
    lines: dict[tuple[str, str], str] = {}
    for i, example in enumerate(examples):
        place = {"article": example.sha256, "words": words_key(example.unit.text)}
        row = {
            task: [round(p, 4) for p in rows[i].tolist()] for task, rows in probabilities.items()
        }
        lines.setdefault((place["article"], place["words"]), json.dumps(place | row) + "\n")
    write_whole(path, "".join(lines.values()))


def read_held_out(path: Path, classes: Mapping[str, tuple[str, ...]]) -> HeldOut:
    """Return what a folder keeps, its probabilities as they were written: rounded.

    Raises
    ------
    ModelError
        If a line is no unit with its article, its words and the probabilities of each task.
    """
    shapes = {task: (len(names),) for task, names in classes.items()}
    kept: dict[str, dict[str, Row]] = {}
    for number, line in enumerate(path.read_bytes().removesuffix(b"\n").split(b"\n"), start=1):
        try:
            data = json.loads(line)
            article, words = str(data.pop("article")), str(data.pop("words"))
            row = {task: np.array(values, dtype=float) for task, values in data.items()}
        except BROKEN:
            row = {}
        if {task: values.shape for task, values in row.items()} != shapes or not all(
            values.min() >= 0 and abs(values.sum() - 1) < 0.01 for values in row.values()
        ):
            raise ModelError(
                f"{path}:{number}: not a unit with its article, its words and the probabilities of "
                "each task: damaged, or of an older stance. Train it anew"
            )
        kept.setdefault(words, {})[article] = row
    return kept
