"""`stance train` and `stance export`: make a model of each rung."""

import shlex
import sys
import time
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.common import (
    DEFAULT_CODEBOOK,
    CodebookName,
    Device,
    LabelsFile,
    Reader,
    Register,
    Seed,
    SeedPaths,
    SplitFile,
    labeled_units,
    progress,
    tell,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from stance.classifiers.base import Progress
    from stance.classifiers.storage import Storable
    from stance.codebook import Codebook
    from stance.engine.train import HoldOut
    from stance.records import LabeledUnit

TELL_SECONDS = 60.0  # between lines on a training, where no terminal shows a bar

train = typer.Typer(help="Train a model on articles with settled labels.", no_args_is_help=True)

Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        callback=lambda path: path if path.name else path.resolve(),  # "." is no name
        help="The model's folder; its name is the model's.",
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base", help="The encoder: a folder (./NAME), or its name on the Hugging Face hub."
    ),
]
Licence = Annotated[
    str | None,
    typer.Option("--licence", help="Of the model, as its card is to state it."),
]


class HeldOut(StrEnum):
    """By what the folds of a transformer hold out."""

    OUTLET = "outlet"
    ARTICLE = "article"


@train.command("baseline")
def train_baseline(
    paths: SeedPaths = None,
    output: Output = Path("models/my-baseline"),
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    split: SplitFile = None,
    licence: Licence = None,
    seed: Seed = 7,
) -> None:
    """Train TF-IDF with logistic regression.

    It is measured on held-out articles and outlets.

    Example: stance train baseline --codebook congestion-charge -o models/charge
    """
    from stance.classifiers.base import codebook_classes
    from stance.classifiers.baseline import Baseline, BaselineRecipe
    from stance.codebook import read_codebook
    from stance.evaluation.splits import Part

    book = read_codebook(codebook)
    examples, reader = labeled_units(paths, labels, register, book, split=split, part=Part.TRAIN)
    classifier = Baseline(codebook_classes(book), BaselineRecipe(seed=seed))
    words = ("baseline", examples, output, book, codebook, seed)
    _train(lambda show, say: classifier, *words, licence=licence)
    reader.finish()


@train.command("embedding")
def train_embedding(
    paths: SeedPaths = None,
    output: Output = Path("models/my-embedding"),
    base: Base = None,
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    split: SplitFile = None,
    licence: Licence = None,
    few_shot: Annotated[
        bool,
        typer.Option(
            "--few-shot",
            help="For fewer than 200 labeled units: first the encoder learns, from pairs of them, "
            "which have the same label. It is saved with the model.",
        ),
    ] = False,
    device: Device = "auto",
    seed: Seed = 7,
) -> None:
    """Train logistic regression on a frozen encoder's vectors.

    It is measured as the baseline is.

    Needs the extra `torch`. The encoder stays as it is: this takes a minute or two. With --few-shot
    it learns, so that each fold costs a minute: three folds of whole outlets measure it.

    Example: stance train embedding --codebook congestion-charge -o models/charge-embedding
    """
    from dataclasses import replace

    from stance.classifiers.ladder import need_torch

    need_torch()
    from stance.classifiers.base import codebook_classes
    from stance.classifiers.embedding import Embedding, EmbeddingRecipe, few_shot_recipe
    from stance.codebook import read_codebook
    from stance.engine.train import FEW_FOLDS
    from stance.evaluation.splits import Part

    book = read_codebook(codebook)
    examples, reader = labeled_units(paths, labels, register, book, split=split, part=Part.TRAIN)
    recipe = few_shot_recipe() if few_shot else EmbeddingRecipe()
    recipe = replace(recipe, seed=seed, base=base or recipe.base)
    _refuse_base(recipe.base, output, examples)
    classifier = Embedding(codebook_classes(book), book.target, recipe, device=device)
    kind, plans = ("few-shot", (FEW_FOLDS,)) if few_shot else ("embedding", None)
    words = (kind, examples, output, book, codebook, seed, plans)
    _train(lambda show, say: classifier, *words, origins=[Path(recipe.base)], licence=licence)
    if few_shot:
        size = sum(path.stat().st_size for path in output.iterdir()) / 1e6
        tell(f"{output} holds an encoder of its own: {size:.0f} MB")
    reader.finish()


