import codecs
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.corpus.decoding import decode, text_stream, without_lone_surrogates
from stance.errors import DataError

SENTENCE = "The minister’s café – “closed” – reopens on 3 May.\r\n"


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + SENTENCE.encode("utf-8"),
        SENTENCE.encode("utf-8"),
        codecs.BOM_UTF16_LE + SENTENCE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + SENTENCE.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + SENTENCE.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + SENTENCE.encode("utf-32-be"),
        SENTENCE.encode("utf-16-le"),
        SENTENCE.encode("utf-16-be"),
        SENTENCE.encode("cp1252"),
    ],
)
def test_every_encoding_gives_the_same_text(data: bytes) -> None:
    assert decode(data) == SENTENCE
    assert text_stream(io.BytesIO(data)).read() == SENTENCE


def test_russian_in_utf16_without_a_mark_is_told_by_its_spaces() -> None:
    text = "Министр закрыл кафе и сказал, что откроет его снова в мае. " * 3
    assert decode(text.encode("utf-16-le")) == text


def test_bytes_that_windows_1252_leaves_undefined_become_c1_controls() -> None:
    assert decode(b"caf\xe9 \x81\x8d\x8f\x90\x9d \x93ok\x94") == "café \x81\x8d\x8f\x90\x9d “ok”"


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\0\0\1\0\xff\xfe rest", b"one stray\0 NUL", b"ends with\0", b"GIF89a" + bytes(500)],
)
def test_binary_files_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(DataError, match="NUL"):
        decode(data)


def test_a_mark_that_promises_what_does_not_follow_is_refused_with_its_place() -> None:
    with pytest.raises(DataError, match="utf-8-sig at byte 6"):
        decode(codecs.BOM_UTF8 + b"caf\xe9 au lait")


def test_a_late_byte_decides_between_utf8_and_windows_1252() -> None:
    start = b"a" * 3_000_000
    assert decode(start + "é".encode()).endswith("aé")
    assert text_stream(io.BytesIO(start + b"\xe9")).read().endswith("aé")


@pytest.mark.parametrize("start", ["El País. ", "Ça va. " * 400_000])
def test_stray_bytes_in_utf8_are_read_as_windows_1252_and_change_nothing_else(start: str) -> None:
    data = start.encode() + b"caf\xe9 \x93ok"[: 4 if len(start) < 99 else None]
    text = start + "café “ok"[: 4 if len(start) < 99 else None]
    assert decode(data) == text
    assert text_stream(io.BytesIO(data)).read() == text


def test_utf8_that_was_cut_in_a_character_keeps_the_others() -> None:
    assert decode(SENTENCE.encode() + "–".encode()[:2]) == SENTENCE + "â€"


@pytest.mark.parametrize("text", ["«CAFÉ»", "„Spaß“", "Über Spaß” und Ärger…", "VOILÀ… « déjà »"])
def test_pairs_that_windows_1252_may_have_too_do_not_make_it_utf8(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@given(pieces=st.lists(st.sampled_from(["é".encode(), "😀".encode(), b"\xe9", b"\x81", b"a"])))
def test_a_stream_is_decoded_as_the_whole_is(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    stream = text_stream(io.BytesIO(data))
    assert "".join(iter(lambda: stream.read(1), "")) == decode(data)


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode(text.encode("utf-8")) == text
    assert decode(codecs.BOM_UTF8 + text.encode("utf-8")) == text


@given(data=st.binary())
def test_any_bytes_give_a_text_or_an_error_in_words(data: bytes) -> None:
    with suppress(DataError):
        decode(data).encode("utf-8")


@given(text=st.text(st.characters()))
def test_a_text_without_lone_surrogates_can_be_encoded(text: str) -> None:
    without_lone_surrogates(text).encode("utf-8")
