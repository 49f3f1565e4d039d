"""`stance compare`: how outlets frame one story."""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    DEFAULT_MODEL,
    CodebookName,
    Copies,
    CountedCopies,
    ModelName,
    NoRepair,
    Paths,
    Reader,
    Register,
    Seed,
    as_named,
    chosen_model,
    codebook_file,
    keep_inputs,
    label_files,
    progress,
    serve_words,
    settled_labels,
    tell,
    tell_model,
)

if TYPE_CHECKING:
    from stance.classifiers.storage import Model
    from stance.codebook import Codebook
    from stance.comparison.result import CorpusFacts, ModelFacts
    from stance.corpus.metadata import Metadata
    from stance.records import ClassifiedUnit


class Vectors(StrEnum):
    """What units are matched into claims by."""

    AUTO = "auto"
    MEANING = "meaning"
    WORDS = "words"


def compare(
    paths: Paths,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the page here, as HTML.")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the whole comparison here, as JSON; - prints it."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Write every table into this folder, as CSV.")
    ] = None,
    charts: Annotated[
        Path | None,
        typer.Option(
            "--charts",
            help="Write every chart into this folder, as SVG and as PNG, which needs the extra: "
            'pip install "stance[charts]".',
        ),
    ] = None,
    methods: Annotated[
        Path | None,
        typer.Option(
            "--methods", help="Write here what this run did, for a methods section; - prints it."
        ),
    ] = None,
    no_text: Annotated[
        bool,
        typer.Option(
            "--no-text",
            help="Publish places and hashes only: no words, title or name of an article anywhere.",
        ),
    ] = False,
    sample: Annotated[
        Path | None,
        typer.Option(
            "--sample",
            help="A label folder with a random sample, made by `stance label next`: shares are "
            "corrected from it.",
        ),
    ] = None,
    copies: CountedCopies = Copies.ONCE,
    event: Annotated[
        str | None,
        typer.Option("--event", help="A date, 2026-01-13: the mixes before it and from it on."),
    ] = None,
    claims_by: Annotated[
        Vectors,
        typer.Option(
            "--claims-by",
            help="Match units into claims by meaning (an encoder, fetched once: 83 MB) or by "
            "words; auto: by meaning where the encoder can be had.",
        ),
    ] = Vectors.AUTO,
    similarity: Annotated[
        float | None,
        typer.Option(
            "--similarity",
            min=0,
            max=1,
            help="From which similarity two units match; if not given, 0.44 by meaning and 0.40 by "
            "words.",
        ),
    ] = None,
    check_claims: Annotated[
        int | None,
        typer.Option(
            "--check-claims", min=3, help="Write so many pairs of units to --checks, to be judged."
        ),
    ] = None,
    checks: Annotated[
        Path | None,
        typer.Option(
            "--checks",
            help="A CSV of judged pairs (same_claim: y or n): how well units were matched.",
        ),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="Settled labels (jsonl; the shipped ones if not given) to show beside the shares "
            "of outlets that they cover; they correct nothing: --sample does.",
        ),
    ] = None,
    register: Register = None,
    no_repair: NoRepair = False,
    seed: Seed = 7,
) -> None:
    """Compare how outlets frame the target.

    It tells what they share, where they part, and how sure that is. A PATH may also be a table
    that `stance classify` wrote, or one of hand labels. Every article needs an outlet: from its
    front matter, --register, an articles.csv beside it, or the name of its folder below PATH.

    Example: stance compare seeds/articles -o report.html --json comparison.json
    """
    from stance.classifiers.storage import best_model
    from stance.codebook import read_codebook
    from stance.comparison.checks import claim_pairs, design_file, write_pairs
    from stance.comparison.compare import Settings, observed
    from stance.comparison.compare import compare as compare_units
    from stance.comparison.methods import methods_text
    from stance.comparison.timeline import day_of_event
    from stance.engine.classified import is_classified
    from stance.errors import LabelError, ModelError
    from stance.files import refuse_existing, writing
    from stance.labeling.join import labels_of_units
    from stance.report.charts import save_charts
    from stance.report.comparison_tables import print_comparison
    from stance.report.machine import to_json
    from stance.report.page import render_page
    from stance.report.tables import TABLES, write_tables
    from stance.report.terminal import console
    from stance.report.without_text import without_names, without_text

    if check_claims is not None and checks is None:
        raise typer.BadParameter("--check-claims writes its pairs to a file: name it with --checks")
    if str(json_file) == str(methods) == "-":
        raise typer.BadParameter(
            "--json - and --methods - would write into one another: name a file"
        )
    if "-" in map(str, (output, tables, charts)):
        raise typer.BadParameter("- is for --json or --methods alone: name a file or a folder")
    if event is not None:
        day_of_event(event)
    pairs_files = [checks, design_file(checks)] if checks else []
    if check_claims is not None:
        refuse_existing(*pairs_files)
    keep_inputs(
        [
            *(output, json_file, methods),
            *((tables / f"{name}.csv" for name in TABLES) if tables else ()),
            *(pairs_files if check_claims else ()),
        ],
        [
            *(*paths, register, labels, codebook_file(codebook)),
            *(label_files(sample) if sample else ()),
            *(() if check_claims else pairs_files),
        ],
    )
    book = read_codebook(codebook)
    tables_given = [path for path in paths if is_classified(path, book)]
    articles = [path for path in paths if path not in tables_given]
    _tell_unread_labels([path for path in articles if path.is_dir()], register, book)
    paths_named = [*articles, *([Path("PATH_OF_ARTICLES")] if tables_given else [])]
    # With the model: the draw that is advised goes by its predictions.
    drawing = model
    if tables_given and model == DEFAULT_MODEL:
        try:
            best_model(book)
        except ModelError:
            drawing = "MODEL_FOLDER"
    named = as_named(paths_named, codebook, register, drawing)
    if copies is Copies.PRINTED:
        named += ("--copies", copies.value)
    if no_text:
        named = _without_paths(named, paths)
    if sample is not None and (open_draw := _unjudged(sample)):
        serve = serve_words(paths_named, codebook, register, sample)
        raise LabelError(
            f"{sample}: holds a draw of {open_draw} units of which none is judged yet. Judge them "
            f"with: {serve}, or bring judgements from another tool with: stance label import"
        )
    settings = Settings(
        copies=copies.value,
        event=event,
        vectors=claims_by.value,
        similarity=similarity,
        sample=sample,
        checks=None if check_claims else checks,
        paths=named,
        seed=seed,
    )
    printed = "-" in (str(json_file), str(methods))
    with ExitStack() as files:
        # Opened first: a folder that is missing is told before the work, not after it.
        page, record, account = (
            files.enter_context(writing(file)) if file and str(file) != "-" else None
            for file in (output, json_file, methods)
        )
        with progress("reading") as shown:

            def on_step(step: str) -> None:
                shown.update(shown.task_ids[0], description=step)

            material = _material(
                tables_given,
                articles,
                model,
                book,
                named=codebook,
                register=register,
                repair=not no_repair,
                on_article=lambda: shown.advance(shown.task_ids[0]),
                on_step=on_step,
            )
            settled = labels_of_units(material.units, settled_labels(labels, book))
            comparison = compare_units(
                material.units,
                book,
                settings,
                corpus=material.corpus,
                model=material.model,
                titles=material.titles,
                settled=settled,
                trained_on=material.trained_on,
                on_step=on_step,
            )
            if check_claims and checks:
                on_step("pairs to judge")
                seen, _, _ = observed(material.units, book, "once")
                pairs = claim_pairs(comparison.alignment, seen, check_claims, seed)
                write_pairs(checks, pairs, comparison.alignment)
                n_pairs = len(pairs)
        shared, words = comparison, tuple(sys.argv[1:])
        if no_text:
            hashes = {unit.unit.article_id: unit.sha256 for unit in material.units}
            comparison = without_names(comparison, hashes)
            shared = without_text(comparison)
            words = (*words[:1], *_without_paths(words[1:], paths))
        if page:
            laid_out = replace(shared, units=comparison.units)  # which it hashes itself
            command = shlex.join(["stance", *words])
            page.write(render_page(laid_out, book, command=command, text=not no_text))
        if record:
            record.write(to_json(shared))
        if account:
            account.write(methods_text(shared))
    if tables:
        write_tables(shared, tables)
        tell(f"wrote the tables into {tables}")
    for what, file in (("comparison", json_file), ("methods", methods)):
        if file and str(file) != "-":
            tell(f"wrote the {what} to {file}")
    if str(json_file) == "-":
        sys.stdout.write(to_json(shared))
    if str(methods) == "-":
        sys.stdout.write(methods_text(shared))
    if not printed:
        print_comparison(console(), shared, book)
    if charts:
        drawn = save_charts(shared, book, charts)
        tell(f"wrote the charts into {charts}")
        beside = {path for path in charts.iterdir() if path.suffix in {".svg", ".png"}} - {*drawn}
        if beside:
            names = ", ".join(sorted(path.name for path in beside))
            tell(f"{charts}: not written by this run, so maybe of an earlier one: {names}")
    if output is not None:
        tell(f"wrote {output}; open it in a browser")
    if check_claims:
        tell(
            f"wrote {checks}: write y or n under same_claim for each of its {n_pairs} pairs, then "
            f"compare again with --checks {checks}"
            + ("; it holds sentences of the articles: do not publish it" if no_text else "")
        )
    if material.loaded:
        tell_model(model, material.loaded)
    material.finish()


