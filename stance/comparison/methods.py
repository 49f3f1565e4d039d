"""How each answer of a comparison was computed, in sentences for a paper, from its records."""

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version

from stance.comparison.methods_claims import (
    agreement_said,
    claims_said,
    effects_said,
    selection_said,
)
from stance.comparison.references import REFERENCES
from stance.comparison.result import BeforeAfter, Comparison, OutletMix, PairDistance, SampleFacts
from stance.comparison.sample import BEFORE, open_and_aside
from stance.comparison.wording import (
    in_several_ways,
    labelers_said,
    listed,
    n_of,
    outlets_said,
    shifting_said,
    unseen_said,
)
from stance.corpus.copies import FROM_FIRST, OWN, TRIED, WINDOW
from stance.corpus.furniture import ENOUGH
from stance.corpus.shingles import SHINGLE
from stance.labeling.designs import Design
from stance.records import UNIT_KINDS
from stance.statistics.permutation import DRAWS_OF_ALL, is_enumerated
from stance.statistics.prevalence import LEAST, LEAST_FOR_SLOPE
from stance.terminal_text import printable

KINDS = dict(
    zip(
        UNIT_KINDS,
        ("sentences", "headings", "list items", "pull quotes", "attributions"),
        strict=True,
    )
)


def methods(comparison: Comparison) -> dict[str, str]:
    """Return how each answer was computed in this run, and last the references of all.

    An answer that the run does not give has no entry, nor has a method that it did not use.

    Parameters
    ----------
    comparison
        Complete but for its `methods`, which are not read.
    """
    parts = {
        "units": _units(comparison),
        "copies": _copies(comparison),
        "correction": _correction(comparison),
        "shares": _shares(comparison),
        "distances": _distances(comparison),
        "claims": claims_said(comparison),
        "agreement": agreement_said(comparison),
        "effects": effects_said(comparison),
        "selection": selection_said(comparison),
        "time": _time(comparison),
    }
    said = {name: " ".join(sentences) for name, sentences in parts.items() if sentences}
    whole = " ".join(said.values())
    cited = [entry for cited_as, entry in REFERENCES.items() if cited_as in whole]
    return said | ({"references": "\n".join(cited)} if cited else {})


def methods_text(comparison: Comparison) -> str:
    """Return the methods as text for a paper: a paragraph an answer, then the list of references.

    It is Markdown and reads as plain text.
    """
    said = methods(comparison)
    listed = said.pop("references", "")
    paragraphs = [printable(words) for words in said.values()]
    if listed:
        paragraphs += ["References", "\n".join(f"- {entry}" for entry in listed.split("\n"))]
    return "\n\n".join(paragraphs) + "\n"


def _units(c: Comparison) -> list[str]:
    tasks = listed(list(dict.fromkeys(mix.task for mix in c.mixes)))
    facts = c.corpus
    dated = f", dated {facts.first_date} to {facts.last_date}," if facts.first_date else ""
    said = (
        f"The model {c.model.name} labeled each of them on {tasks}, with {c.target} as the target"
    )
    if c.model.given:
        said = f"They came with labels of {tasks}, toward {c.target}"
    elif in_several_ways(c.models):
        who = labelers_said(c.models)
        said = f"They were labeled on {tasks}, toward {c.target}, some in each of these ways: {who}"
    n_articles = n_of(facts.n_articles - facts.n_empty, "article")
    found = [
        f"{n_articles} of {outlets_said(c)}{dated} {_cut(c)}.",
        f"{said}, by the codebook {c.codebook}.",
    ]
    if c.model.n_learned:
        scores = ", ".join(f"{task} {score:.2f}" for task, score in c.model.held_out.items())
        unseen = f"{c.model.held_out_by}s that it had not seen"
        before = ", measured before its export," if c.model.exported else ""
        found.append(
            f"It had learned from {c.model.n_learned:,} units with settled labels"
            + (f", and from {c.model.n_beside:,} units beside" if c.model.n_beside else "")
            + (f"; its macro-F1 on {unseen}{before} was: " if scores else "")
            + f"{scores}."
        )
    if any(name.endswith("+held-out") for name in c.models):
        it = "models" if in_several_ways(c.models) else "it"
        found.append(f"What {it} had learned from was labeled by models that had not seen it.")
    if facts.n_abstained:
        found.append(
            f"{n_of(facts.n_abstained, 'unit')} left open by --abstain count by their likeliest "
            "label."
        )
    if facts.n_repaired:
        found.append(
            f"Damaged characters were repaired by rule in {n_of(facts.n_repaired, 'article')}."
        )
    lost = [
        f"{n:,} {what}"
        for n, what in (
            (facts.n_empty, "without a unit"),
            (facts.n_failed, "that could not be read"),
        )
        if n
    ]
    if lost:
        found.append(f"Left out were articles or files: {listed(lost)}.")
    found.append(
        f"Everything was computed with stance {version('stance')}; what is drawn at random goes by "
        f"seed {c.seed}, and intervals are at 95%."
    )
    return found


