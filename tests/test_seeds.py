"""What the shipped corpus promises: who judged it, how it is divided, what it is made of."""

import csv
import json
from collections import Counter
from itertools import combinations

import pytest

from stance.classifiers.held_out import words_key
from stance.classifiers.storage import load_model
from stance.codebook import read_codebook
from stance.corpus.copies import copy_groups
from stance.corpus.prepare import prepare
from stance.corpus.reading import read_articles
from stance.evaluation.behaviour import read_behaviour
from stance.evaluation.splits import Part, make_split, read_clusters, read_split
from stance.labeling.log import read_annotations
from stance.labeling.store import read_labels
from stance.resources import data_folder

SEEDS, LABELS = data_folder("seeds"), data_folder("labels")
FOLDERS = {
    "h200-access": SEEDS / "articles",
    "huawei-5g": SEEDS / "huawei-5g",
    "congestion-charge": SEEDS / "congestion-charge",
}


def read(folder):
    failures = []
    pairs = list(prepare(read_articles([folder], on_failure=failures.append)))
    assert not failures
    return pairs


CORPUS = {name: read(folder) for name, folder in FOLDERS.items()}
EVERYTHING = [pair for corpus in CORPUS.values() for pair in corpus]
SETTLED = {label.unit_id: label for label in read_labels(LABELS / "settled.jsonl")}


def test_the_corpus_is_as_large_and_as_wide_as_its_card_says():
    units = [unit for _, article_units in EVERYTHING for unit in article_units]
    assert len(EVERYTHING) >= 150
    assert len(units) >= 3600
    assert len({article.source for article, _ in EVERYTHING}) >= 25
    assert sum(len(CORPUS[name]) for name in ("huawei-5g", "congestion-charge")) >= 25
    card = (LABELS / "README.md").read_text(encoding="utf-8")
    assert f"{len(EVERYTHING)} articles" in card
    assert f"{len(units):,} units" in card


def test_every_article_has_its_outlet_title_and_a_date_within_the_period():
    for article, _ in EVERYTHING:
        assert article.source, article.id
        assert article.title, article.id
        assert "2025-12-08" <= article.date <= "2026-11-24", article.id


@pytest.mark.parametrize("name", FOLDERS)
def test_every_unit_was_judged_on_every_task_by_two_and_settled(name):
    book = read_codebook(name)
    tasks = {task.name for task in book.tasks}
    for article, units in CORPUS[name]:
        for unit in units:
            label = SETTLED[unit.id]
            assert label.sha256 == article.sha256
            assert label.codebook == book.reference
            assert set(label.labels) == tasks, unit.id
            assert len(label.annotators) == 2, unit.id
            assert all(set(judged) == tasks for judged in label.annotators.values())


def test_who_settled_a_difference_did_not_judge_the_unit_before():
    for label in SETTLED.values():
        for task, decider in label.decided_by.items():
            assert decider not in label.annotators
            assert len({judged[task] for judged in label.annotators.values()}) == 2


def test_no_judgement_was_made_under_an_unknown_codebook():
    known = {read_codebook(name).reference for name in FOLDERS}
    events = read_annotations(LABELS / "annotations.jsonl")
    assert {event.codebook for event in events} == known


def test_labels_are_mixed_and_stance_is_not_sentiment():
    book = read_codebook()
    labels = [SETTLED[unit.id].labels for _, units in CORPUS["h200-access"] for unit in units]
    shares = {k: n / len(labels) for k, n in Counter(row["stance"] for row in labels).items()}
    assert shares["neutral"] >= 0.45
    assert shares["optimistic"] >= 0.2
    assert shares["skeptical"] >= 0.2
    scores = [
        {label.name: label.score for label in book.task(task).labels}
        for task in ("stance", "sentiment")
    ]
    apart = [scores[0][row["stance"]] != scores[1][row["sentiment"]] for row in labels]
    assert sum(apart) / len(apart) >= 0.15


