"""The fine-tuned encoder, on tiny encoders made on the spot."""

import json
import shutil
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from scipy.special import softmax
from transformers import AutoModel, AutoTokenizer

from stance.classifiers import encoders, fine_tuning
from stance.classifiers.base import codebook_classes
from stance.classifiers.bases import file_sha256
from stance.classifiers.encoders import pick_device
from stance.classifiers.inputs import Inputs
from stance.classifiers.transformer import Transformer
from stance.codebook import read_codebook
from stance.errors import DataError, ModelError
from stance.statistics.scores import confusion_table, macro_f1
from tests.builders import DOUBT, HOPE, PLAIN, labeled_corpus
from tests.encoders import bert, change_json, mpnet, quick

CLASSES = codebook_classes(read_codebook())
TARGET = "The new pier"
STANCE = list(CLASSES["stance"])
# Half precision, where the chip has it, has eight bits: a probability is good to two places.
CLOSE = 0.02 if encoders.cpu_has_bf16() else 1e-5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny BERT without dropout."""
    return bert(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="module")
def dicey(tmp_path_factory):
    """A tiny BERT with dropout: its training throws dice at every step."""
    return bert(tmp_path_factory.mktemp("bases") / "dicey", dropout=0.2)


@pytest.fixture(scope="module")
def few():
    return labeled_corpus(n_articles=4, n_units=6)


def made(recipe, *, target=TARGET, **options):
    return Transformer(CLASSES, target, recipe, device="cpu", **options)


def new(base, **changes):
    return made(quick(base, **changes))


def short(base, **changes):
    """Return a recipe of 9 steps over the 24 units of `few`."""
    return quick(base, **{"epochs": 3, "batch": 8, **changes})


def weights(model, place):
    """Return the bytes of the weights that a model saves."""
    place.mkdir(parents=True, exist_ok=True)
    model.save(place)
    return {path.name: path.read_bytes() for path in place.glob("*.safetensors")}


def stance_f1(model, examples):
    rows = model.predict_proba([e.unit for e in examples])["stance"]
    truth = np.array([STANCE.index(e.labels["stance"]) for e in examples])
    return float(macro_f1(confusion_table(truth, rows.argmax(axis=1), 3)))


def of(examples, pool):
    """Return the examples whose sentences are of a pool of `tests.builders`."""
    ends = {line.split()[-1] for line in pool}
    return [e for e in examples if e.unit.text.split()[-1] in ends]


# --------------------------------------------------------------------------------------- learning


@pytest.mark.parametrize("kind", [bert, mpnet])
def test_it_learns_what_holds_in_articles_that_it_never_saw(kind, tmp_path):
    examples = labeled_corpus(n_articles=12)
    learn = [e for e in examples if e.unit.article_id < "a4"]  # a0 to a3, a10 and a11
    judge = [e for e in examples if e.unit.article_id >= "a4"]
    model = new(kind(tmp_path / "base")).fit(learn)
    assert stance_f1(model, judge) > 0.85
    rows = model.predict_proba([e.unit for e in judge])
    assert {task: table.shape for task, table in rows.items()} == {
        task: (len(judge), len(names)) for task, names in CLASSES.items()
    }
    assert all(np.allclose(table.sum(axis=1), 1) for table in rows.values())
    endless = replace(judge[0].unit, text="The ferry is stuck and fares may rise. " * 100)
    assert model.predict_proba([endless])["stance"].sum() == pytest.approx(1)


def test_the_same_seed_gives_the_same_weights_bit_by_bit_and_another_one_others(
    dicey, few, tmp_path
):
    found = [
        weights(made(short(dicey, seed=seed)).fit(few), tmp_path / name)
        for name, seed in (("a", 7), ("b", 7), ("c", 8))
    ]
    assert found[0] == found[1]
    assert found[0].keys() == {"model.safetensors", "heads.safetensors"}
    assert all(found[0][name] != found[2][name] for name in found[0])


@pytest.mark.parametrize("size", [1, 3, 8])
def test_units_in_small_portions_make_the_same_update(folder, few, size, monkeypatch):
    # In 32 bits, as half precision rounds with the shape of a batch. Probabilities, not weights:
    # some weights (a key's bias) change nothing, so that their steps are noise.
    monkeypatch.setattr(encoders, "cpu_has_bf16", lambda: False)
    # Every third unit has a voice: a portion may have none, or all of them.
    lessons = [
        e if i % 3 == 0 else replace(e, labels={"stance": e.labels["stance"]})
        for i, e in enumerate(few)
    ]
    units = [e.unit for e in few]
    recipe = short(folder, side_tasks=1.0)
    whole = made(recipe).fit(lessons).predict_proba(units)
    recipe = replace(recipe, micro_batch=size)
    parts = made(recipe).fit(lessons).predict_proba(units)
    for task, rows in whole.items():
        assert np.abs(rows - 1 / rows.shape[1]).max() > 0.1  # it has learned something
        assert np.allclose(rows, parts[task], atol=1e-3)


def test_lower_layers_learn_slower(folder, few, tmp_path):
    model = made(short(folder, layer_decay=0.1, weight_decay=0.0)).fit(few)
    weights(model, tmp_path / "m")
    before = load_file(folder / "model.safetensors")
    after = load_file(tmp_path / "m/model.safetensors")
    moved = [
        max(np.abs(after[name] - before[name]).max() for name in before if part in name)
        for part in ("embeddings.", "layer.0.", "layer.1.")
    ]
    assert 0 < moved[0] < moved[1] / 4 < moved[2] / 16


def test_the_rate_rises_over_the_warm_up_and_then_falls_to_nothing(folder):
    rates = [fine_tuning._pace(step, 100, quick(folder, warm_up=0.1)) for step in range(100)]
    assert rates[:11] == pytest.approx([(step + 1) / 11 for step in range(11)])
    assert rates[10:] == pytest.approx([(100 - step) / 90 for step in range(10, 100)])
    flat = [fine_tuning._pace(step, 4, quick(folder, warm_up=0.0)) for step in range(4)]
    assert flat == pytest.approx([1, 0.75, 0.5, 0.25])


def test_side_tasks_have_the_say_that_the_recipe_gives_them(folder, few, tmp_path):
    other = [replace(e, labels={**e.labels, "voice": "attributed"}) for e in few[:12]]
    for weight, same in ((0.0, True), (0.5, False)):
        found = [
            weights(
                made(short(folder, side_tasks=weight)).fit(lessons),
                tmp_path / f"{weight}-{i}",
            )["model.safetensors"]
            for i, lessons in enumerate((few, other + few[12:]))
        ]
        assert (found[0] == found[1]) is same


def test_a_label_that_is_rare_is_not_taught_to_units_that_do_not_have_it(folder):
    examples = labeled_corpus(n_articles=8)
    some = of(examples, HOPE) + of(examples, PLAIN)
    (one, *_) = of(examples, DOUBT)
    units = [e.unit for e in some]
    for lessons, most in ((some, 0.01), ([*some, one], 0.06)):
        rows = new(folder, smoothing=0.1).fit(lessons).predict_proba(units)["stance"]
        assert np.median(rows[:, STANCE.index("skeptical")]) < most
        assert np.median(rows.max(1)) == pytest.approx(0.94, abs=0.04)


def test_a_round_reads_every_unit_once_in_batches_that_are_even(folder, monkeypatch):
    examples = labeled_corpus(n_articles=7, n_units=20)
    sizes = []
    batch = Inputs.batch
    monkeypatch.setattr(Inputs, "batch", lambda self, e: sizes.append(len(e)) or batch(self, e))
    made(short(folder, epochs=1)).fit(examples)
    assert sum(sizes) == len(examples) == 140
    assert set(sizes) <= {7, 8}


def test_an_encoder_saved_in_half_precision_learns_in_full(folder, few, tmp_path):
    half = shutil.copytree(folder, tmp_path / "half")
    encoders.load_encoder(folder).to(torch.float16).save_pretrained(half)
    assert {a.dtype for a in load_file(half / "model.safetensors").values()} == {np.dtype("f2")}
    found = weights(made(short(half)).fit(few), tmp_path / "m")
    assert found.keys() == {"model.safetensors", "heads.safetensors"}
    arrays = load_file(tmp_path / "m/model.safetensors")
    assert {a.dtype for a in arrays.values()} == {np.dtype("f4")}


def test_smoothed_labels_leave_it_less_sure(folder):
    examples = labeled_corpus(n_articles=8)
    units = [e.unit for e in examples]
    sure, smooth = (
        np.median(new(folder, smoothing=share).fit(examples).predict_proba(units)["stance"].max(1))
        for share in (0.0, 0.3)
    )
    assert sure > 0.95
    assert smooth == pytest.approx(0.8, abs=0.05)  # of 0.3, a third falls to each of three labels


def test_probabilities_do_not_hang_on_dice(dicey, few):
    model = new(dicey, epochs=1).fit(few)
    first, again = (model.predict_proba([e.unit for e in few])["stance"] for _ in range(2))
    assert np.array_equal(first, again)


def test_progress_is_told_at_every_step(folder, few):
    told = []
    recipe = quick(folder, epochs=2.5, batch=10)
    made(recipe, on_progress=told.append).fit(few)
    assert [(now.step, now.n_steps) for now in told] == [(i, 8) for i in range(1, 9)]
    assert told[-1].loss < told[0].loss
    assert told[-1].seconds_left == 0


def test_a_unit_is_read_in_its_context_unless_the_recipe_says_otherwise(folder, few):
    unit = few[0].unit
    alone = replace(unit, before=())
    told = replace(unit, before=("Captains doubt that the pier will ever open.",) * 2)
    reads = new(folder, epochs=2).fit(few).predict_proba([alone, told])["stance"]
    blind = new(folder, epochs=2, context=False).fit(few).predict_proba([alone, told])["stance"]
    assert np.abs(reads[0] - reads[1]).max() > 1e-3
    assert np.allclose(blind[0], blind[1], atol=1e-6)


def test_what_stands_beside_a_unit_in_its_batch_changes_nothing(folder, few):
    model = new(folder, epochs=2).fit(few)
    units = [e.unit for e in labeled_corpus(n_articles=6)]
    together = model.predict_proba(units)
    backwards = model.predict_proba(units[::-1])
    alone = model.predict_proba(units[:1])
    for task, rows in together.items():
        assert np.allclose(rows, backwards[task][::-1], atol=CLOSE)
        assert np.allclose(rows[:1], alone[task], atol=CLOSE)


def test_no_unit_and_a_unit_without_a_word_are_no_error(folder, few):
    model = new(folder, epochs=1).fit(few)
    assert model.predict_proba([])["voice"].shape == (0, 2)
    rows = model.predict_proba([replace(few[0].unit, text="\u200b")])["stance"]
    assert rows.sum() == pytest.approx(1)


# --------------------------------------------------------- labels that are absent, soft, or beside


def test_a_task_without_two_labels_is_left_out_and_a_fit_forgets_the_one_before(folder, few):
    model = new(folder, epochs=1).fit(few)
    assert list(model.classes_) == ["stance", "sentiment", "voice"]
    model.fit([replace(e, labels={**e.labels, "voice": "author"}) for e in few])
    assert list(model.classes_) == ["stance", "sentiment"]
    assert list(model.predict_proba([few[0].unit])) == ["stance", "sentiment"]
    assert list(model.fresh().classes_) == ["stance", "sentiment", "voice"]
    with pytest.raises(DataError, match="no task has units of two labels"):
        new(folder).fit([replace(e, labels={"stance": "neutral"}) for e in few])


def test_a_task_that_most_units_lack_is_learned_from_those_that_have_it(folder):
    examples = labeled_corpus(n_articles=8)
    lessons = [
        e if i % 3 == 0 else replace(e, labels={k: e.labels[k] for k in ("stance", "sentiment")})
        for i, e in enumerate(examples)
    ]
    model = new(folder, side_tasks=1.0).fit(lessons)
    rows = model.predict_proba([e.unit for e in examples])["voice"]
    truth = np.array([CLASSES["voice"].index(e.labels["voice"]) for e in examples])
    assert 0 < truth.mean() < 0.5
    assert (rows.argmax(axis=1) == truth)[truth == 1].mean() > 0.8
    assert stance_f1(model, examples) > 0.9


def test_a_batch_without_a_label_of_its_tasks_teaches_nothing_and_ends_nothing(folder):
    examples = labeled_corpus(4)
    rare = [replace(e, labels={}) for e in examples]
    rare[24] = replace(examples[24], labels={"voice": "attributed"})
    rare[0] = replace(examples[0], labels={"voice": "author"})
    model = new(folder, batch=2, micro_batch=1, epochs=1).fit(rare)
    rows = model.predict_proba([examples[0].unit])
    assert list(rows) == ["voice"]
    assert np.isfinite(rows["voice"]).all()


def test_shares_of_annotators_move_probabilities_to_where_they_divide(folder):
    examples = labeled_corpus(n_articles=8)
    doubted = {"stance": {"skeptical": 0.6, "neutral": 0.4}}
    torn = of(examples, DOUBT)
    divided = [replace(e, shares=doubted) if e in torn else e for e in examples]
    at = [STANCE.index(name) for name in ("neutral", "skeptical")]
    units = [e.unit for e in torn]
    plain = new(folder).fit(examples).predict_proba(units)["stance"].mean(axis=0)[at]
    soft = new(folder).fit(divided).predict_proba(units)["stance"].mean(axis=0)[at]
    assert plain[0] < 0.1
    assert soft == pytest.approx([0.4, 0.6], abs=0.12)


def test_lessons_beside_are_learned_at_every_fit_and_counted(folder):
    examples = labeled_corpus(n_articles=8)
    doubts = of(examples, DOUBT)
    rest = [e for e in examples if e not in doubts]
    model = made(quick(folder), also=doubts)
    for fitted in (model.fit(rest), model.fresh().fit(rest)):
        rows = fitted.predict_proba([e.unit for e in doubts])["stance"]
        assert (rows.argmax(axis=1) == STANCE.index("skeptical")).mean() > 0.9
    assert model.settings()["units learned from beside"] == len(doubts)
    never = new(folder).fit(rest).predict_proba([e.unit for e in doubts])["stance"]
    assert (never.argmax(axis=1) == STANCE.index("skeptical")).mean() < 0.5


def test_lessons_beside_that_only_have_shares_are_learned_too(folder):
    examples = labeled_corpus(n_articles=8)
    doubts = [
        replace(e, labels={}, shares={"stance": {"skeptical": 0.9, "neutral": 0.1}})
        for e in of(examples, DOUBT)
    ]
    rest = of(examples, HOPE + PLAIN)
    model = made(quick(folder), also=doubts).fit(rest)
    rows = model.predict_proba([e.unit for e in doubts])["stance"]
    assert (rows.argmax(axis=1) == STANCE.index("skeptical")).mean() > 0.9


def test_a_task_that_only_lessons_beside_know_is_not_one_of_the_models(folder, few):
    # It could be measured on nothing, nor calibrated.
    lessons = [replace(e, labels={"stance": e.labels["stance"]}) for e in few]
    model = made(short(folder), also=few).fit(lessons)
    assert list(model.classes_) == ["stance"]


# ------------------------------------------------------------------------------ stopped and resumed
# tests/cli/test_training.py kills the process itself.


class Stop(Exception):  # noqa: N818  stands in for a kill
    pass


def stopped_at(step, recipe, lessons, workspace):
    """Fit until a step is done, then fall over."""

    def stop(now):
        if now.step == step:
            raise Stop

    model = made(recipe, workspace=workspace, on_progress=stop)
    with pytest.raises(Stop):
        model.fit(lessons)


def resumed(recipe, lessons, workspace, *, target=TARGET):
    """Return a model fitted with what the workspace keeps, and the steps that it still took."""
    steps = []
    told = {"workspace": workspace, "on_progress": lambda now: steps.append(now.step)}
    return made(recipe, target=target, **told).fit(lessons), steps


@pytest.fixture
def always_kept(monkeypatch):
    monkeypatch.setattr(fine_tuning, "CHECKPOINT_SECONDS", 0.0)


@pytest.mark.usefixtures("always_kept")
@pytest.mark.parametrize("rank", [0, 4], ids=["all weights", "adapter"])
def test_a_fit_that_was_stopped_goes_on_to_the_same_weights_bit_by_bit(dicey, few, tmp_path, rank):
    recipe = short(dicey, lora_rank=rank)
    whole = weights(made(recipe).fit(few), tmp_path / "whole")
    for step in (1, 2, 5, 9):  # before anything was kept, within a round, and after the last step
        workspace = tmp_path / f"work-{step}"
        stopped_at(step, recipe, few, workspace)
        torch.manual_seed(step)  # another process throws other dice
        model, steps = resumed(recipe, few, workspace)
        assert steps == list(range(step, 10))
        assert weights(model, tmp_path / f"resumed-{step}") == whole
        again, steps = resumed(recipe, few, workspace)
        assert steps == []
        assert weights(again, tmp_path / f"again-{step}") == whole
        assert [path.name for path in workspace.glob("*/*")] == ["done.safetensors"]


@pytest.mark.usefixtures("always_kept")
def test_a_fit_that_is_stopped_again_and_again_comes_to_its_end(dicey, few, tmp_path):
    recipe = short(dicey)
    whole = weights(made(recipe).fit(few), tmp_path / "whole")
    for step in (3, 4, 8):
        stopped_at(step, recipe, few, tmp_path / "work")
    model, steps = resumed(recipe, few, tmp_path / "work")
    assert steps == [8, 9]
    assert weights(model, tmp_path / "resumed") == whole


def test_nothing_is_written_between_checkpoints(dicey, few, tmp_path):
    stopped_at(9, short(dicey), few, tmp_path / "work")  # in less than a minute
    assert list((tmp_path / "work").glob("*/*")) == []


def other_label(examples):
    return [replace(examples[0], labels={**examples[0].labels, "voice": "attributed"})]


def other_text(examples):
    unit = examples[0].unit  # in as many tokens
    return [replace(examples[0], unit=replace(unit, text=unit.text.replace("The", "A")))]


def other_share(examples):
    return [replace(examples[0], shares={"stance": {"neutral": 0.5, "skeptical": 0.5}})]


@pytest.mark.usefixtures("always_kept")
def test_a_fit_of_anything_else_does_not_take_up_the_checkpoint(dicey, few, tmp_path):
    recipe = short(dicey)
    stopped_at(5, recipe, few, tmp_path / "work")
    kept = {path: path.read_bytes() for path in (tmp_path / "work").glob("*/*")}
    assert len(kept) == 1
    others = [
        *((recipe, [*change(few), *few[1:]]) for change in (other_label, other_text, other_share)),
        (recipe, few[:-1]),
        (recipe, few[::-1]),
        (replace(recipe, seed=8), few),
        (replace(recipe, learning_rate=1e-4), few),
        (replace(recipe, base=str(bert(tmp_path / "other", seed=1))), few),
    ]
    for other, lessons in others:
        _, steps = resumed(other, lessons, tmp_path / "work")
        assert steps[0] == 1
    _, steps = resumed(recipe, few, tmp_path / "work", target="The gain pier")
    assert steps[0] == 1
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert len(list((tmp_path / "work").iterdir())) == len(others) + 2


@pytest.mark.usefixtures("always_kept")
@pytest.mark.parametrize("harm", ["cut", "of another shape", "without its step"])
@pytest.mark.parametrize("name", ["state", "done"])
def test_a_damaged_checkpoint_is_told_in_words(dicey, few, tmp_path, harm, name):
    recipe = short(dicey)
    if name == "state":
        stopped_at(5, recipe, few, tmp_path / "work")
    else:
        resumed(recipe, few, tmp_path / "work")
    (path,) = (tmp_path / "work").glob("*/*")
    assert path.name == f"{name}.safetensors"
    tensors = load_file(path)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif harm == "of another shape":
        weight = next(key for key in tensors if key.endswith("heads.stance.weight"))
        save_file({**tensors, weight: tensors[weight][:, :-1].copy()}, path)
    else:
        last = "step" if name == "state" else "heads.voice.bias"
        save_file({key: value for key, value in tensors.items() if key != last}, path)
    with pytest.raises(ModelError, match=rf"{name}\.safetensors: a damaged checkpoint.*delete it"):
        resumed(recipe, few, tmp_path / "work")


# ----------------------------------------------------------------------------- low-rank adapters


@pytest.fixture(scope="module")
def adapted(folder, tmp_path_factory):
    """A model with an adapter on its upper layer, and the folder that it is saved in."""
    model = new(folder, lora_rank=4, lora_layers=1, learning_rate=2e-2).fit(
        labeled_corpus(n_articles=8)
    )
    place = tmp_path_factory.mktemp("models") / "adapted"
    weights(model, place)
    return model, place


@pytest.fixture(scope="module")
def full(folder, tmp_path_factory):
    model = new(folder).fit(labeled_corpus(n_articles=8))
    place = tmp_path_factory.mktemp("models") / "full"
    weights(model, place)
    return model, place


def test_an_adapter_learns_and_leaves_the_base_as_it_is(adapted, folder):
    model, place = adapted
    assert stance_f1(model, labeled_corpus(seed=2)) > 0.5  # a majority has 0.2
    before = load_file(folder / "model.safetensors")
    after = dict(model._network.encoder.get_base_model().named_parameters())
    for name, values in before.items():
        layer, _, kind = name.rpartition(".")
        kept = after.get(name, after.get(f"{layer}.base_layer.{kind}"))
        as_kept = torch.from_numpy(values).to(kept.dtype)
        assert torch.equal(kept, as_kept), name
    assert not (place / "model.safetensors").exists()
    names = set(load_file(place / "adapter_model.safetensors"))
    assert len(names) == 12  # six linear layers of the upper of two, two matrices each
    assert all("encoder.layer.1." in name and "lora_" in name for name in names)


def test_an_adapters_folder_is_one_that_peft_can_read(adapted, folder):
    from peft import PeftModel

    place = adapted[1]
    config = json.loads((place / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == str(folder)
    assert (config["r"], config["peft_type"]) == (4, "LORA")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft 0.21 asks by an old name
        encoder = PeftModel.from_pretrained(AutoModel.from_pretrained(folder), place)
    ours = load_file(place / "adapter_model.safetensors")
    theirs = {name.replace(".default", ""): p for name, p in encoder.named_parameters()}
    assert all(np.allclose(theirs[name].detach().numpy(), ours[name]) for name in ours)


def test_a_base_that_is_another_than_the_adapters_is_refused(adapted, folder, tmp_path):
    place = shutil.copytree(adapted[1], tmp_path / "m")
    other = bert(tmp_path / "other", seed=5)
    description = json.loads((place / "model.json").read_text(encoding="utf-8"))
    change_json(place / "model.json", recipe=description["recipe"] | {"base": str(other)})
    with pytest.raises(ModelError, match=r"its weights are not the .*other that is asked for"):
        Transformer.load(place, device="cpu")
    shutil.rmtree(other)
    with pytest.raises(ModelError, match="no folder, none of"):
        Transformer.load(place, device="cpu")


# --------------------------------------------------------------------------------- saved and loaded


@pytest.mark.parametrize("kind", ["full", "adapted"])
def test_a_saved_model_gives_the_same_probabilities(kind, request, folder):
    model, place = request.getfixturevalue(kind)
    again = Transformer.load(place, device="cpu")
    assert (again.recipe, again.target, again.classes_) == (model.recipe, TARGET, CLASSES)
    units = [e.unit for e in labeled_corpus(seed=2)]
    for task, rows in model.predict_proba(units).items():
        assert np.allclose(rows, again.predict_proba(units)[task], atol=1e-6)
    assert again.settings()["weights of the base"] == file_sha256(folder / "model.safetensors")


@pytest.mark.parametrize("kind", ["full", "adapted"])
def test_every_file_of_a_model_is_for_whoever_may_read_the_others(kind, request):
    place = request.getfixturevalue(kind)[1]
    assert len(list(place.glob("*.safetensors"))) == 2
    assert len({path.stat().st_mode for path in place.iterdir() if path.suffix != ".md"}) == 1


def test_a_loaded_model_can_be_saved_and_trained_anew(full, few, tmp_path):
    again = Transformer.load(full[1], device="cpu")
    assert weights(again, tmp_path / "copy") == {
        path.name: path.read_bytes() for path in full[1].glob("*.safetensors")
    }
    assert again.fresh().fit(few).predict_proba([few[0].unit])["stance"].shape == (1, 3)


def test_a_models_folder_is_an_encoder_for_anyone(full, monkeypatch):
    # Its probabilities follow from the plain encoder and the heads, by hand.
    monkeypatch.setattr(encoders, "cpu_has_bf16", lambda: False)
    model, place = full
    encoder = AutoModel.from_pretrained(place)
    heads = load_file(place / "heads.safetensors")
    tokenizer = AutoTokenizer.from_pretrained(place)
    unit = replace(labeled_corpus(n_articles=8)[0].unit, before=(), heading=None)
    read = tokenizer(f"{TARGET}:", unit.text, return_tensors="pt")
    with torch.inference_mode():
        states = encoder(**{k: read[k] for k in ("input_ids", "attention_mask", "token_type_ids")})
    own = np.array([place == 1 for place in read.sequence_ids(0)])
    mean = states.last_hidden_state[0].numpy()[own].mean(axis=0)
    for task, rows in model.predict_proba([unit]).items():
        scores = heads[f"{task}.weight"] @ mean + heads[f"{task}.bias"]
        assert rows[0] == pytest.approx(softmax(scores), abs=1e-5)


def test_what_is_not_fitted_says_so(folder, few, tmp_path):
    model = new(folder)
    for act in (
        lambda: model.predict_proba([few[0].unit]),
        lambda: model.save(tmp_path),
        model.for_export,
    ):
        with pytest.raises(DataError, match="not fitted yet"):
            act()


def test_a_device_that_is_not_here_is_told():
    assert pick_device("cpu") == torch.device("cpu")
    for name in ("abacus", "cpu:abc", "cpu:1", "cuda:x", "cuda:99"):
        with pytest.raises(ModelError, match=rf"device '{name}' is not here; use one of: auto, "):
            pick_device(name)


def test_a_checkpoint_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(ModelError, match="cannot be written"):
        encoders.write_tensors(tmp_path / "absent/state.safetensors", {"a": torch.zeros(2)})


def test_only_checkpoints_are_taken_out_of_a_workspace(tmp_path):
    for name in ("0123456789abcdef", "notes"):
        (tmp_path / "w" / name).mkdir(parents=True)
        (tmp_path / "w" / name / "state.safetensors").touch()
    fine_tuning.drop_checkpoints(tmp_path / "w")
    assert [path.name for path in (tmp_path / "w").iterdir()] == ["notes"]
    shutil.rmtree(tmp_path / "w/notes")
    fine_tuning.drop_checkpoints(tmp_path / "w")
    assert not (tmp_path / "w").exists()
    fine_tuning.drop_checkpoints(tmp_path / "w")


def drop(name, key):
    def harm(place):
        arrays = load_file(place / name)
        save_file({k: v for k, v in arrays.items() if not k.endswith(key)}, place / name)

    return harm


def reshape(name, key):
    def harm(place):
        arrays = load_file(place / name)
        found = next(k for k in arrays if k.endswith(key))
        save_file({**arrays, found: arrays[found][:, :-1].copy()}, place / name)

    return harm


def poison(name, key):
    def harm(place):
        arrays = load_file(place / name)
        found = next(k for k in arrays if k.endswith(key))
        arrays[found].flat[0] = np.nan
        save_file(arrays, place / name)

    return harm


def extra(name):
    def harm(place):
        save_file({**load_file(place / name), "mood.weight": np.zeros(3)}, place / name)

    return harm


def cut(name):
    return lambda place: (place / name).write_bytes((place / name).read_bytes()[:-9])


def remove(name):
    return lambda place: (place / name).unlink()


def edit(name, **changes):
    return lambda place: change_json(place / name, **changes)


OTHER_LABELS = {**CLASSES, "stance": ("good", "bad")}
OTHER_TASKS = {**CLASSES, "mood": ("good", "bad")}
FEWER_TASKS = {"stance": CLASSES["stance"]}
HEADS = [
    *(cut("heads.safetensors"), remove("heads.safetensors"), extra("heads.safetensors")),
    *(drop("heads.safetensors", "voice.bias"), reshape("heads.safetensors", "stance.weight")),
    poison("heads.safetensors", "stance.weight"),
    *(remove("model.json"), cut("model.json"), edit("model.json", recipe=None)),
    *(edit("model.json", classes=OTHER_LABELS), edit("model.json", classes=OTHER_TASKS)),
    *(edit("model.json", classes=FEWER_TASKS), edit("model.json", classes=[1])),
    *(edit("model.json", recipe={"colour": "red"}), edit("model.json", recipe=[7])),
]
FULL = [
    *(cut("model.safetensors"), remove("model.safetensors")),
    drop("model.safetensors", "encoder.layer.1.output.dense.weight"),
    reshape("model.safetensors", "encoder.layer.1.output.dense.weight"),
    poison("model.safetensors", "encoder.layer.1.output.dense.weight"),
    *(remove("tokenizer.json"), cut("tokenizer.json"), remove("config.json"), cut("config.json")),
    edit("config.json", auto_map={"AutoModel": "mine.Mine"}),
    *(edit("config.json", model_type="harbour"), edit("config.json", model_type=None)),
    *(edit("config.json", hidden_size=32), edit("config.json", num_hidden_layers=3)),
]
ADAPTED = [
    *(cut("adapter_model.safetensors"), remove("adapter_model.safetensors")),
    *(extra("adapter_model.safetensors"), drop("adapter_model.safetensors", "lora_A.weight")),
    drop("adapter_model.safetensors", "1.output.dense.lora_B.weight"),
    reshape("adapter_model.safetensors", "lora_A.weight"),
    poison("adapter_model.safetensors", "lora_B.weight"),
]
HARMS = [("full", h) for h in HEADS + FULL] + [("adapted", h) for h in ADAPTED]


@pytest.mark.parametrize(("kind", "harm"), HARMS, ids=range(len(HARMS)))
def test_a_folder_that_is_damaged_or_tampered_with_is_a_model_error(kind, harm, request, tmp_path):
    place = shutil.copytree(request.getfixturevalue(kind)[1], tmp_path / "m")
    harm(place)
    with pytest.raises(ModelError):
        Transformer.load(place, device="cpu")


@pytest.mark.parametrize(
    "harm",
    [
        *(cut("model.safetensors"), edit("config.json", model_type="harbour")),
        drop("model.safetensors", "encoder.layer.1.output.dense.weight"),
        *(edit("config.json", hidden_size=32), edit("config.json", num_hidden_layers=3)),
        cut("tokenizer.json"),
    ],
    ids=range(6),
)
def test_a_base_that_is_damaged_is_a_model_error_before_it_learns(harm, few, tmp_path):
    base = bert(tmp_path / "base")
    harm(base)
    with pytest.raises(ModelError):
        new(base).fit(few)


def test_a_base_with_more_than_an_encoder_is_read_without_the_rest(few, tmp_path):
    # As encoders on the hub are: with a pooler, or below another name.
    base = bert(tmp_path / "base")
    arrays = load_file(base / "model.safetensors")
    more = {f"bert.{name}": values for name, values in arrays.items()}
    more |= {"bert.pooler.dense.weight": np.zeros((16, 16), dtype=np.float32)}
    more |= {"cls.predictions.bias": np.zeros(3, dtype=np.float32)}
    save_file(more, base / "model.safetensors", metadata={"format": "pt"})
    read = dict(encoders.load_encoder(base).named_parameters())
    assert read.keys() == arrays.keys()
    assert all(torch.equal(read[name], torch.from_numpy(arrays[name])) for name in arrays)
    assert new(base, epochs=1).fit(few).predict_proba([few[0].unit])["stance"].shape == (1, 3)


def test_what_is_read_is_the_same_for_training_and_for_a_loaded_model(full):
    reads = Inputs(full[1] / "tokenizer.json", target=TARGET, n_tokens=48, context=True)
    units = [e.unit for e in labeled_corpus(n_articles=2)]
    assert Transformer.load(full[1], device="cpu")._inputs.encode(units) == reads.encode(units)


def test_a_task_may_be_called_what_torch_calls_its_own(folder, few, tmp_path):
    names = {"stance": "stance", "sentiment": "training", "voice": "frame.tone"}
    examples = [replace(e, labels={names[t]: x for t, x in e.labels.items()}) for e in few]
    classes = {names[task]: labels for task, labels in CLASSES.items()}
    units = [e.unit for e in few]
    model = Transformer(classes, TARGET, short(folder), device="cpu").fit(examples)
    plain = made(short(folder)).fit(few)
    rows, same = model.predict_proba(units), plain.predict_proba(units)
    assert {*rows} == {*names.values()}
    for task, name in names.items():
        assert np.abs(rows[name] - same[task]).max() < CLOSE
    model.save(tmp_path)
    again = Transformer.load(tmp_path, device="cpu").predict_proba(units)
    assert all(np.abs(again[name] - rows[name]).max() < CLOSE for name in rows)


def test_weights_hang_on_those_of_the_base(folder, tmp_path):
    place = tmp_path / "mine"
    shutil.copytree(folder, place)
    before = new(place).made_by
    assert before == new(folder).made_by
    tensors = {name: value + 1 for name, value in load_file(place / "model.safetensors").items()}
    save_file(tensors, place / "model.safetensors", metadata={"format": "pt"})
    assert new(place).made_by != before
