"""The one record that holds a comparison: what a report lays out and `--json` writes.

Four answers that are never merged: whether outlets have the same mix of labels (`mixes`), whether
they take the same side on the claims that they share (`agreement`), who leans further on the same
claim (`effects`), and which claims an outlet leaves out (`selection`). A part of the corpus is None
for everything, or a label of the task "voice": whose words they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stance.records import GIVEN
from stance.statistics.agreement import Coefficient
from stance.statistics.intervals import Estimate
from stance.statistics.permutation import Distance

SCHEMA = 2  # raised when a reader of the JSON would have to change


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
    n_abstained: int  # units that the model left open: they count by their likeliest label


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of the model that gave the labels."""

    name: str  # name@hash, or GIVEN; of several, all of them in words
    n_learned: int  # units with settled labels; 0 where that is not known, and of several models
    held_out: Mapping[str, float]  # task -> macro-F1 on what it had not seen
    confusion: Mapping[str, tuple[tuple[float, ...], ...]]  # task -> held-out units, settled label
    # by predicted one, in the codebook's order of labels; empty where the model has no such table
    n_beside: int = 0  # units beside that it, its base or its teachers learned from
    exported: bool = False  # whether `held_out` and `confusion` are of the model before its export
    held_out_by: str = "outlet"  # what it had not seen: "outlet" or, where none was, "article"
    unknown: tuple[str, ...] = ()  # of several models, those of which no card is known

    @property
    def given(self) -> bool:
        """Whether the labels came with the units and name no model: people may have set them."""
        return self.name == GIVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """What is printed more than once, and what was done about it."""

    counted: str  # "once": of copies only the first counts; "printed": each counts where it stands
    groups: tuple[tuple[str, ...], ...]  # article ids, the one that counts first
    n_left_out: int  # articles
    n_repeated: int  # units of the other articles that their outlet prints in more than five
    repeated: str | None  # the words of the most repeated
    n_without_text: int = 0  # articles whose units have none: whether they are copies is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """The labels from which shares are corrected, or why there are none."""

    folder: str | None  # where they came from; None where no sample was given
    n_labels: int  # usable labels of the first task, on units that count
    designs: Mapping[str, int]  # design -> how many of them
    refused: Mapping[str, int]  # reason, in words -> labels that were left aside for it, or drawn
    # units without a label
    remedy: str | None  # a command that would give, or complete, such labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A share estimated from a random sample of hand labels, with the model's labels to help."""

    value: float
    low: float  # 95% limits for this corpus: the sample is what is random
    high: float
    general_low: float | None  # 95% limits for the outlet at large: articles are a sample too
    general_high: float | None  # None with fewer than two labeled articles
    n_labels: int
    n_units: int

    @property
    def whole(self) -> bool:
        """Whether every unit has a hand label: then nothing is estimated."""
        return self.n_labels == self.n_units


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One label's share of an outlet's units."""

    counted: Estimate  # as the model labels them: not corrected, interval over articles
    corrected: Corrected | None  # None without usable labels in this outlet, or with too few
    band: tuple[float, float] | None  # where the true share may lie if the model errs here as it
    # did on held-out outlets; None where that is not known
    settled: float | None  # by settled labels, where every unit of the outlet has one


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletMix:
    """How one outlet's units divide over the labels of a task."""

    outlet: str
    n_articles: int
    n_units: int
    shares: Mapping[str, Share]  # label -> share
    other_counting: Mapping[str, float]  # label -> counted share with copies counted the other way


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDistance:
    """How far apart the mixes of two outlets are."""

    left: str
    right: str
    distance: Distance  # total variation of the counted mixes, with its permutation null
    jensen_shannon: float  # the distance, base 2: 0 the same mix, 1 nothing in common; counted
    p_holm: float  # of the distance, adjusted for the number of pairs
    corrected_p_holm: float | None  # of the corrected shares, adjusted for labels and for pairs
    differences: Mapping[str, "Difference"]  # label -> left minus right


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference of two shares: of corrected ones where both are, else of counted ones.

    Its limits take articles as a sample, of either kind.
    """

    value: float
    low: float | None
    high: float | None
    corrected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MixComparison:
    """Whether outlets have the same mix of one task's labels."""

    task: str
    voice: str | None
    classes: tuple[str, ...]
    outlets: tuple[OutletMix, ...]
    pairs: tuple[PairDistance, ...]  # empty in a part of the corpus
    same_mix_p: float | None  # of "all outlets have one mix"; None with one article an outlet
    corrected_p: float | None = None  # the same of corrected shares, where every outlet has them


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCell:
    """What one outlet says on a shared claim."""

    outlet: str
    label: str | None  # of the mean probabilities of its units; None where two are as likely
    probabilities: Mapping[str, float]  # that mean
    unit_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement that two outlets or more make, in words of their own."""

    id: str  # "c1", "c2", ...: most outlets first
    title: str  # its most central unit
    cells: tuple[ClaimCell, ...]
    printed: tuple[str, ...] = ()  # ids of units that say it in words that stand elsewhere too, or
    # in a copy that does not count: for `Selection` their outlets make it, for nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How well units are matched, by a person's judgement of pairs."""

    precision: Estimate  # share of matched pairs that make the same claim; n_units is pairs
    recall: Estimate | None  # share of the pairs that make the same claim that were matched
    n_judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """The shared claims, and how they were found."""

    claims: tuple[Claim, ...]
    vectors: str  # "meaning" or "words"
    similarity: float  # from which two units may make the same claim, 0 to 1
    n_units: int  # that could make a claim
    n_copied: int  # units left out: the same words stand in two outlets, or their article copies
    stability: float | None  # mean adjusted Rand index between these claims and those found in
    # ten draws of four fifths of the articles
    checked: Checked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """On the claims that two outlets share, how often they have the same label."""

    left: str
    right: str
    n_claims: int
    same: Estimate | None  # share of claims, n_units is claims; None where they share none
    alpha: float | None  # None where it is not defined


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """What the model's errors do to an agreement on predicted labels."""

    perfect: float  # the alpha that outlets in full agreement would show
    perfect_low: float  # 95% limits of it, for as many claims as there are
    perfect_high: float
    corrected: Estimate | None  # alpha with the errors taken out; None where that has no solution
    # or no limits that say something, and where many cells hold several units, which err less than
    # the table of single units says


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAgreement:
    """Whether outlets have the same label on the claims that they share."""

    task: str
    voice: str | None
    n_claims: int  # on which two outlets have a label
    nominal: Coefficient | None  # None where no claim is shared
    ordinal: Coefficient | None
    percent: Coefficient | None  # chance that two outlets on a claim have the same label
    gwet_ac1: Coefficient | None  # on a scale of its own
    fleiss: Coefficient | None  # only where every outlet that counts is on every claim
    n_neutral: int  # claims on which every outlet's label is one that takes no side
    disagreements: Mapping[str, int]  # "optimistic / skeptical" -> pairs of outlets on a claim
    pairs: tuple[PairAgreement, ...]  # of outlets that count; empty in a part of the corpus
    ceiling: Ceiling | None  # None where the model's confusion is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletEffect:
    """How far an outlet leans on a claim beyond the other outlets that make it.

    On the codebook's scores, such as -1 to 1; 0 is no lean of its own.
    """

    outlet: str
    voice: str | None
    n_claims: int
    n_articles: int
    value: float
    low: float | None  # None where `untested` says why
    high: float | None
    p_value: float | None
    p_holm: float | None
    untested: str | None  # why there are no limits, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the claims that two other outlets or more make an outlet leaves out.

    Made is also what it prints in words that stand elsewhere: `Claim.printed`.
    """

    outlet: str
    voice: str | None  # a claim is made, and left out, in this voice
    n_claims: int  # made by two other outlets or more
    n_made: int  # of them, by this one too
    expected: float  # what as many articles of like length, drawn from all outlets, would make
    p_value: float | None  # of so few or fewer, exchanging articles of like length between outlets;
    # None where none of its articles could be exchanged, or no claim is made by two others
    p_holm: float | None
    left_out: tuple[str, ...]  # claim ids, most outlets first


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The mix of an outlet's units in one week; of all outlets where the outlet is None."""

    outlet: str | None
    voice: str | None
    monday: str  # ISO date
    shares: Mapping[str, Estimate]  # label -> counted share


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeAfter:
    """An outlet's mix before a date and from that date on."""

    outlet: str | None  # None: all outlets
    voice: str | None
    before: Mapping[str, Estimate]
    after: Mapping[str, Estimate]
    differences: Mapping[str, Difference]  # label -> after minus before
    p_value: float | None  # of "the same mix before and after", moving whole articles
    p_holm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """How the mix of the first task's labels changes over time."""

    task: str
    weeks: tuple[Week, ...]
    event: str | None  # the date that was asked about
    around: tuple[BeforeAfter, ...]  # empty without one
    n_undated: int  # units left out


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedUnit:
    """A unit as the comparison saw it: the sentence behind the numbers."""

    unit_id: str
    article_id: str
    outlet: str
    date: str | None
    title: str | None  # of its article
    index: int
    kind: str
    start: int
    end: int
    text: str
    labels: Mapping[str, str]  # task -> label
    probabilities: Mapping[str, float]  # task -> probability of that label
    hand: Mapping[str, str]  # task -> label by hand that corrects the shares
    model: str
    counts: bool  # whether it counts in the shares: False in a copy that is left out
    claim: str | None  # id of the shared claim that it makes


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What outlets share and where they part, and everything that the numbers rest on."""

    schema: int
    answer: str  # one sentence
    target: str
    codebook: str
    models: tuple[str, ...]
    model: ModelFacts
    seed: int
    corpus: CorpusFacts
    copies: CopyFacts
    sample: SampleFacts
    mixes: tuple[MixComparison, ...]  # a task each; those of the first task by voice after them
    alignment: Alignment
    agreement: tuple[ClaimAgreement, ...]  # of everything first, then by voice
    effects: tuple[OutletEffect, ...]
    selection: tuple[Selection, ...]
    timeline: Timeline
    refusals: tuple[str, ...]  # what cannot be said, why, and what can be said instead
    caveats: tuple[str, ...]
    methods: Mapping[str, str]  # answer -> how it was computed in this run, with references
    units: tuple[QuotedUnit, ...]
    n_from_tables: int = 0  # articles that came as labeled units: no repair of them is recorded
