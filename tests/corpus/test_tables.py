import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stance.corpus.metadata import MISSING
from stance.corpus.tables import html_tag
from stance.records import Article, text_sha256
from tests.corpus.reads import TABLES, Read, write, write_rows

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)
optional = words.map(lambda text: None if text.lower() in MISSING else text or None)


@st.composite
def articles(draw: st.DrawFn) -> Article:
    text = draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    text = text + draw(st.sampled_from(["x", 'x"', "x\r\n", 'a,"b";\tc\n']))
    assume(html_tag(text) is None)  # else it is refused
    outlet = draw(optional.filter(lambda text: not (text or "").lower().startswith("http")))
    return Article(
        id=draw(words.filter(bool)),
        text=text,
        original=text,
        sha256=text_sha256(text),
        source=outlet,
        title=draw(optional),
        date=draw(st.none() | st.dates(date(1900, 1, 1)).map(date.isoformat)),
        url=draw(optional),
        language=draw(optional),
    )


@pytest.mark.parametrize("suffix", TABLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(articles(), min_size=1, max_size=4, unique_by=lambda article: article.id))
def test_articles_written_to_a_table_are_read_back_equal(
    tmp_path: Path, suffix: str, written: list[Article]
) -> None:
    names = ["id", "text", "source", "title", "date", "url", "language"]
    rows = [{name: getattr(article, name) for name in names} for article in written]
    read = Read(write_rows(tmp_path / f"table{suffix}", rows))
    assert read.articles == written
    assert not read.failures


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_header_tells_a_csv_s_delimiter_and_its_bytes_the_encoding(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    lines = [["Source", "Text"], ["Café", '"One; two, three."'], ["Herald", "“Four”."]]
    content = "\r\n".join(delimiter.join(cells) for cells in lines)
    read = Read(write(tmp_path / "a.csv", content.encode(encoding)))
    assert [(a.id, a.source, a.text) for a in read.articles] == [
        ("a-1", "Café", "One; two, three."),
        ("a-2", "Herald", "“Four”."),
    ]


def test_one_bad_byte_in_a_table_does_not_give_an_outlet_two_names(tmp_path: Path) -> None:
    table = "source,text\nEl País,Hello.\n".encode()
    write(tmp_path / "a.csv", table)
    write(tmp_path / "b.csv", table + b"X,caf\xe9 is shut.\n")
    read = Read(tmp_path)
    assert read.sources() == {"a-1": "El País", "b-1": "El País", "b-2": "X"}
    assert read.articles[2].text == "café is shut."


@pytest.mark.parametrize("suffix", TABLES)
def test_a_bad_row_is_reported_and_the_rows_keep_their_numbers(tmp_path: Path, suffix: str) -> None:
    rows: list[dict[str, object]] = [
        {"text": "One."},
        {"text": " "},
        {"text": "Thr\0ee"},
        {"text": "4."},
    ]
    read = Read(write_rows(tmp_path / f"a{suffix}", rows))
    assert read.ids() == ["a-1", "a-4"]
    assert [failure.message[:22] for failure in read.failures] == [
        "row 2: its text is emp",
        "row 3: its text holds ",
    ]


@pytest.mark.parametrize("suffix", TABLES)
def test_a_table_without_text_names_its_columns_and_those_looked_for(
    tmp_path: Path, suffix: str
) -> None:
    read = Read(write_rows(tmp_path / f"a{suffix}", [{"Titre": "x", "corps": "y"}]))
    assert not read.articles
    assert "no column is called text, maintext" in read.failure
    assert "'titre', 'corps'" in read.failure


def test_json_holds_a_list_one_object_or_lines(tmp_path: Path) -> None:
    one = json.dumps({"text": "One."}, indent=1)
    assert Read(write(tmp_path / "a.json", one)).ids() == ["a-1"]
    assert Read(write(tmp_path / "b.json", f"[{one},\n {one}]")).ids() == ["b-1", "b-2"]
    lines = '{"text": "One."}\n\n{"text": \n{"text": "Four."}\n'
    read = Read(write(tmp_path / "c.json", lines))
    assert read.ids() == ["c-1", "c-4"]
    assert "row 3: not JSON" in read.failure


@pytest.mark.parametrize("indent", [None, 2])
def test_the_answer_of_a_news_api_is_read_with_its_outlets(
    tmp_path: Path, indent: int | None
) -> None:
    found = [
        {
            "source": {"id": "the-herald", "name": "Herald"},
            "title": "Ferries stop",
            "url": "https://herald.example/1",
            "publishedAt": "2026-02-14T09:30:00Z",
            "content": "The ferries stop.",
        },
        {"source": {"id": None, "name": "Courier"}, "content": None},
    ]
    answer = {"status": "ok", "totalResults": 2, "articles": found}
    read = Read(write(tmp_path / "a.json", json.dumps(answer, indent=indent)))
    (article,) = read.articles
    assert (article.id, article.source, article.date) == ("a-1", "Herald", "2026-02-14")
    assert "row 2: its text is empty" in read.failure
    empty = Read(write(tmp_path / "b.json", json.dumps(answer | {"articles": []}, indent=indent)))
    assert "holds no articles" in empty.failure


def test_an_article_that_lists_others_is_still_an_article(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": "One.", "articles": ["x"]}, {"text": "Two."}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    assert Read(write(tmp_path / "a.json", lines)).ids() == ["a-1", "a-2"]


def test_a_table_in_a_folder_gets_ids_and_an_outlet_from_its_place(tmp_path: Path) -> None:
    write(tmp_path / "herald" / "day.jsonl", '{"text": "One."}\n{"text": "Two.", "source": "X"}\n')
    assert Read(tmp_path).sources() == {"herald/day-1": "herald", "herald/day-2": "X"}


def test_typed_dates_and_numbers_in_parquet_are_read(tmp_path: Path) -> None:
    day = datetime(2026, 2, 14, 23, 30, tzinfo=UTC)
    columns = {
        "day": pa.array([day.date()], pa.date32()),
        "seconds": pa.array([day], pa.timestamp("s", "UTC")),
        "nanoseconds": pa.array([day.timestamp() * 1e9 + 1], pa.float64()).cast(pa.int64()),
        "integer": pa.array([20260214]),
        "float": pa.array([20260214.0]),
        "dictionary": pa.array(["2026-02-14"]).dictionary_encode(),
        "epoch": pa.array([int(day.timestamp() * 1000)]),
    }
    columns["nanoseconds"] = columns["nanoseconds"].cast(pa.timestamp("ns"))
    for name, column in columns.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"Text": ["One."], "date": column, "id": pa.array([1.0])}), path)
        article = Read(path).only
        assert (name, article.id, article.date) == (name, "1", "2026-02-14")


