import csv
import json
import random
from contextlib import suppress
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from stance.codebook import read_codebook
from stance.corpus.metadata import Metadata
from stance.corpus.prepare import prepare
from stance.engine.classified import is_classified, read_classified
from stance.engine.classify import classify
from stance.errors import DataError
from stance.files import writing
from stance.report.machine import row_of, table_writer
from tests.builders import article

BOOK = read_codebook()
FORMS = ("jsonl", "csv", "parquet")
HOSTILE = [
    "=cmd|' /C calc'!A0 sails.",
    "'=already safe",
    "''+twice",
    "'tis a plain apostrophe",
    "-5 per cent, said the port",
    "@port @pier",
    "\u202egnissim\u202c a ferry",
    'She said "no", then, "yes";\tthen\r\nleft.',
    "ﬁne 船 🚢 e\u0301",
    "x" * 1_000_000,
]
HAND = {"text": "It sails.", "outlet": "Post", "article": "a1", "stance": "optimistic"}


def write(path, form, units, book=BOOK):
    with (
        writing(path, binary=form == "parquet") as file,
        table_writer(file, form, book) as put,
    ):
        put([row_of(unit, book) for unit in units])
    return path


def write_rows(path, rows):
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_rows_of(tmp_path, rows, suffix=".jsonl"):
    return list(read_classified(write_rows(tmp_path / f"t{suffix}", rows), BOOK))


@pytest.fixture(scope="module")
def units(model):
    articles = [
        article("The ferry sails again. Fares may rise.\n\nWho pays?", name=f"port/{i}", source=o)
        for i, o in enumerate(["Post", "=Times", None])
    ]
    articles[0] = replace(articles[0], date="2026-02-14")
    done = [
        *classify(prepare(articles[:2]), model, BOOK, alpha=0.1),
        *classify(prepare(articles[2:]), model, BOOK),
    ]
    found = [unit for classified in done for unit in classified.units]
    return [
        replace(unit, unit=replace(unit.unit, text=HOSTILE[i]) if i < len(HOSTILE) else unit.unit)
        for i, unit in enumerate(found * 4)
        for unit in [replace(unit, unit=replace(unit.unit, id=f"{unit.unit.article_id}:{i}-{i}"))]
    ]


def as_read(unit):
    """Return what a table keeps of a unit: four digits, no context, abstention of the stance."""
    return replace(
        unit,
        unit=replace(unit.unit, heading=None, lead_in=None, before=()),
        predictions={
            task: replace(
                p,
                probabilities=pytest.approx(p.probabilities, abs=2e-4),
                unit_id=unit.unit.id,
                abstained=p.abstained and task == "stance",
            )
            for task, p in unit.predictions.items()
        },
    )


@pytest.mark.parametrize("form", FORMS)
def test_what_classify_writes_is_read_as_it_was(form, units, tmp_path):
    path = write(tmp_path / f"units.{form}", form, units)
    assert is_classified(path, BOOK)
    read = list(read_classified(path, BOOK))
    assert len(read) == len(units) > len(HOSTILE)
    for left, right in zip(read, units, strict=True):
        assert left == as_read(right)
        for prediction in left.predictions.values():
            assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-12)
    assert {unit.predictions["stance"].abstained for unit in read} == {True, False}


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_every_text_survives_a_csv_of_ours(text, tmp_path_factory):
    (unit,) = read_rows_of(tmp_path_factory.mktemp("t"), [HAND])
    unit = replace(unit, unit=replace(unit.unit, text=text))
    path = write(tmp_path_factory.mktemp("t") / "units.csv", "csv", [unit])
    (read,) = read_classified(path, BOOK)
    assert read.unit.text == (text if text.strip() else "")


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
def test_labels_by_hand_become_units_that_are_sure_of_themselves(suffix, tmp_path):
    rows = [
        HAND,
        HAND | {"text": "It is late.", "stance": " Skeptical "},
        HAND | {"text": "It is blue.", "article": "a2", "outlet": "Times", "stance": "neutral"},
    ]
    path = write_rows(tmp_path / f"hand{suffix}", rows)
    assert is_classified(path, BOOK)
    read = list(read_classified(path, BOOK))
    assert [unit.unit.text for unit in read] == ["It sails.", "It is late.", "It is blue."]
    assert [(u.unit.article_id, u.unit.index, u.source) for u in read] == [
        ("a1", 0, "Post"),
        ("a1", 1, "Post"),
        ("a2", 0, "Times"),
    ]
    assert [unit.unit.id for unit in read] == ["a1:1-1", "a1:2-2", "a2:3-3"]
    second = read[1].predictions["stance"]
    assert second.label == "skeptical"
    assert second.probabilities == {"optimistic": 0, "neutral": 0, "skeptical": 1}
    assert (second.model, second.abstained, read[1].sha256) == ("labels", False, "")
    assert set(read[1].predictions) == {"stance"}
    assert {unit.codebook for unit in read} == {BOOK.reference}


