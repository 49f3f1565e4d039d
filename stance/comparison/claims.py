"""Units of several outlets that make the same claim, and whether their labels agree."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.codebook import Task
from stance.comparison.result import Claim, ClaimAgreement, ClaimCell, PairAgreement
from stance.records import ClassifiedUnit, same_words
from stance.statistics.agreement import (
    MISSING,
    count_codes,
    krippendorff_alpha,
    percent_agreement,
)
from stance.statistics.arrays import IntArray

SIMILARITY = 0.3  # read by eye on our seeds: lower joins different claims, higher finds few
MIN_WORDS = 6  # a shorter unit rarely makes a claim
MAX_UNITS = 20_000  # beyond this, comparing every unit with every other takes too long


def claim_agreement(units: Sequence[ClassifiedUnit], task: Task) -> ClaimAgreement:
    """Return the claims that outlets share, and how far they agree on them.

    Two units of different outlets make the same claim where each is the other outlet's nearest by
    the cosine of TF-IDF words, from `SIMILARITY` up. An outlet's label on a claim is that of the
    mean probabilities of its units. Units that stand word for word in another outlet are left out:
    a copy agrees with itself.

    Parameters
    ----------
    units
        Each with a known source; more than `MAX_UNITS` give no claims.
    """
    outlets = sorted({unit.source or "" for unit in units})
    own = _own_words(units)
    claims = _claims(own, task) if len(units) <= MAX_UNITS else []
    no_side = {c for c, score in zip(task.classes, task.scores or (), strict=False) if score == 0}
    codes: IntArray = np.full((len(claims), len(outlets)), MISSING)
    for row, claim in enumerate(claims):
        for cell in claim.cells:
            codes[row, outlets.index(cell.outlet)] = task.classes.index(cell.label)
    counts = count_codes(codes, len(task.classes))
    pairs = []
    for (i, left), (j, right) in combinations(enumerate(outlets), 2):
        both = (codes[:, i] != MISSING) & (codes[:, j] != MISSING)
        same = (codes[both, i] == codes[both, j]).mean() if both.any() else None
        pairs.append(
            PairAgreement(
                left=left,
                right=right,
                n_claims=int(both.sum()),
                same=None if same is None else float(same),
            )
        )
    ordinal = (
        krippendorff_alpha(counts, level="ordinal", values=task.scores)
        if claims and task.scores
        else None
    )
    return ClaimAgreement(
        claims=tuple(claims),
        similarity=SIMILARITY,
        nominal=krippendorff_alpha(counts) if claims else None,
        ordinal=ordinal,
        percent=percent_agreement(counts).value if claims else None,
        n_neutral=sum({cell.label for cell in claim.cells} <= no_side for claim in claims),
        n_copied=len(units) - len(own),
        pairs=tuple(pairs),
    )


def _own_words(units: Sequence[ClassifiedUnit]) -> list[ClassifiedUnit]:
    """Return the units whose words stand in one outlet only."""
    printed_by: dict[str, set[str | None]] = defaultdict(set)
    for unit in units:
        printed_by[same_words(unit.unit.text)].add(unit.source)
    return [unit for unit in units if len(printed_by[same_words(unit.unit.text)]) == 1]


def _claims(units: Sequence[ClassifiedUnit], task: Task) -> list[Claim]:
    """Return the claims of two outlets or more, those of most outlets first."""
    worded = [u for u in units if len(u.unit.text.split()) >= MIN_WORDS]
    by_outlet: dict[str, list[int]] = defaultdict(list)
    for i, unit in enumerate(worded):
        by_outlet[unit.source or ""].append(i)
    if len(by_outlet) < 2:
        return []
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    try:
        words = vectors.fit_transform([unit.unit.text for unit in worded])
    except ValueError:  # nothing but stop words
        return []
    links: list[tuple[int, int]] = []
    for left, right in combinations(sorted(by_outlet), 2):
        rows, columns = by_outlet[left], by_outlet[right]
        cosines = (words[rows] @ words[columns].T).toarray()
        for i, j in enumerate(cosines.argmax(axis=1)):
            if cosines[i, j] >= SIMILARITY and cosines[:, j].argmax() == i:
                links.append((rows[i], columns[int(j)]))
    if not links:
        return []
    ends = np.array(links).T
    graph = sparse.coo_array((np.ones(len(links)), ends), shape=(len(worded), len(worded)))
    _, component = connected_components(graph, directed=False)
    members: dict[int, list[int]] = defaultdict(list)
    for i in sorted(set(ends.ravel().tolist())):
        members[int(component[i])].append(i)
    claims = []
    for indices in members.values():
        cosines = (words[indices] @ words[indices].T).toarray()
        central = worded[indices[int(cosines.sum(axis=1).argmax())]]
        cells = _cells([worded[i] for i in indices], task)
        claims.append(Claim(title=central.unit.text, cells=cells))
    return sorted(claims, key=lambda claim: (-len(claim.cells), claim.title))


def _cells(units: Sequence[ClassifiedUnit], task: Task) -> tuple[ClaimCell, ...]:
    by_outlet: dict[str, list[ClassifiedUnit]] = defaultdict(list)
    for unit in units:
        by_outlet[unit.source or ""].append(unit)
    cells = []
    for outlet, theirs in sorted(by_outlet.items()):
        mean = np.mean(
            [[u.predictions[task.name].probabilities[c] for c in task.classes] for u in theirs],
            axis=0,
        )
        cells.append(
            ClaimCell(
                outlet=outlet,
                label=task.classes[int(mean.argmax())],
                unit_ids=tuple(u.unit.id for u in theirs),
            )
        )
    return tuple(cells)
