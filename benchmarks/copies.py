"""How well copies of wire stories are found, what else shares words, how fast, how much memory.

The seed articles are all on one story: seeds/clusters.csv says which of them are copies, and the
others are negatives that know the same names and figures. Then copies of them are made and damaged.
Then MinHash looks for the same candidates as the index does. Then articles are made up from chains
of two words, at two sizes: how time and memory grow. STANCE_BENCHMARKS names the folder of the
public benchmarks (basil/): three outlets on each of 100 events, to read what is found there.

    STANCE_BENCHMARKS=... python benchmarks/copies.py [truth] [damage] [minhash] [speed]
"""

import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np

from stance.corpus.copies import OWN, PrintedUnits, copies_left_out, copy_clusters, copy_groups
from stance.corpus.reading import read_articles
from stance.corpus.sentences import sentence_spans
from stance.corpus.shingles import UNDATED, Numbers, WordNumbers, n_shared, numbered, sharing
from stance.evaluation.splits import read_clusters
from stance.records import Article
from stance.resources import data_folder

SEED = 7
SIZES = (5_000, 20_000)
Pairs = set[frozenset[str]]


def pairs_of(groups: Iterable[Sequence[str]]) -> Pairs:
    """Return each two members of each group."""
    return {frozenset(pair) for group in groups for pair in combinations(group, 2)}


def by_value(group_of: Mapping[str, object]) -> list[list[str]]:
    """Return the keys of each value."""
    groups: dict[object, list[str]] = defaultdict(list)
    for key, group in group_of.items():
        groups[group].append(key)
    return list(groups.values())


def seed_articles() -> list[Article]:
    """Return the articles on the H200."""

    def failed(failure: object) -> None:
        raise SystemExit(f"cannot be read: {failure}")

    return list(read_articles([data_folder("seeds") / "articles"], on_failure=failed))


def told(found: Pairs, known: Pairs) -> str:
    """Return precision and recall in words."""
    right = len(found & known)
    return (
        f"precision {right / max(len(found), 1):.3f} ({right} of {len(found)}), "
        f"recall {right / len(known):.3f} ({right} of {len(known)})"
    )


def own_shares(articles: Iterable[PrintedUnits | Article]) -> dict[frozenset[str], float]:
    """Return each pair's share of the shorter one's shingles outside of quotation marks."""
    known = WordNumbers()
    sets = {article.id: numbered(article.text, known)[1] for article in articles}
    return {
        frozenset((a, b)): n_shared(sets[a], sets[b]) / max(min(len(sets[a]), len(sets[b])), 1)
        for a, b in combinations(sets, 2)
    }


def truth() -> None:
    """Print precision and recall on the seed articles, and what is nearest to the line."""
    articles = seed_articles()
    ours = {article.id for article in articles}
    stories = {a: s for a, s in read_clusters(data_folder("seeds") / "clusters.csv").items()}
    known = {pair for pair in pairs_of(by_value(stories)) if pair <= ours}
    found = pairs_of(copy_clusters(articles))
    with_quotes = pairs_of(by_value(copy_groups({a.id: a.text for a in articles})))
    print(f"seeds, copy_clusters: {told(found, known)}")
    print(f"seeds, copy_groups:   {told(with_quotes, known)}")
    for name, pairs in (("missed", known - found), ("wrong", found - known)):
        for pair in pairs:
            print(f"  {name}: {', '.join(sorted(pair))}")
    shares = own_shares(articles)
    copies = ", ".join(f"{share:.3f}" for share in sorted(shares[pair] for pair in known)[:4])
    others = max(share for pair, share in shares.items() if pair not in known)
    print(f"  least alike copies: {copies}\n  most alike others: {others:.3f}; the line is {OWN}")


