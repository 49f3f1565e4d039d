"""What a page says where something is missing, stands in part only, or counts for nothing."""

import re
from dataclasses import replace

import pytest

from stance.records import GIVEN
from stance.report.answers import facts, four_answers
from stance.report.charts import all_figures
from stance.report.charts_claims import effects_figure, selection_figure, with_claims
from stance.report.charts_mixes import mix_figure, timeline_figure
from stance.report.charts_svg import inline
from stance.report.comparison_tables import print_comparison
from stance.report.page import render_page
from stance.report.page_notes import around_note, mix_note
from stance.report.readings import ranked_outlets, same_mix_words
from stance.report.terminal import console
from stance.statistics.effects import ALIKE, FEW
from tests.report.comparisons import BOOK, EVENT, comparison, small
from tests.report.test_page import parsed, row, section


def unshared():
    """Return a comparison without a claim that two outlets share."""
    whole = comparison()
    nothing = dict.fromkeys(("nominal", "ordinal", "percent", "gwet_ac1", "fleiss", "ceiling"))
    return replace(
        whole,
        alignment=replace(whole.alignment, claims=()),
        agreement=tuple(
            replace(
                found,
                **nothing,
                n_claims=0,
                disagreements={},
                pairs=tuple(replace(p, n_claims=0, same=None, alpha=None) for p in found.pairs),
            )
            for found in whole.agreement
        ),
        effects=(),
        selection=tuple(
            replace(s, n_claims=0, n_made=0, expected=0.0, p_value=None, p_holm=None, left_out=())
            for s in whole.selection
        ),
        units=tuple(replace(unit, claim=None) for unit in whole.units),
    )


def half_corrected():
    """Return a comparison of two outlets of which hand labels correct one, and that one's name."""
    whole = small()
    mix = whole.mixes[0]
    one, other = mix.outlets
    bare = replace(
        other, shares={name: replace(s, corrected=None) for name, s in other.shares.items()}
    )
    mixes = (replace(mix, outlets=(one, bare), corrected_p=None), *whole.mixes[1:])
    return replace(whole, mixes=mixes), one.outlet, other.outlet


def test_without_a_shared_claim_cards_and_sections_say_the_same_in_one_sentence():
    result = unshared()
    html, _ = parsed(result)
    said = {answer.place: answer.words for answer in four_answers(result, BOOK)}
    for place, missing in (
        ("agreement", "their agreement is not measured"),
        ("leanings", "who leans further is not measured"),
        ("left-out", "what is left out is not measured"),
    ):
        words = f"No claim is shared by two outlets, so {missing}."
        assert said[place] == words
        part = section(html, place)
        assert re.findall("<p>(.*?)</p>", part, re.S) == [words]
        assert not re.search("<(svg|table|a|details)[ >]", part)
    assert "on shared claims" not in section(html, "pairs")
    assert "it stands beside" not in section(html, "pairs")
    assert not {"left-out", "same-label"} & {f.name for f in all_figures(result, BOOK)}


def tied_throughout():
    """Return a comparison with shared claims, of which every outlet's units tie."""
    none = unshared()
    claims = tuple(
        replace(claim, cells=tuple(replace(cell, label=None) for cell in claim.cells))
        for claim in comparison().alignment.claims
    )
    zeros = dict.fromkeys(comparison().agreement[0].disagreements, 0)
    return replace(
        none,
        alignment=replace(none.alignment, claims=claims),
        agreement=tuple(replace(found, disagreements=zeros) for found in none.agreement),
        units=comparison().units,
    )


def test_where_every_shared_claim_is_a_tie_the_page_says_so():
    result = tied_throughout()
    n = len(result.alignment.claims)
    words = tiles(result)["agreement"]
    assert words == (
        f"On none of {n} shared claims do two outlets have a label, as units of one outlet tie "
        "there: their agreement is not measured."
    )
    html, _ = parsed(result)
    assert re.findall("<p>(.*?)</p>", section(html, "agreement"), re.S) == [words]
    assert "No claim is shared" not in html


def test_kinds_of_disagreement_are_not_drawn_where_no_claim_has_two_labels():
    result = tied_throughout()
    assert "disagreements" not in {figure.name for figure in all_figures(result, BOOK)}
    # Of one voice there may be labels where those of all units tie.
    whole, *voices = comparison().agreement
    zeros = dict.fromkeys(whole.disagreements, 0)
    bare = replace(whole, nominal=None, n_claims=0, disagreements=zeros, pairs=())
    part = section(parsed(replace(comparison(), agreement=(bare, *voices)))[0], "agreement")
    assert 'data-name="agreement"' in part
    assert 'data-name="disagreements"' not in part
    assert "Table of disagreements" not in part


