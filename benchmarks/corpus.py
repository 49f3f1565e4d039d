"""Print how varied and how well judged the seed corpus is, and whether more of it teaches more.

Counts, variety, overlaps, what the outlet gives away, the mix of labels, coder agreement,
behaviour pass rates, the learning curve. STANCE_SEEDS names the folder of the five source
documents (overlap with them, and the second test of the curve). STANCE_BASE names a sentence
encoder (all-MiniLM-L6-v2, a folder, or a hub name): the curve then has the transformer rung beside
the baseline, by a recipe of 300 steps at most; which takes half an hour to an hour on two cores.
"""

import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from stance.classifiers.base import Classifier, codebook_classes
from stance.classifiers.baseline import Baseline
from stance.classifiers.recipes import TransformerRecipe, read_recipe
from stance.cli.common import labeled_units
from stance.codebook import Codebook, read_codebook
from stance.corpus.copies import copy_groups, shingles
from stance.corpus.reading import read_articles
from stance.corpus.repair import repair_article
from stance.corpus.units import split_units
from stance.evaluation.behaviour import BehaviourUnit, read_behaviour
from stance.evaluation.scores import score
from stance.evaluation.splits import Part, read_clusters, read_split
from stance.labeling.agreement import coder_agreement
from stance.labeling.log import read_annotations, under_codebook
from stance.labeling.settle import unit_place
from stance.labeling.store import read_documents
from stance.records import Article, LabeledUnit
from stance.resources import data_folder
from stance.statistics.arrays import FloatArray

