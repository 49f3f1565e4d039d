from dataclasses import replace

import pytest

from stance.errors import LabelError
from stance.labeling.designs import Method
from stance.labeling.settle import (
    draw_to_decide,
    n_set_aside,
    n_unseen,
    settle,
    shares_of,
    unit_place,
)
from stance.labeling.store import (
    Document,
    read_documents,
    read_labels,
    write_documents,
    write_labels,
)
from tests.builders import judged

DOCUMENTS = {
    "port/a1": Document(article_id="port/a1", sha256="ab" * 32, characters=90, source='The "Quay"')
}


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
    assert labels[0].decided_by == {"stance": "cy"}
    assert labels[0].annotators == {"ada": {"stance": "neutral"}, "bo": {"stance": "skeptical"}}


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


def test_a_decision_stands_over_a_single_annotator_until_two_agree_with_each_other():
    events = [
        judged("ada", "neutral"),
        judged("bo", "skeptical"),
        judged("cy", "skeptical", design="adjudication"),
        judged("bo", None),
    ]
    (label,), disagreements = settle(events, DOCUMENTS)
    assert (label.labels, label.decided_by) == ({"stance": "skeptical"}, {"stance": "cy"})
    assert (disagreements, n_set_aside(events)) == ([], 0)
    events.append(judged("di", "neutral"))
    (label,), disagreements = settle(events, DOCUMENTS)
    assert (label.labels, label.decided_by) == ({"stance": "neutral"}, {})
    assert (disagreements, n_set_aside(events)) == ([], 1)


def test_the_draw_to_decide_is_the_last_that_holds_a_disagreement():
    events = [
        judged(name, label, unit=f"port/a1:{i}-{i + 1}", design=f"random/{draw}")
        for i, draw in enumerate(("old", "new", "lost"))
        for name, label in (("ada", "neutral"), ("bo", "skeptical"))
    ]
    _, waiting = settle(events, DOCUMENTS)
    assert draw_to_decide(waiting, events, {"old", "new"}) == "new"
    assert draw_to_decide(waiting[:1], events, {"old", "new"}) == "old"
    assert draw_to_decide(waiting[2:], events, {"old", "new"}) == "all"


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


@pytest.mark.parametrize("text", ["a1", "a1:3", ":3-4", "a1:x-4", "a1:3-"])
def test_what_is_no_unit_id_is_refused(text):
    with pytest.raises(LabelError, match="not a unit id"):
        unit_place(text)


def test_an_article_id_may_hold_colons():
    assert unit_place("bbc:news/1:120-188") == ("bbc:news/1", 120, 188)


def test_a_judgement_withdrawn_no_longer_counts_and_one_put_off_never_did():
    events = [judged("ada", "neutral"), judged("bo", "skeptical"), judged("bo", None)]
    labels, disagreements = settle(events, DOCUMENTS)
    assert disagreements == []
    assert labels[0].annotators == {"ada": {"stance": "neutral"}}
    assert settle([judged("ada", None)], DOCUMENTS) == ([], [])


def test_soft_labels_are_the_annotators_shares_whoever_settled():
    events = [
        judged("ada", "neutral"),
        judged("bo", "skeptical"),
        judged("di", "skeptical"),
        judged("cy", "optimistic", design="adjudication"),
    ]
    (label,), _ = settle(events, DOCUMENTS)
    assert shares_of(label) == {"stance": {"neutral": 1 / 3, "skeptical": 2 / 3}}
    (label,), _ = settle(events[3:], DOCUMENTS)
    assert shares_of(label) == {"stance": {"optimistic": 1.0}}


def test_what_an_adjudicator_alone_judged_is_no_difference_that_was_decided():
    events = [
        judged("ada", "neutral"),
        judged("bo", "skeptical"),
        judged("cy", "optimistic", design="adjudication"),
        judged("cy", "author", task="voice", design="adjudication"),
    ]
    (label,), _ = settle(events, DOCUMENTS)
    assert label.decided_by == {"stance": "cy", "voice": "cy"}
    assert n_unseen(label) == 1
    (label,), _ = settle(events[2:], DOCUMENTS)
    assert n_unseen(label) == 2


def crowd(n_units=40):
    """Three careful annotators and one who always says neutral; the truth alternates."""
    events = []
    for i in range(n_units):
        truth = ("neutral", "skeptical")[i % 2]
        said = {"ada": truth, "bo": truth, "cy": truth, "di": "neutral"}
        if i == 1:
            said |= {"ada": "neutral"}  # two against two: votes cannot tell
        events += [judged(n, label, unit=f"port/a1:{i}-{i + 1}") for n, label in said.items()]
    return events


def test_dawid_and_skene_settle_what_three_judged_and_weigh_who_errs():
    labels, disagreements = settle(crowd(), DOCUMENTS, method=Method.DAWID_SKENE)
    assert disagreements == []
    assert labels[1].labels == {"stance": "skeptical"}
    assert labels[1].decided_by == {"stance": "dawid-skene"}
    assert labels[0].decided_by == {}  # all agree: nobody had to decide


def test_dawid_and_skene_leave_two_annotators_to_a_third_person():
    apart = [judged("ada", "neutral"), judged("bo", "skeptical")]
    labels, disagreements = settle(apart, DOCUMENTS, method=Method.DAWID_SKENE)
    assert labels == []
    assert len(disagreements) == 1


def test_an_adjudication_stands_over_the_model():
    third = judged("eve", "neutral", unit="port/a1:1-2", design="adjudication")
    labels, _ = settle([*crowd(), third], DOCUMENTS, method=Method.DAWID_SKENE)
    assert labels[1].labels == {"stance": "neutral"}
    assert labels[1].decided_by == {"stance": "eve"}


def test_of_two_adjudications_the_later_decides_in_whatever_order_the_logs_were_joined():
    apart = [judged("ada", "neutral"), judged("bo", "skeptical")]
    first = judged("cy", "neutral", design="adjudication")
    second = replace(
        judged("di", "skeptical", design="adjudication"), at="2026-02-14T11:30:00+01:00"
    )
    for decisions in ([first, second], [second, first]):
        (label,), _ = settle([*apart, *decisions], DOCUMENTS)
        assert label.decided_by == {"stance": "di"}


def test_one_annotators_judgements_under_two_codebooks_are_refused_and_not_mixed():
    events = [judged("ada", "neutral"), judged("ada", "skeptical", book="b@2#2")]
    with pytest.raises(LabelError, match=r"several codebooks: b@1#1, b@2#2; give --codebook"):
        settle(events, DOCUMENTS)
