from dataclasses import replace

from stance.codebook import read_codebook
from stance.corpus.repair import repair_article
from stance.corpus.units import split_units
from stance.labeling.join import join_labels, labels_of_units
from stance.records import Label
from tests.builders import article, classified

BOOK = read_codebook()
TEXT = "The ferry sails. Captains doubt it. The pier is of oak."


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


def test_of_two_articles_with_one_text_each_keeps_its_own_label():
    one, two = article(TEXT, name="one"), article(TEXT, name="two")
    units = {made.id: split_units(made) for made in (one, two)}
    unit = units["one"][0]
    favor, against = (
        replace(
            label(one.sha256, unit.start, unit.end),
            unit_id=f"{name}:{unit.start}-{unit.end}",
            article_id=name,
            labels={"stance": said},
        )
        for name, said in (("one", "optimistic"), ("two", "skeptical"))
    )
    both = [(one, units["one"]), (two, units["two"])]
    found, lost = join_labels(both, [against, favor])
    assert [(f.unit.article_id, f.labels["stance"]) for f in found] == [
        ("one", "optimistic"),
        ("two", "skeptical"),
    ]
    assert lost == []
    found, lost = join_labels(both[::-1], [favor])  # it is used once, by its own
    assert [f.unit.article_id for f in found] == ["one"]
    assert lost == []
    found, lost = join_labels([(article(TEXT, name="three"), units["one"])], [favor, against])
    assert [f.labels["stance"] for f in found] == ["skeptical"]
    assert lost == [favor]
    found, lost = join_labels(both[:1], [against, favor])
    assert [f.labels["stance"] for f in found] == ["optimistic"]
    assert lost == [against]


def test_a_comparison_takes_labels_of_the_own_article_first_and_of_the_same_text_else():
    one, two, three = (
        classified(TEXT, "neutral", outlet="Quay", name=name, codebook=BOOK)[0]
        for name in ("one", "two", "three")
    )
    labels = [
        replace(
            label(unit.sha256, unit.unit.start, unit.unit.end),
            article_id=unit.unit.article_id,
            labels={"stance": said},
        )
        for unit, said in ((two, "skeptical"), (one, "optimistic"))
    ]
    assert labels_of_units([one, two, three], labels) == {
        one.unit.id: {"stance": "optimistic"},
        two.unit.id: {"stance": "skeptical"},
        three.unit.id: {"stance": "optimistic"},
    }


def test_a_unit_says_whether_its_own_text_was_repaired():
    text = "The ferry sails? The U?S? captains doubt it? Will the pier open? It is of oak?"
    made = repair_article(article(text))
    units = split_units(made)
    found, _ = join_labels([(made, units)], [label(made.sha256, u.start, u.end) for u in units])
    assert {f.unit.text: f.repaired for f in found} == {
        "The ferry sails.": True,
        "The U.S. captains doubt it.": True,
        "Will the pier open?": False,
        "It is of oak.": True,
    }
