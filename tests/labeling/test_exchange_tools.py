"""The shapes that doccano, Label Studio and INCEpTION write, and labels changed there."""

import json
import re
import sys
import zipfile
from xml.etree import ElementTree as ET

import pytest

from stance.corpus.units import split_units
from stance.errors import LabelError
from stance.labeling.exchange.archive import save
from stance.labeling.exchange.cas import write_cas
from stance.labeling.exchange.events import Names
from stance.labeling.exchange.form import Form
from stance.labeling.exchange.formats import WRITERS, form_of, read_predictions
from stance.labeling.exchange.news import new_events
from stance.labeling.exchange.statements import Parcel
from tests.builders import article
from tests.labeling.exchanges import (
    ARTICLE,
    ARTICLES,
    BOOK,
    SUFFIXES,
    UNITS,
    added,
    export,
    read,
    said,
    told,
)

ADA = Names(everyone="ada")
EVENTS = [
    said("ada", "skeptical"),
    said("ada", "neutral", at="2026-02-14T12:00:00+00:00", note="so-so"),
    said("ada", "author", task="voice"),
    said("bo", "skeptical", design="random/3f9c2ab1"),
]
FIRST = UNITS[0].id


def write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", [form for form in SUFFIXES if form is not Form.LONG])
def test_a_format_is_told_by_name_and_content(tmp_path, form):
    assert form_of(export(tmp_path, form, EVENTS)) is form


# doccano ------------------------------------------------------------------------------------------


def test_labels_of_doccano_belong_to_the_task_before_the_colon_or_to_the_only_one(tmp_path):
    # As doccano exports a project: an id, the text, sorted labels, metadata, and comments.
    rows = [
        {"id": 7, "text": UNITS[0].text, "label": ["sentiment:Positive", "favor"], "Comments": []},
        {"id": 8, "data": UNITS[1].text, "label": [], "Comments": ["hm"]},
    ]
    path = write_lines(tmp_path / "all.jsonl", rows)
    assert told(added(path, names=ADA)) == [
        (FIRST, "ada", "stance", "optimistic"),
        (FIRST, "ada", "sentiment", "positive"),
    ]


def test_a_label_of_doccano_that_several_tasks_know_needs_its_task(tmp_path):
    path = write_lines(tmp_path / "all.jsonl", [{"text": UNITS[0].text, "label": ["neutral"]}])
    with pytest.raises(LabelError, match="'neutral' is a label of stance, sentiment; give --task"):
        added(path, names=ADA)
    assert told(added(path, names=ADA, task="sentiment")) == [
        (FIRST, "ada", "sentiment", "neutral")
    ]


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (["stance:pro", "stance:against"], "two labels of stance: optimistic and skeptical"),
        (["mood:glad"], "no task of the codebook has a label 'mood:glad'"),
        (["stance:glad"], "no stance is called 'glad'"),
        ([[0, 5, "stance:pro"]], "only text classification is read"),
    ],
)
def test_labels_of_doccano_that_make_no_sense_are_told(tmp_path, labels, complaint):
    path = write_lines(tmp_path / "all.jsonl", [{"text": UNITS[0].text, "label": labels}])
    with pytest.raises(LabelError, match=rf"all\.jsonl:1: .*{complaint}"):
        added(path, form=Form.DOCCANO, names=ADA)


def test_a_label_changed_in_doccano_comes_back_as_an_event_of_its_annotator(tmp_path):
    path = export(tmp_path, Form.DOCCANO, EVENTS)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    neutral, skeptical = ["stance:neutral", "voice:author"], ["stance:skeptical"]
    assert [row["label"] for row in rows] == [neutral, skeptical]
    for number, row in enumerate(rows):  # what doccano adds, and fills with NaN
        row |= {"id": number, "Comments": [], "lead_in": float("nan")}
    rows[0]["label"] = ["stance:optimistic"]
    write_lines(path, rows)
    found = read(path)
    assert found.history == EVENTS
    assert told(found.fresh) == [
        (FIRST, "ada", "stance", "optimistic"),
        (FIRST, "ada", "voice", None),
    ]
    assert told(added(path, known=EVENTS)) == told(found.fresh)
    assert added(path, known=[*EVENTS, *found.fresh]) == []


