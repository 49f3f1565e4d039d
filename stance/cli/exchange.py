"""`stance label import` and `stance label export`: judgements from other tools, and to them."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    CodebookName,
    Paths,
    Reader,
    Register,
    articles_only,
    codebook_file,
    keep_inputs,
    label_files,
    tell,
)
from stance.labeling.designs import Design
from stance.labeling.exchange.form import Form
from stance.resources import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stance.labeling.exchange.events import Names
    from stance.labeling.exchange.statements import Parcel
    from stance.records import Annotation, Article, Unit


def import_annotations(
    file: Annotated[Path, typer.Argument(help="What another tool, or an export, wrote.")],
    paths: Paths,
    folder: Annotated[Path, typer.Option("--folder", help="Where annotations.jsonl stands.")],
    form: Annotated[
        Form | None, typer.Option("--form", help="Its format; found out if not given.")
    ] = None,
    annotator: Annotated[
        list[str] | None,
        typer.Option("--annotator", help="Who judged these units, or OURS=THEIRS; repeatable."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="A column or control by its name there, OURS=THEIRS."),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="Whose labels are meant, where FILE does not say.")
    ] = None,
    design: Annotated[
        Design | None,
        typer.Option(
            "--design",
            help="How units were chosen, where the file does not say; if not given, as the log or "
            "the only draw of a unit has it, else census; adjudication settles what others differ "
            "on, of units that were drawn too.",
        ),
    ] = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
) -> None:
    """Add judgements from another tool to the log.

    Each must name a unit of the articles at PATH. FILE has a label for each task: JSON Lines or
    CSV with a unit_id, an article_id with start and end, or the unit's text; or it is an export
    of doccano, Label Studio or INCEpTION.

    Example: stance label import mine.jsonl seeds/articles --annotator ada --folder labels
    """
    from stance.codebook import read_codebook
    from stance.labeling.exchange.events import Units, events_of
    from stance.labeling.exchange.formats import read_file
    from stance.labeling.exchange.news import new_events
    from stance.labeling.exchange.statements import Reading
    from stance.labeling.log import AnnotationLog
    from stance.labeling.queue import designs_drawn, read_draws
    from stance.labeling.settle import unit_place
    from stance.labeling.store import (
        document_of,
        read_documents,
        refuse_renamed,
        register_documents,
        write_documents,
    )

    book = read_codebook(codebook)
    theirs = dict(map(_pair, columns or []))
    reading = Reading(codebook=book, task=task, names=theirs, on_notice=tell)
    names = _names(annotator or [])
    articles_only(paths, book)
    reader, articles = _articles(paths, register)
    log = AnnotationLog(folder / "annotations.jsonl", on_notice=tell)
    known = log.events()
    draws_file = folder / "draws.jsonl"
    draws = read_draws(draws_file).values() if draws_file.exists() else ()
    found = events_of(
        read_file(file, form, reading),
        Units(articles),
        book,
        names=names,
        design=design,
        known=known,
        drawn=designs_drawn(draws, book.reference),
    )
    judged = {unit_place(event.unit_id)[0] for event in found.events}
    documents = read_documents(folder / "documents.csv")
    here = [document_of(article) for article, _ in articles if article.id in judged]
    refuse_renamed(documents, here, {article.id for article, _ in articles})
    registered = register_documents(documents, here)
    added = new_events(found, known)
    folder.mkdir(parents=True, exist_ok=True)
    write_documents(folder / "documents.csv", registered)
    log.append(added.new)
    who = ", ".join(sorted({event.annotator for event in found.events})) or "nobody"
    follow = Counter(event.codebook for event in found.events)
    others = follow.total() - follow[book.reference]
    under = ", ".join(sorted(follow)) if others else f"{book.reference} ({book.target})"
    tell(
        f"added {len(added.new)} judgements by {who} to {log.path} under codebook {under}; "
        f"{len(found.events) - len(added.new) - len(added.changed)} were there already"
    )
    if others:
        tell(
            f"{others} of these judgements follow another codebook than {book.reference}, by which "
            f"{file} was read: they count where --codebook names their own"
        )
    if added.changed:
        tell(
            f"{len(added.changed)} judgements were changed since, of {added.changed[0].unit_id} "
            "first; they are left as they are"
        )
    if found.unsaid:
        tell(
            f"of {len(found.unsaid)} units, {found.unsaid[0]} first, the log has a label where "
            f"{file} shows none: it may never have had it, so nothing was taken back; to do so, "
            "import a table with (none) there, or use the page"
        )
    reader.finish()


def export_annotations(
    form: Annotated[Form, typer.Option("--form", help="The format to write.")],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH...]", help="The articles that were judged, or are to be."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A file, for cas a new folder or a .zip; else standard output."
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", help="Where annotations.jsonl stands; the shipped labels if not given."
        ),
    ] = None,
    unlabeled: Annotated[
        bool, typer.Option("--unlabeled", help="Units without any label, for people to judge.")
    ] = False,
    units: Annotated[
        Path | None,
        typer.Option("--units", help="Only these units: JSON Lines of stance label next."),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions", help="JSON Lines of stance classify, to show in Label Studio."
        ),
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Only this judgement.")] = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
) -> None:
    """Write judgements for another tool, or units to be judged there.

    Both are of the articles at PATH. Whatever the format, an import gives the same judgements.

    Example: stance label export seeds/articles --form csv -o judged.csv

    Example: stance label export seeds/articles --form doccano --unlabeled -o to-judge.jsonl

    Example: stance label export --form label-studio-config
    """
    from stance.codebook import read_codebook
    from stance.files import refuse_existing
    from stance.labeling.exchange.formats import WRITERS, read_predictions
    from stance.labeling.exchange.statements import Parcel

    book = read_codebook(codebook)
    if form is Form.LABEL_STUDIO_CONFIG:
        _write(output, WRITERS[form](Parcel(codebook=book, articles=())))
        return
    if not paths:
        raise typer.BadParameter("give the articles that were judged, or are to be")
    if unlabeled and output is not None:
        refuse_existing(output)
    log = label_files(folder or data_folder("labels"))
    keep_inputs([output], [*paths, register, units, predictions, codebook_file(codebook), *log])
    if form is Form.CAS and output in (None, Path("-")):
        raise typer.BadParameter("cas is several files: give -o with a new folder or a .zip")
    if predictions is not None and form is not Form.LABEL_STUDIO:
        raise typer.BadParameter("--predictions are written for label-studio only")
    shown = read_predictions(predictions, book) if predictions else {}
    if task is not None:
        book.task(task)
    articles_only(paths, book)
    reader, articles = _articles(paths, register)
    choice = _choice(units, articles)
    if unlabeled:
        parcel = Parcel(codebook=book, articles=articles, blank=choice, predictions=shown)
    else:
        events = _events(folder or data_folder("labels"), articles, choice, task)
        parcel = Parcel(codebook=book, articles=articles, events=events, predictions=shown)
    _send(parcel, form, output)
    what = f"{len(choice)} units" if unlabeled else f"{len(parcel.events)} judgements"
    tell(f"wrote {what} as {form}" + (f" to {output}" if output else ""))
    reader.finish()


def register_commands(app: typer.Typer) -> None:
    """Put the commands under `stance label`."""
    app.command("import")(import_annotations)
    app.command("export")(export_annotations)


def _articles(
    paths: list[Path], register: Path | None
) -> "tuple[Reader, list[tuple[Article, list[Unit]]]]":
    from stance.corpus.prepare import prepare

    reader = Reader(paths, register)
    return reader, list(prepare(reader))


def _choice(units: Path | None, articles: "list[tuple[Article, list[Unit]]]") -> dict[str, str]:
    """Return unit id -> design of the units to write: those of a file, or all."""
    from stance.errors import LabelError
    from stance.labeling.exchange.formats import read_choice

    everything = {unit.id: "" for _, found in articles for unit in found}
    if units is None:
        return everything
    chosen = read_choice(units)
    lost = [unit_id for unit_id in chosen if unit_id not in everything]
    if lost:
        raise LabelError(f"{units}: {lost[0]!r} is no unit of the articles given")
    return chosen


def _events(
    folder: Path,
    articles: "list[tuple[Article, list[Unit]]]",
    choice: dict[str, str],
    task: str | None,
) -> "list[Annotation]":
    """Return the judgements of the units given, telling how many there are of others."""
    from stance.labeling.log import read_annotations
    from stance.labeling.store import document_of, read_documents, register_documents

    known = read_documents(folder / "documents.csv")
    register_documents(known, (document_of(a) for a, _ in articles if a.id in known))
    events = read_annotations(folder / "annotations.jsonl", on_notice=tell)
    wanted = [event for event in events if task in (None, event.task)]
    found = [event for event in wanted if event.unit_id in choice]
    if len(found) < len(wanted):
        lost = next(event.unit_id for event in wanted if event.unit_id not in choice)
        tell(
            f"{len(wanted) - len(found)} of {len(wanted)} judgements are of other units than those "
            f"given, {lost} first; they are left out"
        )
    return found


def _send(parcel: "Parcel", form: Form, output: Path | None) -> None:
    from stance.labeling.exchange.archive import save
    from stance.labeling.exchange.cas import write_cas
    from stance.labeling.exchange.formats import WRITERS

    if form is Form.CAS and output is not None:
        save(output, write_cas(parcel))
    else:
        _write(output, WRITERS[form](parcel))


def _write(output: Path | None, pieces: "Iterable[str]") -> None:
    from stance.files import writing

    if output in (None, Path("-")):
        sys.stdout.writelines(pieces)
    else:
        with writing(output) as file:
            file.writelines(pieces)


def _pair(words: str) -> tuple[str, str]:
    ours, mark, theirs = words.partition("=")
    if not (ours and mark and theirs):
        raise typer.BadParameter(f"{words!r} must be OURS=THEIRS")
    return ours.strip(), theirs


def _names(given: list[str]) -> "Names":
    from stance.labeling.exchange.events import Names

    plain = [words for words in given if "=" not in words]
    pairs = dict(_pair(words) for words in given if "=" in words)
    return Names(
        everyone=plain[-1] if plain else None,
        ours={theirs: ours for ours, theirs in pairs.items()},
    )
