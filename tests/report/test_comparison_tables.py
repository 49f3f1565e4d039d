from dataclasses import replace

import pytest
from rich.console import Console

from stance.report.comparison_tables import BAR, bar, print_comparison
from stance.report.label_looks import looks_of
from stance.report.readings import headline, percent, points, ranked_outlets
from stance.report.terminal import console
from tests.report.comparisons import BOOK, HOSTILE, comparison, small, spoiled
from tests.report.test_page import bare, parsed, section
from tests.report.test_page_gaps import half_corrected, tied_throughout

MOST_LINES = 62


def printed(capsys, result, book=BOOK, out=None):
    print_comparison(out or console(), result, book)
    return capsys.readouterr().out


def line_of(out, *starts):
    return next(line for line in out.splitlines() if line.startswith(starts))


def test_five_outlets_fit_on_about_sixty_lines_and_begin_with_the_answer(capsys):
    result = comparison()
    result = replace(result, timeline=replace(result.timeline, event=None))
    out = printed(capsys, result)
    assert out.startswith(result.answer)
    assert len(out.splitlines()) <= MOST_LINES


def test_each_of_the_four_answers_and_what_they_rest_on_is_there(capsys):
    result = comparison()
    out = printed(capsys, result)
    starts = (
        *("articles: 45", "model: ", "hand labels: 240", "copies: "),
        *("stance: share of units", "sentiment: share", "voice: share", "farthest apart"),
        *("labels on shared claims", "lean beyond others"),
    )
    lines = out.splitlines()
    places = [next(i for i, s in enumerate(lines) if s.startswith(start)) for start in starts]
    assert places == sorted(places)
    for words in (*result.refusals, *result.caveats):
        assert f"- {words}" in out


def test_a_corrected_share_comes_first_and_the_counted_one_after_it(capsys):
    result = comparison()
    name = result.mixes[0].outlets[0].outlet
    share = result.mixes[0].outlets[0].shares["optimistic"]
    line = line_of(printed(capsys, result), name)
    best = headline(share)
    assert f"{percent(best.value)} (" in line
    assert f" / {percent(share.counted.value)}" in line


def test_beside_corrected_shares_what_is_counted_is_named_and_so_is_each_interval(capsys):
    result = comparison()
    out = printed(capsys, result, out=Console(width=200))
    assert (
        "stance: share of units, corrected by hand labels (95% interval for these articles), "
        "counted share after the stroke; same mix: "
    ) in out
    assert "without a stroke" not in out
    assert "farthest apart: total variation of the counted mixes; " in out
    assert f"before and from {result.timeline.event}: counted shares of units, and " in out
    far = max(result.mixes[0].pairs, key=lambda pair: pair.distance.value)
    heads = line_of(out, "outlets ")
    line = line_of(out, f"{far.left} / {far.right}")
    told = [line[heads.index(head) :].split()[0] for head in (" p Holm ", "corrected p Holm")]
    assert told == [f"{far.p_holm:.2g}", f"{far.corrected_p_holm:.2g}"]

    half, *_ = half_corrected()
    out = printed(capsys, half, out=Console(width=200))
    assert "stroke; without a stroke, counted (95% interval over articles); same mix: " in out
    out = printed(capsys, comparison(corrected=False), out=Console(width=200))
    assert "stance: share of units (95% interval), counted; same mix: " in out
    assert "farthest apart: total variation of the mix; labels on shared claims" in out
    assert "corrected p Holm" not in out


def test_where_every_shared_claim_is_a_tie_the_terminal_says_so(capsys):
    result = tied_throughout()
    out = printed(capsys, result)
    assert f"On none of {len(result.alignment.claims)} shared claims do two outlets" in out
    assert "laim is shared" not in out


def test_alpha_stands_beside_its_ceiling(capsys):
    result = comparison()
    found = result.agreement[0]
    line = line_of(printed(capsys, result), "all units")
    numbers = (found.nominal.value, found.ceiling.perfect, found.ceiling.corrected.value)
    places = [line.index(f"{value:.2f}") for value in numbers]
    assert places == sorted(places)


def test_outlets_stand_in_one_order_from_the_most_optimistic_down(capsys):
    result = comparison()
    out = printed(capsys, result)
    order = ranked_outlets(result, BOOK)
    found = [line for line in out.splitlines() if line.startswith(tuple(order)) and "/ " in line]
    assert [line.split("  ")[0] for line in found[: len(order)]] == order


def test_a_bar_tells_the_mix_by_signs():
    looks = looks_of(BOOK, "stance")
    made = bar({"optimistic": 0.25, "neutral": 0.5, "skeptical": 0.25}, looks)
    assert made.plain == "▲" * (BAR // 4) + "●" * (BAR // 2) + "▼" * (BAR // 4)
    assert bar({"optimistic": 0.0, "neutral": 0.0, "skeptical": 0.0}, looks).plain == ""


def test_a_pipe_gets_no_colour_and_a_terminal_none_where_it_asks_for_none(capsys, monkeypatch):
    assert "\x1b" not in printed(capsys, comparison())
    shown = printed(capsys, comparison(), out=Console(force_terminal=True, width=140))
    assert "\x1b[34m▲" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    shown = printed(capsys, comparison(), out=Console(force_terminal=True, width=140))
    assert "\x1b[34m" not in shown
    assert "▲▲" in shown


def test_a_narrow_terminal_goes_without_bars(capsys):
    shown = printed(capsys, comparison(), out=Console(width=100))
    assert "▲" not in shown


def test_what_was_not_measured_is_left_out_or_said(capsys):
    out = printed(capsys, bare())
    assert "same mix: not testable" in out
    assert "agreement is not measured" in out
    assert "farthest apart" not in out


def test_the_event_has_a_row_of_shares_changes_and_articles_for_all_and_each_outlet(capsys):
    timeline = comparison().timeline
    out = printed(capsys, comparison(), out=Console(width=200))
    table = out[out.index(f"stance before and from {timeline.event}") :]
    changes = [change for change in timeline.around if change.voice is None]
    assert len(changes) > 1
    for change in changes:
        line = line_of(table, change.outlet or "all outlets")
        before, after = change.before["skeptical"], change.after["skeptical"]
        assert f"{percent(before.value)} → {percent(after.value)}" in line
        assert points(change.differences["skeptical"].value) in line
        assert line.rstrip().endswith(f"{before.n_articles} → {after.n_articles}")
    together = "All outlets together may also change because some print more than before."
    assert together in table
    assert together in section(parsed(comparison())[0], "weeks")


def test_an_event_without_articles_on_both_sides_is_said_in_a_line(capsys):
    result = comparison()
    result = replace(result, timeline=replace(result.timeline, around=()))
    assert f"no outlet has dated articles both before {result.timeline.event}" in printed(
        capsys, result
    )


def test_without_a_shared_claim_nothing_is_printed_of_who_leans_or_leaves_out(capsys):
    result = comparison()
    found = tuple(replace(s, n_claims=0, n_made=0, left_out=()) for s in result.selection)
    assert "p Holm of claims" in printed(capsys, result, out=Console(width=200))
    out = printed(capsys, replace(result, effects=(), selection=found), out=Console(width=200))
    assert "lean beyond others" not in out


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_drives_no_terminal(capsys, words):
    out = printed(capsys, spoiled(small(), words), spoiled(BOOK, words))
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(out)
    assert "[link=" not in out or "[link=file" in words