def test_an_apostrophe_stays_in_a_csv_that_is_not_ours(tmp_path):
    rows = [HAND | {"text": "'=quoted"}, HAND | {"text": "'-1, he said'"}]
    read = read_rows_of(tmp_path, rows, ".csv")
    assert [unit.unit.text for unit in read] == ["'=quoted", "'-1, he said'"]


def test_texts_may_be_missing(units, tmp_path):
    rows = [row_of(unit, BOOK) for unit in units]
    without = [{k: v for k, v in row.items() if k != "text"} for row in rows]
    for suffix in (".jsonl", ".csv", ".parquet"):
        path = write_rows(tmp_path / f"t{suffix}", without)
        assert is_classified(path, BOOK)
        read = list(read_classified(path, BOOK))
        assert {unit.unit.text for unit in read} == {""}
        assert [u.predictions["stance"].label for u in read] == [row["stance"] for row in rows]


def test_the_likeliest_label_counts_where_only_probabilities_are_given(tmp_path):
    probabilities = {"stance_optimistic": 0.2, "stance_neutral": 0.1, "stance_skeptical": 0.7}
    row = {"article_id": "a", "source": "Post"} | probabilities
    (unit,) = read_rows_of(tmp_path, [row], ".csv")
    assert unit.predictions["stance"].label == "skeptical"


def test_tables_of_articles_and_other_files_are_not_taken_for_labels(tmp_path):
    articles = [{"id": "a1", "text": "It sails.", "source": "Post", "stance": "optimistic"}]
    for suffix in (".jsonl", ".csv", ".parquet"):
        assert not is_classified(write_rows(tmp_path / f"t{suffix}", articles), BOOK)
    log = [{"unit_id": "a:0-1", "annotator": "x", "task": "stance", "label": "neutral"}]
    assert not is_classified(write_rows(tmp_path / "log.jsonl", log), BOOK)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "broken.csv").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "story.txt").write_text("article_id,stance\na,neutral\n")
    for name in ("broken.parquet", "broken.csv", "empty.jsonl", "story.txt", "none.csv", ".", "-"):
        assert not is_classified(tmp_path / name, BOOK)


