import re
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from stance.errors import StanceError
from stance.report.charts import all_figures, save_charts, source_line
from stance.report.charts_claims import agreement_figure
from stance.report.charts_mixes import mix_figure, timeline_figure
from stance.report.charts_pairs import shade
from stance.report.charts_rows import Axis, Mark, Row, centred_axis, rows_panel, share_axis
from stance.report.charts_svg import Figure, fitted, inline, sheet, shown, text_width, wrapped
from stance.report.readings import headline, ranked_outlets
from tests.report.comparisons import BOOK, HOSTILE, comparison, small, spoiled

SVG = "{http://www.w3.org/2000/svg}"
ORDER = ranked_outlets(comparison(), BOOK)


def marks(panel, kind):
    """Return where the marks of a class start, as (x, y)."""
    found = re.findall(f'<path d="([^"]+)" class="{kind}"', inline(panel))
    return [
        (float(x), float(y)) for path in found for x, y in re.findall(r"M([\d.]+) ([\d.]+)m", path)
    ]


@pytest.mark.parametrize("corrected", [True, False])
def test_a_mark_stands_where_its_share_lies_on_the_axis(corrected):
    mix = comparison(corrected=corrected).mixes[0]
    figure = mix_figure(mix, ORDER, BOOK)
    outlets = {outlet.outlet: outlet for outlet in mix.outlets}
    for panel, label, tone in zip(figure.panels, mix.classes, ("good", "even", "bad"), strict=True):
        ticks = re.findall(r">(\d+)%</text>", inline(panel))
        highest = int(ticks[-1]) / 100
        places = marks(panel, f"f-{tone}")
        assert len(places) == len(ORDER)
        for name, (x, _) in zip(ORDER, places, strict=True):
            value = headline(outlets[name].shares[label]).value
            assert x == pytest.approx(8 + 344 * value / highest, abs=0.51)


def test_the_counted_share_is_drawn_hollow_below_a_corrected_one():
    mix = comparison().mixes[0]
    panel = mix_figure(mix, ORDER, BOOK).panels[0]
    main, beside = marks(panel, "f-good"), marks(panel, "s-even hollow")
    assert [round(b[1] - m[1]) for m, b in zip(main, beside, strict=True)] == [13] * len(ORDER)
    assert not marks(
        mix_figure(comparison(corrected=False).mixes[0], ORDER, BOOK).panels[0], "s-even hollow"
    )


@pytest.mark.parametrize("highest", [0.01, 0.2, 0.21, 0.6, 1.0])
def test_an_axis_of_shares_ends_at_the_next_fifth(highest):
    axis = share_axis(highest)
    assert highest <= axis.high < highest + 0.2 + 1e-9
    assert axis.x(0) == 8
    assert axis.x(axis.high) == 352


@pytest.mark.parametrize("furthest", [0.1, 0.25, 0.6, 1.0, 1.9, 3.2])
def test_a_centred_axis_reaches_as_far_to_either_side(furthest):
    axis = centred_axis(furthest, ("a", "b"))
    assert axis.low == -axis.high
    assert axis.high >= furthest
    assert axis.x(0) == 180
    assert (0, "0") in axis.ticks
    assert len(axis.ticks) <= 9


def test_values_beyond_an_axis_stand_at_its_end():
    axis = Axis(low=0, high=0.5, ticks=())
    assert (axis.x(-1), axis.x(2)) == (8, 352)


@pytest.mark.parametrize(
    ("value", "low", "left"),
    [(-0.88, None, -1), (-0.3, None, -0.5), (-0.3, -0.7, -1), (0.4, 0.2, 0)],
)
def test_alpha_is_drawn_where_it_lies_with_limits_or_without(value, low, left):
    found = comparison().agreement[0]
    nominal = replace(found.nominal, value=value, low=low, high=None if low is None else 0.9)
    panel = agreement_figure([replace(found, nominal=nominal)]).panels[0]
    places = [x for x, _ in marks(panel, "f-ink")]  # of alpha, and of the bar for its ceiling
    assert places[0] == pytest.approx(8 + 344 * (value - left) / (1 - left), abs=0.51)
    high = replace(found.nominal, value=0.4, low=0.2)
    corrected = replace(found.ceiling.corrected, value=value, low=low)
    for ceiling in (
        replace(found.ceiling, corrected=corrected),
        replace(found.ceiling, perfect_low=value if low is None else low),
    ):
        drawn = inline(agreement_figure([replace(found, nominal=high, ceiling=ceiling)]).panels[0])
        assert (f">{left:g}</text>" in drawn) == (left < 0)


