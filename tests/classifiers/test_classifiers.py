import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from stance.classifiers.base import codebook_classes, cross_fit
from stance.classifiers.baseline import Baseline, BaselineRecipe
from stance.classifiers.lexicon import Majority, Vader
from stance.classifiers.storage import load_model
from stance.codebook import read_codebook
from stance.errors import DataError, ModelError
from tests.builders import labeled_corpus, train_baseline

BOOK = read_codebook()
CLASSES = codebook_classes(BOOK)
RECIPE = BaselineRecipe(costs=(1.0, 10.0), n_folds=3)


@pytest.fixture(scope="module")
def examples():
    return labeled_corpus()


@pytest.fixture(scope="module")
def trained(examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "ferry"
    return folder, train_baseline(examples, BOOK, folder, recipe=RECIPE)


def test_the_baseline_learns_words_and_gives_probabilities_in_the_codebooks_order(examples):
    model = Baseline(CLASSES, RECIPE).fit(examples)
    probabilities = model.predict_proba([e.unit for e in labeled_corpus(seed=2)])
    truth = [e.labels["stance"] for e in labeled_corpus(seed=2)]
    assert {task: rows.shape[1] for task, rows in probabilities.items()} == {
        "stance": 3,
        "sentiment": 3,
        "voice": 2,
    }
    for rows in probabilities.values():
        assert np.allclose(rows.sum(axis=1), 1)
    predicted = [CLASSES["stance"][i] for i in probabilities["stance"].argmax(axis=1)]
    assert np.mean([p == t for p, t in zip(predicted, truth, strict=True)]) > 0.95


def test_the_same_seed_gives_the_same_weights_byte_for_byte(examples, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Baseline(CLASSES, RECIPE).fit(examples).save(tmp_path / name)
    for file in ("model.json", "model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_class_that_never_occurs_gets_no_probability(examples):
    two = [e for e in examples if e.labels["stance"] != "neutral"]
    rows = Baseline(CLASSES, RECIPE).fit(two).predict_proba([e.unit for e in examples])["stance"]
    assert rows[:, CLASSES["stance"].index("neutral")].max() == 0
    assert np.allclose(rows.sum(axis=1), 1)


def test_learning_needs_articles_labels_and_words(examples):
    with pytest.raises(DataError, match="two articles"):
        Baseline(CLASSES, RECIPE).fit(examples[:12])
    with pytest.raises(DataError, match="two labels"):
        Baseline(CLASSES, RECIPE).fit([e for e in examples if e.labels["stance"] == "neutral"])


def test_no_example_is_judged_by_a_model_that_saw_its_group(examples):
    seen = []

    class Spy(Majority):
        def fresh(self):
            return Spy(BOOK)

        def fit(self, examples):
            seen.append({e.sha256 for e in examples})
            return super().fit(examples)

        def predict_proba(self, units):
            groups = {e.sha256 for e in labeled if e.unit in units}
            assert not groups & seen[-1]
            return super().predict_proba(units)

    labeled = examples
    rows = cross_fit(Spy(BOOK), examples, [e.sha256 for e in examples], n_folds=4, seed=1)
    assert len(seen) == 4
    assert np.allclose(rows["stance"].sum(axis=1), 1)
    with pytest.raises(DataError, match="two groups"):
        cross_fit(Spy(BOOK), examples, ["one"] * len(examples), n_folds=4, seed=1)


def test_a_copy_of_a_judged_article_in_another_group_is_not_learned_from(examples):
    first = [e for e in examples if e.sha256 == examples[0].sha256]
    copied = [replace(e, sha256="copy", source="Copier") for e in first]
    lessons = []

    class Spy(Majority):
        def fresh(self):
            return Spy(BOOK)

        def fit(self, examples):
            lessons.append({e.sha256 for e in examples})
            return super().fit(examples)

    both = [*examples, *copied]
    cross_fit(Spy(BOOK), both, [e.sha256 for e in both], n_folds=None, seed=1)
    assert len(lessons) == 13
    # The two folds that judge the article or its copy learn from the other eleven articles only.
    alone = [seen for seen in lessons if not seen & {"copy", first[0].sha256}]
    assert [len(seen) for seen in alone] == [11, 11]


def test_what_is_judged_is_not_learned_from_beside(examples):
    article = [e for e in examples if e.sha256 == examples[0].sha256]
    beside = [
        *(replace(e, sha256="unlabeled", source=None) for e in article),  # its copy
        replace(examples[20], sha256="elsewhere"),  # the words of one unit of another article
        *(replace(e, sha256="new") for e in labeled_corpus(1, seed=77)),
    ]
    seen = []

    class Spy(Majority):
        also = beside

        def fresh(self):
            return Spy(BOOK)

        def fit(self, examples):
            seen.append({e.sha256 for e in self.also})
            return super().fit(examples)

    articles = [e.sha256 for e in examples]
    cross_fit(Spy(BOOK), examples, articles, n_folds=None, seed=1)
    assert len(seen) == 12
    places = sorted(set(articles))
    every = {"unlabeled", "elsewhere", "new"}
    for article, learned in zip(places, seen, strict=True):
        lacking = {examples[0].sha256: {"unlabeled"}, examples[20].sha256: {"elsewhere"}}
        assert learned == every - lacking.get(article, set())


def test_vader_reads_polarity_and_leaves_tasks_without_scores_alone():
    units = [e.unit for e in labeled_corpus(n_articles=3)]
    rows = Vader(BOOK).predict_proba(units)
    assert set(rows) == {"stance", "sentiment"}
    cheering = next(i for i, u in enumerate(units) if "cheer" in u.text)
    assert rows["sentiment"][cheering].tolist() == [1, 0, 0]


def test_a_saved_model_predicts_as_before_and_says_what_it_is(trained, examples):
    folder, model = trained
    units = [e.unit for e in examples]
    again = load_model(folder, BOOK)
    for task, rows in model.classifier.predict_proba(units).items():
        assert np.allclose(rows, again.classifier.predict_proba(units)[task], atol=1e-6)
    assert again.reference.startswith("ferry@")
    assert again.card.n_articles == 12
    assert again.card.n_outlets == 4
    assert set(again.card.held_out) == {"article", "outlet"}
    assert 0.9 < again.card.held_out["article"]["stance"]["macro_f1"]["value"] <= 1
    assert "Held-out scores" in (folder / "README.md").read_text()
    assert len(again.held_out) == len(examples)


def test_a_model_of_another_codebook_is_refused_in_words(trained, tmp_path):
    text = tmp_path.parent / "book.toml"
    source = read_codebook.__globals__["data_folder"]("labels") / "h200-access.toml"
    text.write_text(source.read_text("utf-8").replace("Success, strength", "Strength"), "utf-8")
    with pytest.raises(ModelError, match="trained under codebook h200-access@"):
        load_model(trained[0], read_codebook(text))


def test_an_unknown_model_is_told_with_those_that_there_are():
    with pytest.raises(ModelError, match="no such model; give a folder or one of: baseline"):
        load_model("no-such-model", BOOK)


@pytest.mark.parametrize("name", ["model.pkl", "weights.bin", "model.py", "model.pt", "x.skops"])
def test_a_folder_with_a_file_that_could_run_code_is_refused(trained, tmp_path, name):
    folder = tmp_path / "m"
    shutil.copytree(trained[0], folder)
    (folder / name).write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match="could run code"):
        load_model(folder, BOOK)


def drop(folder, name):
    (folder / name).unlink()


def truncate(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-40])


def other_shape(folder, name):
    arrays = load_file(folder / "model.safetensors")
    arrays["weights.stance"] = arrays["weights.stance"][:, :-1].copy()
    save_file(arrays, folder / "model.safetensors")


def other_vocabulary(folder, name):
    data = json.loads((folder / "model.json").read_text())
    data["vocabularies"][0].append("zebra")
    (folder / "model.json").write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        (drop, "model.json"),
        (drop, "model.safetensors"),
        (drop, "card.json"),
        (truncate, "model.json"),
        (truncate, "model.safetensors"),
        (truncate, "held_out.jsonl"),
        (other_shape, ""),
        (other_vocabulary, ""),
    ],
)
def test_a_damaged_model_is_a_model_error(trained, tmp_path, harm, name):
    folder = tmp_path / "m"
    shutil.copytree(trained[0], folder)
    harm(folder, name)
    with pytest.raises(ModelError):
        load_model(folder, BOOK)
