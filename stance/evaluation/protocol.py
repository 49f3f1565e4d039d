"""One protocol for every model: new articles as they are, known ones held out, floors beside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stance.classifiers.base import Classifier, cross_fit, in_order
from stance.classifiers.held_out import rows_of, words_key
from stance.classifiers.learned import Learned
from stance.classifiers.lexicon import Lexicon, Majority, Vader
from stance.classifiers.storage import Model, data_digest
from stance.codebook import Codebook
from stance.errors import DataError
from stance.evaluation.later import first_later_date, later_dates
from stance.evaluation.scores import TaskScore, score
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray

N_FOLDS = 10  # over articles: each model sees nine tenths, close to the final one
LATER_SHARE = 0.25  # of dated articles, the latest ones
QUICK = {"baseline", "embedding"}  # kinds whose recipe is refitted in seconds
NOTHING_LABELED = (
    "no unit of these articles has a settled label under this codebook: nothing to score"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The scores of one model, or of a floor, under one way of holding out."""

    held_out: str  # "article", "outlet", "later": articles later than those learned from; or
    # "new": articles that the model never learned from, judged as it stands
    model: str
    scores: Mapping[str, TaskScore]  # task -> score
    since: str | None = None  # of "later": the first date that was judged


def evaluate(
    examples: Sequence[LabeledUnit],
    model: Model,
    codebook: Codebook,
    *,
    seed: int,
    on_notice: Callable[[str], None] = lambda words: None,
) -> list[Evaluation]:
    """Return the model's scores beside those of its floors, on units with settled labels.

    Articles that the model learned from, or half the units of, are held out: by refitting its
    recipe, by article, by outlet and by later date, where that takes seconds and all that it
    learned from is here; else by the probabilities that its folder keeps of them, by models that
    had not seen their article or outlet. What a base or a teacher of it learned from cannot be held
    out: it is left out. All others are judged by the model as it stands.

    Parameters
    ----------
    on_notice
        Told how many articles are left out.

    Raises
    ------
    DataError
        If no unit has a settled label of a task that the model can do, or no article can be held
        out from it.
    """
    if not examples:
        raise DataError(NOTHING_LABELED)
    if not any(example.labels.keys() & model.classifier.classes_.keys() for example in examples):
        raise DataError("no unit here has a settled label of a task that the model can do")
    examples = in_order(examples)
    learned_from = learned_from_here(examples, model)
    known = [example for example in examples if example.sha256 in learned_from]
    new = new_units(examples, model)
    n_met = len(examples) - len(known) - len(new)
    if n_met:
        on_notice(f"{n_met} units of other articles are left out: it learned from the same words")
    if model.card.kind != "baseline":  # it alone learns all anew: an encoder stays what it became
        own = own_articles(known, model)
        n_left_out = len({example.sha256 for example in known} - own)
        why = (
            f"{model.reference}, its base or a teacher learned from them, and it keeps no held-out "
            "probabilities of them"
        )
        if not own and not new:
            raise DataError(f"no article here can be held out: {why}. Give others")
        if n_left_out:
            on_notice(f"{n_left_out} articles are left out: {why}")
        known = [e for e in known if e.sha256 in own and words_key(e.unit.text) in model.held_out]
    results = []
    if new:
        units = [example.unit for example in new]
        # A majority learned from the very labels that it meets is the highest such floor.
        rows = {name: f.fit(new).predict_proba(units) for name, f in floors(new, codebook).items()}
        rows[model.reference] = model.classifier.predict_proba(units)
        results += _evaluations("new", new, rows, model, codebook, seed)
    # A recipe refitted on fewer labels than the model's, on more or on others makes another model.
    if model.card.kind not in QUICK or not is_all(known, model):
        kept = [e for e in known if words_key(e.unit.text) in model.held_out]
        if len(kept) < len(known):
            on_notice(
                f"{len(known) - len(kept)} units of articles that {model.reference} learned from "
                "are left out: it did not learn from them, and knows their articles"
            )
        if kept:
            results += _as_kept(kept, model, codebook, seed)
        return _some(results, model)
    rivals = {**floors(known, codebook), model.reference: model.classifier}
    articles = [example.sha256 for example in known]
    outlets = [example.source or "" for example in known]
    for held_out, groups, n_folds in (("article", articles, N_FOLDS), ("outlet", outlets, None)):
        if len(set(groups)) > 1 and "" not in groups:
            rows = {
                name: cross_fit(rival, known, groups, n_folds=n_folds, seed=seed)
                for name, rival in rivals.items()
            }
            results += _evaluations(held_out, known, rows, model, codebook, seed)
    since = first_later_date(known, share=LATER_SHARE)
    if since is not None:
        try:
            later = {n: later_dates(rival, known, share=LATER_SHARE) for n, rival in rivals.items()}
        except DataError:  # too few earlier articles to learn anything from
            return _some(results, model)
        judged, _ = later[model.reference]
        rows = {name: found for name, (_, found) in later.items()}
        found = _evaluations("later", judged, rows, model, codebook, seed)
        results += [replace(evaluation, since=since) for evaluation in found]
    return _some(results, model)


