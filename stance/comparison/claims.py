"""Units of several outlets aligned into the claims that they share."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from stance.codebook import Task
from stance.comparison.alike import Vectors, alike, nearest, stars, vectors_of
from stance.comparison.observations import Observations
from stance.comparison.result import Alignment, Checked, Claim, ClaimCell
from stance.comparison.sources import TIE
from stance.records import Unit, same_words
from stance.statistics.arrays import IntArray

# From which similarity two units may make the same claim. Chosen for precision on judged pairs of
# our seeds: benchmarks/claims.py prints what others give.
SIMILARITY = {"meaning": 0.44, "words": 0.4}
KINDS = ("sentence", "list_item", "pull_quote")  # a heading says again what its article says
MIN_WORDS = 6  # a shorter unit rarely makes a claim
N_PARTS, PART = 10, 0.8  # parts of the articles that stability is measured on


def align(
    observations: Observations,
    task: Task,
    *,
    vectors: str = "auto",
    similarity: float | None = None,
    seed: int,
    stability: bool = True,
    checked: Checked | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Alignment:
    """Return the claims that two outlets or more make, those of most outlets first.

    A claim is a star of units: each is alike enough to the one at its centre. Its title is that
    unit's text. An outlet's label on it is the likeliest by the mean probabilities of the outlet's
    units; it has none where two are as likely. Units that say a claim in words that stand
    elsewhere are told apart from these, and are no part of the cells.

    Parameters
    ----------
    vectors
        What makes units alike: "meaning" (an encoder, and words), "words" alone, or "auto".
    similarity
        From which two units may make the same claim, 0 to 1; None is the one measured best.
    seed
        Of the parts of the articles by which stability is measured.
    stability
        Whether to measure it.
    checked
        A person's judgement of these claims, kept beside them.

    Raises
    ------
    DataError
        If there are no such vectors.
    ModelError
        If vectors of meaning are asked for and their encoder cannot be had.
    """
    rows, n_copied = claim_rows(observations)
    found = vectors_of([observations.unit(row).unit.text for row in rows], vectors, on_step=on_step)
    least = SIMILARITY[found.kind] if similarity is None else similarity
    on_step("grouping units into claims")
    graph = alike(found, least)
    outlet, article = observations.outlet[rows], observations.article[rows]
    star, centres = shared_stars(graph, outlet)
    members: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(star >= 0).tolist():
        members[int(star[place])].append(int(rows[place]))
    printed = _printed(observations, rows, found, star, centres, least, on_step)
    claims = [
        (
            observations.unit(int(rows[centres[k]])).unit.text,
            _cells(observations, units, task),
            tuple(printed[k]),
        )
        for k, units in members.items()
    ]
    claims.sort(key=lambda claim: (-len(claim[1]), claim[0]))
    return Alignment(
        claims=tuple(
            Claim(id=f"c{n}", title=title, cells=cells, printed=said_too)
            for n, (title, cells, said_too) in enumerate(claims, start=1)
        ),
        vectors=found.kind,
        similarity=least,
        n_units=len(rows),
        n_copied=n_copied,
        stability=_stability(graph, star, outlet, article, seed) if stability and claims else None,
        checked=checked,
    )


def claim_rows(observations: Observations) -> tuple[IntArray, int]:
    """Return the rows of units that could make a claim, and how many copies were left out.

    Copies agree with themselves: units of articles that do not count, and units whose words stand
    in two outlets that count. Of a unit whose text is not to be had nothing of this is known.
    """
    words = [
        same_words(observations.unit(row).unit.text) for row in range(len(observations.counts))
    ]
    told = [row for row, said in enumerate(words) if said]
    outlet = observations.outlet
    printed_by: dict[str, set[int]] = defaultdict(set)
    for row in told:
        if observations.counts[row]:
            printed_by[words[row]].add(int(outlet[row]))
    own = [row for row in told if observations.counts[row] and len(printed_by[words[row]]) == 1]
    kept = [row for row in own if may_claim(observations.unit(row).unit)]
    return np.array(kept, dtype=np.int64), len(told) - len(own)


def may_claim(unit: Unit) -> bool:
    """Return whether a unit, wherever its words stand, could make a claim."""
    return unit.kind in KINDS and len(unit.text.split()) >= MIN_WORDS


def shared_stars(graph: sparse.csr_array, outlet: IntArray) -> tuple[IntArray, IntArray]:
    """Return the star of each unit, -1 outside of those with two outlets or more, and the centres.

    Parameters
    ----------
    outlet : shape (n,)
        The outlet of each unit.
    """
    star, centres = stars(graph)
    shared = np.zeros(len(centres), dtype=bool)
    shared[star[outlet != outlet[centres][star]]] = True
    return np.where(shared[star], star, -1), centres


def _printed(
    observations: Observations,
    rows: IntArray,
    vectors: Vectors,
    star: IntArray,
    centres: IntArray,
    similarity: float,
    on_step: Callable[[str], None],
) -> dict[int, list[str]]:
    """Return the ids of left-out units that say a shared claim, by its star.

    A unit with the very words of one that was aligned says what that one says; any other says the
    claim whose centre it is most alike, from the same similarity up.

    Parameters
    ----------
    rows, star : shape (n,)
        The units that were aligned, and the shared star of each, or -1.
    """
    star_of = {
        same_words(observations.unit(row).unit.text): number
        for row, number in zip(rows.tolist(), star.tolist(), strict=True)
    }
    aligned = np.zeros(len(observations.article), dtype=bool)
    aligned[rows] = True
    left_out = [observations.unit(row).unit for row in np.flatnonzero(~aligned).tolist()]
    said = [(same_words(unit.text), unit) for unit in left_out if may_claim(unit)]
    texts = {words: unit.text for words, unit in said if words not in star_of}
    shared = np.unique(star[star >= 0])
    closest = nearest(vectors, centres[shared], [*texts.values()], similarity, on_step=on_step)
    numbers = np.where(closest >= 0, shared[closest], -1) if len(shared) else closest
    star_of |= dict(zip(texts, numbers.tolist(), strict=True))
    printed: dict[int, list[str]] = defaultdict(list)
    for words, unit in said:
        printed[star_of[words]].append(unit.id)
    return printed


def _cells(observations: Observations, rows: list[int], task: Task) -> tuple[ClaimCell, ...]:
    """Return what each outlet says on a claim; rows come in the order of outlets."""
    by_outlet: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_outlet[int(observations.outlet_of[observations.article[row]])].append(row)
    cells = []
    for outlet, theirs in by_outlet.items():
        mean = observations.probabilities[task.name][theirs].mean(axis=0)
        likeliest = np.flatnonzero(mean >= mean.max() * (1 - TIE))
        cells.append(
            ClaimCell(
                outlet=observations.outlets[outlet],
                label=task.classes[int(likeliest[0])] if len(likeliest) == 1 else None,
                probabilities=dict(zip(task.classes, mean.tolist(), strict=True)),
                unit_ids=tuple(observations.unit(row).unit.id for row in theirs),
            )
        )
    return tuple(cells)


def _stability(
    graph: sparse.csr_array, star: IntArray, outlet: IntArray, article: IntArray, seed: int
) -> float:
    """Return how far claims found in four fifths of the articles are those found in all.

    The mean adjusted Rand index over ten draws of articles (Hubert and Arabie 1985): 1 the same
    claims, 0 no more alike than chance gives. A unit without a claim is a group of its own.
    """
    rng = np.random.default_rng(seed)
    articles = np.unique(article)
    values = []
    for _ in range(N_PARTS):
        drawn = rng.choice(articles, size=max(1, round(PART * len(articles))), replace=False)
        inside = np.flatnonzero(np.isin(article, drawn))
        found, _ = shared_stars(graph[inside][:, inside], outlet[inside])
        values.append(adjusted_rand_score(_grouped(star[inside]), _grouped(found)))
    return float(np.mean(values))


def _grouped(star: IntArray) -> IntArray:
    """Return a group for each unit: its star, or one of its own."""
    return np.where(star >= 0, star, -1 - np.arange(len(star)))