def test_a_label_changed_back_in_doccano_is_news_once(tmp_path):
    path = export(tmp_path, Form.DOCCANO, EVENTS[:2])
    row = json.loads(path.read_text("utf-8")) | {"label": ["stance:skeptical"]}
    write_lines(path, [row])
    (event,) = added(path, known=EVENTS[:2])
    assert told([event]) == [(FIRST, "ada", "stance", "skeptical")]
    log = [*EVENTS[:2], event, said("ada", "neutral", at="2026-02-16T10:00:00+00:00")]
    found = new_events(read(path), log)
    assert (list(found.new), told(found.changed)) == ([], told([event]))


def test_documents_without_labels_take_nothing_back(tmp_path):
    path = export(tmp_path, Form.DOCCANO, EVENTS)
    rows = [json.loads(line) | {"label": []} for line in path.read_text("utf-8").splitlines()]
    assert read(write_lines(path, rows)).fresh == []


def test_a_zip_of_doccano_has_a_file_for_each_person(tmp_path):
    with zipfile.ZipFile(tmp_path / "doccano.zip", "w") as archive:
        for name, label in (("ada", "pro"), ("bo", "against")):
            row = {"text": UNITS[0].text, "label": [f"stance:{label}"]}
            archive.writestr(f"{name}.jsonl", json.dumps(row) + "\n")
    assert told(added(tmp_path / "doccano.zip")) == [
        (FIRST, "ada", "stance", "optimistic"),
        (FIRST, "bo", "stance", "skeptical"),
    ]


# Label Studio -------------------------------------------------------------------------------------


def annotated(label, **more):
    """Return an annotation as Label Studio exports it."""
    choice = {
        "id": "Dx_aB91ISN",
        "type": "choices",
        "value": {"choices": [label]},
        "origin": "manual",
        "to_name": "text",
        "from_name": "stance",
    }
    return {
        "id": 1001,
        "completed_by": 10,
        "result": [choice],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-03-09T22:16:08.728353Z",
        "updated_at": "2026-03-10T22:16:08.728353Z",
        "lead_time": 4.288,
        "prediction": {},
        **more,
    }


def test_an_export_of_label_studio_is_read_with_its_people_and_times(tmp_path):
    tasks = [
        {
            "id": 1,
            "data": {"text": UNITS[0].text},
            "annotations": [
                annotated("favor"),
                annotated(
                    "against",
                    completed_by={"id": 11, "email": "bo@quay.org"},
                    prediction={"result": annotated("neutral")["result"]},
                ),
            ],
            "predictions": [],
        }
    ]
    path = write_json(tmp_path / "project-1.json", tasks)
    events = added(path, names=Names(ours={"10": "ada"}))
    assert told(events) == [
        (FIRST, "ada", "stance", "optimistic"),
        (FIRST, "bo@quay.org", "stance", "skeptical"),
    ]
    assert {event.at for event in events} == {"2026-03-10T22:16:08.728+00:00"}
    assert [event.guess for event in events] == [None, "neutral"]
    assert added(path, known=events, names=Names(ours={"10": "ada"})) == []


def test_controls_of_another_name_are_read_where_they_are_named(tmp_path):
    annotation = annotated("favor")
    annotation["result"][0]["from_name"] = "Haltung"
    tasks = [{"data": {"Satz": UNITS[0].text}, "annotations": [annotation]}]
    path = write_json(tmp_path / "p.json", tasks)
    with pytest.raises(LabelError, match="no control is called stance, sentiment, voice; name th"):
        added(path, names=ADA)
    columns = {"stance": "Haltung", "text": "Satz"}
    assert told(added(path, names=ADA, columns=columns)) == [(FIRST, "ada", "stance", "optimistic")]


