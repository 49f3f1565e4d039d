"""Outlets that print nothing but copies, and articles without text: nothing is told of them."""

from dataclasses import replace

import pytest

from stance.comparison.methods import methods_text
from stance.report.answers import facts
from stance.report.charts import all_figures
from stance.report.comparison_tables import print_comparison
from stance.report.terminal import console
from tests.comparison.test_compare import BOOK, corpus, run, with_shared_claim
from tests.report.test_page import parsed, section


def reprinted(units, *, of="Alpha0", by="Gamma"):
    """Return units with an article that prints one of them again, a day later."""
    own = [unit for unit in units if unit.unit.article_id == of]
    return units + [
        replace(
            u,
            source=by,
            date="2026-02-15",
            unit=replace(u.unit, article_id=f"{by}0", id=u.unit.id.replace(of, f"{by}0")),
        )
        for u in own
    ]


@pytest.fixture(scope="module")
def copied():
    """A comparison of two outlets, with a third that prints one article of the first."""
    return run(reprinted(with_shared_claim()))


def test_an_outlet_of_copies_is_in_no_pair_and_its_charts_are_drawn(copied):
    assert copied.copies.groups == (("Alpha0", "Gamma0"),)
    (pair,) = copied.agreement[0].pairs
    assert (pair.left, pair.right) == ("Alpha", "Beta")
    assert copied.agreement[0].n_claims
    assert copied.agreement[0].fleiss  # each outlet that counts is on each claim
    assert "same-label" in {figure.name for figure in all_figures(copied, BOOK)}


def test_an_outlet_of_copies_is_named_and_counted_apart(copied, capsys):
    assert copied.refusals[0].startswith("Gamma: nothing but copies of articles that count for")
    assert copied.answer.startswith(("2 outlets differ", "That 2 outlets differ"))
    html, _ = parsed(copied)
    said = "3 outlets (of which 2 count)"
    assert f"<h1>How {said} frame " in html
    assert f"<title>How {said} frame " in html
    assert f" articles of {said}, dated" in methods_text(copied)
    print_comparison(console(), copied, BOOK)
    assert copied.refusals[0] in capsys.readouterr().out


def test_the_page_holds_the_articles_of_an_outlet_of_copies(copied):
    html, tags = parsed(copied)
    assert {link[1:] for link in tags.named("href")} <= set(tags.named("id"))
    part = section(html, "articles")
    assert ">Gamma <small" in part
    assert "0 articles, and 1 not counted" in part
    assert ">Gamma0</a>" in section(html, "basis")


def test_where_copies_count_their_outlet_has_shares_and_no_claims_and_all_is_drawn(tmp_path):
    printed = run(reprinted(with_shared_claim()), copies="printed")
    assert [outlet.outlet for outlet in printed.mixes[0].outlets] == ["Alpha", "Beta", "Gamma"]
    (pair,) = printed.agreement[0].pairs
    assert (pair.left, pair.right) == ("Alpha", "Beta")
    (figure,) = [f for f in all_figures(printed, BOOK) if f.name == "same-label"]
    assert figure.panels[0].body.count("no claim") == 4  # two pairs, each told twice
    html, _ = parsed(printed)
    assert "Matrix of agreement on shared claims" in html
    said = dict(facts(printed))["Copies"]
    assert "each counts in the shares of its outlet, the first alone makes claims" in said


def test_one_outlet_that_counts_is_not_called_the_only_one_here():
    units = reprinted([unit for unit in corpus(4) if unit.source == "Alpha"])
    result = run(units)
    assert " of Alpha, the only outlet whose articles count, are skeptical" in result.answer
    assert [words.partition(":")[0] for words in result.refusals] == ["Gamma", "One outlet counts"]
    html, _ = parsed(result)
    assert "<h1>How 2 outlets (of which 1 counts) frame " in html
    alone = run([unit for unit in units if unit.source == "Alpha"])
    assert alone.refusals[0].startswith("One outlet: nothing can be compared")
    assert "<h1>How 1 outlet frames " in parsed(alone)[0]


def without_words(units):
    return [replace(unit, unit=replace(unit.unit, text="")) for unit in units]


def test_units_without_text_are_no_copies_no_repeated_lines_and_that_is_said(capsys):
    result = run(without_words(corpus(8)))
    assert (result.copies.n_without_text, result.copies.n_repeated) == (16, 0)
    assert not any("word for word" in caveat for caveat in result.caveats)
    said = "could not be looked for: 16 articles without text"
    assert dict(facts(result))["Copies"] == said
    assert result.methods["copies"] == f"Copies {said}."
    assert f"<dd>{said}</dd>" in section(parsed(result)[0], "basis")
    print_comparison(console(), result, BOOK)
    assert f"copies: {said}\n" in capsys.readouterr().out


def test_where_some_articles_have_text_the_others_are_counted():
    units = corpus(8)
    result = run([*units[:16], *without_words(units[16:])])
    n = result.copies.n_without_text
    assert 0 < n < 16
    said = f"could not be looked for: {n} articles without text"
    assert dict(facts(result))["Copies"] == f"no article is a copy of another; others {said}"
    assert result.methods["copies"].endswith(f"; none were found. Copies {said}.")


def test_articles_that_were_not_read_as_such_come_from_a_table():
    assert run(corpus(2)).n_from_tables == 4  # its articles have no entry among the titles


def test_names_that_differ_only_by_case_or_spaces_are_told():
    units = corpus(4)
    split = [
        replace(unit, source="ALPHA") if unit.unit.article_id == "Alpha1" else unit
        for unit in units
    ]
    (told,) = [words for words in run(split).caveats if "differ only by case" in words]
    assert told.startswith("ALPHA, Alpha: names that differ only by case or spaces, and 2 outlets")
    assert not any("differ only by case" in words for words in run(units).caveats)