@train.command("transformer")
def train_transformer(
    paths: SeedPaths = None,
    output: Output = Path("models/my-transformer"),
    recipe: Annotated[
        str, typer.Option("--recipe", help="A shipped recipe's name, or a .toml file.")
    ] = "minilm",
    base: Base = None,
    epochs: Annotated[
        float | None, typer.Option("--epochs", min=0.01, help="In place of the recipe's.")
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option("--also", help="Labeled units in no article, learned from beside (jsonl)."),
    ] = None,
    other: Annotated[
        list[str] | None,
        typer.Option("--other", help="A codebook on another target, learned from beside."),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--search",
            min=2,
            help="Try so many draws of the recipe's ranges first (--epochs stays as given), by "
            "held-out stance, and train by the best. OUTPUT.trials.jsonl keeps them: the search "
            "can be stopped and goes on.",
        ),
    ] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher",
            help="A larger model whose probabilities are learned too. Repeatable: several teach "
            "the mean of what they say.",
        ),
    ] = None,
    unlabeled: Annotated[
        list[Path] | None,
        typer.Option("--unlabeled", help="Articles that only the teachers judge."),
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option(
            "--tasks",
            help="Learn this task alone, to see what the others teach it: compare the two models "
            "with `evaluate --against`. Repeatable.",
        ),
    ] = None,
    hold_out_by: Annotated[
        HeldOut,
        typer.Option(
            "--hold-out-by",
            help="What its folds, and those of --search, hold out. Whole outlets say what it is "
            "worth on an outlet that it never saw; articles suit a corpus of few outlets.",
        ),
    ] = HeldOut.OUTLET,
    labels: LabelsFile = None,
    codebook: CodebookName = DEFAULT_CODEBOOK,
    register: Register = None,
    split: SplitFile = None,
    licence: Licence = None,
    device: Device = "auto",
    seed: Seed = 7,
) -> None:
    """Fine-tune an encoder.

    It is measured on outlets, or articles, held out in a few folds.

    Needs the extra `torch`. A training that was stopped goes on from its last minute when the same
    command is given again; what it keeps for that stands in OUTPUT.training until it is done.

    Example: stance train transformer --codebook congestion-charge --epochs 0.1 -o models/charge-t
    """
    from dataclasses import replace

    from stance.classifiers.base import codebook_classes, neutral_stance
    from stance.classifiers.cards import TRIALS
    from stance.classifiers.ladder import need_torch
    from stance.classifiers.learned import learned_by
    from stance.classifiers.recipes import TransformerRecipe, read_choices, read_recipe
    from stance.classifiers.storage import load_model
    from stance.corpus.prepare import prepare
    from stance.engine.distil import taught, unlabeled_lessons
    from stance.engine.search import search

    need_torch()
    from stance.classifiers.fine_tuning import drop_checkpoints
    from stance.classifiers.transformer import Transformer
    from stance.codebook import read_codebook
    from stance.engine.train import HoldOut
    from stance.evaluation.splits import Part

    book = read_codebook(codebook)
    given = {"base": base, "epochs": epochs}
    given = {name: value for name, value in given.items() if value is not None}
    numbers = read_recipe(recipe, seed=seed, **given)
    workspace = output.with_name(f"{output.name}.training")
    if unlabeled and not teacher:
        raise typer.BadParameter("--unlabeled goes with --teacher")
    choices = read_choices(recipe) if trials else {}
    choices = {name: choice for name, choice in choices.items() if name not in given}
    if trials and not choices:
        raise typer.BadParameter("--search: --epochs leaves the recipe nothing to try")
    wanted = [book.task(name).name for name in tasks or []]  # an unknown one is told
    classes = {t: c for t, c in codebook_classes(book).items() if not wanted or t in wanted}
    if trials and "stance" not in classes:
        raise typer.BadParameter("--search goes by stance: --tasks leaves it out")
    examples, reader = labeled_units(paths, labels, register, book, split=split, part=Part.TRAIN)
    _refuse_base(numbers.base, output, examples)
    beside = _lessons_beside(also or [], other or [], book)
    teachers = [load_model(name, book, device=device) for name in dict.fromkeys(teacher or [])]
    if teachers:
        examples = taught(examples, teachers)
        more = Reader(unlabeled or [])
        beside += unlabeled_lessons(prepare(more), teachers)
        reader.n_failed += more.n_failed  # told at the end, with those of the labeled ones

    def new(show: "Callable[[Progress], None]", say: "Callable[[str], None]") -> Transformer:
        def by(numbers: TransformerRecipe) -> Transformer:
            return Transformer(
                classes,
                book.target,
                numbers,
                device=device,
                workspace=workspace,
                also=beside,
                neutral=neutral_stance(book),
                on_progress=show,
            )

        best = numbers
        if trials:
            log = output.with_name(f"{output.name}.trials.jsonl")
            found = search(
                *(by, numbers, choices, examples, book, log),
                n_trials=trials,
                by=hold_out_by.value,
                on_step=say,
            )
            for trial in found:
                say(f"trial {trial.number}: {trial.macro_f1:.3f} {dict(trial.changes) or 'as is'}")
            best = replace(numbers, **found[0].changes)  # type: ignore[arg-type]
        return by(best)

    plans = [HoldOut(by=hold_out_by.value, n_folds=numbers.n_folds)]
    remarks: dict[str, object] = {TRIALS: trials} if trials else {}
    homes = [master.folder for master in teachers]
    known = learned_by(*homes).known(examples)
    if teachers:
        remarks["taught by"] = " and ".join(master.reference for master in teachers)
        remarks["articles here that its teachers learned from"] = len(known)
    words = ("transformer", examples, output, book, codebook, seed, plans, remarks)
    _train(new, *words, origins=[Path(numbers.base), *homes], licence=licence)
    if known:
        tell(
            f"its teachers had learned from {len(known)} of these articles, so that the scores may "
            "be a little high: `stance evaluate` on articles new to all says what it is worth"
        )
    if trials:
        tell(
            f"the scores are those of the luckiest of {trials} trials: `stance evaluate` on "
            "articles that took no part says what the model is worth"
        )
    drop_checkpoints(workspace)
    reader.finish()