SEEDS, LABELS = data_folder("seeds"), data_folder("labels")
FOLDERS = {
    "h200-access": SEEDS / "articles",
    "huawei-5g": SEEDS / "huawei-5g",
    "congestion-charge": SEEDS / "congestion-charge",
}
STEPS = (10, 20, 40, 80)  # training articles, besides all of them
DRAWS = 5  # which articles: the baseline's curve is a mean over this many
# Of the transformer: short trainings on few units are unstable (Zhang et al. 2020), so ten rounds,
# but for more units no more than so many steps, three rounds at least.
EPOCHS, MOST_STEPS, LEAST_EPOCHS = 10.0, 300, 3.0
WORDS = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the words of a text, case aside."""
    return WORDS.findall(text.casefold().replace("’", "'").replace("'", ""))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(header) + " |")
    print("| " + " | ".join("---" for _ in header) + " |")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def counts(corpora: dict[str, list[Article]], clusters: dict[str, str]) -> None:
    """Print articles, units, outlets and kinds of unit by target."""
    print("## Counts\n")
    rows = []
    for name, articles in corpora.items():
        units = [unit for article in articles for unit in split_units(article)]
        kinds = Counter(unit.kind for unit in units)
        rows.append(
            [
                name,
                len(articles),
                len({article.source for article in articles}),
                len(units),
                *(kinds[kind] for kind in ("heading", "list_item", "pull_quote")),
                f"{min(a.date or '' for a in articles)} to {max(a.date or '' for a in articles)}",
            ]
        )
    table(
        [
            "target",
            "articles",
            "outlets",
            "units",
            "headings",
            "list items",
            "pull quotes",
            "dates",
        ],
        rows,
    )
    everything = [article for articles in corpora.values() for article in articles]
    stories = Counter(clusters.values())
    outlets = {article.source for article in everything}
    print(
        f"{len(everything)} articles by {len(outlets)} outlets; {len(stories)} wire stories stand "
        f"in {sum(stories.values())} articles, so {len(everything) - sum(stories.values())} stand "
        "alone.\n"
    )


def variety(everything: list[Article]) -> None:
    """Print how many 3-grams are distinct."""
    grams = [
        gram
        for article in everything
        for gram in zip(*(words(article.text)[i:] for i in range(3)), strict=False)
    ]
    vocabulary = {word for article in everything for word in words(article.text)}
    print("## Variety\n")
    print(
        f"{len(set(grams)):,} of {len(grams):,} 3-grams are distinct "
        f"({len(set(grams)) / len(grams):.1%}); {len(vocabulary):,} different words.\n"
    )


def longest_run(left: list[str], right: list[str]) -> list[str]:
    """Return the longest run of words that stands in both."""
    best, start = 0, 0
    before = np.zeros(len(right) + 1, dtype=int)
    codes = np.array([hash(word) for word in right])
    for i, word in enumerate(left):
        now = np.zeros_like(before)
        now[1:] = np.where(codes == hash(word), before[:-1] + 1, 0)
        if now.max() > best:
            best, start = int(now.max()), i
        before = now
    return left[start - best + 1 : start + 1]


def overlaps(everything: list[Article], clusters: dict[str, str], sources: list[Article]) -> None:
    """Print the longest runs of words that two articles share, wire stories aside."""
    print("## Overlap\n")
    tokens = {article.id: words(article.text) for article in [*everything, *sources]}
    holders: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for article in [*everything, *sources]:
        for gram in shingles(article.text, 4):
            holders[gram].add(article.id)
    pairs = Counter(pair for names in holders.values() for pair in combinations(sorted(names), 2))
    ours = {article.id for article in everything}
    for title, wanted in (
        ("two of our articles, wire stories aside", lambda a, b: a in ours and b in ours),
        ("one of ours and a source document", lambda a, b: (a in ours) != (b in ours)),
    ):
        if not sources and "source" in title:
            print("Source documents: not looked at, STANCE_SEEDS names no folder.\n")
            continue
        runs = []
        for a, b in pairs:
            if wanted(a, b) and not (a in clusters and clusters[a] == clusters.get(b)):
                runs.append((longest_run(tokens[a], tokens[b]), a, b))
        runs.sort(key=lambda run: -len(run[0]))
        print(f"Longest runs of words shared by {title}:\n")
        table(
            ["words", "articles", "run"],
            ([len(r), f"{a}, {b}", " ".join(r)] for r, a, b in runs[:4]),
        )
    found = copy_groups({article.id: article.text for article in everything})
    same = {
        frozenset(pair)
        for pair in combinations(sorted(ours), 2)
        if found[pair[0]] == found[pair[1]]
    }
    known = {
        frozenset(pair)
        for pair in combinations(sorted(clusters), 2)
        if clusters[pair[0]] == clusters[pair[1]]
    }
    sets = {article.id: shingles(article.text) for article in everything}
    nearest: dict[bool, dict[str, float]] = {True: {}, False: {}}
    for a, b in combinations(sorted(ours), 2):
        share = len(sets[a] & sets[b]) / min(len(sets[a]), len(sets[b]))
        of_story = nearest[frozenset((a, b)) in known]
        of_story[a], of_story[b] = (max(share, of_story.get(name, 0.0)) for name in (a, b))
    print(
        f"Copies found by shared shingles: {len(same & known)} of {len(known)} known pairs, "
        f"{len(same - known)} others. An article shares at least "
        f"{min(nearest[True].values()):.1%} of the shorter one's shingles with the nearest of its "
        f"story, and at most "
        f"{max(nearest[False].values()):.1%} with any other article.\n"
    )


def giveaways(examples: list[LabeledUnit], seed: int) -> None:
    """Print how well the text tells the outlet, and the outlet the stance."""
    print("## What the outlet gives away\n")
    texts = [example.unit.text for example in examples]
    outlets = np.array([example.source or "" for example in examples])
    articles = np.array([example.sha256 for example in examples])
    stances = np.array([example.labels["stance"] for example in examples])
    folds = list(GroupKFold(5, shuffle=True, random_state=seed).split(texts, groups=articles))
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        LogisticRegression(C=10, max_iter=500, class_weight="balanced"),
    )
    by_text = cross_val_predict(model, texts, outlets, cv=folds)
    most = Counter(outlets.tolist()).most_common(1)[0][1] / len(outlets)
    right = {
        article: Counter(by_text[articles == article].tolist()).most_common(1)[0][0]
        == outlets[articles == article][0]
        for article in set(articles.tolist())
    }
    print(
        f"The outlet is told from a unit's words in {np.mean(by_text == outlets):.1%} of units, "
        f"and by the vote of its units for {np.mean(list(right.values())):.1%} of articles "
        f"(largest outlet: {most:.1%} of units; {len(set(outlets.tolist()))} outlets)."
    )
    by_outlet = np.empty_like(stances)
    for learn, judge in folds:
        for i in judge:
            own = stances[learn][outlets[learn] == outlets[i]]
            by_outlet[i] = Counter(own.tolist() or stances[learn].tolist()).most_common(1)[0][0]
    majority = Counter(stances.tolist()).most_common(1)[0]
    print(
        f"The stance is guessed from the outlet alone in {np.mean(by_outlet == stances):.1%} of "
        f"units; always saying {majority[0]} is right in {majority[1] / len(stances):.1%}.\n"
    )


def mixes(examples: list[LabeledUnit], book: Codebook) -> None:
    """Print the mix of settled labels by outlet, and how far stance and sentiment part."""
    print(f"## Labels: {book.name}\n")
    stance, tone = book.task("stance"), book.task("sentiment")
    by_outlet: dict[str, list[LabeledUnit]] = defaultdict(list)
    for example in examples:
        by_outlet[example.source or ""].append(example)
    rows = []
    for outlet, units in [*sorted(by_outlet.items()), ("all", examples)]:
        apart = np.mean([apart_of(e, book) for e in units])
        cells = [
            f"{sum(e.labels[task.name] == name for e in units) / len(units):.0%}"
            for task in (stance, tone)
            for name in task.classes
        ]
        quoted = sum(e.labels["voice"] == "attributed" for e in units) / len(units)
        rows.append(
            [
                outlet,
                len({e.sha256 for e in units}),
                len(units),
                *cells,
                f"{quoted:.0%}",
                f"{apart:.0%}",
            ]
        )
    table(
        ["outlet", "articles", "units", *stance.classes, *tone.classes, "attributed", "apart"], rows
    )
    print(
        "apart: stance and sentiment have different signs, or one is neutral and the other not.\n"
    )


def apart_of(example: LabeledUnit, book: Codebook) -> bool:
    """Return whether a unit's stance and sentiment part."""
    signs = [
        next(label.score for label in book.task(task).labels if label.name == example.labels[task])
        for task in ("stance", "sentiment")
    ]
    return signs[0] != signs[1]