def floors(examples: Sequence[LabeledUnit], codebook: Codebook) -> dict[str, Classifier]:
    """Return the floors, by name, that can do a task of which a unit here has a label."""
    labeled = {task for example in examples for task in example.labels}
    found: dict[str, Classifier] = {
        "majority": Majority(codebook),
        "VADER": Vader(codebook),
        "cues": Lexicon(codebook, cues_only=True),
    }
    return {name: floor for name, floor in found.items() if labeled & floor.classes_.keys()}


def _some(results: list[Evaluation], model: Model) -> list[Evaluation]:
    if not results:
        raise DataError(
            f"{model.reference} learned from these articles, and keeps no held-out probabilities "
            "of their units: give others"
        )
    return results


def _as_kept(
    known: Sequence[LabeledUnit], model: Model, codebook: Codebook, seed: int
) -> list[Evaluation]:
    """Return the scores of the held-out probabilities that a model's folder keeps, and floors."""
    by = next(iter(model.card.held_out))
    groups = [example.sha256 if by == "article" else example.source or "" for example in known]
    found: dict[str, dict[str, FloatArray]] = {}
    if len(set(groups)) > 1:
        for name, floor in floors(known, codebook).items():
            found[name] = cross_fit(floor, known, groups, n_folds=N_FOLDS, seed=seed)
    found[model.reference] = kept_rows(known, model)
    return _evaluations(by, known, found, model, codebook, seed)


def kept_rows(examples: Sequence[LabeledUnit], model: Model) -> dict[str, FloatArray]:
    """Return task -> the held-out probabilities that a model's folder keeps of units it learned."""
    articles, texts = [e.sha256 for e in examples], [e.unit.text for e in examples]
    rows = [row for row in rows_of(model.held_out, articles, texts) if row]
    return {task: np.stack([row[task] for row in rows]) for task in model.classifier.classes_}


def learned_from_here(examples: Sequence[LabeledUnit], model: Model) -> set[str]:
    """Return the hashes of those articles that the model learned from, or half the units of.

    Learned beside counts as learned: units that a teacher judged, or that stand in no article.
    """
    return _learned(model).known(examples)


def _learned(model: Model) -> Learned:
    words = frozenset({*own_words(model), *model.card.beside})
    return Learned(articles=frozenset(model.card.trained_on), words=words)


def new_units(examples: Sequence[LabeledUnit], *models: Model) -> list[LabeledUnit]:
    """Return the units that no model learned from, nor from others of their article."""
    met = zip(*(_learned(model).met(examples) for model in models), strict=True)
    return [example for example, found in zip(examples, met, strict=True) if not any(found)]


def own_articles(examples: Sequence[LabeledUnit], model: Model) -> set[str]:
    """Return the hashes of articles that a model learned from itself, not its base or a teacher."""
    own = Learned(words=own_words(model)).known(examples)
    if len(model.card.trained_on) == model.card.n_articles:  # nothing is inherited
        own |= {e.sha256 for e in examples} & set(model.card.trained_on)
    return own


def is_all(known: Sequence[LabeledUnit], model: Model) -> bool:
    """Whether these are the units that a model learned from: all, no copies, the same labels."""
    return data_digest(known) == model.card.data_sha256


def own_words(model: Model) -> frozenset[str]:
    """Return what `Learned.words` holds of the units that a model learned from in articles."""
    return frozenset(key[:16] for key in model.held_out)


def _evaluations(
    held_out: str,
    examples: Sequence[LabeledUnit],
    rows: Mapping[str, Mapping[str, FloatArray]],
    model: Model,
    codebook: Codebook,
    seed: int,
) -> list[Evaluation]:
    """Return the scores of each name whose tasks meet a settled label; none if the model's don't.

    A floor is only told beside the model. `rows` is name -> task -> probabilities.
    """
    labeled = {task for example in examples for task in example.labels}
    met = {name: found for name, found in rows.items() if labeled & found.keys()}
    if model.reference not in met:
        return []
    scores = {name: score(examples, found, codebook, seed=seed) for name, found in met.items()}
    return [Evaluation(held_out=held_out, model=name, scores=s) for name, s in scores.items()]
