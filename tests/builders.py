"""Small invented corpora for tests: articles of two outlets whose labels hang on words."""

import random

from stance.classifiers.base import codebook_classes
from stance.classifiers.baseline import Baseline
from stance.corpus.units import split_units
from stance.engine.train import train_model
from stance.records import Annotation, Article, ClassifiedUnit, LabeledUnit, Prediction, text_sha256

HOPE = [
    "The ferry sails again and traders cheer.",
    "The new pier opens early, a gain for traders.",
]
DOUBT = ["The ferry is stuck and fares may rise.", "Captains doubt that the pier will ever open."]
PLAIN = ["The ferry carries ninety cars.", "The council meets on Monday.", "The pier is of oak."]


def article(text, *, name="a1", source=None, date=None):
    return Article(
        id=name, text=text, original=text, sha256=text_sha256(text), source=source, date=date
    )


def labeled_corpus(n_articles=12, n_units=12, seed=1):
    """Return labeled units of `n_articles` by four outlets; stance hangs on the words."""
    rng = random.Random(seed)
    examples = []
    for i in range(n_articles):
        sentences, labels = [], []
        for j in range(n_units):
            stance, pool = rng.choice(
                [("optimistic", HOPE), ("skeptical", DOUBT), ("neutral", PLAIN)]
            )
            words = rng.choice(pool).split()
            # A number amid the words: no two articles are copies of each other, nor two corpora.
            sentences.append(
                " ".join([*words[:4], f"{1000 * (seed - 1) + i * 31 + j}", *words[4:]])
            )
            labels.append(stance)
        made = article(" ".join(sentences), name=f"a{i}", source=f"Outlet {i % 4}")
        tone = {"optimistic": "positive", "skeptical": "negative", "neutral": "neutral"}
        for unit, stance in zip(split_units(made), labels, strict=True):
            voice = "attributed" if "doubt" in unit.text else "author"
            examples.append(
                LabeledUnit(
                    unit=unit,
                    source=made.source,
                    date=None,
                    sha256=made.sha256,
                    labels={"stance": stance, "sentiment": tone[stance], "voice": voice},
                )
            )
    return examples


def train_baseline(examples, codebook, folder, recipe=None):
    """Return a baseline trained and saved in a folder."""
    classifier = Baseline(codebook_classes(codebook), recipe)
    seed = classifier.recipe.seed
    return train_model(classifier, examples, codebook, folder, kind="baseline", seed=seed)


def classified(text, label, *, outlet, name, codebook, certainty=0.8):
    """Return the units of a one-line article, all with the same stance."""
    made = article(text, name=name, source=outlet, date="2026-02-14")
    classes = codebook.task("stance").classes
    rest = (1 - certainty) / (len(classes) - 1)
    return [
        ClassifiedUnit(
            unit=unit,
            source=outlet,
            date=made.date,
            sha256=made.sha256,
            predictions={
                "stance": Prediction(
                    unit_id=unit.id,
                    task="stance",
                    label=label,
                    probabilities={c: certainty if c == label else rest for c in classes},
                    model="test@0",
                )
            },
            codebook=codebook.reference,
        )
        for unit in split_units(made)
    ]


def judged(annotator, label, *, task="stance", unit="port/a1:0-10", design="census", book="b@1#1"):
    return Annotation(
        unit_id=unit,
        annotator=annotator,
        task=task,
        label=label,
        codebook=book,
        at="2026-02-14T10:00:00+00:00",
        design=design,
    )
