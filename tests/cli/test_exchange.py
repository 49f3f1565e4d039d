"""`stance label export` and `import`, as a user goes from tool to tool."""

import json

import pytest

from tests.cli.test_commands import ROOT, stance

LOG = (ROOT / "labels/annotations.jsonl").read_text(encoding="utf-8")
WAFER = "".join(f"{line}\n" for line in LOG.split("\n") if '"unit_id": "wafer-1:' in line)
ARTICLE = ROOT / "seeds/articles/wafer-1.txt"


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("jsonl", "out.jsonl"),
        ("csv", "out.csv"),
        ("long", "long.csv"),
        ("doccano", "out.jsonl"),
        ("label-studio", "out.json"),
        ("cas", "out.zip"),
        ("cas", "folder"),
    ],
)
def test_the_shipped_labels_go_to_every_format_and_back(tmp_path, form, name):
    out = stance("label", "export", ARTICLE, "--form", form, "-o", tmp_path / name)
    assert out.returncode == 0, out.stderr
    assert f"wrote {WAFER.count(chr(10))} judgements as {form}" in out.stderr
    assert "judgements are of other units than those given" in out.stderr
    back = ("label", "import", tmp_path / name, ARTICLE, "--folder", tmp_path / "in")
    assert "by one, three, two to" in stance(*back).stderr
    assert (tmp_path / "in/annotations.jsonl").read_text(encoding="utf-8") == WAFER
    assert "added 0 judgements" in stance(*back).stderr


def test_units_drawn_are_judged_in_another_tool_under_their_design(tmp_path):
    draw = stance("label", "next", ARTICLE, "--folder", tmp_path, "-n", 3, "--plan", "random")
    (tmp_path / "next.jsonl").write_text(draw.stdout, encoding="utf-8")
    chosen = ("--unlabeled", "--units", tmp_path / "next.jsonl")
    out = stance("label", "export", ARTICLE, "--form", "doccano", *chosen)
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    assert [row["unit_id"] for row in rows] == [
        json.loads(line)["unit_id"] for line in draw.stdout.splitlines()
    ]
    rows[1]["label"] = ["stance:optimistic"]
    path = tmp_path / "all.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    folder = ("--folder", tmp_path)
    done = stance("label", "import", path, ARTICLE, "--annotator", "ada", *folder)
    assert "added 1 judgements by ada" in done.stderr
    event = json.loads((tmp_path / "annotations.jsonl").read_text(encoding="utf-8"))
    assert event["unit_id"] == rows[1]["unit_id"]
    assert event["design"].startswith("random/")


def test_predictions_go_to_label_studio_with_their_units(tmp_path):
    stance("classify", ARTICLE, "-o", tmp_path / "p.jsonl")
    shown = ("--unlabeled", "--predictions", tmp_path / "p.jsonl")
    out = stance("label", "export", ARTICLE, "--form", "label-studio", *shown)
    tasks = json.loads(out.stdout)
    assert {task["predictions"][0]["model_version"].partition("@")[0] for task in tasks} == {
        "small"
    }


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["export", "--form", "csv"], "give the articles that were judged"),
        (["export", "seeds/articles", "--form", "cas"], "give -o with a new folder or a .zip"),
        (["export", "seeds/articles", "--form", "cas", "-o", "-"], "give -o with a new folder"),
        (["export", "x", "--form", "csv", "--predictions", "y"], "for label-studio only"),
        (["import", "x", "y", "--folder", "z", "--map", "stance"], "must be OURS=THEIRS"),
    ],
)
def test_wrong_usage_is_told(args, complaint):
    done = stance("label", *args)
    assert done.returncode == 2
    assert complaint in " ".join(done.stderr.replace("│", " ").split())


