"""Precision and recall of shared claims, by ways of finding them, on judged pairs of our seeds.

    python benchmarks/claims.py [JUDGED.jsonl]        the tables
    python benchmarks/claims.py --time [N]            CPU seconds and memory for N made-up units

A row of the judged pairs names two units, the probability that its pair had of being drawn into the
pool, and who said of it that both make the same claim. Pairs are weighted by one over that
probability, so the numbers are those of all pairs of units of different outlets.
"""

import json
import resource
import sys
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.cli.common import Reader, chosen_model
from stance.codebook import read_codebook
from stance.comparison.alike import MEANING_SHARE, Vectors, alike, stars, vectors_of
from stance.comparison.claims import align, claim_rows
from stance.comparison.observations import Observations, observe
from stance.corpus.copies import articles_of_units, copies_left_out, copy_clusters
from stance.corpus.prepare import prepare
from stance.engine.classify import classify
from stance.resources import data_folder
from stance.statistics.arrays import FloatArray, IntArray

Grouping = NDArray[np.int64]


def seeds() -> Observations:
    """Return the seed articles' units; of copies only the first counts."""
    book = read_codebook()
    model = chosen_model("baseline", book)
    articles = prepare(Reader([data_folder("seeds") / "articles"]))
    units = [unit for done in classify(articles, model, book) for unit in done.units]
    left_out = copies_left_out(copy_clusters(articles_of_units(units)))
    return observe(units, book, left_out=left_out)


def average_link(similarities: FloatArray, least: float) -> Grouping:
    """Return groups whose mean similarity is `least` or more."""
    clustering = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - least
    )
    return np.asarray(clustering.fit_predict(np.clip(1 - similarities, 0, 2)))


def star_groups(similarities: FloatArray, least: float) -> Grouping:
    """Return the groups that ship."""
    near = np.where(similarities >= least, similarities, 0)
    np.fill_diagonal(near, 0)
    return stars(sparse.csr_array(near))[0]


