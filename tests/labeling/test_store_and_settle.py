import pytest

from stance.errors import LabelError
from stance.labeling.settle import settle, unit_place
from stance.labeling.store import (
    Document,
    append_annotations,
    read_annotations,
    read_documents,
    read_labels,
    write_documents,
    write_labels,
)
from stance.records import Annotation

DOCUMENTS = {
    "port/a1": Document(article_id="port/a1", sha256="ab" * 32, characters=90, source='The "Quay"')
}


def judged(annotator, label, *, task="stance", unit="port/a1:0-10", design="census", book="b@1#1"):
    return Annotation(
        unit_id=unit,
        annotator=annotator,
        task=task,
        label=label,
        codebook=book,
        at="2026-02-14T10:00:00+00:00",
        design=design,
    )


def test_a_log_is_appended_to_and_read_back_in_order(tmp_path):
    path = tmp_path / "annotations.jsonl"
    append_annotations(path, [judged("ada", "neutral")])
    append_annotations(path, [judged("bo", "skeptical")])
    assert read_annotations(path) == [judged("ada", "neutral"), judged("bo", "skeptical")]


def test_annotators_who_agree_settle_a_label_and_all_stay_beside_it():
    labels, disagreements = settle([judged("ada", "neutral"), judged("bo", "neutral")], DOCUMENTS)
    assert disagreements == []
    assert labels[0].labels == {"stance": "neutral"}
    assert labels[0].annotators == {"ada": {"stance": "neutral"}, "bo": {"stance": "neutral"}}
    assert (labels[0].sha256, labels[0].start, labels[0].end) == ("ab" * 32, 0, 10)


def test_annotators_who_differ_wait_until_a_third_reading_decides():
    apart = [judged("ada", "neutral"), judged("bo", "skeptical")]
    labels, disagreements = settle(apart, DOCUMENTS)
    assert labels == []
    assert disagreements[0].annotations == {"ada": "neutral", "bo": "skeptical"}
    labels, disagreements = settle(
        [*apart, judged("cy", "optimistic", design="adjudication")], DOCUMENTS
    )
    assert disagreements == []
    assert labels[0].labels == {"stance": "optimistic"}


def test_a_later_judgement_of_the_same_annotator_corrects_the_earlier():
    events = [judged("ada", "neutral"), judged("bo", "skeptical"), judged("ada", "skeptical")]
    labels, disagreements = settle(events, DOCUMENTS)
    assert disagreements == []
    assert labels[0].labels == {"stance": "skeptical"}


def test_an_annotator_who_also_adjudicates_keeps_their_own_judgement_and_decides():
    events = [
        judged("ada", "optimistic"),
        judged("bo", "neutral"),
        judged("ada", "optimistic", design="adjudication"),
    ]
    labels, disagreements = settle(events, DOCUMENTS)
    assert disagreements == []
    assert labels[0].labels == {"stance": "optimistic"}


def test_the_latest_adjudication_decides_whoever_made_it():
    events = [
        judged("ada", "optimistic"),
        judged("bo", "neutral"),
        judged("cy", "optimistic", design="adjudication"),
        judged("di", "neutral", design="adjudication"),
        judged("cy", "skeptical", design="adjudication"),
    ]
    assert settle(events, DOCUMENTS)[0][0].labels == {"stance": "skeptical"}


def test_two_codebooks_on_one_unit_are_refused():
    with pytest.raises(LabelError, match="several codebooks"):
        settle([judged("ada", "neutral"), judged("bo", "neutral", book="b@2#2")], DOCUMENTS)


def test_a_document_without_a_hash_is_refused():
    with pytest.raises(LabelError, match="register of documents"):
        settle([judged("ada", "neutral", unit="other:0-4")], DOCUMENTS)


def test_settled_labels_and_documents_survive_their_files(tmp_path):
    units = [judged("ada", "neutral"), judged("ada", "neutral", unit="port/a1:11-30")]
    labels, _ = settle(units, DOCUMENTS)
    write_labels(tmp_path / "settled.jsonl", labels)
    write_documents(tmp_path / "documents.csv", DOCUMENTS)
    assert read_labels(tmp_path / "settled.jsonl") == labels
    assert read_documents(tmp_path / "documents.csv") == DOCUMENTS


def test_settling_twice_writes_the_same_bytes_and_in_document_order(tmp_path):
    events = [judged("ada", "neutral", unit=f"port/a1:{start}-99") for start in (50, 9, 100)]
    events[2] = judged("ada", "neutral", unit="port/a1:0-9")
    for order, name in ((events, "one"), (events[::-1], "two")):
        write_labels(tmp_path / name, settle(order, DOCUMENTS)[0])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert [label.start for label in read_labels(tmp_path / "one")] == [0, 9, 50]


@pytest.mark.parametrize("line", ["{", "[1]", '{"unit_id": "a:0-1"}', '{"unit_id": 3}'])
def test_a_broken_line_is_told_with_file_and_line(tmp_path, line):
    path = tmp_path / "log.jsonl"
    append_annotations(path, [judged("ada", "neutral")])
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(LabelError, match=r"log\.jsonl:2: "):
        read_annotations(path)
    with pytest.raises(LabelError, match=r"log\.jsonl:1: "):
        read_labels(path)


@pytest.mark.parametrize("text", ["a1", "a1:3", ":3-4", "a1:x-4", "a1:3-"])
def test_what_is_no_unit_id_is_refused(text):
    with pytest.raises(LabelError, match="not a unit id"):
        unit_place(text)


def test_an_article_id_may_hold_colons():
    assert unit_place("bbc:news/1:120-188") == ("bbc:news/1", 120, 188)
