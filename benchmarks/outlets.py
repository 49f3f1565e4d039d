"""Outlets compared by labels that people gave, and how fast tables of labels are read.

BABE has sentences of eleven outlets that five experts called biased or not; BASIL has articles of
three outlets on the same 100 events with every biased span marked. Both become tables of labels
under a codebook written for them and are compared; counts are checked against those that their
README states. Then a table of 100,000 made-up rows is read in each format, and a corpus of 100,000
made-up units is compared by one command, claims matched by words and by meaning.
STANCE_BENCHMARKS names the folder of the public benchmarks.

    STANCE_BENCHMARKS=... python benchmarks/outlets.py [babe] [basil] [speed] [whole]
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
from typing import Any

from stance.codebook import Codebook, read_codebook
from stance.comparison.observations import observe
from stance.engine.classified import read_classified
from stance.report.machine import columns, table_writer
from stance.resources import data_folder

SEED = 7
SIZES = (25_000, 100_000)
OUTLETS = 8
ROWS_OF_ARTICLE = 25
CLAIMS, AGAIN = 2000, 0.2


def written_codebook(path: Path, question: str, labels: Sequence[str]) -> None:
    """Write a codebook with one task."""
    lines = [
        f'name = "{path.stem}"\nversion = "1.0"\nlanguage = "en"',
        '[target]\nname = "the news"\ndescription = "Whatever the sentence is about."',
        '[unit]\ndescription = "A sentence."',
        f'[[tasks]]\nname = "stance"\nquestion = "{question}"\nordered = false',
        *(f'[[tasks.labels]]\nname = "{x}"\ndefinition = "As its authors say."' for x in labels),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def json_rows(name: str) -> list[dict[str, object]]:
    """Return the rows of a file of the public benchmarks."""
    if "STANCE_BENCHMARKS" not in os.environ:
        raise SystemExit("STANCE_BENCHMARKS must name the folder of the public benchmarks")
    path = Path(os.environ["STANCE_BENCHMARKS"]) / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def compare(table: Path, *options: str) -> tuple[dict[str, Any], str]:
    """Return what `stance compare` writes of a table, and the time and memory that it took."""
    out = table.with_name("comparison.json")
    command = [sys.executable, "-m", "stance", "compare", str(table), *options, "--json", str(out)]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said)
    wall, cpu = time.perf_counter() - begin, used.ru_utime + used.ru_stime
    cost = f"{wall:.0f} s, {cpu:.0f} s of CPU, {used.ru_maxrss / 1024:,.0f} MiB at the most"
    return json.loads(out.read_text(encoding="utf-8")), cost


def compared(
    name: str,
    question: str,
    labels: Sequence[str],
    rows: Iterable[Mapping[str, object]],
    *,
    stated: Mapping[str, int],
) -> None:
    """Write rows as a table of labels, compare its outlets, and print what is found.

    Parameters
    ----------
    stated
        Label or outlet -> how many rows it has by the data set's README.
    """
    with tempfile.TemporaryDirectory() as folder:
        table, book = Path(folder) / f"{name}.jsonl", Path(folder) / f"{name}.toml"
        written_codebook(book, question, labels)
        table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        found, cost = compare(table, "--codebook", str(book), "--copies", "printed")
    units, mix, copies = found["units"], found["mixes"][0], found["copies"]
    counts = Counter(unit["outlet"] for unit in units)
    counts.update(unit["labels"]["stance"] for unit in units)
    wrong = {what: (counts[what], n) for what, n in stated.items() if counts[what] != n}
    print(f"{name}: {len(units):,} units; counts unlike those stated: {wrong or 'none'}; {cost}")
    print(f"  {found['answer']}")
    for outlet in mix["outlets"]:
        shares = [
            f"{label} {share['counted']['value']:.1%} {limits(share['counted'])}"
            for label, share in outlet["shares"].items()
        ]
        size = f"{outlet['n_articles']:5} articles {outlet['n_units']:5} units"
        print(f"  {outlet['outlet']:15} {size}  {'; '.join(shares)}")
    for pair in sorted(mix["pairs"], key=lambda pair: -pair["distance"]["value"])[:3]:
        print(
            f"  {pair['left']} and {pair['right']}: distance {pair['distance']['value']:.3f}, "
            f"p {pair['p_holm']:.4f} after Holm"
        )
    print(f"  copies: {len(copies['groups'])} groups; shared claims: {agreement(found)}")
    for left in found["selection"]:
        print(
            f"  {left['outlet']:15} makes {left['n_made']} of {left['n_claims']} claims of others, "
            f"{left['expected']:.1f} by chance, p {left['p_holm']} after Holm"
        )


def limits(found: Mapping[str, Any]) -> str:
    """Return the interval of an estimate in words."""
    if found["low"] is None:
        return "[no interval]"
    return f"[{found['low']:.1%}, {found['high']:.1%}]"


def agreement(found: Mapping[str, Any]) -> str:
    """Return how far outlets agree on shared claims."""
    measured = found["agreement"][0]
    alpha = measured["nominal"]
    if alpha is None:
        return f"{measured['n_claims']}"
    value = f"{alpha['value']:.2f} [{alpha['low']:.2f}, {alpha['high']:.2f}]"
    return f"{measured['n_claims']}, alpha of the labels on them {value}"


def babe() -> None:
    """Print how much of each outlet's sentences experts call biased."""
    stated = {"Biased": 1810, "Non-biased": 1863, "Breitbart": 943, "Alternet": 773}
    stated |= {"Reuters": 761, "MSNBC": 273, "Fox News": 245, "USA Today": 199, "HuffPost": 124}
    rows = [
        {"article_id": row["id"], **{name: row[name] for name in ("text", "source", "label")}}
        for row in json_rows("babe/babe_sg2.jsonl")
        if row["label"] != "No agreement"
    ]
    labels = ["Biased", "Non-biased"]
    compared("babe", "Is the sentence biased?", labels, rows, stated=stated)


