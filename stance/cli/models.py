"""`stance train` and `stance evaluate`: make a model, and see how good it is."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    CodebookName,
    Json,
    LabelsFile,
    Register,
    Seed,
    SeedPaths,
    labeled_units,
    progress,
    tell,
)

train = typer.Typer(help="Train a model on articles with settled labels.", no_args_is_help=True)


@train.callback()
def _train() -> None:
    """Keep `train` a group while it has one command."""


@train.command("baseline")
def train_baseline(
    paths: SeedPaths = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The model's folder; its name is the model's.")
    ] = Path("models/my-baseline"),
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    seed: Seed = 7,
) -> None:
    """Train TF-IDF with logistic regression, measured on held-out articles and outlets.

    Example: stance train baseline seeds/articles -o models/my-baseline
    """
    from stance.classifiers.baseline import BaselineRecipe
    from stance.classifiers.storage import make_model_folder
    from stance.codebook import read_codebook
    from stance.engine.train import train_baseline as run

    book = read_codebook(codebook)
    examples, reader = labeled_units(paths, labels, register, book)
    make_model_folder(output)  # a wrong -o shows now, not after the training
    with progress("training") as shown:
        model = run(
            examples,
            book,
            output,
            recipe=BaselineRecipe(seed=seed),
            on_step=lambda step: shown.update(shown.task_ids[0], description=step, advance=1),
        )
    for held_out, tasks in model.card.held_out.items():
        for task, scores in tasks.items():
            m = scores["macro_f1"]
            interval = "" if m["low"] is None else f" [{m['low']:.2f}, {m['high']:.2f}]"
            sys.stdout.write(
                f"macro-F1 {m['value']:.2f}{interval} n={m['n_units']} task={task} "
                f"model={model.reference} labels={model.card.data_sha256[:8]} "
                f"held-out={held_out} seed={seed}\n"
            )
    own = "" if codebook == DEFAULT_CODEBOOK else f" --codebook {codebook}"
    tell(f"wrote {output}; classify with: stance classify PATH --model {output}{own}")
    reader.finish()


def evaluate(
    model: Annotated[str, typer.Argument(help="A shipped model's name, or its folder.")],
    paths: SeedPaths = None,
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    seed: Seed = 7,
    json: Json = False,
) -> None:
    """Score a model on units with settled labels, beside a majority and a lexicon.

    Articles that the model learned from are held out, by article and by outlet; others are new.

    Example: stance evaluate baseline
    """
    from stance.classifiers.storage import data_digest, load_model
    from stance.codebook import read_codebook
    from stance.evaluation.protocol import evaluate as run
    from stance.report.machine import to_json
    from stance.report.terminal import console, print_evaluations

    book = read_codebook(codebook)
    loaded = load_model(model, book)
    examples, reader = labeled_units(paths, labels, register, book)
    with progress("evaluating"):
        evaluations = run(examples, loaded, book, seed=seed)
    if json:
        sys.stdout.write(to_json(evaluations))
    else:
        footer = (
            f"model={loaded.reference} labels={data_digest(examples)[:8]} "
            f"codebook={book.reference} seed={seed}; intervals: 95%, article bootstrap"
        )
        print_evaluations(console(), evaluations, footer=footer)
    reader.finish()
