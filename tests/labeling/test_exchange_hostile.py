"""Files made to harm: each ends in one clear error, soon, and with nothing taken."""

import json
import zipfile

import pytest

from stance.errors import LabelError
from stance.labeling.exchange import archive
from stance.labeling.exchange.events import Names
from stance.labeling.exchange.form import Form
from stance.labeling.exchange.statements import packed
from tests.labeling.exchanges import UNITS, added, export, said

ADA = Names(everyone="ada")
LAUGHS = """<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>"""
FETCHES = """<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>"""


def complaint(path, form=None):
    with pytest.raises(LabelError) as caught:
        added(path, form=form, names=ADA)
    return str(caught.value)


@pytest.mark.parametrize("where", ["TypeSystem.xml", "annotation/port%2Fa1/ada.xmi"])
@pytest.mark.parametrize("dtd", [LAUGHS, FETCHES])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7"])
def test_xml_with_entities_is_refused_whatever_its_encoding(tmp_path, where, dtd, encoding):
    with zipfile.ZipFile(export(tmp_path, Form.CAS, [said("ada", "neutral")])) as source:
        files = {name: source.read(name) for name in source.namelist()}
    text = files[where].decode().split("?>", 1)[1]
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{dtd}{text}'
    files[where] = declared.encode(encoding)
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    told = complaint(path)
    assert "bad.zip" in told
    assert any(
        words in told
        for words in ("declares entities or a document type", "not in UTF-8", "not a CAS")
    )


@pytest.mark.parametrize(
    "xmi", [b"", b"<a/>", b"<a>" * 100_000, b'<x:XMI xmlns:x="http://www.omg.org/XMI"/>', b"\xff"]
)
def test_what_is_no_cas_is_told(tmp_path, xmi):
    with zipfile.ZipFile(export(tmp_path, Form.CAS)) as source:
        types = source.read("TypeSystem.xml")
    (tmp_path / "TypeSystem.xml").write_bytes(types)
    (tmp_path / "a.xmi").write_bytes(xmi)
    assert complaint(tmp_path / "a.xmi").startswith(f"{tmp_path}/a.xmi: ")


@pytest.mark.parametrize("span", ['begin="90000"', 'begin="x"', 'begin="5"', 'begin="-1"'])
def test_a_span_outside_the_text_or_inside_an_emoji_is_told(tmp_path, span):
    path = export(tmp_path, Form.CAS, [said("ada", "neutral")])
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(name, content.replace(b'begin="0"', span.encode()))
    assert "not a CAS that can be read" in complaint(path)


@pytest.mark.parametrize(
    ("form", "suffix"),
    [(Form.JSONL, "jsonl"), (Form.DOCCANO, "jsonl"), (Form.LABEL_STUDIO, "json")],
)
def test_json_nested_without_end_is_told(tmp_path, form, suffix):
    path = tmp_path / f"deep.{suffix}"
    path.write_text("[" * 100_000, encoding="utf-8")
    assert "nested too deeply" in complaint(path, form)
    path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000, encoding="utf-8")
    assert complaint(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"unit_id,stance\na\0b,pro\n", "holds NUL bytes"),
        (b'unit_id,stance\n"port/a1:0-18,pro\n', ":2: not proper CSV: unexpected end of data"),
        (b"unit_id,stance\nport/a1:0-18\n", ":2: 1 fields, and the header has 2"),
        (b"unit_id,unit_id\n", "two columns are called 'unit_id'"),
        (b"start,end,article_id,stance\nx,18,port/a1,pro\n", ":2: start must be a whole number"),
        (b"stance,start\npro," + b"9" * 5000 + b"\n", ":2: start must be a whole"),
    ],
)
def test_tables_that_are_broken_are_told_with_their_line(tmp_path, content, told):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert told in complaint(path)


@pytest.mark.parametrize(
    "content",
    [
        {},
        [1],
        [{"data": 1}],
        [{"data": {}, "annotations": 1}],
        [{"data": {"text": "x"}, "annotations": [{"result": [1]}]}],
        [{"data": {"text": "x", "history": "[[1]]"}}],
        [{"data": {"text": "x", "history": "{"}}],
        [{"data": {"text": "x", "history": '[[1, {"unit_id": "a:0-1"}]]'}}],
        [{"data": {"text": "x"}, "annotations": [{"result": [], "completed_by": 1}]}],
    ],
)
def test_json_that_label_studio_never_wrote_is_told(tmp_path, content):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert complaint(path).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "row",
    [
        {"text": "x", "label": 3},
        {"label": ["stance:pro"]},
        {"text": UNITS[0].text, "label": ["stance:pro"], "sha256": "ab" * 32},
        {"text": UNITS[0].text, "label": [None]},
        {"text": UNITS[0].text, "label": [], "history": packed([])[:-1]},
    ],
)
def test_documents_that_doccano_never_wrote_are_told_with_their_line(tmp_path, row):
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert complaint(path, Form.DOCCANO).startswith(f"{path}:1: ")


@pytest.mark.parametrize("name", ["../evil.jsonl", "/evil.jsonl", "C:/evil.jsonl", "a\\..\\e"])
def test_a_zip_with_a_path_that_leads_out_is_refused(tmp_path, name):
    path = tmp_path / "slip.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(name, "{}")
    assert "leads out of the zip; nothing was read" in complaint(path, Form.DOCCANO)
    assert [file.name for file in tmp_path.parent.rglob("evil*")] == []


def test_a_zip_that_swells_is_refused_by_what_comes_out_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 100_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for i in range(3):
            target.writestr(f"{i}.jsonl", b" " * 60_000)
    assert "100,000 bytes unpacked" in complaint(path, Form.DOCCANO)


def test_a_zip_of_very_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_MAX_FILES", 5)
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as target:
        for i in range(6):
            target.writestr(f"{i}.jsonl", "")
    assert "over 5 files" in complaint(path, Form.DOCCANO)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + b"\0" * 99])
def test_what_is_no_zip_is_told(tmp_path, content):
    path = tmp_path / "z.zip"
    path.write_bytes(content)
    assert complaint(path).startswith(f"{path}: not a zip that can be read")


def test_a_file_that_is_not_there_or_too_large_is_told(tmp_path, monkeypatch):
    assert complaint(tmp_path / "none.jsonl").endswith("No such file or directory")
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 11)
    monkeypatch.setattr(archive, "MAX_BYTES", 10)
    assert "over 10 bytes" in complaint(path)
