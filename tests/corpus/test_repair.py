import json
import os
from dataclasses import replace
from html.entities import html5
from itertools import pairwise
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.corpus.offsets import Edit, apply_repairs, edited
from stance.corpus.prepare import prepare
from stance.corpus.questions import reads_as_question
from stance.corpus.repair import repair_article
from stance.corpus.units import split_units
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
        "â€",
        "\x93",
        "\x85",
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
        "è\x88¹å\x91\x98å›žå®¶ã€‚",
        "æ¸¯å\x8f£å…³é—\xadã€‚",
        "&",
        "lt;",
        "&amp;",
        "&lt;",
        "&#39;",
        "&#63;",
        "&quot;",
        "&nbsp;",
        "&rsquo;",
        "&Acirc;",
        "&bull; ",
        "&#65533;",
        "&ThickSpace;",
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
def test_units_of_a_repaired_article_have_distinct_ids_and_do_not_overlap(text):
    units = split_units(repair_article(article(text)))
    assert len({unit.id for unit in units}) == len(units)
    assert all(left.end <= right.start for left, right in pairwise(units))


def test_front_matter_that_was_cut_off_is_no_mended_damage():
    text = "---\nsource: Quay\n---\nThe ferry sails&period; It is late."
    cut = edited(article(text), [Edit(kind="front matter", start=0, end=21, after="")])
    assert cut.mended == []
    mended = repair_article(cut)
    assert [repair.kind for repair in mended.repairs] == ["front matter", *mended.mended]
    assert len(mended.mended) == 1


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_each_misread_character_is_a_repair_of_its_own(encoding):
    text = "港口今天关闭。船员都回家了。"
    misread = "".join(
        bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode()
    )
    repaired = repair_article(article(misread))
    assert [repair.after for repair in repaired.repairs] == list(text)
    assert [(unit.start, unit.end) for unit in split_units(repaired)] == [(0, 21), (21, 42)]


def test_each_html_entity_is_decoded_once_and_units_point_at_it_in_the_original():
    text = (
        "&nbsp;It&rsquo;s &amp;lt; here.&quot;&nbsp; &ldquo;Run it&#33;&quot; R&amp;D; AT&T; too."
    )
    repaired = repair_article(article(text))
    assert repaired.text == '\xa0It’s &lt; here."\xa0 “Run it!" R&D; AT&T; too.'
    assert {repair.kind for repair in repaired.repairs} == {"HTML entity"}
    assert repair_article(repaired) == repaired
    units = split_units(repaired)
    assert [unit.text for unit in units] == ['It’s &lt; here."', '“Run it!"', "R&D; AT&T; too."]
    assert [text[unit.start : unit.end] for unit in units] == [
        "It&rsquo;s &amp;lt; here.&quot;",
        "&ldquo;Run it&#33;&quot;",
        "R&amp;D; AT&T; too.",
    ]


def test_every_named_html_entity_is_decoded_unless_its_character_is_not_seen():
    names = {f"&{name}": character for name, character in html5.items() if name.endswith(";")}
    left = set()
    for reference, character in names.items():
        after = repair_article(article(f"x{reference}x")).text[1:-1]
        assert after in (reference, character)
        if after == reference:
            left.add(character)
    not_seen = {c for c in names.values() if {*map(category, c)} & {"Cc", "Cf"}}
    assert left == not_seen | {c for c in names.values() if "\ufe00" in c}  # a variation selector


def test_without_repair_html_entities_stay_as_they_are():
    text = "It&rsquo;s here.&quot;"
    ((kept, _),) = prepare([article(text)], repair=False)
    assert kept == article(text)


def test_torn_mojibake_and_controls_are_repairs_with_their_places():
    repaired = repair_article(article("Â \x93Noâ€ itâ€™s"))
    assert repaired.text == " “No” it’s"
    assert [(r.kind, r.start, r.before, r.after) for r in repaired.repairs] == [
        ("mojibake", 0, "Â", ""),
        ("C1 control", 2, "\x93", "“"),
        ("mojibake", 5, "â€", "”"),
        ("mojibake", 10, "â€™", "’"),
    ]


@given(text=TEXTS)
def test_repairing_an_article_again_keeps_what_was_repaired(text):
    once = repair_article(article(text))
    again = repair_article(once)
    assert set(once.repairs) <= set(again.repairs)
    assert apply_repairs(text, again.repairs) == again.text


@pytest.mark.parametrize(
    ("language", "after"),
    [(None, "What’s"), ("en-US", "What’s"), ("English", "What’s"), ("fr", "What?s")],
)
def test_only_an_article_that_may_be_english_has_its_lost_characters_inferred(language, after):
    read = replace(article("What?s new at the port, cafÃ© â€“ bar?"), language=language)
    assert repair_article(read).text == f"{after} new at the port, café – bar?"


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