def test_a_table_whose_first_row_is_broken_is_still_known_by_its_header(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("article_id,source,stance\na\nb,Post,neutral\n")
    assert is_classified(path, BOOK)
    with pytest.raises(DataError, match=r"t\.csv: row 1: has 1 field\(s\), and the header 3"):
        list(read_classified(path, BOOK))


P = ("stance_optimistic", "stance_neutral", "stance_skeptical")
WRONG = {
    "a label of no task": ({"stance": "sideways"}, "no stance is called 'sideways'; use one of"),
    "a label that is a list": ({"stance": ["neutral"]}, "stance is of type list. Write it as text"),
    "a flag for a label": ({"stance": True}, "stance is of type bool"),
    "no label": ({"stance": None}, "has no label. Fill one in"),
    "an empty label": ({"stance": " "}, "has no label. Fill one in"),
    "a label for another task too": ({"voice": "author"}, "labels of stance, voice, and the first"),
    "another codebook": (
        {"codebook": "ferries@1.0#0badcafe"},
        f"labeled by codebook ferries@1.0#0badcafe, and this is {BOOK.reference}. Name the other",
    ),
    "no article": ({"article": None}, "names no article. Fill in article_id"),
    "a text that is a number": ({"text": 7}, "its text is of type int"),
    "an outlet that changes": (
        {"article": "a0", "outlet": "Times"},
        "article 'a0' is by 'Times' here and by 'Post' in row 1",
    ),
    "a start behind the end": ({"start": 9, "end": 3}, "starts at 9 and ends at 3"),
    "a start that is no number": ({"start": "x", "end": 3}, "start is 'x'. Write a number"),
    "a start below 0": ({"start": -1, "end": 3}, "start is -1.0. Write a whole number from 0"),
    "an endless index": ({"index": float("inf")}, "index is inf. Write a whole number from 0"),
    "an unknown kind": ({"kind": "verse"}, "no kind is called 'verse'. Use one of: sentence,"),
    "a unit twice": ({"unit_id": "a0:1-1"}, "unit 'a0:1-1' stands in row 1 too"),
    "abstained in words": ({"abstained": "perhaps"}, "abstained is 'perhaps'. Write true or false"),
    "too large a sum": (dict(zip(P, (0.9, 0.5, 0.1), strict=True)), "are 0.9, 0.5, 0.1. Write"),
    "too small a sum": (dict(zip(P, (0.3, 0.3, 0.3), strict=True)), "with a sum of 1"),
    "per cents": (dict(zip(P, (20, 30, 50), strict=True)), "Write numbers from 0 to 1"),
    "a probability below 0": (dict(zip(P, (-0.5, 0.5, 1), strict=True)), "Write numbers from 0"),
    "another label than the likeliest": (
        {"stance": "skeptical"} | dict(zip(P, (0.8, 0.1, 0.1), strict=True)),
        "its stance is 'skeptical', and by its probabilities 'optimistic' is likelier",
    ),
    "an endless probability": (dict(zip(P, (float("inf"), 0, 0), strict=True)), "from 0 to 1"),
    "a probability in words": ({P[0]: "most"}, "stance_optimistic is 'most'. Write a number"),
    "a probability too few": (
        {P[0]: 0.5, P[1]: 0.5, P[2]: float("nan")},
        "has no probability of stance skeptical, and one of optimistic, neutral",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_row_that_cannot_be_used_says_where_and_why(name, tmp_path):
    wrong, message = WRONG[name]
    rows = [HAND | {"article": "a0"}, HAND | wrong]
    with pytest.raises(DataError) as error:
        read_rows_of(tmp_path, rows)
    assert str(error.value).startswith(f"{tmp_path / 't.jsonl'}: row 2: ")
    assert message in str(error.value)


def test_what_is_null_or_nan_counts_as_missing(tmp_path):
    nothing = dict.fromkeys(["index", "start", "end", *P], float("nan"))
    nothing |= dict.fromkeys(
        ["unit_id", "kind", "sha256", "date", "abstained", "model", "codebook"]
    )
    for suffix in (".jsonl", ".csv", ".parquet"):
        (unit,) = read_rows_of(tmp_path, [HAND | nothing], suffix)
        assert unit == read_rows_of(tmp_path, [HAND])[0]


def test_whole_numbers_that_a_gap_made_floats_are_read(tmp_path):
    row = HAND | {"article": 7.0, "start": "12.0", "end": 40.0, "index": 3.0}
    for suffix in (".jsonl", ".csv"):
        (unit,) = read_rows_of(tmp_path, [row], suffix)
        assert (unit.unit.start, unit.unit.end, unit.unit.index) == (12, 40, 3)
    assert read_rows_of(tmp_path, [row])[0].unit.id == "7:12-40"


def test_probabilities_rounded_to_two_digits_are_made_to_sum_to_one(tmp_path):
    (unit,) = read_rows_of(tmp_path, [HAND | dict(zip(P, (0.33, 0.33, 0.33), strict=True))])
    assert sum(unit.predictions["stance"].probabilities.values()) == pytest.approx(1, abs=1e-12)


def test_rows_are_read_as_they_are_asked_for(tmp_path):
    rows = [HAND | {"article": f"a{i}"} for i in range(5_000)] + [HAND | {"stance": "sideways"}]
    for suffix in (".jsonl", ".csv", ".parquet"):
        units = read_classified(write_rows(tmp_path / f"t{suffix}", rows), BOOK)
        assert next(units).unit.article_id == "a0"  # long before the row that is wrong
        with pytest.raises(DataError, match="row 5001"):
            list(units)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_table_is_an_error_of_ours_or_is_read(seed, units, tmp_path):
    rng = random.Random(seed)
    for form in FORMS:
        whole = bytearray(write(tmp_path / f"u.{form}", form, units[-3:]).read_bytes())
        for _ in range(25):
            damaged = bytearray(whole)
            for _ in range(rng.randrange(1, 6)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            path = tmp_path / f"damaged.{form}"
            path.write_bytes(damaged)
            is_classified(path, BOOK)
            with suppress(DataError):
                list(read_classified(path, BOOK))


def test_dates_that_cannot_be_read_are_told_once_an_article(tmp_path):
    rows = [
        HAND | {"article": name, "date": day}
        for name, day in (
            *[("a1", "03/04/2026")] * 2,
            ("a2", "04/04/2026"),
            ("a3", "2026-04-05"),
            ("a4", ""),
        )
    ]
    table, told = write_rows(tmp_path / "t.csv", rows), []
    units = list(read_classified(table, BOOK, on_notice=told.append))
    assert [unit.date for unit in units] == [None, None, None, "2026-04-05", None]
    assert told == [
        "2 articles have no date, since what is written there cannot be read without guessing, "
        f"first in {table}: '03/04/2026'. Write dates as YYYY-MM-DD."
    ]


def test_what_a_register_says_of_an_articles_hash_fills_what_its_rows_leave_out(tmp_path):
    rows = [
        {"article": "a1", "sha256": "AB", "stance": "neutral"},
        {"article": "a2", "sha256": "cd", "stance": "neutral", "outlet": "Post", "date": "3/4/26"},
        {"article": "a3", "stance": "neutral", "outlet": "Mail"},
    ]
    told = []
    known = Metadata(source="Herald", date="2026-04-05")
    table = write_rows(tmp_path / "t.jsonl", rows)
    said = {"ab": known, "cd": known}
    units = list(read_classified(table, BOOK, register=said, on_notice=told.append))
    assert [(unit.source, unit.date) for unit in units] == [
        ("Herald", "2026-04-05"),
        ("Post", "2026-04-05"),
        ("Mail", None),
    ]
    assert told == []
