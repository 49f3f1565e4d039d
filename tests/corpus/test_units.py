import json
import os
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.corpus.offsets import Edit, apply_repairs, edited
from stance.corpus.sentences import WORD
from stance.corpus.units import split_units
from stance.records import UNIT_KINDS, Article, Unit, text_sha256

CASES = Path(__file__).parent / "cases"

# What documents are made of, so that lists, headings and wrapped lines meet in every order.
WORDS = ["Chips left. ", "Who knows?", "“No.” He left", "Title Here", "lower case ", "U.S. ", "do:"]
LINES = ["– Ana Voss, broker", "By Jo Hart", "(Word count: 9)", "**Bold**", "---", " - Item. - It"]
LINES += ["Terms: • One • Two", "Q: Why?** Yes.", "| A? | B |", "near.² It", "“No. 否。是", "no.*"]
STARTS = ["- ", "• ", "1. ", "a) ", "# ", "> ", "[1]", "... ", "“", '"', "'", ")", "😀", "\ud800"]
BREAKS = ["\n", "\n\n", "\r\n", "\u2028", "\u00a0", "\u200b", "\t", "  "]
PIECES = st.sampled_from([*WORDS, *LINES, *STARTS, *BREAKS])
DOCUMENTS = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join))
NOTHING = "\u200b\u200c\u200d\u2060\ufeff"


def article(text: str) -> Article:
    return Article(id="a", text=text, original=text, sha256=text_sha256(text))


@st.composite
def articles(draw: st.DrawFn) -> Article:
    """Return an article in some language, in which some characters were replaced or deleted."""
    broken = article(draw(DOCUMENTS))
    places = draw(st.sets(st.integers(0, max(0, len(broken.text) - 1)), max_size=5))
    after = st.sampled_from(["", ".", "’", "é", " ", "\n", "—"])
    language = draw(st.sampled_from([None, "en", "de-AT", "zh", "xx", "English", "\ud800"]))
    edits = [
        Edit(kind="test", start=place, end=place + 1, after=draw(after))
        for place in sorted(places)
        if broken.text
    ]
    return replace(edited(broken, edits), language=language)


def readable(article: Article, start: int, end: int) -> str:
    """Return what the repairs make of a span of the original."""
    inside = [
        replace(repair, start=repair.start - start, end=repair.end - start)
        for repair in article.repairs
        if start <= repair.start and repair.end <= end
    ]
    return apply_repairs(article.original[start:end], inside)


def cases(name: str) -> list[Any]:
    with (CASES / name).open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    fails = [[pytest.mark.xfail(reason=row["fails"])] if "fails" in row else [] for row in rows]
    return [
        pytest.param(row, id=row["name"], marks=marks)
        for row, marks in zip(rows, fails, strict=True)
    ]


@given(one=articles())
def test_every_unit_can_be_quoted_in_place(one: Article) -> None:
    for unit in split_units(one):
        assert unit.text == readable(one, unit.start, unit.end)
        assert unit.kind in UNIT_KINDS


@given(one=articles())
def test_units_are_trimmed_and_in_order_and_do_not_overlap(one: Article) -> None:
    units = split_units(one)
    assert all(left.end <= right.start for left, right in pairwise(units))
    assert [unit.index for unit in units] == list(range(len(units)))
    assert all(unit.text and unit.text == unit.text.strip().strip(NOTHING) for unit in units)


@given(one=articles())
def test_every_word_stands_in_a_unit_and_every_unit_holds_a_word(one: Article) -> None:
    units = split_units(one)
    ends = [0, *(unit.end for unit in units)]
    starts = [*(unit.start for unit in units), len(one.original)]
    outside = [readable(one, *span) for span in zip(ends, starts, strict=True)]
    assert not WORD.search("".join(outside))
    assert all(WORD.search(unit.text) for unit in units)


@given(one=articles())
def test_a_unit_knows_the_two_before_it(one: Article) -> None:
    units = split_units(one)
    texts = [unit.text for unit in units]
    assert all(unit.before == tuple(texts[max(0, unit.index - 2) : unit.index]) for unit in units)


@given(one=articles())
def test_heading_and_lead_in_are_units_that_came_before(one: Article) -> None:
    seen: list[Unit] = []
    for unit in split_units(one):
        assert unit.heading in (None, *(one.text for one in seen if one.kind == "heading"))
        if unit.lead_in is not None:
            assert unit.kind == "list_item"
            assert unit.lead_in in [one.text for one in seen if one.text.endswith(":")]
        seen.append(unit)


