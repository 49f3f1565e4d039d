"""The four answers of a comparison in a few words each, and what they rest on."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stance.codebook import Codebook
from stance.comparison.result import Comparison, OutletEffect
from stance.comparison.sample import open_and_aside
from stance.comparison.wording import unseen_said
from stance.report.page_notes import corrected_outlets
from stance.report.readings import ends, number_words, p_words, signed, two, unmeasured_words
from stance.statistics.effects import FEW

LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the four: its question, the number that answers it, and what to hold against it."""

    place: str
    question: str
    number: str
    interval: str  # of the number, where it has one
    words: str


def four_answers(comparison: Comparison, codebook: Codebook) -> list[Answer]:
    """Return the four answers, in the order of the page; they are never merged."""
    return [
        _mix(comparison),
        _agreement(comparison),
        _leaning(comparison, codebook),
        _selection(comparison),
    ]


def _mix(comparison: Comparison) -> Answer:
    mix = comparison.mixes[0]
    words = "One article an outlet: what articles of one outlet vary by is not known."
    if len(mix.outlets) == 1:
        words = "One outlet counts: there is no other to compare it with."
    corrected = corrected_outlets(mix)
    by_hand = len(corrected) == len(mix.outlets)  # as in the one sentence above the four
    best = mix.corrected_p if by_hand else mix.same_mix_p
    counted = "" if mix.same_mix_p is None else f"counted p = {p_words(mix.same_mix_p)}"
    if best is not None:
        words = "Of outlets with one mix, so much difference or more is expected this often."
    if mix.pairs:
        far = max(mix.pairs, key=lambda pair: pair.distance.value)
        words = (
            f"Farthest apart{' as counted' if corrected else ''}: {far.left} and {far.right}, "
            f"{two(far.distance.value)}; chance alone gives {two(far.distance.null_mean)}."
        )
    return Answer(
        place="mix",
        question=f"Do outlets have the same {mix.task} mix?",
        number="not testable" if best is None else f"p = {p_words(best)}",
        interval=counted if by_hand else "counted" if corrected and best is not None else "",
        words=words,
    )


def _agreement(comparison: Comparison) -> Answer:
    question = "Do they take the same side on the claims that they share?"
    found = comparison.agreement[0] if comparison.agreement else None
    if found is None or found.nominal is None:
        words = unmeasured_words(comparison)
        return Answer(place="agreement", question=question, number="–", interval="", words=words)
    words = f"On {found.n_claims} shared claims; 1 is full agreement, 0 chance."
    if found.ceiling:
        words = (
            f"On {found.n_claims} shared claims. The model errs, so full agreement would show "
            f"{two(found.ceiling.perfect)}, not 1"
        )
        best = found.ceiling.corrected
        words += f"; with its errors taken out {number_words(best)}." if best else "."
    return Answer(
        place="agreement",
        question=question,
        number=f"alpha {two(found.nominal.value)}",
        interval=_limits(found.nominal.low, found.nominal.high, two),
        words=words,
    )


def _leaning(comparison: Comparison, codebook: Codebook) -> Answer:
    question = "Who leans further on the same claim?"
    effects = [effect for effect in comparison.effects if effect.voice is None]
    if not effects:
        words = "No outlet's leaning can be told apart from its choice of claims."
        if not comparison.alignment.claims:
            words = "No claim is shared by two outlets, so who leans further is not measured."
        return Answer(place="leanings", question=question, number="–", interval="", words=words)
    known = [e for e in effects if e.p_holm is not None and e.p_holm <= LEVEL]
    tested = [e for e in effects if e.p_holm is not None]
    far = max(known or tested or effects, key=lambda effect: abs(effect.value))
    low, high = ends(codebook.task(comparison.mixes[0].task))
    who = f"{far.outlet}, toward {high if far.value > 0 else low}."
    if signed(far.value) == signed(0):
        who = "No outlet tested leans to a side." if tested else "No outlet leans to a side."
    return Answer(
        place="leanings",
        question=question,
        number=signed(far.value),
        interval=_limits(far.low, far.high, signed),
        words=f"{who} "
        + (
            f"{len(known)} of {len(tested)} outlets tested lean by more than chance gives (Holm)."
            if tested
            else _untested(effects)
        ),
    )


def _untested(effects: Sequence[OutletEffect]) -> str:
    """Return why no lean was tested."""
    reasons = Counter(effect.untested for effect in effects if effect.untested)
    if set(reasons) == {FEW}:
        return f"All outlets have {FEW} to test."
    told = [f"{why} ({n})" if len(reasons) > 1 else why for why, n in reasons.items()]
    return f"No lean can be tested: {', '.join(told)}."