def export(
    model: Annotated[str, typer.Argument(help="A transformer's folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The exported model's folder.")],
    codebook: CodebookName = DEFAULT_CODEBOOK,
    full: Annotated[
        bool, typer.Option("--full", help="Keep 32-bit weights: four times as large.")
    ] = False,
) -> None:
    """Write a transformer as ONNX, for machines without torch.

    Weights are kept in 8 bits; `stance evaluate` says what that costs.

    Example: stance export models/charge-t --codebook congestion-charge -o models/charge-small
    """
    from stance.classifiers.ladder import need_torch
    from stance.classifiers.storage import load_model
    from stance.codebook import read_codebook
    from stance.engine.train import export_model

    need_torch()
    book = read_codebook(codebook)
    exported = export_model(load_model(model, book, device="cpu"), output, book, quantize=not full)
    size = sum(path.stat().st_size for path in output.iterdir()) / 1e6
    tell(f"wrote {output} ({size:.1f} MB): {exported.reference}")


def _train(
    new: "Callable[[Callable[[Progress], None], Callable[[str], None]], Storable]",
    kind: str,
    examples: "list[LabeledUnit]",
    output: Path,
    book: "Codebook",
    codebook: str,
    seed: int,
    plans: "Sequence[HoldOut] | None" = None,
    remarks: "Mapping[str, object] | None" = None,
    origins: "Sequence[Path]" = (),
    licence: str | None = None,
) -> None:
    """Train and say how good it is.

    `new` is given where to tell of steps and of folds; `codebook` is how the user named the book;
    origins are the folders of a base and of teachers.
    """
    from stance.classifiers.learned import learned_by
    from stance.engine.train import BY_ARTICLE, BY_OUTLET, train_model

    with _model_folder(output), progress("training") as shown:
        task = shown.task_ids[0]

        told = time.monotonic()

        def show(now: "Progress") -> None:
            nonlocal told
            words = f"loss {now.loss:.3f}, {now.seconds_left / 60:.0f} min of this fit left"
            shown.update(task, description=words, completed=now.step, total=now.n_steps)
            if shown.disable and time.monotonic() - told >= TELL_SECONDS:
                told = time.monotonic()
                tell(f"step {now.step} of {now.n_steps}, {words}")

        def say(step: str) -> None:
            shown.update(task, description=step)
            if kind == "transformer":
                tell(step)  # minutes lie between two of these: worth a line each

        model = train_model(
            new(show, say),
            examples,
            book,
            output,
            kind=kind,
            seed=seed,
            plans=plans or (BY_ARTICLE, BY_OUTLET),
            remarks=remarks,
            licence=licence,
            inherited=learned_by(*origins),
            on_step=say,
        )
    for by, tasks in model.card.held_out.items():
        for name, scores in tasks.items():
            m = scores["macro_f1"]
            interval = "" if m["low"] is None else f" [{m['low']:.2f}, {m['high']:.2f}]"
            sys.stdout.write(
                f"macro-F1 {m['value']:.2f}{interval} n={m['n_units']} task={name} "
                f"model={model.reference} labels={model.card.data_sha256[:8]} "
                f"held-out={by} seed={seed}\n"
            )
    own = [] if codebook == DEFAULT_CODEBOOK else ["--codebook", codebook]
    words = ["stance", "classify", "PATH", "--model", str(output), *own]
    tell(f"wrote {output}; classify with: {shlex.join(words)}")


