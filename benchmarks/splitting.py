"""Compare our units with plain sentencex and NLTK's Punkt, on the same texts, in one run.

STANCE_BENCHMARKS names a folder that holds segmentation/golden_rules_en.jsonl,
extra_cases_en.jsonl and gum_docs_en.jsonl. The two other splitters get one paragraph at a time;
ours gets the whole document, and finds its headings and lists itself.

Run: STANCE_BENCHMARKS=path/to/benchmarks python benchmarks/splitting.py
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import punkt
from sentencex import get_sentence_boundaries

from stance.corpus.sentences import trimmed
from stance.corpus.units import split_units
from stance.records import Article, text_sha256

Spans = list[tuple[int, int]]
# Rules about a line break inside a sentence: white space inside may differ.
BROKEN_LINES = ("gr-40", "gr-41")
N_RUNS = 5


def by_paragraph(spans_of: Callable[[str], Iterable[tuple[int, int]]]) -> Callable[[str], Spans]:
    """Return a splitter of documents made from one of paragraphs."""

    def split(text: str) -> Spans:
        spans = [
            trimmed(text, paragraph.start() + start, paragraph.start() + end)
            for paragraph in re.finditer(r"[^\n]+(?:\n[^\n]+)*", text)
            for start, end in spans_of(paragraph[0])
        ]
        return [span for span in spans if span[0] < span[1]]

    return split


def plain_spans(paragraph: str) -> Spans:
    """Return sentencex's sentences."""
    found = get_sentence_boundaries("en", paragraph)
    return [(sentence["start_index"], sentence["end_index"]) for sentence in found]


def our_spans(text: str) -> Spans:
    """Return our units."""
    article = Article(id="a", text=text, original=text, sha256=text_sha256(text))
    return [(unit.start, unit.end) for unit in split_units(article)]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def n_passed(split: Callable[[str], Spans], rows: list[dict[str, Any]]) -> int:
    """Return how many rows' sentences come out exactly."""
    n = 0
    for row in rows:
        sentences = [row["text"][start:end] for start, end in split(row["text"])]
        wanted = [sentence.strip() for sentence in row["sentences"]]
        if row["id"] in BROKEN_LINES:
            sentences = [" ".join(sentence.split()) for sentence in sentences]
            wanted = [" ".join(sentence.split()) for sentence in wanted]
        n += sentences == wanted
    return n


def exact_spans(split: Callable[[str], Spans], documents: list[dict[str, Any]]) -> str:
    """Return precision, recall and F1 of exact spans over all documents' sentences, as text."""
    n_right = n_found = n_gold = 0
    for document in documents:
        found, gold = set(split(document["text"])), set(map(tuple, document["spans"]))
        n_right, n_found, n_gold = (
            n_right + len(found & gold),
            n_found + len(found),
            n_gold + len(gold),
        )
    precision, recall, f1 = n_right / n_found, n_right / n_gold, 2 * n_right / (n_found + n_gold)
    return f"{precision:.3f} {recall:.3f} {f1:.3f}"


def seconds(split: Callable[[str], Spans], texts: list[str]) -> float:
    """Return the shortest of several runs over the texts."""
    times = []
    for _ in range(N_RUNS):
        start = time.perf_counter()
        for text in texts:
            split(text)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the table."""
    if "STANCE_BENCHMARKS" not in os.environ:
        sys.exit("Set STANCE_BENCHMARKS to the folder of benchmark data.")
    folder = Path(os.environ["STANCE_BENCHMARKS"]) / "segmentation"
    golden = read_rows(folder / "golden_rules_en.jsonl")
    extra = read_rows(folder / "extra_cases_en.jsonl")
    documents = read_rows(folder / "gum_docs_en.jsonl")
    texts = [document["text"] for document in documents]
    n_characters = sum(map(len, texts))
    splitters = {
        "sentencex": by_paragraph(plain_spans),
        "Punkt": by_paragraph(punkt.tokenizer_for("english").span_tokenize),
        "ours": our_spans,
    }
    parts = {
        part: [document for document in documents if part in ("all", document["split"])]
        for part in sys.argv[1:] or ("train", "dev", "test", "all")
    }
    columns = "".join(f"{f'GUM {part} P R F1':>19}" for part in parts)
    print(f"{'':10}{'golden':>8}{'extra':>8}{columns}{'characters/s':>14}{'ratio':>7}")
    plain_seconds = seconds(splitters["sentencex"], texts)
    for name, split in splitters.items():
        taken = plain_seconds if name == "sentencex" else seconds(split, texts)
        scores = "".join(f"{exact_spans(split, part):>19}" for part in parts.values())
        print(
            f"{name:10}{f'{n_passed(split, golden)}/{len(golden)}':>8}"
            f"{f'{n_passed(split, extra)}/{len(extra)}':>8}{scores}"
            f"{n_characters / taken:>14,.0f}{plain_seconds / taken:>7.2f}"
        )


if __name__ == "__main__":
    main()
