"""What belongs beside the numbers and what cannot be said, in words, from the numbers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from textwrap import shorten

from stance.codebook import Codebook
from stance.comparison.answer import LEVEL
from stance.comparison.result import (
    Alignment,
    ClaimAgreement,
    CopyFacts,
    CorpusFacts,
    MixComparison,
    ModelFacts,
    OutletEffect,
    SampleFacts,
    Timeline,
)
from stance.comparison.sample import open_and_aside
from stance.comparison.sources import MOST_OF_SEVERAL, SEVERAL, of_several
from stance.comparison.wording import in_several_ways, labelers_said, listed, tied_said
from stance.corpus.furniture import REPEATED
from stance.records import same_words

FEW_ARTICLES = 10  # below it, an outlet's interval says more about its articles than about it
FEW_CLAIMS = 20  # below it, the interval of an alpha is too wide to read anything from


def refusals_of(
    mix: MixComparison,
    alignment: Alignment,
    agreement: ClaimAgreement,
    effects: Sequence[OutletEffect],
    model: ModelFacts,
    sample: SampleFacts,
    timeline: Timeline,
    codebook: Codebook,
    *,
    outlets: Sequence[str] = (),
    several: bool = False,
) -> list[str]:
    """Return what cannot be said of this corpus, why, and what can be said instead.

    Parameters
    ----------
    outlets
        All of them: those that are not in the mix have no article that counts.
    several
        Whether units were labeled in several ways.
    """
    found = []
    counting = {outlet.outlet for outlet in mix.outlets}
    copying = [outlet for outlet in outlets if outlet not in counting]
    if copying:
        found.append(
            f"{_few(copying)}: nothing but copies of articles that count for others, so no number "
            "is given. --copies printed counts each article where it stands."
        )
    if len(mix.outlets) == 1:
        found.append(
            f"One outlet{' counts' if copying else ''}: nothing can be compared. Its shares, its "
            "weeks and its sentences stand; add articles of another outlet for the rest."
        )
        return found
    if mix.same_mix_p is None:
        found.append(
            "One article an outlet: whether outlets differ by more than their articles do cannot "
            "be tested. The shares describe these articles and nothing beyond them."
        )
    single = [outlet.outlet for outlet in mix.outlets if outlet.n_articles == 1]
    if single and mix.same_mix_p is not None:
        found.append(
            f"{_few(single)}: one article each, so their counted shares have no interval; they "
            "still count in the test of counted shares over all outlets, which takes them to vary "
            "as the other outlets' articles do."
        )
    if not alignment.claims:
        found.append(
            "No claim is shared by two outlets: whether they take the same side, who leans further "
            "on a claim and what an outlet leaves out are not measured. The mixes stand. A lower "
            "--similarity finds more and matches worse: check it with --check-claims."
        )
    elif not agreement.n_claims:
        found.append(tied_said(len(alignment.claims)))
    elif agreement.n_claims < FEW_CLAIMS:
        found.append(
            f"Shared claims: only {agreement.n_claims}. Read the agreement as a list of examples, "
            "not as a measure."
        )
    if alignment.claims and not effects and codebook.task(mix.task).scores is None:
        found.append(
            f"The labels of {mix.task} have no order, so no outlet leans further than another."
        )
    if sample.n_labels == 0:
        whose, its = ("errors", "labels") if several else ("the model's errors", "its labels")
        found.append(
            (
                "The labels came with the units and no share is corrected: if a model gave them, "
                "hand labels of a random sample would tell how it errs"
                if model.given
                else f"Without hand labels of a random sample no share is corrected for {whose}: "
                f"what is shown is a count of {its}"
            )
            + (f". Draw such a sample with: {sample.remedy}" if sample.remedy else ".")
        )
    if not timeline.weeks:
        found.append("No article is dated: nothing is said over time.")
    return found


def caveats_of(
    mix: MixComparison,
    alignment: Alignment,
    agreement: ClaimAgreement,
    corpus: CorpusFacts,
    model: ModelFacts,
    copies: CopyFacts,
    sample: SampleFacts,
    timeline: Timeline,
    n_held_out: int,
    *,
    article_of: Mapping[str, str],
    fell_back: bool = False,
    outlets: Sequence[str] = (),
    models: Sequence[str] = (),
    dropped: Sequence[str] = (),
) -> list[str]:
    """Return the caveats that hold of this comparison, the gravest first.

    Parameters
    ----------
    n_held_out
        Articles that the model learned from, labeled here by models that had not seen them.
    article_of
        Unit id -> article id: a unit's own id need not name its article.
    fell_back
        Whether claims are matched by words only since the encoder could not be had.
    outlets
        All of them, those without an article that counts too.
    models
        Who labeled the units.
    dropped
        Tasks that only some units have a label of.
    """
    found = []
    several = in_several_ways(models)
    if several:
        found.append(
            f"Units were labeled in several ways ({labelers_said(models)}): where outlets were "
            "labeled in different ones, a difference between outlets may be one between these. "
            "Label all in one way to tell."
        )
    if dropped:
        found.append(f"Not compared, since only some units have a label of it: {listed(dropped)}.")
    if any(share.corrected is None for outlet in mix.outlets for share in outlet.shares.values()):
        scores = ", ".join(f"{task} {value:.2f}" for task, value in model.held_out.items())
        band = any(share.band for outlet in mix.outlets for share in outlet.shares.values())
        whose = "a model's labels, not corrected for its errors, which"
        whose = "of all these labels, not corrected for errors, which" if several else whose
        given = "of the labels given. If a model gave them, its errors"
        found.append(
            f"Counted shares are {given if model.given else whose}"
            " could by themselves make or hide a difference; their intervals show only how "
            "articles vary."
            + (f" It learned from {model.n_learned} units." if model.n_learned else "")
            + (f" Macro-F1 on {model.held_out_by}s that it had not seen: {scores}." * bool(scores))
            + (
                " The band beside a share shows where the true one may lie if the model errs here "
                "as it did there; it may err otherwise."
                if band
                else ""
            )
        )
    made = [next(iter(outlet.shares.values())).corrected for outlet in mix.outlets]
    judged = [share for share in made if share]
    if judged and timeline.weeks:
        since = f", and before {timeline.event} and from then on," if timeline.around else ""
        found.append(
            f"Shares by week{since} are counted, with no correction by hand labels: errors in the "
            "labels counted could by themselves make or hide a change."
        )
    unjudged, aside = open_and_aside(sample)
    if sample.n_labels and unjudged:
        found.append(f"Drawn units without a label: {unjudged}.")
    if sample.n_labels and aside:
        found.append(f"Labels of the sample that were left aside: {aside}.")
    mostly = [share for share in judged if 2 * share.n_labels > share.n_units]
    if len(judged) > 1 and mostly and not all(share.whole for share in judged):
        found.append(
            "Where most units of an outlet have a hand label, and not all of every outlet, the "
            "test of corrected shares finds differences where there are none more often than it "
            "says, above all with few articles: judge the rest, and articles are regrouped instead."
        )
    unknown = ["the model"] if not (model.n_learned or model.given or several) else model.unknown
    if sample.n_labels and unknown:
        found.append(
            f"What {listed(unknown)} learned from is not known: if hand labels of the sample were "
            "among it, the corrected shares lean on it too much."
        )
    if not model.given:
        found.append(
            "A model labels whatever it is given: whether the articles are about the target at "
            "all is for the reader to see to."
        )
    found += [
        f"{', '.join(names)}: names that differ only by case or spaces, and {len(names)} outlets "
        "here. If they are one, write its name in one way."
        for names in _alike(outlets)
    ]
    few = [outlet for outlet in mix.outlets if outlet.n_articles < FEW_ARTICLES]
    if few and len(mix.outlets) == 1:
        found.append(
            f"{few[0].outlet} has fewer than {FEW_ARTICLES} articles: its intervals are rough."
        )
    elif few:
        found.append(
            f"{len(few)} of {len(mix.outlets)} outlets have fewer than {FEW_ARTICLES} articles: "
            "read their intervals as rough, and the test over all outlets before the pairs."
        )
    blunt = [pair for pair in mix.pairs if pair.distance.smallest_p > LEVEL]
    if blunt:
        least = min(pair.distance.smallest_p for pair in blunt)
        found.append(
            f"{len(blunt)} of {len(mix.pairs)} pairs of outlets have so few articles that no "
            f"difference, however large, could reach p = {LEVEL} (least possible: {least:.2g}), "
            "even before it is adjusted for the number of pairs."
        )
    least = len(mix.pairs) * min((p.distance.smallest_p for p in mix.pairs), default=0.0)
    if least > LEVEL and len(blunt) < len(mix.pairs):
        found.append(
            f"So many pairs of outlets are compared that no adjusted p-value of a pair could be "
            f"below {min(least, 1):.2g}, however large the difference: read the test over all "
            "outlets, or compare fewer."
        )
    if copies.groups:
        n_articles = sum(len(group) for group in copies.groups)
        done = (
            f"only the first of each counts; {copies.n_left_out} articles are left out of every "
            "number. --copies printed counts each where it stands"
            if copies.counted == "once"
            else "each counts in the shares of its outlet, the first alone makes claims. --copies "
            "once counts the first only"
        )
        found.append(
            f"{n_articles} articles are copies of each other, in {len(copies.groups)} groups: "
            f"{done}."
        )
    if copies.n_repeated:
        found.append(repeated_said(copies, corpus))
    if alignment.claims:
        kind = "given" if model.given else "these" if several else "predicted"
        found += _on_claims(alignment, agreement, kind, article_of, fell_back=fell_back)
    if n_held_out:
        who, it = ("Models", "they") if several else ("The model", "it")
        found.append(
            f"{who} learned from text in {n_held_out} of the articles: what {it} learned from is "
            "labeled here by models that had not seen it."
        )
    if corpus.n_empty:
        found.append(f"{corpus.n_empty} article(s) hold no unit and are left out.")
    if corpus.n_abstained:
        found.append(
            f"{corpus.n_abstained} of {corpus.n_units} units were left open (--abstain): they "
            "count here by their likeliest label."
        )
    if corpus.n_failed:
        found.append(f"{corpus.n_failed} file(s) or row(s) could not be read and are left out.")
    return found


def repeated_said(copies: CopyFacts, corpus: CorpusFacts) -> str:
    """Return the caveat on lines that an outlet prints again and again, quoted if known."""
    such = ""
    if copies.repeated is not None:
        such = f", such as “{shorten(copies.repeated, 80, placeholder='…')}”"
    return (
        f"{copies.n_repeated} of {corpus.n_units} units are lines that their outlet prints word "
        f"for word in more than {REPEATED} articles{such}. They count as any other: take them out "
        "of the articles where they are not the article's own."
    )


def _on_claims(
    alignment: Alignment,
    agreement: ClaimAgreement,
    kind: str,
    article_of: Mapping[str, str],
    *,
    fell_back: bool,
) -> list[str]:
    found = []
    ceiling = agreement.ceiling
    found.append(
        f"The outlets' agreement is measured on {kind} labels. "
        "Errors that fall at random pull it toward 0 even where outlets agree in full"
        + (
            f" (then alpha would be {ceiling.perfect:.2f}, not 1)"
            if ceiling
            else " (how far is not known: no held-out confusion is)"
        )
        + "; errors on like wording push it up."
    )
    seen = agreement.nominal.value if agreement.nominal else None
    if ceiling and of_several([len(cell.unit_ids) for c in alignment.claims for cell in c.cells]):
        found.append(
            f"More than {MOST_OF_SEVERAL:.0%} of what outlets say on a claim is {SEVERAL} units or "
            "more, whose common label errs less than the single units on which the model's errors "
            f"were counted: {ceiling.perfect:.2f} is too low for full agreement, and an alpha with "
            "the errors taken out would be too high and is not given."
        )
    elif ceiling and ceiling.corrected is None and seen is not None and seen > ceiling.perfect:
        found.append(
            f"Their alpha, {seen:.2f}, is above what full agreement would show if errors fell "
            "independently: the model makes the same mistakes on like wording, or fewer here than "
            "on held-out units. Its errors cannot be taken out of it; hand labels on a sample of "
            "claims would tell."
        )
    few, n_outlets = _outlets_of_few_articles(alignment, article_of)
    if few and agreement.percent:
        found.append(
            f"{few} of {n_outlets} outlets {'has' if few == 1 else 'have'} fewer than "
            f"{FEW_ARTICLES} articles on shared claims, some of which carry several: limits of "
            "agreement take claims as independent, so they are too narrow here."
        )
    if alignment.vectors == "words":
        reason = ", since the encoder that matches by meaning could not be had"
        found.append(
            f"Claims are matched by shared words{reason if fell_back else ''}: paraphrases are "
            "missed."
        )
    if alignment.checked is None:
        found.append(
            "Nobody has judged here whether matched units make the same claim: --check-claims N "
            "writes pairs for a person to judge."
        )
    if alignment.n_copied:
        found.append(
            f"{alignment.n_copied} units make no claim, since their words or their whole article "
            "stand in another outlet too: a copy agrees with itself."
        )
    return found


def _outlets_of_few_articles(
    alignment: Alignment, article_of: Mapping[str, str]
) -> tuple[int, int]:
    """Return how many outlets have few articles, some on several claims, and how many there are."""
    articles: dict[str, list[set[str]]] = defaultdict(list)
    for claim in alignment.claims:
        for cell in claim.cells:
            articles[cell.outlet].append({article_of[unit] for unit in cell.unit_ids})
    few = sum(
        len(set().union(*cells)) < min(FEW_ARTICLES, sum(map(len, cells)))
        for cells in articles.values()
    )
    return few, len(articles)


def _alike(names: Sequence[str]) -> list[list[str]]:
    """Return the groups of names that differ only by case or spaces."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[same_words(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _few(names: Sequence[str]) -> str:
    """Return names, the first three of many."""
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more outlets"
