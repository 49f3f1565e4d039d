import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.corpus.offsets import Edit, apply_repairs, edited
from stance.corpus.questions import reads_as_question
from stance.corpus.repair import repair_article
from stance.records import Article, text_sha256

CASES = Path(__file__).parent / "cases"


def read_cases(name: str, *, strict: bool = True) -> list:
    rows = [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]
    return [
        pytest.param(
            row, id=row["name"], marks=[pytest.mark.xfail] if strict and row.get("fails") else []
        )
        for row in rows
    ]


def article(text: str) -> Article:
    return Article(id="a1", text=text, original=text, sha256=text_sha256(text))


# Text of the pieces that the rules look at, so that they fire.
PIECES = st.sampled_from(
    [
        "?",
        "�",
        ".",
        ",",
        "!",
        "“",
        "”",
        "‘",
        "’",
        "'",
        '"',
        "ï¿½",
        "â€™",
        "Ã©",
        "Â",
        "\n",
        " ",
        "s",
        "t",
        "re",
        "U",
        "3",
        "5",
        "—",
        "Mr",
        "Will",
        "it",
        "the",
        "firm’s",
        "what",
        "U+FFFD",
        "???",
        "The firm sold it all again today? ",
        "3?5",
        "U?S?",
        "it�s",
        "China?s a",
        "https://e.org/?a",
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text()


@pytest.mark.parametrize("case", read_cases("repair.jsonl"))
def test_broken_text_is_restored(case):
    assert repair_article(article(case["text"])).text == case["repaired"]


@pytest.mark.parametrize("case", read_cases("repair_clean.jsonl"))
def test_sound_text_is_left_alone(case):
    assert repair_article(article(case["text"])) == article(case["text"])


@pytest.mark.parametrize("case", read_cases("repair.jsonl", strict=False))
def test_restored_text_counts_as_sound(case):
    restored = repair_article(article(case["text"])).text
    assert repair_article(article(restored)).text == restored


@pytest.mark.parametrize("case", read_cases("repair_questions.jsonl"))
def test_questions_are_told_from_statements(case):
    assert reads_as_question(case["text"]) == case["question"]


@given(text=TEXTS)
def test_every_repair_quotes_the_original_and_together_they_make_the_text(text):
    repaired = repair_article(article(text))
    assert repaired.original == text
    assert all(text[r.start : r.end] == r.before != r.after for r in repaired.repairs)
    assert apply_repairs(text, repaired.repairs) == repaired.text


@given(text=TEXTS)
def test_repairing_an_article_again_changes_nothing(text):
    once = repair_article(article(text))
    assert repair_article(once) == once


@given(text=TEXTS, cut=st.integers(0, 30), put=st.sampled_from(["", "�", "?", "â", "ab"]))
def test_repairs_of_the_reader_stay_and_the_text_after_them_is_repaired(text, cut, put):
    cut = min(cut, len(text))
    read = edited(article(text), [Edit(kind="front matter", start=0, end=cut, after=put)])
    repaired = repair_article(read)
    assert set(read.repairs) <= set(repaired.repairs)
    assert apply_repairs(text, repaired.repairs) == repaired.text
    if not put:
        assert repaired.text == repair_article(article(text[cut:])).text


@pytest.mark.skipif("STANCE_SEEDS" not in os.environ, reason="STANCE_SEEDS names no folder")
def test_source_documents_are_repaired_where_broken_and_left_alone_elsewhere():
    broken, *sound = sorted(Path(os.environ["STANCE_SEEDS"]).glob("*.txt"))
    repaired = repair_article(article(broken.read_text(encoding="utf-8")))
    assert repaired.text.count("?") == 1
    assert "�" not in repaired.text
    assert "U.S.-centric" in repaired.text
    for path in sound:
        text = path.read_text(encoding="utf-8")
        assert repair_article(article(text)).text == text
