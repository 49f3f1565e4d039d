"""What a model folder may not be when it is loaded: damaged, tampered with, or of another model."""

import json
import shutil
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from stance.classifiers.baseline import BaselineRecipe
from stance.classifiers.held_out import words_key
from stance.classifiers.learned import Learned, learned_by
from stance.classifiers.storage import load_model, make_model_folder
from stance.codebook import read_codebook
from stance.errors import ModelError
from tests.builders import labeled_corpus, train_baseline

BOOK = read_codebook()
FILES = ("calibration.json", "held_out.jsonl", "model.json", "model.safetensors")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "ferry"
    train_baseline(labeled_corpus(), BOOK, folder, recipe=BaselineRecipe(costs=(1.0,)))
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "m")


def change(path, edit):
    data = json.loads(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def seal(folder):
    """Write the hashes of the files into the card, as whoever tampers would."""
    files = {name: sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    change(folder / "card.json", lambda card: card.update(files=files))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_the_cards_is_told_by_name(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(ModelError, match=f"{name} is not what its card says"):
        load_model(folder, BOOK)


def reverse(description):
    description["classes"]["stance"].reverse()


def rename(description):
    description["classes"]["stance"][0] = "hopeful"


def empty(description):
    description["classes"] = {}


@pytest.mark.parametrize("edit", [reverse, rename, empty])
def test_labels_that_are_not_the_codebooks_are_refused(folder, edit):
    change(folder / "model.json", edit)
    seal(folder)
    with pytest.raises(ModelError, match="its labels are not those of codebook h200-access@"):
        load_model(folder, BOOK)


@pytest.mark.parametrize("key", ["weights.stance", "bias.voice", "idf.0"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(folder, key, value):
    arrays = load_file(folder / "model.safetensors")
    arrays[key].flat[0] = value
    save_file(arrays, folder / "model.safetensors")
    seal(folder)
    with pytest.raises(ModelError, match=r"not all numbers|does not fit"):
        load_model(folder, BOOK)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.update(recipe=[]),
        lambda d: d["recipe"].update(words=["one", "two"]),
        lambda d: d.update(classes=5),
        lambda d: d.update(vocabularies=[]),
        lambda d: d.update(cost=3),
    ],
)
def test_a_description_of_another_shape_is_a_model_error(folder, edit):
    change(folder / "model.json", edit)
    seal(folder)
    with pytest.raises(ModelError):
        load_model(folder, BOOK)


ROW = {"article": "ab", "words": "cd", "sentiment": [0, 1, 0], "voice": [1, 0]}


@pytest.mark.parametrize(
    "line",
    [
        "5",
        "",
        "[" * 100_000,
        json.dumps(ROW),
        json.dumps(ROW | {"stance": [0.5, 0.5]}),
        json.dumps(ROW | {"stance": [0.5, 0.5, 0.5]}),
        json.dumps(ROW | {"stance": [2, -1, 0]}),
        json.dumps(ROW | {"stance": [float("nan"), 0, 1]}),
        json.dumps(ROW | {"stance": [1, 0, 0], "voice": [1, float("inf")]}),
        json.dumps({k: v for k, v in ROW.items() if k != "article"} | {"stance": [1, 0, 0]}),
        json.dumps(ROW | {"stance": [1, 0, 0], "tone": [1, 0]}),
    ],
    ids=range(11),
)
def test_held_out_rows_are_checked_line_by_line(folder, line):
    with (folder / "held_out.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    seal(folder)
    number = len(labeled_corpus()) + 1
    with pytest.raises(ModelError, match=rf"held_out\.jsonl:{number}: not a unit with"):
        load_model(folder, BOOK)


@pytest.mark.parametrize(
    "edit",
    [
        lambda card: card.update(held_out=[]),
        lambda card: card.update(held_out={}),
        lambda card: card["held_out"]["article"]["stance"].pop("macro_f1"),
        lambda card: card["held_out"]["article"]["stance"]["macro_f1"].update(value="high"),
        lambda card: card["held_out"]["article"]["stance"]["macro_f1"].update(value=float("nan")),
        lambda card: card["held_out"]["article"]["stance"]["macro_f1"].update(low="low"),
        lambda card: card["held_out"]["article"]["stance"]["macro_f1"].pop("n_units"),
        lambda card: card["held_out"]["article"]["stance"]["macro_f1"].update(n_articles="<b>"),
        lambda card: card["held_out"]["article"]["stance"].pop("calibration_error"),
        lambda card: card.update(trained_on=[["ab"]]),
        lambda card: card.update(trained_on=None),
        lambda card: card.update(name=7),
        lambda card: card.update(files=[]),
        lambda card: card.update(files={"model.json": 7}),
        lambda card: card.update(colour="red"),
    ],
    ids=range(15),
)
def test_a_card_of_another_shape_is_a_model_error(folder, edit):
    change(folder / "card.json", edit)
    with pytest.raises(ModelError, match="not a whole model"):
        load_model(folder, BOOK)


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000, '"card"', "\ud800"])
def test_a_card_that_is_no_table_is_a_model_error(folder, text):
    (folder / "card.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ModelError, match="not a whole model"):
        load_model(folder, BOOK)


def test_a_models_name_cannot_drive_a_terminal(folder):
    change(folder / "card.json", lambda card: card.update(name="ferry\x1b[2J"))
    assert load_model(folder, BOOK).reference.startswith(r"ferry\x1b[2J@")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be made"):
        make_model_folder(tmp_path / "file")
    make_model_folder(tmp_path / "a/b")
    (tmp_path / "a/b/notes.docx").touch()
    with pytest.raises(ModelError, match="could run code"):
        make_model_folder(tmp_path / "a/b")


def test_files_that_are_no_models_are_neither_taken_for_one_nor_lost(folder, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "settled.jsonl").write_text("{}\n", encoding="utf-8")
    for place in (mine, shutil.copytree(folder, tmp_path / "n")):
        (place / "settled.jsonl").write_text("{}\n", encoding="utf-8")
        with pytest.raises(ModelError, match=r"settled\.jsonl in it is no model's"):
            train_baseline(labeled_corpus(2, 8), BOOK, place)
        assert (place / "settled.jsonl").read_text(encoding="utf-8") == "{}\n"
    (mine / "settled.jsonl").rename(mine / "README.md")
    with pytest.raises(ModelError, match=r"README\.md in it is no model's"):
        make_model_folder(mine)


def test_a_save_that_was_cut_short_is_made_anew_and_so_is_a_model(folder):
    (folder / "card.json").unlink()
    (folder / "README.md").unlink()
    for _ in range(2):
        train_baseline(labeled_corpus(2, 8), BOOK, folder)
        assert load_model(folder, BOOK).card.n_units == 16


def test_a_text_of_two_outlets_with_a_unit_labeled_in_two_ways_is_learned_in_any_order(tmp_path):
    examples = labeled_corpus(4, 6)
    first = [e for e in examples if e.unit.article_id == "a0"]
    other = [replace(e, source="Quay") for e in first]
    other[0] = replace(other[0], labels={**other[0].labels, "stance": "neutral"})
    assert other[0].labels != first[0].labels
    both = [train_baseline([*examples, *other], BOOK, tmp_path / "m")]
    both.append(train_baseline([*other, *examples[::-1]], BOOK, tmp_path / "m"))
    assert both[0].reference == both[1].reference


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "held_out.jsonl").unlink(),
        lambda folder: (folder / "held_out.jsonl").write_text("\n"),
        lambda folder: (folder / "card.json").unlink(),
        lambda folder: change(folder / "card.json", lambda card: card.update(colour="red")),
    ],
    ids=["lost", "spoilt", "no card", "another card"],
)
def test_a_base_that_does_not_say_what_it_learned_from_is_refused(folder, spoil, tmp_path):
    assert learned_by(tmp_path / "an encoder of others") == Learned()
    spoil(folder)
    with pytest.raises(ModelError, match="cannot tell what it learned from"):
        learned_by(folder)


def test_an_article_is_known_by_its_hash_or_by_half_of_its_units(folder):
    first, second, *rest = labeled_corpus(n_articles=1, n_units=4)
    again = [replace(e, sha256="saved again") for e in (first, second, *rest)]
    keys = frozenset(words_key(e.unit.text)[:16] for e in (first, second))
    assert Learned(words=keys).known(again) == {"saved again"}
    assert Learned(words=frozenset([*keys][:1])).known(again) == set()
    assert Learned(articles=frozenset({first.sha256})).known([first]) == {first.sha256}
    assert learned_by(folder).known(labeled_corpus()) == set(
        load_model(folder, BOOK).card.trained_on
    )
