"""The first steps under a codebook that is not shipped, and the commands that are printed there."""

import csv
import json

import pytest

from stance.cli.labeling import log_of
from stance.codebook import read_codebook
from stance.labeling.log import AnnotationLog
from stance.records import text_sha256
from tests.builders import judged
from tests.cli.test_commands import ROOT, stance

STORY = "The ferry sails at dawn from the old pier. Captains doubt it. The harbour is full."
OTHER = "Rents rise in the north of the city. Tenants march. Owners are glad of the summer."


@pytest.fixture
def place(tmp_path):
    """A codebook under a file name of its own; two outlets that print one text, one with more."""
    text = (ROOT / "labels/h200-access.toml").read_text("utf-8")
    own = text.replace('name = "h200-access"', 'name = "ferries"')
    (tmp_path / "my book.toml").write_text(own, "utf-8")
    for outlet, name, words in PRINTED:
        (tmp_path / "wire" / outlet).mkdir(parents=True, exist_ok=True)
        (tmp_path / "wire" / outlet / f"{name}.txt").write_text(words, "utf-8")
    return tmp_path


PRINTED = (("Mole", "a", STORY), ("Quay", "b", STORY), ("Quay", "c", OTHER))
DIFFER = (("ada", "neutral"), ("bo", "skeptical"))
OWN = ("--codebook", "my book.toml")


def events(place, folder, rows):
    """Write a label folder: the log of (unit id, annotator, label, design), and its documents."""
    (place / folder).mkdir()
    documents = [
        f"{outlet}/{name},{text_sha256(text)},{len(text)},{outlet}\n"
        for outlet, name, text in PRINTED
    ]
    (place / folder / "documents.csv").write_text(
        "article_id,sha256,characters,source\n" + "".join(documents), "utf-8"
    )
    reference = read_codebook(place / "my book.toml").reference
    keys = ("unit_id", "annotator", "label", "design")
    more = {"task": "stance", "codebook": reference, "at": "2026-02-14T10:00:00+00:00"}
    lines = [json.dumps(dict(zip(keys, row, strict=True)) | more) + "\n" for row in rows]
    (place / folder / "annotations.jsonl").write_text("".join(lines), "utf-8")


def units_of(place):
    done = stance("split", "wire", cwd=place)
    return [json.loads(line)["unit_id"] for line in done.stdout.splitlines()]


def test_where_no_model_is_there_what_to_do_is_told_with_the_codebook_as_it_was_named(place):
    drawn = stance("label", "next", "wire", "--folder", "l", *OWN, cwd=place)
    planned = stance("label", "plan", "wire", *OWN, cwd=place)
    compared = stance("compare", "wire", *OWN, cwd=place)
    train = (
        "train one: stance train baseline FOLDER --labels my-labels/settled.jsonl --codebook "
        "'my book.toml', and name it with --model"
    )
    for done in (drawn, planned, compared):
        assert done.returncode == 1
        assert train in done.stderr
        assert done.stderr.count("\n") == 1
    assert drawn.stderr.endswith("; or draw the first sample with --plan random\n")
    assert not (place / "l").exists()
    first = stance("label", "next", "wire", "--folder", "l", *OWN, "--plan", "random", cwd=place)
    assert first.returncode == 0


@pytest.mark.parametrize("labels", ["", "{row}\n"], ids=["no labels", "one article"])
def test_where_there_is_nothing_to_learn_from_no_folder_is_left(place, labels):
    unit = json.loads(stance("split", "wire", cwd=place).stdout.splitlines()[0])
    sha256 = json.loads(stance("classify", "wire", cwd=place).stdout.splitlines()[0])["sha256"]
    row = {name: unit[name] for name in ("unit_id", "article_id", "start", "end")}
    row |= {"sha256": sha256, "stance": "neutral", "annotators": {}}
    row["codebook"] = read_codebook(place / "my book.toml").reference
    (place / "s.jsonl").write_text(labels.format(row=json.dumps(row)), "utf-8")
    done = stance("train", "baseline", "wire", *OWN, "--labels", "s.jsonl", cwd=place)
    assert done.returncode == 1
    assert not (place / "models").exists()


def test_copies_are_left_aside_by_plan_and_next_as_by_compare_and_told(place):
    told = (
        "3 units in 1 articles are left aside: those are copies of others, which stance compare "
        "counts once; --copies printed takes them too"
    )
    draw = ("label", "next", "wire", "--plan", "random", "--folder")
    once = stance(*draw, "once", cwd=place)
    assert told in once.stderr
    assert {json.loads(line)["article_id"] for line in once.stdout.splitlines()} == {
        "Mole/a",
        "Quay/c",
    }
    assert "all 6 units" in once.stderr
    both = stance(*draw, "both", "--copies", "printed", cwd=place)
    assert "left aside" not in both.stderr
    assert "all 9 units" in both.stderr
    plan = ("label", "plan", "wire", "--model", "baseline", "--json")
    done = stance(*plan, cwd=place)
    assert told in done.stderr
    assert [row["n_units"] for row in json.loads(done.stdout)["outlets"]] == [3, 3]
    done = stance(*plan, "--copies", "printed", cwd=place)
    assert [row["n_units"] for row in json.loads(done.stdout)["outlets"]] == [3, 6]


