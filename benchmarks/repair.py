"""How well broken text is repaired: damage clean text, repair it, compare with what stood there.

STANCE_BENCHMARKS names the folder of the public benchmarks (segmentation/gum_docs_en.jsonl); the
seed articles beside the package are the set "seeds", where there are any. Straight quotes and
apostrophes are made curly first, as a newspaper sets them, so that there is something to lose.

    STANCE_BENCHMARKS=... python benchmarks/repair.py [train] [dev] [test] [seeds]
"""

import html
import json
import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from stance.corpus.repair import repair_article
from stance.records import Article, text_sha256

KIND = {"’": "apostrophe", "‘": "quote", "“": "quote", "”": "quote", "–": "dash", "—": "dash"}
KIND |= {".": "period", "?": "question kept", "•": "bullet"}
TYPOGRAPHIC = re.compile("[’‘“”–—•]")


def typeset(text: str) -> str:
    """Return the text with curly quotes for straight ones."""
    text = re.sub(r"(?<=\w)'(?=\w)|(?<=s)'(?=\s)|'(?=\d0s\b)", "’", text)
    text = re.sub(r"(?<![^\s(\[{—–-])\"(?=\S)", "“", text).replace('"', "”")
    return re.sub(r"(?<![^\s(\[{—–“-])'(?=\S)", "‘", text).replace("'", "’")


def mojibake(text: str) -> str:
    """Return the text as cp1252 reads its UTF-8, undefined bytes as C1 controls."""
    return "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode("utf-8")
    )


def references(text: str) -> str:
    """Return the text in ASCII, as HTML escapes it."""
    return html.escape(text).encode("ascii", "xmlcharrefreplace").decode("ascii")


# Each of these keeps every character in its place, but for the last two.
DAMAGE: Mapping[str, Callable[[str], str]] = {
    "'?' for periods": lambda text: text.replace(".", "?"),
    "U+FFFD for typographic": lambda text: TYPOGRAPHIC.sub("\ufffd", text),
    "'?' for typographic": lambda text: TYPOGRAPHIC.sub("?", text),
    "'?' for periods, U+FFFD for dashes": lambda text: re.sub(
        "[–—]", "\ufffd", text.replace(".", "?")
    ),
    "mojibake": mojibake,
    "HTML entities": references,
}


def repaired(text: str) -> Article:
    """Return the text as an article, repaired."""
    return repair_article(Article(id="a", text=text, original=text, sha256=text_sha256(text)))


def score(clean: list[str], damage: Callable[[str], str]) -> None:
    """Print precision and recall of each kind of repair over the texts."""
    right: Counter[str] = Counter()
    made: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    exact = n_repaired = n_characters = 0
    seconds = 0.0
    for text in clean:
        broken = damage(text)
        started = time.perf_counter()
        article = repaired(broken)
        seconds += time.perf_counter() - started
        n_characters += len(broken)
        exact += article.text == text
        n_repaired += bool(article.repairs)
        if len(broken) != len(text):
            continue
        after = list(broken)
        for repair in article.repairs:
            made[repair.kind] += 1
            after[repair.start] = repair.after
            right[repair.kind] += text[repair.start] == repair.after
        found: dict[str, int] = defaultdict(int)
        for was, is_now, between in zip(text, after, broken, strict=True):
            if was != between or was == "?":
                lost[KIND[was]] += 1
                found[KIND[was]] += was == is_now
        for kind, n in found.items():
            right[f"{kind} found"] += n
    for kind in sorted(lost):
        kept = kind == "question kept"
        precision = "" if kept or not made[kind] else f"{right[kind] / made[kind]:.3f}"
        recall = f"{right[f'{kind} found'] / lost[kind]:.3f}"
        print(f"  {kind:14} n={lost[kind]:6}  precision {precision:5}  recall {recall}")
    print(
        f"  repaired: {n_repaired} of {len(clean)} documents, exactly: {exact};"
        f" {n_characters / seconds / 1e6:.2f} million characters/s"
    )


def speed() -> None:
    """Print how the time grows with input that was made to hurt: 4 is linear."""
    for name, piece in {
        "?": "?",
        "U+FFFD": "\ufffd",
        "a?": "a?",
        "a? ": "a? ",
        "U?S? ": "U?S? ",
        "the x? ": "the firm will ship, and is it? ",
        "“": " “\ufffda",
        "â€": "â€™Ã",
        "a": "a",
        "wh, ": "what, if it is, ",
        "ï¿½": "ï¿½ ",
        "&amp;": "&amp;",
        "&notit": "&notit",
    }.items():
        seconds = []
        for n in (250_000, 1_000_000):
            text = (piece * n)[:n]
            started = time.perf_counter()
            repaired(text)
            seconds.append(time.perf_counter() - started)
        print(f"  1 MB of {name!r:8} {seconds[1]:6.2f} s, {seconds[1] / seconds[0]:.1f} x 250 kB")


def main() -> None:
    """Print the tables for the sets that are named; without, for all but test."""
    if "STANCE_BENCHMARKS" not in os.environ:
        raise SystemExit("STANCE_BENCHMARKS is not set: it names the public benchmarks' folder.")
    sets = sys.argv[1:] or ["train", "dev", "seeds"]
    path = Path(os.environ["STANCE_BENCHMARKS"]) / "segmentation" / "gum_docs_en.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    plain = [row["text"] for row in rows if row["split"] in sets]
    if "seeds" in sets:
        articles = sorted((Path(__file__).parents[1] / "seeds" / "articles").glob("*.txt"))
        plain += [article.read_text(encoding="utf-8") for article in articles]
    if not plain:
        raise SystemExit(f"No document in {', '.join(sets)}: name train, dev, test or seeds.")
    clean = [typeset(text) for text in plain]
    print(f"{' + '.join(sets)}: {len(clean)} documents")
    for name, damage in DAMAGE.items():
        print(name)
        score(clean, damage)
    for n in (600, 1200):  # less text proves less
        print(f"'?' for periods, of each text's first {n} characters")
        score([text[:n] for text in clean], DAMAGE["'?' for periods"])
    false = [len(repaired(text).repairs) for text in (*plain, *clean)]
    print(f"clean: {sum(false)} false repairs in {sum(map(bool, false))} of {len(false)} texts")
    started = time.perf_counter()
    for text in clean:
        repaired(text)
    seconds = time.perf_counter() - started
    print(f"  {sum(map(len, clean)) / seconds / 1e6:.2f} million characters/s")
    print("hostile input")
    speed()


if __name__ == "__main__":
    main()
