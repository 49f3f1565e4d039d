"""The commands: parse, call the library, print. Nothing imports this room.

Heavy libraries are imported inside the commands that use them, so that `--help` answers at once.
"""

import os
import sys

import typer

from stance.cli import articles, codebooks, comparing, labels, models
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
app.add_typer(models.train, name="train")
app.add_typer(labels.app, name="label")
app.add_typer(codebooks.app, name="codebook")


def main() -> None:
    """Run a command; what we know to be wrong with the input is one line and exit code 1."""
    try:
        app()
    except StanceError as error:
        sys.stderr.write(f"stance: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("stance: stopped\n")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more on closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
