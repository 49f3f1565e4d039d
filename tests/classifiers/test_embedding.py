"""The frozen encoder with a logistic regression, on a tiny encoder made on the spot."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from stance.classifiers import embedding
from stance.classifiers.base import codebook_classes, cross_fit
from stance.classifiers.bases import file_sha256
from stance.classifiers.embedding import Embedding, EmbeddingRecipe, few_shot_recipe
from stance.codebook import read_codebook
from stance.errors import DataError, ModelError
from stance.statistics.scores import confusion_table, macro_f1
from tests.builders import labeled_corpus
from tests.encoders import bert, change_json, mpnet

CLASSES = codebook_classes(read_codebook())
TARGET = "The new pier"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return bert(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="module")
def examples():
    return labeled_corpus(n_articles=8)


def new(base, **changes):
    recipe = EmbeddingRecipe(base=str(base), costs=(10.0, 100.0), **changes)
    return Embedding(CLASSES, TARGET, recipe, device="cpu")


@pytest.fixture(scope="module")
def trained(base, examples, tmp_path_factory):
    model = new(base).fit(examples)
    place = tmp_path_factory.mktemp("models")
    model.save(place)
    return model, place


def counted(monkeypatch):
    """Return a list that grows with the units of each batch that an encoder reads."""
    read = []
    means = embedding.unit_means

    def count(encoder, arrays, own):
        read.append(len(own))
        return means(encoder, arrays, own)

    monkeypatch.setattr(embedding, "unit_means", count)
    return read


@pytest.mark.parametrize("kind", [bert, mpnet])
def test_it_learns_what_holds_in_articles_that_it_never_saw(kind, examples, tmp_path):
    model = new(kind(tmp_path / "base")).fit(examples)
    judge = labeled_corpus(seed=2)
    rows = model.predict_proba([e.unit for e in judge])
    for task, names in CLASSES.items():
        truth = np.array([names.index(e.labels[task]) for e in judge])
        assert rows[task].shape == (len(judge), len(names))
        assert np.allclose(rows[task].sum(axis=1), 1)
        table = confusion_table(truth, rows[task].argmax(axis=1), len(names))
        assert macro_f1(table) > 0.75  # a majority has 0.45 or less
    assert set(model.settings()["chosen C"].values()) <= {10.0, 100.0}


def test_the_encoder_stays_as_it_is(base, examples):
    before = file_sha256(base / "model.safetensors")
    new(base).fit(examples)
    assert file_sha256(base / "model.safetensors") == before


def test_a_saved_model_gives_the_same_probabilities(trained, base, examples):
    model, place = trained
    again = Embedding.load(place, device="cpu")
    assert again.recipe == model.recipe
    assert sorted(path.name for path in place.iterdir()) == ["model.json", "model.safetensors"]
    units = [e.unit for e in labeled_corpus(seed=2)]
    for task, rows in model.predict_proba(units).items():
        assert np.allclose(rows, again.predict_proba(units)[task], atol=1e-4)
    assert list(again.fresh().fit(examples).classes_) == list(CLASSES)


def test_the_same_seed_gives_the_same_weights(trained, base, examples, tmp_path):
    new(base).fit(examples).save(tmp_path)
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / name).read_bytes() == (trained[1] / name).read_bytes()


def test_each_unit_is_read_once_however_often_it_is_fitted(base, examples, monkeypatch):
    read = counted(monkeypatch)
    model = new(base)
    groups = [e.source for e in examples]
    cross_fit(model, examples, groups, n_folds=None, seed=1)
    n_units = len({e.unit for e in examples})
    assert sum(read) == 2 * n_units  # in its context, and by itself
    model.fit(examples).predict_proba([e.unit for e in examples])
    assert sum(read) == 2 * n_units
    model.predict_proba([replace(examples[0].unit, text="It rains.")])
    assert sum(read) == 2 * n_units + 2


def test_a_model_whose_units_others_have_read_can_be_saved(base, examples, tmp_path):
    # As in training: the folds' models read the units, and the last one only takes them over.
    model = new(base)
    model.fresh().fit(examples)
    model.fit(examples).save(tmp_path)
    kept = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    assert kept["base_sha256"] == file_sha256(base / "model.safetensors")


def test_vectors_are_of_the_unit_in_its_context_and_by_itself(base, examples):
    unit = examples[0].unit
    told = replace(unit, before=("Captains doubt that the pier will ever open.",) * 2)
    reads = new(base)
    a, b = reads._vectors([replace(unit, before=()), told])
    assert np.allclose(a[16:], b[16:], atol=1e-3)
    assert np.abs(a[:16] - b[:16]).max() > 0.01
    assert np.linalg.norm(a.reshape(2, 16), axis=1) == pytest.approx([1, 1])
    c, d = new(base, context=False)._vectors([replace(unit, before=()), told])
    assert np.allclose(c, d, atol=1e-3)


def test_a_unit_without_a_word_gets_probabilities_too(trained, examples):
    rows = trained[0].predict_proba([replace(examples[0].unit, text="\u200b")])
    assert all(table.sum() == pytest.approx(1) for table in rows.values())


def test_a_task_without_two_labels_is_left_out_and_a_class_never_seen_has_no_chance(base, examples):
    lessons = [
        replace(e, labels={**e.labels, "voice": "author"})
        for e in examples
        if e.labels["stance"] != "neutral"
    ]
    model = new(base).fit(lessons)
    rows = model.predict_proba([e.unit for e in examples])
    assert list(rows) == ["stance", "sentiment"]
    assert rows["stance"][:, CLASSES["stance"].index("neutral")].max() == 0
    with pytest.raises(DataError, match="no task has units of two labels"):
        new(base).fit([replace(e, labels={"voice": "author"}) for e in examples])


def test_what_is_not_fitted_cannot_be_saved(base, tmp_path):
    with pytest.raises(DataError, match="not fitted yet"):
        new(base).save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def cut(place):
    (place / "model.safetensors").write_bytes((place / "model.safetensors").read_bytes()[:-9])


def arrays(change):
    def harm(place):
        held = load_file(place / "model.safetensors")
        change(held)
        save_file(held, place / "model.safetensors")

    return harm


def narrow(held):
    held["weights.stance"] = held["weights.stance"][:, :-1].copy()


def narrow_all(held):
    for task in CLASSES:
        held[f"weights.{task}"] = held[f"weights.{task}"][:, :-1].copy()


def fewer(held):
    held["weights.stance"] = held["weights.stance"][:-1].copy()


def no_number(held):
    held["weights.stance"][0, 0] = np.nan


@pytest.mark.parametrize(
    "harm",
    [
        cut,
        *(arrays(change) for change in (narrow, narrow_all, fewer, no_number)),
        arrays(lambda held: held.pop("bias.voice")),
        arrays(lambda held: held.update({"bias.voice": np.zeros(3, dtype=np.float32)})),
        lambda place: (place / "model.json").unlink(),
        lambda place: (place / "model.json").write_text("{", encoding="utf-8"),
        lambda place: change_json(place / "model.json", recipe={"colour": "red"}),
        lambda place: change_json(place / "model.json", recipe=[7]),
        lambda place: change_json(place / "model.json", classes={"mood": ["good", "bad"]}),
        lambda place: change_json(place / "model.json", base_sha256="ab" * 32),
    ],
    ids=range(13),
)
def test_a_folder_that_is_damaged_or_tampered_with_is_a_model_error(trained, tmp_path, harm):
    place = shutil.copytree(trained[1], tmp_path / "m")
    harm(place)
    with pytest.raises(ModelError):
        Embedding.load(place, device="cpu")


def test_probabilities_follow_from_the_vectors_and_the_saved_weights_by_hand(trained, examples):
    model, place = trained
    held = load_file(place / "model.safetensors")
    units = [e.unit for e in examples[:5]]
    scores = model._vectors(units) @ held["weights.voice"].T + held["bias.voice"]
    assert np.allclose(model.predict_proba(units)["voice"], softmax(scores, axis=1), atol=1e-4)


# -------------------------------------------------------------------- an encoder that has learned


def few(base, **changes):
    """Return the few-shot way, with the rate that a tiny encoder wants."""
    quick = {"contrast_batches": 12, "contrast_units": 12, "contrast_rate": 1e-2}
    recipe = replace(few_shot_recipe(), base=str(base), **{**quick, **changes})
    return Embedding(CLASSES, TARGET, recipe, device="cpu")


@pytest.fixture(scope="module")
def warm(base, tmp_path_factory):
    """A few-shot model of 24 units, and the folder that it is saved in."""
    model = few(base).fit(labeled_corpus(4, 6))
    place = tmp_path_factory.mktemp("models")
    model.save(place)
    return model, place


def test_a_warm_start_teaches_more_of_few_units_and_leaves_the_base_as_it_is(warm, base):
    judge = labeled_corpus(seed=2)
    truth = np.array([CLASSES["stance"].index(e.labels["stance"]) for e in judge])
    scores = [
        macro_f1(
            confusion_table(
                truth, model.predict_proba([e.unit for e in judge])["stance"].argmax(1), 3
            )
        )
        for model in (new(base).fit(labeled_corpus(4, 6)), warm[0])
    ]
    assert scores[1] > scores[0]
    assert list(warm[0].classes_) == list(CLASSES)
    assert file_sha256(base / "model.safetensors") == warm[0].base.weights_sha256


def test_an_encoder_that_has_learned_is_saved_with_the_model(warm, base):
    model, place = warm
    assert {path.name for path in place.iterdir()} == {
        *("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"),
        *("heads.safetensors", "model.json"),
    }
    modes = {path.stat().st_mode for path in place.iterdir()}
    assert len(modes) == 1  # the libraries' files are for whoever may read ours
    assert file_sha256(place / "model.safetensors") != file_sha256(base / "model.safetensors")
    again = Embedding.load(place, device="cpu")
    units = [e.unit for e in labeled_corpus(3, seed=2)]
    for task, rows in model.predict_proba(units).items():
        assert np.allclose(rows, again.predict_proba(units)[task], atol=1e-4)


def test_a_loaded_few_shot_model_can_be_saved_and_trained_anew(warm, tmp_path):
    again = Embedding.load(warm[1], device="cpu")
    again.save(tmp_path)
    for path in tmp_path.glob("*.safetensors"):
        assert path.read_bytes() == (warm[1] / path.name).read_bytes()
    anew = again.fresh().fit(labeled_corpus(4, 6))
    units = [e.unit for e in labeled_corpus(3, seed=2)]
    assert np.allclose(
        anew.predict_proba(units)["voice"], warm[0].predict_proba(units)["voice"], atol=1e-4
    )


def test_what_an_encoder_learned_does_not_leak_into_another_fit(base):
    lessons = labeled_corpus(4, 6)
    model = few(base, contrast_batches=3)
    model.fit(lessons)
    assert model.fresh()._cache == {}
    units = [e.unit for e in labeled_corpus(3, seed=2)]
    before = model._vectors(units)
    swapped = [replace(e, labels={**e.labels, "stance": "neutral"}) for e in lessons[:6]]
    assert not np.allclose(model.fit(swapped + lessons[6:])._vectors(units), before, atol=1e-3)
    assert np.array_equal(model.fit(lessons)._vectors(units), before)


def test_the_encoder_learns_from_the_first_task_that_has_two_labels(base):
    lessons = labeled_corpus(4, 6)
    bare = [replace(e, labels={"voice": e.labels["voice"]}) for e in lessons]
    model = few(base, contrast_batches=3).fit(bare)
    assert list(model.classes_) == ["voice"]
    mixed = [lessons[i] if i % 2 else bare[i] for i in range(len(lessons))]
    assert list(few(base, contrast_batches=3).fit(mixed).classes_) == list(CLASSES)
    with pytest.raises(DataError, match="no task has units of two labels"):
        few(base).fit([replace(e, labels={"voice": "author"}) for e in lessons])


@pytest.mark.parametrize(
    "harm",
    [
        lambda place: (place / "heads.safetensors").unlink(),
        lambda place: (place / "config.json").unlink(),
        lambda place: change_json(place / "config.json", auto_map={"AutoModel": "mine.Model"}),
        lambda place: change_json(place / "config.json", hidden_size=32),
    ],
    ids=range(4),
)
def test_a_few_shot_folder_that_is_damaged_is_a_model_error(warm, tmp_path, harm):
    place = shutil.copytree(warm[1], tmp_path / "m")
    harm(place)
    with pytest.raises(ModelError):
        Embedding.load(place, device="cpu")
