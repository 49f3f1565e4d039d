"""`stance compare`, run as a user runs it, on a few seed articles."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STANCE = Path(sys.executable).with_name("stance")
TASKS = ("stance", "sentiment", "voice")
NAMES = [
    f"{outlet}-{i}.txt" for outlet in ("bitrate", "brackwater", "channel") for i in range(1, 5)
]
FAST = ("--model", "baseline", "--claims-by", "words")


def stance(*args, cwd=ROOT):
    return subprocess.run(
        [STANCE, *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"COLUMNS": "200"},
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with twelve articles by three outlets, and what comparing them once gave."""
    folder = tmp_path_factory.mktemp("compare")
    articles = folder / "articles"
    articles.mkdir()
    for name in [*NAMES, "articles.csv"]:
        (articles / name).write_bytes((ROOT / "seeds/articles" / name).read_bytes())
    done = stance(
        *("compare", "articles", *FAST, "-o", "r.html", "--json", "c.json", "--tables", "tables"),
        *("--methods", "m.md", "--charts", "charts", "--event", "2026-04-01"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    (folder / "stdout.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def first(place):
    return json.loads((place / "c.json").read_text(encoding="utf-8"))


def test_one_run_gives_page_json_tables_charts_and_methods_that_say_the_same(place, first):
    assert first["answer"] in (place / "stdout.txt").read_text("utf-8")
    assert first["answer"].replace("'", "&#39;") in (place / "r.html").read_text("utf-8")
    with (place / "tables/shares.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    mix = first["mixes"][0]["outlets"][0]
    (row,) = [
        row
        for row in rows
        if (row["outlet"], row["task"], row["label"], row["voice"])
        == (mix["outlet"], "stance", "skeptical", "")
    ]
    assert float(row["counted"]) == pytest.approx(mix["shares"]["skeptical"]["counted"]["value"])
    told = (place / "m.md").read_text(encoding="utf-8")
    assert first["model"]["name"] in told
    assert "Holm" in told
    assert list((place / "charts").glob("*.svg"))
    assert first["timeline"]["event"] == "2026-04-01"


def test_the_output_of_classify_compares_like_the_articles(place, first):
    done = stance(
        *("classify", "articles", "--model", "baseline", "--format", "csv", "-o", "units.csv"),
        cwd=place,
    )
    assert done.returncode == 0
    again = stance("compare", "units.csv", *FAST, "--json", "-", cwd=place)
    found = json.loads(again.stdout)
    for ours, theirs in zip(found["mixes"], first["mixes"], strict=True):
        counted = [
            {label: share["counted"] for label, share in outlet["shares"].items()}
            for mix in (ours, theirs)
            for outlet in mix["outlets"]
        ]
        assert counted[: len(counted) // 2] == counted[len(counted) // 2 :]
    # A label names its model, so what is known of a shipped one is known here too.
    assert found["model"] == first["model"]


def test_no_text_publishes_places_and_hashes_but_no_words(place, first):
    done = stance(
        *("compare", "articles", *FAST, "--no-text", "-o", "bare.html", "--json", "bare.json"),
        *("--tables", "bare"),
        cwd=place,
    )
    assert done.returncode == 0
    written = [place / "bare.html", place / "bare.json", *(place / "bare").glob("*.csv")]
    whole = "\n".join(path.read_text(encoding="utf-8") for path in written)
    texts = [unit["text"] for unit in first["units"] if len(unit["text"]) > 40]
    assert len(texts) > 100
    assert not [text for text in texts if text in whole or text.replace("'", "&#39;") in whole]
    units = json.loads((place / "bare.json").read_text(encoding="utf-8"))["units"]
    assert all(unit["text"].startswith("sha256:") for unit in units)


def test_a_labeled_random_sample_corrects_the_shares_and_the_answer_says_so(place, first):
    drawn = stance(
        *("label", "next", "articles", "--folder", "mine", "-n", "120", "--model", "baseline"),
        cwd=place,
    )
    settled = (ROOT / "labels/settled.jsonl").read_text(encoding="utf-8").splitlines()
    labels = {row["unit_id"]: row for row in map(json.loads, settled)}
    units = [json.loads(line) for line in drawn.stdout.splitlines()]
    judged = [
        {"unit_id": unit["unit_id"], "design": unit["design"]}
        | {task: labels[unit["unit_id"]][task] for task in TASKS}
        for unit in units
    ]
    (place / "judged.jsonl").write_text("\n".join(map(json.dumps, judged)), encoding="utf-8")
    imported = stance(
        "label",
        "import",
        "judged.jsonl",
        "articles",
        "--annotator",
        "ada",
        "--folder",
        "mine",
        cwd=place,
    )
    assert imported.returncode == 0, imported.stderr
    done = stance("compare", "articles", *FAST, "--sample", "mine", "--json", "-", cwd=place)
    found = json.loads(done.stdout)
    assert found["sample"]["n_labels"] == 120
    assert "corrected by 120 labels of a random sample" in found["answer"]
    for outlet in found["mixes"][0]["outlets"]:
        shares = [share["corrected"] for share in outlet["shares"].values()]
        assert sum(share["value"] for share in shares) == pytest.approx(1, abs=0.02)
        assert all(share["low"] <= share["value"] <= share["high"] for share in shares)
    assert "correction" in found["methods"]
    assert "correction" not in first["methods"]


def test_pairs_of_units_are_written_judged_and_read_back_as_precision_and_recall(place):
    wrote = stance(
        "compare", "articles", *FAST, "--check-claims", "20", "--checks", "pairs.csv", cwd=place
    )
    assert wrote.returncode == 0, wrote.stderr
    with (place / "pairs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["same_claim"] = "n" if number % 2 else "y"
    with (place / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    done = stance("compare", "articles", *FAST, "--checks", "pairs.csv", "--json", "-", cwd=place)
    checked = json.loads(done.stdout)["alignment"]["checked"]
    assert checked["n_judged"] == len(rows)
    assert 0 <= checked["precision"]["value"] <= 1


def test_one_outlet_is_described_and_what_cannot_be_said_is_told(place):
    alone = stance("compare", "articles/bitrate-1.txt", *FAST, cwd=place)
    assert alone.returncode == 0
    assert "One outlet: nothing can be compared" in alone.stdout


def test_a_date_that_is_none_is_told_in_one_line(place):
    done = stance("compare", "articles", *FAST, "--event", "in spring", cwd=place)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "in spring" in done.stderr
