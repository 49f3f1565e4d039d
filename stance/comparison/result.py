"""The one record that holds a comparison: what a report lays out and `--json` writes."""

from collections.abc import Mapping
from dataclasses import dataclass

from stance.statistics.agreement import Coefficient
from stance.statistics.intervals import Estimate
from stance.statistics.permutation import Distance

SCHEMA = 1  # raised when a reader of the JSON would have to change


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFacts:
    """What the numbers rest on."""

    n_articles: int  # that were read
    n_empty: int  # of them, those without a unit: they count for nothing else
    n_units: int
    first_date: str | None
    last_date: str | None
    n_undated: int  # articles
    repairs: Mapping[str, int]  # kind -> how many; front matter does not count
    n_repaired: int  # articles
    n_failed: int  # files or rows that could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletMix:
    """How one outlet's units divide over the labels of a task."""

    outlet: str
    n_articles: int
    n_units: int
    shares: Mapping[str, Estimate]  # label -> share of units, predicted, interval over articles
    settled: Mapping[str, float] | None  # the same from settled labels, where all units have one


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDistance:
    """How far apart the mixes of two outlets are."""

    left: str
    right: str
    distance: Distance
    p_holm: float  # adjusted for the number of pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class MixComparison:
    """Whether outlets have the same mix of one task's labels."""

    task: str
    classes: tuple[str, ...]
    outlets: tuple[OutletMix, ...]
    pairs: tuple[PairDistance, ...]
    same_mix_p: float | None  # of "all outlets have one mix"; None with one article an outlet


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCell:
    """What one outlet says on a shared claim."""

    outlet: str
    label: str  # of the mean probabilities of its units
    unit_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement that two outlets or more make, in words of their own."""

    title: str  # its most central unit
    cells: tuple[ClaimCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """On the claims that two outlets share, how often they have the same label."""

    left: str
    right: str
    n_claims: int
    same: float | None  # share of claims; None where they share none


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAgreement:
    """Whether outlets have the same label on the claims that they share."""

    claims: tuple[Claim, ...]
    similarity: float  # the cosine from which two units may make the same claim
    nominal: Coefficient | None  # None where no claim is shared
    ordinal: Coefficient | None
    percent: float | None  # chance that two outlets on a claim have the same label, claims equal
    n_neutral: int  # claims on which every outlet's label is one that takes no side
    n_copied: int  # units left out: the same words stand in two outlets
    pairs: tuple[PairAgreement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedUnit:
    """A unit as the comparison saw it: the sentence behind the numbers."""

    unit_id: str
    article_id: str
    outlet: str
    date: str | None
    kind: str
    start: int
    end: int
    text: str
    labels: Mapping[str, str]  # task -> label
    probabilities: Mapping[str, float]  # task -> probability of that label
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What outlets share and where they part, and everything that the numbers rest on."""

    schema: int
    answer: str  # one sentence
    target: str
    codebook: str
    models: tuple[str, ...]
    seed: int
    corpus: CorpusFacts
    mixes: tuple[MixComparison, ...]
    agreement: ClaimAgreement
    caveats: tuple[str, ...]
    units: tuple[QuotedUnit, ...]
