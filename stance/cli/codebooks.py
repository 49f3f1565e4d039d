"""`stance codebook`: check a codebook file, or start one for another target."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from stance.terminal_text import printable

app = typer.Typer(help="Check a codebook, or start one for another target.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A .toml file, or a shipped codebook's name.")],
) -> None:
    """Check a codebook file and print what it holds.

    Example: stance codebook check labels/h200-access.toml
    """
    from stance.codebook import read_codebook
    from stance.labeling.cues import codebook_cues

    book = read_codebook(file)
    codebook_cues(book)  # a cue that is none is told here, not when somebody wants to label
    sys.stdout.write(printable(f"{book.reference}: {book.target}") + "\n")
    for task in book.tasks:
        rules = f", {len(task.rules)} rules" if task.rules else ""
        sys.stdout.write(printable(f"  {task.name}: {', '.join(task.classes)}{rules}") + "\n")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The codebook's name, such as congestion-charge.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; NAME.toml if not given.")
    ] = None,
) -> None:
    """Write a commented codebook template for another target.

    Example: stance codebook new congestion-charge
    """
    from stance.codebook import new_codebook

    path = output or Path(f"{name}.toml")
    new_codebook(name, path)
    sys.stdout.write(f"wrote {path}: fill it in, then: stance codebook check {path}\n")
