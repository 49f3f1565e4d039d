"""Claims on which an outlet's units tie: no label in the table, "tied" on the page, no side."""

import csv
from dataclasses import replace

import pytest

from stance.report.page import render_page
from stance.report.tables import write_tables
from tests.chromium import needs_chromium
from tests.report.comparisons import BOOK, small


@pytest.fixture(scope="module")
def tied():
    """Return a comparison with one tied cell: on the first claim, of its first outlet."""
    result = small()
    first, *others = result.alignment.claims
    cell = replace(first.cells[0], label=None)
    first = replace(first, cells=(cell, *first.cells[1:]))
    return replace(result, alignment=replace(result.alignment, claims=(first, *others)))


def page_of(result):
    return render_page(result, BOOK, command="stance compare x -o x.html")


def test_the_page_says_tied_and_shows_the_probabilities(tied):
    html, plain = page_of(tied), page_of(small())
    assert plain.count("tied") == 0
    assert '<span class="soft">1 tied</span></summary>' in html
    cell = tied.alignment.claims[0].cells[0]
    shares = ", ".join(f"{p:.0%}" for p in cell.probabilities.values())
    assert f'<span class="soft">tied</span> <small class="soft">{shares}</small>' in html
    assert html.count("tied") == 2


def test_the_table_of_claims_has_an_empty_cell(tied, tmp_path):
    write_tables(tied, tmp_path)
    with (tmp_path / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] == "" for row in rows] == [True] + [False] * (len(rows) - 1)
    assert float(rows[0]["probability_skeptical"]) >= 0


@needs_chromium
def test_a_tied_cell_is_made_by_its_outlet_and_differs_from_no_other(tied, browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page_of(tied), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.select_option("#claim-kind", "!")
    apart = [len({x.label for x in c.cells if x.label}) > 1 for c in tied.alignment.claims]
    assert page.locator(".claim:not([hidden])").count() == sum(apart)
    page.select_option("#claim-kind", "")
    page.select_option("#claim-one", label=tied.alignment.claims[0].cells[0].outlet)
    assert not page.locator(".claim").first.evaluate("claim => claim.hidden")
    page.close()
