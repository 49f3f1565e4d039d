"""How the commands behave toward files, pipes, terminals and encodings that are not as usual."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STANCE = Path(sys.executable).with_name("stance")


def stance(*args, **options):
    return subprocess.run(
        [STANCE, *map(str, args)],
        **{"cwd": ROOT, "capture_output": True, "encoding": "utf-8", "timeout": 120, **options},
    )


@pytest.fixture
def port(tmp_path):
    """Two short articles, and a folder for labels."""
    (tmp_path / "port").mkdir()
    (tmp_path / "port/a1.txt").write_text("The ferry sails.", encoding="utf-8")
    (tmp_path / "port/a2.txt").write_text("Captains doubt it.", encoding="utf-8")
    (tmp_path / "labels").mkdir()
    return tmp_path


def judge(folder, unit_id, label="neutral", **options):
    """Import one judgement of one unit."""
    row = {"unit_id": unit_id, "stance": label}
    (folder / "mine.jsonl").write_text(json.dumps(row), encoding="utf-8")
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    return stance(
        *("label", "import", folder / "mine.jsonl", folder / "port", "--annotator", "ada"),
        *("--folder", folder / "labels", *words),
    )


def register(folder):
    return (folder / "labels/documents.csv").read_text(encoding="utf-8")


def test_the_version_is_printed_also_where_stance_is_run_as_a_module():
    assert stance("--version").stdout == f"stance {version('stance')}\n"
    done = subprocess.run(
        [sys.executable, "-m", "stance", "--version"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"stance {version('stance')}\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict"])
def test_data_is_utf_8_whatever_the_terminals_encoding(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = stance("split", "-", input="Café — 漢 opens.", env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == "Café — 漢 opens."
    done = stance("split", "no-such-漢", env=environment)
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_one_line():
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        done = stance(
            *("split", "seeds/articles"), capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 1
    assert done.stderr == "stance: No space left on device\n"


@pytest.mark.parametrize("command", ["split", "classify"])
def test_an_output_that_cannot_be_written_is_told_and_nothing_is_left(port, command):
    (port / "kept.jsonl.part").write_text("mine")
    for output in (port, port / "absent/out.jsonl"):
        done = stance(command, port / "port/a1.txt", "-o", output)
        assert done.returncode == 1
        assert f"stance: {output}: cannot be written" in done.stderr
        assert done.stderr.count("\n") == 1
    assert stance(command, port / "port/a1.txt", "-o", port / "kept.jsonl").returncode == 0
    assert sorted(path.name for path in port.iterdir()) == [
        *("kept.jsonl", "kept.jsonl.part", "labels", "port")
    ]


def test_a_models_folder_that_cannot_be_made_is_told_before_the_training(tmp_path):
    (tmp_path / "file").touch()
    done = stance("train", "baseline", "-o", tmp_path / "file")
    assert done.returncode == 1
    assert "cannot be made" in done.stderr


def test_what_others_wrote_cannot_drive_the_terminal(tmp_path):
    table = tmp_path / "a.jsonl"
    row = {"id": "a\x1b[2J\nb", "text": "The ferry sails."}
    table.write_text(json.dumps(row), encoding="utf-8")
    done = stance("classify", table)
    assert "\x1b" not in done.stderr
    assert r"a\x1b[2J\nb first" in done.stderr
    assert done.stderr.count("\n") == 2  # and which model did it
    done = stance("classify", table, "--model", "x\x1b[2J\ny")
    assert done.returncode == 1
    assert done.stderr.startswith(r"stance: x\x1b[2J\ny: no such model")
    assert done.stderr.count("\n") == 1


def test_settle_and_verify_print_odd_names_on_one_line(port):
    for name, label in (("ada", "neutral"), ("b\x1b[2Jo\n", "skeptical")):
        event = {
            "unit_id": "a\x1b\t1:0-9",
            "annotator": name,
            "task": "stance",
            "label": label,
            "codebook": "toll@1.0#1",
            "at": "2026-02-14",
            "design": "census",
        }
        with (port / "labels/annotations.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
    (port / "labels/documents.csv").write_text(
        f'article_id,sha256,characters,source\n"a\x1b\t1",{"ab" * 32},9,Quay\n', encoding="utf-8"
    )
    done = stance("label", "settle", "--folder", port / "labels")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a\\x1b\\t1:0-9\tstance\tada: neutral, b\\x1b[2Jo\\n: skeptical")
    row = json.loads((ROOT / "labels/settled.jsonl").read_text("utf-8").split("\n")[0])
    odd = port / "settled.jsonl"
    odd.write_text(json.dumps(row | {"article_id": "a\x1b[2J"}), encoding="utf-8")
    assert r"not there  a\x1b[2J  1 units" in stance("label", "verify", "--labels", odd).stdout


def test_nothing_to_verify_is_no_success(tmp_path):
    (tmp_path / "none.jsonl").touch()
    done = stance("label", "verify", "--labels", tmp_path / "none.jsonl")
    assert done.returncode == 1
    assert "nothing to verify" in done.stderr


def test_only_documents_that_were_judged_are_registered(port):
    assert judge(port, "a1:0-16").returncode == 0
    assert '"a1"' in register(port)
    assert '"a2"' not in register(port)


def test_old_labels_never_come_to_point_into_another_text(port):
    judge(port, "a1:0-16")
    before = register(port), (port / "labels/annotations.jsonl").read_bytes()
    (port / "port/a1.txt").write_text("The ferry stays.", encoding="utf-8")
    done = judge(port, "a1:0-16")
    assert done.returncode == 1
    assert "'a1' is the id of two texts" in done.stderr
    assert (register(port), (port / "labels/annotations.jsonl").read_bytes()) == before
    assert judge(port, "a2:0-18").returncode == 0


def test_a_design_that_is_misspelt_is_wrong_usage(port):
    assert judge(port, "a1:0-16", design="adjudicaton").returncode == 2
    assert judge(port, "a1:0-16", design="adjudication").returncode == 0


def test_agreement_by_outlet_tells_a_document_that_is_not_registered(port):
    for name in ("ada", "bo"):
        judge(port, "a1:0-16", annotator=name)
    (port / "labels/documents.csv").unlink()
    folder = ("--folder", port / "labels")
    assert stance("label", "agreement", *folder).returncode == 0
    done = stance("label", "agreement", "--by-outlet", *folder)
    assert done.returncode == 1
    assert "a1:0-16: no document 'a1' in" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_log_cut_short_is_settled_with_a_notice(port):
    judge(port, "a1:0-16")
    with (port / "labels/annotations.jsonl").open("ab") as file:
        file.write(b'{"unit_id": "a2:0-')
    done = stance("label", "settle", "--folder", port / "labels")
    assert done.returncode == 0
    assert "annotations.jsonl:2: the last line was never finished" in done.stderr
    assert "settled labels of 1 units" in done.stderr


def test_ids_of_known_stories_that_meet_no_article_are_told(port):
    (port / "stories.csv").write_text(
        "article_id,cluster\na1,wire-1\nb9,wire-1\nb8,wire-2\na2,\n", encoding="utf-8"
    )
    words = ("hold-out", "port", "--share", "0.5", "--clusters", "stories.csv", "-o", "split.json")
    done = stance(*words, cwd=port)
    assert done.returncode == 0, done.stderr
    told = "stories.csv: 2 of 3 ids with a story meet no article, b9 first"
    assert told in done.stderr
    (port / "split.json").unlink()
    (port / "stories.csv").write_text("article_id,cluster\na1,wire-1\n", encoding="utf-8")
    assert "stories.csv" not in stance(*words, cwd=port).stderr


def test_articles_since_a_date_are_held_out_alone_and_undated_ones_are_told(port):
    (port / "port" / "a1.txt").write_text("---\ndate: 2026-02-01\n---\nThe ferry sails.\n")
    done = stance("hold-out", "port", "--since", "2026-01-13", "-o", "split.json", cwd=port)
    assert done.returncode == 0, done.stderr
    assert "without a date count as earlier than 2026-01-13" in done.stderr
    parts = {
        p["article_id"]: p["part"] for p in json.loads((port / "split.json").read_text())["places"]
    }
    assert {name for name, part in parts.items() if part == "held-out"} == {"a1"}


def test_a_split_and_a_sheet_to_judge_are_not_written_over(port):
    for words in (
        ("hold-out", "port", "--share", "0.5", "-o", "split.json"),
        ("label", "export", "port", "--form", "csv", "--unlabeled", "-o", "sheet.csv"),
    ):
        output = port / words[-1]
        assert stance(*words, cwd=port).returncode == 0
        filled = output.read_text(encoding="utf-8") + "\n"
        output.write_text(filled, encoding="utf-8")
        done = stance(*words, cwd=port)
        assert done.returncode == 1
        assert f"{words[-1]}: is there already" in done.stderr
        assert output.read_text(encoding="utf-8") == filled


@pytest.mark.parametrize(
    "args",
    [
        ["classify", "news.csv", "--model", "baseline", "-o", "news.csv"],
        ["split", "news.csv", "-o", "./news.csv"],
        ["split", ".", "-o", "news.csv"],
        ["classify", "one", "--model", "baseline", "-o", "one/articles.csv"],
        ["compare", "news.csv", "--model", "baseline", "-o", "news.csv"],
        ["compare", "news.csv", "--model", "baseline", "-o", "k.json", "--json", "k.json"],
        ["compare", "units.csv", "--tables", "."],
        ["compare", "news.csv", "--checks", "pairs.csv", "--tables", "."],
        ["compare", "news.csv", "--checks", "pairs.csv", "--json", "pairs.csv"],
        ["compare", "news.csv", "--checks", "pairs.csv", "--json", "pairs.design.json"],
        ["compare", "news.csv", "--check-claims", "12", "--checks", "x.csv", "--json", "x.csv"],
        ["compare", "news.csv", "--tables", "T", "--json", "T/units.csv"],
        ["compare", "news.csv", "--sample", "log", "--methods", "log/annotations.jsonl"],
        ["compare", "news.csv", "--codebook", "own.toml", "-o", "own.toml"],
        ["classify", "news.csv", "--codebook", "own.toml", "-o", "own.toml"],
        ["evaluate", "baseline", "--full", "--codebook", "own.toml", "-o", "own.toml"],
        [
            *("label", "export", "news.csv", "--form", "long", "--folder", "log"),
            *("-o", "log/annotations.jsonl"),
        ],
        [
            *("label", "export", "news.csv", "--form", "long", "--folder", "log"),
            *("-o", "log/documents.csv"),
        ],
    ],
    ids=" ".join,
)
def test_what_is_read_is_not_written_over(tmp_path, args):
    rows = "".join(f"{name},{name},The ferry {name} sails today.\n" for name in ("Alpha", "Beta"))
    (tmp_path / "news.csv").write_text("id,source,text\n" + rows, encoding="utf-8")
    for name in ("units.csv", "pairs.csv", "pairs.design.json", "own.toml"):
        (tmp_path / name).write_text("unit_id,stance\nalpha:0-9,neutral\n", encoding="utf-8")
    for folder, name in (
        *(("one", "a.txt"), ("one", "articles.csv")),
        *(("log", "annotations.jsonl"), ("log", "documents.csv")),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text("file,source\na.txt,Alpha\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = stance(*args, cwd=tmp_path)
    assert done.returncode == 1
    assert "would be lost" in done.stderr or "is to be written twice" in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
