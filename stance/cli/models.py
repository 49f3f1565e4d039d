"""`stance evaluate` and `stance hold-out`: how good a model is on what it never saw."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    CodebookName,
    Device,
    Json,
    LabelsFile,
    Paths,
    Reader,
    Register,
    Seed,
    SeedPaths,
    SplitFile,
    abstaining,
    codebook_file,
    keep_inputs,
    labeled_units,
    progress,
    settled_labels,
    tell,
)
from stance.resources import data_folder

if TYPE_CHECKING:
    from stance.classifiers.storage import Model
    from stance.codebook import Codebook
    from stance.records import Label, LabeledUnit


def evaluate(
    model: Annotated[str, typer.Argument(help="A shipped model's name, or its folder.")],
    paths: SeedPaths = None,
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    split: SplitFile = None,
    behaviour: Annotated[
        bool,
        typer.Option(
            "--behaviour",
            help="Pass rates on the behaviour set instead: minimal pairs in families, each of "
            "which tests one thing (negation, quoted voice, another target, ...). PATH may name "
            "a set of your own.",
        ),
    ] = False,
    missed: Annotated[
        bool, typer.Option("--missed", help="With --behaviour: also each unit that it fails on.")
    ] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="All that can be measured on articles that it never saw: agreement with "
            "annotators, confusions, calibration, parts, abstaining, ablations, behaviour.",
        ),
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            help="Another model, by paired tests: on articles that neither learned from, and on "
            "those that both did, by what each kept of them held out. With --full: all the rest "
            "too.",
        ),
    ] = None,
    abstain: Annotated[
        float | None,
        abstaining("With --full: the level of `classify --abstain` that is measured, 0.1."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="With --full: also as a page (html).")
    ] = None,
    device: Device = "auto",
    seed: Seed = 7,
    json: Json = False,
) -> None:
    """Score a model on units with settled labels.

    A majority, VADER and the codebook's cues stand beside it. Articles that the model learned from
    are held out, by article and by outlet; for a baseline or an embedding also by later date: the
    latest quarter of dated ones, judged by what earlier ones teach. Others are new.

    Example: stance evaluate baseline --split labels/splits.json

    Example: stance evaluate baseline --split labels/splits.json --full -o model.html

    Example: stance evaluate small --against baseline --split labels/splits.json

    Example: stance evaluate baseline --behaviour
    """
    from stance.classifiers.storage import data_digest, load_model
    from stance.codebook import read_codebook
    from stance.evaluation.paired import compare_models
    from stance.evaluation.protocol import evaluate as run
    from stance.evaluation.splits import Part
    from stance.report.evaluation_tables import print_model_comparison
    from stance.report.machine import to_json
    from stance.report.terminal import console, print_evaluations

    if missed and not behaviour:
        raise typer.BadParameter("--missed goes with --behaviour")
    if split and behaviour:
        raise typer.BadParameter("--behaviour is scored whole: leave out --split")
    if behaviour and full:
        raise typer.BadParameter("--full has the behaviour set too: leave out --behaviour")
    if behaviour and against:
        raise typer.BadParameter("--behaviour is of one model: leave out --against")
    if (output or abstain) and not full:
        raise typer.BadParameter("--abstain and --output go with --full")
    keep_inputs([output], [*(paths or []), register, labels, split, codebook_file(codebook)])
    book = read_codebook(codebook)
    loaded = load_model(model, book, device=device)
    if behaviour:
        _evaluate_behaviour(loaded, paths, book, missed=missed, json=json)
        return
    examples, reader = labeled_units(paths, labels, register, book, split=split, part=Part.HELD_OUT)
    rival = load_model(against, book, device=device) if against else None
    if full:
        found = settled_labels(labels, book)
        _evaluate_fully(
            loaded,
            rival,
            examples,
            found,
            book,
            abstain,
            seed=seed,
            json=json,
            output=output,
        )
        reader.finish()
        return
    if rival:
        with progress("evaluating"):
            comparisons = compare_models(examples, loaded, rival, book, seed, on_notice=tell)
        if json:
            sys.stdout.write(to_json(comparisons))
        else:
            for comparison in comparisons:
                print_model_comparison(console(), comparison)
        reader.finish()
        return
    with progress("evaluating"):
        evaluations = run(examples, loaded, book, seed=seed, on_notice=tell)
    if json:
        sys.stdout.write(to_json(evaluations))
    else:
        footer = (
            f"model={loaded.reference} labels={data_digest(examples)[:8]} "
            f"codebook={book.reference} seed={seed}; intervals: 95%, article bootstrap"
        )
        print_evaluations(console(), evaluations, footer=footer)
    reader.finish()


def hold_out(
    paths: Paths,
    output: Annotated[Path, typer.Option("--output", "-o", help="The split (JSON).")],
    outlet: Annotated[
        list[str] | None, typer.Option("--outlet", help="Held out whole; repeatable.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="A date: articles of that day and later are held out."),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(
            "--share",
            min=0,
            max=1,
            help="Of the articles, held out in all: others are drawn until it is reached. 0.2; "
            "with --since 0, so that all that are learned from are earlier.",
        ),
    ] = None,
    clusters: Annotated[
        Path | None,
        typer.Option("--clusters", help="Known wire stories, a CSV: article_id,cluster."),
    ] = None,
    register: Register = None,
    seed: Seed = 7,
) -> None:
    """Divide articles into those to learn from and those held out.

    It is done once for all: what is held out is for the end. Copies of one story stay together,
    those that are found by their words too.

    Example: stance hold-out seeds/articles --outlet "Pudong Tech Review" -o my-split.json

    Example: stance hold-out seeds/articles --since 2026-03-01 -o later.json
    """
    from collections import Counter

    from stance.evaluation.splits import make_split, read_clusters, write_split
    from stance.files import refuse_existing

    refuse_existing(output)  # another split would make what was measured under it a lie
    reader = Reader(paths, register)
    articles = list(reader)
    known = read_clusters(clusters) if clusters else {}
    if share is None:
        share = 0.0 if since else 0.2
    split = make_split(
        articles, outlets=outlet or [], share=share, seed=seed, since=since, clusters=known
    )
    write_split(output, split)
    ids = {article.id for article in articles}
    strangers = [name for name in known if name not in ids]
    if strangers:
        tell(
            f"{clusters}: {len(strangers)} of {len(known)} ids with a story meet no article, "
            f"{strangers[0]} first"
        )
    sizes = Counter(place.part for place in split.places)
    stories = {place.cluster for place in split.places if place.cluster}
    tell(
        f"{output}: {', '.join(f'{n} articles {part}' for part, n in sorted(sizes.items()))}; "
        f"{len(split.outlets)} outlets held out whole, {len(stories)} stories in copies"
    )
    undated = sum(article.date is None for article in articles)
    if since and undated:
        tell(f"{undated} articles without a date count as earlier than {since}")
    reader.finish()


def _evaluate_fully(
    model: "Model",
    rival: "Model | None",
    examples: "list[LabeledUnit]",
    labels: "list[Label]",
    codebook: "Codebook",
    abstain: float | None,
    *,
    seed: int,
    json: bool,
    output: Path | None,
) -> None:
    from stance.errors import DataError
    from stance.evaluation.behaviour import measure_behaviour, read_behaviour
    from stance.evaluation.model_report import ALPHA, model_report
    from stance.evaluation.paired import compare_models
    from stance.files import write_whole
    from stance.report.evaluation_page import render_evaluation
    from stance.report.evaluation_tables import print_model_report
    from stance.report.machine import to_json
    from stance.report.terminal import console

    with progress("evaluating"):
        try:
            units = read_behaviour(data_folder("labels") / "behaviour.jsonl", codebook)
        except DataError:  # no unit of the set follows this codebook
            units = []
        against = (
            compare_models(examples, model, rival, codebook, seed, on_notice=tell) if rival else ()
        )
        report = model_report(
            examples,
            model,
            codebook,
            seed=seed,
            labels=labels,
            alpha=abstain or ALPHA,
            behaviour=measure_behaviour(units, model) if units else (),
            against=against,
        )
    if json:
        sys.stdout.write(to_json(report))
    else:
        print_model_report(console(), report)
    if output:
        command = shlex.join(["stance", *sys.argv[1:]])
        write_whole(output, render_evaluation(report, codebook, command=command))
        tell(f"wrote {output}")


def _evaluate_behaviour(
    model: "Model", paths: list[Path] | None, codebook: "Codebook", *, missed: bool, json: bool
) -> None:
    from stance.evaluation.behaviour import measure_behaviour, read_behaviour
    from stance.report.machine import to_json
    from stance.report.terminal import console, print_behaviour

    files = paths or [data_folder("labels") / "behaviour.jsonl"]
    units = [unit for file in files for unit in read_behaviour(file, codebook)]
    scores = measure_behaviour(units, model)
    if json:
        sys.stdout.write(to_json(scores))
    else:
        footer = f"model={model.reference} codebook={codebook.reference}"
        print_behaviour(console(), scores, missed=missed, footer=footer)
