"""doccano's JSON Lines: a unit a document, labels as "task:label", our fields as its metadata.

doccano keeps every column but text and label as metadata and writes it back on export. It fills a
column that one document lacks with NaN, so each of ours is a text and always there. Where people
work apart, it writes a file for each of them, with the documents that they left alone as documents
without labels: so no labels at all never means that somebody took theirs back.
"""

import json
from collections.abc import Iterator, Mapping

from stance.errors import LabelError
from stance.labeling.exchange.statements import (
    Numbered,
    Parcel,
    Reading,
    Reference,
    Statement,
    json_objects,
    packed,
    standings,
    text_of,
    unpacked,
)
from stance.records import Article, Unit


def write_doccano(parcel: Parcel) -> Iterator[str]:
    """Yield a document a unit and annotator with the labels that stand, or units without labels.

    An adjudication is a document of its own.
    """
    units = parcel.units()
    numbered = [Numbered(number=i, event=event) for i, event in enumerate(parcel.events)]
    for stands in standings(numbered, parcel.codebook.reference):
        yield _document(
            *units[stands.unit_id],
            labels=[f"{task}:{label}" for task, label in stands.labels.items()],
            annotator=stands.annotator,
            design=stands.design,
            history=packed(stands.history),
        )
    for unit_id, design in (parcel.blank or {}).items():
        yield _document(*units[unit_id], labels=[], annotator="", design=design, history="")


def read_doccano(content: bytes, path: str, reading: Reading) -> list[Statement]:
    """Return what each document says.

    Raises
    ------
    LabelError
        If a line is no document, or a label belongs to no task or to several.
    """
    statements: list[Statement] = []
    for where, row in json_objects(content, path, reading.names):
        labels = row.get("label", row.get("labels", []))
        labels = [labels] if isinstance(labels, str) else labels
        text = text_of(row, "text") or text_of(row, "data")  # as older versions call it
        if not isinstance(labels, list) or text is None:
            raise LabelError(f"{where}: no document of doccano: it has a text and a list of labels")
        history = unpacked(row.get("history"), where)
        unit = Reference(unit_id=text_of(row, "unit_id"), text=text, sha256=text_of(row, "sha256"))
        given: dict[str, str | None] = {}
        for label in labels:
            if not isinstance(label, str):
                raise LabelError(
                    f"{where}: a label is {str(label)[:60]}; only text classification is read, a "
                    "document a unit"
                )
            name, value = _task_label(label, reading, where)
            if given.setdefault(name, value) != value:
                raise LabelError(f"{where}: two labels of {name}: {given[name]} and {value}")
        statements.append(
            Statement(
                where=where,
                unit=unit,
                annotator=text_of(row, "annotator"),
                labels=given,
                all_that_stands=bool(history and given),
                shows_all=bool(given),
                design=text_of(row, "design"),
                history=history,
            )
        )
    return statements


def _task_label(label: str, reading: Reading, where: str) -> tuple[str, str]:
    """Return the task and the name of a label written "task:label", or plain."""
    codebook, task = reading.codebook, reading.task
    before, mark, after = label.partition(":")
    names = [known.name for known in codebook.tasks]
    if mark and before.strip() in names:
        names, label = [before.strip()], after
    elif task:
        names = [task]
    found = []
    for name in names:
        try:
            found.append((name, codebook.task(name).label(label)))
        except LabelError as error:
            reason = str(error)
    if len(found) == 1:
        return found[0]
    if found:
        tasks = ", ".join(name for name, _ in found)
        raise LabelError(
            f"{where}: {label!r} is a label of {tasks}; give --task, or write task:label"
        )
    if len(names) == 1:
        raise LabelError(f"{where}: {reason}")
    raise LabelError(f"{where}: no task of the codebook has a label {label!r}: {', '.join(names)}")


def _document(
    article: Article,
    unit: Unit,
    *,
    labels: list[str],
    annotator: str,
    design: str,
    history: str,
) -> str:
    row: Mapping[str, object] = {
        "text": unit.text,
        "label": labels,
        "unit_id": unit.id,
        "sha256": article.sha256,
        "heading": unit.heading or "",
        "lead_in": unit.lead_in or "",
        "before": "\n".join(unit.before),
        "annotator": annotator,
        "design": design,
        "history": history,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
