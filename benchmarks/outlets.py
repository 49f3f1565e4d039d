"""Outlets compared by labels that people gave, and how fast tables of labels are read.

BABE has sentences of eleven outlets that five experts called biased or not; BASIL has articles of
three outlets on the same 100 events with every biased span marked. Both become tables of labels
under a codebook written for them, are read as such, and counts are checked against those that
their README states. Then a table of 100,000 made-up rows is read in each format.
STANCE_BENCHMARKS names the folder of the public benchmarks.

    STANCE_BENCHMARKS=... python benchmarks/outlets.py [babe] [basil] [speed]
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from stance.codebook import Codebook, read_codebook
from stance.comparison.mixes import compare_mixes
from stance.comparison.observations import observe
from stance.engine.classified import is_classified, read_classified
from stance.report.machine import columns, table_writer

SEED = 7
SIZES = (25_000, 100_000)
OUTLETS = 8
ROWS_OF_ARTICLE = 25


def written_codebook(folder: Path, name: str, question: str, labels: Sequence[str]) -> Codebook:
    """Return a codebook with one task, written into a folder."""
    lines = [
        f'name = "{name}"\nversion = "1.0"\nlanguage = "en"',
        '[target]\nname = "the news"\ndescription = "Whatever the sentence is about."',
        '[unit]\ndescription = "A sentence."',
        f'[[tasks]]\nname = "stance"\nquestion = "{question}"\nordered = false',
        *(f'[[tasks.labels]]\nname = "{x}"\ndefinition = "As its authors say."' for x in labels),
    ]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_codebook(path)


def json_rows(name: str) -> list[dict[str, object]]:
    """Return the rows of a file of the public benchmarks."""
    if "STANCE_BENCHMARKS" not in os.environ:
        raise SystemExit("STANCE_BENCHMARKS must name the folder of the public benchmarks")
    path = Path(os.environ["STANCE_BENCHMARKS"]) / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def compared(
    rows: Iterable[Mapping[str, object]], book: Codebook, path: Path, *, stated: Mapping[str, int]
) -> None:
    """Write rows as a table of labels, read it, and print its shares by outlet.

    Parameters
    ----------
    stated
        Label or outlet -> how many rows it has by the data set's README.
    """
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    if not is_classified(path, book):
        raise SystemExit(f"{path.name} is not taken for a table of labels")
    units = list(read_classified(path, book))
    counts = Counter(unit.source or "" for unit in units)
    counts.update(unit.predictions["stance"].label for unit in units)
    wrong = {name: (counts[name], n) for name, n in stated.items() if counts[name] != n}
    print(f"{book.name}: {len(units)} units; counts unlike those stated: {wrong or 'none'}")
    mixes = compare_mixes(observe(units, book), book.task("stance"), settled={}, seed=SEED)
    for mix in mixes.outlets:
        shares = []
        for label, share in mix.shares.items():
            counted = share.counted
            limits = "no interval"
            if counted.low is not None and counted.high is not None:
                limits = f"{counted.low:.1%}, {counted.high:.1%}"
            shares.append(f"{label} {counted.value:.1%} [{limits}]")
        size = f"{mix.n_articles:5} articles {mix.n_units:5} units"
        print(f"  {mix.outlet:15} {size}  {'; '.join(shares)}")
    p = "none" if mixes.same_mix_p is None else f"{mixes.same_mix_p:.4f}"
    print(f"  p of one mix for all: {p}")
    for pair in sorted(mixes.pairs, key=lambda pair: -pair.distance.value)[:3]:
        print(
            f"  {pair.left} and {pair.right}: distance {pair.distance.value:.3f}, "
            f"p {pair.p_holm:.4f} after Holm"
        )


def babe() -> None:
    """Print how much of each outlet's sentences experts call biased."""
    stated = {"Biased": 1810, "Non-biased": 1863, "Breitbart": 943, "Alternet": 773}
    stated |= {"Reuters": 761, "MSNBC": 273, "Fox News": 245, "USA Today": 199, "HuffPost": 124}
    with tempfile.TemporaryDirectory() as folder:
        book = written_codebook(
            Path(folder), "babe", "Is the sentence biased?", ["Biased", "Non-biased"]
        )
        rows = [
            {"article_id": row["id"], **{name: row[name] for name in ("text", "source", "label")}}
            for row in json_rows("babe/babe_sg2.jsonl")
            if row["label"] != "No agreement"
        ]
        compared(rows, book, Path(folder) / "babe.jsonl", stated=stated)