def test_a_task_skipped_in_label_studio_is_put_off(tmp_path):
    skipped = annotated("favor", was_cancelled=True)
    path = write_json(
        tmp_path / "p.json", [{"data": {"text": UNITS[0].text}, "annotations": [skipped]}]
    )
    events = added(path, names=ADA)
    assert [(event.task, event.label) for event in events] == [
        ("stance", None),
        ("sentiment", None),
        ("voice", None),
    ]
    assert added(path, known=events, names=ADA) == []


def test_what_was_changed_in_label_studio_comes_back_with_its_time(tmp_path):
    path = export(tmp_path, Form.LABEL_STUDIO, EVENTS)
    (task,) = json.loads(path.read_text("utf-8"))
    assert "completed_by" not in task["annotations"][0]  # an unknown email stops an import
    for annotation in task["annotations"]:  # the import makes it the importer's, and newer
        annotation |= {"completed_by": 1, "updated_at": "2026-03-10T22:16:08Z"}
    ada, bo = task["annotations"]
    ada["result"][0]["value"]["choices"] = ["optimistic"]
    bo["result"].append(
        {"type": "textarea", "from_name": "note", "to_name": "text", "value": {"text": ["a", "b"]}}
    )
    write_json(path, [task])
    found = read(path)
    assert found.history == EVENTS
    changed, noted = found.fresh
    assert (changed.annotator, changed.label) == ("ada", "optimistic")
    assert changed.at == "2026-03-10T22:16:08+00:00"
    assert (noted.annotator, noted.label, noted.note) == ("bo", "skeptical", "a\nb")
    assert noted.design == "random/3f9c2ab1"
    assert added(path, known=[*EVENTS, *found.fresh]) == []


def test_emails_are_given_as_label_studio_wants_them(tmp_path):
    path = export(tmp_path, Form.LABEL_STUDIO, [said("bo@quay.org", "neutral")])
    (task,) = json.loads(path.read_text("utf-8"))
    assert task["annotations"][0]["completed_by"] == {"email": "bo@quay.org"}
    assert task["annotations"][0]["ground_truth"] is False


