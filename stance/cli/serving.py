"""`stance serve`: the local pages and the HTTP API."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    DEFAULT_MODEL,
    CodebookName,
    Device,
    ModelName,
    Reader,
    Register,
    Seed,
    as_named,
    chosen_model,
    kept_token,
    tell,
    tell_model,
)

if TYPE_CHECKING:
    from stance.classifiers.storage import Model
    from stance.codebook import Codebook
    from stance.comparison.result import Comparison
    from stance.records import Article, ClassifiedUnit
    from stance.web.safety import Address, Guard
    from stance.web.work import Work

DEFAULT_PORT = 8480


def serve(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH...]", help="Articles to label, where --labels is given."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", help="Your labels: the labelling page is served too, for PATH's articles."
        ),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    device: Device = "auto",
    register: Register = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = DEFAULT_PORT,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            help="Keep the address's secret here, so that it is the same next time; a new one at "
            "each start if not given.",
        ),
    ] = None,
    seed: Seed = 7,
) -> None:
    """Open the local pages, and the HTTP API.

    Read an article by stance, compare outlets, open a report.

    The same address answers programs: POST /api/classify and /api/compare, described in
    /api/openapi.json. It is for this machine only, and nothing leaves it.

    Example: stance serve
    """
    from stance.codebook import read_codebook
    from stance.errors import StanceError

    try:
        from stance.web.safety import new_token
        from stance.web.server import serve as run
        from stance.web.serving import serving_app
    except ModuleNotFoundError as error:
        raise StanceError(
            f'the pages need {error.name}: pip install "stance[web]", or make setup-dev'
        ) from None
    if (labels is None) != (not paths):
        raise StanceError(
            "the labelling page needs articles and a folder for labels: give PATH and --labels, "
            "or neither"
        )
    book = read_codebook(codebook)
    loaded = chosen_model(model, book, device=device, named=codebook)
    named = as_named([Path("PATH")], codebook, None, model)
    work = work_of(loaded, book, paths=named, seed=seed)
    labeling = labeling_page(paths, labels, book, register, seed) if paths and labels else None
    os.environ["STANCE_OFFLINE"] = "1"  # no encoder is fetched while somebody waits

    def ready(address: "Address") -> None:
        tell_model(model, loaded)
        tell(f"read and compare at {address.url} (Ctrl+C stops)")

    run(
        lambda address: serving_app(
            work,
            book,
            address=address,
            labeling=labeling(address.port) if labeling else None,
            on_trouble=tell,
        ),
        token=kept_token(token_file) if token_file else new_token(),
        port=port,
        on_ready=ready,
    )


def work_of(
    model: "Model", codebook: "Codebook", *, paths: Sequence[str] = ("PATH",), seed: int = 7
) -> "Work":
    """Return what pages and API do: the calls of `classify` and `compare`, over one model.

    Parameters
    ----------
    paths
        What names the articles, the codebook and the model in a command that a report advises.
    """
    from stance.corpus.prepare import prepare
    from stance.engine.classify import classify
    from stance.report.machine import row_of
    from stance.report.page import render_page
    from stance.web.work import Work

    return Work(
        model=model.reference,
        prepare=lambda articles: list(prepare(articles)),
        classify=lambda article, units, abstain: [
            unit
            for done in classify([(article, list(units))], model, codebook, alpha=abstain)
            for unit in done.units
        ],
        row=lambda unit: row_of(unit, codebook),
        compare=lambda articles, units, n_failed: comparison_of(
            articles, units, n_failed, model=model, codebook=codebook, paths=paths, seed=seed
        ),
        page=lambda comparison: render_page(comparison, codebook, command="stance serve"),
    )


def comparison_of(
    articles: "Sequence[Article]",
    units: "Sequence[ClassifiedUnit]",
    n_failed: int,
    *,
    model: "Model",
    codebook: "Codebook",
    paths: Sequence[str],
    seed: int,
) -> "Comparison":
    """Return the comparison of classified units, as `stance compare` makes it.

    Parameters
    ----------
    n_failed
        How many files or rows could not be read.
    paths
        As for `work_of`.
    """
    from stance.cli.common import settled_labels
    from stance.comparison.compare import Settings, compare, corpus_facts, model_facts
    from stance.labeling.join import labels_of_units

    settled = labels_of_units(units, settled_labels(None, codebook))
    comparison = compare(
        units,
        codebook,
        Settings(paths=tuple(paths), seed=seed),
        corpus=corpus_facts(units, {a.id: a.mended for a in articles}, n_failed),
        model=model_facts(model.reference, model.card),
        titles={article.id: article.title for article in articles},
        settled=settled,
    )
    if comparison.alignment.vectors == "words":
        remedy = (
            "The server fetches no encoder. To have claims matched by meaning, run `stance "
            "compare` once, which does."
        )
        comparison = replace(comparison, caveats=(*comparison.caveats, remedy))
    return comparison


def labeling_page(
    paths: list[Path], folder: Path, codebook: "Codebook", register: Path | None, seed: int
) -> "Callable[[int], Guard]":
    """Return what makes the page of `stance label serve` for a port, under its own token."""
    # The same queue and token as that command's, so that people go on where they were.
    from stance.cli.common import articles_only
    from stance.cli.labeling import PAGE_TOKEN, log_of, queue_of
    from stance.web.labeling import labeling_app
    from stance.web.safety import Address

    articles_only(paths, codebook)
    queue = queue_of(Reader(paths, register), folder, None, codebook, seed)
    log = log_of(folder, codebook)
    token = kept_token(folder / PAGE_TOKEN)
    return lambda port: labeling_app(
        log, queue, codebook, address=Address(port=port, token=token), on_trouble=tell
    )
