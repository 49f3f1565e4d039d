"""The records that every step reads and writes: frozen, keyword-only, plain values.

Offsets are code points, counted from 0, end excluded. `start` and `end` of a unit or a repair
always point into `Article.original`, so that labels outlive any change of repair.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8.

    That is `sha256sum` of the file, where it is UTF-8 without a byte order mark.
    """
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same_words(text: str) -> str:
    """Return a text without what a copy may change unnoticed: case and white space."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One change that made an article readable: where `before` stood, `after` stands now."""

    kind: str  # what was broken: "period", "dash", "apostrophe", "front matter", ...
    start: int  # code points into Article.original
    end: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article: as it came (`original`) and as people can read it (`text`).

    `text` is `original` with every repair applied, nothing else.
    """

    id: str
    text: str
    original: str
    sha256: str  # of `original`, see `text_sha256`
    source: str | None = None  # the outlet
    title: str | None = None
    date: str | None = None  # ISO 8601, day precision: 2026-02-14
    url: str | None = None
    language: str | None = None
    repairs: tuple[Repair, ...] = ()  # in order of place, never overlapping

    @property
    def mended(self) -> list[str]:
        """The kind of each repair of what was broken: front matter that was cut off was not."""
        return [repair.kind for repair in self.repairs if repair.kind != "front matter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What an annotator labels: one sentence, heading, list item or pull quote.

    Where nothing inside was repaired, `article.original[start:end] == text`.
    """

    id: str  # article_id:start-end
    article_id: str
    index: int  # place in the article, from 0
    kind: str  # one of UNIT_KINDS
    text: str
    start: int  # code points into Article.original
    end: int
    heading: str | None = None  # the heading that it stands under
    lead_in: str | None = None  # the line ending in a colon that opens its list
    before: tuple[str, ...] = ()  # up to two preceding units, in reading order
    target: str | None = None  # what its stance is toward, where that is not the codebook's target


UNIT_KINDS = ("sentence", "heading", "list_item", "pull_quote", "attribution")


def unit_id(article_id: str, start: int, end: int) -> str:
    """Return the id under which annotations name a unit."""
    return f"{article_id}:{start}-{end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One annotator's judgement of one unit on one task: one event of the annotation log.

    A later event of the same annotator on the same unit and task takes the place of the earlier.
    """

    unit_id: str
    annotator: str
    task: str
    label: str | None  # None: no label (any more), withdrawn or skipped
    codebook: str  # name@version#hash
    at: str  # ISO 8601, UTC
    design: str  # how the unit came to be chosen: "census", "random/3f9c2ab1" (the draw), ...
    note: str = ""
    guess: str | None = None  # the label that a program proposed first, where one was shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The settled labels of one unit, stand-off: document hash and offsets say where it stands."""

    unit_id: str
    article_id: str
    sha256: str  # of the document's original text
    start: int  # code points into the document's original text
    end: int
    labels: Mapping[str, str]  # task -> settled label
    annotators: Mapping[str, Mapping[str, str]]  # independent annotator -> task -> label
    codebook: str  # name@version#hash
    decided_by: Mapping[str, str] = field(default_factory=dict)  # task -> who settled a difference


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledUnit:
    """A unit found in its article, with its settled labels: what classifiers learn from."""

    unit: Unit
    source: str | None
    date: str | None
    sha256: str
    labels: Mapping[str, str]  # task -> settled label
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    # task -> label -> share of the annotators who gave it: the soft label, summing to 1
    repaired: bool = False  # whether its text is not what its article had there


GIVEN = "labels"  # what stands for a model where labels came with the units and name none


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model says of one unit on one task."""

    unit_id: str
    task: str
    label: str
    probabilities: Mapping[str, float]  # label -> probability, in the codebook's order; sums to 1
    model: str  # name@hash or GIVEN; "+held-out" where the unit's article was held out of training
    abstained: bool = False  # several labels, or none, stay open at the level asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedUnit:
    """A unit with its predictions and what is known of its article: a row of `classify` output."""

    unit: Unit
    source: str | None
    date: str | None
    sha256: str  # of the document's original text
    predictions: Mapping[str, Prediction]  # task -> prediction
    codebook: str  # name@version#hash
