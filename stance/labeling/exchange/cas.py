"""UIMA CAS XMI as INCEpTION reads and writes it: an article and annotator a file, a unit a span.

XMI counts UTF-16 units and Python code points; dkpro-cassis turns one into the other. Spans point
into the article as it came, which is the text of the CAS.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any
from urllib.parse import quote

from stance.codebook import Codebook
from stance.errors import LabelError
from stance.labeling.designs import Design
from stance.labeling.exchange.archive import content_of, contents
from stance.labeling.exchange.statements import (
    Numbered,
    Parcel,
    Reading,
    Reference,
    Standing,
    Statement,
    packed,
    standings,
    unpacked,
    xml_text,
)
from stance.records import Article, Unit, text_sha256

LAYER = "webanno.custom.StanceUnit"  # INCEpTION's own layers begin so
_OURS = ("note", "annotator", "design", "unit_id", "history")
_TAKEN = (*_OURS, "begin", "end", "sofa", "self", "type")
_TYPES = "TypeSystem.xml"
_NOBODYS = ("INITIAL_CAS", "CORRECTION_USER")  # the document before anyone worked on it
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_DTD = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def write_cas(parcel: Parcel) -> Iterator[tuple[str, bytes]]:
    """Yield the type system, then a file for each article and annotator, named as INCEpTION does.

    Raises
    ------
    LabelError
        If dkpro-cassis is not installed, or a name holds a character that XML cannot.
    """
    cassis = _cassis()
    types, features = _type_system(cassis, parcel.codebook)
    yield _TYPES, types.to_xml().encode()
    units = parcel.units()
    by_file: dict[tuple[str, str], list[Standing]] = {}
    numbered = [Numbered(number=i, event=event) for i, event in enumerate(parcel.events)]
    for stands in standings(numbered, parcel.codebook.reference):
        article_id = units[stands.unit_id][0].id
        by_file.setdefault((article_id, stands.annotator), []).append(stands)
    taken: set[str] = set()
    for (article_id, annotator), group in by_file.items():
        article = units[group[0].unit_id][0]
        rows = [
            (
                units[stands.unit_id][1],
                {features[task]: label for task, label in stands.labels.items()}
                | {"note": stands.note if stands.note == xml_text(stands.note) else ""}
                | {"annotator": annotator, "design": stands.design}
                | {"history": packed(stands.history)},
            )
            for stands in group
        ]
        name = f"annotation/{_file_name(article_id)}/{_file_name(annotator)}"
        yield _free(name, taken), _xmi(cassis, types, article, rows)
    blank: dict[str, list[tuple[Unit, dict[str, str]]]] = {}
    for unit_id, design in (parcel.blank or {}).items():
        article, unit = units[unit_id]
        blank.setdefault(article.id, []).append((unit, {"design": design}))
    for article_id, spans in blank.items():
        article = units[spans[0][0].id][0]
        name = _free(f"source/{_file_name(article_id)}", taken)
        yield name, _xmi(cassis, types, article, spans)


def read_cas(path: Path, reading: Reading) -> list[Statement]:
    """Return what each span of our layer says, in every XMI of a folder, a zip or a single file.

    `--map layer=NAME` reads another layer, `--map stance=NAME` another feature. What stands below a
    folder `curation` settles what others differ on.

    Raises
    ------
    LabelError
        If dkpro-cassis is not installed, a file is no XMI, or it has no such layer.
    """
    cassis = _cassis()
    if path.suffix.lower() == ".xmi" and not path.is_dir():
        files = {path.name: content_of(path)}
        if (path.parent / _TYPES).exists():
            files[_TYPES] = content_of(path.parent / _TYPES)
    else:
        files = contents(path)
    statements: list[Statement] = []
    names = [name for name in files if name.lower().endswith(".xmi")]
    if not names and _TYPES not in files:  # with a type system, it is an export of nothing
        raise LabelError(f"{path}: holds no .xmi; export from INCEpTION as UIMA CAS XMI (XML 1.0)")
    known: dict[bytes, Any] = {}  # a type system is read once
    for name in names:
        where = str(path) if len(names) == 1 else f"{path}: {name}"
        if PurePosixPath(_user(name) or "").name in _NOBODYS:
            continue
        beside = str(PurePosixPath(name).parent / _TYPES)
        types = files.get(beside, files.get(_TYPES))
        if types is None:
            raise LabelError(f"{where}: no {_TYPES} beside it; XMI cannot be read without")
        statements += _statements(cassis, files[name], types, known, name, where, reading)
    return statements


def _statements(
    cassis: ModuleType,
    xmi: bytes,
    types: bytes,
    known: dict[bytes, Any],
    name: str,
    where: str,
    reading: Reading,
) -> Iterator[Statement]:
    layer = reading.names.get("layer", LAYER)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an offset outside the text is no more than a warning
            if types not in known:
                known[types] = cassis.load_typesystem(_plain_xml(types, where))
            cas = cassis.load_cas_from_xmi(_plain_xml(xmi, where), typesystem=known[types])
            spans = cas.select(layer) if known[types].contains_type(layer) else None
            text = cas.sofa_string
    except LabelError:
        raise
    # cassis checks little: a file that is no CAS fails wherever it happens to.
    except Exception as error:
        raise LabelError(f"{where}: not a CAS that can be read: {error}") from None
    if spans is None or not isinstance(text, str):
        raise LabelError(f"{where}: has no layer {layer}; if it has another name: --map layer=NAME")
    features = _features(reading.codebook)
    curated = "curation" in PurePosixPath(name).parts
    digest = text_sha256(text)
    for span in spans:
        values = {key: str(v) for key in _OURS if (v := getattr(span, key, None)) is not None}
        given = {
            task: getattr(span, reading.names.get(task, feature), None)
            for task, feature in features.items()
        }
        here = f"{where}: {span.begin}-{span.end}"
        history = unpacked(values.get("history"), here)
        yield Statement(
            where=here,
            unit=Reference(
                unit_id=values.get("unit_id"), sha256=digest, start=span.begin, end=span.end
            ),
            annotator=(None if curated else values.get("annotator")) or _user(name),
            labels={task: str(label) for task, label in given.items() if label},
            all_that_stands=bool(history),
            shows_all=any(given.values()),
            design=Design.ADJUDICATION.value if curated else values.get("design"),
            note=values.get("note", ""),
            history=history,
        )


def _plain_xml(content: bytes, where: str) -> io.BytesIO:
    """Return XML without its declaration, refusing what could expand or fetch something.

    XMI needs no document type, so none is let through; and only UTF-8 is, since another encoding
    could hide one.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LabelError(f"{where}: not in UTF-8, as XMI is") from None
    text = _DECLARATION.sub("", text, count=1)
    if _DTD.search(text):
        raise LabelError(f"{where}: declares entities or a document type, which no XMI needs")
    return io.BytesIO(text.encode())