def _cut(c: Comparison) -> str:
    """Return how articles became units: of which kinds those of a table are may not be known."""
    n = f"{c.corpus.n_units:,} units"
    if c.n_from_tables == c.corpus.n_articles - c.corpus.n_empty:
        return f"came as {n}"
    if c.n_from_tables:
        return f"({c.n_from_tables:,} of them as units of a table) make {n}"
    kinds = Counter(unit.kind for unit in c.units)
    named = listed([f"{kinds[kind]:,} {name}" for kind, name in KINDS.items() if kinds[kind]])
    was = "was" if c.corpus.n_articles - c.corpus.n_empty == 1 else "were"
    return f"{was} cut into {n} ({named})"


def _copies(c: Comparison) -> list[str]:
    rule = (
        f"Two articles were taken for printings of one text where the shorter has {OWN:.0%} of its "
        f"runs of {SHINGLE} words, {ENOUGH} at least, in common with one at most {WINDOW} days "
        "away or undated, quotations, endings and what an outlet repeats aside (containment; "
        "Broder 1997), or, where one has fewer such runs, where three quarters of all runs in the "
        "two are the same"
    )
    unseen = [f"Copies {unseen_said(c)}."] if c.copies.n_without_text else []
    if c.copies.n_without_text == c.corpus.n_articles - c.corpus.n_empty:
        return unseen
    if not c.copies.groups:
        return [f"{rule}; none were found.", *unseen]
    n_articles = sum(len(group) for group in c.copies.groups)
    found = [
        f"{rule}: {n_articles:,} articles, in {n_of(len(c.copies.groups), 'group')}.",
        f"An article joins a group where {FROM_FIRST:.0%} of it stand in the group's first or half "
        f"of the group, of its first {TRIED} at most, are its copies.",
    ]
    found += unseen
    if c.copies.counted == "once":
        left_out = "article is" if c.copies.n_left_out == 1 else "articles are"
        found.append(
            "Of each group the first by date counts, of one day the longest; "
            f"{c.copies.n_left_out:,} {left_out} left out of the numbers."
        )
    else:
        found.append(
            "Each counts in the shares of the outlet that printed it; the first by date, of one "
            "day the longest, alone makes claims."
        )
    return found


def _correction(c: Comparison) -> list[str]:
    shares = [s for mix in c.mixes for outlet in mix.outlets for s in outlet.shares.values()]
    if not any(share.corrected for share in shares):
        return []
    by_task = []
    for mix in c.mixes:
        samples = [next(iter(outlet.shares.values())).corrected for outlet in mix.outlets]
        corrected = [sample for sample in samples if sample]
        if corrected and mix.voice is None:
            n_labels = sum(sample.n_labels for sample in corrected)
            by_task.append(
                f"{mix.task} by {n_labels:,} in {len(corrected)} of {n_of(len(samples), 'outlet')}"
            )
    found = [
        f"Shares were corrected by hand labels: {listed(by_task)}.",
        *_designs(c.mixes[0].task, c.sample),
    ]
    if any("/" in name for name in c.sample.designs):  # of a draw
        found.append(
            "Within an outlet they are post-stratified by predicted label, with the probabilities "
            f"as a regression aid (predicted labels with fewer than {LEAST} drawn hand labels are "
            "taken together, or with another; the probabilities count only where an outlet has "
            f"{LEAST_FOR_SLOPE} drawn hand labels or more and they help; Cochran 1977): an "
            "estimate of the kind of design-based supervised learning (Egami et al. 2023) and of "
            "prediction-powered inference (Angelopoulos et al. 2023)."
        )
    drawn = {name.partition("/")[0] for name in c.sample.designs}
    if Design.STRATIFIED in drawn:
        found.append(
            "A drawn hand label weighs as many units as its stratum (outlet and label predicted at "
            "the draw) has for each label drawn from it, those that stand for themselves aside; in "
            "a stratum labeled to its end each stands for itself"
            + "; labels of random draws are weighed in the same strata" * (Design.RANDOM in drawn)
            + "."
        )
    differences = [d for mix in c.mixes for pair in mix.pairs for d in pair.differences.values()]
    by_these = ["differences between outlets"] * any(
        d.corrected and d.low is not None for d in differences
    )
    by_these += ["their tests"] * (not all(map(_whole, _tested(c))))
    found.append(
        "Limits are Wilson's (Wilson 1927) on an effective sample size (as in Korn and Graubard "
        "1998), with the finite population correction; those for an outlet at large take its "
        "articles for a sample too"
        + (f", and {listed(by_these)} go by these." if by_these else ".")
    )
    unjudged, aside = open_and_aside(c.sample)
    if unjudged:
        found.append(f"Drawn units without a label of {c.mixes[0].task}: {unjudged}.")
    if aside:
        found.append(f"Hand labels of {c.mixes[0].task} left aside: {aside}.")
    return found


