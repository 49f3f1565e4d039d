"""`stance train transformer`, `train embedding` and `export`, on tiny encoders made on the spot."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import huggingface_hub
import pytest

from stance.classifiers import embedding, fine_tuning, ladder
from stance.classifiers.storage import load_model
from stance.cli import main
from stance.cli import training as training_commands
from stance.codebook import read_codebook
from stance.labeling.store import write_labels
from stance.records import Label
from tests.builders import labeled_corpus
from tests.encoders import bert

ROOT = Path(__file__).parent.parent.parent
BOOK = read_codebook()
RECIPE = "epochs = 4\nbatch = 16\nlearning_rate = 1e-2\nn_tokens = 48\nn_folds = 2\n"


def settled(e):
    return Label(
        unit_id=e.unit.id,
        article_id=e.unit.article_id,
        sha256=e.sha256,
        start=e.unit.start,
        end=e.unit.end,
        labels=e.labels,
        annotators={"ada": e.labels},
        codebook=BOOK.reference,
    )


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A folder with labeled articles of four outlets, a tiny encoder with dropout, and a recipe."""
    folder = tmp_path_factory.mktemp("port")
    (folder / "articles").mkdir()
    examples = labeled_corpus(n_articles=8, n_units=6)
    texts, register = {}, ["file,source"]
    for e in examples:
        texts.setdefault(e.unit.article_id, []).append(e.unit.text)
    for name, sentences in texts.items():
        (folder / f"articles/{name}.txt").write_text(" ".join(sentences), encoding="utf-8")
        source = next(e.source for e in examples if e.unit.article_id == name)
        register.append(f"{name}.txt,{source}")
    (folder / "articles/articles.csv").write_text("\n".join(register) + "\n", encoding="utf-8")
    write_labels(folder / "settled.jsonl", [settled(e) for e in examples])
    (folder / "quick.toml").write_text(RECIPE, encoding="utf-8")
    bert(folder / "tiny", dropout=0.1)
    return folder


@pytest.fixture
def stance(capsys, monkeypatch):
    """Return a function that runs a command in this process, where torch is loaded already."""

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["stance", *map(str, args)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(args, code, out, err)

    return run


def training(kind, port, output, *more):
    """Return the words of a training command on the port's articles."""
    words = ["train", kind, port / "articles", "--labels", port / "settled.jsonl"]
    words += ["--base", port / "tiny", "--device", "cpu", "-o", output]
    words += ["--recipe", port / "quick.toml"] if kind == "transformer" else []
    return [*words, *more]


@pytest.fixture(scope="module")
def trained(port, tmp_path_factory):
    """The folder of a transformer that was trained without being stopped."""
    output = tmp_path_factory.mktemp("models") / "pier"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["stance", *map(str, training("transformer", port, output))])
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code
    return output


def test_in_a_log_file_a_training_tells_its_loss_and_the_time_left(
    stance, port, tmp_path, monkeypatch
):
    monkeypatch.setattr(training_commands, "TELL_SECONDS", 0.0)
    done = stance(*training("transformer", port, tmp_path / "pier", "--epochs", "0.5"))
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"step (\d+) of (\d+), loss \d\.\d{3}, 0 min of this fit left", done.stderr)
    assert {("1", "1"), ("1", "2"), ("2", "2")} == {*lines}  # two folds, then all articles