@pytest.mark.parametrize("suffix", TABLES)
@pytest.mark.parametrize("gone", ["NA", "nan", "NaT", "None", "null", "N/A", "[deleted]"])
def test_what_other_programs_write_for_nothing_is_nothing(
    tmp_path: Path, suffix: str, gone: str
) -> None:
    row = {"id": gone, "text": gone, "body": "Ferries stop.", "source": gone, "date": gone}
    row |= {"title": f"{gone} rises", "url": gone}
    read = Read(write_rows(tmp_path / f"a{suffix}", [row]))
    only = read.only
    assert (only.id, only.text, only.title) == (gone, "Ferries stop.", f"{gone} rises")
    assert (only.source, only.date, only.url) == (None, None, None)
    assert not read.notices  # no date is unread where none was given


# Hostile input


def test_a_long_line_and_a_large_field_are_read_or_refused_in_words(tmp_path: Path) -> None:
    long = "word " * 200_000
    path = write_rows(tmp_path / "a.jsonl", [{"text": long}])
    assert Read(path).only.text == long
    path = write_rows(tmp_path / "b.csv", [{"text": "x" * 30_000_000}, {"text": "Two."}])
    read = Read(path)
    assert read.ids() == ["b-2"]
    assert "30,000,000 characters" in read.failure


def test_lines_beyond_the_limit_are_skipped_without_being_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stance.corpus.tables._MAX_RECORD", 100)
    path = write_rows(tmp_path / "a.jsonl", [{"text": "x" * 950}, {"text": "Two."}])
    read = Read(path)
    assert read.ids() == ["a-2"]
    assert "row 1: longer than" in read.failure


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,source,Text\nFerries stop.,Herald,\n,Herald,Ferries stop.\n"),
        (
            "a.jsonl",
            '{"text": "Ferries stop.", "Text": ""}\n{"text": null, "Text": "Ferries stop."}',
        ),
    ],
)
def test_of_two_columns_of_one_name_the_filled_one_counts(
    tmp_path: Path, name: str, content: str
) -> None:
    read = Read(write(tmp_path / name, content))
    assert [article.text for article in read.articles] == ["Ferries stop."] * 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"text": ' * 100_000, "nested too deeply"),
        ('{"text": ' + "1" * 5000 + "}", "not JSON"),
        ("[1, 2]", "a JSON list"),
        ('{"text": ["a", "b"]}', "its text is of type list"),
        ('{"text": null}', "its text is empty"),
        ('{"text": "- …"}', "its text is empty"),
        ('{"text": "[Removed]"}', "its text is empty"),
        ('{"text": " NA "}', "its text is empty"),
        ("{}", "Found: none"),
        ("\x00\x01\x02", "not JSON"),
    ],
)
def test_hostile_json_is_a_failure_in_words(tmp_path: Path, line: str, words: str) -> None:
    read = Read(write(tmp_path / "a.jsonl", line + '\n{"text": "Two."}\n'))
    assert read.ids() == ["a-2"]
    assert words in read.failure
    read = Read(write(tmp_path / "a.json", line))
    assert not read.articles
    assert read.failures


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    row = r'{"text": "a \ud800 b \ud83d\ude00", "title": "\udfff", "id": "\ud800"}'
    article = Read(write(tmp_path / "a.jsonl", row)).only
    assert (article.text, article.title, article.id) == ("a \ufffd b 😀", "\ufffd", "\ufffd")
    assert article.sha256 == text_sha256(article.text)