def _designs(task: str, sample: SampleFacts) -> list[str]:
    """Return how many labels are of a draw, and how many speak for no other unit."""
    n: Counter[str] = Counter()
    for name, n_labels in sample.designs.items():
        n[name.partition("/")[0]] += n_labels
    drawn = [
        f"{n[design]:,} are of a {design} draw"
        for design in (Design.RANDOM, Design.STRATIFIED)
        if n[design]
    ]
    apart = [
        f"{n[design]:,} {words}"
        for design, words in ((BEFORE, BEFORE), (Design.CENSUS, "of articles judged whole"))
        if n[design]
    ]
    said = drawn + ([f"{listed(apart)} stand for themselves alone"] if apart else [])
    return [f"Of the usable labels of {task}, {'; '.join(said)}."] if said else []


def _shares(c: Comparison) -> list[str]:
    outlets = [outlet for mix in c.mixes for outlet in mix.outlets]
    shares = [share for outlet in outlets for share in outlet.shares.values()]
    if not shares:
        return []
    whose = " given with the units" if c.model.given else " of the model"
    whose = "" if in_several_ways(c.models) else whose
    found = [f"Counted shares are those of the labels{whose}, not corrected for errors."]
    if any(share.counted.low is not None for share in shares):
        found.append(
            "Their limits are Wilson's on the effective number of units, as the spread between "
            "articles leaves it, with a t quantile for the number of articles (Korn and Graubard "
            "1998; Dean and Pagano 2015)."
        )
    n_single = sum(outlet.n_articles == 1 for outlet in c.mixes[0].outlets)
    if n_single:
        found.append(f"{n_of(n_single, 'outlet')} with a single article: no limits.")
    voices = [mix.voice for mix in c.mixes if mix.voice is not None]
    if voices:
        found.append(
            f"Shares of {c.mixes[0].task}, and whatever follows from claims and dates, are also "
            f"given by whose words a unit is, as its label of the voice tells ({listed(voices)}); "
            "a claim counts for a voice where an outlet makes it in that voice."
        )
    if any(share.band for share in shares):
        found.append(
            "The band of a share is where the true one may lie if the model errs in that outlet as "
            "it did on what was held out from it, from resampled tables of those errors."
        )
    if any(share.settled is not None for share in shares):
        found.append(
            "Beside them stand shares of settled hand labels, for outlets all of whose units have "
            "one."
        )
    return found