def weekly(*weeks, event=None):
    """Return the first panel and the caption of a chart of weeks: (Monday, low, share, high)."""
    timeline = comparison().timeline
    whole = next(w for w in timeline.weeks if w.outlet is None and w.voice is None)
    weeks = tuple(
        replace(
            whole,
            monday=monday,
            shares={
                name: replace(s, value=value, low=low, high=high)
                for name, s in whole.shares.items()
            },
        )
        for monday, low, value, high in weeks
    )
    figure = timeline_figure(replace(timeline, weeks=weeks, event=event), [], BOOK)
    return inline(figure.panels[0]), figure.caption


def test_an_interval_of_a_week_ends_where_it_ends():
    drawn, _ = weekly(("2026-01-05", 0.12, 0.38, 0.73))
    assert re.findall(r">(\d+)%</text>", drawn) == ["0", "40", "80"]
    low, high = re.search(r'd="M[\d.]+ ([\d.]+)V([\d.]+)" class="s-good faint"', drawn).groups()
    height, foot = 156 - 30 - 24, 156 - 24
    assert float(low) == pytest.approx(foot - height * 0.12 / 0.8, abs=0.51)
    assert float(high) == pytest.approx(foot - height * 0.73 / 0.8, abs=0.51)
    drawn, _ = weekly(("2026-01-05", None, 0.38, None))
    assert re.findall(r">(\d+)%</text>", drawn) == ["0", "20", "40"]


def test_what_is_not_drawn_does_not_stretch_the_axis_of_weeks():
    timeline = comparison().timeline
    week = next(w for w in timeline.weeks if w.outlet is None and w.voice is None)
    shares = {name: replace(s, value=0.3, low=0.2, high=0.4) for name, s in week.shares.items()}
    wide = {name: replace(s, low=0.0, high=1.0) for name, s in shares.items()}
    week = replace(week, shares=shares)
    weeks = (week, replace(week, outlet=ORDER[0], voice="author", shares=wide))
    drawn = inline(timeline_figure(replace(timeline, weeks=weeks), ORDER, BOOK).panels[0])
    assert re.findall(r">(\d+)%</text>", drawn) == ["0", "20", "40"]


@pytest.mark.parametrize(
    ("event", "day"),
    [
        ("2026-01-04", None),
        ("2026-01-05", 0),
        ("2026-01-14", 9),
        ("2026-01-18", 13),
        ("2026-01-19", None),
        ("2030-06-01", None),
    ],
)
def test_an_event_stands_on_its_day_and_nowhere_outside_the_weeks(event, day):
    drawn, caption = weekly(
        ("2026-01-05", 0.1, 0.2, 0.3), ("2026-01-12", 0.1, 0.2, 0.3), event=event
    )
    lines = re.findall(r'<path d="M([\d.]+) [\d.]+V[\d.]+" class="s-ink dash"', drawn)
    assert (f"Dotted line: {event}." in caption) == (day is not None)
    assert [float(x) for x in lines] == (
        [] if day is None else [pytest.approx(44 + 308 * day / 13, abs=0.51)]
    )
    assert ">2026-01-05</text>" in drawn
    assert ">2026-01-18</text>" in drawn


def test_a_last_week_beyond_the_calendar_ends_with_it():
    drawn, _ = weekly(("9999-12-27", 0.1, 0.2, 0.3))
    assert ">9999-12-31</text>" in drawn


def test_shades_go_from_none_to_the_strongest():
    assert [shade(v, 0.4) for v in (0, 0.03, 0.2, 0.4)] == [0, 0, 2, 5]
    assert shade(0.3, 0.0) == 0


def test_text_is_cut_to_its_room():
    name = "The Very Long-Named Gazette of the Northern Harbours and Islands"
    assert fitted("Gazette", 200) == "Gazette"
    cut = fitted(name, 120)
    assert cut.endswith("…")
    assert text_width(cut) <= 120
    assert text_width("新聞") > text_width("ab")
    assert all(text_width(line) <= 300 for line in wrapped(name * 3, 300, ""))