def _without_paths(words: Sequence[str], paths: Sequence[Path]) -> tuple[str, ...]:
    """Return words of a command with PATH for each path that was given; standard input stays."""
    return tuple("PATH" if word != "-" and Path(word) in paths else word for word in words)


def _tell_unread_labels(folders: "Sequence[Path]", register: Path | None, book: "Codebook") -> None:
    """Say which tables in folders hold labels: there their rows are articles, to be labeled."""
    from stance.corpus.finding import find_files
    from stance.engine.classified import is_classified

    def ignore(_: object) -> None:
        """Say nothing: the reader will."""

    for folder in folders:
        for file in find_files(folder, register, ignore, ignore):
            if is_classified(file.path, book):
                tell(
                    f"{file.path}: its rows are read as articles and its labels are not: give the "
                    "table by name to compare these"
                )


def _unjudged(folder: Path) -> int:
    """Return how many units the last draw of a label folder has, where nothing is judged at all."""
    from stance.labeling.queue import read_draws

    file = folder / "draws.jsonl"
    if (folder / "annotations.jsonl").exists() or not file.exists():
        return 0
    draws = list(read_draws(file).values())
    return len(draws[-1].units) if draws else 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Material:
    """Labeled units with what is known of them."""

    units: "list[ClassifiedUnit]"
    corpus: "CorpusFacts"
    model: "ModelFacts"
    titles: dict[str, str | None]
    trained_on: tuple[str, ...]
    loaded: "Model | None"  # None where all came labeled
    finish: Callable[[], None]