def basil() -> None:
    """Print how much of each outlet's sentences has lexical or informational bias."""
    stated = {"none": 6361, "informational": 1174, "lexical": 405, "both": 44}
    stated |= {"nyt": 3049, "fox": 2639, "hpo": 2296}
    dates = {row["id"]: row["date"] for row in json_rows("basil/articles.jsonl")}
    rows = [
        {"unit_id": row["id"], "article_id": row["article"], "date": dates[row["article"]]}
        | {name: row[name] for name in ("text", "source", "label")}
        for row in json_rows("basil/sentences.jsonl")
    ]
    labels = ["none", "informational", "lexical", "both"]
    compared("basil", "Which bias?", labels, rows, stated=stated)


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


def statements(rng: random.Random) -> Iterator[str]:
    """Yield statements in the seeds' words without end: one in five says again what one said."""
    folder = data_folder("seeds") / "articles"
    pool = " ".join(
        path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))
    ).split()

    def words(n: int) -> list[str]:
        start = rng.randrange(len(pool) - n)
        return pool[start : start + n]

    said = [[*words(8), *words(8)] for _ in range(CLAIMS)]
    while True:
        if rng.random() < AGAIN:
            again = list(rng.choice(said))
            for place in rng.sample(range(len(again)), 3):
                again[place] = rng.choice(pool)
            yield " ".join(again)
        else:
            yield " ".join([*words(rng.randint(4, 14)), *words(rng.randint(4, 14))])


def whole() -> None:
    """Print the time and the memory of one comparison of many units."""
    book, rng = read_codebook(), random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        path, page = Path(folder) / "classified.jsonl", Path(folder) / "report.html"
        with path.open("w") as file, table_writer(file, "jsonl", book) as write:
            rows = made_up(SIZES[-1], book)
            for row, text in zip(rows, statements(rng), strict=False):
                write([row | {"text": text}])
        for vectors in ("words", "meaning"):
            options = ["--claims-by", vectors, "-o", str(page), "--tables", f"{folder}/tables"]
            found, cost = compare(path, *options)
            print(
                f"  {len(found['units']):,} units, claims by {vectors}: {cost}; "
                f"{len(found['alignment']['claims']):,} shared claims; "
                f"page {page.stat().st_size / 2**20:.0f} MiB",
                flush=True,
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
    parts = {"babe": babe, "basil": basil, "speed": speed, "whole": whole}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
