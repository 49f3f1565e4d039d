"""A table of pairs of outlets as a drawing: darker where outlets are further apart."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from stance.report.charts_svg import Panel, box, fitted, tag, text_width, words

CELL, LOW_CELL, TOP, NAMES = 62, 40, 26, 240
SHADES = 5  # of a cell: 1 the lightest, 0 none


def shade(value: float, highest: float) -> int:
    """Return which of the shades stands for a value between 0 and the highest."""
    return round(SHADES * min(1.0, value / highest)) if highest > 0 else 0


def pairs_panel(
    title: str, outlets: Sequence[str], cells: Mapping[tuple[int, int], tuple[str, str, int]]
) -> Panel:
    """Return a panel of the lower half of a table of pairs.

    Parameters
    ----------
    cells
        (row, column), column before row -> two lines of text, and the shade.
    """
    parts = []
    longest = max(text_width(f"{i} {name}") for i, name in enumerate(outlets, 1)) + 12
    left = min(NAMES, longest)
    for i, name in enumerate(outlets):
        y = TOP + i * LOW_CELL
        number = f"{i + 1} {name}"
        parts.append(words(0, y + LOW_CELL / 2 + 4, fitted(number, left - 8)))
        if i < len(outlets) - 1:
            x = left + i * CELL + CELL / 2
            parts.append(words(x, 16, str(i + 1), tone="soft", place="mid"))
        for j in range(i):
            first, second, depth = cells[i, j]
            x = left + j * CELL
            middle = x + CELL / 2
            parts.append(
                tag(
                    "g",
                    tag("title", f"{outlets[j]} and {name}: {first}, {second}"),
                    box(x, y, CELL - 2, LOW_CELL - 2, kind=f"d{depth}"),
                    words(middle, y + 17, first, size="strong", place="mid"),
                    words(middle, y + 31, second, size="small", place="mid"),
                )
            )
    return Panel(
        title=title,
        body=Markup("").join(parts),
        height=int(TOP + len(outlets) * LOW_CELL),
        width=int(left + max(1, len(outlets) - 1) * CELL),
    )
