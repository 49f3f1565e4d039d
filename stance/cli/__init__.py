"""The commands: parse, call the library, print. Nothing imports this room.

Heavy libraries are imported inside the commands that use them, so that `--help` answers at once.
"""

import io
import os
import sys
from typing import Annotated

import typer

from stance.cli import (
    articles,
    benchmarking,
    codebooks,
    comparing,
    exchange,
    labeling,
    labels,
    models,
    serving,
    training,
)
from stance.cli.common import tell
from stance.errors import StanceError

app = typer.Typer(
    name="stance",
    help="Stance and sentiment of news, sentence by sentence, and how far outlets agree.\n\n"
    "Start with: stance compare FOLDER -o report.html",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(articles.split)
app.command()(articles.classify)
app.command()(comparing.compare)
app.command()(models.evaluate)
app.command("hold-out")(models.hold_out)
app.add_typer(training.train, name="train")
app.command()(training.export)
app.command()(benchmarking.benchmark)
labeling.register_commands(labels.app)
exchange.register_commands(labels.app)
app.add_typer(labels.app, name="label")
app.command()(serving.serve)
app.add_typer(codebooks.app, name="codebook")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"stance {version('stance')}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Hold the options that belong to no command."""


def main() -> None:
    """Run a command; what we know to be wrong with the input is one line and exit code 1."""
    # Our data is UTF-8, whatever the terminal's encoding; what we say can always be written.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here its failure can still be told
    except StanceError as error:
        tell(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        tell("stopped")
        sys.exit(130)
    except OSError as error:
        # A closed pipe is no fault: whoever read our output has seen enough.
        if not isinstance(error, BrokenPipeError):
            place = f"{error.filename}: " if error.filename else ""
            tell(f"{place}{error.strerror or error}")
        # What still waits to be written would fail once more on closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