def basil() -> None:
    """Print the pairs found among outlets that tell one event in words of their own."""
    if "STANCE_BENCHMARKS" not in os.environ:
        print("basil: not looked at, STANCE_BENCHMARKS names no folder")
        return
    folder = Path(os.environ["STANCE_BENCHMARKS"]) / "basil"
    sentences: dict[str, list[str]] = defaultdict(list)
    for line in (folder / "sentences.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        sentences[row["article"]].append(row["text"])
    articles = [
        PrintedUnits(
            id=r["id"], text="\n".join(sentences[r["id"]]), date=r["date"], source=r["source"]
        )
        for r in map(
            json.loads, (folder / "articles.jsonl").read_text(encoding="utf-8").splitlines()
        )
    ]
    texts = {article.id: article.text for article in articles}
    with_quotes = pairs_of(by_value(copy_groups(texts)))
    shares = own_shares(articles)
    most = ", ".join(f"{share:.3f}" for share in sorted(shares.values(), reverse=True)[:4])
    print(
        f"basil: copy_clusters finds {len(pairs_of(copy_clusters(articles)))} of 300 pairs of one "
        f"event, copy_groups, with which quotes count, {len(with_quotes)}\n  most alike: {most}"
    )


ENDING = (
    "{0} belongs to the {0} group and reports on chips, trade and the people who make both. Every "
    "Friday our editors send the five stories of the week to readers of {0}; leave your address "
    "below to be one of them. Whoever subscribes accepts our terms and our notice on privacy. Some "
    "links on this page earn {0} a fee. If you know something that we should, write to the desk."
)


def endings() -> None:
    """Print how many articles are taken for copies once each outlet ends all of its own alike."""
    n_words = len(ENDING.split())
    print(f"\nseeds, all of one day, articles left out; under an ending of {n_words} words:")
    for length in (200, 300, None):
        same_day = [
            replace(a, text=" ".join(a.text.split()[:length]), date="2026-01-14")
            for a in seed_articles()
        ]
        counts = []
        for name in (None, "of the outlet", "of a chain of all"):
            ended = [
                replace(
                    a, text=f"{a.text}\n\n{ENDING.format(a.source if 'outlet' in name else name)}"
                )
                if name
                else a
                for a in same_day
            ]
            left_out = len(copies_left_out(copy_clusters(ended)))
            counts.append(f"{left_out} ({name})" if name else f"{left_out} without")
        print(f"  the first {length} words: " if length else "  whole: ", ", ".join(counts))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text."""
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def kept(share: float) -> Callable[[str, random.Random], str]:
    """Return a damage that keeps a share of the paragraphs, at random places."""

    def damage(text: str, rng: random.Random) -> str:
        parts = paragraphs(text)
        chosen = sorted(rng.sample(range(len(parts)), max(round(share * len(parts)), 1)))
        return "\n\n".join(parts[i] for i in chosen)

    return damage


def swapped(text: str, rng: random.Random) -> str:
    """Return a text with its sentences in another order."""
    parts = [p[s:e] for p in paragraphs(text) for s, e in sentence_spans(p, "en")]
    rng.shuffle(parts)
    return " ".join(parts)


def replaced(share: float) -> Callable[[str, random.Random], str]:
    """Return a damage that puts other words in place of a share of them."""

    def damage(text: str, rng: random.Random) -> str:
        words = re.findall(r"\w+", text)
        return re.sub(r"\w+", lambda m: rng.choice(words) if rng.random() < share else m[0], text)

    return damage


def led(text: str, rng: random.Random) -> str:
    """Return a text under a lead of 60 words that stand nowhere else."""
    return " ".join(f"local{rng.randrange(10**6)}" for _ in range(60)) + ".\n\n" + text


def both(*steps: Callable[[str, random.Random], str]) -> Callable[[str, random.Random], str]:
    """Return several damages, one after the other."""

    def damage(text: str, rng: random.Random) -> str:
        for step in steps:
            text = step(text, rng)
        return text

    return damage


DAMAGE: Mapping[str, Callable[[str, random.Random], str]] = {
    "70% of paragraphs": kept(0.7),
    "50% of paragraphs": kept(0.5),
    "30% of paragraphs": kept(0.3),
    "sentences swapped": swapped,
    "10% other words": replaced(0.1),
    "20% other words": replaced(0.2),
    "30% other words": replaced(0.3),
    "40% other words": replaced(0.4),
    "a local lead": led,
    "50%, 10% words, swapped, lead": both(kept(0.5), replaced(0.1), swapped, led),
    "30%, 10% words, swapped, lead": both(kept(0.3), replaced(0.1), swapped, led),
}


def damaged(articles: Sequence[Article], name: str) -> list[Article]:
    """Return the articles' copies with one damage, printed by another outlet a day later."""
    rng = random.Random(f"{SEED}/{name}")
    return [
        replace(
            article,
            id=f"{article.id}*",
            text=DAMAGE[name](article.text, rng),
            source=f"Copier {rng.randrange(20)}",
            date=(date.fromisoformat(article.date) + timedelta(1)).isoformat(),
        )
        for article in articles
        if article.date
    ]


def originals() -> list[Article]:
    """Return the seed articles without the copies among them."""
    first: dict[str, str] = {}
    stories = read_clusters(data_folder("seeds") / "clusters.csv")
    for article_id, story in stories.items():
        first.setdefault(story, article_id)
    return [a for a in seed_articles() if stories.get(a.id) is None or first[stories[a.id]] == a.id]


def damage() -> None:
    """Print which damaged copies are found beside their originals, and who else is."""
    articles = originals()
    print(f"\n{len(articles)} articles on one story, each with a damaged copy:")
    print(f"  {'damage':32} recall   wrong pairs   recall by copy_groups")
    for name in DAMAGE:
        everything = [*articles, *damaged(articles, name)]
        known = {frozenset((a.id, f"{a.id}*")) for a in articles}
        found = pairs_of(copy_clusters(everything))
        before = pairs_of(by_value(copy_groups({a.id: a.text for a in everything})))
        print(
            f"  {name:32} {len(found & known) / len(known):.3f}   {len(found - known):11}   "
            f"{len(before & known) / len(known):.3f}, {len(before - known)} wrong"
        )
    left, right = (damaged(articles, name) for name in ("50% of paragraphs", "30% of paragraphs"))
    right = [replace(a, id=f"{a.id}*") for a in right]
    known = {frozenset((a.id, f"{a.id}*")) for a in left}
    found = pairs_of(copy_clusters([*left, *right]))
    recall = len(found & known) / len(known)
    print(f"  {'50% beside 30%, no original':32} {recall:.3f}   {len(found - known):11}")


def candidates_by_index(sets: Sequence[Numbers]) -> set[tuple[int, int]]:
    """Return pairs with ten shared shingles or more, as `copy_clusters` finds candidates."""
    days = np.full(len(sets), UNDATED)
    found = sharing(sets, lambda left, _: np.full(len(left), 10.0), days=days, window=0)
    return set(found)


def candidates_by_minhash(
    sets: Sequence[Numbers], bands: int, rows: int, seed: int = SEED
) -> set[tuple[int, int]]:
    """Return pairs that agree in a band of their MinHash signatures.

    References
    ----------
    Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
    """
    rng = np.random.default_rng(seed)
    factors = rng.integers(2**63, size=bands * rows, dtype=np.uint64) | np.uint64(1)
    shifts = rng.integers(2**63, size=bands * rows, dtype=np.uint64)
    signatures = np.empty((len(sets), bands * rows), dtype=np.uint64)
    for i, numbers in enumerate(sets):
        for c, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
            signatures[i, c] = (numbers * factor + shift).min(initial=2**64 - 1)
    found = set()
    for band in range(bands):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        for i, row in enumerate(signatures[:, band * rows : (band + 1) * rows]):
            buckets[row.tobytes()].append(i)
        for bucket in buckets.values():
            found.update(combinations(bucket, 2))
    return found


def minhash() -> None:
    """Print what MinHash and the index find of the damaged copies, and at what cost."""
    articles = originals()
    copies = {name: damaged(articles, name) for name in DAMAGE}
    known = WordNumbers()
    own = [numbered(article.text, known)[1] for article in articles]
    of_copies = {
        name: [numbered(article.text, known)[1] for article in made]
        for name, made in copies.items()
    }
    sets = [*own, *(numbers for made in of_copies.values() for numbers in made)]
    print(f"\nCandidates among {len(sets)} texts: recall of each damage, pairs in all, seconds")
    print("  " + ", ".join(DAMAGE))
    ways: dict[str, Callable[[], set[tuple[int, int]]]] = {
        "index": lambda: candidates_by_index(sets),
        **{
            f"MinHash {b} x {r}": lambda b=b, r=r: candidates_by_minhash(sets, b, r)
            for b, r in ((32, 4), (64, 2), (128, 1))
        },
    }
    for name, way in ways.items():
        started = time.perf_counter()
        found = way()
        seconds = time.perf_counter() - started
        n = len(articles)
        recalls = [
            sum((i, n * (d + 1) + i) in found for i in range(n)) / n for d in range(len(DAMAGE))
        ]
        print(
            f"  {name:15} "
            + " ".join(f"{recall:.2f}" for recall in recalls)
            + f"   {len(found):7,} pairs  {seconds:6.2f} s"
        )


def made_up(n: int) -> Iterator[PrintedUnits]:
    """Yield articles of 400 words over a year by 50 outlets; a fifth are damaged copies.

    Words follow each other as in the seed articles, two at a time: far more stock phrases than
    people write. Each outlet ends its articles with the same forty words.
    """
    rng = random.Random(SEED)
    after: dict[str, list[str]] = defaultdict(list)
    words = [word for article in seed_articles() for word in article.text.split()]
    for word, following in pairwise(words):
        after[word].append(following)
    footers = [" ".join(rng.choices(words, k=40)) for _ in range(50)]
    first = date(2026, 1, 1)
    recent: list[tuple[str, int]] = []
    for i in range(n):
        day = i * 365 // n
        outlet = rng.randrange(50)
        if recent and rng.random() < 0.2:
            text = kept(0.6)(recent[rng.randrange(len(recent))][0], rng)
        else:
            chain = [rng.choice(words)]
            while len(chain) < 400:
                chain.append(rng.choice(after[chain[-1]] or words))
            text = "\n\n".join(" ".join(chain[k : k + 40]) for k in range(0, 400, 40))
            recent = [*recent[-20:], (text, day)]
        yield PrintedUnits(
            id=f"a{i}",
            text=f"{text}\n\n{footers[outlet]}",
            date=None if i % 50 == 0 else (first + timedelta(day)).isoformat(),
            source=f"Outlet {outlet}",
        )


def speed() -> None:
    """Print how time and memory grow with the number of articles."""
    print("\nMade-up articles, a fifth of them copies, each size in a process of its own:")
    figures = []
    for n in SIZES:
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import copies"
        done = subprocess.run(
            [sys.executable, "-c", f"{code}; copies.timed({n})"],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, mebibytes, n_groups, n_out = map(float, done.stdout.split())
        figures.append((seconds, mebibytes))
        print(
            f"  {n:7,} articles: {seconds:6.1f} s, {mebibytes:5.0f} MiB beside the texts, "
            f"{n_groups:,.0f} groups, {n_out:,.0f} articles left out"
        )
    (t1, m1), (t2, m2) = figures
    print(
        f"  {SIZES[1] / SIZES[0]:.0f} times the articles: {t2 / t1:.1f} times the time, "
        f"{m2 / m1:.1f} times the memory"
    )


def timed(n: int) -> None:
    """Print seconds, mebibytes, groups and articles left out for so many articles."""
    articles = list(made_up(n))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    groups = copy_clusters(articles)
    seconds = time.process_time() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, (after - before) / 1024, len(groups), len(copies_left_out(groups)))


def main() -> None:
    """Print the parts that are asked for, or all."""
    parts = {
        "truth": [truth, basil, endings],
        "damage": [damage],
        "minhash": [minhash],
        "speed": [speed],
    }
    for name in sys.argv[1:] or parts:
        for part in parts[name]:
            part()


if __name__ == "__main__":
    main()
