"""Classified units of several outlets to one `Comparison`."""

from collections import Counter
from collections.abc import Mapping, Sequence

from stance.codebook import Codebook
from stance.comparison.claims import MAX_UNITS, claim_agreement
from stance.comparison.mixes import Place, compare_mixes
from stance.comparison.result import (
    SCHEMA,
    ClaimAgreement,
    Comparison,
    CorpusFacts,
    MixComparison,
    QuotedUnit,
)
from stance.errors import DataError
from stance.records import ClassifiedUnit, Prediction

FEW_ARTICLES = 10  # below it, an outlet's interval says more about its articles than about it
LEVEL = 0.05


def compare(
    units: Sequence[ClassifiedUnit],
    codebook: Codebook,
    *,
    corpus: CorpusFacts,
    settled: Mapping[Place, Mapping[str, str]],
    held_out_scores: Mapping[str, float],
    n_learned: int,
    seed: int = 7,
) -> Comparison:
    """Return what the outlets share and where they part.

    Parameters
    ----------
    settled
        Settled labels by place, shown beside the predicted ones where they cover an outlet.
    held_out_scores
        Task -> the model's macro-F1 on outlets that it had not seen, for the caveats.
    n_learned
        How many units the model learned from.

    Raises
    ------
    DataError
        If there are no units, an article's outlet is unknown, or there is only one outlet.
    """
    _check(units)
    tasks = [task for task in codebook.tasks if task.name in units[0].predictions]
    stance = codebook.task("stance")
    mixes = tuple(compare_mixes(units, task, settled=settled, seed=seed) for task in tasks)
    headline = next(mix for mix in mixes if mix.task == stance.name)
    agreement = claim_agreement(units, stance)
    return Comparison(
        schema=SCHEMA,
        answer=_answer(headline, codebook),
        target=codebook.target,
        codebook=codebook.reference,
        models=tuple(sorted({unit.predictions[stance.name].model for unit in units})),
        seed=seed,
        corpus=corpus,
        mixes=mixes,
        agreement=agreement,
        caveats=tuple(_caveats(units, headline, agreement, corpus, held_out_scores, n_learned)),
        units=tuple(_quoted(unit) for unit in units),
    )


def _check(units: Sequence[ClassifiedUnit]) -> None:
    if not units:
        raise DataError("nothing to compare: the articles hold no unit")
    unknown = {unit.unit.article_id for unit in units if not unit.source}
    if unknown:
        example = min(unknown)
        raise DataError(
            f"the outlet of {len(unknown)} article(s) is unknown, {example} among them: name it in "
            "the front matter, in an articles.csv beside the files (file,source,title,date,url), "
            "with --register FILE, or put each outlet's files into a folder of its own and give "
            "the folder above them"
        )
    outlets = {unit.source for unit in units}
    if len(outlets) < 2:
        raise DataError(
            f"all articles are by one outlet, {outlets.pop()}: a comparison needs two or more; "
            "`stance classify` gives the labels of one"
        )


def _answer(mix: MixComparison, codebook: Codebook) -> str:
    """Return one sentence: whether the outlets differ, and which stand at the ends."""
    task = codebook.task(mix.task)
    low_label = min(task.labels, key=lambda label: label.score or 0).name
    ranked = sorted(mix.outlets, key=lambda outlet: outlet.shares[low_label].value)
    ends = []
    for outlet in (ranked[0], ranked[-1]):
        share = outlet.shares[low_label]
        interval = (
            "one article, no interval"
            if share.low is None or share.high is None
            else f"{share.low:.0%} to {share.high:.0%}"
        )
        ends.append(f"{share.value:.0%} ({interval}) in {outlet.outlet}")
    fewest, most = (f"{outlet.shares[low_label].value:.0%}" for outlet in (ranked[0], ranked[-1]))
    rest = (
        f"by its labels, {low_label} units make up {fewest} of each."
        if fewest == most
        else f"by its labels, {low_label} units are fewest with {ends[0]} and most with {ends[1]}."
    )
    what = f"{len(mix.outlets)} outlets differ in their {mix.task} toward {codebook.target}"
    if mix.same_mix_p is None:
        return f"Whether {what} cannot be tested, with one article each; {rest}"
    p = f"p = {mix.same_mix_p:.2g}"
    if mix.same_mix_p <= LEVEL:
        return f"As the model reads them, {what} by more than chance would give ({p}); {rest}"
    return f"That {what} cannot be told from chance, as the model reads them ({p}); {rest}"


