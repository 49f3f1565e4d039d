"""Options that several commands share, and reading articles with failures told, not thrown."""

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stance.codebook import DEFAULT_CODEBOOK
from stance.resources import data_folder
from stance.terminal_text import printable

if TYPE_CHECKING:
    from rich.progress import Progress

    from stance.classifiers.storage import Model
    from stance.codebook import Codebook
    from stance.corpus.finding import ReadFailure
    from stance.evaluation.splits import Part
    from stance.records import Article, Label, LabeledUnit


class Copies(StrEnum):
    """How articles that are copies of each other count."""

    ONCE = "once"
    PRINTED = "printed"


Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="Articles: files (txt, md), folders, tables (jsonl, json, csv, tsv, parquet), or -.",
    ),
]
SeedPaths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH...]", help="Labeled articles; the seed articles if not given."),
]
CodebookName = Annotated[
    str, typer.Option("--codebook", help="A shipped codebook's name, or a .toml file.")
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model", help="A shipped model's name, a folder, or best: the best that can run here."
    ),
]


def abstaining(words: str) -> Any:  # noqa: ANN401  typer's own class
    """Return the option of a level of abstaining."""
    return typer.Option("--abstain", min=0.005, max=0.5, help=words)


Abstain = Annotated[
    float | None,
    abstaining(
        "Mark units whose stance stays open: 0.1 keeps the true label among those not ruled out "
        "for 9 in 10 units of each label."
    ),
]
Device = Annotated[
    str, typer.Option("--device", help="For torch: auto, cpu, cuda or mps; auto is the fastest.")
]
LabelsFile = Annotated[
    Path | None,
    typer.Option("--labels", help="Settled labels (jsonl); the shipped ones if not given."),
]
Register = Annotated[
    Path | None,
    typer.Option(
        "--register", help="A CSV that names outlets: file or sha256, source, title, date, url."
    ),
]
NoRepair = Annotated[
    bool, typer.Option("--no-repair", help="Take broken text as it is (a ? for every period).")
]
SplitFile = Annotated[
    Path | None,
    typer.Option(
        "--split",
        help="A split made by `stance hold-out`: train learns from its training part, evaluate "
        "scores its held-out part.",
    ),
]
CountedCopies = Annotated[
    Copies,
    typer.Option(
        "--copies", help="Of articles that are copies of each other: count the first, or all."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="For everything drawn at random.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]

DEFAULT_MODEL = "best"
__all__ = ["DEFAULT_CODEBOOK", "DEFAULT_MODEL"]


def tell(words: str) -> None:
    """Say something on standard error."""
    sys.stderr.write(f"stance: {printable(words)}\n")


def tell_repaired(n_articles: int) -> None:
    """Say how many articles were repaired, if any: their units read otherwise than they came."""
    if n_articles:
        tell(
            f"damaged characters were repaired by rule in {n_articles} article(s); --no-repair "
            "takes them as they are"
        )


class Reader:
    """Reads articles; a file that cannot be read is told, counted and passed over."""

    def __init__(self, paths: Sequence[Path], register: Path | None = None) -> None:
        self.n_failed = 0
        self._paths, self._register = paths, register

    def __iter__(self) -> "Iterator[Article]":
        """Yield the articles that can be read."""
        from stance.corpus.reading import read_articles

        return read_articles(
            self._paths, register=self._register, on_failure=self._failed, on_notice=tell
        )

    def _failed(self, failure: "ReadFailure") -> None:
        self.n_failed += 1
        tell(f"{failure.path}: {failure.message}")

    def finish(self) -> None:
        """End with exit code 1 if anything could not be read; the rest has been done."""
        if self.n_failed:
            tell(f"{self.n_failed} file(s) or row(s) could not be read; the rest is done")
            raise typer.Exit(1)


def articles_only(paths: Sequence[Path], codebook: "Codebook") -> None:
    """Refuse tables of labeled units, whose rows are no articles.

    Raises
    ------
    DataError
        At the first such table.
    """
    from stance.engine.classified import is_classified
    from stance.errors import DataError

    for path in paths:
        if is_classified(path, codebook):
            raise DataError(
                f"{path}: a table of labeled units, whose rows are sentences: give the articles "
                "themselves"
            )


def codebook_file(name: str) -> Path | None:
    """Return the file of a codebook, None where a shipped one is named."""
    return Path(name) if Path(name).suffix == ".toml" else None


def label_files(folder: Path) -> list[Path]:
    """Return the files of a label folder from which judgements are read."""
    return [folder / name for name in ("annotations.jsonl", "documents.csv", "draws.jsonl")]


def keep_inputs(outputs: "Sequence[Path | None]", inputs: "Sequence[Path | None]") -> None:
    """Refuse to write over what is read, or one output over another.

    In a folder that is read, that means its articles and its registers: what `stance` wrote there
    before is no input.

    Parameters
    ----------
    inputs
        PATHs and other files that are read, and folders of articles.

    Raises
    ------
    DataError
        At the first output that is a file to read, or is named twice.
    """
    from stance.corpus.finding import REGISTER, find_files
    from stance.errors import DataError

    written = [path for path in outputs if path is not None and path != Path("-")]
    for i, path in enumerate(written):
        if path.resolve() in {other.resolve() for other in written[:i]}:
            raise DataError(f"{path}: is to be written twice: give each output a file of its own")
    there = [path for path in written if path.is_file()]
    for given in inputs if there else ():
        if given is None or not given.exists():
            continue
        read = {given.resolve()}
        if given.is_dir():
            found = find_files(given, None, lambda failure: None, lambda notice: None)
            read = {file.path.resolve() for file in found}
            read |= {path.resolve() for path in given.rglob(REGISTER)}
        for path in there:
            if path.resolve() in read:
                raise DataError(
                    f"{path}: is read here and would be lost: give the output another name or "
                    "folder"
                )


def as_named(
    paths: Sequence[Path], codebook: str, register: Path | None, model: str = DEFAULT_MODEL
) -> tuple[str, ...]:
    """Return the words that name the same articles, and model, to another command."""
    words = [str(path) for path in paths]
    if codebook != DEFAULT_CODEBOOK:
        words += ["--codebook", codebook]
    words += ["--register", str(register)] if register else []
    return (*words, *(["--model", model] if model != DEFAULT_MODEL else ()))


def serve_words(paths: Sequence[Path], codebook: str, register: Path | None, folder: Path) -> str:
    """Return the command that opens the page for judging a folder's draw."""
    words = as_named(paths, codebook, register)
    return shlex.join(["stance", "label", "serve", *words, "--folder", str(folder)])


@contextmanager
def progress(words: str) -> "Iterator[Progress]":
    """Show a spinner with a count on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with shown:
        shown.add_task(words, total=None)
        yield shown


def name_of_codebook(reference: str) -> str:
    """Return what names a codebook to a command: FILE.toml for one that is not shipped."""
    from stance.codebook import read_codebook

    name = reference.partition("@")[0]
    files = {path.stem: path for path in data_folder("labels").glob("*.toml")}
    is_shipped = name in files and read_codebook(files[name]).reference == reference
    return name if is_shipped else "FILE.toml"


def chosen_model(
    name: str,
    codebook: "Codebook",
    *,
    task: str | None = None,
    device: str = "auto",
    named: str | None = None,
    instead: str = "",
) -> "Model":
    """Return a model by name or folder; where none is named, the best that can run.

    Parameters
    ----------
    named
        How the user named the codebook, for the command that trains a model under it.
    instead
        What else can be done where there is none.

    Raises
    ------
    ModelError
        If it cannot be had, or cannot do a task that is asked for.
    """
    from stance.classifiers.storage import best_model, load_model
    from stance.errors import ModelError

    chosen: str | Path = name
    if name == DEFAULT_MODEL:
        shipped = name_of_codebook(codebook.reference)
        own = ["FOLDER", "--labels", "my-labels/settled.jsonl"] if shipped != codebook.name else []
        words = ["stance", "train", "baseline", *own, "--codebook", named or shipped]
        remedy = f"train one: {shlex.join(words)}, and name it with --model{instead}"
        chosen = best_model(codebook, remedy=remedy)
    model = load_model(chosen, codebook, device=device)
    if task is not None and task not in model.classifier.classes_:
        known = ", ".join(model.classifier.classes_)
        raise ModelError(f"{model.reference} cannot do {task}, only {known}: name another model")
    return model


def tell_model(name: str, model: "Model") -> None:
    """Say, once the work is done, which model did it, where the user left that to us."""
    if name == DEFAULT_MODEL:
        tell(f"labeled by {model.reference}; --model names another")


def kept_token(path: Path) -> str:
    """Return the secret part of a page's address, the same each time for one file; made if new."""
    from stance.errors import StanceError
    from stance.web.safety import new_token

    try:
        token = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        if not token:  # or a crash left an empty file
            token = new_token()
            handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(token)
    except (OSError, UnicodeDecodeError) as error:
        raise StanceError(f"{path}: the token cannot be kept here: {error}") from None
    return token


def seed_articles(codebook: "Codebook") -> Path:
    """Return the folder of the shipped articles on a codebook's target."""
    own = data_folder("seeds") / codebook.name
    return own if own.is_dir() else data_folder("seeds") / "articles"


def settled_labels(path: Path | None, codebook: "Codebook") -> "list[Label]":
    """Return the settled labels of a file, checked; of the shipped ones, those of the codebook."""
    from stance.labeling.store import checked_labels, read_labels

    if path is not None:
        return checked_labels(path, codebook, on_notice=tell)
    shipped = read_labels(data_folder("labels") / "settled.jsonl")
    return [label for label in shipped if label.codebook == codebook.reference]


def labeled_units(
    paths: list[Path] | None,
    labels: Path | None,
    register: Path | None,
    codebook: "Codebook",
    *,
    split: Path | None = None,
    part: "Part | None" = None,
) -> "tuple[list[LabeledUnit], Reader]":
    """Return the units of articles that have settled labels, and the reader to finish with.

    With a split, only those of its part.
    """
    from stance.corpus.prepare import prepare
    from stance.labeling.join import join_labels

    reader = Reader(paths or [seed_articles(codebook)], register)
    found, lost = join_labels(prepare(reader), settled_labels(labels, codebook))
    if lost:
        tell(
            f"{len(lost)} settled labels are not used, {lost[0].unit_id} first: they meet no unit "
            "of their document, or one that has another label"
        )
    if split is not None and part is not None:
        from stance.evaluation.splits import read_split

        n_found = len(found)
        found = read_split(split).of(part, found)
        tell(f"{part} part of {split}: {len(found)} of {n_found} labeled units")
    return found, reader
