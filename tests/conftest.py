import pytest

from stance.classifiers.baseline import BaselineRecipe
from stance.codebook import read_codebook
from tests.builders import labeled_corpus, train_baseline


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A baseline trained on the small corpus of `labeled_corpus`."""
    folder = tmp_path_factory.mktemp("models") / "ferry"
    recipe = BaselineRecipe(costs=(3.0,), n_folds=3)
    return train_baseline(labeled_corpus(), read_codebook(), folder, recipe=recipe)
