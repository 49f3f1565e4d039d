"""A comparison at a terminal: the four answers in about a screen or two."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from stance.codebook import Codebook
from stance.comparison.result import Comparison, MixComparison
from stance.comparison.wording import shifting_said
from stance.report.answers import facts, remedy
from stance.report.label_looks import Look, looks_of
from stance.report.page_notes import corrected_outlets
from stance.report.readings import (
    headline,
    number_words,
    p_words,
    part_words,
    percent,
    points,
    ranked_outlets,
    same_mix_words,
    share_words,
    signed,
    two,
    unmeasured_words,
)
from stance.report.terminal import new_table, put_row, say
from stance.terminal_text import printable

MOST_PAIRS = 5
MOST_NOTES = 8  # caveats, and refusals
MOST_OUTLETS = 40
MOST_TABLES = 12  # outlets; of more, other tasks than the first are told in a line
BAR = 24  # signs
BAR_FITS = 118  # columns of a terminal
COLOURS = {"good": "blue", "even": "bright_black", "bad": "dark_orange3", "other": "magenta"}


def print_comparison(out: Console, comparison: Comparison, codebook: Codebook) -> None:
    """Print the answer, what it rests on, the four answers and the caveats."""
    order = ranked_outlets(comparison, codebook)
    say(out, comparison.answer, style="bold")
    out.print()
    for name, words in facts(comparison):
        if name not in {"Units", "Repairs"}:
            say(out, f"{name.lower()}: {words}")
    command = remedy(comparison)
    if command:
        say(out, f"to correct the shares: {command}")
    _notes(out, comparison.refusals)
    mixes = [mix for mix in comparison.mixes if mix.voice is None]
    shown = mixes if len(order) <= MOST_TABLES else mixes[:1]
    for mix in shown:
        _mix(out, mix, order, codebook)
    if len(mixes) > len(shown):
        rest = ", ".join(f"{mix.task} ({same_mix_words(mix)})" for mix in mixes[1:])
        say(out, f"on the page and in --json: {rest}")
    _pairs(out, comparison)
    _agreement(out, comparison)
    _outlets(out, comparison, order, codebook)
    _event(out, comparison, order, codebook)
    out.print()
    _notes(out, comparison.caveats)


def _notes(out: Console, notes: Sequence[str]) -> None:
    for note in notes[:MOST_NOTES]:
        say(out, f"- {note}")
    if len(notes) > MOST_NOTES:
        say(out, f"- and {len(notes) - MOST_NOTES} more: the page and --json have them all")


def _mix(out: Console, mix: MixComparison, order: Sequence[str], codebook: Codebook) -> None:
    """Print a task's shares, and for the eye a bar made of the labels' signs."""
    by_name = {outlet.outlet: outlet for outlet in mix.outlets}
    looks = looks_of(codebook, mix.task)
    how, corrected = " (95% interval), counted", corrected_outlets(mix)
    if corrected:
        how = ", corrected by hand labels (95% interval for these articles), counted share after "
        how += "the stroke"
        if len(corrected) < len(mix.outlets):
            how += "; without a stroke, counted (95% interval over articles)"
    test = same_mix_words(mix)
    say(out, f"\n{mix.task}: share of units{how}; same mix: {test}", style="bold")
    barred = out.width >= BAR_FITS
    heads = [escape(printable(name)) for name in mix.classes]
    table = new_table("outlet", "articles", "units", *heads, *([""] if barred else []))
    for name in order[:MOST_OUTLETS]:
        outlet = by_name[name]
        best = {label: headline(share) for label, share in outlet.shares.items()}
        cells = [
            share_words(best[label])
            + (f" / {percent(outlet.shares[label].counted.value)}" if best[label].corrected else "")
            for label in mix.classes
        ]
        row = [Text(printable(c)) for c in (name, f"{outlet.n_articles}", f"{outlet.n_units}")]
        row += [Text(cell) for cell in cells]
        if barred:
            row.append(bar({label: best[label].value for label in mix.classes}, looks))
        table.add_row(*row)
    out.print(table)
    if len(order) > MOST_OUTLETS:
        say(out, f"and {len(order) - MOST_OUTLETS} more outlets: the page and --json have them all")


def bar(shares: dict[str, float], looks: dict[str, Look]) -> Text:
    """Return a bar of a mix in which each label is a run of its sign: it reads without colour."""
    whole = sum(shares.values()) or 1.0
    made, place, total = Text(), 0, 0.0
    for label, share in shares.items():
        total += share / whole
        end = round(BAR * total)
        look = looks[label]
        made.append(look.sign[:1] * (end - place), style=COLOURS[look.tone])
        place = end
    return made


def _pairs(out: Console, comparison: Comparison) -> None:
    pairs = sorted(comparison.mixes[0].pairs, key=lambda pair: -pair.distance.value)
    if not pairs:
        return
    whole = comparison.agreement[0] if comparison.agreement else None
    claims = {frozenset((pair.left, pair.right)): pair for pair in (whole.pairs if whole else ())}
    corrected = bool(corrected_outlets(comparison.mixes[0]))
    what = "counted mixes" if corrected else "mix"
    say(
        out,
        f"\nfarthest apart: total variation of the {what}; labels on shared claims",
        style="bold",
    )
    table = new_table(
        *("outlets", "distance", "by chance", "p", "p Holm"),
        *(("corrected p Holm",) if corrected else ()),
        *("shared claims", "same label"),
    )
    for pair in pairs[:MOST_PAIRS]:
        shared = claims.get(frozenset((pair.left, pair.right)))
        put_row(
            table,
            f"{pair.left} / {pair.right}",
            two(pair.distance.value),
            two(pair.distance.null_mean),
            p_words(pair.distance.p_value),
            p_words(pair.p_holm),
            *((p_words(pair.corrected_p_holm),) if corrected else ()),
            str(shared.n_claims) if shared else "–",
            percent(shared.same.value) if shared and shared.same else "–",
        )
    out.print(table)
    if len(pairs) > MOST_PAIRS:
        say(out, f"{len(pairs) - MOST_PAIRS} more pairs are on the page and in --json")


def _agreement(out: Console, comparison: Comparison) -> None:
    found = [agreement for agreement in comparison.agreement if agreement.nominal]
    if not found:
        say(out, f"\n{unmeasured_words(comparison)}")
        return
    say(out, "\nlabels on shared claims: 1 is full agreement, 0 chance", style="bold")
    heads = ("part", "claims", "alpha", "full agreement shows", "errors taken out", "same label")
    table = new_table(*heads)
    for a in found:
        put_row(
            table,
            part_words(a.voice),
            str(a.n_claims),
            number_words(a.nominal),
            two(a.ceiling.perfect if a.ceiling else None),
            number_words(a.ceiling.corrected if a.ceiling else None),
            "–" if a.percent is None else percent(a.percent.value),
        )
    out.print(table)
    kinds = ", ".join(f"{kind} {n}" for kind, n in found[0].disagreements.items())
    if kinds:
        say(out, f"pairs of outlets that differ on a claim: {kinds}")


def _outlets(
    out: Console, comparison: Comparison, order: Sequence[str], codebook: Codebook
) -> None:
    """Print what each outlet does with the claims of others: its lean, and what it leaves out."""
    effects = {(effect.outlet, effect.voice): effect for effect in comparison.effects}
    selections = {found.outlet: found for found in comparison.selection if found.voice is None}
    if not effects and not any(found.n_claims for found in selections.values()):
        return
    voices = list(dict.fromkeys(effect.voice for effect in comparison.effects))
    title = "\nlean beyond others on the same claim (95% interval), and how many of others' claims"
    say(out, f"{title} an outlet makes", style="bold")
    table: Table = new_table(
        *("outlet", *(escape(printable(f"lean, {part_words(voice)}")) for voice in voices)),
        *("p Holm of lean", "claims made", "by chance", "p Holm of claims"),
    )
    for name in order[:MOST_OUTLETS]:
        cells = []
        for voice in voices:
            effect = effects.get((name, voice))
            cells.append(
                "–"
                if effect is None
                else signed(effect.value)
                if effect.low is None or effect.high is None
                else f"{signed(effect.value)} ({signed(effect.low)} to {signed(effect.high)})"
            )
        first = effects.get((name, voices[0])) if voices else None
        left = selections.get(name)
        cells.append(p_words(first.p_holm) if first else "–")
        cells += (
            [f"{left.n_made} of {left.n_claims}", f"{left.expected:.1f}", p_words(left.p_holm)]
            if left
            else ["–", "–", "–"]
        )
        put_row(table, name, *cells)
    out.print(table)


def _event(out: Console, comparison: Comparison, order: Sequence[str], codebook: Codebook) -> None:
    """Print the shares of labels that take sides before the event and from it on."""
    timeline = comparison.timeline
    if timeline.event is None:
        return
    changes = {change.outlet: change for change in timeline.around if change.voice is None}
    if not changes:
        say(out, f"\nno outlet has dated articles both before {timeline.event} and from it on")
        return
    sided = [label.name for label in codebook.task(timeline.task).labels if label.score != 0]
    say(
        out,
        f"\n{timeline.task} before and from {timeline.event}: counted shares of units, and the "
        "difference in points (95% interval)",
        style="bold",
    )
    heads = [escape(printable(words)) for name in sided for words in (name, f"{name}, difference")]
    table = new_table("outlet", *heads, "p", "p Holm", "articles")
    for name in [None, *order[:MOST_OUTLETS]]:
        change = changes.get(name)
        if change is None:
            continue
        cells = []
        for label in sided:
            before, after = change.before[label], change.after[label]
            found = change.differences[label]
            limits = "" if found.low is None else f" ({points(found.low)} to {points(found.high)})"
            cells.append(f"{percent(before.value)} → {percent(after.value)}")
            cells.append(points(found.value) + limits)
        cells += [p_words(change.p_value), p_words(change.p_holm)]
        cells.append(f"{before.n_articles} → {after.n_articles}")
        put_row(table, name or "all outlets", *cells)
    out.print(table)
    for words in shifting_said(comparison):
        say(out, words)