def _caveats(
    units: Sequence[ClassifiedUnit],
    mix: MixComparison,
    agreement: ClaimAgreement,
    corpus: CorpusFacts,
    held_out_scores: Mapping[str, float],
    n_learned: int,
) -> list[str]:
    scores = ", ".join(f"{task} {value:.2f}" for task, value in held_out_scores.items())
    caveats = [
        "The shares count a model's labels and are not corrected for its errors, which could by "
        "themselves make or hide a difference; an interval shows only how articles vary. "
        f"It learned from {n_learned} units."
        + (f" Macro-F1 on outlets that it had not seen: {scores}." if scores else ""),
        "The model labels whatever it is given: whether the articles are about the target at all "
        "is for the reader to see to.",
    ]
    few = [outlet for outlet in mix.outlets if outlet.n_articles < FEW_ARTICLES]
    if few:
        caveats.append(
            f"{len(few)} of {len(mix.outlets)} outlets have fewer than {FEW_ARTICLES} articles: "
            "read their intervals as rough, and the test over all outlets before the pairs."
        )
    blunt = [pair for pair in mix.pairs if pair.distance.smallest_p > LEVEL]
    if blunt:
        least = min(pair.distance.smallest_p for pair in blunt)
        caveats.append(
            f"{len(blunt)} of {len(mix.pairs)} pairs of outlets have so few articles that no "
            f"difference, however large, could reach p = {LEVEL} (least possible: {least:.2g})."
        )
    if agreement.n_copied:
        caveats.append(
            f"{agreement.n_copied} units stand word for word in two outlets or more. They count in "
            "each outlet's shares, and for nothing in the outlets' agreement."
        )
    if not agreement.claims:
        why = (
            f"there are more than {MAX_UNITS:,} units"
            if len(units) > MAX_UNITS
            else "no two units of different outlets are alike enough"
        )
        caveats.append(f"No shared claims: {why}; the outlets' agreement is not measured.")
    else:
        caveats.append(
            "The outlets' agreement is measured on predicted labels. Errors that fall at random "
            "pull it toward 0 even where outlets agree in full; errors on like wording push it up. "
            "Claims are matched by shared words, so paraphrases are missed."
        )
    held_out = {u.sha256 for u in units if any(map(_is_held_out, u.predictions.values()))}
    if held_out:
        caveats.append(
            f"The model learned from text in {len(held_out)} of the articles: what it learned from "
            "is labeled here by models that had not seen it."
        )
    if corpus.n_empty:
        caveats.append(f"{corpus.n_empty} article(s) hold no unit and are left out.")
    if corpus.n_failed:
        caveats.append(f"{corpus.n_failed} file(s) or row(s) could not be read and are left out.")
    return caveats


def _is_held_out(prediction: Prediction) -> bool:
    return prediction.model.endswith("+held-out")


def _quoted(classified: ClassifiedUnit) -> QuotedUnit:
    unit = classified.unit
    predictions = classified.predictions
    return QuotedUnit(
        unit_id=unit.id,
        article_id=unit.article_id,
        outlet=classified.source or "",
        date=classified.date,
        kind=unit.kind,
        start=unit.start,
        end=unit.end,
        text=unit.text,
        labels={task: prediction.label for task, prediction in predictions.items()},
        probabilities={
            task: round(prediction.probabilities[prediction.label], 4)
            for task, prediction in predictions.items()
        },
        model=predictions["stance"].model,
    )


def corpus_facts(
    units: Sequence[ClassifiedUnit], repairs: Mapping[str, Sequence[str]], n_failed: int
) -> CorpusFacts:
    """Return what the numbers rest on.

    Parameters
    ----------
    repairs
        Article id -> the kinds of its repairs, one entry a repair; every article that was read.
    n_failed
        How many files or rows could not be read.
    """
    dates = {unit.unit.article_id: unit.date for unit in units}
    known = sorted(date for date in dates.values() if date)
    made = [[kind for kind in kinds if kind != "front matter"] for kinds in repairs.values()]
    return CorpusFacts(
        n_articles=len(repairs),
        n_empty=len(repairs) - len(dates),
        n_units=len(units),
        first_date=known[0] if known else None,
        last_date=known[-1] if known else None,
        n_undated=len(dates) - len(known),
        repairs=dict(sorted(Counter(kind for kinds in made for kind in kinds).items())),
        n_repaired=sum(bool(kinds) for kinds in made),
        n_failed=n_failed,
    )
