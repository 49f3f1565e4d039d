"""A small article with what breaks offsets and tables, and the ways through each format."""

from dataclasses import replace

from stance.codebook import read_codebook
from stance.corpus.units import split_units
from stance.labeling.exchange.archive import save
from stance.labeling.exchange.cas import write_cas
from stance.labeling.exchange.events import Units, events_of
from stance.labeling.exchange.form import Form
from stance.labeling.exchange.formats import WRITERS, read_file
from stance.labeling.exchange.news import new_events
from stance.labeling.exchange.statements import Parcel, Reading
from tests.builders import article, judged

BOOK = read_codebook()
ARTICLE = article(
    'The 🚢 ferry sails.\n\n=Captains doubt it. The pier "Oak" is of oak; tab\tand\r\nbreak.',
    name="port/a1",
    source="Quay",
)
UNITS = split_units(ARTICLE)
ARTICLES = [(ARTICLE, UNITS)]
TWICE = article("The ferry sails. The pier is old. The ferry sails.", name="twice")
SUFFIXES = {
    Form.JSONL: "jsonl",
    Form.CSV: "csv",
    Form.LONG: "csv",
    Form.DOCCANO: "jsonl",
    Form.LABEL_STUDIO: "json",
    Form.CAS: "zip",
}


def said(annotator, label, *, i=0, task="stance", design="census", **more):
    """Return an event on unit `i` under our codebook."""
    event = judged(
        annotator, label, task=task, unit=UNITS[i].id, design=design, book=BOOK.reference
    )
    return replace(event, **more)


def export(folder, form, events=(), **more):
    """Write events to a file of a format, and return its path."""
    parcel = Parcel(codebook=BOOK, articles=ARTICLES, events=events, **more)
    path = folder / f"out.{SUFFIXES[form]}"
    if form is Form.CAS:
        save(path, write_cas(parcel))
    else:
        path.write_text("".join(WRITERS[form](parcel)), encoding="utf-8", newline="")
    return path


def read(
    path,
    form=None,
    *,
    articles=ARTICLES,
    task=None,
    columns=None,
    names=None,
    design=None,
    known=(),
    drawn=None,
    on_notice=lambda notice: None,
):
    """Return the events in a file."""
    reading = Reading(codebook=BOOK, task=task, names=columns or {}, on_notice=on_notice)
    statements = read_file(path, form, reading)
    return events_of(
        statements, Units(articles), BOOK, names=names, design=design, known=known, drawn=drawn
    )


def added(path, known=(), **options):
    """Return what a file adds to a log."""
    return new_events(read(path, known=known, **options), known).new


def told(events):
    """Return what matters of fresh events, whose time is now."""
    return [(event.unit_id, event.annotator, event.task, event.label) for event in events]
