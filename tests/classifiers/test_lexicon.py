from dataclasses import replace

import numpy as np

from stance.classifiers.base import codebook_classes, cross_fit
from stance.classifiers.ladder import Rung, new_classifier
from stance.classifiers.lexicon import Lexicon, Vader
from stance.codebook import read_codebook
from stance.corpus.units import split_units
from tests.builders import article, labeled_corpus

BOOK = read_codebook()
WITHOUT_CUES = read_codebook("congestion-charge")


def units(*sentences):
    return [split_units(article(sentence))[0] for sentence in sentences]


def labels_of(rows, task, book=BOOK):
    return [book.task(task).classes[column] for column in rows[task].argmax(axis=1)]


def only(book, *cued):
    """Return the codebook with cues for those tasks alone."""
    tasks = [
        task
        if task.name in cued
        else replace(task, labels=tuple(replace(label, cues=()) for label in task.labels))
        for task in book.tasks
    ]
    return replace(book, tasks=tuple(tasks))


def test_the_codebooks_cues_say_the_stance_and_their_silence_is_the_middle():
    rows = Lexicon(BOOK).predict_proba(
        units("Customs has cleared the crates.", "The ban stands.", "It rained on Monday.")
    )
    assert labels_of(rows, "stance") == ["optimistic", "skeptical", "neutral"]


def test_the_sentiment_is_vaders_even_where_the_codebook_has_cues_for_it():
    # "horrible" is in VADER and no cue; "slump" is a cue and not in VADER.
    tone = units("What a horrible evening.", "A slump in ferries.")
    rows = Lexicon(BOOK).predict_proba(tone)
    assert labels_of(rows, "sentiment") == ["negative", "neutral"]
    assert rows["sentiment"].tolist() == Vader(BOOK).predict_proba(tone)["sentiment"].tolist()


def test_cues_alone_leave_out_what_would_be_vaders():
    tone = units("What a horrible evening.", "The mayor said so.")
    cues, lexicon = Lexicon(BOOK, cues_only=True), Lexicon(BOOK)
    assert list(cues.classes_) == ["stance", "voice"]
    rows, all_rows = cues.fresh().fit([]).predict_proba(tone), lexicon.predict_proba(tone)
    assert {task: found.tolist() for task, found in rows.items()} == {
        task: all_rows[task].tolist() for task in ("stance", "voice")
    }
    assert not Lexicon(WITHOUT_CUES, cues_only=True).classes_


def test_an_ordered_task_without_cues_is_vaders_and_another_without_them_is_left_out():
    tone = units("What a horrible evening.", "It is a wonderful success.")
    lexicon = Lexicon(WITHOUT_CUES)
    rows = lexicon.predict_proba(tone)
    assert list(lexicon.classes_) == ["stance", "sentiment"] == list(rows)
    assert labels_of(rows, "stance", WITHOUT_CUES) == ["against", "favor"]


def test_a_sentiment_without_order_is_read_off_its_cues():
    tasks = [
        replace(
            task,
            ordered=False,
            labels=tuple(replace(label, score=None) for label in task.labels),
        )
        if task.name == "sentiment"
        else task
        for task in BOOK.tasks
    ]
    rows = Lexicon(replace(BOOK, tasks=tuple(tasks))).predict_proba(units("A slump in ferries."))
    assert labels_of(rows, "sentiment") == ["negative"]


def test_where_the_cues_of_a_task_without_order_are_silent_the_most_frequent_label_is_given():
    silent = units("It rained on Monday.", "The mayor said so.")
    always = [
        replace(e, labels=e.labels | {"voice": "attributed"}) for e in labeled_corpus(n_articles=2)
    ]
    lexicon = Lexicon(BOOK).fit(always)
    assert labels_of(lexicon.predict_proba(silent), "voice") == ["attributed", "attributed"]
    rarely = lexicon.fit(labeled_corpus(n_articles=2)).predict_proba(silent)
    assert labels_of(rarely, "voice") == ["author", "attributed"]
    # What it learned stays behind: another of the same recipe starts from the first label.
    assert labels_of(lexicon.fit(always).fresh().predict_proba(silent), "voice")[0] == "author"


def test_where_cues_are_silent_or_tie_an_ordered_task_gets_vader():
    book = only(BOOK, "stance")
    read = units("Approved, then blocked.", "A gain approved, then blocked.", "A terrible mess.")
    expected = labels_of(Vader(book).predict_proba(read), "stance")
    assert len(set(expected)) > 1
    assert labels_of(Lexicon(book).predict_proba(read), "stance") == expected


def test_every_row_is_whole_and_no_units_are_no_rows():
    examples = labeled_corpus()
    lexicon = Lexicon(BOOK).fit(examples)
    assert lexicon.classes_ == codebook_classes(BOOK)
    for task, rows in lexicon.predict_proba([e.unit for e in examples]).items():
        assert rows.shape == (len(examples), len(BOOK.task(task).classes))
        assert set(np.unique(rows)) == {0, 1}
        assert (rows.sum(axis=1) == 1).all()
    assert {task: rows.shape for task, rows in lexicon.predict_proba([]).items()} == {
        "stance": (0, 3),
        "sentiment": (0, 3),
        "voice": (0, 2),
    }


def test_the_ladder_names_it_and_it_can_be_cross_fitted():
    examples = labeled_corpus()
    lexicon = new_classifier(Rung.LEXICON, BOOK)
    assert isinstance(lexicon, Lexicon)
    rows = cross_fit(lexicon, examples, [e.sha256 for e in examples], n_folds=3, seed=1)
    assert set(rows) == {"stance", "sentiment", "voice"}
    predicted = labels_of(rows, "stance")
    assert (
        np.mean([p == e.labels["stance"] for p, e in zip(predicted, examples, strict=True)]) > 0.5
    )
