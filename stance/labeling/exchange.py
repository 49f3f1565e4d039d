"""Judgements from outside into annotations, each checked against the codebook and the units."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.labeling.designs import Design
from stance.records import Annotation


def read_judgements(
    path: Path, codebook: Codebook, units: Collection[str], *, annotator: str, design: Design
) -> list[Annotation]:
    """Return the annotations in a JSON Lines file of `unit_id` and a label for each task.

    Labels may be aliases; tasks that are absent or null were not judged; other keys are ignored.

    Raises
    ------
    LabelError
        If the file cannot be read, a line is no JSON object, names no unit, or has an unknown
        label. Nothing of a file with an error is taken.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{path}: cannot be read: {error}") from None
    at = datetime.now(UTC).isoformat(timespec="seconds")
    annotations = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            unit = row["unit_id"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise LabelError(
                f"{path}:{number}: not a JSON object with a unit_id, as `stance split` writes them"
            ) from None
        if unit not in units:
            raise LabelError(f"{path}:{number}: {unit!r} is no unit of the articles given")
        for task in codebook.tasks:
            label = row.get(task.name)
            if label is None:
                continue
            try:
                name = task.label(str(label))
            except LabelError as error:
                raise LabelError(f"{path}:{number}: {error}") from None
            annotations.append(
                Annotation(
                    unit_id=unit,
                    annotator=annotator,
                    task=task.name,
                    label=name,
                    codebook=codebook.reference,
                    at=at,
                    design=design,
                )
            )
    return annotations
