import math
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.corpus.metadata import iso_day
from stance.corpus.offsets import apply_repairs
from stance.errors import DataError
from stance.records import Article, text_sha256
from tests.corpus.reads import TABLES, Read, write, write_rows

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
        "---\nUPDATE: The deal was signed on Monday.\n---\nThe port said so.\n",
        '---\nHe said: "we: agree" at last.\nCORRECTION: it is the title: Pier.\n---\nMore.',
    ],
)
def test_a_rule_of_markdown_stays_in_the_text(tmp_path: Path, content: str) -> None:
    article = Read(write(tmp_path / "a.md", content)).only
    assert article.text == article.original == content
    assert article.title is None


@pytest.mark.parametrize(
    "block", ["tags: [a, b]", "Author: Ada", '"layout": post', "date-published: 2026-02-14"]
)
def test_one_usual_key_makes_front_matter(tmp_path: Path, block: str) -> None:
    content = f"---\n{block}\nmood: calm\n---\nText."
    assert Read(write(tmp_path / "a.md", content)).only.text == "Text."


@pytest.mark.parametrize("start", ["\n", "\r\n \t\r\n", "\ufeff\ufeff", "\n\ufeff"])
def test_front_matter_may_stand_below_empty_lines_and_byte_order_marks(
    tmp_path: Path, start: str
) -> None:
    content = f"{start}---\nsource: Herald\n---\nText."
    article = Read(write(tmp_path / "a.md", content)).only
    assert (article.source, article.text) == ("Herald", "Text.")
    assert article.original == content.removeprefix("\ufeff")
    assert apply_repairs(article.original, article.repairs) == article.text
    broken = Read(write(tmp_path / "b.md", "\n\n---\ntitle: 'a' b\n---\nText."))
    assert "not valid YAML in line 4" in broken.failure


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("title: [unclosed", "not valid YAML"),
        ("title: 'a' b", "not valid YAML in line 2"),
        ("title: \x01", "not valid YAML"),
        ("tags: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "anchors"),
        ("tags: " + "[" * 60_000, "nested too deeply"),
        ("tags: " + "{a: " * 10_000, "nested too deeply"),
        ("title: " + "x" * 70_000, "over 64,000 characters"),
        ("title: x\n? [a]\n: b", "not valid YAML"),
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


def test_a_register_that_names_two_files_as_one_is_told(tmp_path: Path) -> None:
    write(tmp_path / "corpus/may/1.txt", "Ferries stop.")
    write(tmp_path / "corpus/june/1.txt", "Ferries sail.")
    register = write(tmp_path / "r.csv", "file,source\n1.txt,Herald\njune/1.txt,Courier\n")
    read = Read(tmp_path / "corpus", register=register)
    assert read.sources() == {"june/1": "Courier", "may/1": "may"}
    assert read.notices == [
        f"{register}: 1.txt is the name of 2 files, so its row counts for none. "
        "Write the path of each."
    ]


def test_a_register_that_names_files_of_two_paths_as_one_is_told(tmp_path: Path) -> None:
    for name in ["may/x/1.txt", "june/x/1.txt", "june/x/2.txt", "may/3.txt", "june/3.txt"]:
        write(tmp_path / name, name)
    register = write(
        tmp_path / "r.csv", "file,source\nx/1.txt,Herald\nx/2.txt,Herald\n3.txt,Herald\n"
    )
    read = Read(tmp_path / "may", tmp_path / "june", register=register)
    assert [article.source for article in read.articles] == [None, "x", None, "x", "Herald"]
    assert read.notices[1:] == [  # the first is of ids
        f"{register}: {name} is the name of 2 files, so its row counts for none. "
        "Write the path of each."
        for name in ("x/1.txt", "3.txt")
    ]


def test_a_date_column_that_holds_none_hides_no_other(tmp_path: Path) -> None:
    row = {"text": "Ferries stop.", "published": "true", "published_at": "2026-02-14"}
    read = Read(write_rows(tmp_path / "a.jsonl", [row]))
    assert read.only.date == "2026-02-14"
    assert not read.notices


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


def test_files_that_a_register_names_and_that_are_not_there_are_told(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    for name in ["a.txt", "b.txt", "caf\u0065\u0301.txt"]:
        write(corpus / name, f"Text of {name}.")
    moved = text_sha256("Text of b.txt.")
    beside = write(
        corpus / "articles.csv",
        f"file,source,sha256\na.txt,One,\nold/b.txt,Two,{moved}\ncaf\u00e9.txt,One,\n"
        "a1.txt,One,\na2.txt,One,\na3.txt,One,\na4.txt,One,\n",
    )
    (notice,) = Read(corpus).notices
    assert notice.startswith(f"{beside}: names 4 files that are not there: a1.txt, a2.txt, a3.txt,")
    # A file that is there may belong to no PATH given.
    assert "names 4 files" in Read(corpus / "a.txt").notices[0]
    write(beside, f"file,source\n{'x' * 9999}.txt,One\n../r.csv,One\na.txt,One\n")
    assert "names 2 files" in Read(corpus).notices[0]
    beside.unlink()
    register = write(tmp_path / "r.csv", "file,source\na.txt,One\nc.txt,One\n")
    (notice,) = Read(corpus, register=register).notices
    assert notice.startswith(f"{register}: names a file that is not there: c.txt")


# Columns

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
    "schema.org": {
        "articleBody": "Body.",
        "headline": "T",
        "publisher": {"@type": "Organization", "name": "Herald"},
        "datePublished": "2026-02-14T09:30:00Z",
        "url": "https://herald.example/1",
        "inLanguage": "en",
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


@pytest.mark.parametrize(
    ("suffix", "collector"),
    [
        (suffix, collector)
        for suffix in TABLES
        for collector in COLLECTORS
        if suffix not in {".csv", ".tsv"} or collector != "schema.org"  # its publisher is an object
    ],
)
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


# Dates


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-14", "2026-02-14T23:30:00-05:00", "2026-02-14 10:00:00 UTC", "20260214"),
        *(
            "2026021412",
            "202602141200",
            "20260214T120000Z",
            "20260214120000",
            "2026/02/14",
            "1771027200",
            "1771027200000",
        ),
        *("Sat, 14 Feb 2026 10:00:00 GMT", "14 Feb 2026 10:00 +0000", "14 February 2026"),
        *("February 14, 2026", "Feb 14, 2026", "Feb. 14 2026", "Saturday, February 14th, 2026"),
        *("14-Feb-2026", "14.02.2026", "14.2.2026 10:00"),
    ],
)
def test_dates_are_read_in_every_form_that_is_clear(text: str) -> None:
    assert iso_day(text) == "2026-02-14"


@pytest.mark.parametrize(
    "text",
    [
        *("03/04/2026", "14/02/2026", "14-02-2026", "14.13.2026", "14.02/2026", "31.02.2026"),
        *("2026", "2026-13-01"),
        *("30 February 2026", "14 Foo 2026", "soon"),
    ],
)
def test_dates_that_take_a_guess_are_unknown_and_told(tmp_path: Path, text: str) -> None:
    assert iso_day(text) is None
    read = Read(write_rows(tmp_path / "a.jsonl", [{"text": "One.", "date": text}] * 2))
    assert [article.date for article in read.articles] == [None, None]
    (notice,) = read.notices
    assert notice.startswith("2 articles have no date")
    assert f"{tmp_path / 'a.jsonl'}: {text!r}. Write dates as YYYY-MM-DD." in notice


@pytest.mark.parametrize(
    "written", [1771027200.25, "1771027200.25", {"$date": "2026-02-14T10:00:00Z"}]
)
def test_times_of_programs_and_dates_of_mongodb_are_read(tmp_path: Path, written: object) -> None:
    read = Read(write_rows(tmp_path / "a.jsonl", [{"text": "One.", "date": written}]))
    assert read.only.date == "2026-02-14"


@pytest.mark.parametrize("written", [["2026-02-14"], {"raw": "2026-02-14"}, 1.5])
def test_a_date_of_another_type_is_told(tmp_path: Path, written: object) -> None:
    read = Read(write_rows(tmp_path / "a.jsonl", [{"text": "One.", "date": written}]))
    assert read.only.date is None
    (notice,) = read.notices
    assert notice.startswith("1 article has no date")
    assert str(written) in notice


@pytest.mark.parametrize("written", [True, None, [], {}, math.nan])
def test_what_holds_no_date_is_no_unread_one(tmp_path: Path, written: object) -> None:
    read = Read(write_rows(tmp_path / "a.jsonl", [{"text": "One.", "date": written}]))
    assert read.only.date is None
    assert not read.notices


def test_one_article_without_a_date_has_one(tmp_path: Path) -> None:
    read = Read(write_rows(tmp_path / "a.jsonl", [{"text": "One.", "date": "soon"}]))
    assert read.notices[0].startswith("1 article has no date")


@given(text=st.text(st.sampled_from("0123456789 -/.,TZ") | st.characters()))
def test_any_text_as_a_date_gives_a_day_or_nothing(text: str) -> None:
    day = iso_day(text)
    assert day is None or date.fromisoformat(day)