def basil() -> None:
    """Print how much of each outlet's sentences has lexical or informational bias."""
    stated = {"none": 6361, "informational": 1174, "lexical": 405, "both": 44}
    stated |= {"nyt": 3049, "fox": 2639, "hpo": 2296}
    dates = {row["id"]: row["date"] for row in json_rows("basil/articles.jsonl")}
    with tempfile.TemporaryDirectory() as folder:
        book = written_codebook(
            Path(folder), "basil", "Which bias?", ["none", "informational", "lexical", "both"]
        )
        rows = [
            {"unit_id": row["id"], "article_id": row["article"], "date": dates[row["article"]]}
            | {name: row[name] for name in ("text", "source", "label")}
            for row in json_rows("basil/sentences.jsonl")
        ]
        compared(rows, book, Path(folder) / "basil.jsonl", stated=stated)


def made_up(n: int, book: Codebook) -> Iterator[dict[str, object]]:
    """Yield rows as `stance classify` writes them."""
    rng = random.Random(SEED)
    for i in range(n):
        article, place = divmod(i, ROWS_OF_ARTICLE)
        row: dict[str, object] = dict.fromkeys(columns(book))
        row |= {"article_id": f"outlet-{article % OUTLETS}/{article}", "kind": "sentence"}
        row |= {"source": f"Outlet {article % OUTLETS}", "date": f"2026-01-{1 + article % 28:02}"}
        row |= {"sha256": f"{article:064x}", "index": place, "abstained": False, "model": "m@0"}
        row |= {"start": place * 130, "end": place * 130 + 120, "codebook": book.reference}
        row["unit_id"] = f"{row['article_id']}:{row['start']}-{row['end']}"
        row["text"] = " ".join(f"word{rng.randrange(5000)}" for _ in range(15))
        for task in book.tasks:
            shares = [rng.random() for _ in task.classes]
            rounded = [round(share / sum(shares), 4) for share in shares]
            row |= {f"{task.name}_{x}": p for x, p in zip(task.classes, rounded, strict=True)}
            row[task.name] = task.classes[rounded.index(max(rounded))]
        yield row


def speed() -> None:
    """Print the time and the memory that tables take, each in a process of its own."""
    book = read_codebook()
    here = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import outlets"
    with tempfile.TemporaryDirectory() as folder:
        for n in SIZES:
            for form in ("jsonl", "csv", "parquet"):
                path = Path(folder) / f"{n}.{form}"
                with (
                    path.open("wb") if form == "parquet" else path.open("w", newline="") as file,
                    table_writer(file, form, book) as write,
                ):
                    rows = made_up(n, book)
                    # In batches, since a process is said to have used what its parent did.
                    while batch := list(islice(rows, 2000)):
                        write(batch)
                done = subprocess.run(
                    [sys.executable, "-c", f"{here}; outlets.timed({str(path)!r})"],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                parsing, reading, observing, mebibytes = map(float, done.stdout.split())
                print(
                    f"  {n:7,} rows of {form:7}: read in {reading:5.1f} s"
                    f" ({reading / parsing:.1f} times parsing alone), in columns in "
                    f"{observing:4.1f} s; {mebibytes:.0f} MiB at the most"
                )


def timed(name: str) -> None:
    """Print seconds of parsing, reading and observing a table, and the process's peak in MiB."""
    path, book = Path(name), read_codebook()
    started = time.process_time()
    if path.suffix == ".parquet":
        from pyarrow import parquet

        with parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=4096):
                batch.to_pylist()
    elif path.suffix == ".csv":
        import csv

        with path.open(encoding="utf-8", newline="") as file:
            for _ in csv.DictReader(file):
                pass
    else:
        with path.open(encoding="utf-8") as file:
            for line in file:
                json.loads(line)
    parsed = time.process_time()
    units = list(read_classified(path, book))
    read = time.process_time()
    observe(units, book)
    observed = time.process_time()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(parsed - started, read - parsed, observed - read, most)


def main() -> None:
    """Print the parts that are asked for, or all."""
    parts = {"babe": babe, "basil": basil, "speed": speed}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
