import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.codebook import RESERVED, _codebook, _Table, new_codebook, read_codebook
from stance.errors import CodebookError, LabelError
from stance.report.machine import columns
from stance.resources import data_folder

MINIMAL = """
name = "toll"
version = "1.0"
language = "en"
[target]
name = "the bridge toll"
description = "What drivers pay to cross."
[unit]
description = "A sentence."
[[tasks]]
name = "stance"
question = "For or against?"
ordered = true
[[tasks.labels]]
name = "favor"
score = 1
aliases = ["pro"]
definition = "For it."
[[tasks.labels]]
name = "against"
score = -1
definition = "Against it."
"""


def written(tmp_path, text):
    path = tmp_path / "toll.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_codebook_has_the_three_tasks_and_their_labels_in_order():
    book = read_codebook()
    assert {task.name: task.classes for task in book.tasks} == {
        "stance": ("optimistic", "neutral", "skeptical"),
        "sentiment": ("positive", "neutral", "negative"),
        "voice": ("author", "attributed"),
    }
    assert book.task("stance").scores == (1, 0, -1)
    assert book.task("voice").scores is None
    assert all(label.examples for task in book.tasks for label in task.labels)


@pytest.mark.parametrize(
    ("task", "alias", "name"),
    [
        ("stance", "favor", "optimistic"),
        ("stance", "AGAINST ", "skeptical"),
        ("stance", "none", "neutral"),
        ("sentiment", "pos", "positive"),
        ("voice", "quoted", "attributed"),
    ],
)
def test_common_names_of_labels_are_understood(task, alias, name):
    assert read_codebook().task(task).label(alias) == name


def test_an_unknown_label_or_task_is_told_with_those_that_there_are():
    book = read_codebook()
    with pytest.raises(LabelError, match="use one of: optimistic, neutral, skeptical"):
        book.task("stance").label("hopeful")
    with pytest.raises(LabelError, match="stance, sentiment, voice"):
        book.task("tone")


def test_the_hash_follows_the_content_not_the_layout(tmp_path):
    plain = read_codebook(written(tmp_path, MINIMAL))
    commented = read_codebook(written(tmp_path, "# a comment\n" + MINIMAL.replace(" = ", "  =  ")))
    changed = read_codebook(written(tmp_path, MINIMAL.replace("For it.", "Much for it.")))
    assert plain.sha256 == commented.sha256 != changed.sha256
    assert plain.reference == f"toll@1.0#{plain.sha256[:8]}"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('version = "1.0"', "version = 1.0", "version: must be a text"),
        ('language = "en"', "", "language: must be a text"),
        ("score = 1", 'score = "high"', r"tasks\[0\].labels\[0\].score: must be a whole number"),
        ("score = 1", "score = -1", r"tasks\[0\].labels: two labels have the same score"),
        ("score = 1", "scroe = 1", r"tasks\[0\].labels\[0\].scroe: unknown key"),
        ('aliases = ["pro"]', 'aliases = ["Against"]', "'against' names two labels"),
        ('aliases = ["pro"]', "aliases = [3]", r"labels\[0\].aliases.0: must be a text"),
        ("ordered = true", "ordered = 1", r"tasks\[0\].ordered: must be true or false"),
        ("ordered = true", "ordered = false", "a task without order has no scores"),
        ('name = "stance"', 'name = "side"', "tasks: one task must be named stance"),
        ("[unit]", "[[unit]]", "unit: must be a table"),
        ('"For it."', '"FILL IN"', r"labels\[0\].definition: still says FILL IN"),
        ("[target]", "[target", "not a TOML file"),
    ],
)
def test_a_broken_codebook_is_told_with_file_and_key(tmp_path, old, new, complaint):
    path = written(tmp_path, MINIMAL.replace(old, new, 1))
    with pytest.raises(CodebookError, match=complaint) as raised:
        read_codebook(path)
    assert str(path) in str(raised.value)


def test_a_missing_codebook_is_told():
    with pytest.raises(CodebookError, match=r"give a codebook's name or its \.toml file"):
        read_codebook("no-such-book")


def test_the_template_is_refused_until_it_is_filled_in(tmp_path):
    path = tmp_path / "toll.toml"
    new_codebook("toll", path)
    with pytest.raises(CodebookError, match="still says FILL IN"):
        read_codebook(path)
    path.write_text(path.read_text(encoding="utf-8").replace("FILL IN", "filled in"), "utf-8")
    assert read_codebook(path).name == "toll"


def test_the_template_never_overwrites_and_wants_a_plain_name(tmp_path):
    path = tmp_path / "toll.toml"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(CodebookError, match="nothing was written"):
        new_codebook("toll", path)
    assert path.read_text(encoding="utf-8") == "mine"
    with pytest.raises(CodebookError, match="letters, digits"):
        new_codebook("../toll", tmp_path / "x.toml")


def with_task(name, *labels):
    return (
        MINIMAL
        + f'[[tasks]]\nname = "{name}"\nquestion = "?"\nordered = false\n'
        + "".join(
            f'[[tasks.labels]]\nname = "{label}"\ndefinition = "It is."\n' for label in labels
        )
    )


@pytest.mark.parametrize(
    ("text", "column"),
    [
        *((with_task(name, "yes", "no"), name) for name in RESERVED),
        (with_task("stance", "yes", "no"), "stance"),
        (with_task("stance_favor", "yes", "no"), "stance_favor"),
        (with_task("a", "b_c", "d") + with_task("a_b", "c", "e").removeprefix(MINIMAL), "a_b_c"),
    ],
)
def test_no_task_or_label_takes_the_column_of_another(tmp_path, text, column):
    with pytest.raises(CodebookError, match=f"two columns would be called '{column}'"):
        read_codebook(written(tmp_path, text))


def test_every_column_that_is_not_a_tasks_is_reserved():
    book = read_codebook()
    of_tasks = {column for task in book.tasks for column in task.columns}
    settled = data_folder("labels") / "settled.jsonl"
    with settled.open(encoding="utf-8") as file:
        row = json.loads(file.readline())
    assert set(columns(book)) - of_tasks <= set(RESERVED)
    assert set(row) - of_tasks <= set(RESERVED)


@pytest.mark.parametrize(("favor", "against"), [(5, 1), (1, 0), (-1, -5)])
def test_an_order_has_scores_on_both_sides_of_zero(tmp_path, favor, against):
    lower = MINIMAL.replace("score = -1", "score = LOW").replace("score = 1", f"score = {favor}")
    text = lower.replace("LOW", str(against))
    with pytest.raises(CodebookError, match=r"tasks\[0\].labels: an order needs scores below 0"):
        read_codebook(written(tmp_path, text))


def test_stance_may_have_no_order(tmp_path):
    text = MINIMAL.replace("ordered = true", "ordered = false")
    text = text.replace("score = 1\n", "").replace("score = -1\n", "")
    assert read_codebook(written(tmp_path, text)).task("stance").scores is None


@given(
    st.sampled_from(["name", "version", "language", "target", "unit", "tasks"]),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4),
)
def test_a_key_of_the_wrong_kind_is_a_codebook_error_and_nothing_else(key, value):
    data = tomllib.loads(MINIMAL) | {key: value}
    table = _Table(data, Path("toll.toml"), "")
    if key in {"name", "version", "language"} and isinstance(value, str) and value.strip():
        assert getattr(_codebook(table), key) == value.strip()
    else:
        with pytest.raises(CodebookError, match=r"^toll\.toml: "):
            _codebook(table)
