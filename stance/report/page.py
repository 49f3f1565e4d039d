"""One comparison as one HTML page: no network, every text escaped, readable without a script."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from stance.codebook import Codebook
from stance.comparison.result import ClaimAgreement, Comparison
from stance.comparison.wording import GIVEN_SAID, in_several_ways, outlets_said, shifting_said
from stance.records import GIVEN
from stance.report.answers import facts, four_answers, remedy
from stance.report.charts import source_line
from stance.report.charts_claims import (
    agreement_figure,
    disagreement_figure,
    effects_figure,
    in_order,
    selection_figure,
    with_claims,
)
from stance.report.charts_mixes import event_figure, group_words, mix_figure, timeline_figure
from stance.report.charts_pairs import shade
from stance.report.charts_svg import STYLE
from stance.report.charts_time import last_day
from stance.report.label_looks import looks_of, tones_of
from stance.report.page_articles import hashed, outlet_views
from stance.report.page_environment import HERE, environment, pinned, read_part, without_folders
from stance.report.page_notes import around_note, corrected_outlets, counted_otherwise, mix_note
from stance.report.page_places import Places, label_style, places_of
from stance.report.readings import headline, part_words, ranked_outlets

__all__ = ["HERE", "environment", "render_page", "tones_of"]

MATRIX_FITS = 12  # outlets; of more, the farthest pairs come first and the matrix is folded
MOST_PAIRS = 15  # shown at once
FIRST_CLAIMS, OPEN_CLAIMS = 12, 4
MOST_CLAIMS = 150  # with their sentences side by side
MOST_SENTENCES = 3  # of one outlet on one claim
MOST_LEFT_OUT = 8  # claims that one outlet leaves out


def render_page(
    comparison: Comparison, codebook: Codebook, *, command: str, text: bool = True
) -> str:
    """Return the page.

    Parameters
    ----------
    command
        The line that made it, shown at the foot.
    text
        False leaves out every word of the articles: titles, sentences and claims are told by
        places and hashes, for corpora that may not be passed on.
    """
    comparison = _without_folders(comparison)
    order = ranked_outlets(comparison, codebook)
    answers = four_answers(comparison, codebook)
    places = places_of(comparison, codebook, order)
    script, script_source = pinned(read_part("page.js").replace("CHART_STYLE", STYLE))
    sheets = (read_part("page.css"), read_part("page_comparison.css"))
    style, style_source = pinned("\n".join([*sheets, label_style(comparison, codebook, places)]))
    return (
        environment()
        .get_template("page.html")
        .render(
            c=comparison,
            answers=answers,
            said={answer.place: answer.words for answer in answers},
            facts=facts(comparison),
            remedy=remedy(comparison),
            order=order,
            several=in_several_ways(comparison.models),
            labeled_by=[GIVEN_SAID if name == GIVEN else name for name in comparison.models],
            n_outlets=outlets_said(comparison),
            places=places,
            outlets=outlet_views(comparison, codebook, places, text=text),
            units={unit.unit_id: unit for unit in comparison.units},
            claims={claim.id: claim for claim in comparison.alignment.claims},
            looks={task: looks_of(codebook, task) for task in places.tasks},
            classes={task: codebook.task(task).classes for task in places.tasks},
            source=source_line(comparison),
            command=without_folders(command),
            text=text,
            by_hand=any(unit.hand for unit in comparison.units),
            style=style,
            script=script,
            policy=f"default-src 'none'; style-src {style_source}; script-src {script_source}; "
            "base-uri 'none'; form-action 'none'",
            headline=headline,
            part_words=part_words,
            shade=shade,
            hashed=hashed,
            matrix_fits=MATRIX_FITS,
            most_pairs=MOST_PAIRS,
            first_claims=FIRST_CLAIMS,
            open_claims=OPEN_CLAIMS,
            most_claims=MOST_CLAIMS,
            most_sentences=MOST_SENTENCES,
            most_left_out=MOST_LEFT_OUT,
            **_mixes(comparison, order, codebook),
            **_shared(comparison, order, codebook, places),
            **_time(comparison, order, codebook),
        )
    )


def _without_folders(comparison: Comparison) -> Comparison:
    """Return a comparison that does not tell where the files lay on this machine."""
    sample, refusals = comparison.sample, comparison.refusals
    if sample.remedy is not None:
        advised = without_folders(sample.remedy)
        refusals = tuple(said.replace(sample.remedy, advised) for said in refusals)
        sample = replace(sample, remedy=advised)
    sample = replace(sample, folder=sample.folder and Path(sample.folder).name)
    return replace(comparison, sample=sample, refusals=refusals)


def _mixes(comparison: Comparison, order: list[str], codebook: Codebook) -> dict[str, Any]:
    """Return what the parts on mixes and pairs show: matrices read by column, then row."""
    first = comparison.mixes[0]
    distances = {
        mix.task: {both: pair for pair in mix.pairs for both in _both(pair.left, pair.right)}
        for mix in comparison.mixes
        if mix.pairs
    }
    whole = comparison.agreement[0] if comparison.agreement else None
    pairs = sorted(first.pairs, key=lambda pair: -pair.distance.value)
    full = pairs if len(order) <= MATRIX_FITS else pairs[:MOST_PAIRS]
    return {
        "mix_figures": [mix_figure(mix, order, codebook) for mix in comparison.mixes],
        "corrected": corrected_outlets(first),
        "counted": {
            (o.outlet, k): s.counted.value for o in first.outlets for k, s in o.shares.items()
        },
        "counted_otherwise": counted_otherwise,
        "mix_note": mix_note,
        "other_tasks": [mix for mix in comparison.mixes[1:] if mix.voice is None],
        "pairs": pairs,
        "distances": distances,
        "pair_places": {
            both: f"p{i}" for i, p in enumerate(full, 1) for both in _both(p.left, p.right)
        },
        "same": {both: pair for pair in whole.pairs for both in _both(pair.left, pair.right)}
        if whole and whole.n_claims
        else {},
    }


def _both(left: str, right: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (left, right), (right, left)


def _shared(
    comparison: Comparison, order: list[str], codebook: Codebook, places: Places
) -> dict[str, Any]:
    """Return what the parts on shared claims show."""
    whole = comparison.agreement[0] if comparison.agreement else None
    measured = any(found.nominal for found in comparison.agreement)
    kinds = _kinds(whole, places) if whole and whole.n_claims else []
    effects, left_out = comparison.effects, with_claims(comparison.selection)
    parts = {found.voice for found in left_out}
    claimless = dict.fromkeys(s.voice for s in comparison.selection if s.voice not in parts)
    return {
        "agreement_figure": agreement_figure(comparison.agreement) if measured else None,
        "disagreement_figure": disagreement_figure(whole) if whole and kinds else None,
        "kinds": kinds,
        "effects_figure": effects_figure(comparison, order, codebook) if effects else None,
        "effects": in_order(effects, order),
        "in_order": partial(in_order, order=order),
        "selection_figure": selection_figure(left_out, order) if left_out else None,
        "selections": in_order(left_out, order),
        "claimless": ", ".join(part_words(voice) for voice in claimless),
    }


def _kinds(agreement: ClaimAgreement, places: Places) -> list[tuple[str, int, str]]:
    """Return each kind of disagreement with its number, and the classes of its two labels."""
    codes = {
        f"{left} / {right}": f"{a} {b}"
        for (task, left), a in places.labels.items()
        for (other, right), b in places.labels.items()
        if task == other == agreement.task
    }
    return [(kind, n, codes.get(kind, "")) for kind, n in agreement.disagreements.items()]


def _time(comparison: Comparison, order: list[str], codebook: Codebook) -> dict[str, Any]:
    """Return what the part on weeks shows."""
    timeline = comparison.timeline
    rank: Mapping[str | None, int] = {None: -1, **{name: i for i, name in enumerate(order)}}

    def place(item: Any) -> int:  # noqa: ANN401  whatever has an outlet
        return rank.get(item.outlet, len(rank))

    # A voice week by week in each outlet is long: it is in the JSON and the tables.
    shown = [week for week in timeline.weeks if week.voice is None or week.outlet is None]
    weeks = sorted(shown, key=lambda week: (week.voice or "", place(week), week.monday))
    return {
        "timeline_figure": timeline_figure(timeline, order, codebook) if weeks else None,
        "event_figure": event_figure(timeline, order, codebook) if timeline.around else None,
        "around": sorted(timeline.around, key=place),
        "around_note": around_note(timeline.around),
        "shifting": shifting_said(comparison),
        "eve": _eve(timeline.event) if timeline.event and timeline.around else None,
        "group_words": group_words,
        "weeks": [(week, last_day(week.monday)) for week in weeks],
    }


def _eve(event: str) -> str:
    """Return the day before the event: the last that counts as before it."""
    return (date.fromisoformat(event) - timedelta(days=1)).isoformat()