def test_a_unit_points_into_the_original_of_a_repaired_article() -> None:
    broken = article("😀 It fell 3?5% in the U?S? on Monday? Nobody asked why?")
    places = [broken.text.index(mark) + len(mark) for mark in ("3", "U", "U?S", "Monday", "why")]
    repaired = edited(
        broken, [Edit(kind="period", start=place, end=place + 1, after=".") for place in places]
    )
    units = split_units(repaired)
    assert [unit.text for unit in units] == [
        "😀 It fell 3.5% in the U.S. on Monday.",
        "Nobody asked why.",
    ]
    assert [broken.original[unit.start : unit.end] for unit in units] == [
        "😀 It fell 3?5% in the U?S? on Monday?",
        "Nobody asked why?",
    ]


GERMAN = "Der Streik am 8. Dezember\nAm 8. Dezember 2025 fiel er. Es kostet 3 Mrd. Euro. Ende."


@pytest.mark.parametrize("language", ["de", "de-AT", "DE_de"])
def test_dates_and_abbreviations_follow_the_language_of_the_article(language: str) -> None:
    units = split_units(replace(article(GERMAN), language=language))
    assert [unit.text for unit in units] == [
        "Der Streik am 8. Dezember",
        "Am 8. Dezember 2025 fiel er.",
        "Es kostet 3 Mrd. Euro.",
        "Ende.",
    ]
    assert units[-1].heading == units[0].text


@pytest.mark.parametrize("language", [None, "", "en-GB", "xx", "German", "\ud800"])
def test_a_language_that_is_not_known_is_read_as_english(language: str | None) -> None:
    units = split_units(replace(article("No. 5 fell. " + GERMAN), language=language))
    assert units == split_units(article("No. 5 fell. " + GERMAN))


@pytest.mark.parametrize("row", cases("units.jsonl"))
def test_documents_are_split_as_their_readers_would(row: dict[str, Any]) -> None:
    found = [[u.kind, u.text, u.heading, u.lead_in] for u in split_units(article(row["text"]))]
    assert found == row["units"]


# The English Golden Rules of pragmatic_segmenter, see cases/LICENSE-golden-rules.txt.
@pytest.mark.parametrize("row", cases("golden_rules.jsonl"))
def test_golden_rules_hold(row: dict[str, Any]) -> None:
    found = [unit.text for unit in split_units(article(row["text"]))]
    if "line_break" in row:  # it stands inside the sentence, and stays there
        found = [" ".join(text.split()) for text in found]
    assert found == row["sentences"]


N_CHARACTERS = 1_000_000
HOSTILE = {
    "brackets": "(" * N_CHARACTERS,
    "quotes": '"' * N_CHARACTERS,
    "initials": "A." * (N_CHARACTERS // 2),
    "question marks": "?" * N_CHARACTERS,
    "hyphens": "-" * N_CHARACTERS,
    "spaces": " " * N_CHARACTERS,
    "spaces inside": "A." + " " * N_CHARACTERS + "B.",
    "newlines": "\n" * N_CHARACTERS,
    "no period": "word " * (N_CHARACTERS // 5),
    "no space": "x" * N_CHARACTERS,
    "unclosed quotes": 'He said "yes. ' * 20_000,
    "unclosed brackets": "(A. " * 20_000,
    "bullets": "• " * (N_CHARACTERS // 2),
    "a glued list": "- A\n" + "Bc. - A " * 20_000,
    "bullets with text": "•a◦b" * 20_000,
    "a quote": "> a b\n" * 50_000,
    "marks between": "a. " + "? * " * (N_CHARACTERS // 4),
    "a counted list": " ".join(f"{i}. a" for i in range(1, 50_000)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_takes_no_more_than_seconds(text: str) -> None:
    start = time.process_time()
    split_units(article(text))
    assert time.process_time() - start < 2


def test_every_line_of_the_source_documents_ends_a_unit() -> None:
    folder = os.environ.get("STANCE_SEEDS")
    if folder is None:
        pytest.skip("STANCE_SEEDS names no folder of source documents")
    for path in Path(folder).glob("*.txt"):
        text = path.read_bytes().decode("utf-8")
        ends = {unit.text.split()[-1] for unit in split_units(article(text))}
        assert {line.split()[-1] for line in text.splitlines() if line.strip()} <= ends
