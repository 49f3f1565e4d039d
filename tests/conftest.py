import pytest
from hypothesis import settings

from stance.classifiers.baseline import BaselineRecipe
from stance.classifiers.bases import resolve_base
from stance.codebook import read_codebook
from stance.errors import ModelError
from tests.builders import labeled_corpus, train_baseline
from tests.chromium import launched

# How long an example takes says more of the machine's other work than of the code.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A baseline trained on the small corpus of `labeled_corpus`."""
    folder = tmp_path_factory.mktemp("models") / "ferry"
    recipe = BaselineRecipe(costs=(3.0,), n_folds=3)
    return train_baseline(labeled_corpus(), read_codebook(), folder, recipe=recipe)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """A place for encoders that holds none and gets none, so that every machine does the same."""
    folder = tmp_path_factory.mktemp("encoders")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STANCE_CACHE", str(folder))
        patch.setenv("STANCE_OFFLINE", "1")
        yield folder


@pytest.fixture(scope="session")
def minilm(cache):
    """all-MiniLM-L6-v2, fetched once a machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("STANCE_CACHE")
        try:
            base = resolve_base("all-MiniLM-L6-v2")
        except ModelError as error:
            pytest.skip(f"the encoder cannot be had: {error}")
    link = cache / "all-MiniLM-L6-v2"
    if not link.exists():
        link.symlink_to(base.folder)
    return base


@pytest.fixture(scope="module")
def browser():
    """A Chromium, for tests that are marked with `needs_chromium`."""
    with launched() as found:
        yield found
