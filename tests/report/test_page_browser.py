"""The page of a comparison in a real Chromium: read, filtered by mouse and keys, printed."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from stance.report.page import render_page
from tests.chromium import needs_chromium
from tests.report.comparisons import BOOK, EVENT, HOSTILE, comparison, small, spoiled

pytestmark = needs_chromium
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SHOWN = "i:not([data-off])"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    hostile = " ".join(HOSTILE)
    pages = {
        "whole": (comparison(), BOOK, {}),
        "small": (small(), BOOK, {}),
        "silent": (small(), BOOK, {"text": False}),
        "hostile": (spoiled(small(), hostile), spoiled(BOOK, hostile), {}),
    }
    paths = {}
    for name, (result, book, options) in pages.items():
        paths[name] = folder / f"{name}.html"
        html = render_page(result, book, command="stance compare x -o x.html", **options)
        paths[name].write_text(html, encoding="utf-8")
    return paths


@pytest.fixture
def visit(browser, files):
    """Open pages; whatever the browser complains of, asks for or is asked fails the test."""
    contexts, complaints = [], []

    def look(name, *, size=WIDE, place="", **options):
        context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("popup", lambda other: complaints.append(other.url))
        address = files[name].as_uri()
        page.on("request", lambda r: r.url.split("#")[0] == address or complaints.append(r.url))
        page.goto(address + place)
        return page

    yield look
    for context in contexts:
        context.close()
    assert complaints == []


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_page_reads_and_fits(visit, size, script):
    page = visit("whole", size=size, java_script_enabled=script)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    result = comparison()
    expect(page.locator(".answer")).to_have_text(result.answer)
    expect(page.locator(".art")).to_have_count(len({u.article_id for u in result.units}))
    expect(page.locator("#filter")).to_be_visible(visible=script)
    assert script or not page.locator("button:visible").count()
    chart = page.locator("#mix svg").first.bounding_box()
    assert 300 < chart["width"] <= 450  # near the width that it was drawn for
    small_print = "[...document.querySelectorAll('svg.chart text')].map(t => "
    small_print += "parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.clientWidth / "
    small_print += "t.ownerSVGElement.viewBox.baseVal.width).filter(Number.isFinite)"
    assert min(n for n in page.evaluate(small_print) if n > 0) >= 9


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(visit, scheme):
    page = visit("small", size=NARROW, color_scheme=scheme, bypass_csp=True)
    unfold(page)
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["impact"], v["nodes"][0]["html"]) for v in found] == []


def test_a_number_leads_to_just_its_sentences(visit):
    page = visit("whole")
    outlet = comparison().mixes[0].outlets[0]
    row = page.locator("#mix table").first.locator("tr", has_text=outlet.outlet)
    row.locator("td:last-child a").click()
    share = outlet.shares["skeptical"].counted
    expect(page.locator("#f-count")).to_contain_text(f"{round(share.value * share.n_units)} sent")
    assert page.locator(".outlet:visible").count() == 1
    units = page.locator(f".art:not(.copy):visible {SHOWN}")
    assert units.count() == round(share.value * share.n_units)
    assert units.last.is_visible()
    assert units.first.locator("b").inner_text()
    named = "n => getComputedStyle(n, '::before').content"
    assert page.evaluate(named, units.first.locator("b").element_handle()).startswith('"skeptical')
    assert page.locator(".art:visible i[data-off]:visible").count() == 0
    page.check("#f-around")
    assert page.locator(".art:visible i[data-off]:visible").count() > 0
    page.click("#f-none")
    assert page.locator(".outlet:visible").count() == 5
    assert page.locator("i[data-off]").count() == 0


def test_the_sentences_that_were_judged_by_hand_can_be_seen_alone(visit):
    page = visit("whole")
    page.get_by_label("judged by hand").check()
    judged = [unit for unit in comparison().units if unit.hand]
    shown = page.locator(f".art {SHOWN}:visible")
    expect(shown).to_have_count(len(judged))
    expect(page.locator(".art .hand:visible")).to_have_text(["by hand: skeptical"] * len(judged))
    first = shown.first.text_content()
    assert any(unit.text[:30] in first for unit in judged)
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_label("judged by hand")).not_to_be_checked()
    assert page.locator("i[data-off]").count() == 0


def test_articles_are_filtered_by_voice_and_date(visit):
    page = visit("whole")
    result = comparison()
    page.select_option("#filter >> css=label:has-text('Voice') select", label="attributed")
    page.fill("#f-from", "2026-01-01")
    page.fill("#f-to", "2026-02-28")
    page.locator("#f-to").dispatch_event("change")
    wanted = [
        u
        for u in result.units
        if u.labels["voice"] == "attributed" and "2026-01-01" <= (u.date or "") <= "2026-02-28"
    ]
    shown = page.locator(f".art:visible {SHOWN}")
    assert shown.count() == len(wanted)
    assert f"{sum(u.counts for u in wanted)} sent" in page.inner_text("#f-count")


def found_in(units):
    """Return what the line above the sentences says of some of them."""
    counted = [u for u in units if u.counts]
    n, copied = len({u.article_id for u in counted}), len(units) - len(counted)
    words = f"{len(counted)} sentence{'' if len(counted) == 1 else 's'}"
    words += f" in {n} article{'' if n == 1 else 's'}"
    return words + (f", and {copied} in copies that do not count" if copied else "")


def test_copies_are_told_apart_in_the_count_of_articles_too(visit):
    page = visit("whole", place="#articles-A2")
    wanted = [u for u in comparison().units if u.labels["stance"] == "skeptical"]
    assert len({u.article_id for u in wanted if u.counts}) < len({u.article_id for u in wanted})
    expect(page.locator("#f-count")).to_have_text(found_in(wanted))


def test_both_halves_of_an_event_lead_to_just_their_sentences(visit):
    page = visit("whole")
    result = comparison()
    change = max(
        (c for c in result.timeline.around if c.outlet and c.voice),
        key=lambda c: min(side["optimistic"].value for side in (c.before, c.after)),
    )
    name = f"{change.outlet}, voice: {change.voice}"
    row = page.locator("#weeks table").first.locator("tr", has_text=name)
    for i, share in enumerate((change.before["optimistic"], change.after["optimistic"])):
        row.locator("td").nth(2).locator("a").nth(i).click()
        wanted = [
            u
            for u in result.units
            if u.outlet == change.outlet and u.date and (u.date < EVENT) == (i == 0)
            if u.labels["voice"] == change.voice and u.labels["stance"] == "optimistic"
        ]
        expect(page.locator("#f-count")).to_have_text(found_in(wanted))
        assert sum(u.counts for u in wanted) == round(share.value * share.n_units)


def test_a_week_leads_to_the_sentences_of_its_voice(visit):
    page = visit("whole")
    unfold(page)
    result = comparison()
    week = next(w for w in result.timeline.weeks if w.voice == "attributed" and not w.outlet)
    sunday = (date.fromisoformat(week.monday) + timedelta(days=6)).isoformat()
    row = page.locator("#weeks table").last.locator("tr", has_text="voice: attributed").first
    for link, label in ((row.locator("th a"), None), (row.locator("td a").first, "optimistic")):
        link.click()
        wanted = [
            u
            for u in result.units
            if week.monday <= (u.date or "") <= sunday and u.labels["voice"] == "attributed"
            if label in (None, u.labels["stance"])
        ]
        expect(page.locator("#f-count")).to_have_text(found_in(wanted))


@pytest.mark.parametrize("width", [390, 500, 800])
def test_every_entry_of_the_navigation_is_in_sight(visit, width):
    page = visit("small", size={"width": width, "height": 700})
    box = page.evaluate(
        "(({scrollWidth: a, clientWidth: b}) => a - b)(document.querySelector('nav ul'))"
    )
    assert box == 0
    rights = page.evaluate(
        "[...document.querySelectorAll('nav a')].map(a => a.getBoundingClientRect().right)"
    )
    assert max(rights) <= width
    nav = page.locator("nav")
    page.evaluate("document.querySelector('#weeks').scrollIntoView()")
    sticks = nav.bounding_box()["y"] == 0
    assert sticks == (nav.bounding_box()["height"] < 60)


def test_pairs_and_kinds_of_disagreement_lead_to_their_claims(visit):
    page = visit("whole")
    result = comparison()
    page.locator("#agreement a[data-k]").first.click()
    kind, _ = next(iter(result.agreement[0].disagreements.items()))
    wanted = set(kind.split(" / "))
    n = sum(wanted <= {cell.label for cell in c.cells} for c in result.alignment.claims)
    expect(page.locator("#claim-count")).to_have_text(f"{n} claims")
    assert page.locator(".claim:visible").count() == n
    left, right = (page.locator("#claim-one option").nth(i).inner_text() for i in (1, 2))
    page.select_option("#claim-kind", "")
    page.select_option("#claim-one", label=left)
    page.select_option("#claim-two", label=right)
    n = sum({left, right} <= {cell.outlet for cell in c.cells} for c in result.alignment.claims)
    assert page.locator(".claim:visible").count() == n


def test_without_a_script_a_link_still_points_out_its_sentences(visit):
    page = visit("small", java_script_enabled=False, place="#o1-A2")
    colours = page.evaluate(
        "() => [...document.querySelectorAll('#o1 i')].map(u => [getComputedStyle(u).color, "
        "getComputedStyle(u.querySelector('b'), '::before').content])"
    )
    asked = {colour for colour, label in colours if "skeptical" in label}
    rest = {colour for colour, label in colours if "skeptical" not in label}
    assert len(asked) == len(rest) == 1
    assert asked != rest


def test_a_sentence_tells_its_label_by_mouse_by_key_and_to_a_screen_reader(visit):
    page = visit("small")
    article = page.locator(".art").first
    article.locator("summary").click()
    unit = article.locator("i").first
    told = unit.locator("b")
    hidden = told.bounding_box()["width"]
    unit.hover()
    assert told.bounding_box()["width"] > hidden + 50
    page.mouse.move(5, 5)
    article.locator("summary").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "I"
    assert told.bounding_box()["width"] > hidden + 50
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    label = re.search(
        r"(optimistic|neutral|skeptical)\s*\d+% · sentiment \w+ · voice \w+",
        article.aria_snapshot(),
    )
    assert label


def test_the_page_can_be_walked_by_keys_from_a_skip_link_on(visit):
    page = visit("small")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    assert page.locator("html[lang=en]").count() == 1
    for role in ("banner", "navigation", "main"):
        assert page.get_by_role(role).count() == 1
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_paper_shows_what_the_screen_folds(visit, script):
    page = visit("small", java_script_enabled=script)
    page.emulate_media(media="print")
    unit = page.locator(".art i").last
    assert unit.bounding_box()["height"] > 5
    assert unit.locator("b").bounding_box()["width"] > 20
    assert page.locator("nav").is_hidden()
    assert page.locator("#filter").is_hidden()
    assert len(page.pdf(format="A4")) > 20_000


def test_hostile_text_runs_nothing_asks_for_nothing_and_breaks_no_layout(visit):
    for size in (WIDE, NARROW):
        page = visit("hostile", size=size)
        title = page.title()
        unfold(page)
        page.locator("#mix td a").first.click()
        page.locator(f".art:visible {SHOWN}").first.focus()
        page.select_option("#claim-kind", index=1)
        assert page.title() == title
        assert "it ran" not in title.replace("document.title='it ran'", "")
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert page.locator("b[onmouseover], svg[onload], img, iframe").count() == 0


def test_tables_and_charts_can_be_taken_away_as_files(visit):
    page = visit("hostile")
    with page.expect_download() as taken:
        page.locator("#mix caption button").first.click()
    lines = taken.value.path().read_bytes().decode("utf-8-sig").split("\r\n")
    assert len(lines) == 3
    assert lines[0].startswith('"Outlet","Articles","Units"')
    page = visit("small")
    with page.expect_download() as taken:
        page.locator("#mix caption button").first.click()
    _, first, _ = taken.value.path().read_bytes().decode("utf-8-sig").split("\r\n")
    share = small().mixes[0].outlets[0].shares["optimistic"].corrected
    other = small().mixes[0].outlets[1].shares["optimistic"].corrected
    assert any(f'"{s.value:.0%}","{s.low:.0%} to {s.high:.0%}"' in first for s in (share, other))
    with page.expect_download() as taken:
        page.locator("#mix figcaption button").first.click()
    drawing = taken.value.path().read_text(encoding="utf-8")
    assert drawing.count("<svg") == 4
    assert ".f-good{fill:#0b6bb3}" in drawing
    root = ET.fromstring(drawing)
    assert len(root.findall("{http://www.w3.org/2000/svg}svg")) == 3


def test_a_page_without_text_works_the_same(visit):
    page = visit("silent", place="#o1-A0")
    expect(page.locator("#f-count")).to_contain_text("sentence")
    unit = page.locator(f".art:visible {SHOWN}").first
    assert re.match(r"\d+–\d+ [0-9a-f]{12}", unit.inner_text())
