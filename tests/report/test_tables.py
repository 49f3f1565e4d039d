import csv
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from stance.comparison import result
from stance.errors import DataError
from stance.evaluation.protocol import Evaluation
from stance.report.tables import TABLES, write_tables
from stance.report.terminal import print_evaluations
from stance.terminal_text import text_of_cell
from tests.report.comparisons import comparison, spoiled


def tables(made, folder):
    found = {}
    for path in write_tables(made, folder):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


@pytest.fixture(scope="module")
def made():
    return comparison()


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    return tables(made, tmp_path_factory.mktemp("tables"))


def test_later_dates_are_told_beneath_the_scores_by_their_first_day():
    later = Evaluation(held_out="later", model="m", scores={}, since="2026-05-20")
    out = Console(width=160)
    with out.capture() as printed:
        print_evaluations(out, [later], footer="seed=7")
    assert "\nlater: articles of 2026-05-20 and after, by models" in printed.get()
    with out.capture() as printed:
        print_evaluations(out, [replace(later, held_out="new", since=None)], footer="seed=7")
    assert "later" not in printed.get()


def test_every_table_is_written_and_has_rows(written):
    assert list(written) == list(TABLES)
    assert all(written.values())


def test_a_row_of_shares_holds_all_that_is_known_of_one_label_in_one_outlet(made, written):
    mix = made.mixes[0]
    assert len(written["shares"]) == sum(
        len(outlet.shares) for mix in made.mixes for outlet in mix.outlets
    )
    share, row = mix.outlets[0].shares["optimistic"], written["shares"][0]
    assert (row["task"], row["voice"], row["label"]) == ("stance", "", "optimistic")
    assert float(row["counted_low"]) == share.counted.low  # as exact as the JSON
    assert float(row["general_high"]) == share.corrected.general_high
    assert (float(row["band_low"]), float(row["band_high"])) == share.band
    assert int(row["n_labels"]) == share.corrected.n_labels
    assert int(row["n_units"]) == mix.outlets[0].n_units


def test_what_is_not_known_is_an_empty_cell(made, written):
    bare = [row for row in written["shares"] if row["voice"] == "author"]
    assert {(row["corrected"], row["corrected_low"], row["n_labels"]) for row in bare} == {
        ("", "", "")
    }
    assert all(row["band_low"] for row in bare)
    for rows in written.values():
        assert not any(value in ("None", None, "nan") for row in rows for value in row.values())


def test_pairs_and_their_differences_name_the_same_outlets(made, written):
    pairs = [(p.left, p.right) for mix in made.mixes for p in mix.pairs]
    assert [(row["left"], row["right"]) for row in written["pairs"]] == pairs
    assert len(written["differences"]) == 3 * 10 + 3 * 10 + 2 * 10  # labels of tasks x pairs
    first = made.mixes[0].pairs[0].differences["optimistic"]
    assert float(written["differences"][0]["difference"]) == first.value
    assert written["differences"][0]["corrected"] == "true"


def test_agreement_has_a_row_a_measure_of_all_outlets_and_of_each_pair(made, written):
    whole = {
        row["measure"]: row
        for row in written["agreement"]
        if (row["voice"], row["left"]) == ("", "")
    }
    assert float(whole["alpha nominal"]["low"]) == made.agreement[0].nominal.low
    assert float(whole["alpha of outlets that agree in full"]["value"]) == 0.47
    assert float(whole["alpha corrected"]["value"]) == 0.62
    pair = made.agreement[0].pairs[0]
    same, alpha = [r for r in written["agreement"] if r["left"] == pair.left][:2]
    assert (same["measure"], int(same["n_claims"])) == ("same label", pair.n_claims)
    assert (alpha["measure"], alpha["value"]) == ("alpha nominal", "")


def test_the_units_behind_a_share_and_behind_a_claim_are_found_among_the_units(made, written):
    outlet = made.mixes[0].outlets[0]
    of_outlet = [
        row for row in written["units"] if (row["outlet"], row["counts"]) == (outlet.outlet, "true")
    ]
    skeptical = [row for row in of_outlet if row["label_stance"] == "skeptical"]
    counted = outlet.shares["skeptical"].counted
    assert len(of_outlet) == counted.n_units
    assert len(skeptical) / len(of_outlet) == counted.value
    cell = written["claims"][0]
    behind = [r for r in written["units"] if (r["claim"], r["outlet"]) == ("c1", cell["outlet"])]
    assert len(behind) == int(cell["n_units"])


def test_weeks_of_all_outlets_have_no_outlet_and_the_event_stands_in_each_row_around_it(written):
    assert written["weeks"][0]["outlet"] == ""
    assert {row["event"] for row in written["around"]} == {"2026-01-14"}
    assert written["around"][0]["p_holm"] == ""
    assert float(written["around"][0]["before"]) + float(
        written["around"][0]["difference"]
    ) == pytest.approx(float(written["around"][0]["after"]))


def test_no_cell_is_a_formula_and_every_text_is_found_back(made, tmp_path):
    hostile = spoiled(made, '=HYPERLINK("http://example.org")\r\n')
    written = tables(hostile, tmp_path)
    for rows in written.values():
        for row in rows:
            for text in (*row, *row.values()):
                assert not text.startswith(("=", "+", "@", "\t", "\r"))
    texts = [text_of_cell(row["text"]) for row in written["units"]]
    assert texts == [unit.text for unit in hostile.units]


def test_a_comparison_without_claims_and_dates_has_tables_with_heads_alone(made, tmp_path):
    bare = replace(
        made,
        alignment=replace(made.alignment, claims=()),
        timeline=replace(made.timeline, weeks=(), around=(), event=None),
        effects=(),
        selection=(),
    )
    for path in write_tables(bare, tmp_path):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) > 1 or path.stem in ("claims", "effects", "selection", "weeks", "around")
        assert "," in lines[0]


def test_an_error_in_the_middle_leaves_every_file_as_it_was(made, tmp_path):
    (tmp_path / "shares.csv").write_text("what was there")
    broken = replace(made, units=(*made.units, "no unit"))
    with pytest.raises(AttributeError):
        write_tables(broken, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["shares.csv"]
    assert (tmp_path / "shares.csv").read_text() == "what was there"


def test_a_folder_is_made_and_a_file_in_its_place_is_told(made, tmp_path):
    assert write_tables(made, tmp_path / "a" / "b")[0].parent == tmp_path / "a" / "b"
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="file: cannot be made"):
        write_tables(made, tmp_path / "file")


def test_the_page_on_the_json_names_every_key_and_every_table():
    page = (Path(__file__).parents[2] / "docs/comparison-json.md").read_text(encoding="utf-8")
    assert f"schema {result.SCHEMA}**" in page
    records = [one for one in vars(result).values() if isinstance(one, type) and is_dataclass(one)]
    assert len(records) > 20
    for record in records:
        for field in fields(record):
            assert f"`{field.name}`" in page or f"`distance.{field.name}`" in page, field.name
    assert all(f"`{name}.csv`" in page for name in TABLES)
