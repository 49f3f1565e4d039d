"""Label Studio's JSON: a unit a task, an annotation a person, and the interface that shows it.

Label Studio keeps a task's data as it is, so the history travels there. It replaces who completed
an annotation, and when, by whoever imports it; and it refuses an import that names somebody by an
email that it does not know. So we give `completed_by` for names that are emails only, and say the
name in each result beside.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import quoteattr

from stance.errors import LabelError
from stance.labeling.exchange.statements import (
    Numbered,
    Parcel,
    Reading,
    Reference,
    Standing,
    Statement,
    json_value,
    packed,
    standings,
    text_of,
    unpacked,
)
from stance.labeling.times import utc_time
from stance.records import Article, Prediction, Unit

_KEYS = "1234567890qwertyuiopasdfghjklzxcvbnm"
_NOTE = "note"  # the name of the text area


def write_label_studio(parcel: Parcel) -> Iterator[str]:
    """Yield a list of tasks: one for each unit that was judged, or that is to be judged."""
    numbered = [Numbered(number=i, event=event) for i, event in enumerate(parcel.events)]
    by_unit: dict[str, list[Standing]] = {unit_id: [] for unit_id in parcel.blank or {}}
    for stands in standings(numbered, parcel.codebook.reference):
        by_unit.setdefault(stands.unit_id, []).append(stands)
    units = parcel.units()
    yield "["
    for i, (unit_id, group) in enumerate(by_unit.items()):
        history = sorted(
            (item for stands in group for item in stands.history), key=lambda item: item.number
        )
        article, unit = units[unit_id]
        task = {
            "data": {
                **_data(article, unit),
                "design": (parcel.blank or {}).get(unit_id, ""),
                "history": packed(history) if history else "",
            },
            "annotations": [_annotation(stands) for stands in group if stands.labels],
            "predictions": _predictions(parcel.predictions.get(unit_id, ())),
        }
        yield (",\n" if i else "\n") + json.dumps(task, ensure_ascii=False)
    yield "\n]\n"


def write_config(parcel: Parcel) -> Iterator[str]:
    """Yield the labelling interface for a codebook, to paste into a project's settings."""
    keys = iter(_KEYS)
    yield "<View>\n"
    for name in ("heading", "lead_in", "before"):
        yield f'  <Text name="{name}" value="${name}"/>\n'
    yield '  <Text name="text" value="$text"/>\n'
    for task in parcel.codebook.tasks:
        yield f"  <Header value={quoteattr(task.question)}/>\n"
        yield f'  <Choices name={quoteattr(task.name)} toName="text" choice="single"'
        yield ' showInline="true">\n'
        for label in task.labels:
            key = next(keys, None)
            hotkey = f' hotkey="{key}"' if key else ""
            hint = quoteattr(" ".join(label.definition.split()))
            yield f"    <Choice value={quoteattr(label.name)}{hotkey} hint={hint}/>\n"
        yield "  </Choices>\n"
    yield f'  <TextArea name="{_NOTE}" toName="text" placeholder="Note" maxSubmissions="1"/>\n'
    yield "</View>\n"


def read_label_studio(content: bytes, path: str, reading: Reading) -> list[Statement]:
    """Return what each annotation of each task says; one that was cancelled puts the unit off.

    Raises
    ------
    LabelError
        If it is no export of Label Studio, or a choice is no label of its task.
    """
    tasks = json_value(content, path)
    if not isinstance(tasks, list):
        raise LabelError(f"{path}: no export of Label Studio: that is a list of tasks, as JSON")
    statements: list[Statement] = []

    def called(name: str) -> str:
        return reading.names.get(name, name)

    for number, entry in enumerate(tasks, start=1):
        where = f"{path}: task {number}"
        data = entry.get("data") if isinstance(entry, dict) else None
        if not isinstance(data, dict):
            raise LabelError(f"{where}: no task of Label Studio: it has data and annotations")
        unit = Reference(
            unit_id=text_of(data, called("unit_id")),
            text=text_of(data, called("text")),
            sha256=text_of(data, "sha256"),
        )
        history = unpacked(data.get("history"), where)
        if history:
            statements.append(Statement(where=where, unit=unit, history=history))
        for annotation in _dicts(entry, "annotations", where):
            statements.append(_statement(annotation, unit, text_of(data, "design"), reading, where))
    if statements and not any(statement.labels or statement.history for statement in statements):
        tasks_here = ", ".join(task.name for task in reading.codebook.tasks)
        raise LabelError(
            f"{path}: no control is called {tasks_here}; name those that are: --map OURS=THEIRS"
        )
    return statements