def agreement(books: Sequence[Codebook]) -> None:
    """Print coder agreement by task, and by outlet."""
    print("## Coder agreement (Krippendorff's alpha, nominal)\n")
    events = read_annotations(LABELS / "annotations.jsonl")
    documents = read_documents(LABELS / "documents.csv")
    for book in books:
        results = coder_agreement(
            under_codebook(events, book.reference),
            book,
            group_of=lambda unit_id: documents[unit_place(unit_id)[0]].source,
        )
        by_group: dict[str, dict[str, str]] = defaultdict(dict)
        sizes = {}
        for result in results:
            alpha = result.nominal
            told = "–" if alpha.value is None else f"{alpha.value:.2f}"
            if result.group == "all" and alpha.low is not None and alpha.high is not None:
                told += f" [{alpha.low:.2f}, {alpha.high:.2f}]"
            by_group[result.group][result.task] = told
            sizes[result.group] = result.n_units
        tasks = [task.name for task in book.tasks]
        print(f"{book.reference}\n")
        table(
            ["units of", "units", *tasks],
            (
                [group, sizes[group], *(told.get(t, "–") for t in tasks)]
                for group, told in by_group.items()
            ),
        )


def pass_rate(behaviour: list[BehaviourUnit], rows: FloatArray, classes: Sequence[str]) -> float:
    """Return the share of behaviour units whose stance is read as people read it."""
    told = [classes[column] for column in rows.argmax(axis=1)]
    return float(
        np.mean([label == u.labels["stance"] for label, u in zip(told, behaviour, strict=True)])
    )