def test_an_export_of_an_article_that_was_changed_is_refused(tmp_path):
    changed = tmp_path / "wafer-1.txt"
    changed.write_text(ARTICLE.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
    done = stance("label", "export", changed, "--form", "csv")
    assert done.returncode == 1
    assert "'wafer-1' is the id of two texts" in done.stderr
    assert done.stdout == ""


def test_an_import_that_fails_leaves_no_folder(tmp_path):
    (tmp_path / "bad.jsonl").write_text("{}", encoding="utf-8")
    folder = tmp_path / "labels"
    done = stance("label", "import", tmp_path / "bad.jsonl", ARTICLE, "--folder", folder)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert not folder.exists()


def test_a_file_imported_again_after_a_correction_says_what_it_leaves(tmp_path):
    stance("label", "export", ARTICLE, "--form", "jsonl", "--unlabeled", "-o", tmp_path / "u.jsonl")
    first = json.loads((tmp_path / "u.jsonl").read_text(encoding="utf-8").split("\n")[0])["unit_id"]
    folder = tmp_path / "labels"

    def bring(label):
        (tmp_path / "j.csv").write_text(f"unit_id,stance\n{first},{label}\n", encoding="utf-8")
        options = ("--annotator", "ada", "--folder", folder, "--task", "stance")
        return stance("label", "import", tmp_path / "j.csv", ARTICLE, *options).stderr

    assert "were changed since" not in bring("optimistic") + bring("skeptical")
    done = bring("optimistic")
    assert "added 0 judgements by ada" in done
    assert f"1 judgements were changed since, of {first} first; they are left as they are" in done
    log = (folder / "annotations.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["label"] for line in log] == ["optimistic", "skeptical"]


def test_labels_in_a_column_of_another_name_are_not_lost_in_silence(tmp_path):
    stance("label", "export", ARTICLE, "--form", "csv", "-o", tmp_path / "judged.csv")
    judged = (tmp_path / "judged.csv").read_text(encoding="utf-8")
    path, folder = tmp_path / "theirs.csv", tmp_path / "labels"
    bring = ("label", "import", path, ARTICLE, "--folder", folder)
    header = "note,stance,sentiment,voice,"
    path.write_text(judged.replace(header, "note,a,b,c,"), encoding="utf-8")
    done = stance(*bring)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no column is called stance, sentiment, voice; name those that are: --map" in done.stderr
    assert "codebook, note, a, b, c, heading" in done.stderr
    assert not folder.exists()
    path.write_text(judged.replace(header, "note,a,sentiment,voice,"), encoding="utf-8")
    done = stance(*bring)
    assert done.returncode == 0
    assert "no column is called stance; if it has another name there: --map" in done.stderr


def test_the_configuration_of_label_studio_needs_no_article():
    done = stance("label", "export", "--form", "label-studio-config")
    assert done.stdout.startswith("<View>")
    back = stance("label", "import", "x", ARTICLE, "--form", "label-studio-config", "--folder", "y")
    assert "holds no judgements; it is only written" in back.stderr


def test_judgements_under_an_edited_codebook_are_left_out_and_told(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    old = WAFER.replace("h200-access@1.1#", "h200-access@1.0#", 4)
    assert old != WAFER
    (folder / "annotations.jsonl").write_text(old, encoding="utf-8")
    (folder / "documents.csv").write_bytes((ROOT / "labels/documents.csv").read_bytes())
    n = WAFER.count("\n")
    words = f"4 of {n} judgements follow h200-access@1.0#"
    for command in ("agreement", "settle"):
        done = stance("label", command, "--folder", folder, "--codebook", "h200-access")
        assert words in done.stderr
        assert "they are left out" in done.stderr
    mixed = stance("label", "settle", "--folder", folder).stderr
    assert "of the judgements that stand 4 follow h200-access@1.0#" in mixed
    assert "they are left out" not in stance("label", "agreement").stderr


def bring(tmp_path, rows, *options, at=ARTICLE, folder="labels"):
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return stance("label", "import", path, at, "--folder", tmp_path / folder, *options)


def log_of(tmp_path):
    text = (tmp_path / "labels/annotations.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_an_article_that_was_renamed_since_is_refused_and_leaves_the_folder_as_it_was(tmp_path):
    unit = json.loads(stance("split", ARTICLE).stdout.splitlines()[0])
    row = {"text": unit["text"], "annotator": "ada", "stance": "neutral"}
    assert bring(tmp_path, [row]).returncode == 0
    renamed = tmp_path / "wafer-2.txt"
    renamed.write_bytes(ARTICLE.read_bytes())
    done = bring(tmp_path, [row | {"annotator": "bo"}], at=renamed)
    assert done.returncode == 1
    assert "'wafer-2' is the text that was judged as 'wafer-1'; give the article" in done.stderr
    assert len(log_of(tmp_path)) == 1


def test_a_row_without_a_design_joins_the_draw_that_holds_its_unit(tmp_path):
    folder = tmp_path / "labels"
    draw = stance("label", "next", ARTICLE, "--folder", folder, "-n", 3, "--plan", "random")
    drawn = [json.loads(line) for line in draw.stdout.splitlines()]
    rows = [{"unit_id": unit["unit_id"], "annotator": "ada", "stance": "pro"} for unit in drawn]
    assert bring(tmp_path, rows).returncode == 0
    assert bring(tmp_path, [row | {"stance": "neutral"} for row in rows]).returncode == 0
    assert [event["design"] for event in log_of(tmp_path)] == [drawn[0]["design"]] * 6


def test_decisions_by_a_party_are_refused_and_an_empty_folder_is_not_made(tmp_path):
    unit = json.loads(stance("split", ARTICLE).stdout.splitlines()[0])["unit_id"]
    rows = [{"unit_id": unit, "annotator": name, "stance": "pro"} for name in ("ada", "bo")]
    done = bring(tmp_path, rows, "--design", "adjudication")
    assert (done.returncode, (tmp_path / "labels").exists()) == (1, False)
    assert "--design adjudication makes each of them decide the same units: ada 1" in done.stderr


def test_a_unit_under_two_codebooks_is_settled_under_the_one_that_is_named(tmp_path):
    unit = json.loads(stance("split", ARTICLE).stdout.splitlines()[0])["unit_id"]
    row = {"unit_id": unit, "annotator": "ada", "stance": "neutral"}
    assert bring(tmp_path, [row | {"at": "2026-02-15T10:00Z"}]).returncode == 0
    other = ("--codebook", ROOT / "labels/congestion-charge.toml")
    done = bring(tmp_path, [row | {"at": "2026-02-14T10:00Z"}], *other)
    assert "added 1 judgements by ada" in done.stderr
    settle = ("label", "settle", "--folder", tmp_path / "labels")
    done = stance(*settle)
    assert done.returncode == 1
    assert "1 follow congestion-charge@1.0#871796e1, 1 follow h200-access@1.1#" in done.stderr
    assert "; give --codebook" in done.stderr
    for words in (other, ("--codebook", "h200-access")):
        assert "settled labels of 1 units" in stance(*settle, *words).stderr


def test_a_label_that_a_tool_shows_no_more_is_told(tmp_path):
    unit = json.loads(stance("split", ARTICLE).stdout.splitlines()[0])
    document = {"unit_id": unit["unit_id"], "text": unit["text"], "annotator": "ada"}
    both = ["stance:neutral", "sentiment:neutral"]
    assert "shows none" not in bring(tmp_path, [document | {"label": both}]).stderr
    done = bring(tmp_path, [document | {"label": both[:1]}])
    assert f"of 1 units, {unit['unit_id']} first, the log has a label where" in done.stderr
    assert "added 0 judgements" in done.stderr
    assert len(log_of(tmp_path)) == 2
