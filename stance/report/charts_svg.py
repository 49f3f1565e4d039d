"""The few shapes that our charts are drawn with, as SVG text.

Shapes carry classes, not colours: a page's style sheet paints them, light or dark, and a chart
saved alone takes STYLE along. `Markup` escapes whatever is put into it and is not Markup itself: no
text of an article can become a tag.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stance.report.label_looks import COLOURS
from stance.terminal_text import printable

INK, SOFT, LINE, PAPER = "#1b1d21", "#5a6069", "#d9dbd6", "#ffffff"
FONT = "system-ui, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif"
PANEL = 360  # width of a panel: what a telephone shows unscaled
GAP, MARGIN, LEADING, LEAST = 28, 24, 18, 520
PAINT = {"ink": INK, "soft": SOFT, "line": LINE, **COLOURS}
# f-: filled, s-: a stroke; the rest says how strong.
STYLE = (
    "".join(f".f-{k}{{fill:{v}}}.s-{k}{{stroke:{v};fill:none}}" for k, v in PAINT.items())
    + f"text{{fill:{INK}}}.hollow{{fill:{PAPER};stroke-width:1.5}}.bar{{fill-opacity:.22}}"
    + ".reach{stroke-width:2}"
    + ".dash{stroke-dasharray:3 3}.faint{stroke-opacity:.4}.big{font-size:15px;font-weight:600}"
    + ".strong{font-size:12px;font-weight:600}.small{font-size:11px}.end{text-anchor:end}"
    + ".mid{text-anchor:middle}.title{font-size:18px;font-weight:600}"
    + "".join(f".d{i}{{fill:{COLOURS['good']};fill-opacity:{i / 10}}}" for i in range(6))
)
SIZES = {"title": 18, "big": 15, "": 13, "strong": 12, "small": 11}
SHAPES = {  # from the middle of the mark
    "▲": "m0-6 6 11h-12z",
    "▼": "m0 6 6-11h-12z",
    "■": "m-5-5h10v10h-10z",
    "◆": "m0-7 6 7-6 7-6-7z",
    "●": "m-5 0a5 5 0 1 1 10 0 5 5 0 1 1-10 0z",
    "★": "m0-7 2 5h5l-4 3 2 5-5-3-5 3 2-5-4-3h5z",
    "|": "m-1.5-9h3v18h-3z",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A drawing of its own: one chart, or one of several side by side."""

    title: str  # what it shows, in words
    body: Markup
    height: int
    width: int = PANEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Panels that belong together, and the words that they need."""

    name: str  # of its file
    title: str
    caption: str
    panels: tuple[Panel, ...]


def shown(text: str) -> str:
    """Return a text on one line that XML allows and that reads as it is written."""
    clean = printable(" ".join(text.split()))
    return "".join("\ufffd" if ord(sign) & 0xFFFE == 0xFFFE else sign for sign in clean)


def tag(name: str, *children: str, **attributes: str | float) -> Markup:
    """Return an element; `class_` stands for class, `font_size` for font-size and so on."""
    pairs = (
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"),
            shown(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0"),
        )
        for key, value in attributes.items()
    )
    inside = Markup("").join(c if isinstance(c, Markup) else shown(c) for c in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup("").join(pairs), inside)


def words(
    x: float, y: float, text: str, *, tone: str = "ink", size: str = "", place: str = ""
) -> Markup:
    """Return a line of text; `size` is one of SIZES, `place` "end" or "mid" of the text at x."""
    kind = " ".join(filter(None, ("" if tone == "ink" else f"f-{tone}", size, place)))
    return tag("text", text, x=x, y=y, **({"class_": kind} if kind else {}))


def stroke(path: str, *, tone: str, kind: str = "") -> Markup:
    """Return lines along a path."""
    return tag("path", d=path, class_=f"s-{tone} {kind}".rstrip())


def mark_path(sign: str, x: float, y: float) -> str:
    """Return the path of a label's mark."""
    return f"M{x:.0f} {y:.0f}{SHAPES[sign[:1]]}"


class Layers:
    """Paths by class, drawn in the order in which the classes came.

    What looks alike is one element: charts are much of a page's weight.
    """

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}

    def add(self, kind: str, path: str) -> None:
        """Add a path to those of its class."""
        self._paths[kind] = self._paths.get(kind, "") + path

    def drawn(self) -> Markup:
        """Return the elements."""
        parts = (tag("path", d=path, class_=kind) for kind, path in self._paths.items())
        return Markup("").join(parts)


def box(x: float, y: float, width: float, height: float, *, kind: str) -> Markup:
    """Return a rectangle of some classes."""
    return tag("rect", x=x, y=y, width=max(width, 1.0), height=height, class_=kind)


def fitted(text: str, width: float, size: str = "") -> str:
    """Return a text cut to about `width`, with an ellipsis where it was."""
    text = shown(text)
    if text_width(text, size) <= width:
        return text
    room, kept = width - text_width("…", size), 0
    for sign in text:
        room -= text_width(sign, size)
        if room < 0:
            break
        kept += 1
    return f"{text[:kept].rstrip()}…"


def text_width(text: str, size: str = "") -> float:
    """Return about how wide a line of text is; fonts differ, so rather too much than too little."""
    ems = (1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.56 for sign in text)
    return SIZES[size] * sum(ems)


def wrapped(text: str, width: float, size: str) -> list[str]:
    """Return a text in lines of about `width`."""
    lines = [""]
    for word in shown(text).split():
        word = fitted(word, width, size)
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def inline(panel: Panel) -> Markup:
    """Return a panel for a page, whose style sets its font and width."""
    view = f"0 0 {panel.width} {panel.height}"
    title = tag("title", panel.title)
    return tag("svg", title, panel.body, class_="chart", viewBox=view, role="img")


def sheet(figure: Figure, source: str) -> str:
    """Return a figure as an SVG document of its own: title, panels, caption and source."""
    columns = min(3, len(figure.panels))
    cell = max(panel.width for panel in figure.panels)
    width = max(columns * cell + (columns - 1) * GAP, LEAST)
    parts: list[Markup] = []
    y = float(MARGIN)
    for text in wrapped(figure.title, width, "title"):
        y += LEADING + 4
        parts.append(words(MARGIN, y, text, size="title"))
    y += LEADING
    for start in range(0, len(figure.panels), columns):
        row = figure.panels[start : start + columns]
        for column, panel in enumerate(row):
            x = MARGIN + column * (cell + GAP)
            parts.append(tag("g", panel.body, transform=f"translate({x} {y:.0f})"))
        y += max(panel.height for panel in row) + LEADING
    for text in [*wrapped(figure.caption, width, ""), *wrapped(source, width, "")]:
        y += LEADING
        parts.append(words(MARGIN, y, text, tone="soft"))
    return _document(figure.title, parts, width + 2 * MARGIN, y + MARGIN)


def _document(title: str, parts: Sequence[Markup], width: float, height: float) -> str:
    paper = tag("rect", width="100%", height="100%", fill=PAPER)
    document = tag(
        "svg",
        tag("title", title),
        tag("style", Markup(STYLE)),
        paper,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
        font_family=FONT,
        font_size=13,
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'