def curve(
    train: list[LabeledUnit],
    tests: dict[str, list[LabeledUnit]],
    behaviour: list[BehaviourUnit],
    book: Codebook,
    seed: int,
) -> None:
    """Print macro-F1 of stance against the number of training articles."""
    print("## Learning curve: macro-F1 of stance (sentiment)\n")
    classes = codebook_classes(book)
    behaviour = [u for u in behaviour if "stance" in u.labels]
    articles = sorted({example.sha256 for example in train})
    sizes = [n for n in STEPS if n < len(articles)] + [len(articles)]
    rows = []
    names = ("baseline", "transformer") if "STANCE_BASE" in os.environ else ("baseline",)
    for name in names:
        for n in sizes:
            draws = DRAWS if name == "baseline" and n < len(articles) else 1
            found: dict[str, list[tuple[float, float]]] = defaultdict(list)
            passed = []
            n_units = []
            for draw in range(draws):
                order = np.random.default_rng(seed + draw).permutation(len(articles))[:n]
                chosen = {articles[i] for i in order}
                lessons = [example for example in train if example.sha256 in chosen]
                n_units.append(len(lessons))
                predict = learner(name, len(lessons), book, seed).fit(lessons).predict_proba
                for title, test in tests.items():
                    scores = score(test, predict([e.unit for e in test]), book, seed=seed)
                    found[title].append(
                        (scores["stance"].macro_f1.value, scores["sentiment"].macro_f1.value)
                    )
                passed.append(
                    pass_rate(
                        behaviour, predict([u.unit for u in behaviour])["stance"], classes["stance"]
                    )
                )
            cells = [f"{a:.2f} ({b:.2f})" for a, b in (np.mean(v, axis=0) for v in found.values())]
            rows.append([name, n, round(float(np.mean(n_units))), *cells, f"{np.mean(passed):.0%}"])
            print(f"{name} {n}: {cells} behaviour {np.mean(passed):.0%}", flush=True)
    print()
    table(["model", "training articles", "units", *tests, "behaviour"], rows)


def learner(name: str, n_units: int, book: Codebook, seed: int) -> Classifier:
    """Return what is to be fitted on so many units."""
    classes = codebook_classes(book)
    if name == "baseline":
        return Baseline(classes)
    from stance.classifiers.transformer import Transformer

    return Transformer(classes, book.target, cheap_recipe(n_units, seed))


def cheap_recipe(n_units: int, seed: int) -> TransformerRecipe:
    """Return the small recipe, in as many rounds as so many units need and time allows."""
    recipe = read_recipe("minilm", base=os.environ["STANCE_BASE"], seed=seed)
    rounds = MOST_STEPS / math.ceil(n_units / recipe.batch)
    return replace(recipe, epochs=max(LEAST_EPOCHS, min(EPOCHS, rounds)))


def main() -> None:
    """Print everything."""
    seed = 7
    clusters = read_clusters(SEEDS / "clusters.csv")
    corpora = {
        name: list(read_articles([folder], on_failure=print)) for name, folder in FOLDERS.items()
    }
    everything = [article for articles in corpora.values() for article in articles]
    books = [read_codebook(name) for name in FOLDERS]
    counts(corpora, clusters)
    variety(everything)
    where = os.environ.get("STANCE_SEEDS")
    sources = (
        [repair_article(a) for a in read_articles([Path(where)], on_failure=print)] if where else []
    )
    overlaps(everything, clusters, sources)
    labeled = {
        book.name: labeled_units([FOLDERS[book.name]], None, None, book)[0] for book in books
    }
    giveaways(labeled["h200-access"], seed)
    for book in books:
        mixes(labeled[book.name], book)
    agreement(books)
    book = books[0]
    split = read_split(LABELS / "splits.json")
    tests = {
        "held-out outlets": [
            e for e in split.of(Part.HELD_OUT, labeled[book.name]) if e.source in split.outlets
        ]
    }
    if where:
        tests["five source documents"] = labeled_units(
            [Path(where)], None, SEEDS / "sources.csv", book
        )[0]
    behaviour = read_behaviour(LABELS / "behaviour.jsonl", book)
    curve(split.of(Part.TRAIN, labeled[book.name]), tests, behaviour, book, seed)


if __name__ == "__main__":
    main()