def _data(article: Article, unit: Unit) -> dict[str, object]:
    return {
        "text": unit.text,
        "unit_id": unit.id,
        "sha256": article.sha256,
        "heading": unit.heading or "",
        "lead_in": unit.lead_in or "",
        "before": "\n".join(unit.before),
    }


def _annotation(stands: Standing) -> dict[str, object]:
    said = {"annotator": stands.annotator, "design": stands.design}
    result = [{**_choice(task, label), "meta": said} for task, label in stands.labels.items()]
    if stands.note:
        area = {"type": "textarea", "from_name": _NOTE, "to_name": "text", "meta": said}
        result.append({**area, "value": {"text": [stands.note]}})
    return {
        **({"completed_by": {"email": stands.annotator}} if "@" in stands.annotator else {}),
        "created_at": stands.at,
        "was_cancelled": False,
        "ground_truth": False,  # left out, an import takes it for true
        "result": result,
    }


def _choice(task: str, label: str) -> dict[str, object]:
    return {
        "type": "choices",
        "from_name": task,
        "to_name": "text",
        "value": {"choices": [label]},
    }


def _predictions(given: Sequence[Prediction]) -> list[dict[str, object]]:
    """Return one prediction with every task's label; it is as sure as its least sure task."""
    if not given:
        return []
    result = [
        {**_choice(p.task, p.label), "score": round(p.probabilities[p.label], 4)} for p in given
    ]
    score = min(p.probabilities[p.label] for p in given)
    return [{"model_version": given[0].model, "score": round(score, 4), "result": result}]


def _statement(
    annotation: Mapping[str, object],
    unit: Reference,
    design: str | None,
    reading: Reading,
    where: str,
) -> Statement:
    results = list(_dicts(annotation, "result", where))
    metas = [meta for meta in (result.get("meta") for result in results) if isinstance(meta, dict)]
    said: dict[str, object] = metas[0] if metas else {}
    labels = _choices(results, reading, where)
    if annotation.get("was_cancelled") is True:
        labels = {task.name: None for task in reading.codebook.tasks}
    at = text_of(annotation, "updated_at") or text_of(annotation, "created_at")
    shown = annotation.get("prediction")
    return Statement(
        where=where,
        unit=unit,
        annotator=text_of(said, "annotator") or _person(annotation.get("completed_by")),
        labels=labels,
        all_that_stands=annotation.get("was_cancelled") is not True,
        guesses={
            task: label
            for task, label in _choices(
                _dicts(shown, "result", where) if isinstance(shown, dict) else (), reading, where
            ).items()
            if label is not None
        },
        at=None if at is None else utc_time(at, where),
        design=text_of(said, "design") or design,
        note=_note(results),
    )


def _choices(
    results: Iterator[Mapping[str, object]] | Sequence[Mapping[str, object]],
    reading: Reading,
    where: str,
) -> dict[str, str | None]:
    """Return task -> label; results of controls that are no task of ours are passed over."""
    names = {reading.names.get(task.name, task.name): task.name for task in reading.codebook.tasks}
    found: dict[str, str | None] = {}
    for result in results:
        name, value = names.get(str(result.get("from_name"))), result.get("value")
        if result.get("type") != "choices" or name is None or not isinstance(value, dict):
            continue
        choices = value.get("choices")
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], str):
            raise LabelError(f"{where}: {name} must be a single choice, not {str(choices)[:60]}")
        if found.setdefault(name, choices[0]) != choices[0]:
            raise LabelError(f"{where}: two labels of {name}: {found[name]} and {choices[0]}")
    return found


def _note(results: Sequence[Mapping[str, object]]) -> str:
    for result in results:
        value = result.get("value")
        if result.get("from_name") == _NOTE and isinstance(value, dict):
            texts = value.get("text")
            lines = [texts] if isinstance(texts, str) else texts
            return "\n".join(map(str, lines)) if isinstance(lines, list) else ""
    return ""


def _person(completed_by: object) -> str | None:
    """Return who an export says did it: an id, or an object with an email."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return None if completed_by in (None, "") else str(completed_by)


def _dicts(row: Mapping[str, object], name: str, where: str) -> Iterator[dict[str, object]]:
    items = row.get(name) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise LabelError(f"{where}: {name} must be a list of objects")
    yield from items
