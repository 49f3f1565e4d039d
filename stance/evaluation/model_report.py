"""All that is measured of one model on articles that it never saw: one record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stance.classifiers.cards import ModelCard
from stance.classifiers.storage import Model, data_digest
from stance.codebook import Codebook
from stance.evaluation.ablations import Ablation, ablations, other_target
from stance.evaluation.abstention import Abstention, abstentions
from stance.evaluation.behaviour import FamilyScore
from stance.evaluation.ceiling import Ceiling, ceilings
from stance.evaluation.confusion import SentimentConfusion, sentiment_confusion
from stance.evaluation.judged import judged_tasks
from stance.evaluation.paired import ModelComparison, unseen
from stance.evaluation.protocol import Evaluation, floors, learned_from_here
from stance.evaluation.reliability import Bin, reliability
from stance.evaluation.scores import score
from stance.evaluation.slices import Slice, slices
from stance.records import Label, LabeledUnit
from stance.statistics.scores import brier_scores

ALPHA = 0.1  # the level of abstaining that is measured where none is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """How well one model reads one set of units, whole and in parts, and what it reads of them."""

    model: str  # name@hash
    codebook: str  # name@version#hash
    target: str
    labels: str  # hash of places and settled labels, see `data_digest`
    seed: int
    n_units: int
    n_articles: int
    n_known: int  # articles left out because the model learned from them
    n_met: int  # units of others left out: it learned from the same words
    first_date: str | None
    last_date: str | None
    evaluations: tuple[Evaluation, ...]  # the floors, then the model
    brier: Mapping[str, Mapping[str, float]]  # task -> label -> Brier score against the others
    reliability: Mapping[str, tuple[Bin, ...]]
    ceilings: tuple[Ceiling, ...]  # empty where annotators' own labels are not given
    sentiment: SentimentConfusion | None
    slices: tuple[Slice, ...]
    abstentions: tuple[Abstention, ...]
    ablations: tuple[Ablation, ...]
    behaviour: tuple[FamilyScore, ...]  # empty where it was not measured
    against: tuple[ModelComparison, ...]
    card: ModelCard


def model_report(
    examples: Sequence[LabeledUnit],
    model: Model,
    codebook: Codebook,
    *,
    seed: int,
    labels: Sequence[Label] = (),
    alpha: float = ALPHA,
    behaviour: Sequence[FamilyScore] = (),
    against: Sequence[ModelComparison] = (),
) -> ModelReport:
    """Return the report of a model on the articles here that it never learned from.

    Parameters
    ----------
    labels
        What each annotator said, for the agreement of annotators beside the model's.
    alpha
        The level of abstaining that is measured.
    behaviour, against
        Measured before, to stand in the report: see `measure_behaviour` and `compare_models`.

    Raises
    ------
    DataError
        If the model learned from every article, or no unit has a settled label of its tasks.
    """
    new = unseen(examples, model)
    known = learned_from_here(examples, model)
    units = [example.unit for example in new]
    probabilities = model.classifier.predict_proba(units)
    judged = judged_tasks(new, probabilities, codebook)
    # A majority learned from the very labels that it meets is the highest such floor.
    rows = {name: f.fit(new).predict_proba(units) for name, f in floors(new, codebook).items()}
    rows[model.reference] = probabilities
    dates = sorted(example.date for example in new if example.date is not None)
    return ModelReport(
        model=model.reference,
        codebook=codebook.reference,
        target=codebook.target,
        labels=data_digest(new),
        seed=seed,
        n_units=len(new),
        n_articles=len({example.sha256 for example in new}),
        n_known=len(known),
        n_met=sum(e.sha256 not in known for e in examples) - len(new),
        first_date=dates[0] if dates else None,
        last_date=dates[-1] if dates else None,
        evaluations=tuple(
            Evaluation(held_out="new", model=name, scores=score(new, found, codebook, seed=seed))
            for name, found in rows.items()
        ),
        brier={
            task: dict(zip(j.task.classes, brier_scores(j.rows, j.truth).tolist(), strict=True))
            for task, j in judged.items()
        },
        reliability=reliability(new, probabilities, codebook),
        ceilings=tuple(ceilings(new, labels, probabilities, codebook, seed=seed)),
        sentiment=sentiment_confusion(new, probabilities, codebook),
        abstentions=tuple(
            abstentions(new, probabilities, model.calibration, codebook, alpha=alpha)
        ),
        slices=tuple(slices(new, probabilities, codebook, seed=seed)),
        ablations=tuple(
            ablations(
                new,
                probabilities,
                codebook,
                model.classifier,
                swapped=other_target(codebook),
                seed=seed,
            )
        ),
        behaviour=tuple(behaviour),
        against=tuple(against),
        card=model.card,
    )
