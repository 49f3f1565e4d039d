"""`stance benchmark`: public data sets, scored as their authors score them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.common import Device, Json, Seed, progress

if TYPE_CHECKING:
    from stance.classifiers.base import Progress


def benchmark(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A set: see --list.")] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="The set's folder, or the one that holds it. None is shipped."),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="A rung: majority, lexicon, baseline, embedding, few-shot or transformer; "
            "repeatable. A majority is always shown beside.",
        ),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe", help="Of embedding, few-shot and transformer: a name, or a .toml file."
        ),
    ] = "minilm",
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            help="A folder that keeps what the transformer learns, each fit a copy of its base: a "
            "run that is stopped goes on from there.",
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Say which sets there are.")] = False,
    device: Device = "auto",
    seed: Seed = 7,
    json: Json = False,
) -> None:
    """Train and score on a public data set, beside published scores.

    The data are divided and scored as their authors do.

    You give the data: docs/benchmarks.md says where each set is to be had, and under what terms.
    Then: stance benchmark gwsd --data FOLDER --model baseline

    Example: stance benchmark --list
    """
    from functools import partial

    from stance.classifiers.ladder import Rung, new_classifier
    from stance.evaluation.benchmarks.run import list_benchmarks, run_benchmark
    from stance.evaluation.benchmarks.sets import benchmark_set
    from stance.report.benchmark_table import print_benchmark, print_listing
    from stance.report.machine import to_json
    from stance.report.terminal import console

    if listed:
        if name or data or models or workspace:
            raise typer.BadParameter("--list stands alone, or with --json")
        listings = list_benchmarks()
        if json:
            sys.stdout.write(to_json(listings))
        else:
            print_listing(console(), listings)
        return
    if name is None or data is None:
        raise typer.BadParameter("give the NAME of a set and --data; --list says which there are")
    try:
        rungs = [Rung(model) for model in models or ("baseline",)]
    except ValueError:
        raise typer.BadParameter(f"--model is one of: {', '.join(Rung)}") from None
    chosen = benchmark_set(name)
    with progress(f"reading {name}") as shown:
        task = shown.task_ids[0]

        def show(now: "Progress") -> None:
            words = f"loss {now.loss:.3f}, {now.seconds_left / 60:.0f} min of this fit left"
            shown.update(task, description=words, completed=now.step, total=now.n_steps)

        new = partial(
            new_classifier,
            seed=seed,
            recipe=recipe,
            device=device,
            workspace=workspace,
            on_progress=show,
        )
        result = run_benchmark(
            chosen,
            data,
            rungs,
            new,
            seed=seed,
            recipe=recipe,
            on_step=lambda step: shown.update(task, description=step),
        )
    if json:
        sys.stdout.write(to_json(result))
    else:
        print_benchmark(console(), result)
