"""How what rests on shared claims was computed, in sentences for a paper."""

from stance.classifiers.sentence_vectors import ENCODER
from stance.comparison.checks import FAR
from stance.comparison.claims import MIN_WORDS, N_PARTS, PART
from stance.comparison.result import ClaimAgreement, Comparison
from stance.comparison.selection import N_DRAWS
from stance.comparison.wording import listed, n_of
from stance.statistics.effects import MIN_ARTICLES


def claims_said(c: Comparison) -> list[str]:
    """Return how claims were found."""
    alignment = c.alignment
    if not alignment.n_units:
        return []
    letters = "the cosine of TF-IDF over runs of four letters"
    by = (
        f"three parts the cosine of {ENCODER} and seven parts {letters}"
        if alignment.vectors == "meaning"
        else letters
    )
    found = [
        f"{alignment.n_units:,} units could make a claim that another outlet makes: headings, "
        f"attributions and units of fewer than {MIN_WORDS} words make none. Their similarity was "
        f"{by}; a claim is made of units with a similarity of at least "
        f"{alignment.similarity:g} to the one at its centre: "
        f"{n_of(len(alignment.claims), 'claim')} of two outlets or more.",
    ]
    if alignment.n_copied:
        found.append(
            f"{n_of(alignment.n_copied, 'unit')} took no part because the same words stand in two "
            "outlets or their article is a copy."
        )
    if alignment.stability is not None:
        found.append(
            f"Claims found in {PART:.0%} of the articles agree with these by an adjusted Rand "
            f"index of {alignment.stability:.2f}, the mean of {N_PARTS} draws of articles (Hubert "
            "and Arabie 1985)."
        )
    if alignment.checked:
        checked = alignment.checked
        recall = (
            ""
            if checked.recall is None
            else f", and recall of matches {checked.recall.value:.2f} among pairs with a "
            f"similarity down to {max(alignment.similarity - FAR, 0):g} (those less alike are not "
            "judged)"
        )
        found.append(
            f"By a person's judgement of {n_of(checked.n_judged, 'pair')}, precision of matches "
            f"was {checked.precision.value:.2f}{recall}."
        )
    return found


def agreement_said(c: Comparison) -> list[str]:
    """Return how agreement on them was measured."""
    n_tied = sum(cell.label is None for claim in c.alignment.claims for cell in claim.cells)
    tied = [
        f"In {n_of(n_tied, 'cell')} of an outlet and a claim two labels were equally likely: such "
        "an outlet has no label on the claim, and a claim counts where two outlets have one."
    ]
    whole = next((part for part in c.agreement if part.nominal), None)
    if whole is None:
        return tied if n_tied else []
    alphas = "nominal and ordinal" if whole.ordinal else "nominal"
    chance = "the chance that two outlets on a claim have the same label (each claim counts once)"
    others = [chance] if whole.percent else []
    others += ["Gwet's AC1, on a scale of its own (Gwet 2008)"] if whole.gwet_ac1 else []
    others += ["Fleiss' kappa (Fleiss 1971)"] if whole.fleiss else []
    found = [
        f"On {n_of(whole.n_claims, 'claim')} an outlet's label is the likeliest by the mean "
        f"probabilities of its units. Agreement is Krippendorff's alpha, {alphas} (Krippendorff "
        "2011), of outlets as raters of claims"
        + (f"; beside it stand {listed(others)}." if others else "."),
    ]
    if n_tied:
        found += tied
    measured = (whole.nominal, whole.ordinal, whole.percent, whole.gwet_ac1, whole.fleiss)
    if any(one and one.low is not None for one in measured):
        found.append(
            "Limits are a jackknife over claims, taken as independent (Hughes 2022), with a t "
            "quantile and on the log of 1 - value, a scale of this toolkit."
        )
    if any(pair.same for pair in whole.pairs):
        found.append(
            "For two outlets it is also the share of their common claims with the same label, with "
            "its limits (Wilson 1927)."
        )
    return found + _ceiling(c, whole)


def _ceiling(c: Comparison, whole: ClaimAgreement) -> list[str]:
    ceiling = whole.ceiling
    if ceiling is None:
        return []
    n = sum(sum(row) for row in c.model.confusion.get(whole.task, ()))
    found = [
        "Errors of the model lower alpha: outlets in full agreement would show one of "
        f"{ceiling.perfect:.2f} ({ceiling.perfect_low:.2f} to {ceiling.perfect_high:.2f}), by "
        f"simulation with independent errors from its table of {n:,.0f} held-out units, each cell "
        "of an outlet and a claim taken as one unit."
    ]
    if any(part.ceiling and part.ceiling.corrected for part in c.agreement):
        found.append(
            "The corrected alpha solves the coincidences of labels for that table; its limits are "
            "a jackknife over claims and over held-out units."
        )
    return found


def effects_said(c: Comparison) -> list[str]:
    """Return how leanings on them were measured."""
    if not c.effects:
        return []
    found = [
        "An outlet's lean is the mean, over the claims that it shares, of its score less the mean "
        "score of the other outlets on the claim; a unit's score is the one that its probabilities "
        "expect."
    ]
    if any(effect.low is not None for effect in c.effects):
        found.append(
            "Limits and p-values rest on jackknives over the outlet's articles, over the others' "
            "and over claims, put together as in two-way clustering (Cameron et al. 2011), and "
            f"need {MIN_ARTICLES} articles on either side; p-values are adjusted for the number of "
            "outlets (Holm 1979)."
        )
    return found


def selection_said(c: Comparison) -> list[str]:
    """Return how what is left out was tested."""
    if all(one.p_value is None for one in c.selection):
        return []
    found = [
        "Whether an outlet leaves out more of the claims that two others make than chance would is "
        "tested by exchanging whole articles between outlets, among articles with about as many "
        f"units that could make a claim, {N_DRAWS} times; p-values are one-sided and adjusted for "
        "the number of outlets (Holm 1979).",
        "In every exchange it is found anew which claims two others make, and each claim weighs by "
        "1 / (1 - the chance that all of its articles fall to one outlet, where it would stay "
        "hidden).",
    ]
    if any(claim.printed for claim in c.alignment.claims):
        found.append(
            "Here an outlet also makes a claim that it prints in words that stand elsewhere, in a "
            "copy or in the very words of another outlet."
        )
    if any(one.n_claims and one.p_value is None for one in c.selection):
        found.append(
            "An outlet is not tested where it has no article, or no other outlet has one of like "
            "length."
        )
    return found