@contextmanager
def _model_folder(output: Path) -> "Iterator[None]":
    """Make a model's folder first: a wrong one shows now, not after the training.

    Where the training fails, it leaves no empty folder.
    """
    from stance.classifiers.storage import make_model_folder

    new = [folder for folder in (output, *output.parents) if not folder.exists()]
    make_model_folder(output)
    try:
        yield
    except BaseException:
        for folder in new:
            with suppress(OSError):  # it holds something
                folder.rmdir()
        raise


def _refuse_base(base: str, output: Path, examples: "Sequence[LabeledUnit]") -> None:
    """Raise if an encoder would be lost, or has learned from what it is to be measured on.

    Raises
    ------
    ModelError
        If it stands where the model is to be written, or is a model that learned from an article
        here.
    """
    from stance.classifiers.learned import learned_by
    from stance.errors import ModelError

    folder = Path(base)
    if folder.is_dir() and folder.resolve() == output.resolve():
        raise ModelError(f"{output}: the encoder itself would be lost: give another --output")
    known = learned_by(folder).known(examples)
    if known:
        raise ModelError(
            f"{base}: learned from {len(known)} of these articles, so that no score on them would "
            "be held out: give another --base, or --split to leave them out"
        )


def _lessons_beside(
    files: "Sequence[Path]", codebooks: "Sequence[str]", book: "Codebook"
) -> "list[LabeledUnit]":
    """Return labeled units that stand in no article, and those on other targets."""
    from stance.codebook import read_codebook
    from stance.evaluation.behaviour import as_examples, read_behaviour
    from stance.labeling.join import for_codebook

    lessons = [e for file in files for e in as_examples(read_behaviour(file, book))]
    for name in codebooks:
        other = read_codebook(name)
        examples, _ = labeled_units(None, None, None, other)
        lessons += for_codebook(examples, other, book)
    return lessons
