import pytest

from stance.codebook import read_codebook
from stance.corpus.units import split_units
from stance.errors import LabelError
from stance.labeling.exchange import read_judgements
from stance.labeling.join import join_labels
from stance.records import Label
from tests.builders import article

BOOK = read_codebook()
TEXT = "The ferry sails. Captains doubt it. The pier is of oak."


def read(tmp_path, *lines):
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_judgements(path, BOOK, {"a1:0-16"}, annotator="ada", design="census")


def test_aliases_are_understood_and_tasks_that_were_not_judged_are_left_out(tmp_path):
    rows = read(tmp_path, '{"unit_id": "a1:0-16", "stance": "Favor", "voice": null}', "")
    assert [(r.task, r.label, r.annotator) for r in rows] == [("stance", "optimistic", "ada")]
    assert rows[0].codebook == BOOK.reference


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"unit_id": "a1:0-16", "stance": "hopeful"}', ":1: no stance is called 'hopeful'"),
        ('{"unit_id": "a1:0-17", "stance": "favor"}', ":1: 'a1:0-17' is no unit"),
        ('{"stance": "favor"}', ":1: not a JSON object with a unit_id"),
        ("[[[", ":1: not a JSON object"),
    ],
)
def test_a_judgement_that_does_not_fit_is_told_with_its_line(tmp_path, line, complaint):
    with pytest.raises(LabelError, match=complaint):
        read(tmp_path, line)


def label(sha256, start, end):
    return Label(
        unit_id=f"x:{start}-{end}",
        article_id="x",
        sha256=sha256,
        start=start,
        end=end,
        labels={"stance": "neutral"},
        annotators={},
        codebook=BOOK.reference,
    )


def test_labels_meet_units_by_hash_and_place_whatever_the_article_is_called():
    made = article(TEXT, name="renamed")
    units = split_units(made)
    labels = [label(made.sha256, u.start, u.end) for u in units[:2]]
    found, lost = join_labels([(made, units)], labels)
    assert [f.unit for f in found] == units[:2]
    assert lost == []


def test_labels_of_a_changed_place_are_told_and_those_of_absent_documents_passed_over():
    made = article(TEXT)
    labels = [label(made.sha256, 0, 15), label("cd" * 32, 0, 16)]
    found, lost = join_labels([(made, split_units(made))], labels)
    assert found == []
    assert lost == labels[:1]