def test_given_labels_are_not_said_to_be_sure_to_some_per_cent():
    whole = small()
    units = tuple(replace(u, probabilities=dict.fromkeys(u.labels, 1.0)) for u in whole.units)
    html, _ = parsed(replace(whole, units=units))
    assert html.count("<b>99</b>") == len(units)
    assert "read its label and how sure the model is." in section(html, "articles")
    given = replace(whole, units=units, model=replace(whole.model, name=GIVEN))
    html, _ = parsed(given)
    part = section(html, "articles")
    assert part.count("<b></b>") == len(units)
    assert "<b>99" not in part
    assert "read its label. " in part
    assert "how sure the model is" not in html
    assert not re.search('>b::after{content:"(%|\\\\25)', html)
    assert "i > b:empty::after { content: none !important; }" in html  # on paper


def test_a_leaning_that_cannot_be_told_from_the_choice_of_claims_is_another_matter():
    result = replace(comparison(), effects=())
    words = {answer.place: answer.words for answer in four_answers(result, BOOK)}["leanings"]
    assert words == "No outlet's leaning can be told apart from its choice of claims."


def test_a_part_without_claims_has_no_chart_no_rows_and_a_sentence():
    whole = comparison()
    selection = tuple(
        replace(s, n_claims=0, n_made=0, left_out=()) if s.voice == "attributed" else s
        for s in whole.selection
    )
    selection = (replace(selection[0], n_made=0), *selection[1:])
    part = section(parsed(replace(whole, selection=selection))[0], "left-out")
    table = part[part.index("<table") : part.index("</table>")]
    assert "voice: author" in table
    assert "voice: attributed" not in table
    assert "No claim is made by two other outlets in voice: attributed." in part
    assert "<td>0</td>" in row(table, selection[0].outlet)
    assert len(selection_figure(with_claims(selection), ranked_outlets(whole, BOOK)).panels) == 2


def test_each_half_of_an_event_leads_to_its_own_sentences_and_zero_to_none():
    result = comparison()
    change = result.timeline.around[0]
    gone = replace(change.before["skeptical"], value=0.0)
    changed = replace(change, before={**change.before, "skeptical": gone})
    timeline = replace(result.timeline, around=(changed, *result.timeline.around[1:]))
    part = section(parsed(replace(result, timeline=timeline))[0], "weeks")
    cells = row(part, "All outlets").split("<td>")[3:]
    optimistic, skeptical = cells[0], cells[2]
    before, after = (side["optimistic"].value for side in (change.before, change.after))
    assert (
        f'<a href="#articles-A0" data-t="/2026-01-13">{before:.0%}</a> → '
        f'<a href="#articles-A0" data-t="{EVENT}/">{after:.0%}</a>'
    ) in optimistic
    assert skeptical.count("<a ") == 1
    assert ">0% → <a " in skeptical


def test_an_event_tells_articles_on_each_side_and_why_numbers_are_missing():
    result = comparison()
    change = result.timeline.around[1]
    told = re.findall(r"<td>(\d+)</td>", row(section(parsed(result)[0], "weeks"), change.outlet))
    sides = (change.before["neutral"], change.after["neutral"])
    assert told[:2] == [str(side.n_articles) for side in sides]

    def with_articles(*numbers):
        before, after = (
            {name: replace(share, n_articles=n) for name, share in side.items()}
            for side, n in zip((change.before, change.after), numbers, strict=True)
        )
        return replace(change, before=before, after=after)

    assert around_note([with_articles(2, 2)]) == ""
    assert around_note([with_articles(1, 3)]) == " A side of one article leaves no interval."
    assert around_note([with_articles(2, 2), with_articles(1, 1)]) == (
        " A side of one article leaves no interval, and one article on each leaves no p."
    )


def test_week_links_keep_to_their_voice():
    part = section(parsed(comparison())[0], "weeks")
    rows = re.findall("<tr data-t.*?</tr>", part, re.S)
    voiced = [r for r in rows if "All outlets, voice: attributed" in r]
    assert voiced
    for found in voiced:
        links = re.findall('href="#([^"]+)"', found)
        assert links[0] == "articles-C1"
        assert all(re.fullmatch("articles-A[012]-C1", link) for link in links[1:])


