"""`stance compare`: how outlets frame one story."""

import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    DEFAULT_MODEL,
    CodebookName,
    LabelsFile,
    ModelName,
    NoRepair,
    Paths,
    Reader,
    Register,
    Seed,
    chosen_model,
    progress,
    settled_labels,
    tell,
    tell_model,
)


def compare(
    paths: Paths,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the page here, as HTML.")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the whole comparison here, as JSON; - prints it."),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    labels: LabelsFile = None,
    register: Register = None,
    no_repair: NoRepair = False,
    seed: Seed = 7,
) -> None:
    """Compare how outlets frame the target: their mixes, their distances, their agreement.

    Every article needs an outlet: from its front matter, --register, an articles.csv beside it,
    or the name of its folder below PATH.

    Example: stance compare seeds/articles -o report.html --json comparison.json
    """
    from stance.codebook import read_codebook
    from stance.comparison.compare import compare as compare_units
    from stance.comparison.compare import corpus_facts
    from stance.engine.classify import classify, prepare
    from stance.files import writing
    from stance.records import ClassifiedUnit
    from stance.report.machine import to_json
    from stance.report.page import render_page
    from stance.report.terminal import console, print_comparison

    book = read_codebook(codebook)
    loaded = chosen_model(model, book)
    reader = Reader(paths, register)
    printed = str(json_file) == "-"
    with ExitStack() as files:
        # Opened first: a folder that is missing is told before the work, not after it.
        page = files.enter_context(writing(output)) if output else None
        record = files.enter_context(writing(json_file)) if json_file and not printed else None
        units: list[ClassifiedUnit] = []
        repairs: dict[str, list[str]] = {}
        with progress("classifying") as shown:
            for done in classify(prepare(reader, repair=not no_repair), loaded, book):
                units += done.units
                repairs[done.article.id] = [repair.kind for repair in done.article.repairs]
                shown.advance(shown.task_ids[0])
        settled = {
            (label.sha256, label.start, label.end): label.labels
            for label in settled_labels(labels, book)
        }
        by_outlet = loaded.card.held_out.get("outlet", {})
        comparison = compare_units(
            units,
            book,
            corpus=corpus_facts(units, repairs, reader.n_failed),
            settled=settled,
            held_out_scores={task: s["macro_f1"]["value"] for task, s in by_outlet.items()},
            n_learned=loaded.card.n_units,
            seed=seed,
        )
        if page:
            # A page is passed on: it need not tell where on this machine the files lay.
            words = (Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:])
            page.write(render_page(comparison, book, command=shlex.join(["stance", *words])))
        if record:
            record.write(to_json(comparison))
    if printed:
        sys.stdout.write(to_json(comparison))
    else:
        print_comparison(console(), comparison)
    if output is not None:
        tell(f"wrote {output}; open it in a browser")
    tell_model(model, loaded)
    reader.finish()