def test_predictions_are_shown_with_the_score_of_the_least_sure_task(tmp_path):
    row = {"unit_id": FIRST, "model": "ferry@1", "stance": "neutral", "sentiment": "negative"}
    row |= {"stance_neutral": 0.7, "stance_optimistic": 0.2, "stance_skeptical": 0.1}
    row |= {"sentiment_negative": 0.5, "sentiment_neutral": 0.3, "sentiment_positive": 0.2}
    shown = read_predictions(write_lines(tmp_path / "p.jsonl", [row]), BOOK)
    path = export(tmp_path, Form.LABEL_STUDIO, blank={FIRST: ""}, predictions=shown)
    (task,) = json.loads(path.read_text("utf-8"))
    assert task["annotations"] == []
    (prediction,) = task["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("ferry@1", 0.5)
    assert [result["value"]["choices"] for result in prediction["result"]] == [
        ["neutral"],
        ["negative"],
    ]


def test_predictions_that_are_none_are_told(tmp_path):
    path = write_lines(tmp_path / "p.jsonl", [{"unit_id": FIRST, "stance": "neutral"}])
    with pytest.raises(LabelError, match=r"p\.jsonl:1: no row that `stance classify` writes"):
        read_predictions(path, BOOK)


def test_the_interface_for_label_studio_has_the_codebooks_tasks_and_keys():
    xml = "".join(WRITERS[Form.LABEL_STUDIO_CONFIG](Parcel(codebook=BOOK, articles=())))
    view = ET.fromstring(xml)
    names = [control.get("name") for control in view.iter("Choices")]
    assert names == [task.name for task in BOOK.tasks]
    choices = list(view.iter("Choice"))
    assert [choice.get("value") for choice in choices][:3] == list(BOOK.tasks[0].classes)
    keys = [choice.get("hotkey") for choice in choices]
    assert len(set(keys)) == len(keys) == 8
    shown = {text.get("value") for text in view.iter("Text")}
    assert shown == {"$heading", "$lead_in", "$before", "$text"}


# INCEpTION ----------------------------------------------------------------------------------------


def xmi_of(path, name="annotation/port%2Fa1/ada.xmi"):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode(), archive.read("TypeSystem.xml").decode()


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_xmi_counts_utf_16_units_and_comes_back_in_code_points(tmp_path):
    events = [said("ada", "neutral", i=1)]
    path = export(tmp_path, Form.CAS, events)
    xmi, _ = xmi_of(path)
    begin, end = (int(re.search(rf'{name}="(\d+)"', xmi)[1]) for name in ("begin", "end"))
    assert (begin, end) == (UNITS[1].start + 1, UNITS[1].end + 1)  # an emoji stands before
    wide = ARTICLE.original.encode("utf-16-le")
    assert wide[2 * begin : 2 * end].decode("utf-16-le") == UNITS[1].text
    assert added(path) == events


def test_a_label_changed_in_inception_comes_back_as_an_event_of_its_annotator(tmp_path):
    path = export(tmp_path, Form.CAS, EVENTS)
    xmi, types = xmi_of(path)
    xmi = xmi.replace('stance="neutral"', 'stance="optimistic"').replace(' voice="author"', "")
    name = "annotation/a1.txt/ada.xmi"
    found = read(zipped(tmp_path / "in.zip", {"TypeSystem.xml": types, name: xmi}))
    assert found.history == EVENTS[:3]
    assert told(found.fresh) == [
        (FIRST, "ada", "stance", "optimistic"),
        (FIRST, "ada", "voice", None),
    ]


def test_a_project_of_inception_names_its_people_in_its_paths(tmp_path):
    xmi, types = xmi_of(export(tmp_path, Form.CAS, [said("ada", "neutral")]))
    for name in ("annotator", "design", "unit_id", "history"):  # made in INCEpTION, not by us
        xmi = re.sub(rf' {name}="[^"]*"', "", xmi)
    inner = zipped(tmp_path / "inner.zip", {"bo.xmi": xmi, "TypeSystem.xml": types}).read_bytes()
    files = {
        "TypeSystem.xml": types,
        "exportedproject.json": "{}",
        "annotation/a1.txt/INITIAL_CAS.xmi": xmi,
        "annotation/a1.txt/anna.xmi": xmi,
        "annotation/a1.txt/bo.zip": inner,
        "curation/a1.txt/CURATION_USER.xmi": xmi.replace("neutral", "skeptical"),
    }
    path = zipped(tmp_path / "project.zip", files)
    events = added(path, names=Names(ours={"CURATION_USER": "cy"}))
    assert sorted((event.annotator, event.label, event.design) for event in events) == [
        ("anna", "neutral", "census"),
        ("bo", "neutral", "census"),
        ("cy", "skeptical", "adjudication"),
    ]
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    assert told(added(folder)) == told(added(path))


def test_a_single_xmi_is_read_with_the_type_system_beside_it(tmp_path):
    xmi, types = xmi_of(export(tmp_path, Form.CAS, [said("ada", "neutral")]))
    (tmp_path / "a1.xmi").write_text(xmi, encoding="utf-8")
    with pytest.raises(LabelError, match=r"a1\.xmi: no TypeSystem\.xml beside it"):
        added(tmp_path / "a1.xmi")
    (tmp_path / "TypeSystem.xml").write_text(types, encoding="utf-8")
    assert told(added(tmp_path / "a1.xmi")) == [(FIRST, "ada", "stance", "neutral")]


def test_another_layer_is_read_where_it_is_named(tmp_path):
    xmi, types = xmi_of(export(tmp_path, Form.CAS, [said("ada", "neutral")]))
    xmi = re.sub(r' history="[^"]*"', "", xmi).replace("StanceUnit", "Opinion")
    xmi = xmi.replace(" stance=", " Polarity=")
    types = types.replace("StanceUnit", "Opinion").replace("<name>stance<", "<name>Polarity<")
    path = zipped(tmp_path / "o.zip", {"TypeSystem.xml": types, "annotation/a/ada.xmi": xmi})
    with pytest.raises(LabelError, match=r"has no layer webanno\.custom\.StanceUnit; if it has an"):
        added(path)
    columns = {"layer": "webanno.custom.Opinion", "stance": "Polarity"}
    assert told(added(path, columns=columns)) == [(FIRST, "ada", "stance", "neutral")]


def test_characters_that_xml_cannot_hold_move_no_span(tmp_path):
    odd = article("The \x0cferry\x0b 🚢 sails. Captains doubt it.", name="odd")
    units = split_units(odd)
    event = said("ada", "neutral", unit_id=units[-1].id, note="a\x1bb")
    path = tmp_path / "odd.zip"
    save(path, write_cas(Parcel(codebook=BOOK, articles=[(odd, units)], events=[event])))
    found = read(path, articles=[(odd, units)])
    assert (found.history, found.fresh) == ([event], [])
    with pytest.raises(LabelError, match=r"'a\\x1bb' holds a character that XML cannot"):
        export(tmp_path, Form.CAS, [said("a\x1bb", "neutral")])


def test_names_that_lead_elsewhere_stay_in_the_folder(tmp_path):
    events = [said(name, "neutral") for name in ("../../ada", "Ada", "ada", "..", "x" * 60)]
    folder = tmp_path / "a/b"
    save(folder, write_cas(Parcel(codebook=BOOK, articles=ARTICLES, events=events)))
    names = {path.name for path in tmp_path.rglob("*.xmi")}
    assert names == {"%2E.%2F..%2Fada.xmi", "Ada.xmi", "ada-2.xmi", "%2E..xmi", "x" * 60 + ".xmi"}
    assert {path.name for path in tmp_path.iterdir()} == {"a"}
    assert added(folder) == events
    with pytest.raises(LabelError, match="not empty; name a new folder"):
        save(folder, write_cas(Parcel(codebook=BOOK, articles=ARTICLES, events=events)))


def test_without_dkpro_cassis_it_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cassis", None)
    with pytest.raises(LabelError, match=r'needs: pip install "stance\[cas\]"'):
        export(tmp_path, Form.CAS, EVENTS)
    (tmp_path / "a.xmi").touch()
    with pytest.raises(LabelError, match=r'needs: pip install "stance\[cas\]"'):
        added(tmp_path / "a.xmi")


def test_a_label_that_the_log_has_and_a_tool_shows_no_more_is_counted(tmp_path):
    log = [said("ada", "neutral"), said("ada", "positive", task="sentiment")]
    row = {"text": UNITS[0].text, "label": ["stance:neutral"]}
    path = write_lines(tmp_path / "d.jsonl", [row])
    found = read(path, names=ADA, known=log)
    assert (found.fresh[0].label, found.unsaid) == ("neutral", (FIRST,))
    assert new_events(found, log).new == []
    assert read(path, names=ADA, known=[log[0], said("bo", "x")]).unsaid == ()
    assert read(path, names=ADA, known=[*log, said("ada", None, task="sentiment")]).unsaid == ()
    task = {"data": {"text": UNITS[0].text}, "annotations": [annotated("neutral")]}
    path = write_json(tmp_path / "p.json", [task])
    assert read(path, names=ADA, known=log).unsaid == (FIRST,)
    later = [said("ada", "positive", task="sentiment", at="2026-04-01T10:00:00+00:00")]
    assert read(path, names=ADA, known=later).unsaid == ()
    xmi, types = xmi_of(export(tmp_path, Form.CAS, log[:1]))
    xmi = re.sub(r' history="[^"]*"', "", xmi)
    files = {"TypeSystem.xml": types, "annotation/a1.txt/ada.xmi": xmi}
    assert read(zipped(tmp_path / "i.zip", files), known=log).unsaid == (FIRST,)
