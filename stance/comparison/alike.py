"""How alike texts are, by meaning and by words, and the groups that form around the likeliest."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.classifiers.sentence_vectors import meaning_vectors
from stance.errors import DataError, ModelError
from stance.statistics.arrays import IntArray

MEANING_SHARE = 0.3  # of the similarity; the rest is words. docs/decisions/claims.md has the scores
LETTERS = 4  # in a row: a word's ending or plural then costs little
FEWEST, MOST = 100, 10_000  # the limits of how many texts a run of letters may stand in
BLOCK_CELLS = 16_000_000  # similarities held at a time: 64 MB in each of three arrays


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vectors:
    """Texts as vectors of length 1, one a row."""

    kind: str  # "meaning": words too; "words": words alone
    words: sparse.csr_array  # (n, n_runs), float32, TF-IDF of runs of letters
    meaning: NDArray[np.float32] | None  # (n, width)
    runs: TfidfVectorizer | None = None  # that made `words`; None: nothing tells the texts apart

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the first row of a block, and its similarities to that row and all after it.

        Shape (n_block, n - first): a pair of rows is compared once.
        """
        n = self.words.shape[0]
        size = max(1, BLOCK_CELLS // max(1, n))
        turned = self.words.T.tocsr()
        for start in range(0, n, size):
            block = (self.words[start : start + size] @ turned).toarray()
            if self.meaning is not None:
                _mix(block, self.meaning[start : start + size], self.meaning[start:])
            yield start, block
            turned = turned[:, size:]


def vectors_of(
    texts: Sequence[str], kind: str, *, on_step: Callable[[str], None] = lambda step: None
) -> Vectors:
    """Return texts as vectors.

    Parameters
    ----------
    kind
        "meaning", "words", or "auto": by meaning where the encoder can be had.

    Raises
    ------
    DataError
        If there is no such kind.
    ModelError
        If meaning is asked for and the encoder cannot be had.
    """
    if kind not in ("auto", "meaning", "words"):
        raise DataError(f"no vectors are called {kind!r}. Use one of: auto, meaning, words.")
    meaning = None
    if kind != "words":
        try:
            meaning = meaning_vectors(texts, on_step=on_step)
        except ModelError as error:
            if kind == "meaning":
                raise
            on_step(f"matching by words, not by meaning: {error}")
    words, runs = _words(texts)
    kind = "words" if meaning is None else "meaning"
    return Vectors(kind=kind, words=words, meaning=meaning, runs=runs)


def _mix(block: NDArray[np.float32], left: NDArray[np.float32], right: NDArray[np.float32]) -> None:
    """Turn similarities by words into those by words and meaning, in place."""
    block *= 1 - MEANING_SHARE
    block += MEANING_SHARE * (left @ right.T)


def _words(texts: Sequence[str]) -> tuple[sparse.csr_array, TfidfVectorizer | None]:
    # What stands in a fifth of all texts tells none apart, and costs most of the time.
    most = int(np.clip(0.2 * len(texts), FEWEST, MOST))
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(LETTERS, LETTERS),
        sublinear_tf=True,
        max_df=most,
        dtype=np.float32,
    )
    try:
        return sparse.csr_array(vectorizer.fit_transform(texts)), vectorizer
    except ValueError:  # no text, or nothing in them that tells them apart
        return sparse.csr_array((len(texts), 1), dtype=np.float32), None


def alike(vectors: Vectors, similarity: float) -> sparse.csr_array:
    """Return the pairs of texts from a similarity up, shape (n, n), symmetric, none with itself.

    Every pair is compared, a block at a time, so the answer is exact and memory bounded; the time
    grows with the square of the number of texts.
    """
    rows, columns, values = [], [], []
    for start, block in vectors.blocks():
        i, j = np.nonzero(block >= similarity)
        away = i < j  # each pair once, so that both halves of the table hold the same number
        rows.append(i[away] + start)
        columns.append(j[away] + start)
        values.append(block[i[away], j[away]])
    n = vectors.words.shape[0]
    if not rows:
        return sparse.csr_array((n, n), dtype=np.float32)
    ends = (np.concatenate(rows), np.concatenate(columns))
    half = sparse.csr_array((np.concatenate(values), ends), shape=(n, n))
    return (half + half.T).tocsr()


def nearest(
    vectors: Vectors,
    centres: IntArray,
    texts: Sequence[str],
    similarity: float,
    *,
    on_step: Callable[[str], None] = lambda step: None,
) -> IntArray:
    """Return which centre other texts are most alike, -1 where to none from a similarity up.

    They are read as those of `vectors` were, and change nothing about them.

    Parameters
    ----------
    centres : shape (n_centres,)
        Rows of `vectors`; what comes back, shape (n_texts,), are places in it.
    """
    found = np.full(len(texts), -1, dtype=np.int64)
    if not len(texts) or not len(centres) or vectors.runs is None:
        return found
    words = sparse.csr_array(vectors.runs.transform(texts))
    own = None if vectors.meaning is None else meaning_vectors(texts, on_step=on_step)
    turned = vectors.words[centres].T.tocsr()
    size = max(1, BLOCK_CELLS // len(centres))
    for start in range(0, len(texts), size):
        part = slice(start, start + size)
        block = (words[part] @ turned).toarray()
        if own is not None and vectors.meaning is not None:
            _mix(block, own[part], vectors.meaning[centres])
        found[part] = np.where(block.max(axis=1) >= similarity, block.argmax(axis=1), -1)
    return found


def stars(graph: sparse.csr_array) -> tuple[IntArray, IntArray]:
    """Return the star that each text belongs to, and each star's centre.

    The text with most neighbours that are still free becomes a centre and takes them all; then the
    next, until none is left. Each member is a neighbour of its centre, so a star is no chain of
    texts of which only those side by side are alike. Of equals the one nearest to its neighbours
    comes first, then the first one: the same graph always gives the same stars.

    Parameters
    ----------
    graph : shape (n, n)
        Symmetric similarities of neighbours, from `alike`.

    Returns
    -------
    Shape (n,), numbers from 0 in the order of making, and shape (n_stars,), rows of `graph`.

    References
    ----------
    After Aslam, Pelekhov and Rus (2004), "The star clustering algorithm for static and dynamic
    information organization", section 3; here by free neighbours, and each text in one star.
    """
    n = graph.shape[0]
    star: IntArray = np.full(n, -1)
    centres: list[int] = []

    def rank(i: int) -> tuple[int, float, int]:
        place = slice(graph.indptr[i], graph.indptr[i + 1])
        free = star[graph.indices[place]] < 0
        return -int(free.sum()), -float(graph.data[place][free].sum()), i

    heap = [rank(i) for i in range(n)]
    heapq.heapify(heap)
    while heap:
        best = heapq.heappop(heap)
        i = best[2]
        if star[i] >= 0:
            continue
        now = rank(i)
        if now != best:  # some of its neighbours have gone to another star
            heapq.heappush(heap, now)
            continue
        neighbours = graph.indices[graph.indptr[i] : graph.indptr[i + 1]]
        star[neighbours[star[neighbours] < 0]] = len(centres)
        star[i] = len(centres)
        centres.append(i)
    return star, np.array(centres, dtype=np.int64)
