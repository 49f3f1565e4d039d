"""`stance split` and `stance classify`: articles to units, units to labels."""

import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    DEFAULT_MODEL,
    Abstain,
    CodebookName,
    Device,
    ModelName,
    NoRepair,
    Paths,
    Reader,
    Register,
    chosen_model,
    codebook_file,
    keep_inputs,
    progress,
    tell,
    tell_model,
    tell_repaired,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Format(StrEnum):
    """How classified units are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="A file; standard output if not given.")
]


def split(
    paths: Paths,
    output: Output = None,
    register: Register = None,
    no_repair: NoRepair = False,
) -> None:
    """Split articles into units, a JSON line each.

    Units are sentences, headings, list items and pull quotes. start and end are code points
    into the article as it came, also where the text was repaired.

    Example: stance split seeds/articles/wafer-1.txt
    """
    from stance.corpus.prepare import prepare
    from stance.report.machine import json_lines, unit_row

    keep_inputs([output], [*paths, register])
    reader = Reader(paths, register)
    n_repaired = 0
    with progress("splitting") as shown, _opened(output) as file:
        for article, units in prepare(reader, repair=not no_repair, on_notice=tell):
            rows = ({"unit_id": u.id, "sha256": article.sha256} | unit_row(u) for u in units)
            file.writelines(json_lines(rows))
            n_repaired += bool(article.mended)
            shown.advance(shown.task_ids[0])
    if output and output != Path("-"):
        tell(f"wrote {output}")
    tell_repaired(n_repaired)
    reader.finish()


def classify(
    paths: Paths,
    model: ModelName = DEFAULT_MODEL,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Each has a row a unit: place, text, labels, probabilities, model. CSV is made "
            "safe for spreadsheets. If not given, as the file's name ends; else jsonl.",
        ),
    ] = None,
    output: Output = None,
    register: Register = None,
    no_repair: NoRepair = False,
    abstain: Abstain = None,
    device: Device = "auto",
) -> None:
    """Label every unit of new articles, with probabilities.

    Units come in the order of the input.

    Example: stance classify seeds/articles/wafer-1.txt --format csv
    """
    from stance.codebook import read_codebook
    from stance.corpus.prepare import prepare
    from stance.engine.classify import classify as classify_articles
    from stance.report.machine import row_of, table_writer

    form = _format(format, output)
    keep_inputs([output], [*paths, register, codebook_file(codebook)])
    book = read_codebook(codebook)
    loaded = chosen_model(model, book, device=device, named=codebook)
    reader = Reader(paths, register)
    unknown: list[str] = []
    n_repaired = 0
    with (
        progress("classifying") as shown,
        _opened(output, binary=form is Format.PARQUET) as file,
        table_writer(file, form.value, book) as write,
    ):
        for done in classify_articles(
            prepare(reader, repair=not no_repair, on_notice=tell), loaded, book, alpha=abstain
        ):
            if done.article.source is None:
                unknown.append(done.article.id)
            write([row_of(unit, book) for unit in done.units])
            n_repaired += bool(done.article.mended)
            shown.advance(shown.task_ids[0])
    if output and output != Path("-"):
        tell(f"wrote {output} as {form}")
    tell_model(model, loaded)
    tell_repaired(n_repaired)
    if unknown:
        tell(
            f"the outlet of {len(unknown)} article(s) is unknown, {unknown[0]} first; "
            "`stance compare` will want it"
        )
    reader.finish()


def _format(format: Format | None, output: Path | None) -> Format:
    """Return the format asked for, or that which the name of the output tells."""
    ending = output.suffix.lower().removeprefix(".") if output else ""
    named = Format(ending) if ending in list(Format) else None
    if format and named and format is not named:
        raise typer.BadParameter(
            f"--format {format} would write {format} into {output}: name the file *.{format}, or "
            "leave --format out"
        )
    return format or named or Format.JSONL


@contextmanager
def _opened(path: Path | None, *, binary: bool = False) -> "Iterator[IO[Any]]":
    """Open the output: a file that takes its name when all is done, or standard output."""
    from stance.files import writing

    if path in (None, Path("-")):
        yield sys.stdout.buffer if binary else sys.stdout
    else:
        with writing(path, binary=binary) as file:
            yield file
