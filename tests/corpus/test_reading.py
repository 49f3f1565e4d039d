import hashlib
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stance.comparison.methods import methods_text
from stance.corpus.offsets import apply_repairs
from stance.corpus.reading import read_articles
from stance.errors import DataError
from stance.records import Article
from tests.corpus.reads import TABLES, Read, write, write_rows
from tests.report.comparisons import comparison

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
    (notice,) = read.notices
    assert "3 files were not read (1 LICENSE.txt, 1 README.md, 1 readme.txt). A text" in notice


def test_articles_whose_names_begin_like_a_licence_are_read(tmp_path: Path) -> None:
    for name in ["LICENSE", "License.md", "LICENCE.txt", "Readme.txt"]:
        write(tmp_path / name, "No article.")
    for name in ["LICENSE to sell chips.txt", "README.first.txt", "LICENCES fall.md"]:
        write(tmp_path / name, "Chips are sold.")
    read = Read(tmp_path)
    assert read.ids() == ["LICENCES fall", "LICENSE to sell chips", "README.first"]
    (notice,) = read.notices
    assert "4 files were not read (1 LICENCE.txt, 1 LICENSE, 1 License.md, 1 Readme.txt)" in notice


def test_a_table_called_readme_is_a_table(tmp_path: Path) -> None:
    write(tmp_path / "readme.csv", "title,text\nOne,Chips are sold.\n")
    read = Read(tmp_path)
    assert read.ids() == ["readme-1"]
    assert not read.notices


# As `split`, `classify`, `compare --tables` and `label` name their columns.
OWN_UNITS: list[dict[str, object]] = [
    {"unit_id": "a:0-5", "article_id": "a", "start": 0, "end": 5, "text": "Text."},
    {"unit_id": "a:6-11", "article_id": "a", "start": 6, "end": 11, "text": "More."},
]
OWN_WITHOUT_TEXTS = {
    "shares.csv": "task,voice,outlet,label,counted\n",
    "mixes.csv": "task,voice,n_outlets,same_mix_p,corrected_p\n",
    "effects.csv": "outlet,voice,n_claims,n_articles,value\n",
    "claims.csv": "claim,title,n_outlets,outlet,label,n_units\n",
    "labels/documents.csv": '"article_id","sha256","characters","source"\n',
    "labels/annotations.jsonl": '{"unit_id": "a:0-5", "annotator": "ada", "task": "stance"}\n',
    "labels/draws.jsonl": '{"id": "7", "plan": "random", "population": 1, "strata": [], "units": '
    + f"[{', '.join(30_000 * ['{}'])}]}}\n",
    "c.json": '{\n "schema": 2,\n "answer": "",\n "target": "x",\n "models": []}',
    "pairs.csv": "pair,text_a,text_b,same_claim\np1,It sails.,It will sail.,y\n",
    "pairs.design.json": '{"alignment": "0a1b", "pairs": []}',
    "split.json": '{"data_sha256": "", "seed": 7, "outlets": [], "places": []}',
    "ada.json": '[\n{"data": {"text": "T."}, "annotations": [], "predictions": []}]',
    "model/card.json": "{}",
    "model/model.json": "{}",
    "model/README.md": "A model.",
}


@pytest.mark.parametrize("suffix", TABLES)
def test_units_that_we_wrote_are_no_articles_of_the_folder_that_they_lie_in(
    tmp_path: Path, suffix: str
) -> None:
    write(tmp_path / "b.txt", "Text. More.")
    (tmp_path / "tables").mkdir()
    table = write_rows(tmp_path / "tables" / f"a{suffix}", OWN_UNITS)
    read = Read(tmp_path)
    assert read.ids() == ["b"]
    assert not read.failures
    assert read.notices == [
        f"{tmp_path}: 1 file that stance wrote was not read as articles (tables/a{suffix})."
    ]
    named = Read(table)
    assert named.ids() == []
    assert "a table of units, whose rows are sentences: give the articles" in named.failure
    with pytest.raises(DataError, match=r"no articles, only 1 file that stance wrote \(a\."):
        Read(table.parent)


def test_labels_tables_and_models_that_we_wrote_are_passed_over(tmp_path: Path) -> None:
    for name, content in OWN_WITHOUT_TEXTS.items():
        write(tmp_path / name, content)
    write(tmp_path / "labels" / "a.txt", "Chips are sold.")  # as `label next . --folder .` leaves
    read = Read(tmp_path)
    assert read.ids() == ["labels/a"]
    assert not read.failures
    (notice,) = read.notices
    assert f"{len(OWN_WITHOUT_TEXTS)} files that stance wrote were not read" in notice


