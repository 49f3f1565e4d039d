"""From a tiny encoder to a model's folder, and what is then done with it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from stance.classifiers import storage
from stance.classifiers.base import codebook_classes
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.classifiers.bases import file_sha256
from stance.classifiers.embedding import Embedding, EmbeddingRecipe, few_shot_recipe
from stance.classifiers.held_out import words_key
from stance.classifiers.learned import learned_by
from stance.classifiers.storage import best_model, load_model
from stance.classifiers.transformer import Transformer
from stance.codebook import read_codebook
from stance.corpus.prepare import prepare
from stance.engine.classify import classify
from stance.engine.train import FEW_FOLDS, HoldOut, export_model, train_model
from stance.errors import ModelError
from stance.evaluation import protocol
from stance.evaluation.protocol import evaluate, kept_rows, learned_from_here
from tests.builders import article, labeled_corpus, train_baseline
from tests.encoders import bert, change_json, quick, seal

BOOK = read_codebook()
CLASSES = codebook_classes(BOOK)
TASKS = ["stance", "sentiment", "voice"]
OUTLETS = [f"Outlet {i}" for i in range(4)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return bert(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="module")
def examples():
    return labeled_corpus(n_articles=8)


def train(base, examples, folder, *, on_step=lambda step: None, also=(), **changes):
    classifier = Transformer(CLASSES, "The pier", quick(base, **changes), device="cpu", also=also)
    plans = [HoldOut(by="outlet", n_folds=2)]
    return train_model(
        *(classifier, examples, BOOK, folder),
        kind="transformer",
        seed=7,
        plans=plans,
        on_step=on_step,
    )


def test_what_a_model_was_made_from_has_learned_counts_as_learned(model, examples, tmp_path):
    others = labeled_corpus(n_articles=2, seed=5)
    before = learned_by(model.folder, tmp_path / "no model")
    made = train_model(
        *(Baseline(CLASSES, BaselineRecipe()), others, BOOK, tmp_path / "m"),
        kind="baseline",
        seed=7,
        inherited=before,
    )
    assert {*model.card.trained_on, *(e.sha256 for e in others)} == set(made.card.trained_on)
    copy = [replace(e, sha256=f"copy of {e.sha256}") for e in labeled_corpus()]  # of the first's
    assert {e.sha256 for e in copy} <= learned_from_here(copy, made)
    assert learned_by(made.folder).articles == set(made.card.trained_on)


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def trained(base, examples, steps, tmp_path_factory):
    return train(base, examples, tmp_path_factory.mktemp("models") / "pier", on_step=steps.append)


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    return export_model(trained, tmp_path_factory.mktemp("models") / "quay", BOOK)


@pytest.fixture(scope="module")
def adapted(base, examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "berth"
    return train(base, examples, folder, lora_rank=2, lora_layers=1)


# --------------------------------------------------------------------------------- a model's folder


def test_training_leaves_a_folder_that_can_be_loaded(trained, examples):
    assert {path.name for path in trained.folder.iterdir()} == {
        *("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"),
        *("heads.safetensors", "model.json", "calibration.json", "held_out.jsonl"),
        *("card.json", "README.md"),
    }
    again = load_model(trained.folder, BOOK, device="cpu")
    assert again.reference == trained.reference
    assert again.reference.startswith("pier@")
    units = [e.unit for e in labeled_corpus(n_articles=3, seed=2)]
    for task, rows in trained.classifier.predict_proba(units).items():
        assert np.allclose(rows, again.classifier.predict_proba(units)[task], atol=1e-6)
    truth = [e.labels["stance"] for e in labeled_corpus(n_articles=3, seed=2)]
    named = [
        CLASSES["stance"][i] for i in again.classifier.predict_proba(units)["stance"].argmax(1)
    ]
    assert np.mean([a == b for a, b in zip(named, truth, strict=True)]) > 0.8


def test_the_card_says_what_was_measured_and_how_it_was_made(trained, examples, base):
    card = trained.card
    assert list(card.held_out) == ["outlet"]
    assert list(card.held_out["outlet"]) == TASKS
    assert card.held_out["outlet"]["stance"]["macro_f1"]["value"] > 0.7
    assert card.held_out["outlet"]["stance"]["macro_f1"]["n_units"] == len(examples)
    assert list(card.by_outlet) == OUTLETS
    assert all(list(shares) == TASKS for shares in card.by_outlet.values())
    assert sum(shares["stance"]["n_units"] for shares in card.by_outlet.values()) == len(examples)
    assert list(card.curves) == TASKS
    assert sum(b["accuracy"]["n_units"] for b in card.curves["voice"]) == len(examples)
    assert card.settings["learning_rate"] == quick(base).learning_rate
    assert card.settings["weights of the base"] == file_sha256(base / "model.safetensors")
    assert card.settings["licence of the base"] == "see its makers' page"
    assert {"torch", "transformers"} <= card.versions.keys()
    assert (card.n_articles, card.n_outlets) == (8, 4)
    page = (trained.folder / "README.md").read_text(encoding="utf-8")
    assert "| Outlet 3 | 24 |" in page
    assert "learning_rate = 0.01" in page


def test_a_cards_table_by_outlet_keeps_its_columns_and_tells_where_labels_are_fewer(
    examples, tmp_path
):
    some = [replace(e, source=e.source.replace("Outlet 0", "Harbour | Breaking")) for e in examples]
    some[0] = replace(some[0], labels={"stance": some[0].labels["stance"]})
    train_baseline(some, BOOK, tmp_path / "pipes")
    card = (tmp_path / "pipes/README.md").read_text(encoding="utf-8")
    (row,) = (line for line in card.splitlines() if line.startswith("| Harbour"))
    outlet, units, stance, _, voice = row.strip("| ").replace("\\|", "/").split(" | ")
    assert (outlet, units) == ("Harbour / Breaking", "24")
    assert " of " not in stance
    assert voice.endswith(" of 23")


def test_the_table_by_outlet_is_of_models_that_had_not_seen_the_outlet(examples, tmp_path):
    rng = np.random.default_rng(5)  # labels without a meaning: luck tells the ways apart
    lucky = [replace(e, labels={"voice": str(rng.choice(CLASSES["voice"]))}) for e in examples]
    card = train_baseline(lucky, BOOK, tmp_path / "m", BaselineRecipe(costs=(3.0,))).card
    by_article, by_outlet = (
        card.held_out[by]["voice"]["accuracy"]["value"] for by in card.held_out
    )
    shares = [outlet["voice"] for outlet in card.by_outlet.values()]
    right = sum(share["value"] * share["n_units"] for share in shares)
    assert right / len(examples) == pytest.approx(by_outlet)
    assert by_outlet != pytest.approx(by_article)


def test_the_card_of_a_frozen_encoder_names_its_weights_too(examples, base, tmp_path):
    recipe = EmbeddingRecipe(base=str(base), costs=(1.0,))
    words = {"kind": "embedding", "seed": 7, "plans": [HoldOut(by="outlet", n_folds=2)]}
    made = Embedding(CLASSES, "The pier", recipe, device="cpu")
    card = train_model(made, examples, BOOK, tmp_path / "m", **words).card
    assert card.settings["weights of the base"] == file_sha256(base / "model.safetensors")
    assert card.settings["licence of the base"] == "see its makers' page"


def test_a_licence_is_what_the_maker_states(model, tmp_path):
    assert model.card.licence == "not stated"
    made = train_model(
        *(Baseline(CLASSES, BaselineRecipe()), labeled_corpus(n_articles=4), BOOK, tmp_path / "m"),
        kind="baseline",
        seed=7,
        licence="CC0-1.0",
    )
    assert made.card.licence == "CC0-1.0"
    assert "licence CC0-1.0" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")


def test_what_is_held_out_is_by_models_that_had_not_seen_the_outlet(trained, examples, steps):
    assert steps[0] == "holding out by outlet"
    assert [step.split(":")[0] for step in steps[1:3]] == ["fold 1 of 2", "fold 2 of 2"]
    assert "stance 0." in steps[1] or "stance 1." in steps[1]
    assert steps[3:] == ["fitting on all articles"]
    assert set(trained.held_out) == {words_key(e.unit.text) for e in examples}
    rows = trained.classifier.predict_proba([e.unit for e in examples])["stance"]
    assert np.abs(rows - kept_rows(examples, trained)["stance"]).max() > 0.05


def test_the_same_seed_gives_the_same_folder(trained, base, examples, tmp_path):
    again = train(base, examples, tmp_path / "pier")
    assert again.reference == trained.reference
    for path in trained.folder.iterdir():
        assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_task_that_only_lessons_beside_know_is_left_out(base, examples, tmp_path):
    lessons = [replace(e, labels={"stance": e.labels["stance"]}) for e in examples]
    model = train(base, lessons, tmp_path / "m", also=examples[:20], epochs=1)
    assert list(model.classifier.classes_) == ["stance"]
    assert model.card.settings["units learned from beside"] == 20


def test_a_single_outlet_is_held_out_by_article(base, examples, tmp_path):
    lessons = [replace(e, source="Port Gazette") for e in examples]
    model = train(base, lessons, tmp_path / "m", epochs=1)
    assert list(model.card.held_out) == ["article"]
    assert model.card.n_outlets == 1
    results = evaluate(lessons, model, BOOK, seed=1)
    assert {result.held_out for result in results} == {"article"}
    assert results[-1].model == model.reference


def test_outlets_that_some_articles_do_not_name_are_held_out_by_article(examples, tmp_path):
    some = [replace(e, source=None) if e.source == OUTLETS[0] else e for e in examples]
    model = train_baseline(some, BOOK, tmp_path / "jetty")
    assert list(model.card.held_out) == ["article"]
    assert model.card.n_outlets == 3


def test_an_outlet_without_labels_of_a_task_has_an_empty_cell_for_it(examples, tmp_path):
    some = [
        replace(e, labels={"voice": e.labels["voice"]}) if e.source == OUTLETS[0] else e
        for e in examples
    ]
    model = train_baseline(some, BOOK, tmp_path / "jetty")
    page = (model.folder / "README.md").read_text(encoding="utf-8")
    assert "| outlet | units | stance | sentiment | voice |" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| Outlet 0 |")]
    assert "| – | – | " in row


def test_a_fold_without_labels_of_a_task_does_not_end_the_training(examples, tmp_path):
    some = [
        replace(e, labels={} if e.source == OUTLETS[0] else {"voice": e.labels["voice"]})
        for e in examples
    ]
    told = []
    classifier = Baseline({"voice": CLASSES["voice"]}, BaselineRecipe(costs=(3.0,), n_folds=2))
    plans = [HoldOut(by="outlet", n_folds=None)]
    train_model(
        *(classifier, some, BOOK, tmp_path / "jetty"),
        kind="baseline",
        seed=7,
        plans=plans,
        on_step=told.append,
    )
    assert "fold 1 of 4" in told


def test_the_embedding_goes_the_same_road(base, examples, tmp_path):
    recipe = EmbeddingRecipe(base=str(base), costs=(100.0,))
    classifier = Embedding(CLASSES, "The pier", recipe, device="cpu")
    model = train_model(classifier, examples, BOOK, tmp_path / "m", kind="embedding", seed=7)
    assert list(model.card.held_out) == ["article", "outlet"]
    assert model.card.held_out["outlet"]["stance"]["macro_f1"]["value"] > 0.6
    assert model.card.settings["chosen C"] == dict.fromkeys(TASKS, 100.0)
    # Refitted in seconds: its folder's rows are not what `evaluate` scores.
    results = evaluate(examples, model, BOOK, seed=7)
    own = [result for result in results if result.model == model.reference]
    assert [result.held_out for result in own] == ["article", "outlet"]
    for result in own:
        told = model.card.held_out[result.held_out]["stance"]["macro_f1"]["value"]
        assert result.scores["stance"].macro_f1.value == pytest.approx(told, abs=1e-6)


def test_few_shot_is_held_out_by_models_whose_encoder_had_not_seen_the_outlet(
    base, tmp_path, monkeypatch
):
    lessons = labeled_corpus(n_articles=8, n_units=6)
    recipe = replace(
        few_shot_recipe(), base=str(base), contrast_batches=6, contrast_units=12, contrast_rate=1e-2
    )
    classifier = Embedding(CLASSES, "The pier", recipe, device="cpu")
    model = train_model(
        *(classifier, lessons, BOOK, tmp_path / "m"), kind="few-shot", seed=7, plans=[FEW_FOLDS]
    )
    assert list(model.card.held_out) == ["outlet"]
    assert list(model.calibration.tasks) == TASKS
    assert model.card.kind == "few-shot"
    assert model.card.settings["contrast_batches"] == 6
    assert "kind few-shot" in (tmp_path / "m/README.md").read_text(encoding="utf-8")
    # Each fold costs a minute: `evaluate` scores the rows that the folder keeps.
    monkeypatch.setattr(Embedding, "fresh", forbidden)
    own = evaluate(lessons, model, BOOK, seed=7)[-1]
    assert (own.held_out, own.model) == ("outlet", model.reference)
    told = model.card.held_out["outlet"]["stance"]["macro_f1"]["value"]
    assert own.scores["stance"].macro_f1.value == pytest.approx(told, abs=0.01)
    again = load_model(tmp_path / "m", BOOK, device="cpu")
    units = [e.unit for e in labeled_corpus(n_articles=2, seed=2)]
    rows = again.classifier.predict_proba(units)["stance"]
    assert np.allclose(rows, model.classifier.predict_proba(units)["stance"], atol=1e-6)


def test_a_folder_is_left_without_the_files_of_the_model_before(
    adapted, base, examples, trained, tmp_path
):
    folder = shutil.copytree(adapted.folder, tmp_path / "pier")
    model = train(base, examples, folder, epochs=1)
    names = {path.name for path in trained.folder.iterdir()}
    assert {path.name for path in folder.iterdir()} == names
    assert model.card.files.keys() == names - {"card.json", "README.md"}


# ----------------------------------------------------------------------------------------- exported


def test_what_is_exported_keeps_its_scores_and_says_where_it_comes_from(trained, exported):
    assert {path.name for path in exported.folder.iterdir()} == {
        *("model.onnx", "tokenizer.json", "model.json", "calibration.json", "held_out.jsonl"),
        *("card.json", "README.md"),
    }
    assert exported.card.kind == "onnx"
    assert exported.card.settings["exported from"] == trained.reference
    assert exported.card.settings["8 bits"] is True
    assert exported.card.held_out == trained.card.held_out
    assert exported.calibration == trained.calibration
    units = [e.unit for e in labeled_corpus(n_articles=3, seed=2)]
    for task, rows in trained.classifier.predict_proba(units).items():
        table = exported.classifier.predict_proba(units)[task]
        assert np.mean(table.argmax(axis=1) == rows.argmax(axis=1)) > 0.85


def test_only_a_transformer_can_be_exported_and_not_over_itself(model, trained, exported, tmp_path):
    for other in (model, exported):
        with pytest.raises(ModelError, match="only a transformer can be exported"):
            export_model(other, tmp_path / "m", BOOK)
    assert not (tmp_path / "m").exists()
    own = load_model(shutil.copytree(trained.folder, tmp_path / "own"), BOOK)
    with pytest.raises(ModelError, match="would be lost: give another folder"):
        export_model(own, tmp_path / "own/../own", BOOK)
    assert load_model(tmp_path / "own", BOOK).card.kind == "transformer"


# ---------------------------------------------------------------------------- classified, evaluated


def test_some_units_are_abstained_on_and_not_all(adapted):
    odd = "Traders doubt. The council cheers. Fares open early. Captains gain. It is of oak. " * 3
    known = (e.unit.text for e in labeled_corpus(n_articles=3, seed=2))
    articles = [article(odd), article(" ".join(known))]
    done = list(classify(prepare(articles), adapted, BOOK, alpha=0.1))
    left = [[u.predictions["stance"].abstained for u in d.units] for d in done]
    assert 0 < np.mean(left[1]) < np.mean(left[0]) < 1
    never = list(classify(prepare(articles), adapted, BOOK))
    assert not any(p.abstained for d in never for u in d.units for p in u.predictions.values())
    named = [[u.predictions["stance"].label for u in d.units] for d in done]
    assert named == [[u.predictions["stance"].label for u in d.units] for d in never]


def forbidden(*args, **options):
    raise AssertionError("the model is not to be asked")


@pytest.mark.parametrize("kind", ["trained", "exported", "adapted"])
def test_articles_that_it_learned_from_are_scored_by_the_rows_that_it_keeps(
    kind, request, examples, monkeypatch
):
    model = request.getfixturevalue(kind)
    monkeypatch.setattr(type(model.classifier.plain), "predict_proba", forbidden)
    monkeypatch.setattr(type(model.classifier.plain), "fresh", forbidden)
    results = evaluate(examples, model, BOOK, seed=7)
    assert [result.model for result in results] == ["majority", "VADER", "cues", model.reference]
    assert {result.held_out for result in results} == {"outlet"}
    for task, told in model.card.held_out["outlet"].items():
        found = results[-1].scores[task].macro_f1
        # Rows are kept to four places: a tie or two may fall the other way.
        assert found.value == pytest.approx(told["macro_f1"]["value"], abs=0.03)
        assert found.n_units == told["macro_f1"]["n_units"]


def test_new_articles_are_judged_by_the_model_itself(trained, examples):
    new = [replace(e, sha256=f"new {e.sha256}") for e in labeled_corpus(n_articles=3, seed=9)]
    new = [e for e in new if words_key(e.unit.text) not in trained.held_out]
    results = evaluate([*examples, *new], trained, BOOK, seed=7)
    assert [(r.held_out, r.model) for r in results] == [
        (by, name)
        for by in ("new", "outlet")
        for name in ("majority", "VADER", "cues", trained.reference)
    ]
    assert results[3].scores["stance"].macro_f1.n_units == len(new)
    assert results[3].scores["stance"].macro_f1.value > 0.6
    assert results[7].scores["stance"].macro_f1.n_units == len(examples)


def test_units_of_a_learned_article_without_a_kept_row_are_left_out(trained, examples):
    changed = [replace(examples[0], unit=replace(examples[0].unit, text="It rains."))]
    kept = protocol.evaluate([*changed, *examples[1:]], trained, BOOK, seed=7)
    assert kept[-1].scores["stance"].macro_f1.n_units == len(examples) - 1


# ---------------------------------------------------------------------------- the best that can run


@pytest.fixture
def shipped(model, exported, adapted, tmp_path, monkeypatch):
    """A folder of shipped models: an adapter, a graph and a baseline."""
    for name, found in (("large", adapted), ("small", exported), ("baseline", model)):
        shutil.copytree(found.folder, tmp_path / "models" / name)
    monkeypatch.setattr(storage, "data_folder", lambda name: tmp_path / name)
    return tmp_path / "models"


def test_the_largest_is_the_best_where_its_base_and_torch_are_here(shipped):
    assert best_model(BOOK).name == "large"
    assert load_model("large", BOOK).card.kind == "transformer"
    shutil.rmtree(shipped / "large")
    assert best_model(BOOK).name == "small"
    shutil.rmtree(shipped / "small")
    assert best_model(BOOK).name == "baseline"


def test_what_cannot_run_here_is_passed_over(shipped, monkeypatch):
    find = storage.importlib.util.find_spec
    monkeypatch.setattr(
        storage.importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    assert best_model(BOOK).name == "small"


def test_an_adapter_is_passed_over_where_its_base_would_have_to_be_fetched(shipped):
    path = shipped / "large/model.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    change_json(path, recipe=description["recipe"] | {"base": "all-mpnet-base-v2"})
    assert best_model(BOOK).name == "small"


def test_a_whole_transformer_needs_no_base(shipped, trained):
    shutil.rmtree(shipped / "large")
    shutil.copytree(trained.folder, shipped / "large")
    path = shipped / "large/model.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    change_json(path, recipe=description["recipe"] | {"base": "harbour/absent"})
    seal(shipped / "large")
    assert best_model(BOOK).name == "large"
    assert load_model("large", BOOK).card.kind == "transformer"


@pytest.mark.parametrize("name", ["card.json", "model.json"])
def test_a_damaged_one_is_passed_over(shipped, name):
    (shipped / "large" / name).write_bytes(b"{")
    assert best_model(BOOK).name == "small"
    (shipped / "large" / name).unlink()
    assert best_model(BOOK).name == "small"


def test_another_codebook_has_no_best_model(shipped):
    with pytest.raises(ModelError, match="no shipped model was trained under codebook huawei-5g@"):
        best_model(read_codebook("huawei-5g"))


def test_a_model_whose_library_is_absent_is_told(trained, monkeypatch):
    def absent(*args, **options):
        raise ModuleNotFoundError("No module named 'peft'", name="peft")

    monkeypatch.setattr(Transformer, "load", absent)
    with pytest.raises(ModelError, match=r"kind transformer needs peft: pip install 'stance\[torc"):
        load_model(trained.folder, BOOK)


def test_a_kind_that_is_not_known_is_told(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "m")
    change_json(folder / "card.json", kind="oracle")
    with pytest.raises(ModelError, match="unknown kind 'oracle'; is `stance` too old"):
        load_model(folder, BOOK)


def test_a_model_trained_under_few_labels_is_loaded_with_those(base, examples, tmp_path):
    lessons = [replace(e, labels={**e.labels, "voice": "author"}) for e in examples]
    model = train(base, lessons, tmp_path / "m", epochs=1)
    assert list(load_model(tmp_path / "m", BOOK).classifier.classes_) == ["stance", "sentiment"]
    assert list(model.card.held_out["outlet"]) == list(model.calibration.tasks) == TASKS[:2]