def test_a_page_is_made_of_weeks_and_events_at_the_ends_of_the_calendar():
    result = comparison()
    weeks = (replace(result.timeline.weeks[0], monday="9999-12-27"), *result.timeline.weeks[1:])
    timeline = replace(result.timeline, weeks=weeks)
    part = section(parsed(replace(result, timeline=timeline))[0], "weeks")
    assert 'data-t="9999-12-27/9999-12-31"' in part
    timeline = replace(result.timeline, event="0001-01-01", around=())
    part = section(parsed(replace(result, timeline=timeline))[0], "weeks")
    assert "What changed on 0001-01-01 cannot be said" in part


def test_a_weekly_line_breaks_where_a_week_is_missing():
    timeline = comparison().timeline
    weeks = [w for w in timeline.weeks if w.outlet is None and w.voice is None]
    mondays = ["2026-01-05", "2026-01-12", "2026-01-26", "2026-02-09", "2026-02-16"]
    weeks = tuple(replace(weeks[0], monday=monday) for monday in mondays)
    drawn = inline(timeline_figure(replace(timeline, weeks=weeks), [], BOOK).panels[0])
    line = re.search('<path d="([^"]+)" class="s-good faint"', drawn)[1]
    assert re.sub(r"[\d .]", "", line) == "MLMML"


def test_the_small_print_of_a_table_of_shares_is_explained_as_far_as_it_is_there():
    plain, corrected = comparison(corrected=False), comparison()
    html, _ = parsed(plain)
    note = mix_note(plain.mixes[0], plain.copies)
    assert f'<p class="fine">{note}</p>' in section(html, "mix")
    assert note.startswith("Errors: where the true share may lie")
    assert mix_note(corrected.mixes[0], corrected.copies).startswith("At large: 95% limits")
    outlet = corrected.mixes[0].outlets[0]
    other = {name: share.counted.value + 0.02 for name, share in outlet.shares.items()}
    mix = replace(corrected.mixes[0], outlets=(replace(outlet, other_counting=other),))
    assert "Copies counted too: " in mix_note(mix, corrected.copies)
    printed = replace(corrected.copies, counted="printed")
    assert "Copies left out: " in mix_note(mix, printed)
    assert "opies" not in mix_note(mix, replace(corrected.copies, groups=()))


def test_where_labels_correct_some_outlets_the_page_says_which_and_that_distances_are_counted():
    result, one, other = half_corrected()
    html, _ = parsed(result)
    part = section(html, "mix")
    assert f"Corrected by hand labels: {one}; the others are counted." in part
    assert "Shares of 1 of 2 outlets are corrected" in part
    assert "errors " in row(part, other)
    caption = mix_figure(result.mixes[0], [one, other], BOOK).caption
    assert "A row without a hollow mark is counted" in caption
    assert "Dashed box" in caption
    assert "the others are counted" not in section(parsed(small())[0], "mix")
    for found in (result, small()):
        assert four_answers(found, BOOK)[0].words.startswith("Farthest apart as counted: ")
        assert "Distances and their p are of counted mixes" in parsed(found)[0]
    plain = comparison(corrected=False)
    assert four_answers(plain, BOOK)[0].words.startswith("Farthest apart: ")
    assert "in 1 of 2 outlets" in dict(facts(result))["Hand labels"]


def test_a_test_of_counted_labels_is_never_given_as_that_of_corrected_shares(capsys):
    whole = comparison()
    mixes = tuple(replace(m, same_mix_p=0.29, corrected_p=None) for m in whole.mixes)
    result = replace(whole, mixes=mixes)
    said = "corrected: not testable (counted: p = 0.29)"
    part = section(parsed(result)[0], "mix")
    assert f"Test over all outlets – {said}." in part
    assert part.count(f"same mix: {said}") == 2  # the other tasks; voices are not corrected
    print_comparison(console(), result, BOOK)
    assert capsys.readouterr().out.count(f"same mix: {said}") == 3
    tile = four_answers(result, BOOK)[0]
    assert (tile.number, tile.interval) == ("not testable", "counted p = 0.29")
    tile = four_answers(whole, BOOK)[0]
    assert (tile.number, tile.interval[:12]) == ("p = 0.021", "counted p = ")


def test_where_labels_correct_some_outlets_the_test_of_all_is_said_to_be_counted():
    result, *_ = half_corrected()
    mix = replace(result.mixes[0], same_mix_p=0.29)
    result = replace(result, mixes=(mix, *result.mixes[1:]))
    assert same_mix_words(mix) == "corrected: not testable (counted: p = 0.29)"
    tile = four_answers(result, BOOK)[0]
    assert (tile.number, tile.interval) == ("p = 0.29", "counted")
    plain = replace(comparison(corrected=False).mixes[0], same_mix_p=0.29)
    assert same_mix_words(plain) == "p = 0.29"
    assert same_mix_words(replace(mix, same_mix_p=None)) == "not testable"


