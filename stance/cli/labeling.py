"""`stance label next`, `plan`, `serve`, `doubts`, `cues`: what to label, where, what to check."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    DEFAULT_MODEL,
    CodebookName,
    Copies,
    CountedCopies,
    Json,
    LabelsFile,
    ModelName,
    Paths,
    Reader,
    Register,
    Seed,
    SeedPaths,
    abstaining,
    articles_only,
    as_named,
    chosen_model,
    kept_token,
    labeled_units,
    progress,
    serve_words,
    tell,
)
from stance.labeling.designs import Plan

if TYPE_CHECKING:
    from stance.codebook import Codebook
    from stance.labeling.desk import Assignment
    from stance.labeling.log import AnnotationLog
    from stance.labeling.queue import Draw
    from stance.records import Article, LabeledUnit, Unit

LabelFolder = Annotated[
    Path, typer.Option("--folder", help="Your labels: the log, the draws, the settled labels.")
]
DEFAULT_PORT = 8470
PAGE_TOKEN = ".page-token"  # beside the labels: the same address each time

TaskName = Annotated[str, typer.Option("--task", help="Which judgement of the codebook.")]


def next_units(
    paths: Paths,
    folder: LabelFolder,
    n: Annotated[int, typer.Option("-n", min=1, help="How many units to draw.")] = 100,
    plan: Annotated[
        Plan,
        typer.Option(
            "--plan",
            help="random; stratified by outlet and predicted label; or mixed: half at random, "
            "half where the model is least sure, one an article.",
        ),
    ] = Plan.STRATIFIED,
    model: ModelName = DEFAULT_MODEL,
    abstain: Annotated[
        float | None,
        abstaining(
            "For a mixed draw: pick first the units whose stance stays open at this level; at 0.1 "
            "the true label is among those not ruled out for 9 in 10 units."
        ),
    ] = None,
    task: TaskName = "stance",
    copies: CountedCopies = Copies.ONCE,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    seed: Seed = 7,
) -> None:
    """Draw the units to label next, each with its chance.

    Only labels of random and stratified draws can carry an estimate; those picked where a model is
    unsure serve training. Of articles that are copies of each other only the first is drawn from,
    as `stance compare` counts them. The draw goes into draws.jsonl, its units to standard output.

    Example: stance label next seeds/articles --folder my-labels -n 50 --plan stratified
    """
    from stance.codebook import read_codebook
    from stance.corpus.prepare import prepare
    from stance.engine.candidates import candidates
    from stance.labeling.log import AnnotationLog, standing
    from stance.labeling.queue import add_draw, draw_units, read_draws
    from stance.report.machine import json_lines, unit_row

    if abstain and plan is not Plan.MIXED:
        raise typer.BadParameter("--abstain goes with --plan mixed")
    book = read_codebook(codebook)
    book.task(task)
    articles_only(paths, book)
    loaded = None
    if plan is not Plan.RANDOM:
        instead = "; or draw the first sample with --plan random"
        loaded = chosen_model(model, book, task=task, named=codebook, instead=instead)
    reader = Reader(paths, register)
    draws_file = folder / "draws.jsonl"
    with progress("classifying"):
        draws = read_draws(draws_file).values() if draws_file.exists() else ()
        earlier = [draw for draw in draws if draw.codebook == book.reference]
        prepared = _counted(list(prepare(reader)), copies, earlier[-1] if earlier else None)
        units = {unit.id: unit for _, found in prepared for unit in found}
        log = AnnotationLog(folder / "annotations.jsonl", on_notice=tell)
        ours = [event for event in log.events() if event.codebook == book.reference]
        judged = {place.unit_id for place in standing(ours)}  # put off is not judged
        pool = candidates(prepared, loaded, book, task, without=judged, alpha=abstain)
    draw = draw_units(
        pool,
        plan,
        n,
        seed=seed,
        codebook=book.reference,
        model=loaded.reference if loaded else None,
        n_judged_before=len(judged & units.keys()),
    )
    folder.mkdir(parents=True, exist_ok=True)
    add_draw(draws_file, draw)
    rows = (
        {"unit_id": u.unit_id, "design": draw.design_of(u)} | unit_row(units[u.unit_id])
        for u in draw.units
    )
    sys.stdout.writelines(json_lines(rows))
    n_drawn = len(draw.units)
    new = " not judged before" if draw.n_judged_before else ""
    everything = n_drawn == draw.population
    tell(
        f"draw {draw.id}: {'all' if everything else f'{n_drawn} of'} {draw.population} units{new}, "
        f"{draw.plan} (seed {seed}){': nothing is left to draw' if everything else ''}"
    )
    page = serve_words(paths, codebook, register, folder)
    tell(f"judge them on a page: {page} --draw {draw.id}")
    named = shlex.join(as_named(paths, codebook, register))
    there = shlex.join(["--folder", str(folder)])
    tell(
        "or in another tool: save this output as FILE, then: stance label export "
        f"{named} --form csv --unlabeled --units FILE -o to-judge.csv; and once judged: stance "
        f"label import to-judge.csv {named} --annotator NAME {there}"
    )
    reader.finish()


def plan_labels(
    paths: Paths,
    width: Annotated[
        float, typer.Option("--width", help="Plus or minus: 0.05 is five points each way.")
    ] = 0.05,
    model: ModelName = DEFAULT_MODEL,
    task: TaskName = "stance",
    copies: CountedCopies = Copies.ONCE,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    json: Json = False,
) -> None:
    """Say how many labels each outlet needs.

    That is, for a 95% interval of a given width on its shares. The last row says how many to draw
    from all of them at once.

    Example: stance label plan seeds/articles --width 0.05
    """
    import numpy as np

    from stance.codebook import read_codebook
    from stance.corpus.prepare import prepare
    from stance.engine.candidates import candidates
    from stance.labeling.plan import plan_draw
    from stance.labeling.plan import plan_labels as run
    from stance.report.machine import to_json
    from stance.report.terminal import console, print_plans

    book = read_codebook(codebook)
    articles_only(paths, book)
    classes = book.task(task).classes
    loaded = chosen_model(model, book, task=task, named=codebook)
    held_out = loaded.card.held_out.get("outlet") or loaded.card.held_out.get("article") or {}
    confusion = np.array(held_out[task]["confusion"]) if task in held_out else None
    reader = Reader(paths, register)
    predicted: dict[str, dict[str, int]] = {}
    with progress("classifying"):
        prepared = _counted(list(prepare(reader)), copies)
        for candidate in candidates(prepared, loaded, book, task):
            counts = predicted.setdefault(candidate.outlet, {})
            label = candidate.predicted or ""
            counts[label] = counts.get(label, 0) + 1
    plans = run(predicted, classes, width, confusion=confusion)
    draw = plan_draw(plans)
    if json:
        sys.stdout.write(to_json({"outlets": plans, "draw": draw}))
    else:
        print_plans(console(), plans, draw, reach=width, model=loaded.reference)
    reader.finish()


def serve(
    paths: Paths,
    folder: LabelFolder,
    draw: Annotated[
        str | None,
        typer.Option(
            "--draw", help="Units of this draw; the latest if not given; all: every unit."
        ),
    ] = None,
    guess: Annotated[
        bool,
        typer.Option("--guess", help="Show what the codebook's cues say first; the log keeps it."),
    ] = False,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = DEFAULT_PORT,
    seed: Seed = 7,
) -> None:
    """Open the labelling page on this machine.

    One decision at a time, by keys. What the register says of an article is hidden, its outlet
    too; what stands in its text is not. Annotators do not see each other's labels, and every press
    is on the disk before the next is asked for. Stop it with Ctrl+C and start it again at any time.

    Example: stance label serve seeds/articles --folder my-labels
    """
    from stance.codebook import read_codebook
    from stance.errors import LabelError, StanceError
    from stance.labeling.cues import codebook_cues, guesses

    try:
        from stance.web.labeling import labeling_app
        from stance.web.server import serve as run
    except ModuleNotFoundError as error:
        raise StanceError(
            f'the page needs {error.name}: pip install "stance[web]", or make setup-dev'
        ) from None

    book = read_codebook(codebook)
    articles_only(paths, book)
    cues = codebook_cues(book) if guess else []
    if guess and not cues:
        raise LabelError(f"codebook {book.reference} has no cues: nothing to guess from")

    def first_guess(unit: "Unit") -> dict[str, str]:
        return guesses(cues, unit.text)

    reader = Reader(paths, register)
    queue = queue_of(reader, folder, draw, book, seed)
    log = log_of(folder, book)
    run(
        lambda address: labeling_app(
            log,
            queue,
            book,
            address=address,
            guess_of=first_guess if guess else None,
            on_trouble=tell,
        ),
        token=kept_token(folder / PAGE_TOKEN),
        port=port,
        on_ready=lambda address: tell(f"label at {address.url} (Ctrl+C stops; nothing is lost)"),
    )
    reader.finish()


def doubts(
    paths: SeedPaths = None,
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    most: Annotated[int, typer.Option("--most", min=1, help="How many to print.")] = 25,
    seed: Seed = 7,
    json: Json = False,
) -> None:
    """List settled labels that models contradict, for review.

    The models had not seen the label's article. Nothing is changed: most doubts are the model's
    errors, some are label errors.

    Example: stance label doubts --codebook huawei-5g --most 10
    """
    from stance.classifiers.base import codebook_classes
    from stance.classifiers.baseline import Baseline, BaselineRecipe
    from stance.codebook import read_codebook
    from stance.evaluation.doubts import doubts as run
    from stance.report.machine import to_json
    from stance.report.terminal import console, print_doubts

    book = read_codebook(codebook)
    examples, reader = labeled_units(paths, labels, register, book)
    with progress("holding out articles") as shown:
        found = run(
            examples,
            # One C: to choose it anew in every fold takes ten times as many fits.
            Baseline(codebook_classes(book), BaselineRecipe(costs=(3.0,), seed=seed)),
            book,
            seed=seed,
            on_step=lambda step: shown.update(shown.task_ids[0], description=step, advance=1),
        )
    if json:
        sys.stdout.write(to_json(found))
    else:
        print_doubts(console(), found[:most], n_all=len(found), n_labels=_n_labels(examples))
    reader.finish()


def cues(
    paths: SeedPaths = None,
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    seed: Seed = 7,
    json: Json = False,
) -> None:
    """Measure the codebook's cues on settled labels.

    That is how often they speak, and how often rightly. Cues are a baseline and an audit. They
    never label anything by themselves.

    Example: stance label cues
    """
    from stance.codebook import read_codebook
    from stance.errors import LabelError
    from stance.evaluation.cues import measure_cues
    from stance.labeling.cues import codebook_cues
    from stance.report.machine import to_json
    from stance.report.terminal import console, print_cues

    book = read_codebook(codebook)
    found = codebook_cues(book)
    if not found:
        raise LabelError(f"codebook {book.reference} has no cues: add some to its labels")
    examples, reader = labeled_units(paths, labels, register, book)
    measured = [measure_cues(of_task, examples, book, seed=seed) for of_task in found]
    if json:
        sys.stdout.write(to_json(measured))
    else:
        print_cues(console(), measured)
    reader.finish()


def _counted(
    articles: "list[tuple[Article, list[Unit]]]", copies: Copies, last: "Draw | None" = None
) -> "list[tuple[Article, list[Unit]]]":
    """Return the articles that count in a comparison, telling what was left aside as copies.

    All of them where the last draw was from all: one that leaves copies aside would not join it.
    """
    from stance.engine.candidates import copies_of_others

    left_out = copies_of_others(articles) if copies is Copies.ONCE else frozenset()
    if not left_out:
        return articles
    if last and last.population + last.n_judged_before == sum(len(units) for _, units in articles):
        tell(f"draw {last.id} was made from copies too, and so is this one: they are one sample")
        return articles
    n_units = sum(len(units) for article, units in articles if article.id in left_out)
    tell(
        f"{n_units} units in {len(left_out)} articles are left aside: those are copies of "
        "others, which stance compare counts once; --copies printed takes them too"
    )
    return [(article, units) for article, units in articles if article.id not in left_out]


def _n_labels(examples: "list[LabeledUnit]") -> int:
    return sum(len(example.labels) for example in examples)


def queue_of(
    reader: Reader, folder: Path, draw_id: str | None, book: "Codebook", seed: int
) -> "list[Assignment]":
    """Return what is to be judged, and register the documents that it stands in."""
    import random

    from stance.corpus.prepare import prepare
    from stance.errors import LabelError
    from stance.labeling.designs import Design
    from stance.labeling.desk import Assignment
    from stance.labeling.queue import read_draws
    from stance.labeling.store import document_of, write_documents

    prepared = [(article, units) for article, units in prepare(reader) if units]
    by_id = {unit.id: (unit, article) for article, units in prepared for unit in units}
    draws_file = folder / "draws.jsonl"
    draws = read_draws(draws_file) if draws_file.exists() and draw_id != "all" else {}
    if draw_id is not None and draw_id != "all" and draw_id not in draws:
        raise LabelError(
            f"{draws_file}: no draw {draw_id!r}; there are: {', '.join(draws) or 'none'}"
        )
    if draws:
        draw = draws[draw_id or list(draws)[-1]]
        if draw.codebook != book.reference:
            raise LabelError(
                f"draw {draw.id} was made under {draw.codebook}, not {book.reference}; give "
                "--codebook, or another --draw"
            )
        lost = [unit.unit_id for unit in draw.units if unit.unit_id not in by_id]
        if lost:
            raise LabelError(
                f"draw {draw.id}: {len(lost)} of its {len(draw.units)} units are not in these "
                f"articles, {lost[0]} first: give the PATHs that it was drawn from"
            )
        queue = [
            Assignment(unit=by_id[unit.unit_id][0], design=draw.design_of(unit))
            for unit in draw.units
        ]
    else:
        random.Random(seed).shuffle(prepared)  # the order of files often follows outlet or date
        queue = [
            Assignment(unit=unit, design=Design.CENSUS) for _, units in prepared for unit in units
        ]
    if not queue:
        raise LabelError("no unit in these articles: nothing to label")
    folder.mkdir(parents=True, exist_ok=True)
    articles = {by_id[a.unit.id][1].id: by_id[a.unit.id][1] for a in queue}
    documents = {article_id: document_of(article) for article_id, article in articles.items()}
    write_documents(folder / "documents.csv", documents)
    return queue


def log_of(folder: Path, book: "Codebook") -> "AnnotationLog":
    """Return the annotation log of a folder; say what in it does not count under a codebook."""
    from stance.errors import StanceError
    from stance.labeling.log import AnnotationLog, by_codebook, other_states, standing

    log = AnnotationLog(folder / "annotations.jsonl", on_notice=tell)
    try:
        events = log.events()
    except StanceError as error:  # the page says so too, and the rest can be used
        tell(str(error))
        return log
    stands = by_codebook(events)
    n_standing = {
        name: len(standing(stands[name])) for name in other_states(stands, book.reference)
    }
    if any(n_standing.values()):
        tell(
            f"{sum(n_standing.values())} judgements follow "
            f"{', '.join(sorted(name for name, n in n_standing.items() if n))}, not "
            f"{book.reference}: the page asks for their units anew"
        )
    return log


def register_commands(app: typer.Typer) -> None:
    """Put the commands under `stance label`."""
    app.command("next")(next_units)
    app.command("plan")(plan_labels)
    app.command()(serve)
    app.command()(doubts)
    app.command()(cues)