def test_a_transformer_is_trained_and_its_scores_are_printed(stance, port, tmp_path):
    done = stance(*training("transformer", port, tmp_path / "pier", "--epochs", "1.5"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition("task=")[2].split()[0] for line in lines] == [
        *("stance", "sentiment", "voice")
    ]
    model = load_model(tmp_path / "pier", BOOK)
    assert all(
        f"model={model.reference}" in line and "n=48 " in line and "held-out=outlet" in line
        for line in lines
    )
    assert "holding out by outlet" in done.stderr
    assert "fold 2 of 2: stance" in done.stderr
    assert "of this fit left" not in done.stderr  # it took no minute
    assert f"wrote {tmp_path / 'pier'}; classify with: stance classify PATH" in done.stderr
    assert model.card.settings["epochs"] == 1.5
    assert model.card.settings["base"] == str(port / "tiny")
    assert [path.name for path in tmp_path.iterdir()] == ["pier"]  # nothing is kept to go on with


def test_a_transformer_can_be_held_out_by_article(stance, port, tmp_path):
    words = training("transformer", port, tmp_path / "pier", "--epochs", "0.5")
    done = stance(*words, "--hold-out-by", "article")
    assert done.returncode == 0, done.stderr
    assert all("held-out=article" in line for line in done.stdout.splitlines())
    assert "holding out by article" in done.stderr
    assert {*load_model(tmp_path / "pier", BOOK).card.held_out} == {"article"}


# Keeps a checkpoint at each step; in the second fit, waits after the fifth until it is killed.
TRAIN = """
import sys
import time
from stance.classifiers import fine_tuning

fine_tuning.CHECKPOINT_SECONDS = 0.0
keep, n_fifths = fine_tuning._save_state, 0

def wait(place, network, optimizer, device, step):
    global n_fifths
    keep(place, network, optimizer, device, step)
    n_fifths += step == 5
    if n_fifths == 2:
        print("kept", flush=True)
        time.sleep(600)

fine_tuning._save_state = wait
from stance.cli import main
main()
"""


def test_a_training_that_was_killed_goes_on_to_the_same_model(
    stance, port, trained, tmp_path, monkeypatch
):
    words = training("transformer", port, tmp_path / "pier")
    with subprocess.Popen(
        [sys.executable, "-c", TRAIN, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "kept\n"
        process.kill()
    assert process.returncode == -9
    kept = sorted(path.name for path in (tmp_path / "pier.training").glob("*/*"))
    assert kept == ["done.safetensors", "state.safetensors"]
    begun = []
    batches = fine_tuning._batches

    def count(lengths, recipe, first, n_steps):
        begun.append((first, n_steps))
        return batches(lengths, recipe, first, n_steps)

    monkeypatch.setattr(fine_tuning, "_batches", count)
    done = stance(*words)
    assert done.returncode == 0, done.stderr
    assert begun == [(5, 8), (0, 12)]  # the first fold is done, the second goes on, then the whole
    for path in trained.iterdir():
        assert (tmp_path / "pier" / path.name).read_bytes() == path.read_bytes(), path.name
    assert not (tmp_path / "pier.training").exists()


def test_an_embedding_is_trained_held_out_by_article_and_by_outlet(stance, port, tmp_path):
    done = stance(*training("embedding", port, tmp_path / "quay"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition("held-out=")[2].split()[0] for line in lines] == [
        *(["article"] * 3),
        *(["outlet"] * 3),
    ]
    assert load_model(tmp_path / "quay", BOOK).card.kind == "embedding"
    rows = stance("classify", port / "articles/a0.txt", "--model", tmp_path / "quay").stdout
    assert len(rows.splitlines()) == 6


def test_few_shot_saves_the_encoder_that_learned_and_says_its_size(
    stance, port, tmp_path, monkeypatch
):
    quick = embedding.EmbeddingRecipe(contrast_batches=2, costs=(1.0,))
    monkeypatch.setattr(embedding, "few_shot_recipe", lambda: quick)
    done = stance(*training("embedding", port, tmp_path / "quay", "--few-shot"))
    assert done.returncode == 0, done.stderr
    assert [line.partition("held-out=")[2].split()[0] for line in done.stdout.splitlines()] == [
        *(["outlet"] * 3)
    ]
    assert f"{tmp_path / 'quay'} holds an encoder of its own: 0 MB" in done.stderr
    assert load_model(tmp_path / "quay", BOOK).card.kind == "few-shot"
    rows = stance("classify", port / "articles/a0.txt", "--model", tmp_path / "quay").stdout
    assert len(rows.splitlines()) == 6


def test_a_transformer_that_learned_stance_alone_is_compared_with_the_whole_one(
    stance, port, trained, tmp_path
):
    more = ("--tasks", "stance", "--epochs", 1)
    done = stance(*training("transformer", port, tmp_path / "alone", *more))
    assert done.returncode == 0, done.stderr
    assert [line.partition("task=")[2].split()[0] for line in done.stdout.splitlines()] == [
        "stance"
    ]
    assert list(load_model(tmp_path / "alone", BOOK).classifier.classes_) == ["stance"]
    new = labeled_corpus(n_articles=4, n_units=6, seed=9)
    (tmp_path / "new").mkdir()
    texts = {}
    for e in new:
        texts.setdefault(e.unit.article_id, []).append(e.unit.text)
    for name, sentences in texts.items():
        (tmp_path / f"new/{name}.txt").write_text(" ".join(sentences), encoding="utf-8")
    write_labels(tmp_path / "new.jsonl", [settled(e) for e in new])
    words = (tmp_path / "new", "--labels", tmp_path / "new.jsonl", "--full", "--json")
    done = stance("evaluate", trained, *words, "--against", tmp_path / "alone")
    for found in json.loads(done.stdout)["against"]:
        assert {d["task"] for d in found["differences"]} == {"stance"}
        assert found["right"].startswith("alone@")
    known = (port / "articles", "--labels", port / "settled.jsonl", "--json")
    (found,) = json.loads(
        stance("evaluate", trained, *known, "--against", tmp_path / "alone").stdout
    )
    assert (found["held_out"], found["n_articles"]) == ("outlet", 8)


def test_a_trained_model_is_exported_classifies_and_is_evaluated(stance, port, trained, tmp_path):
    for options, name in (((), "small"), (("--full",), "full")):
        done = stance("export", trained, "-o", tmp_path / name, *options)
        assert done.returncode == 0, done.stderr
        assert f"wrote {tmp_path / name} (" in done.stderr
    assert load_model(tmp_path / "full", BOOK).card.settings["8 bits"] is False
    (tmp_path / "new.txt").write_text("The ferry is stuck. Traders cheer.", encoding="utf-8")
    done = stance("classify", tmp_path / "new.txt", "--model", tmp_path / "small")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["text"] for row in rows] == ["The ferry is stuck.", "Traders cheer."]
    assert {row["model"].partition("@")[0] for row in rows} == {"small"}
    words = (port / "articles", "--labels", port / "settled.jsonl", "--json")
    scores = json.loads(stance("evaluate", tmp_path / "small", *words).stdout)
    names = [score["model"].partition("@")[0] for score in scores]
    assert names == ["majority", "VADER", "cues", "small"]
    assert {score["held_out"] for score in scores} == {"outlet"}


def test_units_beside_and_a_teacher_are_learned_from(stance, port, trained, tmp_path):
    rows = [
        {
            "id": f"b{i}",
            "family": "doubt",
            "group": "g",
            "text": f"Captains doubt the {name}.",
            "labels": {"stance": "skeptical"},
            "codebook": BOOK.reference,
        }
        for i, name in enumerate(("pier", "ferry", "council"))
    ]
    beside = tmp_path / "beside.jsonl"
    beside.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "new.txt").write_text("The ferry is stuck. Traders cheer.", encoding="utf-8")
    more = ("--also", beside, "--teacher", trained, "--unlabeled", tmp_path / "new.txt")
    done = stance(*training("transformer", port, tmp_path / "taught", "--epochs", 1, *more))
    assert done.returncode == 0, done.stderr
    model = load_model(tmp_path / "taught", BOOK)
    assert model.card.settings["units learned from beside"] == 5
    assert model.card.n_units == 48
    assert model.card.settings["taught by"] == load_model(trained, BOOK).reference
    assert "its teachers had learned from 8 of these articles" in done.stderr


# ------------------------------------------------------------------------------ what cannot be done


def one_line(done, told):
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("stance: ")
    assert told in done.stderr


@pytest.mark.parametrize("kind", ["transformer", "embedding", "export"])
def test_without_torch_it_is_told_what_to_install(
    stance, port, trained, tmp_path, monkeypatch, kind
):
    monkeypatch.setattr(
        ladder, "find_spec", lambda name: None if name == "torch" else find_spec(name)
    )
    words = ["export", trained, "-o"] if kind == "export" else training(kind, port, "")[:-1]
    one_line(stance(*words, tmp_path / "m"), "this needs torch: pip install 'stance[torch]'")
    assert list(tmp_path.iterdir()) == []


def test_a_base_that_cannot_be_had_is_told_in_a_line(stance, port, tmp_path, monkeypatch):
    def fails(name, **options):
        raise OSError("no route to the hub")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    for kind in ("transformer", "embedding"):
        words = training(kind, port, tmp_path / "m", "--base", "harbour/tiny")
        done = stance(*words)
        assert done.returncode == 1
        assert "harbour/tiny: no folder, none of" in done.stderr.splitlines()[-1]
        assert "no route to the hub" in done.stderr.splitlines()[-1]
        assert not (tmp_path / "m/card.json").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--recipe", "no-such"), "no-such.toml: No such file"),
        (("--recipe", "{port}/wrong.toml"), "wrong.toml: epochs must be a float, not 'many'"),
        (("--device", "abacus"), "device 'abacus' is not here"),
        (("--teacher", "no-such"), "no-such: no such model"),
        (("--also", "{port}/absent.jsonl"), "absent.jsonl: cannot be read"),
        (("--search", "2"), "quick.toml: no table [search] says what to try"),
        (("--tasks", "mood"), "has no task 'mood': stance, sentiment, voice"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_told_before_anything_is_trained(stance, port, tmp_path, more, told):
    (port / "wrong.toml").write_text("epochs = 'many'", encoding="utf-8")
    words = [word.format(port=port) for word in more]
    one_line(stance(*training("transformer", port, tmp_path / "m", *words)), told)


def test_a_base_that_learned_from_these_articles_or_would_be_lost_is_refused(
    stance, port, trained, tmp_path
):
    for kind in ("transformer", "embedding"):
        words = training(kind, port, tmp_path / "m", "--base", trained)
        one_line(stance(*words), "learned from 8 of these articles")
        words = training(kind, port, port / "tiny")
        one_line(stance(*words), "the encoder itself would be lost")
    assert (port / "tiny/model.safetensors").is_file()


def test_a_model_without_the_task_that_is_asked_for_is_told(stance, port, tmp_path):
    words = training("transformer", port, tmp_path / "m", "--tasks", "voice", "--epochs", "0.5")
    done = stance(*words)
    assert done.returncode == 0, done.stderr
    drawing = ("label", "next", port / "articles", "--folder", tmp_path / "l", "--model")
    drawing += (tmp_path / "m", "--plan", "stratified", "-n", 4)
    one_line(stance(*drawing), "cannot do stance, only voice")
    comparing = ("compare", port / "articles", "--model", tmp_path / "m", "-o", tmp_path / "r.html")
    one_line(stance(*comparing), "cannot do stance, only voice")


def test_a_folder_with_other_files_is_refused_before_anything_is_trained(stance, port, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m/notes.docx").touch()
    for kind in ("transformer", "embedding"):
        one_line(stance(*training(kind, port, tmp_path / "m")), "a model folder holds only")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_unlabeled_articles_without_a_teacher_are_wrong_usage(stance, port, tmp_path):
    words = ("--unlabeled", port / "articles")
    assert stance(*training("transformer", port, tmp_path / "m", *words)).returncode == 2


def test_a_search_without_stance_is_wrong_usage(stance, port, tmp_path):
    (port / "tried.toml").write_text(f"{RECIPE}[search]\nepochs = [1]\n", encoding="utf-8")
    words = ("--tasks", "voice", "--search", "2", "--recipe", port / "tried.toml")
    done = stance(*training("transformer", port, tmp_path / "m", *words))
    assert done.returncode == 2
    assert "--search goes by stance" in done.stderr


def test_what_is_given_is_no_range_of_the_search(stance, port, tmp_path):
    recipe = f"{RECIPE}[search]\nepochs = [1, 2]\nlearning_rate = [1e-2, 2e-2]\n"
    (port / "tried.toml").write_text(recipe, encoding="utf-8")
    words = ("--search", "2", "--epochs", "0.5", "--recipe", port / "tried.toml")
    done = stance(*training("transformer", port, tmp_path / "m", *words))
    assert done.returncode == 0, done.stderr
    assert load_model(tmp_path / "m", BOOK).card.settings["epochs"] == 0.5
    log = (tmp_path / "m.trials.jsonl").read_text(encoding="utf-8").splitlines()
    assert [sorted(json.loads(line)["changes"]) for line in log] == [[], ["learning_rate"]]
    (port / "tried.toml").write_text(f"{RECIPE}[search]\nepochs = [1]\n", encoding="utf-8")
    done = stance(*training("transformer", port, tmp_path / "n", *words))
    assert done.returncode == 2
    assert "leaves the recipe nothing to try" in done.stderr


def test_unlabeled_articles_that_cannot_be_read_are_told_and_the_rest_is_done(
    stance, port, trained, tmp_path
):
    (tmp_path / "new.txt").write_text("The ferry is stuck. Traders cheer.", encoding="utf-8")
    (tmp_path / "torn.docx").write_bytes(b"no zip")
    more = ("--teacher", trained, "--epochs", 0.5)
    more += ("--unlabeled", tmp_path / "torn.docx", "--unlabeled", tmp_path / "new.txt")
    done = stance(*training("transformer", port, tmp_path / "m", *more))
    assert done.returncode == 1
    assert "1 file(s) or row(s) could not be read; the rest is done" in done.stderr
    model = load_model(tmp_path / "m", BOOK)
    assert model.card.settings["units learned from beside"] == 2


def test_only_a_transformer_is_exported_and_not_over_itself(stance, model, trained, tmp_path):
    one_line(stance("export", model.folder, "-o", tmp_path / "m"), "only a transformer can be")
    one_line(stance("export", trained, "-o", trained), "give another folder")
    assert load_model(trained, BOOK).card.kind == "transformer"