def mutual_nearest(texts: list[str], outlet: IntArray) -> Grouping:
    """Return the first version's groups: chains of mutual nearest neighbours by TF-IDF words."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    words = vectorizer.fit_transform(texts)
    cosines = (words @ words.T).toarray()
    links = []
    for left, right in combinations(np.unique(outlet), 2):
        rows, columns = np.flatnonzero(outlet == left), np.flatnonzero(outlet == right)
        part = cosines[np.ix_(rows, columns)]
        for i, j in enumerate(part.argmax(axis=1)):
            if part[i, j] >= 0.3 and part[:, j].argmax() == i:
                links.append((rows[i], columns[j]))
    ends = np.array(links).T
    graph = sparse.coo_array((np.ones(len(links)), (ends[0], ends[1])), shape=(len(texts),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def tables(path: Path) -> None:
    """Print the tables."""
    seen = seeds()
    rows, _ = claim_rows(seen)
    units = [seen.unit(int(row)).unit for row in rows]
    place = {unit.id: i for i, unit in enumerate(units)}
    judged = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [row for row in judged if row["unit_a"] in place and row["unit_b"] in place]
    print(f"{len(units)} units; {len(kept)} of {len(judged)} judged pairs are of such units")
    ends = np.array([[place[row["unit_a"]], place[row["unit_b"]]] for row in kept]).T
    same = np.array([set(row["same_claim"].values()) == {"y"} for row in kept])
    probability = np.array([row["probability"] for row in kept])
    weight = 1 / probability
    total = float((weight * same).sum())
    error = float(np.sqrt(((weight * same) ** 2 * (1 - probability)).sum()))
    print(f"pairs that make the same claim: {total:.0f}, give or take {1.96 * error:.0f}\n")

    outlet = seen.outlet[rows]
    vectors = vectors_of([unit.text for unit in units], "meaning")
    assert vectors.meaning is not None
    meaning = (vectors.meaning @ vectors.meaning.T).astype(float)
    words = (vectors.words @ vectors.words.T).toarray().astype(float)
    both = MEANING_SHARE * meaning + (1 - MEANING_SHARE) * words
    by = {"meaning": meaning, "words": words, "both": both}
    thresholds = {
        "meaning": (0.7, 0.75, 0.8),
        "words": (0.34, 0.38, 0.4, 0.42),
        "both": (0.38, 0.4, 0.42, 0.44, 0.46, 0.5),
    }
    print("| similarity | groups | from | precision | recall | right pairs | claims | largest |")
    print("|" + " --- |" * 8)

    def line(name: str, how: str, least: float, groups: Grouping) -> None:
        hit = groups[ends[0]] == groups[ends[1]]
        found, right = (weight * hit).sum(), (weight * hit * same).sum()
        precision = right / found
        spread = ((same - precision) * weight * hit) ** 2 * (1 - probability)
        reach = 1.96 * np.sqrt(spread.sum()) / found
        shared = [n for n, n_outlets in sizes(groups, outlet) if n_outlets > 1]
        print(
            f"| {name} | {how} | {least:g} | {precision:.2f} ± {reach:.2f} (n={hit.sum()}) | "
            f"{right / total:.2f} | {right:.0f} | {len(shared)} | {max(shared)} |",
            flush=True,
        )

    line("TF-IDF", "mutual", 0.3, mutual_nearest([unit.text for unit in units], outlet))
    for name, similarities in by.items():
        for least in thresholds[name]:
            line(name, "average link", least, average_link(similarities, least))
            line(name, "stars", least, star_groups(similarities, least))
    print()
    for kind in ("meaning", "words"):
        begin = time.perf_counter()
        found = align(seen, read_codebook().task("stance"), vectors=kind, seed=7)
        print(
            f"align by {kind}: {len(found.claims)} claims, stability {found.stability:.2f}, "
            f"{time.perf_counter() - begin:.1f} s"
        )


def sizes(groups: Grouping, outlet: IntArray) -> Iterable[tuple[int, int]]:
    """Yield the units and the outlets of each group."""
    for group in np.unique(groups):
        inside = outlet[groups == group]
        yield len(inside), len(set(inside.tolist()))


def timed(n: int) -> None:
    """Print how long n units take, made of the seeds' words, with vectors drawn around topics."""
    rng = np.random.default_rng(3)
    seen = seeds()
    pool = " ".join(unit.unit.text for unit in seen.units).split()
    lengths = rng.integers(8, 30, n)
    starts = rng.integers(0, len(pool) - 30, (n, 2))
    texts = [  # halves of two sentences: as many words in common as real ones, new together
        " ".join([*pool[a : a + k // 2], *pool[b : b + k - k // 2]])
        for (a, b), k in zip(starts, lengths, strict=True)
    ]
    middles = rng.normal(size=(200, 384))
    meaning = middles[rng.integers(0, 200, n)] + rng.normal(size=(n, 384))
    meaning /= np.linalg.norm(meaning, axis=1, keepdims=True)
    begin = time.process_time()
    words = vectors_of(texts, "words").words
    told = [f"words {time.process_time() - begin:.0f} s"]
    both = Vectors(kind="meaning", words=words, meaning=meaning.astype(np.float32))
    begin = time.process_time()
    graph = alike(both, 0.44)
    told.append(f"all pairs {time.process_time() - begin:.0f} s ({graph.nnz // 2} alike)")
    begin = time.process_time()
    stars(graph)
    told.append(f"stars {time.process_time() - begin:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{n} units, CPU seconds: {', '.join(told)}; at most {peak:.1f} GB")


if __name__ == "__main__":
    if "--time" in sys.argv:
        timed(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    else:
        given = sys.argv[1:]
        tables(Path(given[0]) if given else data_folder("labels") / "claim_pairs.jsonl")
