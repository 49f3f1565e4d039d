"""The commands, run as a user runs them, in folders of their own."""

import csv
import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest
from typer.main import get_command

from stance.classifiers.storage import load_model
from stance.cli import app
from stance.cli.common import labeled_units
from stance.codebook import read_codebook
from stance.evaluation.protocol import kept_rows
from stance.evaluation.scores import score
from stance.evaluation.splits import Part
from stance.records import text_sha256

ROOT = Path(__file__).parent.parent.parent
STANCE = Path(sys.executable).with_name("stance")


def stance(*args, cwd=ROOT, stdin=None):
    return subprocess.run(
        [STANCE, *map(str, args)], cwd=cwd, input=stdin, capture_output=True, text=True, timeout=300
    )


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(get_command(app)))

# Few articles: what examples fit is fitted many times.
KEPT = {
    path.name
    for name in ("northgate-[1-4]", "pudong-[1-4]", "wafer-[1-4]", "charge-[1-3]", "huawei-[1-3]")
    for path in ROOT.glob(f"seeds/*/{name}.txt")
}


@pytest.fixture
def workplace(tmp_path):
    """A folder that looks like the repository, so that examples run and write nothing there.

    It has fewer articles, for the sake of time. `python -m stance` takes the package that stands
    in it, and with that its articles, labels and models.
    """
    for name in ("seeds", "labels", "models"):
        (tmp_path / name).mkdir()
    articles = [p for p in ROOT.glob("seeds/*/*") if p.suffix != ".txt" or p.name in KEPT]
    for path in [*articles, *ROOT.glob("labels/*")]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True, parents=True)
        copy.write_bytes(path.read_bytes())
    for path in [ROOT / "stance", *ROOT.glob("models/*")]:
        (tmp_path / path.relative_to(ROOT)).symlink_to(path)
    unit = json.loads(stance("split", "seeds/articles/wafer-1.txt").stdout.splitlines()[0])
    row = {"unit_id": unit["unit_id"], "stance": "favor"}
    (tmp_path / "mine.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return tmp_path


def run_in(workplace, *args):
    done = subprocess.run(
        [sys.executable, "-m", "stance", *args],
        cwd=workplace,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


def serves_until_told_to_stop(args, cwd):
    words = [sys.executable, "-m", "stance", *args, "--port", "0"]
    with subprocess.Popen(words, cwd=cwd, stderr=subprocess.PIPE, text=True) as server:
        lines = iter(server.stderr.readline, "")
        address = next(line for line in lines if "http://127.0.0.1:" in line)
        with urlopen(re.search(r"http://\S+", address)[0], timeout=20) as page:
            assert "H200" in page.read().decode("utf-8")
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 0


def examples_of(path):
    text = COMMANDS[path].help or ""
    examples = re.findall(r"^Example: (stance .+)$", text, flags=re.MULTILINE)
    assert examples, f"stance {' '.join(path)} has no example"
    return examples


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_that_works(path, workplace, request):
    if path == ("train", "transformer"):
        pytest.skip("run before that of export, which goes on from it")
    if path in {("train", "embedding"), ("export",)}:
        request.getfixturevalue("minilm")
    if path == ("export",):  # its example goes on from that of the training
        for example in examples_of(("train", "transformer")):
            run_in(workplace, *shlex.split(example)[1:])
    for example in examples_of(path):
        words = shlex.split(example)
        assert tuple(words[1 : 1 + len(path)]) == path
        if path[-1] == "serve":
            serves_until_told_to_stop(words[1:], workplace)
            continue
        done = run_in(workplace, *words[1:])
        assert "WARNING" not in done.stderr  # of the libraries beneath
        assert "Warning" not in done.stderr


def test_help_answers_before_anyone_grows_impatient():
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert stance("--help").returncode == 0
        times.append(time.perf_counter() - start)
    # 0.3 s on an idle machine; a test machine is never idle.
    assert min(times) < 0.6


def test_classify_writes_the_same_rows_in_every_format(tmp_path):
    article = "seeds/articles/northgate-1.txt"
    rows = [json.loads(line) for line in stance("classify", article).stdout.splitlines()]
    assert stance("classify", article, "--format", "csv", "-o", tmp_path / "p.csv").returncode == 0
    assert (
        stance("classify", article, "--format", "parquet", "-o", tmp_path / "p.pq").returncode == 0
    )
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    parquet = pq.read_table(tmp_path / "p.pq").to_pylist()
    assert parquet == rows
    assert [row["unit_id"] for row in table] == [row["unit_id"] for row in rows]
    first = rows[0]
    assert first["stance"] in {"optimistic", "neutral", "skeptical"}
    assert sum(first[f"stance_{c}"] for c in ("optimistic", "neutral", "skeptical")) == (
        pytest.approx(1, abs=1e-3)
    )
    text = (ROOT / article).read_text(encoding="utf-8")
    assert all(text[row["start"] : row["end"]] == row["text"] for row in rows)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_articles_that_trained_the_model_get_held_out_predictions_and_others_do_not():
    known = json.loads(stance("classify", "seeds/articles/wafer-1.txt").stdout.splitlines()[0])
    new = json.loads(stance("classify", "-", stdin="China bought no chip.").stdout)
    assert known["model"].endswith("+held-out")
    assert not new["model"].endswith("+held-out")


@pytest.mark.parametrize("command", ["split", "classify"])
def test_how_many_articles_were_repaired_is_told(command, tmp_path):
    (tmp_path / "a.txt").write_text("The harbour&#39;s ferry sails.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("---\ntitle: Ferry\n---\nIt waits.", encoding="utf-8")
    words = "damaged characters were repaired by rule in 1 article(s)"
    assert words in stance(command, tmp_path).stderr
    assert words not in stance(command, tmp_path, "--no-repair").stderr


@pytest.mark.parametrize("command", ["split", "classify"])
def test_an_article_too_short_to_prove_its_full_stops_lost_is_told_and_left(command, tmp_path):
    (tmp_path / "a.txt").write_text("The crews wait? The ferry sails? Nobody paid?")
    (tmp_path / "b.txt").write_text("Who pays? The town does. Who says so? The mayor.")
    words = "1 article(s) have '?' and hardly a full stop, a first, and too little text"
    done = stance(command, tmp_path)
    assert words in done.stderr
    assert "The ferry sails?" in done.stdout
    assert words not in stance(command, tmp_path, "--no-repair").stderr


def test_one_bad_file_is_told_and_the_rest_is_classified(tmp_path):
    (tmp_path / "a.txt").write_text("The ferry sails.", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"\x00\x01\x02 binary \x00")
    (tmp_path / "c.txt").write_text("The ferry waits.", encoding="utf-8")
    done = stance("classify", tmp_path)
    assert done.returncode == 1
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == [
        "The ferry sails.",
        "The ferry waits.",
    ]
    assert "b.txt" in done.stderr
    assert "1 file(s) or row(s) could not be read; the rest is done" in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["classify", "no-such-folder"],
        ["classify", "seeds/articles", "--model", "no-such-model"],
        ["compare", "seeds/articles", "--codebook", "no-such-book"],
        ["compare", "seeds/articles", "-o", "no/such/folder/report.html"],
        ["label", "agreement", "--folder", "seeds"],
        ["codebook", "check", "labels/template.toml"],
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_one_line_and_exit_code_one(args):
    done = stance(*args)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("stance: ")


def test_wrong_usage_is_exit_code_two():
    assert stance("classify").returncode == 2
    assert stance("compare", "seeds/articles", "--sede", "7").returncode == 2


def test_a_corpus_without_outlets_is_told_how_to_name_them(tmp_path):
    (tmp_path / "a.txt").write_text("The ferry sails.", encoding="utf-8")
    done = stance("compare", tmp_path)
    assert done.returncode == 1
    assert "articles.csv" in done.stderr


def test_repair_can_be_turned_off(tmp_path):
    broken = " ".join(f"The U?S? port sold {i}?5 ferries to the harbour town?" for i in range(9))
    (tmp_path / "a.txt").write_text(broken, encoding="utf-8")
    repaired = json.loads(stance("split", tmp_path).stdout.splitlines()[0])
    raw = json.loads(stance("split", tmp_path, "--no-repair").stdout.splitlines()[0])
    assert repaired["text"] == "The U.S. port sold 0.5 ferries to the harbour town."
    assert raw["text"] == "The U?"
    assert broken[repaired["start"] : repaired["end"]].startswith("The U?S? port")


def test_the_shipped_labels_and_held_out_predictions_give_the_scores_of_the_card():
    book = read_codebook()
    model = load_model("baseline", book)
    split = ROOT / "labels/splits.json"
    examples, _ = labeled_units(None, None, None, book, split=split, part=Part.TRAIN)
    for task, result in score(examples, kept_rows(examples, model), book, seed=7).items():
        told = model.card.held_out["article"][task]["macro_f1"]
        assert result.macro_f1.n_units == told["n_units"]
        assert result.macro_f1.value == pytest.approx(told["value"], abs=0.005)


@pytest.mark.parametrize(
    "extra",
    [
        ("--missed",),
        ("--behaviour", "--split", "labels/splits.json"),
        ("--behaviour", "--full"),
        ("--behaviour", "--against", "small"),
        ("--abstain", "0.1"),
    ],
)
def test_options_that_would_be_passed_over_are_wrong_usage(extra):
    assert stance("evaluate", "baseline", *extra).returncode == 2


def test_abstaining_leads_no_draw_but_a_mixed_one(tmp_path):
    words = ("label", "next", "seeds/articles", "--folder", tmp_path, "--abstain", "0.1")
    done = stance(*words)
    assert done.returncode == 2
    assert "--abstain goes with --plan mixed" in done.stderr


def test_articles_without_a_label_are_not_said_to_be_learned_from(tmp_path):
    (tmp_path / "a1.txt").write_text("The ferry sails.", encoding="utf-8")
    for extra in ((), ("--full",)):
        done = stance("evaluate", "baseline", tmp_path, *extra)
        assert done.returncode == 1
        assert "no unit of these articles has a settled label under this codebook" in done.stderr


def test_the_settled_labels_follow_from_the_annotations_byte_for_byte(workplace):
    before = (workplace / "labels/settled.jsonl").read_bytes()
    assert stance("label", "settle", "--folder", "labels", cwd=workplace).returncode == 0
    assert (workplace / "labels/settled.jsonl").read_bytes() == before


def test_agreement_of_the_shipped_labels_is_printed_as_json_too():
    rows = json.loads(stance("label", "agreement", "--json").stdout)
    stance_row = next(row for row in rows if (row["task"], row["group"]) == ("stance", "all"))
    assert stance_row["n_units"] == 4521
    assert stance_row["nominal"]["value"] > 0.8


def test_verify_tells_documents_that_are_not_there_and_labels_that_meet_no_unit(tmp_path):
    plain = stance("label", "verify")
    assert plain.returncode == 0
    assert plain.stdout.count("not there") == 6  # five documents and the count
    assert " documents are not there, 0 were changed" in plain.stdout
    lines = (ROOT / "labels/settled.jsonl").read_text(encoding="utf-8").splitlines()
    wafer = [row for row in map(json.loads, lines) if row["article_id"] == "wafer-1"]
    wafer[0]["end"] += 1
    moved = tmp_path / "moved.jsonl"
    moved.write_text("".join(json.dumps(label) + "\n" for label in wafer), encoding="utf-8")
    done = stance("label", "verify", "--labels", moved)
    assert done.returncode == 1
    assert "MISFIT     wafer-1" in done.stdout


def test_verify_fails_where_a_document_was_changed_or_no_label_meets_a_unit(tmp_path):
    article = ROOT / "seeds/articles/wafer-1.txt"
    (tmp_path / "seeds").mkdir()
    mine = tmp_path / "seeds/mine-1.txt"
    mine.write_bytes(article.read_bytes() + b"More.\n")
    lines = (ROOT / "labels/settled.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["article_id"] == "wafer-1"]
    sha256 = text_sha256(mine.read_text(encoding="utf-8"))
    mine_too = {"article_id": "mine-1", "sha256": sha256}
    settled = tmp_path / "settled.jsonl"
    settled.write_text("".join(json.dumps(row | mine_too) + "\n" for row in rows), encoding="utf-8")
    verify = ("label", "verify", "--labels", settled)
    whole = stance(*verify, "--seeds", tmp_path / "seeds")
    assert whole.returncode == 0
    assert f"{len(rows)} of {len(rows)} labels meet their unit" in whole.stdout
    elsewhere = stance(*verify)
    assert elsewhere.returncode == 1
    assert "1 of 1 documents are not there, 0 were changed" in elsewhere.stdout
    assert "no label meets a unit: give --seeds" in elsewhere.stderr
    mine.write_bytes(article.read_bytes() + b"Mere.\n")
    changed = stance(*verify, "--seeds", tmp_path / "seeds")
    assert changed.returncode == 1
    assert "CHANGED    mine-1" in changed.stdout
    assert "0 of 1 documents are not there, 1 were changed" in changed.stdout
    assert "1 documents are not the text that was labeled, mine-1 first" in changed.stderr


def test_settle_tells_differences_from_what_an_adjudicator_alone_judged(tmp_path):
    folder = tmp_path / "my labels"
    folder.mkdir()
    article = ROOT / "seeds/articles/wafer-1.txt"
    units = map(json.loads, stance("split", article).stdout.splitlines())
    first, second, third, *_ = [unit["unit_id"] for unit in units]
    judged = [
        (first, "ada", "neutral", "census"),
        (first, "bo", "skeptical", "census"),
        (first, "cy", "neutral", "adjudication"),
        (second, "cy", "neutral", "adjudication"),
        (third, "ada", "neutral", "census"),
        (third, "bo", "skeptical", "census"),
    ]
    keys = ("unit_id", "annotator", "stance", "design")
    rows = [json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in judged]
    (tmp_path / "mine.jsonl").write_text("".join(rows), encoding="utf-8")
    done = stance("label", "import", tmp_path / "mine.jsonl", article, "--folder", folder)
    assert done.returncode == 0, done.stderr
    told = stance("label", "settle", "--folder", folder).stderr
    assert "1 differences were decided, 1 wait for a third person" in told
    assert "1 labels of 1 units are by an adjudicator alone: no annotator judged them" in told
    assert f"under Adjudicate: stance label serve PATH --folder '{folder}' --draw all" in told
    assert "set aside" not in told
    agree = (tmp_path / "agree.jsonl", article, "--annotator", "bo", "--folder", folder)
    row = {"unit_id": second, "stance": "skeptical"}
    agree[0].write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert stance("label", "import", *agree).returncode == 0
    assert "set aside" not in stance("label", "settle", "--folder", folder).stderr
    assert stance("label", "import", *agree[:3], "ada", *agree[4:]).returncode == 0
    told = stance("label", "settle", "--folder", folder).stderr
    assert "1 decisions were set aside: annotators agree on another label by now" in told


def test_the_plan_says_how_many_to_draw_from_all_outlets_at_once():
    plan = ("label", "plan", "seeds/articles", "--model", "baseline")
    found = json.loads(stance(*plan, "--json").stdout)
    total = sum(outlet["n_units"] for outlet in found["outlets"])
    assert found["draw"]["n_units"] == total
    assert found["draw"]["random"] > sum(outlet["random"] for outlet in found["outlets"])
    last = f"{total}  {found['draw']['random']}  {found['draw']['stratified']}"
    (row,) = [line for line in stance(*plan).stdout.splitlines() if "-n of label next" in line]
    assert "  ".join(row.split()[-3:]) == last


def test_a_reader_that_stops_early_is_no_crash():
    done = subprocess.run(
        f"{shlex.quote(str(STANCE))} split seeds/articles | head -1",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr


def test_importing_the_same_judgements_again_adds_nothing(workplace):
    args = (
        "label",
        "import",
        "mine.jsonl",
        "seeds/articles",
        "--annotator",
        "ada",
        "--folder",
        "x",
    )
    first, again = stance(*args, cwd=workplace), stance(*args, cwd=workplace)
    assert "added 1 judgements by ada" in first.stderr
    assert "under codebook h200-access@" in first.stderr
    assert "added 0 judgements by ada" in again.stderr
    assert len((workplace / "x/annotations.jsonl").read_text("utf-8").splitlines()) == 1


def test_agreement_under_another_codebook_says_which_one_the_judgements_follow(workplace):
    text = (workplace / "labels/h200-access.toml").read_text("utf-8")
    (workplace / "other.toml").write_text(text.replace('version = "1.1"', 'version = "2"'), "utf-8")
    done = stance("label", "agreement", "--codebook", "other.toml", cwd=workplace)
    assert done.returncode == 1
    assert "judgements follow" in done.stderr
    assert "h200-access@1.1#" in done.stderr


def test_training_tells_a_file_that_could_not_be_read_and_ends_with_exit_code_one(workplace):
    (workplace / "seeds/huawei-5g/broken.txt").write_bytes(b"\x00 binary")
    args = ("train", "baseline", "seeds/huawei-5g", "--codebook", "huawei-5g", "-o", "models/m")
    done = stance(*args, cwd=workplace)
    assert done.returncode == 1
    assert (workplace / "models/m/card.json").exists()
    assert "broken.txt" in done.stderr


def test_a_cue_that_is_none_is_told_when_the_codebook_is_checked(workplace):
    text = (workplace / "labels/h200-access.toml").read_text("utf-8")
    (workplace / "odd.toml").write_text(text.replace('"green light*"', '"* light"'), "utf-8")
    done = stance("codebook", "check", "odd.toml", cwd=workplace)
    assert done.returncode == 1
    assert "'* light' of stance must begin and end with a word" in done.stderr


def test_a_unit_put_off_may_be_drawn_again_and_one_that_was_judged_may_not(workplace):
    article = "seeds/articles/wafer-1.txt"
    ids = [json.loads(line)["unit_id"] for line in stance("split", article).stdout.splitlines()]
    event = {
        "annotator": "ada",
        "task": "stance",
        "codebook": json.loads(stance("classify", article).stdout.splitlines()[0])["codebook"],
        "at": "2026-02-14T10:00:00+00:00",
        "design": "census",
    }
    (workplace / "mine").mkdir()
    (workplace / "mine/annotations.jsonl").write_text(
        "".join(
            json.dumps({**event, "unit_id": unit_id, "label": label}) + "\n"
            for unit_id, label in ((ids[0], "neutral"), (ids[1], None))
        ),
        "utf-8",
    )
    done = stance("label", "next", article, "--folder", "mine", "--plan", "random", cwd=workplace)
    assert done.returncode == 0, done.stderr
    drawn = {json.loads(line)["unit_id"] for line in done.stdout.splitlines()}
    assert drawn == set(ids) - {ids[0]}
