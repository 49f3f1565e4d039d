"""Units of several outlets aligned into the claims that they share."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from stance.codebook import Task
from stance.comparison.alike import alike, stars, vectors_of
from stance.comparison.observations import Observations
from stance.comparison.result import Alignment, Checked, Claim, ClaimCell
from stance.records import same_words
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
    unit's text. An outlet's label on it is that of the mean probabilities of the outlet's units.

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
    claims = [
        (observations.unit(int(rows[centres[k]])).unit.text, _cells(observations, units, task))
        for k, units in members.items()
    ]
    claims.sort(key=lambda claim: (-len(claim[1]), claim[0]))
    return Alignment(
        claims=tuple(
            Claim(id=f"c{n}", title=title, cells=cells)
            for n, (title, cells) in enumerate(claims, start=1)
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
    in two outlets that count.
    """
    counting = np.flatnonzero(observations.counts).tolist()
    outlet = observations.outlet
    printed_by: dict[str, set[int]] = defaultdict(set)
    for row in counting:
        printed_by[same_words(observations.unit(row).unit.text)].add(int(outlet[row]))
    own = [
        row
        for row in counting
        if len(printed_by[same_words(observations.unit(row).unit.text)]) == 1
    ]
    units = ((row, observations.unit(row).unit) for row in own)
    kept = [
        row for row, unit in units if unit.kind in KINDS and len(unit.text.split()) >= MIN_WORDS
    ]
    return np.array(kept, dtype=np.int64), len(observations.counts) - len(own)


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


def _cells(observations: Observations, rows: list[int], task: Task) -> tuple[ClaimCell, ...]:
    """Return what each outlet says on a claim; rows come in the order of outlets."""
    by_outlet: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_outlet[int(observations.outlet_of[observations.article[row]])].append(row)
    cells = []
    for outlet, theirs in by_outlet.items():
        mean = observations.probabilities[task.name][theirs].mean(axis=0)
        cells.append(
            ClaimCell(
                outlet=observations.outlets[outlet],
                label=task.classes[int(mean.argmax())],
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
