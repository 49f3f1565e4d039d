"""`stance compare`, run as a user runs it, on a few seed articles."""

import csv
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import get_type_hints

import pytest

from stance.labeling.queue import read_draws

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
    for name in NAMES:
        (articles / name).write_bytes((ROOT / "seeds/articles" / name).read_bytes())
    head, *rows = (ROOT / "seeds/articles/articles.csv").read_text("utf-8").splitlines()
    kept = [head, *(row for row in rows if row.startswith(tuple(f"{name}," for name in NAMES)))]
    (articles / "articles.csv").write_text("\n".join(kept), encoding="utf-8")
    done = stance(
        *("compare", "articles", *FAST, "-o", "r.html", "--json", "c.json", "--tables", "tables"),
        *("--methods", "m.md", "--charts", "charts", "--event", "2026-04-01"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    (folder / "stderr.txt").write_text(done.stderr, encoding="utf-8")
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
    assert found["sample"]["remedy"].startswith(
        "stance label next PATH_OF_ARTICLES --model baseline --folder"
    )
    # A label names its model, so what is known of a shipped one is known here too.
    assert found["model"] == first["model"]


def test_no_text_publishes_places_and_hashes_but_no_words(place, first):
    done = stance(
        *("compare", "articles", *FAST, "--no-text", "-o", "bare.html", "--json", "bare.json"),
        *("--tables", "bare", "--charts", "charts", "--check-claims", "12", "--checks", "bare.csv"),
        cwd=place,
    )
    assert done.returncode == 0
    assert "bare.csv; it holds sentences of the articles: do not publish it" in done.stderr
    (beside,) = [line for line in done.stderr.splitlines() if "not written by this run" in line]
    assert beside == (
        "stance: charts: not written by this run, so maybe of an earlier one: "
        "around-2026-04-01.png, around-2026-04-01.svg"
    )
    written = [place / "bare.html", place / "bare.json", *(place / "bare").glob("*.csv")]
    whole = "\n".join(path.read_text(encoding="utf-8") for path in written)
    texts = [unit["text"] for unit in first["units"] if len(unit["text"]) > 40]
    assert len(texts) > 100
    assert not [text for text in texts if text in whole or text.replace("'", "&#39;") in whole]
    units = json.loads((place / "bare.json").read_text(encoding="utf-8"))["units"]
    assert all(unit["text"].startswith("sha256:") for unit in units)


def test_no_text_quotes_no_line_that_an_outlet_repeats(tmp_path):
    line = "Subscribe to the secret Zanzibar newsletter today for chips."
    for number, name in enumerate(NAMES):
        outlet, end = ("A", f"\n\n{line}\n") if number < 8 else ("B", "")
        (tmp_path / "articles" / outlet).mkdir(parents=True, exist_ok=True)
        text = (ROOT / "seeds/articles" / name).read_text("utf-8")
        (tmp_path / "articles" / outlet / name).write_text(text + end, "utf-8")
    kept = ("-o", "r.html", "--json", "r.json", "--tables", "tables", "--methods", "m.md")
    done = stance("compare", "articles", *FAST, "--no-text", *kept, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    files = [tmp_path / name for name in kept[1::2] if name != "tables"]
    written = [path.read_text("utf-8") for path in (*files, *(tmp_path / "tables").glob("*.csv"))]
    assert "Zanzibar" not in "\n".join((done.stdout, done.stderr, *written))
    told = "units are lines that their outlet prints word for word in more than 5 articles. They"
    for where in (done.stdout, *written[:2]):
        assert told in where
    # The page's own hashes are those of the words, not of what stands for them in the JSON.
    assert sha256(line.encode()).hexdigest()[:12] in written[0]


def test_no_text_tells_no_name_of_an_article_nor_a_path_that_was_given(tmp_path):
    names = ("chips-on-sale/index", "ChipBanEases", "b_Chip ban", "Ferry-engines-sail/index")
    for number, name in enumerate(names):
        file = tmp_path / "my-news" / "AABB"[number] / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / "seeds/articles" / NAMES[number]).read_text("utf-8")
        file.write_text(f"---\ntitle: Chips cheer {number}\nsource: {'AABB'[number]}\n---\n{text}")
    head = "article_id,unit_id,source,text,stance"
    rows = [
        f"https://c.org/walrus-{i},walrus-{i},C,Chip sale number {i} is on.,neutral"
        for i in range(3)
    ]
    (tmp_path / "table.csv").write_text("\n".join([head, *rows]), "utf-8")
    kept = ("-o", "r.html", "--json", "r.json", "--tables", "tables", "--methods", "m.md")
    kept += ("--charts", "charts")
    given = (str(tmp_path / "my-news/A"), "./my-news/B", "table.csv")
    command = ("compare", *given, *FAST, "--no-text", *kept)
    done = stance(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    def written():
        made = [tmp_path / name for name in kept[1::2]]
        made += [file for folder in ("tables", "charts") for file in (tmp_path / folder).iterdir()]
        return {file.name: file.read_bytes() for file in made if file.is_file()}

    once = written()
    texts = [data.decode("utf-8") for name, data in once.items() if not name.endswith(".png")]
    whole = "\n".join([done.stdout, *texts])
    for word in ("on-sale", "ChipBan", "Chip ban", "Ferry", "Chips cheer", "walrus", "my-news"):
        assert word not in whole
    page, found = once["r.html"].decode("utf-8"), json.loads(once["r.json"])
    assert "<code>stance compare PATH PATH PATH --model baseline" in page
    assert "label next PATH PATH PATH_OF_ARTICLES" in found["sample"]["remedy"]
    assert found["sample"]["remedy"] in " ".join(found["refusals"])
    assert {outlet["outlet"] for outlet in found["mixes"][0]["outlets"]} == {"A", "B", "C"}
    text = (tmp_path / "my-news/A/ChipBanEases.txt").read_bytes()
    assert sha256(text).hexdigest()[:12] in {unit["article_id"] for unit in found["units"]}
    assert stance(*command, cwd=tmp_path).stdout == done.stdout
    assert written() == once


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
    assert "corrected by 120 hand labels" in found["answer"]
    for outlet in found["mixes"][0]["outlets"]:
        shares = [share["corrected"] for share in outlet["shares"].values()]
        assert sum(share["value"] for share in shares) == pytest.approx(1, abs=0.02)
        assert all(share["low"] <= share["value"] <= share["high"] for share in shares)
    assert "correction" in found["methods"]
    assert "correction" not in first["methods"]
    assert any(said.startswith("Shares by week are counted") for said in found["caveats"])


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
    judged = (place / "pairs.csv").read_bytes()
    again = stance(*wrote.args[1:], cwd=place)
    assert again.returncode == 1
    assert "pairs.csv and pairs.design.json: are there already" in again.stderr
    assert (place / "pairs.csv").read_bytes() == judged
    design = (place / "pairs.design.json").read_bytes()
    (place / "pairs.csv").rename(place / "moved.csv")
    again = stance(*wrote.args[1:], cwd=place)
    assert again.returncode == 1
    assert "pairs.design.json: is there already" in again.stderr
    assert (place / "pairs.design.json").read_bytes() == design


@pytest.mark.parametrize("option", ["-o", "--tables", "--charts"])
def test_a_page_or_a_folder_is_not_written_to_standard_output(tmp_path, option):
    done = stance("compare", ROOT / "seeds/articles", option, "-", cwd=tmp_path)
    assert done.returncode == 2
    assert "name a file or a folder" in done.stderr
    assert not list(tmp_path.iterdir())


def test_one_outlet_is_described_and_what_cannot_be_said_is_told(place):
    alone = stance("compare", "articles/bitrate-1.txt", *FAST, cwd=place)
    assert alone.returncode == 0
    assert "One outlet: nothing can be compared" in alone.stdout


def test_a_date_that_is_none_is_told_in_one_line(place):
    done = stance("compare", "not-there", *FAST, "--event", "in spring", cwd=place)
    assert done.returncode == 1  # before anything is read
    assert done.stderr.count("\n") == 1
    assert "in spring" in done.stderr


def test_every_file_that_is_written_is_told(place):
    told = (place / "stderr.txt").read_text(encoding="utf-8")
    for file in ("r.html", "c.json", "m.md", "tables", "charts"):
        assert file in told
    done = stance("classify", "articles", "--model", "baseline", "-o", "told.parquet", cwd=place)
    assert "wrote told.parquet as parquet" in done.stderr


def test_the_event_stands_on_the_terminal(place):
    assert "stance before and from 2026-04-01" in (place / "stdout.txt").read_text("utf-8")


def test_the_draw_that_is_advised_names_the_articles_and_the_model(place):
    advised = "stance label next articles --model baseline --folder my-labels"
    assert advised in (place / "stdout.txt").read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ("next", "--folder", "x", "--model", "baseline"),
        ("plan", "--model", "baseline"),
        ("serve", "--folder", "x"),
        ("export", "--form", "csv"),
    ],
    ids=lambda words: words[0],
)
def test_a_table_of_labeled_units_is_no_article_to_label(place, words):
    (place / "rows.csv").write_text(
        "article_id,source,text,stance\na,Herald,The ferry sails.,neutral\n", encoding="utf-8"
    )
    done = stance("label", words[0], "rows.csv", *words[1:], cwd=place)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "rows.csv: a table of labeled units" in done.stderr
    assert not (place / "x").exists()


def test_a_draw_says_how_to_judge_it_and_compare_says_that_nobody_did(place):
    drawn = stance(
        *("label", "next", "articles", "--folder", "un judged", "-n", "9999", "--plan", "random"),
        *("--codebook", ROOT / "labels/h200-access.toml"),
        cwd=place,
    )
    n = drawn.stdout.count("\n")
    assert f"all {n} units, random (seed 7): nothing is left to draw" in drawn.stderr
    named = f"articles --codebook {ROOT / 'labels/h200-access.toml'}"
    page = f"stance label serve {named} --folder 'un judged'"
    (draw,) = read_draws(place / "un judged/draws.jsonl")
    assert f"{page} --draw {draw}\n" in drawn.stderr
    assert f"stance label export {named} --form csv --unlabeled --units FILE" in drawn.stderr
    done = stance(
        *("compare", "articles", *FAST, "--sample", "un judged"),
        *("--codebook", ROOT / "labels/h200-access.toml"),
        cwd=place,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"holds a draw of {n} units of which none is judged yet" in done.stderr
    assert page in done.stderr


def test_the_name_of_the_output_tells_its_format_and_may_not_contradict_it(place):
    one = ("classify", "articles/bitrate-1.txt", "--model", "baseline")
    assert stance(*one, "-o", "one.csv", cwd=place).returncode == 0
    assert (place / "one.csv").read_text(encoding="utf-8-sig").startswith("article_id,source,")
    refused = stance(*one, "--format", "jsonl", "-o", "two.csv", cwd=place)
    assert refused.returncode == 2
    assert "two.csv" in refused.stderr
    assert not (place / "two.csv").exists()


def test_tables_that_number_their_articles_alike_are_refused_and_one_given_twice_counts_once(place):
    for name, label in (("quay", "optimistic"), ("mole", "skeptical")):
        rows = "".join(f"{i},{name},{label},{name} wrote {i}.\n" for i in range(1, 4))
        (place / f"{name}.csv").write_text(
            f"article_id,source,stance,text\n{rows}", encoding="utf-8"
        )
    both = stance("compare", "quay.csv", "mole.csv", *FAST, cwd=place)
    assert both.returncode == 1
    assert "mole.csv: row 1: article '1' stands in quay.csv too." in both.stderr
    (place / "1.txt").write_text("---\nsource: Pier\n---\nIt sails.\n", encoding="utf-8")
    mixed = stance("compare", "quay.csv", "1.txt", *FAST, cwd=place)
    assert "quay.csv: article '1' stands among the articles too." in mixed.stderr
    once = stance("compare", "quay.csv", "./quay.csv", *FAST, "--json", "-", cwd=place)
    assert json.loads(once.stdout)["corpus"]["n_units"] == 3


def test_a_row_without_an_outlet_an_unknown_codebook_and_no_article_are_told(place):
    (place / "outlets.csv").write_text(
        "article_id,source,stance\na,Herald,neutral\nb,,neutral\n", encoding="utf-8"
    )
    done = stance("compare", "outlets.csv", *FAST, cwd=place)
    assert "outlets.csv: row 2: article 'b' has no outlet. Fill in its outlet" in done.stderr
    (place / "texts.csv").write_text("source,text\nHerald,One.\n,Two.\n", encoding="utf-8")
    done = stance("compare", "texts.csv", *FAST, cwd=place)
    assert "texts.csv: article 'texts-2' has no outlet. Fill in its outlet" in done.stderr
    done = stance("compare", "articles", "--codebook", "no-such-book", cwd=place)
    assert "no-such-book: no such codebook" in done.stderr
    assert "h200-access, huawei-5g" in done.stderr
    (place / "empty.txt").write_text("", encoding="utf-8")
    done = stance("compare", "empty.txt", *FAST, cwd=place)
    assert "no article was read" in done.stderr


def test_a_register_names_the_outlets_of_a_table_of_hand_labels(place):
    rows = "article_id,sha256,text,stance\na,aa,It sails.,neutral\nb,bb,It sinks.,skeptical\n"
    (place / "judged.csv").write_text(rows, encoding="utf-8")
    (place / "reg.csv").write_text(
        "sha256,source,date\nAA,Herald,2026-01-05\nbb,Mole,2026-01-06\n,Quay,\n", encoding="utf-8"
    )
    words = ("compare", "judged.csv", *FAST, "--json", "-")
    bare = stance(*words, cwd=place)
    assert "row 1: article 'a' has no outlet." in bare.stderr
    assert "or name its sha256 and its outlet in a --register." in bare.stderr
    done = stance(*words, "--register", "reg.csv", cwd=place)
    found = json.loads(done.stdout)
    assert [outlet["outlet"] for outlet in found["mixes"][0]["outlets"]] == ["Herald", "Mole"]
    assert found["corpus"]["first_date"] == "2026-01-05"
    assert "reg.csv: row 3: names no file. Fill in `file` or `sha256`." in done.stderr


def test_the_help_of_compare_tells_the_similarities_in_use():
    from stance.cli.comparing import compare
    from stance.comparison.claims import SIMILARITY

    shown = get_type_hints(compare, include_extras=True)["similarity"].__metadata__[0].help
    for kind, value in SIMILARITY.items():
        assert f"{value:.2f} by {kind}" in " ".join(shown.split())


@pytest.mark.parametrize("group", [(), ("label",), ("train",)], ids=" ".join)
def test_no_command_is_cut_short_in_a_list_of_commands(group):
    shown = subprocess.run(
        [STANCE, *group, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"COLUMNS": "80"},
    ).stdout
    assert "..." not in shown.split("Commands:")[1]


def test_labels_of_a_table_inside_a_folder_are_said_not_to_be_read(tmp_path):
    rows = ["article_id,outlet,text,stance"]
    for i in range(8):
        outlet, label = ("Alpha", "optimistic") if i % 2 else ("Beta", "skeptical")
        rows.append(f"h{i},{outlet},Nvidia may sell {i} H200 chips to China.,{label}")
    (tmp_path / "mine").mkdir()
    table = tmp_path / "mine/hand.csv"
    table.write_text("\n".join(rows), encoding="utf-8")
    by_name = stance("compare", table, *FAST, "--json", "-")
    assert "labels are not" not in by_name.stderr
    assert "as the labels given say" in json.loads(by_name.stdout)["answer"]
    inside = stance("compare", table.parent, *FAST, "--json", "-")
    assert "as the model reads them" in json.loads(inside.stdout)["answer"]
    assert f"{table}: its rows are read as articles and its labels are not" in inside.stderr