def test_articles_with_columns_like_ours_are_read(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "outlet,task,voice,text\nHerald,sport,loud,Chips are sold.\n")
    write(tmp_path / "b.csv", "unit_id,text\n7,Chips are sold.\n")
    write(tmp_path / "c.jsonl", '{"text": "Chips.", "spans": {"unit_id": 1, "start": 0, "end": 1}}')
    write(tmp_path / "card.json", '{"text": "A card."}')
    write(tmp_path / "d.md", "“Everything was computed with stance,” said Poe.")
    read = Read(tmp_path)
    assert read.ids() == ["a-1", "b-1", "c-1", "card-1", "d"]
    assert not read.notices


def test_our_methods_page_is_no_article(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Chips are sold.")
    write(tmp_path / "methods.md", methods_text(comparison()))
    assert Read(tmp_path).ids() == ["a"]


def test_the_file_that_we_write_to_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Chips are sold. Chips are back.")
    with (tmp_path / "z.jsonl").open("w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "stance", "split", "."],
            stdout=out,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            text=True,
            timeout=60,
            check=True,
        )
    assert "1 file that stance wrote was not read as articles (z.jsonl)" in done.stderr
    assert len((tmp_path / "z.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("above", ["", "archive/"])
def test_an_articles_csv_that_holds_texts_is_a_table_of_articles(
    tmp_path: Path, above: str
) -> None:
    write(tmp_path / above / "reuters/articles.csv", "title,text\nOne,Chips are sold.\n")
    write(tmp_path / above / "reuters/extra.txt", "Chips are back.")
    write(tmp_path / above / "ap/stories.csv", "title,text\nTwo,Chips are banned.\n")
    read = Read(tmp_path)
    assert list(read.sources().values()) == ["ap", "reuters", "reuters"]
    assert [article.title for article in read.articles] == ["Two", "One", None]
    assert not read.failures
    assert not read.notices
    alone = Read(tmp_path / above / "reuters")
    assert alone.ids() == ["articles-1", "extra"]


@pytest.mark.parametrize("header", ["file,source", "sha256,text", "name,outlet", ""])
def test_an_articles_csv_that_describes_nothing_is_told(tmp_path: Path, header: str) -> None:
    write(tmp_path / "reuters" / "articles.csv", f"{header}\nx,Chips are sold.\n" if header else "")
    with pytest.raises(DataError, match=r"only 1 articles\.csv"):
        Read(tmp_path)
    write(tmp_path / "ap" / "a.txt", "Chips are banned.")
    read = Read(tmp_path)
    assert read.ids() == ["ap/a"]
    (notice,) = read.notices
    assert "1 file was not read (1 articles.csv)" in notice
    assert "without a column of texts" in notice
    write(tmp_path / "reuters" / "2026" / "a.txt", "Chips are sold.")
    assert not any("was not read" in notice for notice in Read(tmp_path).notices)


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


@pytest.mark.parametrize(
    "article",
    [
        "                {} of 2 DOCUMENTS\r\n\r\nThe Herald\r\n\r\nBODY:\r\n\r\nFerries stop.\r\n",
        "Ferries stop\n\nThe Herald\n\nThey did.\n\nDocument HRLD00002026030{}em3400012\n\n",
        "Document {} of 2\n\nFerries stop\n\nFull text: They did.\n\n____________\n\n",
        "Ferries stop\nThe Herald\nBody\n\nThey did {}.\n\nEnd of Document\n\n\n",
        "Ferries stop\n\nJournal\n\nThey did.\n\nDocument J00000002026030{}em3400012\n\n",
        "HD\tFerries stop\nTD\tThey did.\n\nAN\tDocument HRLD00002026030{}em3400012\n\n",
        "Die Fähren ruhen\n\nSo war es.\n\nDokument HRLD00002026030{}em3400012\n\n",
        "Ferries stop\rThe Herald\rBody\rThey did {}.\rEnd of Document\r",
        "\f   {} of 2 DOCUMENTS\n\nThe Herald\n\nFerries stop.\n\n",
        "Ferries stop\nThe Herald\nThey did {}.\n\n**End\u00a0of Document**\n\n",
    ],
)
def test_an_export_of_several_articles_is_no_article(tmp_path: Path, article: str) -> None:
    write(tmp_path / "herald/a.txt", article.format(1))  # one is read
    write(tmp_path / "exports/all.txt", article.format(1) + article.format(2))
    read = Read(tmp_path)
    assert read.ids() == ["herald/a"]
    assert read.failure == "holds 2 articles of an archive export. Write one a file, or a table."


@pytest.mark.parametrize("text", ["\u200b\n", "...\n---\n", "👍"])
def test_a_text_without_a_word_is_empty(tmp_path: Path, text: str) -> None:
    write(tmp_path / "herald/a.txt", "Ferries stop.")
    write(tmp_path / "herald/b.txt", text)
    read = Read(tmp_path)
    assert read.ids() == ["herald/a"]
    assert "holds no text" in read.failure


def test_a_format_that_is_not_read_is_a_failure_that_names_those_that_are(tmp_path: Path) -> None:
    assert ".parquet" in Read(write(tmp_path / "a.docx", b"PK\3\4")).failure


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_a_failure(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Text.").chmod(0)
    assert "Permission denied" in Read(tmp_path / "a.txt").failure


def test_a_name_with_a_point_in_it_has_no_suffix(tmp_path: Path) -> None:
    for name in ["Nvidia rises 3.5 percent", "Talks in the U.S. go on", "Shares fall 2.5%"]:
        assert Read(write(tmp_path / name, "Text.")).ids() == [name]
    write(tmp_path / "a.txt", "Text.")
    (notice,) = Read(tmp_path).notices
    assert "3 files were not read (3 without suffix). Articles are read from .txt" in notice


# Articles that are not whole, or not text


def test_articles_cut_by_their_collector_are_counted_by_file(tmp_path: Path) -> None:
    for name, texts in {
        "a.jsonl": ["Chips are so\u2026 [+4567 chars]", "Whole.", "Chips are so... [12 chars]\n"],
        "b.jsonl": ["Chips are so… [+1 chars]"],
        "c.jsonl": ["They cut it to [+4567 chars] each."],
    }.items():
        write_rows(tmp_path / name, [{"content": text} for text in texts])
    read = Read(tmp_path)
    assert len(read.articles) == 5
    assert read.articles[0].text == read.articles[0].original == "Chips are so\u2026 [+4567 chars]"
    (notice,) = read.notices
    assert notice == (
        "3 articles end in '[+... chars]', so only the beginning is here: "
        f"2 in {tmp_path}/a.jsonl, 1 in {tmp_path}/b.jsonl. Fetch the whole text."
    )


@pytest.mark.parametrize(
    "text",
    [
        "<p>A.</p>\n<p>B.</p>",
        "A.<br>B.",
        "A.<BR />B.",
        'See <a href="x">this</a>.',
        "&lt;p&gt;A.&lt;/p&gt;",
    ],
)
def test_a_row_of_html_is_a_failure_and_a_text_file_with_tags_is_told(
    tmp_path: Path, text: str
) -> None:
    read = Read(write_rows(tmp_path / "a.jsonl", [{"body": text}, {"body": "Two."}]))
    assert read.ids() == ["a-2"]
    assert "row 1: its text is HTML, since it holds " in read.failure
    read = Read(write(tmp_path / "a.md", text))
    assert read.only.text == text
    (notice,) = read.notices
    assert notice.startswith("1 article holds HTML tags, which are read as words: 1 in ")


@pytest.mark.parametrize(
    "text", ["1 < 2 and 3 > 2.", "I <3 chips.", "<Reuters> said.", "</s> ends."]
)
def test_a_lone_angle_bracket_is_no_html(tmp_path: Path, text: str) -> None:
    read = Read(write_rows(tmp_path / "a.jsonl", [{"body": text}]))
    assert read.only.text == text
    assert not read.notices


# Ids that clash


def test_two_tables_that_count_from_one_are_both_read_under_ids_of_their_own(
    tmp_path: Path,
) -> None:
    for name in ["courier", "herald"]:
        write(tmp_path / f"{name}.csv", f"id,text\n1,One of {name}.\n2,Two of {name}.\n")
    read = Read(tmp_path)
    assert read.ids() == ["1", "2", "herald/1", "herald/2"]
    assert not read.failures
    (notice,) = read.notices
    assert notice.startswith("2 articles have a longer id")
    assert "'herald/1'" in notice


def test_files_that_differ_in_their_suffix_alone_are_all_read(tmp_path: Path) -> None:
    for name in ["a.md", "a.txt"]:
        write(tmp_path / name, name)
    for name in ["day.csv", "day.tsv"]:
        write(tmp_path / name, "text\nOne.\n")
    read = Read(tmp_path)
    assert read.ids() == ["a", "a.txt", "day-1", "day.tsv-1"]
    assert not read.failures


def test_files_of_one_name_get_as_much_of_their_path_as_tells_them_apart(tmp_path: Path) -> None:
    places = ["may/herald", "may/courier", "june/courier"]
    paths = [write(tmp_path / place / "1.txt", place) for place in places]
    ids = ["1", "courier/1.txt", "june/courier/1.txt"]
    assert Read(*paths).ids() == ids
    assert Read(*(path.parent for path in paths)).ids() == ids


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "Text.")
    read = Read(path, tmp_path)
    assert read.ids() == ["a"]
    assert not read.notices


def test_an_id_repeated_in_one_table_is_a_failure_that_names_both_rows(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": 7, "text": "One."},
        {"id": 7.0, "text": "Two."},
        {"id": None, "text": "Three."},
    ]
    read = Read(write_rows(tmp_path / "a.jsonl", rows))
    assert read.ids() == ["7", "a-3"]
    assert "row 2: its id '7' is already that of row 1" in read.failure


@given(
    tables=st.lists(
        st.lists(st.sampled_from(["", "1", "b/1", "b.jsonl/1", "a", "b-1"]), min_size=1), max_size=3
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_two_articles_ever_have_one_id(tmp_path: Path, tables: list[list[str]]) -> None:
    paths = [write(tmp_path / "a.md", "A."), write(tmp_path / "a.txt", "A.")]
    for name, ids in zip("bcd", tables, strict=False):
        rows: list[dict[str, object]] = [{"id": row_id, "text": "B."} for row_id in ids]
        paths.append(write_rows(tmp_path / f"{name}.jsonl", rows))
    read = Read(*paths)
    assert len(set(read.ids())) == len(read.articles)
    assert len(read.articles) + len(read.failures) == 2 + sum(map(len, tables))


# Any input


@pytest.mark.parametrize("suffix", [*TABLES, ".txt", ".md"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(data=b"")
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


@pytest.mark.parametrize(
    "data",
    [
        '[{"text": "One."}, {"text": "Two.", "id": "b"}]',
        '[\n {\n  "text": "One."\n },\n {"text": "Two.", "id": "b"}\n]',
        '{"status": "ok", "articles": [{"text": "One."}, {"text": "Two.", "id": "b"}]}',
        '{\n "articles": [{"text": "One."}, {"text": "Two.", "id": "b"}]}',
        "id,text\n,One.\nb,Two.\n",
        "Id; Text\r\n;One.\r\nb;Two.\r\n",
        'nr\tid\t"Full Text"\n1\t\tOne.\n2\tb\tTwo.\n',
        ",id,text\n0,,One.\n1,b,Two.\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_on_standard_input_is_read_as_by_name(
    monkeypatch: pytest.MonkeyPatch, data: str, encoding: str
) -> None:
    read = stdin(monkeypatch, data.encode(encoding))
    assert read.ids() == ["stdin-1", "b"]
    assert [article.text for article in read.articles] == ["One.", "Two."]
    assert not read.failures


@pytest.mark.parametrize(
    "text",
    [
        "[Reuters] Chips are sold.",
        "[1] Chips, text and all.",
        "text\nChips are sold.\n",
        "Body, mind\n\nChips are sold, mind.",
        "Text,\nshe said.",
        "Article, that little word, is short.",
        '"Text", she said; "body", said he.',
        "Chips,chips;chips\tare sold.",
        "---\nsource: Herald\n",
    ],
)
def test_prose_on_standard_input_stays_one_text(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert stdin(monkeypatch, text.encode()).only.text == text


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


def test_an_articles_csv_with_texts_is_read_though_it_names_files_that_are_not_here(
    tmp_path: Path,
) -> None:
    table = write(
        tmp_path / "articles.csv",
        "filename,source,text\nraw/1.html,BBC,One. Two.\nraw/2.html,FT,Three. Four.\n",
    )
    write(tmp_path / "others.jsonl", '{"source": "AP", "text": "Five. Six."}\n')
    read = Read(tmp_path)
    assert not read.failures
    assert sorted(filter(None, read.sources().values())) == ["AP", "BBC", "FT"]
    write(tmp_path / "raw/1.html", "<p>One. Two.</p>")
    assert set(Read(tmp_path).sources().values()) == {"AP"}  # now it describes what is there
    assert Read(table).ids()


@pytest.mark.parametrize(
    "name", ["Herald\\x.txt", "/old/disk/Herald/x.txt", "x.txt", "Herald/x.txt"]
)
def test_an_articles_csv_with_texts_that_names_a_file_below_it_is_no_table_of_articles(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path / "Herald/x.txt", "One. Two.")
    write(tmp_path / "articles.csv", f'file,source,text\n{name},The Herald,"One. Two."\n')
    assert Read(tmp_path).ids() == ["Herald/x"]


def test_an_articles_csv_that_breaks_off_is_read_until_there(tmp_path: Path) -> None:
    rows = 'title,source,text\nA,BBC,One. Two.\nB,FT,Three.\nC,FT,"He said \\"no\\" twice."\n'
    write(tmp_path / "articles.csv", rows)
    read = Read(tmp_path)
    assert len(read.ids()) == 2
    assert "quotes are escaped with backslashes" in read.failure