def test_tiles_count_only_outlets_that_were_tested_and_show_one_of_them():
    whole = comparison()
    untested = {"p_value": None, "p_holm": None}
    first = [s.voice is None for s in whole.selection].index(True)
    # The one without a test leaves out most; of the others nobody's claims are few.
    selection = tuple(
        replace(s, **untested, n_made=0, left_out=tuple(c.id for c in whole.alignment.claims))
        if i == first
        else replace(s, p_value=1.0, p_holm=1.0)
        for i, s in enumerate(whole.selection)
    )
    effects = tuple(
        replace(e, **untested) if i == 0 else replace(e, p_holm=0.01 if i == 1 else 0.8)
        for i, e in enumerate(e for e in whole.effects if e.voice is None)
    )
    said = tiles(replace(whole, selection=selection, effects=effects))
    assert "1 of 4 outlets tested lean by more than chance gives (Holm)." in said["leanings"]
    assert "0 of 4 outlets tested leave out more than chance gives (Holm)." in said["left-out"]
    assert f"are not in {selection[first].outlet}" not in said["left-out"]
    none = replace(
        whole,
        selection=tuple(replace(s, **untested) for s in selection),
        effects=tuple(replace(e, **untested, untested=FEW) for e in effects),
    )
    said = tiles(none)
    assert said["leanings"].endswith(". All outlets have too few articles to test.")
    assert said["left-out"].endswith(". All outlets have too few articles of like length to test.")
    assert "chance" not in said["leanings"] + said["left-out"]
    assert "drawn from all outlets" not in said["left-out"]


def tiles(result):
    return {answer.place: answer.words for answer in four_answers(result, BOOK)}


def test_a_corrected_share_without_a_counted_unit_leads_nowhere():
    whole = small()
    mix = whole.mixes[0]
    outlet = mix.outlets[0]
    share = outlet.shares["skeptical"]
    none = replace(share, counted=replace(share.counted, value=0.0))
    outlet = replace(outlet, shares={**outlet.shares, "skeptical": none})
    result = replace(
        whole, mixes=(replace(mix, outlets=(outlet, *mix.outlets[1:])), *whole.mixes[1:])
    )
    cells = row(section(parsed(result)[0], "mix"), outlet.outlet).split("<td>")
    assert ["<a " in cell for cell in cells[3:]] == [True, True, False]


def test_undated_articles_come_last_and_say_so():
    whole = comparison()
    outlet = whole.units[0].outlet
    first = min((u.date, u.article_id) for u in whole.units if u.outlet == outlet and u.date)[1]
    units = tuple(replace(u, date=None) if u.article_id == first else u for u in whole.units)
    part = section(parsed(replace(whole, units=units))[0], "articles")
    start = part.index(f">{outlet} <small")
    part = part[start : part.find('<section class="outlet"', start)]
    heads = re.findall("<summary>.*?</summary>", part, re.S)
    assert f"no date · {first}" in heads[-1]
    assert "no date" not in "".join(heads[:-1])


def test_the_basis_names_the_kinds_of_units_and_how_much_counts():
    whole = comparison()
    copied = {u.article_id for u in whole.units if not u.counts}
    told = dict(facts(whole))
    n = whole.corpus.n_articles - 1 - len(copied)  # one has no unit
    assert told["Articles"].startswith(f"{whole.corpus.n_articles}, of which {n} count; ")
    counting = sum(unit.counts for unit in whole.units)
    assert told["Units"].startswith(f"{len(whole.units):,}: ")
    assert told["Units"].endswith(f"; {counting:,} count")
    for kind in {unit.kind for unit in whole.units}:
        assert re.search(rf"[:,] [\d,]+ {kind.replace('_', ' ')}s?[,;]", told["Units"])
    units = tuple(replace(u, kind="sentence", counts=True) for u in whole.units)
    plain = replace(whole, units=units, copies=replace(whole.copies, n_left_out=0, groups=()))
    assert dict(facts(plain))["Units"] == f"{len(units):,} sentences"
    assert "count;" not in dict(facts(plain))["Articles"]


