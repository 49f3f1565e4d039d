"""Every chart of a comparison, and how to save them one by one."""

import re
from collections import Counter
from pathlib import Path

from stance.codebook import Codebook
from stance.comparison.result import Comparison
from stance.comparison.wording import in_several_ways, labelers_said
from stance.errors import StanceError
from stance.files import writing
from stance.report.charts_claims import (
    agreement_figure,
    disagreement_figure,
    effects_figure,
    same_figure,
    selection_figure,
    with_claims,
)
from stance.report.charts_mixes import (
    distance_figure,
    event_figure,
    mix_figure,
    timeline_figure,
)
from stance.report.charts_svg import Figure, sheet
from stance.report.readings import ranked_outlets

SHARPNESS = 2.0  # pixels of a PNG for each unit of the drawing


def all_figures(comparison: Comparison, codebook: Codebook) -> list[Figure]:
    """Return every chart that the comparison has numbers for, in the order of the page."""
    order = ranked_outlets(comparison, codebook)
    figures = [mix_figure(mix, order, codebook) for mix in comparison.mixes]
    figures += [distance_figure(mix, order) for mix in comparison.mixes if mix.pairs]
    whole = comparison.agreement[0] if comparison.agreement else None
    if whole and whole.pairs and whole.n_claims:
        figures.append(same_figure(whole, order))
    if any(found.nominal for found in comparison.agreement):
        figures.append(agreement_figure(comparison.agreement))
    if whole and whole.disagreements and whole.n_claims:
        figures.append(disagreement_figure(whole))
    if comparison.effects:
        figures.append(effects_figure(comparison, order, codebook))
    selections = with_claims(comparison.selection)
    if selections:
        figures.append(selection_figure(selections, order))
    if comparison.timeline.weeks:
        figures.append(timeline_figure(comparison.timeline, order, codebook))
    if comparison.timeline.around:
        figures.append(event_figure(comparison.timeline, order, codebook))
    return figures


def source_line(comparison: Comparison) -> str:
    """Return what a chart rests on, for one that is passed on alone."""
    corpus = comparison.corpus
    dates = f", {corpus.first_date} to {corpus.last_date}" if corpus.first_date else ""
    by = f"Model {comparison.model.name}"
    if comparison.model.given:
        by = "The labels came with the units"
    elif in_several_ways(comparison.models):
        by = f"Labeled in several ways: {labelers_said(comparison.models)}"
    return (
        f"{comparison.target}. {corpus.n_articles} articles, {corpus.n_units} units{dates}. {by}, "
        f"codebook {comparison.codebook}, seed {comparison.seed}. Made with stance."
    )


def save_charts(comparison: Comparison, codebook: Codebook, folder: Path) -> list[Path]:
    """Write each chart into a folder as SVG and as PNG, and return the files' paths.

    Raises
    ------
    StanceError
        If what turns SVG into PNG is not installed; the SVG files are written all the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = source_line(comparison)
    names: Counter[str] = Counter()
    drawings: dict[Path, str] = {}
    for figure in all_figures(comparison, codebook):
        # Labels of a codebook go into names of files: none may lead out of the folder.
        stem = re.sub(r"[^\w-]+", "-", figure.name).strip("-")[:80] or "chart"
        names[stem] += 1
        stem = stem if names[stem] == 1 else f"{stem}-{names[stem]}"
        drawings[folder / f"{stem}.svg"] = sheet(figure, source)
    for path, drawing in drawings.items():
        with writing(path) as file:
            file.write(drawing)
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise StanceError(
            f"{folder}: the charts are written as SVG; PNG needs resvg_py: "
            "pip install 'stance[charts]'"
        ) from None
    for path, drawing in drawings.items():
        picture = svg_to_bytes(svg_string=drawing, zoom=SHARPNESS, sans_serif_family="DejaVu Sans")
        path.with_suffix(".png").write_bytes(bytes(picture))
    return [file for path in drawings for file in (path, path.with_suffix(".png"))]