def _distances(c: Comparison) -> list[str]:
    found = []
    mixes = [mix for mix in c.mixes if mix.pairs]
    pairs = [pair for mix in mixes for pair in mix.pairs]
    if pairs:
        found += [
            f"The counted mixes of each two outlets ({n_of(len(mixes[0].pairs), 'pair')}) are "
            "compared by total variation and by the Jensen-Shannon distance, base 2 (Lin 1991; "
            "Endres and Schindelin 2003).",
            _regroupings(pairs),
            "P-values are adjusted for the number of pairs (Holm 1979).",
        ]
        least = min(len(mix.pairs) * p.distance.smallest_p for mix in mixes for p in mix.pairs)
        if least > 0.05:
            few = all(pair.distance.exact for pair in pairs)
            cause = "pairs of so few articles" if few else "pairs for the regroupings drawn"
            found.append(f"With so many {cause} none could be below {min(least, 1):.2g}.")
        differences = [d for pair in pairs for d in pair.differences.values()]
        if any(d.low is not None for d in differences):
            how = listed(
                [
                    f"{what} shares"
                    for what, corrected in (("counted", False), ("corrected", True))
                    if any(d.corrected is corrected for d in differences)
                ]
            )
            found.append(
                f"Differences of {how} have limits by squaring and adding those of the two shares "
                "(Newcombe 1998)."
            )
    exact = {
        is_enumerated([outlet.n_articles for outlet in mix.outlets])
        for mix in c.mixes
        if mix.same_mix_p is not None
    }
    if exact:
        drawn = f"up to {DRAWS_OF_ALL:,} random"
        ways = f"{drawn} regroupings of all articles"
        if True in exact:
            ways = "all regroupings of their articles"
            ways += f" where these are few and {drawn} ones elsewhere" * (False in exact)
        found.append(
            "Whether all outlets have one counted mix is tested by the same statistic over all of "
            f"them, with {ways}."
        )
    tested = _tested(c)
    if not all(map(_whole, tested)):
        found.append(
            "Whether corrected shares are the same is tested by Cochran's Q for each label, "
            "each share weighed by the units that its limits at large are worth, with the variance "
            "of the share that all would have, adjusted over labels and, of pairs of outlets, over "
            "pairs (Cochran 1954; Holm 1979)."
        )
    if any(map(_whole, tested)):
        found.append(
            "Outlets all of whose units have a hand label are compared by regrouping their "
            "articles, as counted mixes are."
        )
    return found


def _tested(c: Comparison) -> list[list[OutletMix]]:
    """Return the outlets of each test of corrected shares."""
    tested = [list(mix.outlets) for mix in c.mixes if mix.corrected_p is not None]
    for mix in c.mixes:
        named = {outlet.outlet: outlet for outlet in mix.outlets}
        tested += [
            [named[pair.left], named[pair.right]]
            for pair in mix.pairs
            if pair.corrected_p_holm is not None
        ]
    return tested


def _whole(outlets: Sequence[OutletMix]) -> bool:
    """Return whether every unit of some outlets has a hand label."""
    found = [next(iter(outlet.shares.values())).corrected for outlet in outlets]
    return all(share is not None and share.whole for share in found)


def _regroupings(pairs: Sequence[PairDistance]) -> str:
    drawn = [pair.distance.n_regroupings for pair in pairs if not pair.distance.exact]
    exact = len(drawn) < len(pairs)
    ways = []
    if exact:
        ways.append("all possible ways" + (" where these are few" if drawn else ""))
    if drawn:
        numbers = f"{min(drawn):,}" + (f" to {max(drawn):,}" if max(drawn) > min(drawn) else "")
        stopped = any(
            pair.distance.n_regroupings < round(1 / pair.distance.smallest_p) - 1
            for pair in pairs
            if not pair.distance.exact
        )
        early = " (stopped early where many were as far apart; Besag and Clifford 1991)"
        random = "random ones elsewhere" if exact else "random ways"
        ways.append(f"{numbers} {random}{early if stopped else ''}")
    return (
        "The null distribution moves whole articles between the two outlets, in "
        f"{listed(ways)}; the statistic is their difference, studentised by its variance over "
        "articles, that of each outlet mixed with the pooled spread of both as if that were half "
        "an article more."
    )


def _time(c: Comparison) -> list[str]:
    time, found = c.timeline, []
    if time.weeks:
        found.append(
            f"Shares of {time.task} by ISO week, from Monday on, are counted like those of the "
            "whole."
        )
    if time.around:
        found += [_around(time.event or "", time.around), *shifting_said(c)]
    if found and time.n_undated:
        found.append(f"{n_of(time.n_undated, 'unit')} without a date are left out of it.")
    return found


def _around(event: str, around: Sequence[BeforeAfter]) -> str:
    outlets = [one for one in around if one.outlet is not None and one.voice is None]
    said = f"Shares before {event} and from then on are compared in all outlets together"
    if outlets:
        said += f" and in {n_of(len(outlets), 'outlet')} with articles on both sides"
    said += ": differences"
    if any(d.low is not None for one in around for d in one.differences.values()):
        said += " with limits by squaring and adding (Newcombe 1998)"
    if any(one.p_value is not None for one in around):
        said += ", p-values by moving whole articles between the two sides"
    if sum(one.p_holm is not None for one in outlets) > 1:
        said += ", adjusted for the number of outlets (Holm 1979)"
    return f"{said}."
