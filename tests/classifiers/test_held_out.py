import random

import numpy as np
import pytest

from stance.classifiers.baseline import BaselineRecipe
from stance.classifiers.held_out import rows_of, words_key
from stance.evaluation.protocol import kept_rows
from stance.evaluation.scores import score
from tests.builders import train_baseline
from tests.evaluation.units import BOOK, STANCE, labeled

LEARNS_BY_HEART = BaselineRecipe(costs=(100.0,), min_units=1)


def row(p):
    return {"stance": np.array([p, 1 - p, 0])}


KEPT = {
    words_key("It is said."): {"one": row(0.1), "two": row(0.2)},
    words_key("Only there."): {"two": row(0.3)},
}


@pytest.mark.parametrize(
    ("articles", "texts", "expected"),
    [
        (["one", "two"], ["It is said.", "It is said."], [0.1, 0.2]),
        (["two copy", "two copy"], ["It is said.", "Only there."], [0.2, 0.3]),
        (["one", "new"], ["Only there.", "Quite new."], [0.3, None]),
        ([], [], []),
    ],
    ids=["each article its own", "a copy by its article", "words alone", "nothing"],
)
def test_words_of_several_articles_have_a_row_of_each(articles, texts, expected):
    found = rows_of(KEPT, articles, texts)
    assert [found and found["stance"][0] for found in found] == expected


def nonsense(name):
    """Return a sentence of its own for each name."""
    rng = random.Random(name)
    return " ".join("".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(4))


def test_a_sentence_of_two_articles_is_judged_in_each_by_a_model_that_had_not_seen_it(tmp_path):
    # The labels are drawn: a model that had seen a sentence in its article knows, others guess.
    rng = np.random.default_rng(3)
    examples = [
        labeled(
            f"a{i}",
            j,
            text=nonsense(f"{(5 * i + j) % 60}" if j < 10 else f"{i} {j}"),
            source=f"Outlet {i % 4}",
            stance=STANCE[rng.integers(3)],
        )
        for i in range(12)
        for j in range(24)
    ]
    texts = [example.unit.text for example in examples]
    assert len(set(texts)) < 0.9 * len(texts)
    model = train_baseline(examples, BOOK, tmp_path / "noise", recipe=LEARNS_BY_HEART)
    told = model.card.held_out["article"]["stance"]["macro_f1"]["value"]
    kept = score(examples, kept_rows(examples, model), BOOK, seed=1)["stance"].macro_f1.value
    assert kept == pytest.approx(told, abs=0.01)