def test_an_outlet_lists_as_many_articles_as_its_row_counts():
    whole = comparison()
    html = section(parsed(whole)[0], "articles")
    left_out = 0
    for outlet in whole.mixes[0].outlets:
        told = re.search(rf">{outlet.outlet} <small class=\"soft\">(\d+) articles?(.*?)<", html)
        assert int(told[1]) == outlet.n_articles
        copies = {u.article_id for u in whole.units if u.outlet == outlet.outlet and not u.counts}
        assert told[2] == (f", and {len(copies)} not counted" if copies else "")
        left_out += len(copies)
    assert left_out == whole.copies.n_left_out


@pytest.mark.parametrize("corrected_p", [None, 0.9])
def test_the_tests_of_other_tasks_stand_in_sight(corrected_p):
    whole = comparison()
    mixes = tuple(
        replace(m, same_mix_p=0.0084, corrected_p=corrected_p) if m.task == "sentiment" else m
        for m in whole.mixes
    )
    part = section(parsed(replace(whole, mixes=mixes))[0], "mix")
    head = part[: part.index("<figure")]
    told = "corrected: not testable (counted: p = 0.0084)"
    if corrected_p is not None:
        told = "p = 0.9 (counted: 0.0084)"
    assert f"<p>Also: sentiment {told}, voice p = " in head
    assert "; each on its own, not adjusted for one another.</p>" in head
    alone = replace(whole, mixes=whole.mixes[:1])
    assert "Also: " not in section(parsed(alone)[0], "mix")


def test_outlets_in_full_agreement_lean_to_no_side_and_are_not_said_to_have_few_articles():
    whole = comparison()
    nothing = dict.fromkeys(("low", "high", "p_value", "p_holm"))
    first, *rest = (replace(e, **nothing, value=0.0, untested=ALIKE) for e in whole.effects)
    result = replace(whole, effects=(first, *rest))
    said = tiles(result)["leanings"]
    assert said == f"No outlet leans to a side. No lean can be tested: {ALIKE}."
    assert f"<small>{ALIKE}</small>" in section(parsed(result)[0], "leanings")
    figure = effects_figure(result, ranked_outlets(result, BOOK), BOOK)
    drawn = "".join(inline(panel) for panel in figure.panels)
    assert f"0.00, {ALIKE}" in drawn
    assert FEW not in said + drawn
    of_all = [e for e in rest if e.voice is None]
    some = replace(result, effects=(replace(first, value=0.5, untested=FEW), *of_all))
    assert tiles(some)["leanings"] == (
        f"{first.outlet}, toward optimistic. "
        f"No lean can be tested: {FEW} (1), {ALIKE} ({len(of_all)})."
    )


def test_an_outlet_alone_is_not_said_to_have_one_article():
    whole = small()
    mix = replace(whole.mixes[0], pairs=(), same_mix_p=None, corrected_p=None)
    mix = replace(mix, outlets=mix.outlets[:1])
    assert mix.outlets[0].n_articles > 1
    result = replace(whole, mixes=(mix,))
    words = "One outlet counts: there is no other to compare it with."
    assert tiles(result)["mix"] == words
    part = section(parsed(result)[0], "mix")
    assert words in part
    assert "No outlet has two articles" not in part


def test_repairs_of_a_table_and_copies_without_text_are_said_not_to_be_known():
    whole = comparison()
    plain = replace(whole, corpus=replace(whole.corpus, n_repaired=0, repairs={}))
    assert dict(facts(plain))["Repairs"] == "none were needed"
    tables = replace(plain, n_from_tables=whole.corpus.n_articles)
    assert dict(facts(tables))["Repairs"] == "not recorded in a table of units"
    some = dict(facts(replace(whole, n_from_tables=3)))["Repairs"]
    assert some.startswith("in 3 articles: ")
    assert some.endswith("; not recorded of 3 articles from a table of units")
    some = dict(facts(replace(whole, copies=replace(whole.copies, n_without_text=2))))["Copies"]
    assert some.endswith("; others could not be looked for: 2 articles without text")


def test_a_page_does_not_tell_where_files_lay_on_the_machine_that_made_it():
    whole = small()
    remedy = "stance label next '/home/ada/my news' --register=/home/ada/r.csv --folder mine"
    sample = replace(whole.sample, folder="/home/ada/august", remedy=remedy)
    result = replace(whole, sample=sample, refusals=(f"Draw such a sample with: {remedy}.",))
    html = render_page(result, BOOK, command="stance compare '/home/ada/my news' -o r.html")
    assert "/home/ada" not in html
    named = "stance label next &#39;my news&#39; --register=r.csv --folder mine"
    assert f"Draw such a sample with: {named}." in html
    assert "<dd>august</dd>" in html
    assert "stance compare &#39;my news&#39; -o r.html" in html
