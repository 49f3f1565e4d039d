"""Each article with its sentences tinted: most of a page's weight, so written by hand."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stance.codebook import Codebook
from stance.comparison.result import Comparison, QuotedUnit
from stance.records import text_sha256
from stance.report.label_looks import looks_of
from stance.report.page_environment import prose
from stance.report.page_places import Places

STRIP_HEIGHT, TICK = 12, 3  # of the row of ticks that stands for an article
# Attributes need no quotes where their values are ours: with 5,000 sentences that counts.
UNIT = Markup("<i class={}{}>{}<b>{}</b></i>")
CLAIM_LINK = Markup("<a href=#{0}>{0}</a>")
BY_HAND = Markup("<small class=hand>by hand: {}</small>")
KINDS = {"heading": "h", "list_item": "l", "pull_quote": "q", "attribution": "by"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView:
    """One article as the page shows it."""

    place: str
    name: str  # its title, or its id
    id: str
    date: str | None
    counts: bool
    n_units: int
    tally: str  # "▲ 3 ▼ 9": how many sentences take a side
    strip: Markup  # its sentences in a row, as a drawing
    body: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletView:
    """An outlet's articles."""

    outlet: str
    place: str
    articles: tuple[ArticleView, ...]


def outlet_views(
    comparison: Comparison, codebook: Codebook, places: Places, *, text: bool
) -> list[OutletView]:
    """Return every outlet with its articles, sentence by sentence.

    Parameters
    ----------
    text
        False gives places and hashes for words.
    """
    own: dict[str, list[QuotedUnit]] = defaultdict(list)
    for unit in comparison.units:
        own[unit.article_id].append(unit)
    signs = {
        places.labels[task, label]: look.sign[:1]
        for task in places.tasks[:1]
        for label, look in looks_of(codebook, task).items()
        if look.tone != "even"
    }
    given = comparison.model.given
    views = defaultdict(list)
    for name, place in places.articles.items():
        units = sorted(own[name], key=lambda unit: unit.index)
        views[units[0].outlet].append(_article(units, place, places, signs, text=text, given=given))
    return [
        OutletView(
            outlet=outlet,
            place=place,
            articles=tuple(sorted(views[outlet], key=lambda v: (v.date is None, v.date or ""))),
        )
        for outlet, place in places.outlets.items()
    ]


def _article(
    units: Sequence[QuotedUnit],
    place: str,
    places: Places,
    signs: Mapping[str, str],
    *,
    text: bool,
    given: bool,
) -> ArticleView:
    first = units[0]
    codes = [places.labels[places.tasks[0], unit.labels[places.tasks[0]]] for unit in units]
    tally = Counter(codes)
    return ArticleView(
        place=place,
        name=(first.title if text else None) or first.article_id,
        id=first.article_id,
        date=first.date,
        counts=first.counts,
        n_units=len(units),
        tally=" ".join(f"{sign} {tally[code]}" for code, sign in signs.items() if tally[code]),
        strip=_strip(codes, signs),
        body=_body(units, places, text=text, given=given),
    )


def _strip(codes: Sequence[str], signs: Mapping[str, str]) -> Markup:
    """Return the article as a row of ticks: upper half, lower half or both, by the label's sign."""
    paths = []
    for label, sign in signs.items():
        top, reach = {"▲": (0, 7), "▼": (5, 7)}.get(sign, (0, STRIP_HEIGHT))
        at = [i for i, code in enumerate(codes) if code == label]
        if at:
            path = "".join(f"M{TICK * i + 1} {top}v{reach}" for i in at)
            paths.append(Markup('<path class=n-{} d="{}"/>').format(label, path))
    width, drawn = TICK * len(codes), Markup("").join(paths)
    return Markup("<svg class=strip width={} aria-hidden=true>{}</svg>").format(width, drawn)


def _body(units: Sequence[QuotedUnit], places: Places, *, text: bool, given: bool) -> Markup:
    """Return the sentences in paragraphs, as far as their places tell where paragraphs end."""
    blocks: list[tuple[str, list[Markup]]] = []
    end = -2
    for unit in units:
        kind = KINDS.get(unit.kind, "")
        # Between sentences of one paragraph stands one character; a blank line takes two.
        if not blocks or kind or blocks[-1][0] or unit.start - end > 1:
            blocks.append((kind, []))
        blocks[-1][1].append(_unit(unit, places, text=text, given=given))
        end = unit.end
    return Markup("\n").join(
        (Markup("<p class={}>{}").format(kind, line) if kind else Markup("<p>{}").format(line))
        for kind, sentences in blocks
        for line in [Markup(" ").join(sentences)]
    )


def _unit(unit: QuotedUnit, places: Places, *, text: bool, given: bool) -> Markup:
    words = prose(unit.text if text else hashed(unit))
    # A label that was given has a probability of 1 by our own doing: it says nothing.
    sure = "" if given else min(99, round(100 * next(iter(unit.probabilities.values()))))
    anchor = (
        Markup(" id={}").format(places.units[unit.unit_id]) if unit.unit_id in places.units else ""
    )
    made = UNIT.format(places.kind(unit.labels), anchor, words, sure)
    if unit.claim is not None and unit.claim in places.claims:
        made += CLAIM_LINK.format(places.claims[unit.claim])
    if unit.hand:
        made += BY_HAND.format(prose(", ".join(unit.hand.values())))
    return made


def hashed(unit: QuotedUnit) -> str:
    """Return a unit's place in its article and the start of its words' SHA-256."""
    return f"{unit.start}–{unit.end} {text_sha256(unit.text)[:12]}"
