import json

import pytest

from stance.classifiers.baseline import BaselineRecipe
from stance.classifiers.storage import load_model
from stance.codebook import read_codebook
from stance.errors import DataError, LabelError
from stance.evaluation.behaviour import ALL, measure_behaviour, read_behaviour
from stance.resources import data_folder
from tests.builders import labeled_corpus, train_baseline

BOOK = read_codebook()
ROWS = [
    ("a", "hope", "The ferry sails again.", "optimistic"),
    ("a", "hope", "The ferry is stuck.", "skeptical"),
    ("b", "hope", "Traders cheer.", "optimistic"),
    ("b", "hope", "The traders cheer.", "skeptical"),
    ("c", "plain", "The pier is of oak.", "neutral"),
]


def row(group, family, text, label, **more):
    made = {"id": text, "family": family, "group": group, "text": text, "codebook": BOOK.reference}
    return made | {"labels": {"stance": label}} | more


def written(tmp_path, rows):
    path = tmp_path / "behaviour.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def test_pass_rates_count_units_by_family_and_groups_without_a_mistake(tmp_path, model):
    units = read_behaviour(written(tmp_path, [row(*r) for r in ROWS]), BOOK)
    scores = {s.family: s for s in measure_behaviour(units, model)}
    assert list(scores) == ["hope", "plain", ALL]
    hope = scores["hope"]
    # "cheer" is hope to this model, whoever does it.
    assert (hope.passed.value, hope.passed.n_units, hope.n_groups, hope.n_whole) == (0.75, 4, 2, 1)
    assert [(m.text, m.expected, m.predicted) for m in hope.missed] == [
        ("The traders cheer.", "skeptical", "optimistic")
    ]
    assert scores[ALL].passed.value == 0.8
    assert scores[ALL].passed.low < 0.8 < scores[ALL].passed.high


def test_a_model_that_learned_from_a_unit_is_not_measured_on_it(tmp_path):
    examples = labeled_corpus()
    folder = tmp_path / "model"
    model = train_baseline(examples, BOOK, folder, recipe=BaselineRecipe(costs=(3.0,), n_folds=3))
    lesson = examples[5].unit.text.upper()
    units = read_behaviour(written(tmp_path, [row("a", "hope", lesson, "neutral")]), BOOK)
    with pytest.raises(DataError, match="learned from 1 units of the behaviour set"):
        measure_behaviour(units, model)


def test_rows_of_another_codebook_are_passed_over_and_none_is_an_error(tmp_path):
    other = row(*ROWS[0]) | {"codebook": "charge@1#0"}
    assert len(read_behaviour(written(tmp_path, [other, row(*ROWS[1])]), BOOK)) == 1
    with pytest.raises(DataError, match="no unit follows codebook h200-access"):
        read_behaviour(written(tmp_path, [other]), BOOK)


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        "3",
        json.dumps(row("a", "hope", "", "optimistic")),
        json.dumps(row("a", "hope", "x", "optimistic", before="y")),
        json.dumps(row("a", "hope", "x", "optimistic", heading=3)),
        json.dumps(row("a", "hope", "x", "optimistic") | {"labels": {}}),
        json.dumps(row("a", None, "x", "optimistic")),
    ],
)
def test_a_row_of_another_shape_is_told_with_its_line(tmp_path, broken):
    path = written(tmp_path, [row(*ROWS[0])])
    path.write_text(path.read_text(encoding="utf-8") + broken + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"behaviour\.jsonl:2: not a unit of a behaviour set"):
        read_behaviour(path, BOOK)


def test_a_line_separator_in_a_text_does_not_end_its_row(tmp_path):
    path = tmp_path / "behaviour.jsonl"
    rows = [row("a", "hope", f"One line.{end}Next.", "neutral") for end in "\u2028\x85"]
    lines = (json.dumps(r, ensure_ascii=False) + "\r\n" for r in rows)
    path.write_bytes("".join(lines).encode())
    assert [u.unit.text for u in read_behaviour(path, BOOK)] == [r["text"] for r in rows]


def test_a_label_that_the_codebook_does_not_know_is_told_with_its_line(tmp_path):
    with pytest.raises(LabelError, match=r"behaviour\.jsonl:1: no stance is called 'rosy'"):
        read_behaviour(written(tmp_path, [row("a", "hope", "x", "rosy")]), BOOK)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read"):
        read_behaviour(tmp_path / "none.jsonl", BOOK)


def test_units_that_a_model_learned_from_beside_its_articles_are_known_again():
    contrast = read_behaviour(data_folder("labels") / "contrast.jsonl", BOOK)
    with pytest.raises(DataError, match=f"learned from {len(contrast)} units"):
        measure_behaviour(contrast, load_model("small", BOOK))