@pytest.mark.parametrize("corrected", [True, False])
def test_every_chart_is_a_document_of_its_own_with_title_colours_and_source(corrected):
    result = comparison(corrected=corrected)
    figures = all_figures(result, BOOK)
    assert len(figures) == 15
    for figure in figures:
        root = ET.fromstring(sheet(figure, source_line(result)))
        assert root.find(f"{SVG}title").text == figure.title
        assert ".f-good{fill:#0b6bb3}" in root.find(f"{SVG}style").text
        told = " ".join(node.text for node in root.iter(f"{SVG}text"))
        assert result.model.name in told
        assert figure.caption.split()[-1] in told
        classes = {kind for node in root.iter() for kind in node.get("class", "").split()}
        known = set(re.findall(r"\.([a-z0-9-]+)\{", root.find(f"{SVG}style").text))
        assert classes <= known


def test_labels_are_told_apart_by_shape_as_well_as_colour():
    mix = comparison().mixes[0]
    shapes = []
    for panel, tone in zip(
        mix_figure(mix, ORDER, BOOK).panels, ("good", "even", "bad"), strict=True
    ):
        path = re.search(f'<path d="([^"]+)" class="f-{tone}"', inline(panel))[1]
        shapes.append(re.sub(r"M[\d.]+ [\d.]+", "", path)[:12])
    assert len(set(shapes)) == 3


@pytest.mark.parametrize("words", [*HOSTILE, "\ufffe\uffff\x00"])
def test_hostile_text_changes_no_drawing(words):
    result = small()
    book = spoiled(BOOK, words)
    clean = all_figures(spoiled(result, "x"), spoiled(BOOK, "x"))
    for figure, other in zip(all_figures(spoiled(result, words), book), clean, strict=True):
        drawing = sheet(figure, words)
        root = ET.fromstring(drawing)
        names = {node.tag for node in root.iter()}
        assert names == {node.tag for node in ET.fromstring(sheet(other, "x")).iter()}
        assert not [key for node in root.iter() for key in node.attrib if key.startswith("on")]
        assert "href" not in {key for node in root.iter() for key in node.attrib}
        assert shown(words)[:5].strip() in " ".join("".join(root.itertext()).split())


def test_charts_are_saved_as_svg_and_as_pictures(tmp_path):
    pytest.importorskip("resvg_py", reason="resvg_py turns SVG into PNG: pip install resvg_py")
    row = Row(name="Gazette", reading="30%", main=Mark(value=0.3))
    panel = rows_panel("t", "Heading", "ink", [row], share_axis(0.4))
    assert panel.height > 60
    paths = save_charts(comparison(n_outlets=2, voices=False, event=False), BOOK, tmp_path)
    assert [path.suffix for path in paths] == [".svg", ".png"] * (len(paths) // 2)
    assert {path.name for path in paths} == {path.name for path in tmp_path.iterdir()}
    for path in paths:
        start = path.read_bytes()[:8]
        assert start == (b"\x89PNG\r\n\x1a\n" if path.suffix == ".png" else b"<?xml ve")
    assert (tmp_path / "mix-stance.png").stat().st_size > 20_000


def test_without_what_makes_pictures_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(StanceError, match=r"written as SVG; PNG needs resvg_py: pip install"):
        save_charts(small(), BOOK, tmp_path / "charts")
    saved = sorted(path.name for path in (tmp_path / "charts").iterdir())
    assert "mix-stance.svg" in saved
    assert all(name.endswith(".svg") for name in saved)


def test_names_of_files_stay_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    words = "../../etc/x\x00"
    with pytest.raises(StanceError):
        save_charts(spoiled(small(), words), spoiled(BOOK, words), tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert len(list((tmp_path / "a").iterdir())) == len(all_figures(small(), BOOK))


def test_a_sheet_has_room_for_all_of_its_panels():
    row = Row(name="Gazette", reading="30%", main=Mark(value=0.3))
    panel = rows_panel("t", "Heading", "ink", [row], share_axis(0.4))
    figure = Figure(name="f", title="Title", caption="Caption", panels=(panel,) * 7)
    root = ET.fromstring(sheet(figure, "Source"))
    width, height = (float(root.get(key)) for key in ("width", "height"))
    places = [
        tuple(float(n) for n in re.findall(r"[\d.]+", group.get("transform")))
        for group in root.iter(f"{SVG}g")
        if group.get("transform")
    ]
    assert len(set(places)) == 7
    assert max(x for x, _ in places) + panel.width <= width
    assert max(y for _, y in places) + panel.height <= height