def _material(
    tables: Sequence[Path],
    articles: Sequence[Path],
    model: str,
    codebook: "Codebook",
    *,
    named: str,
    register: Path | None,
    repair: bool,
    on_article: Callable[[], None],
    on_step: Callable[[str], None],
) -> _Material:
    """Return the units of articles, labeled here, and those of tables that hold labels already.

    `named` is how the user named the codebook.
    """
    from stance.classifiers.storage import find_card
    from stance.comparison.compare import corpus_facts, model_facts
    from stance.comparison.wording import labelers, labelers_said
    from stance.corpus.metadata import COLUMNS
    from stance.corpus.prepare import prepare
    from stance.corpus.registers import read_register
    from stance.corpus.tables import TABLE_SUFFIXES
    from stance.engine.classified import read_classified
    from stance.engine.classify import classify
    from stance.errors import DataError
    from stance.records import GIVEN

    units: list[ClassifiedUnit] = []
    repairs: dict[str, list[str]] = {}
    titles: dict[str, str | None] = {}
    home: dict[str, Path] = {}  # article id -> the table that it stands in
    elsewhere = "Two inputs number their articles alike: give one of them ids of its own."
    column = (
        f"Fill in its outlet column ({', '.join(COLUMNS['source'][:3])}, ...), or name its sha256 "
        "and its outlet in a --register."
    )
    known: Mapping[str, Metadata] = {}
    if tables and register:
        try:
            table = read_register(register, on_failure=lambda words: tell(f"{register}: {words}"))
            known = table.by_sha256
        except DataError as error:
            raise DataError(f"{register}: {error}") from None
    for path in {path.resolve(): path for path in tables}.values():  # each once
        on_step(f"reading {path.name}")
        rows = read_classified(path, codebook, register=known, on_notice=tell)
        for number, unit in enumerate(rows, start=1):
            if unit.source is None:
                raise DataError(
                    f"{path}: row {number}: article {unit.unit.article_id!r} has no outlet. "
                    + column
                )
            article_id = unit.unit.article_id
            if home.setdefault(article_id, path) != path:
                raise DataError(
                    f"{path}: row {number}: article {article_id!r} stands in {home[article_id]} "
                    f"too. {elsewhere}"
                )
            if article_id not in repairs:
                repairs[article_id] = []
                on_article()
            units.append(unit)
    reader = Reader(articles, register)
    in_tables = all(path.suffix.lower() in TABLE_SUFFIXES for path in articles)
    loaded = None
    if articles:
        on_step("classifying")
        loaded = chosen_model(model, codebook, task="stance", named=named)
        for done in classify(prepare(reader, repair=repair, on_notice=tell), loaded, codebook):
            if done.article.id in home:
                raise DataError(
                    f"{home[done.article.id]}: article {done.article.id!r} stands among the "
                    f"articles too. {elsewhere}"
                )
            units += done.units
            repairs[done.article.id] = done.article.mended
            titles[done.article.id] = done.article.title
            if done.article.source is None and in_tables:
                where = ", ".join(map(str, articles))
                raise DataError(f"{where}: article {done.article.id!r} has no outlet. {column}")
            on_article()
    if not repairs:
        raise DataError("nothing to compare: no article was read")
    firsts = [next(iter(unit.predictions.values())) for unit in units]
    names = labelers([first.model for first in firsts])
    found = [find_card(name, [Path(model)]) for name in names]
    facts = model_facts(names[0], found[0])
    if len(names) > 1:  # of several models no one's errors are known
        unknown = tuple(
            name for name, card in zip(names, found, strict=True) if not card and name != GIVEN
        )
        facts = replace(model_facts(labelers_said(names), None), unknown=unknown)
    return _Material(
        units=units,
        corpus=corpus_facts(units, repairs, reader.n_failed),
        model=facts,
        titles=titles,
        trained_on=tuple(sha256 for card in found if card for sha256 in card.trained_on),
        loaded=loaded,
        finish=reader.finish,
    )