def test_wire_stories_are_found_by_their_words_and_nothing_else_is():
    clusters = read_clusters(SEEDS / "clusters.csv")
    assert len(set(clusters.values())) >= 12
    groups = copy_groups({article.id: article.text for article, _ in EVERYTHING})
    found = {pair for pair in combinations(sorted(groups), 2) if groups[pair[0]] == groups[pair[1]]}
    known = {
        pair for pair in combinations(sorted(clusters), 2) if clusters[pair[0]] == clusters[pair[1]]
    }
    assert found == known


def test_the_split_is_that_of_these_articles_and_holds_out_six_outlets_and_a_fifth():
    split = read_split(LABELS / "splits.json")
    assert {place.article_id: place.sha256 for place in split.places} == {
        article.id: article.sha256 for article, _ in EVERYTHING
    }
    again = make_split(
        [article for article, _ in EVERYTHING],
        outlets=split.outlets,
        share=0.2,
        seed=split.seed,
        clusters=read_clusters(SEEDS / "clusters.csv"),
    )
    assert again == split
    held_out = [place for place in split.places if place.part is Part.HELD_OUT]
    assert len(split.outlets) == 6
    assert 0.2 <= len(held_out) / len(split.places) < 0.25


def test_the_shipped_model_learned_from_the_training_part_alone():
    card = load_model("baseline", read_codebook()).card
    split = read_split(LABELS / "splits.json")
    training = {place.sha256 for place in split.places if place.part is Part.TRAIN}
    assert set(card.trained_on) == training & {
        article.sha256 for article, _ in CORPUS["h200-access"]
    }


def test_the_behaviour_set_is_wide_and_stands_in_no_article():
    units = read_behaviour(LABELS / "behaviour.jsonl", read_codebook())
    assert len(units) >= 400
    assert len({unit.unit.id for unit in units}) == len(units)
    families = Counter(unit.family for unit in units)
    assert len(families) >= 14
    assert min(families.values()) >= 12
    ours = {words_key(unit.text) for _, article_units in EVERYTHING for unit in article_units}
    assert not ours & {words_key(unit.unit.text) for unit in units}


def test_contrast_units_share_no_text_with_what_models_are_judged_by():
    contrast = read_behaviour(LABELS / "contrast.jsonl", read_codebook())
    assert len(contrast) == len({words_key(unit.unit.text) for unit in contrast}) >= 1000
    stances = Counter(unit.labels["stance"] for unit in contrast)
    assert min(stances.values()) >= 0.3 * len(contrast)
    judged = {words_key(unit.text) for _, article_units in EVERYTHING for unit in article_units}
    behaviour = read_behaviour(LABELS / "behaviour.jsonl", read_codebook())
    judged |= {words_key(unit.unit.text) for unit in behaviour}
    assert not judged & {words_key(unit.unit.text) for unit in contrast}


@pytest.mark.parametrize("name", ["behaviour.jsonl", "contrast.jsonl"])
def test_both_annotators_of_a_set_of_units_confirm_every_label(name):
    rows = [json.loads(line) for line in (LABELS / name).read_text(encoding="utf-8").splitlines()]
    for row in rows:
        assert len(row["annotators"]) == 2
        for judged in row["annotators"].values():
            assert {task: judged[task] for task in row["labels"]} == row["labels"], row["id"]


def test_damaged_copies_come_out_as_their_originals():
    originals = {article.id: units for article, units in CORPUS["h200-access"]}
    damaged = {article.id: units for article, units in read(SEEDS / "damaged")}
    with (SEEDS / "damaged.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(damaged) >= 10
    for row in rows:
        plain = [_straight(unit.text) for unit in originals[row["article_id"]]]
        mended = [_straight(unit.text) for unit in damaged[row["file"].removesuffix(".txt")]]
        same = sum(text in plain for text in mended)
        assert same / max(len(plain), len(mended)) >= 0.9, row


def _straight(text):
    return " ".join(text.translate(str.maketrans("’‘“”", "''\"\"")).split())
