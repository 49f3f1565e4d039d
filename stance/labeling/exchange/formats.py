"""Which functions read and write each format, and telling them apart."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.labeling.exchange.archive import content_of, contents
from stance.labeling.exchange.cas import read_cas
from stance.labeling.exchange.doccano import read_doccano, write_doccano
from stance.labeling.exchange.form import Form
from stance.labeling.exchange.label_studio import (
    read_label_studio,
    write_config,
    write_label_studio,
)
from stance.labeling.exchange.lines import read_lines, write_lines
from stance.labeling.exchange.statements import (
    Parcel,
    Reading,
    Statement,
    json_objects,
    text_of,
)
from stance.labeling.exchange.tables import read_table, write_csv, write_long
from stance.records import Prediction

READERS: Mapping[Form, Callable[[bytes, str, Reading], list[Statement]]] = {
    Form.JSONL: read_lines,
    Form.CSV: read_table,
    Form.LONG: read_table,
    Form.DOCCANO: read_doccano,
    Form.LABEL_STUDIO: read_label_studio,
}
WRITERS: Mapping[Form, Callable[[Parcel], Iterator[str]]] = {
    Form.JSONL: write_lines,
    Form.CSV: write_csv,
    Form.LONG: write_long,
    Form.DOCCANO: write_doccano,
    Form.LABEL_STUDIO: write_label_studio,
    Form.LABEL_STUDIO_CONFIG: write_config,
}  # CAS is many files: see `cas.write_cas`
_EVERYBODYS = {"all", "unknown"}  # what doccano calls a file of nobody's own


def read_file(path: Path, form: Form | None, reading: Reading) -> list[Statement]:
    """Return what a file says, in the format given or the one that it looks like.

    Raises
    ------
    LabelError
        If it cannot be read, or is not of that format.
    """
    form = form or form_of(path)
    if form is Form.CAS:
        return read_cas(path, reading)
    if form not in READERS:
        raise LabelError(f"{path}: {form} holds no judgements; it is only written")
    read = READERS[form]
    if not _is_zip(path):
        return read(content_of(path), str(path), reading)
    statements = []
    for name, content in contents(path).items():
        stem = PurePosixPath(name).stem
        owner = None if stem in _EVERYBODYS else stem
        statements += [
            replace(said, annotator=said.annotator or owner)
            for said in read(content, f"{path}: {name}", reading)
        ]
    return statements


def form_of(path: Path) -> Form:
    """Return the format that a file is in by its name and first line: JSON Lines if in doubt."""
    suffix = path.suffix.lower()
    if path.is_dir() or suffix == ".xmi":
        return Form.CAS
    if suffix in {".csv", ".tsv"}:
        return Form.CSV
    if suffix == ".json":
        return Form.LABEL_STUDIO
    if _is_zip(path):
        try:
            names = zipfile.ZipFile(io.BytesIO(content_of(path))).namelist()
        except zipfile.BadZipFile as error:
            raise LabelError(f"{path}: not a zip that can be read: {error}") from None
        return Form.DOCCANO if any(name.endswith(".jsonl") for name in names) else Form.CAS
    first = content_of(path).lstrip().partition(b"\n")[0]
    try:
        row = json.loads(first.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return Form.JSONL
    has_list = isinstance(row, dict) and isinstance(row.get("label", row.get("labels")), list)
    return Form.DOCCANO if has_list else Form.JSONL


def read_predictions(path: Path, codebook: Codebook) -> dict[str, list[Prediction]]:
    """Return the predictions in JSON Lines of `stance classify`, by unit.

    Raises
    ------
    LabelError
        If a row is none of a classified unit.
    """
    found: dict[str, list[Prediction]] = {}
    for where, row in json_objects(content_of(path), str(path)):
        unit_id, model = text_of(row, "unit_id"), text_of(row, "model")
        for task in codebook.tasks:
            label = text_of(row, task.name)
            if label is None:
                continue
            values = {name: row.get(f"{task.name}_{name}") for name in task.classes}
            numbers = {name: float(v) for name, v in values.items() if isinstance(v, int | float)}
            if unit_id is None or model is None or label not in numbers:
                raise LabelError(f"{where}: no row that `stance classify` writes as JSON Lines")
            prediction = Prediction(
                unit_id=unit_id, task=task.name, label=label, probabilities=numbers, model=model
            )
            found.setdefault(unit_id, []).append(prediction)
    return found


def read_choice(path: Path) -> dict[str, str]:
    """Return unit id -> design of the units in JSON Lines of `stance label next` or `split`.

    Raises
    ------
    LabelError
        If a row names no unit.
    """
    chosen: dict[str, str] = {}
    for where, row in json_objects(content_of(path), str(path)):
        unit_id = text_of(row, "unit_id")
        if unit_id is None:
            raise LabelError(f"{where}: no unit_id, as `stance label next` writes it")
        chosen[unit_id] = text_of(row, "design") or ""
    return chosen


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"
