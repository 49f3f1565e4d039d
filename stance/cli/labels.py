"""`stance label`: see how far annotators agree, settle, verify."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    CodebookName,
    Json,
    LabelsFile,
    Reader,
    name_of_codebook,
    seed_articles,
    serve_words,
    settled_labels,
    tell,
)
from stance.labeling.designs import Method
from stance.resources import data_folder
from stance.terminal_text import printable

app = typer.Typer(
    help="Plan, draw, judge, agree on, settle and check labels.",
    no_args_is_help=True,
)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="Where annotations.jsonl and its like stand; the shipped labels if not given.",
    ),
]


@app.command()
def agreement(
    folder: Folder = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    by_outlet: Annotated[bool, typer.Option("--by-outlet", help="Also a row an outlet.")] = False,
    json: Json = False,
) -> None:
    """Print how far independent annotators agree.

    That is Krippendorff's alpha with its interval, and others beside.

    Example: stance label agreement --by-outlet
    """
    from stance.codebook import read_codebook
    from stance.errors import LabelError
    from stance.labeling.agreement import coder_agreement
    from stance.labeling.log import read_annotations, under_codebook
    from stance.labeling.settle import unit_place
    from stance.labeling.store import read_documents
    from stance.report.machine import to_json
    from stance.report.terminal import console, print_agreement

    where = folder or data_folder("labels")
    book = read_codebook(codebook)
    annotations = under_codebook(
        read_annotations(where / "annotations.jsonl", on_notice=tell),
        book.reference,
        on_notice=tell,
    )
    documents = read_documents(where / "documents.csv")

    def outlet(unit_id: str) -> str:
        article_id = unit_place(unit_id)[0]
        if article_id not in documents:
            raise LabelError(
                f"{unit_id}: no document {article_id!r} in {where / 'documents.csv'}, so its "
                "outlet is unknown"
            )
        return documents[article_id].source

    results = coder_agreement(annotations, book, group_of=outlet if by_outlet else None)
    if json:
        sys.stdout.write(to_json(results))
    else:
        print_agreement(console(), results)


@app.command()
def settle(
    folder: Annotated[Path, typer.Option("--folder", help="Where annotations.jsonl stands.")],
    method: Annotated[
        Method,
        typer.Option(
            "--method",
            help="Who decides where annotators differ: a third person, or, of units that three or "
            "more judged, Dawid and Skene's model.",
        ),
    ] = Method.THIRD,
    codebook: Annotated[
        str | None,
        typer.Option(
            "--codebook",
            help="Only judgements under it; needed where a unit was judged under several.",
        ),
    ] = None,
) -> None:
    """Derive settled labels from the annotation log.

    Open disagreements are printed.

    Example: stance label settle --folder labels
    """
    from stance.codebook import read_codebook
    from stance.labeling.log import by_codebook, read_annotations, standing, under_codebook
    from stance.labeling.queue import read_draws
    from stance.labeling.settle import draw_to_decide, n_set_aside, n_unseen
    from stance.labeling.settle import settle as settle_annotations
    from stance.labeling.store import read_documents, write_labels

    events = read_annotations(folder / "annotations.jsonl", on_notice=tell)
    if codebook is not None:
        events = under_codebook(events, read_codebook(codebook).reference, on_notice=tell)
    follow = {name: len(standing(found)) for name, found in by_codebook(events).items()}
    if sum(map(bool, follow.values())) > 1:
        found = ", ".join(f"{n} follow {name}" for name, n in sorted(follow.items()) if n)
        tell(f"of the judgements that stand {found}: --codebook takes those under one")
    labels, disagreements = settle_annotations(
        events, read_documents(folder / "documents.csv"), method=method
    )
    write_labels(folder / "settled.jsonl", labels)
    for d in disagreements:
        judged = ", ".join(f"{name}: {label}" for name, label in sorted(d.annotations.items()))
        sys.stdout.write("\t".join(map(printable, (d.unit_id, d.task, judged))) + "\n")
    unseen = [n for n in map(n_unseen, labels) if n]
    n_decided = sum(len(label.decided_by) for label in labels) - sum(unseen)
    n_alone = sum(len(label.annotators) == 1 for label in labels)
    tell(
        f"settled labels of {len(labels)} units, {n_alone} of them by a single annotator; "
        f"{n_decided} differences were decided, {len(disagreements)} wait for a third person"
    )
    if unseen:
        tell(
            f"{sum(unseen)} labels of {len(unseen)} units are by an adjudicator alone: no "
            "annotator judged them"
        )
    if n_aside := n_set_aside(events):
        tell(f"{n_aside} decisions were set aside: annotators agree on another label by now")
    if disagreements:
        draws_file = folder / "draws.jsonl"
        draws = read_draws(draws_file) if draws_file.exists() else {}
        draw = draw_to_decide(disagreements, events, draws)
        units = {found.unit_id for found in disagreements}
        latest = next(event for event in reversed(events) if event.unit_id in units)
        judged_by = draws[draw].codebook if draw in draws else latest.codebook
        named = codebook or name_of_codebook(judged_by)
        serve = serve_words([Path("PATH")], named, None, folder)
        tell(f"decide those on the page, under Adjudicate: {serve} --draw {draw}")


@app.command()
def verify(
    seeds: Annotated[
        list[Path] | None,
        typer.Option("--seeds", help="A folder to look in for labeled documents; repeatable."),
    ] = None,
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
) -> None:
    """Check that every label meets a unit of its document.

    Documents are found by their hash; one that has the id of a labeled document and another hash
    was changed since. The exit code is 1 if one was, if a label misses its unit, or if none meets
    one.

    Documents whose text may not be passed on are labeled stand-off: give --seeds where they are.

    Example: stance label verify --seeds seeds/articles --labels labels/settled.jsonl
    """
    from stance.codebook import read_codebook
    from stance.corpus.prepare import prepare

    book = read_codebook(codebook)
    settled = settled_labels(labels, book)
    # One reader a folder: two may hold the same document under the same name.
    readers = [Reader([folder]) for folder in (seed_articles(book), *(seeds or []))]
    places: dict[str, set[tuple[int, int]]] = {}  # sha256 -> where its units stand
    ids = set()
    for article, units in (pair for reader in readers for pair in prepare(reader)):
        places[article.sha256] = {(unit.start, unit.end) for unit in units}
        ids.add(article.id)
    here = [label for label in settled if label.sha256 in places]
    lost = [label for label in here if (label.start, label.end) not in places[label.sha256]]
    n_found = len(here) - len(lost)
    wanted = Counter((label.article_id, label.sha256) for label in settled)
    bad = {(label.article_id, label.sha256) for label in lost}
    missing: list[str] = []
    changed: list[str] = []
    for (article_id, digest), n in sorted(wanted.items()):
        if digest in places:
            state = "MISFIT" if (article_id, digest) in bad else "found"
        else:
            state = "CHANGED" if article_id in ids else "not there"
            (changed if article_id in ids else missing).append(article_id)
        line = f"{state:<9}  {article_id}  {n} units  sha256 {digest}"
        sys.stdout.write(printable(line) + "\n")
    sys.stdout.write(
        f"{n_found} of {len(settled)} labels meet their unit; {len(missing)} of {len(wanted)} "
        f"documents are not there, {len(changed)} were changed\n"
    )
    if lost:
        tell(f"{len(lost)} labels meet no unit of their document, {lost[0].unit_id} first")
    if changed:
        tell(f"{len(changed)} documents are not the text that was labeled, {changed[0]} first")
    if not settled:
        tell(f"no settled label follows {book.reference}: there was nothing to verify")
    elif not n_found:
        tell("no label meets a unit: give --seeds where the labeled documents are")
    if lost or changed or not n_found:
        raise typer.Exit(1)
    for reader in readers:
        reader.finish()