def _cassis() -> ModuleType:
    try:
        import cassis
    except ImportError:
        raise LabelError('reading and writing XMI needs: pip install "stance[cas]"') from None
    module: ModuleType = cassis
    return module


def _type_system(cassis: ModuleType, codebook: Codebook) -> tuple[Any, Mapping[str, str]]:
    types = cassis.TypeSystem()
    features = _features(codebook)
    layer = types.create_type(name=LAYER, supertypeName="uima.tcas.Annotation")
    for name in (*features.values(), *_OURS):
        types.create_feature(layer, name=name, rangeType="uima.cas.String")
    return types, features


def _features(codebook: Codebook) -> dict[str, str]:
    """Return task -> name of its feature: UIMA allows letters, digits and underscores."""
    features: dict[str, str] = {}
    for task in codebook.tasks:
        name = re.sub(r"\W", "_", task.name, flags=re.ASCII)
        if name in _TAKEN or not name[0].isalpha() or name in features.values():
            name = f"task{len(features)}_{name}"
        features[task.name] = name
    return features


def _xmi(
    cassis: ModuleType,
    types: Any,  # noqa: ANN401  cassis ships no types
    article: Article,
    rows: Sequence[tuple[Unit, Mapping[str, str]]],
) -> bytes:
    cas = cassis.Cas(typesystem=types, sofa_string=xml_text(article.original))
    cas.sofa_mime = "text/plain"
    layer = types.get_type(LAYER)
    for unit, features in rows:
        values = {key: value for key, value in {**features, "unit_id": unit.id}.items() if value}
        odd = [value for value in values.values() if value != xml_text(value)]
        if odd:
            raise LabelError(f"{unit.id}: {odd[0]!r} holds a character that XML cannot")
        cas.add(layer(begin=unit.start, end=unit.end, **values))
    xmi: str = cas.to_xmi()
    return xmi.encode()


def _user(name: str) -> str | None:
    """Return whose file it is in an export of INCEpTION: annotation/DOCUMENT/USER.xmi, or .zip."""
    parts = PurePosixPath(name).parts
    for folder in ("annotation", "curation"):
        if folder in parts and len(parts) >= parts.index(folder) + 3:
            return PurePosixPath(parts[parts.index(folder) + 2]).stem
    return None


def _file_name(text: str) -> str:
    """Return a name that every file system takes; what it stands for is said inside."""
    name = quote(text, safe=" ")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    return name if len(name) <= 150 else f"{name[:130]}-{sha256(text.encode()).hexdigest()[:16]}"


def _free(name: str, taken: set[str]) -> str:
    """Return a name for an XMI that no other has, whatever its case."""
    free, n = name, 1
    while free.casefold() in taken:
        n += 1
        free = f"{name}-{n}"
    taken.add(free.casefold())
    return f"{free}.xmi"
