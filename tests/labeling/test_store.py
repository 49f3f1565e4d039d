"""The files of labels, where they are damaged, foreign or oddly named."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from stance.codebook import read_codebook
from stance.errors import LabelError
from stance.labeling.exchange.lines import read_lines
from stance.labeling.exchange.statements import Reading
from stance.labeling.log import AnnotationLog, read_annotations
from stance.labeling.store import (
    Document,
    checked_labels,
    read_documents,
    read_labels,
    refuse_renamed,
    register_documents,
    write_documents,
)
from stance.records import Annotation

BOOK = read_codebook()
EVENT = Annotation(
    unit_id="port/a1:0-10",
    annotator="ada",
    task="stance",
    label="neutral",
    codebook=BOOK.reference,
    at="2026-02-14T10:00:00+00:00",
    design="census",
)
ROW = {
    "unit_id": "port/a1:0-10",
    "article_id": "port/a1",
    "sha256": "ab" * 32,
    "start": 0,
    "end": 10,
    "stance": "neutral",
    "codebook": BOOK.reference,
    "annotators": {"ada": {"stance": "neutral"}},
}
QUAY = Document(article_id="port/a1", sha256="ab" * 32, characters=90, source="The Quay")


def rows(tmp_path, *changes):
    path = tmp_path / "settled.jsonl"
    path.write_text("".join(json.dumps(ROW | change) + "\n" for change in changes), "utf-8")
    return path


def test_labels_of_the_codebook_are_returned_and_those_of_others_passed_over(tmp_path):
    path = rows(tmp_path, {}, {"codebook": "toll@1.0#1", "stance": "favor", "tone": "loud"})
    assert [label.labels for label in checked_labels(path, BOOK)] == [{"stance": "neutral"}]
    assert len(read_labels(path)) == 2


def test_labels_of_another_state_of_the_codebook_are_left_out_and_told(tmp_path):
    old = f"{BOOK.name}@0.9#1"
    path = rows(tmp_path, {}, {"codebook": old}, {"codebook": "toll@1.0#1"})
    notices = []
    assert len(checked_labels(path, BOOK, on_notice=notices.append)) == 1
    assert notices == [
        f"{path}: 1 of 2 settled labels follow {old}, not {BOOK.reference}: they are left out"
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"stance": "nuetral"}, "no stance is called 'nuetral'; use one of: optimistic, neutral"),
        ({"stance": "favor"}, "no stance is called 'favor'"),  # an alias: settled ones have names
        ({"tone": "loud"}, "codebook h200-access has no task 'tone'"),
        ({"annotators": {"bo": {"stance": "nuetral"}}}, "no stance is called 'nuetral'"),
        ({"stance": None}, "a value of wrong kind"),
        ({"start": "0"}, "a value of wrong kind"),
        ({"end": True}, "a value of wrong kind"),
        ({"annotators": ["ada"]}, "a value of wrong kind"),
        ({"annotators": {"ada": "neutral"}}, "a value of wrong kind"),
    ],
)
def test_a_row_that_the_codebook_does_not_know_is_told_with_its_line(tmp_path, change, complaint):
    with pytest.raises(LabelError, match=rf"settled\.jsonl:2: .*{complaint}"):
        checked_labels(rows(tmp_path, {}, change), BOOK)


def test_a_file_of_another_codebooks_labels_says_whose_they_are_and_what_to_give(tmp_path):
    path = rows(tmp_path, {"codebook": "toll@1.0#1"}, {"codebook": "toll@1.0#1"})
    words = r"2 labels follow toll@1.0#1, not h200-access@\S+; give the --codebook that they follow"
    with pytest.raises(LabelError, match=words):
        checked_labels(path, BOOK)
    assert checked_labels(rows(tmp_path), BOOK) == []


def test_line_ends_that_only_unicode_knows_do_not_end_a_line(tmp_path):
    odd = replace(EVENT, annotator="a\u2028b\u0085c\x1cd", unit_id="port\u2029/a1:0-10")
    AnnotationLog(tmp_path / "annotations.jsonl").append([odd])
    assert read_annotations(tmp_path / "annotations.jsonl") == [odd]
    row = {"unit_id": odd.unit_id, "stance": "neutral", "note": "x\u2028y\u0085z"}
    content = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    (said,) = read_lines(content, "mine.jsonl", Reading(codebook=BOOK))
    assert (said.unit.unit_id, said.labels) == (odd.unit_id, {"stance": "neutral"})


def test_documents_of_any_name_survive_their_file(tmp_path):
    names = ['port, "old"/a1', "a\nb", "a\rb", " a ", "12", "Zoë"]
    documents = {
        name: Document(article_id=name, sha256="ab" * 32, characters=9, source=name[::-1])
        for name in names
    }
    write_documents(tmp_path / "documents.csv", documents)
    assert read_documents(tmp_path / "documents.csv") == documents


def test_documents_registered_at_one_time_are_all_kept(tmp_path):
    path = tmp_path / "documents.csv"
    made = [replace(QUAY, article_id=f"port/a{i}") for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: write_documents(path, {each.article_id: each}), made))
    assert read_documents(path) == {each.article_id: each for each in made}
    other = {"port/a1": replace(QUAY, article_id="port/a1", sha256="cd" * 32)}
    with pytest.raises(LabelError, match="'port/a1' is the id of two texts"):
        write_documents(path, other)


def test_an_id_never_comes_to_stand_for_another_text():
    known = {"port/a1": QUAY}
    other = replace(QUAY, sha256="cd" * 32)
    with pytest.raises(LabelError, match="'port/a1' is the id of two texts"):
        register_documents(known, [other])
    with pytest.raises(LabelError, match="'port/a1' is the id of two texts"):
        register_documents({}, [QUAY, other])
    assert register_documents(known, [replace(QUAY, source="Quay Daily")]) == {
        "port/a1": replace(QUAY, source="Quay Daily")
    }
    assert known == {"port/a1": QUAY}


def test_a_registered_text_under_another_name_is_refused_where_its_own_is_not_here():
    known = Document(article_id="port/a1", sha256="ab" * 32, characters=90, source="Quay")
    renamed = replace(known, article_id="a1")
    with pytest.raises(LabelError, match="'a1' is the text that was judged as 'port/a1'; give the"):
        refuse_renamed({"port/a1": known}, [renamed], {"a1"})
    refuse_renamed({"port/a1": known}, [renamed], {"a1", "port/a1"})  # a copy beside it
    refuse_renamed({"port/a1": known, "a1": renamed}, [renamed], {"a1"})
