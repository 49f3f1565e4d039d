"""Recipes in TOML: what they may hold, and what is told of those that hold something else."""

from dataclasses import asdict

import pytest

from stance.classifiers.recipes import TransformerRecipe, read_choices, read_recipe
from stance.errors import ModelError
from stance.resources import data_folder

SHIPPED = sorted(path.stem for path in data_folder("models").glob("*.toml"))


@pytest.fixture
def recipe(tmp_path):
    """Return a function that writes a recipe's file and returns its path."""

    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_every_shipped_recipe_loads_by_name_and_by_file():
    assert "minilm" in SHIPPED
    for name in SHIPPED:
        assert read_recipe(name) == read_recipe(data_folder("models") / f"{name}.toml")
        assert read_recipe(name, seed=99).seed == 99


def test_what_a_file_leaves_out_is_as_it_stands_and_changes_go_over_both(recipe):
    made = read_recipe(recipe("epochs = 2\nbase = 'tiny'\n"), seed=3, base="other")
    assert made == TransformerRecipe(epochs=2.0, base="other", seed=3)
    assert type(made.epochs) is float
    assert TransformerRecipe(**asdict(made)) == made


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("epoch = 3", "epoch: unknown key; known here: base, seed, epochs"),
        ("epochs = 'three'", "epochs must be a float, not 'three'"),
        ("epochs = true", "epochs must be a float, not True"),
        ("batch = 8.5", "batch must be a int, not 8.5"),
        ("context = 1", "context must be a bool, not 1"),
        ("base = 7", "base must be a str, not 7"),
        ("seed = 8", "seed: give it to the command: --seed 8"),
        ("epochs = 0", "epochs must be above 0, not 0.0"),
        ("epochs = nan", "epochs must be above 0, not nan"),
        ("epochs = inf", "epochs must be above 0, not inf"),
        ("learning_rate = nan", "learning_rate must be above 0, not nan"),
        ("batch = -1", "batch must be above 0, not -1"),
        ("micro_batch = 0", "micro_batch must be above 0, not 0"),
        ("n_tokens = 0", "n_tokens must be above 0, not 0"),
        ("n_tokens = 600", "n_tokens must be 510 at most, not 600"),
        ("warm_up = 1.1", "warm_up must be from 0 to 1, not 1.1"),
        ("other_targets = 1.5", "other_targets must be from 0 to 1, not 1.5"),
        ("smoothing = -0.1", "smoothing must be from 0 to 1, not -0.1"),
        ("layer_decay = 1.5", "layer_decay must be from 0 to 1, not 1.5"),
        ("weight_decay = -1", "weight_decay must be 0 or more, not -1.0"),
        ("side_tasks = -1", "side_tasks must be 0 or more, not -1.0"),
        ("n_folds = 1", "n_folds must be 2 or more"),
        ("lora_rank = -1", "lora_rank must be 0 or more, not -1"),
        ("lora_layers = 0", "lora_layers must be above 0, not 0"),
    ],
)
def test_a_number_that_cannot_be_is_told_with_its_file_and_key(recipe, line, told):
    with pytest.raises(ModelError, match=rf"mine\.toml: {told}"):
        read_recipe(recipe(line))


def test_a_file_that_is_not_there_or_no_toml_is_told(tmp_path, recipe):
    with pytest.raises(ModelError, match=r"absent\.toml: No such file.*one of: .*minilm"):
        read_recipe(tmp_path / "absent.toml")
    with pytest.raises(ModelError, match=r"no-such\.toml: No such file"):
        read_recipe("no-such")
    with pytest.raises(ModelError, match=r"mine\.toml: not a TOML file"):
        read_recipe(recipe("epochs ="))
    path = recipe("")
    path.write_bytes(b"\xff")
    with pytest.raises(ModelError, match="not a TOML file"):
        read_recipe(path)


def test_what_a_search_may_try_is_no_part_of_the_recipe_itself(recipe):
    path = recipe(
        "epochs = 2\n[search]\nbatch = [16, 32]\nlearning_rate = {low = 1e-5, high = 1e-3}\n"
    )
    assert read_recipe(path) == TransformerRecipe(epochs=2.0)
    choices = read_choices(path)
    assert choices["batch"].values == (16, 32)
    assert (choices["learning_rate"].low, choices["learning_rate"].high) == (1e-5, 1e-3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epochs = 2", r"no table \[search\]"),
        ("[search]\n", r"no table \[search\]"),
        ("[search]\nepochs = 3", "search.epochs: give a list"),
        ("[search]\nepochs = []", "search.epochs: give a list"),
        ("[search]\nepochs = [0]", "search.epochs: give a list"),
        ("[search]\nepochs = ['two']", "search.epochs: give a list"),
        ("[search]\nepochs = {low = 1}", "search.epochs: give a list"),
        ("[search]\nepoch = [1]", "search: epoch: unknown key"),
        ("[search]\nbatch = [16, 32.5]", "search: batch must be a int, not 32.5"),
        ("[search]\nbatch = {low = 8, high = 32}", "search: batch must be a int, not 8.0"),
        ("[search]\nwarm_up = {low = 0.1, high = 2}", "search: warm_up must be from 0 to 1"),
        ("[search]\nepochs = {low = 3, high = 1}", "search.epochs: "),
    ],
)
def test_a_search_that_cannot_be_made_is_told_with_its_file_and_key(recipe, text, told):
    with pytest.raises(ModelError, match=rf"mine\.toml: {told}"):
        read_choices(recipe(text))