@pytest.mark.parametrize(
    ("rows", "ids", "words"),
    [
        ('1,"One" two\n2,Two\n', ["2"], "row 1: not proper CSV"),
        ("1,One, two\n2,Two\n", ["2"], "row 1: has 3 field(s), and the header 2"),
        ("1\n2,Two\n", ["2"], "row 1: has 1 field(s)"),
        ('1,"One\n2,Two\n3,"Three"\n4,Four\n', ["4"], "Lines 2 to 4 of the file are lost"),
        ("1,O\0ne\n2,Two\n", ["2"], "row 1: its text holds NUL"),
    ],
)
def test_a_broken_csv_row_is_a_failure_and_swallows_no_other_in_silence(
    tmp_path: Path, rows: str, ids: list[str], words: str
) -> None:
    read = Read(write(tmp_path / "a.csv", "id,text\n" + rows))
    assert read.ids() == ids
    assert words in read.failure


def test_a_quote_that_is_never_closed_says_that_every_later_row_is_lost(tmp_path: Path) -> None:
    rows = "".join(f"{number},Text.\n" for number in range(3, 503))
    read = Read(write(tmp_path / "a.csv", f'id,text\n1,One.\n2,"Two\n{rows}'))
    assert read.ids() == ["1"]
    assert read.failure == (
        "row 2: not proper CSV: a quote in it is never closed, so nothing after it was read. "
        "Lines 3 to 503 of the file are lost. Put double quotes around a field, and double those "
        "in it."
    )


@pytest.mark.parametrize(
    "text",
    [
        'He said \\"no\\" to it.\nThe firm, however, rose.\nOfficials met, and left.\nThe end.',
        '\\"No,\\" he said.\nOfficials met, and left.',
        'The firm rose.\nHe said: \\"No.\\"\nOfficials met, and left.',
    ],
)
def test_prose_after_a_backslashed_quote_is_not_read_as_rows(tmp_path: Path, text: str) -> None:
    table = f'source,text\nAP,"All ""well""."\nBBC,"{text}"\nCNN,"All good."\n'
    read = Read(write(tmp_path / "a.csv", table))
    assert read.sources() == {"a-1": "AP"}
    assert read.failure == (
        "quotes are escaped with backslashes, so nothing from line 3 on was read. "
        'Double them: "" for \\".'
    )


def test_a_backslash_before_a_doubled_quote_is_a_backslash(tmp_path: Path) -> None:
    read = Read(write(tmp_path / "a.csv", 'id,text\n1,"A \\"" b" c\n2,"A \\""."\n'))
    assert [article.text for article in read.articles] == ['A \\".']
    assert "row 1: not proper CSV" in read.failure


def test_a_truncated_parquet_file_is_a_failure(tmp_path: Path) -> None:
    whole = write_rows(tmp_path / "a.parquet", [{"text": "One."}] * 100).read_bytes()
    for size in [0, 3, 8, len(whole) // 2, len(whole) - 1]:
        assert "not a Parquet file" in Read(write(tmp_path / "b.parquet", whole[:size])).failure


def test_damage_inside_a_parquet_file_costs_no_other_file(tmp_path: Path) -> None:
    whole = write_rows(tmp_path / "a.parquet", [{"text": "Some words. " * 50}] * 100).read_bytes()
    bad = write(tmp_path / "b.parquet", whole[:4] + bytes(200) + whole[204:])
    read = Read(bad, write(tmp_path / "c.txt", "Text."))
    assert read.ids() == ["c"]
    assert "not a Parquet file" in read.failure


def test_a_parquet_string_that_is_not_utf8_costs_one_row(tmp_path: Path) -> None:
    offsets, data = pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"\xffB")
    column = pa.Array.from_buffers(pa.string(), 2, [None, offsets, data])
    pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
    read = Read(tmp_path / "a.parquet")
    assert read.ids() == ["a-2"]
    assert "row 1: holds a value that cannot be read" in read.failure