def _selection(comparison: Comparison) -> Answer:
    question = "What does an outlet leave out?"
    found = [s for s in comparison.selection if s.voice is None and s.n_claims]
    if not found:
        words = "No claim is made by two outlets besides a third that could leave it out."
        if not comparison.alignment.claims:
            words = "No claim is shared by two outlets, so what is left out is not measured."
        return Answer(place="left-out", question=question, number="–", interval="", words=words)
    tested = [s for s in found if s.p_holm is not None]
    far = min(
        tested or found,
        key=lambda s: (1.0 if s.p_value is None else s.p_value, -len(s.left_out)),
    )
    known = [s for s in found if s.p_holm is not None and s.p_holm <= LEVEL]
    return Answer(
        place="left-out",
        question=question,
        number=f"{far.n_claims - far.n_made} of {far.n_claims}",
        interval="claims",
        words=f"that two others or more make are not in {far.outlet}"
        + (
            "; as many articles of like length, drawn from all outlets, would leave out "
            f"{far.n_claims - far.expected:.1f}. {len(known)} of {len(tested)} outlets tested "
            "leave out more than chance gives (Holm)."
            if tested
            else ". All outlets have too few articles of like length to test."
        ),
    )


def _limits(low: float | None, high: float | None, words: Callable[[float | None], str]) -> str:
    return "" if low is None else f"{words(low)} to {words(high)}"


def facts(comparison: Comparison) -> list[tuple[str, str]]:
    """Return what the numbers rest on, as names and words."""
    corpus, model = comparison.corpus, comparison.model
    dates = "none known"
    if corpus.first_date:
        dates = f"{corpus.first_date} to {corpus.last_date}"
        dates += f"; articles without one: {corpus.n_undated}" if corpus.n_undated else ""
    scores = ", ".join(f"{task} {value:.2f}" for task, value in model.held_out.items())
    read = "labels came with the units" if model.given else model.name
    if model.n_learned:
        read += f", learned from {model.n_learned:,} units"
    if scores:
        read += f"; macro-F1 on {model.held_out_by}s that it had not seen: {scores}"
    return [
        ("Articles", _articles(comparison)),
        ("Units", _units(comparison)),
        ("Dates", dates),
        ("Model", read),
        ("Hand labels", _sample(comparison)),
        ("Repairs", _repairs(comparison)),
        ("Copies", _copies(comparison)),
    ]


def remedy(comparison: Comparison) -> str | None:
    """Return the command that would give labels to correct by, unless a refusal names it."""
    words = comparison.sample.remedy
    return None if words and any(words in said for said in comparison.refusals) else words


def _articles(comparison: Comparison) -> str:
    corpus = comparison.corpus
    words = f"{corpus.n_articles:,}"
    if comparison.copies.n_left_out:
        n = len({unit.article_id for unit in comparison.units if unit.counts})
        words += f", of which {n:,} count"
    if corpus.n_empty:
        words += f"; without a unit, and counting for nothing: {corpus.n_empty}"
    if corpus.n_failed:
        words += f"; files or rows that could not be read: {corpus.n_failed}"
    return words


def _units(comparison: Comparison) -> str:
    """Return how many units there are of which kinds, and how many of them count."""
    n = comparison.corpus.n_units
    kinds = Counter(unit.kind.replace("_", " ") for unit in comparison.units)
    named = [f"{m:,} {kind}{'' if m == 1 else 's'}" for kind, m in kinds.most_common()]
    words = named[0] if len(named) == 1 else f"{n:,}: {', '.join(named)}"
    if comparison.copies.n_left_out:
        words += f"; {sum(unit.counts for unit in comparison.units):,} count"
    return words


def _repairs(comparison: Comparison) -> str:
    corpus, n_from_tables = comparison.corpus, comparison.n_from_tables
    if n_from_tables == corpus.n_articles:
        return "not recorded in a table of units"
    words = "none were needed"
    if corpus.n_repaired:
        kinds = ", ".join(f"{n} × {kind}" for kind, n in corpus.repairs.items())
        words = f"in {corpus.n_repaired} articles: {kinds}"
    if n_from_tables:
        words += f"; not recorded of {n_from_tables} articles from a table of units"
    return words


def _copies(comparison: Comparison) -> str:
    copies, corpus = comparison.copies, comparison.corpus
    if copies.n_without_text == corpus.n_articles - corpus.n_empty:
        return unseen_said(comparison)
    words, n = "no article is a copy of another", len(copies.groups)
    if copies.groups:
        words = f"{n} {'group' if n == 1 else 'groups'} of articles that are copies of each other; "
        words += (
            f"the first of each counts, {copies.n_left_out} articles are left out"
            if copies.counted == "once"
            else "each counts in the shares of its outlet, the first alone makes claims"
        )
    if copies.n_without_text:
        words += f"; others {unseen_said(comparison)}"
    return words


def _sample(comparison: Comparison) -> str:
    sample, outlets = comparison.sample, comparison.mixes[0].outlets
    words = "no random sample: shares are counted, not corrected"
    if sample.n_labels:
        designs = ", ".join(f"{n} {design}" for design, n in sample.designs.items())
        words = f"{sample.n_labels} usable ({designs}); shares are corrected by them"
        n = sum(any(share.corrected for share in o.shares.values()) for o in outlets)
        if n < len(outlets):
            words += f" in {n} of {len(outlets)} outlets"
    unjudged, aside = open_and_aside(sample)
    words += f". Units without a label: {unjudged}" if unjudged else ""
    return words + (f". Labels left aside: {aside}" if aside else "")
