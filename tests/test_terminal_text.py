import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.terminal_text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        ("\x9b2J", r"\x9b2J"),
        ("bell\x07 delete\x7f nul\x00", r"bell\x07 delete\x7f nul\x00"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\u2066isolated\u2069", r"\u2066isolated\u2069"),
        ("pay\u200bpal", r"pay\u200bpal"),
        ("pay\u200dpal", r"pay\u200dpal"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        *(
            (f"pay{blank}pal", "pay" + blank.encode("unicode_escape").decode() + "pal")
            for blank in "\u034f\u115f\u1160\u3164\uffa0\ufe00\U000e0100\U000e01ef"
        ),
        ("가\u200d\u3164", r"가\u200d\u3164"),
    ],
)
def test_what_could_drive_or_deceive_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Café – “quoted” … 東京 العربية",
        "👩\u200d💻 at work",
        "می\u200cخواهم",
        "क्\u200dष",
        "❤\ufe0f\u200d🔥 or ❤\ufe0e",
        r"C:\x1b\news",
    ],
    ids=["ordinary text", "emoji", "Persian", "Hindi", "emoji or sign", "Windows path"],
)
def test_writing_that_people_use_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(text=st.text(st.characters()))
def test_no_control_character_is_left_in_any_text(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]", shown)
    assert printable(shown) == shown