def test_who_drew_from_copies_before_draws_on_from_them(place):
    draw = ("label", "next", "wire", "--plan", "random", *OWN, "--folder", "log", "-n", "2")
    first = stance(*draw, "--copies", "printed", cwd=place)
    assert "2 of 9 units" in first.stderr
    second = stance(*draw, "--seed", "8", cwd=place)
    assert "was made from copies too, and so is this one" in second.stderr
    assert "2 of 9 units" in second.stderr


def test_labels_of_two_printings_of_one_text_meet_each_its_own(place):
    rows = [
        (unit_id, "ada", "skeptical" if unit_id.startswith("Quay/b") else "neutral", "census")
        for unit_id in units_of(place)
    ]
    events(place, "log", rows)
    stance("label", "settle", "--folder", "log", *OWN, cwd=place)
    verify = ("label", "verify", "--seeds", "wire", *OWN, "--labels", "log/settled.jsonl")
    done = stance(*verify, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "9 of 9 labels meet their unit; 0 of 3 documents are not there" in done.stdout
    assert done.stdout.count("found") == done.stdout.count("3 units") == 3


def test_the_draw_that_is_advised_names_the_model_and_the_copies_with_a_sample_too(place):
    with (place / "judged.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["article_id", "source", "text", "stance"])
        table.writerow(["a", "Mole", "The ferry sails at dawn.", "neutral"])
        table.writerow(["b", "Quay", "Captains doubt it.", "skeptical"])
    events(place, "log", [("z:0-4", "ada", "neutral", "census")])
    words = ("compare", "judged.csv", *OWN, "--model", "models/my own", "--claims-by", "words")
    words += ("--copies", "printed", "--json", "-")
    for more in ((), ("--sample", "log")):
        found = json.loads(stance(*words, *more, cwd=place).stdout)
        assert found["sample"]["remedy"].startswith(
            "stance label next PATH_OF_ARTICLES --codebook 'my book.toml' --model 'models/my own' "
            "--copies printed --folder"
        )


def test_a_draw_under_a_codebook_without_a_shipped_model_is_advised_with_a_place_for_one(place):
    (place / "few.csv").write_text(
        "article_id,source,stance\na,Mole,neutral\nb,Quay,skeptical\n", encoding="utf-8"
    )
    words = ("compare", "few.csv", *OWN, "--claims-by", "words", "--json", "-")
    found = json.loads(stance(*words, cwd=place).stdout)
    assert found["sample"]["remedy"].startswith(
        "stance label next PATH_OF_ARTICLES --codebook 'my book.toml' --model MODEL_FOLDER --folder"
    )


def test_settle_names_the_codebook_of_what_is_to_be_decided(place):
    first = units_of(place)[0]
    events(place, "log", [(first, who, said, "census") for who, said in DIFFER])
    settle = ("label", "settle", "--folder", "log")
    told = stance(*settle, cwd=place).stderr
    assert "stance label serve PATH --codebook FILE.toml --folder log --draw all" in told
    told = stance(*settle, *OWN, cwd=place).stderr
    assert "stance label serve PATH --codebook 'my book.toml' --folder log --draw all" in told


def test_the_page_tells_when_judgements_follow_another_state_of_its_codebook(tmp_path, capsys):
    book = read_codebook()
    log = AnnotationLog(tmp_path / "annotations.jsonl")
    for reference in (book.reference, "ferries@1.0#00000000"):  # another job
        log.append([judged("ada", "neutral", book=reference)])
    assert len(log_of(tmp_path, book).events()) == 2
    assert capsys.readouterr().err == ""
    before = f"{book.name}@0.9#00000000"
    log.append([judged(who, "neutral", book=before) for who in ("ada", "bo")])
    log.append([judged("cy", label, book=before) for label in ("neutral", None)])
    log_of(tmp_path, book)
    assert capsys.readouterr().err == (
        f"stance: 2 judgements follow {before}, not {book.reference}: the page asks for their "
        "units anew\n"
    )


def test_an_import_names_the_codebook_that_the_judgements_follow(place):
    rows = [(unit_id, "ada", "neutral", "census") for unit_id in units_of(place)[:3]]
    events(place, "log", rows)
    export = ("label", "export", "wire", "--folder", "log", "--form", "csv", *OWN)
    (place / "old.csv").write_text(stance(*export, cwd=place).stdout, "utf-8")
    back = ("label", "import", "old.csv", "wire", "--folder")
    told = stance(*back, "plain", cwd=place).stderr
    reference = read_codebook(place / "my book.toml").reference
    assert (
        f"added 3 judgements by ada to plain/annotations.jsonl under codebook {reference};" in told
    )
    assert "3 of these judgements follow another codebook than h200-access@" in told
    told = stance(*back, "own", *OWN, cwd=place).stderr
    assert f"under codebook {reference} (China's access to Nvidia's H200); 0 were" in told
    assert "another codebook" not in told


def test_a_log_that_cannot_be_read_is_told_and_the_pages_come_up_all_the_same(tmp_path, capsys):
    (tmp_path / "annotations.jsonl").write_text('{"broken": 1}\n', encoding="utf-8")
    log_of(tmp_path, read_codebook())
    assert "annotations.jsonl:1: an annotation has the texts" in capsys.readouterr().err
