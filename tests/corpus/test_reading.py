import csv
import hashlib
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stance.corpus.metadata import iso_day
from stance.corpus.offsets import apply_repairs
from stance.corpus.reading import ReadFailure, read_articles
from stance.errors import DataError
from stance.records import Article, text_sha256


class Read:
    """What one call of read_articles gave: articles, failures, notices."""

    def __init__(self, *paths: Path, register: Path | None = None) -> None:
        self.failures: list[ReadFailure] = []
        self.notices: list[str] = []
        self.articles = list(
            read_articles(
                paths,
                register=register,
                on_failure=self.failures.append,
                on_notice=self.notices.append,
            )
        )

    @property
    def only(self) -> Article:
        assert not self.failures
        (article,) = self.articles
        return article

    @property
    def failure(self) -> str:
        (failure,) = self.failures
        return failure.message

    def ids(self) -> list[str]:
        return [article.id for article in self.articles]

    def sources(self) -> dict[str, str | None]:
        return {article.id: article.source for article in self.articles}


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    """Write a table in the format that the suffix names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix in {".csv", ".tsv"}:
        with path.open("w", newline="", encoding="utf-8") as file:
            delimiter = "\t" if path.suffix == ".tsv" else ","
            writer = csv.DictWriter(file, names, delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# Files and folders


def test_a_text_file_becomes_an_article_named_by_its_stem(tmp_path: Path) -> None:
    data = "Ferries stop.\r\n\r\nThe café is shut.\n".encode()
    article = Read(write(tmp_path / "ferry.v2.txt", data)).only
    assert article == Article(
        id="ferry.v2",
        text=data.decode(),
        original=data.decode(),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def test_a_folder_is_read_in_order_of_path_with_outlets_from_its_folders(tmp_path: Path) -> None:
    for name in ["herald/b.txt", "herald/a.md", "courier/x.txt", "root.txt", "herald/2026/c.TXT"]:
        write(tmp_path / name, f"Text of {name}.")
    read = Read(tmp_path)
    assert read.ids() == ["courier/x", "herald/2026/c", "herald/a", "herald/b", "root"]
    assert read.sources() == {
        "courier/x": "courier",
        "herald/2026/c": "2026",
        "herald/a": "herald",
        "herald/b": "herald",
        "root": None,
    }


def test_paths_are_read_in_the_order_given(tmp_path: Path) -> None:
    b, a = write(tmp_path / "b.txt", "B."), write(tmp_path / "a.txt", "A.")
    assert Read(b, a).ids() == ["b", "a"]


def test_hidden_files_and_files_about_the_folder_are_passed_over(tmp_path: Path) -> None:
    for name in [".hidden.txt", ".git/x.txt", "README.md", "readme.txt", "LICENSE.txt"]:
        write(tmp_path / name, "No article.")
    write(tmp_path / "license-fees-rise.txt", "Fees rise.")
    read = Read(tmp_path)
    assert read.ids() == ["license-fees-rise"]
    assert not read.failures
    assert not read.notices


def test_other_suffixes_are_counted_in_a_notice(tmp_path: Path) -> None:
    for name in ["a.txt", "b.pdf", "c.pdf", "d.html"]:
        write(tmp_path / name, "Text.")
    read = Read(tmp_path)
    assert read.ids() == ["a"]
    (notice,) = read.notices
    assert "3 files were not read (1 .html, 2 .pdf)" in notice


def test_a_missing_path_and_a_folder_without_articles_raise_before_any_article(
    tmp_path: Path,
) -> None:
    good = write(tmp_path / "good.txt", "Text.")
    bare = tmp_path / "bare"
    write(bare / "picture.png", b"")
    for path, words in [(tmp_path / "no", "No such file"), (bare, "only 1 .png")]:
        with pytest.raises(DataError, match=words):
            read_articles([good, path], on_failure=pytest.fail)


def test_a_directory_named_like_a_text_is_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "x.txt" / "a.txt", "Text.")
    assert Read(tmp_path).sources() == {"x.txt/a": "x.txt"}
    assert Read(tmp_path / "x.txt").ids() == ["a"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret" / "s.txt", "Secret.")
    write(tmp_path / "corpus" / "a.txt", "Text.")
    (tmp_path / "corpus" / "inside.txt").symlink_to("a.txt")
    (tmp_path / "corpus" / "out.txt").symlink_to(secret)
    (tmp_path / "corpus" / "outlet").symlink_to(secret.parent)
    (tmp_path / "corpus" / "loop.txt").symlink_to("loop.txt")
    read = Read(tmp_path / "corpus")
    assert read.ids() == ["a", "inside"]
    assert len(read.notices) == 3
    assert not read.failures


def test_a_pipe_in_a_folder_does_not_block(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Text.")
    os.mkfifo(tmp_path / "pipe.txt")
    read = Read(tmp_path)
    assert read.ids() == ["a"]
    assert "pipe.txt" in read.notices[0]


def test_a_file_name_that_is_not_unicode_gives_an_id_that_can_be_written(tmp_path: Path) -> None:
    write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9/\xe9.txt")), "Text.")
    article = Read(tmp_path).only
    assert article.id.encode("utf-8")
    assert (article.source or "").encode("utf-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no text"),
        (b"\xef\xbb\xbf", "holds no text"),
        (b" \r\n\t", "holds no text"),
        (b"\x7fELF\0\0\1\0", "NUL"),
        (b"a" * 20_000_001, "larger than 20,000,000 bytes"),
    ],
)
def test_a_bad_file_is_reported_and_the_rest_goes_on(
    tmp_path: Path, content: bytes, words: str
) -> None:
    bad = write(tmp_path / "bad.txt", content)
    read = Read(bad, write(tmp_path / "good.txt", "Text."))
    assert read.ids() == ["good"]
    assert words in read.failure
    assert read.failures[0].path == bad


def test_a_format_that_is_not_read_is_a_failure_that_names_those_that_are(tmp_path: Path) -> None:
    assert ".parquet" in Read(write(tmp_path / "a.docx", b"PK\3\4")).failure


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_a_failure(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Text.").chmod(0)
    assert "Permission denied" in Read(tmp_path / "a.txt").failure


def test_the_second_article_of_an_id_is_a_failure(tmp_path: Path) -> None:
    one, two = write(tmp_path / "x/1.txt", "One."), write(tmp_path / "y/1.txt", "Two.")
    read = Read(one, two)
    assert [article.text for article in read.articles] == ["One."]
    assert "'1' is already that of an article in" in read.failure
    assert read.failures[0].path == two


# Front matter


def test_front_matter_is_read_and_its_removal_recorded(tmp_path: Path) -> None:
    content = (
        "---\r\nTitle: Ferries stop\r\noutlet: Herald\r\ndate: 2026-02-14\r\nlanguage: no\r\n"
        "url: https://herald.example/1\r\ntags: [a, b]\r\n---\r\n\r\nThe ferries stop.\r\n"
    )
    article = Read(write(tmp_path / "courier" / "a.md", content)).only
    assert article.original == content
    assert article.text == "\r\nThe ferries stop.\r\n"
    assert article.sha256 == text_sha256(content)
    assert apply_repairs(article.original, article.repairs) == article.text
    (repair,) = article.repairs
    assert (repair.kind, repair.start, repair.after) == ("front matter", 0, "")
    assert (article.title, article.source, article.date) == ("Ferries stop", "Herald", "2026-02-14")
    assert (article.language, article.url) == ("no", "https://herald.example/1")


@pytest.mark.parametrize(
    "content",
    [
        "---\n\nA rule, then text: with colons: in it.\n\n---\n\nMore.",
        "---\nNever closed: yes\n",
        "---\nOnly words here.\n---\nMore.",
        "---\n---\nEmpty block.",
        "Text.\n---\ntitle: late\n---\n",
        "----\ntitle: four\n----\n",
    ],
)
def test_a_rule_of_markdown_stays_in_the_text(tmp_path: Path, content: str) -> None:
    article = Read(write(tmp_path / "a.md", content)).only
    assert article.text == article.original == content
    assert article.title is None


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("title: [unclosed", "not valid YAML"),
        ("title: 'a' b", "not valid YAML in line 2"),
        ("title: \x01", "not valid YAML"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "anchors"),
        ("a: " + "[" * 60_000, "nested too deeply"),
        ("a: " + "{a: " * 10_000, "nested too deeply"),
        ("title: " + "x" * 70_000, "over 64,000 characters"),
        ("? [a]\n: b", "not valid YAML"),
    ],
)
def test_front_matter_that_is_broken_or_hostile_is_a_failure_in_words(
    tmp_path: Path, block: str, words: str
) -> None:
    assert words in Read(write(tmp_path / "a.md", f"---\n{block}\n---\nText.")).failure


def test_front_matter_builds_no_objects(tmp_path: Path) -> None:
    block = "title: !!python/object/apply:os.getcwd []\nsource: ~\ndate: 2026-99-99"
    read = Read(write(tmp_path / "a.md", f"---\n{block}\n---\nText."))
    assert (read.only.title, read.only.source, read.only.date) == (None, None, None)
    assert "'2026-99-99'" in read.notices[0]


# Registers


def test_the_outlet_comes_from_front_matter_then_register_then_articles_csv_then_folder(
    tmp_path: Path,
) -> None:
    corpus = tmp_path / "corpus"
    for name in "abcd":
        write(corpus / "north" / f"{name}.txt", f"Text {name}.")
    write(corpus / "north" / "a.txt", "---\nsource: Front\n---\nText a.")
    write(
        corpus / "north" / "articles.csv",
        "file,source,title,date,url,editor\n"
        "a.txt,Beside,Title A,,,x\nb.txt,Beside,,,,x\nc.txt,Beside,Title C,2026-02-14,,x\n",
    )
    register = write(
        tmp_path / "r.csv", "file,source\nnorth/a.txt,Register\nnorth/b.txt,Register\n"
    )
    read = Read(corpus, register=register)
    assert read.sources() == {
        "north/a": "Front",
        "north/b": "Register",
        "north/c": "Beside",
        "north/d": "north",
    }
    titles = {article.id: article.title for article in read.articles}
    assert titles == {"north/a": "Title A", "north/b": None, "north/c": "Title C", "north/d": None}
    assert not read.failures


def test_articles_csv_names_files_from_its_own_folder_down(tmp_path: Path) -> None:
    write(tmp_path / "x" / "y" / "a.txt", "Text.")
    write(tmp_path / "x" / "articles.csv", "file;source\ny\\a.txt;Herald\n")
    assert Read(tmp_path).only.source == "Herald"
    assert Read(tmp_path / "x" / "y").only.source is None


def test_articles_csv_also_describes_a_file_given_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "Text.")
    write(tmp_path / "articles.csv", "file,source\na.txt,Herald\n")
    assert Read(path).only.source == "Herald"


def test_a_register_names_files_by_bare_name_where_only_one_has_it(tmp_path: Path) -> None:
    for name in ["x/1.txt", "y/1.txt", "y/2.txt"]:
        write(tmp_path / "corpus" / name, name)
    register = write(tmp_path / "r.csv", "file,source\n1.txt,Herald\n2.txt,Herald\n")
    sources = Read(tmp_path / "corpus", register=register).sources()
    assert sources == {"x/1": "x", "y/1": "y", "y/2": "Herald"}


def test_a_register_in_json_lines_names_texts_by_sha256(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus" / "a.txt", "Text.")
    row = {"sha256": text_sha256("Text.").upper(), "source": "Herald", "date": "14 Feb 2026"}
    register = write_rows(tmp_path / "corpus" / "r.jsonl", [row])
    article = Read(path.parent, register=register).only
    assert (article.source, article.date) == ("Herald", "2026-02-14")


def test_a_register_that_cannot_be_read_raises_and_one_beside_is_a_failure(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "Text.")
    register = write(tmp_path / "articles.csv", "name,outlet\na.txt,Herald\n")
    with pytest.raises(DataError, match="'name', 'outlet'"):
        Read(path, register=register)
    with pytest.raises(DataError, match="No such file"):
        Read(path, register=tmp_path / "no.csv")
    read = Read(tmp_path)
    assert read.ids() == ["a"]
    assert "no column is called file" in read.failure


def test_a_register_that_contradicts_itself_is_told(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Text.")
    write(tmp_path / "articles.csv", "file,source\na.txt,One\na.txt,Two\na.txt,One\n")
    read = Read(tmp_path)
    assert read.sources() == {"a": "One"}
    assert "row 2: names 'a.txt' again" in read.failure


# Tables

TABLES = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"]
COLLECTORS: dict[str, dict[str, object]] = {
    "trafilatura JSON": {
        "text": "Body.",
        "title": "T",
        "date": "2026-02-14",
        "hostname": "herald.example",
        "source-hostname": "Herald",
        "source": "https://herald.example/1",
        "language": "en",
        "id": None,
    },
    "trafilatura columns": {
        "text": "Body.",
        "title": "T",
        "date": "2026-02-14",
        "hostname": "herald.example",
        "sitename": "Herald",
        "url": "https://herald.example/1",
        "language": "en",
    },
    "news-please": {
        "maintext": "Body.",
        "title": "T",
        "date_publish": "2026-02-14 09:30:00",
        "source_domain": "Herald",
        "url": "https://herald.example/1",
        "language": "en",
    },
    "newspaper4k": {
        "text": "Body.",
        "title": "T",
        "publish_date": "2026-02-14T09:30:00+00:00",
        "meta_site_name": "Herald",
        "source_url": "https://herald.example",
        "canonical_link": "https://herald.example/1",
        "meta_lang": "en",
    },
    "Media Cloud": {
        "text_content": "Body.",
        "article_title": "T",
        "publication_date": "2026-02-14",
        "canonical_domain": "Herald",
        "normalized_url": "https://herald.example/1",
        "language": "en",
    },
    "LexisNexisTools": {
        "Article": "Body.",
        "Headline": "T",
        "Newspaper": "Herald",
        "Date": "February 14, 2026 Saturday",
        "URL": "https://herald.example/1",
        "Language": "en",
    },
}


@pytest.mark.parametrize("suffix", TABLES)
@pytest.mark.parametrize("collector", COLLECTORS)
def test_the_columns_of_common_collectors_are_known(
    tmp_path: Path, suffix: str, collector: str
) -> None:
    article = Read(write_rows(tmp_path / f"day{suffix}", [COLLECTORS[collector]])).only
    assert article == Article(
        id="day-1",
        text="Body.",
        original="Body.",
        sha256=text_sha256("Body."),
        source="Herald",
        title="T",
        date="2026-02-14",
        url="https://herald.example/1",
        language="en",
    )


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)
optional = words.map(lambda text: text or None)


@st.composite
def articles(draw: st.DrawFn) -> Article:
    text = draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    text = text + draw(st.sampled_from(["x", '"', "x\r\n", 'a,"b";\tc\n']))
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
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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


@pytest.mark.parametrize("suffix", TABLES)
def test_a_bad_row_is_reported_and_the_rows_keep_their_numbers(tmp_path: Path, suffix: str) -> None:
    rows: list[dict[str, object]] = [
        {"text": "One."},
        {"text": " "},
        {"text": "\0"},
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


def test_ids_repeated_in_a_table_and_numbers_as_ids(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": 7, "text": "One."},
        {"id": 7.0, "text": "Two."},
        {"id": None, "text": "Three."},
    ]
    read = Read(write_rows(tmp_path / "a.jsonl", rows))
    assert read.ids() == ["7", "a-3"]
    assert "'7' is already" in read.failure


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


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-14", "2026-02-14T23:30:00-05:00", "2026-02-14 10:00:00 UTC", "20260214"),
        *("20260214T120000Z", "20260214120000", "2026/02/14", "1771027200", "1771027200000"),
        *("Sat, 14 Feb 2026 10:00:00 GMT", "14 Feb 2026 10:00 +0000", "14 February 2026"),
        *("February 14, 2026", "Feb 14, 2026", "Feb. 14 2026", "Saturday, February 14th, 2026"),
        "14-Feb-2026",
    ],
)
def test_dates_are_read_in_every_form_that_is_clear(text: str) -> None:
    assert iso_day(text) == "2026-02-14"


@pytest.mark.parametrize(
    "text",
    ["03/04/2026", "14.02.2026", "2026", "2026-13-01", "30 February 2026", "14 Foo 2026", "soon"],
)
def test_dates_that_take_a_guess_are_unknown_and_told(tmp_path: Path, text: str) -> None:
    assert iso_day(text) is None
    read = Read(write_rows(tmp_path / "a.jsonl", [{"text": "One.", "date": text}] * 2))
    assert [article.date for article in read.articles] == [None, None]
    (notice,) = read.notices
    assert notice.startswith("2 articles have no date")
    assert repr(text) in notice


@given(text=st.text(st.sampled_from("0123456789 -/.,TZ") | st.characters()))
def test_any_text_as_a_date_gives_a_day_or_nothing(text: str) -> None:
    day = iso_day(text)
    assert day is None or date.fromisoformat(day)


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
    ("line", "words"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"text": ' * 100_000, "nested too deeply"),
        ('{"text": ' + "1" * 5000 + "}", "not JSON"),
        ("[1, 2]", "a JSON list"),
        ('{"text": ["a", "b"]}', "its text is of type list"),
        ('{"text": null}', "its text is empty"),
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
        ('1,One\n2,"Two\n3,Three\n', ["1"], "row 2: not proper CSV: unexpected end"),
        ("1,O\0ne\n2,Two\n", ["2"], "row 1: its text holds NUL"),
    ],
)
def test_a_broken_csv_row_is_a_failure_and_swallows_no_other_in_silence(
    tmp_path: Path, rows: str, ids: list[str], words: str
) -> None:
    read = Read(write(tmp_path / "a.csv", "id,text\n" + rows))
    assert read.ids() == ids
    assert words in read.failure


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


@pytest.mark.parametrize("suffix", TABLES)
def test_an_empty_table_is_a_failure(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"")
    assert Read(tmp_path / f"a{suffix}").failure


@pytest.mark.parametrize("suffix", [*TABLES, ".txt", ".md"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    data=st.binary(max_size=300) | st.text('{}[]",:;\n\r\t\\ -text*&!', max_size=60).map(str.encode)
)
def test_any_bytes_give_articles_or_failures_in_words(
    tmp_path: Path, suffix: str, data: bytes
) -> None:
    read = Read(write(tmp_path / f"a{suffix}", data))
    assert read.articles or read.failures
    for article in read.articles:
        article.original.encode("utf-8")
        assert apply_repairs(article.original, article.repairs) == article.text


# Standard input


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> Read:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    return Read(Path("-"))


def test_standard_input_is_one_text_or_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "---\nsource: Herald\n---\nOne.\n"
    article = stdin(monkeypatch, text.encode()).only
    assert (article.id, article.text, article.source) == ("stdin", "One.\n", "Herald")
    lines = ' \n{"text": "One."}\n{"text": "Two.", "id": "b"}\n'
    for encoding in ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]:
        assert stdin(monkeypatch, lines.encode(encoding)).ids() == ["stdin-2", "b"]


def test_empty_standard_input_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "holds no text" in stdin(monkeypatch, b"").failure


def test_a_pipe_given_as_a_path_is_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"One.")
    os.close(writing)
    try:
        assert Read(Path(f"/dev/fd/{reading}")).only.text == "One."
    finally:
        os.close(reading)


def test_articles_come_one_by_one(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / f"{name}.txt", "Text.")
    stream = read_articles([tmp_path], on_failure=pytest.fail)
    assert next(stream) == replace(next(stream), id="a")


@pytest.mark.parametrize("suffix", TABLES)
def test_a_reader_can_stop_in_the_middle_of_a_table(tmp_path: Path, suffix: str) -> None:
    path = write_rows(tmp_path / f"a{suffix}", [{"text": f"Text {n}."} for n in range(300)])
    for article in read_articles([path], on_failure=pytest.fail):
        assert article.id == "a-1"
        break
