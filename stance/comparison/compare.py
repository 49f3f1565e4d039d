"""Classified units of several outlets to one `Comparison`: the one place where answers meet."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stance.classifiers.cards import ModelCard
from stance.codebook import Codebook, Task
from stance.comparison.answer import answer_of
from stance.comparison.caveats import caveats_of, refusals_of
from stance.comparison.checks import read_checks
from stance.comparison.claims import align
from stance.comparison.effects import outlet_effects
from stance.comparison.methods import methods
from stance.comparison.mixes import compare_mixes
from stance.comparison.observations import VOICE, Observations, observe
from stance.comparison.result import (
    SCHEMA,
    Alignment,
    Comparison,
    CopyFacts,
    CorpusFacts,
    ModelFacts,
    QuotedUnit,
)
from stance.comparison.sample import Sample, sampled, without_sample
from stance.comparison.selection import selections
from stance.comparison.shares import corrected_shares, judged_whole
from stance.comparison.sources import claim_agreement
from stance.comparison.timeline import timeline
from stance.comparison.wording import in_several_ways
from stance.corpus.copies import (
    articles_of_units,
    copies_left_out,
    copy_clusters,
    repeated_units,
)
from stance.errors import DataError
from stance.records import ClassifiedUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a user may choose of a comparison."""

    copies: str = "once"  # of copies only the first counts; "printed": each where it stands
    event: str | None = None  # an ISO date: the mixes before it and from it on
    vectors: str = "auto"  # match claims by "meaning" or "words"; "auto": by meaning if possible
    similarity: float | None = None  # from which units match; None: as measured
    sample: Path | None = None  # a label folder with a random sample
    checks: Path | None = None  # judged pairs of units: how well units were matched
    paths: tuple[str, ...] = ("PATH",)  # as the user named them, for a command that draws a sample
    seed: int = 7


def compare(
    units: Sequence[ClassifiedUnit],
    codebook: Codebook,
    settings: Settings | None = None,
    *,
    corpus: CorpusFacts,
    model: ModelFacts,
    titles: Mapping[str, str | None],
    settled: Mapping[str, Mapping[str, str]],
    trained_on: Collection[str] = (),
    on_step: Callable[[str], None] = lambda step: None,
) -> Comparison:
    """Return what the outlets share and where they part.

    Parameters
    ----------
    titles
        Article id -> its title, of every article that was read as one; of the others the units
        came from a table.
    settled
        Settled labels by unit id, shown beside the predicted ones where they cover an outlet.
    trained_on
        Hashes of the articles that the model learned from: their labels correct nothing, unless
        the unit was labeled by a model that had not seen it.
    on_step
        Is told what is computed next.

    Raises
    ------
    DataError
        If there are no units, or an article's outlet is unknown.
    """
    chosen = settings or Settings()
    _check(units)
    on_step("copies")
    seen, copies, later = observed(units, codebook, chosen.copies)
    tasks = [codebook.task(name) for name in seen.codes]  # those that all units have
    first = tasks[0]
    models = tuple(sorted({unit.predictions[first.name].model for unit in units}))
    several = in_several_ways(models)
    sample = (
        sampled(
            chosen.sample,
            seen,
            codebook,
            copies=later,
            trained_on=trained_on,
            paths=chosen.paths,
        )
        if chosen.sample
        else without_sample(chosen.paths)
    )
    on_step("shares and distances")
    mixes = [
        compare_mixes(
            seen,
            task,
            corrected=corrected_shares(seen, task, sample),
            judged=judged_whole(seen, task, sample),
            confusion=model.confusion.get(task.name),
            settled=settled,
            copies=later,
            seed=chosen.seed,
        )
        for task in tasks
    ]
    on_step("shared claims")
    # A copy agrees with itself, whatever counts in the shares.
    alone = seen if chosen.copies == "once" else observe(units, codebook, left_out=later)
    alignment = align(
        alone,
        first,
        vectors=chosen.vectors,
        similarity=chosen.similarity,
        seed=chosen.seed,
        on_step=on_step,
    )
    if chosen.checks:
        alignment = replace(alignment, checked=read_checks(chosen.checks, alignment))
    fell_back = chosen.vectors == "auto" and alignment.vectors == "words"
    claims = alignment.claims
    parts = _parts(seen, codebook)
    confusion = model.confusion.get(first.name)
    on_step("agreement on claims")
    agreement = [
        claim_agreement(claims, alone, first, voice=voice, confusion=confusion, seed=chosen.seed)
        for voice in parts
    ]
    effects = [
        effect for voice in parts for effect in outlet_effects(claims, alone, first, voice=voice)
    ]
    on_step("what outlets leave out, and when they wrote")
    selection = [
        found
        for voice in parts
        for found in selections(claims, alone, voice=voice, seed=chosen.seed)
    ]
    over_time = timeline(parts, first, event=chosen.event, seed=chosen.seed)
    mixes += [
        compare_mixes(
            part,
            first,
            voice=voice,
            corrected=corrected_shares(part, first, sample),
            judged=judged_whole(part, first, sample),
            confusion=confusion,
            settled={},
            copies=later,
            seed=chosen.seed,
            pairs=False,
        )
        for voice, part in parts.items()
        if voice is not None
    ]
    n_held_out = len({seen.unit(row).sha256 for row in np.flatnonzero(seen.held_out).tolist()})
    result = Comparison(
        schema=SCHEMA,
        answer=answer_of(mixes[0], model, codebook, several=several),
        target=codebook.target,
        codebook=codebook.reference,
        models=models,
        model=model,
        seed=chosen.seed,
        corpus=corpus,
        copies=copies,
        sample=sample.facts,
        mixes=tuple(mixes),
        alignment=alignment,
        agreement=tuple(agreement),
        effects=tuple(effects),
        selection=tuple(selection),
        timeline=over_time,
        refusals=tuple(
            refusals_of(
                mixes[0],
                alignment,
                agreement[0],
                effects,
                model,
                sample.facts,
                over_time,
                codebook,
                outlets=seen.outlets,
                several=several,
            )
        ),
        caveats=tuple(
            caveats_of(
                mixes[0],
                alignment,
                agreement[0],
                corpus,
                model,
                copies,
                sample.facts,
                over_time,
                n_held_out,
                article_of={unit.unit.id: unit.unit.article_id for unit in units},
                fell_back=fell_back,
                outlets=seen.outlets,
                models=models,
                dropped=[
                    t.name for t in codebook.tasks if t not in tasks and _is_labeled(t, units)
                ],
            )
        ),
        methods={},
        units=_quoted(seen, alignment, titles, sample, codebook),
        n_from_tables=len(set(seen.articles) - titles.keys()),
    )
    return replace(result, methods=methods(result))


def observed(
    units: Sequence[ClassifiedUnit], codebook: Codebook, copies: str
) -> tuple[Observations, CopyFacts, frozenset[str]]:
    """Return units as columns, what is known of copies, and the articles that copy an earlier one.

    Parameters
    ----------
    copies
        "once": of copies only the first counts; "printed": each counts where it stands.

    Raises
    ------
    DataError
        If there are no units, or an article's outlet is unknown.
    """
    _check(units)
    articles = articles_of_units(units)
    groups = copy_clusters(articles)
    later = copies_left_out(groups)
    left_out = later if copies == "once" else frozenset()
    repeated = repeated_units(units, later)
    facts = CopyFacts(
        counted=copies,
        groups=tuple(groups),
        n_left_out=len(left_out),
        n_repeated=len(repeated),
        repeated=repeated[0].unit.text if repeated else None,
        n_without_text=sum(not article.text.strip() for article in articles),
    )
    return observe(units, codebook, left_out=left_out), facts, later


def corpus_facts(
    units: Sequence[ClassifiedUnit], repairs: Mapping[str, Sequence[str]], n_failed: int
) -> CorpusFacts:
    """Return what the numbers rest on.

    Parameters
    ----------
    repairs
        Article id -> `Article.mended`; every article that was read.
    n_failed
        How many files or rows could not be read.
    """
    dates = {unit.unit.article_id: unit.date for unit in units}
    known = sorted(date for date in dates.values() if date)
    return CorpusFacts(
        n_articles=len(repairs),
        n_empty=len(repairs) - len(dates),
        n_units=len(units),
        first_date=known[0] if known else None,
        last_date=known[-1] if known else None,
        n_undated=len(dates) - len(known),
        repairs=dict(sorted(Counter(kind for kinds in repairs.values() for kind in kinds).items())),
        n_repaired=sum(map(bool, repairs.values())),
        n_failed=n_failed,
        n_abstained=sum(any(p.abstained for p in unit.predictions.values()) for unit in units),
    )


def model_facts(name: str, card: ModelCard | None) -> ModelFacts:
    """Return what a comparison says of the model that gave the labels.

    Parameters
    ----------
    name
        What the labels name: name@hash, or GIVEN.
    card
        None where it is not to be had: then nothing is known of the errors.
    """
    if card is None:
        return ModelFacts(name=name, n_learned=0, held_out={}, confusion={})
    by = "outlet" if "outlet" in card.held_out else "article"
    scores = card.held_out.get(by, {})
    return ModelFacts(
        name=name,
        n_learned=card.n_units,
        held_out={task: score["macro_f1"]["value"] for task, score in scores.items()},
        confusion={
            task: tuple(tuple(row) for row in score["confusion"])
            for task, score in scores.items()
            if "confusion" in score
        },
        n_beside=len(card.beside),
        exported=card.kind == "onnx",
        held_out_by=by,
    )


def _is_labeled(task: Task, units: Sequence[ClassifiedUnit]) -> bool:
    return any(task.name in unit.predictions for unit in units)


def _check(units: Sequence[ClassifiedUnit]) -> None:
    if not units:
        raise DataError("nothing to compare: the articles hold no unit")
    unknown = {unit.unit.article_id for unit in units if not unit.source}
    if unknown:
        example = min(unknown)
        raise DataError(
            f"the outlet of {len(unknown)} article(s) is unknown, {example} among them: name it in "
            "the front matter, in an articles.csv beside the files (file,source,title,date,url), "
            "with --register FILE, or put each outlet's files into a folder of its own and give "
            "the folder above them; `stance classify` labels articles without one"
        )


def _parts(seen: Observations, codebook: Codebook) -> dict[str | None, Observations]:
    """Return the whole corpus, and its parts by whose words they are, where there are units."""
    parts: dict[str | None, Observations] = {None: seen}
    if VOICE in seen.codes:
        for column, name in enumerate(codebook.task(VOICE).classes):
            inside = seen.codes[VOICE] == column
            if inside.any():
                parts[name] = seen.part(inside)
    return parts


def _quoted(
    seen: Observations,
    alignment: Alignment,
    titles: Mapping[str, str | None],
    sample: Sample,
    codebook: Codebook,
) -> tuple[QuotedUnit, ...]:
    claim_of = {
        unit_id: claim.id
        for claim in alignment.claims
        for cell in claim.cells
        for unit_id in cell.unit_ids
    }
    first = next(iter(seen.codes))
    quoted = []
    for row in range(len(seen.article)):
        classified, place = seen.unit(row), int(seen.places[row])
        unit = classified.unit
        predictions = {task: classified.predictions[task] for task in seen.codes}
        quoted.append(
            QuotedUnit(
                unit_id=unit.id,
                article_id=unit.article_id,
                outlet=classified.source or "",
                date=classified.date,
                title=titles.get(unit.article_id),
                index=unit.index,
                kind=unit.kind,
                start=unit.start,
                end=unit.end,
                text=unit.text,
                labels={task: prediction.label for task, prediction in predictions.items()},
                probabilities={
                    task: round(prediction.probabilities[prediction.label], 4)
                    for task, prediction in predictions.items()
                },
                hand={
                    task: codebook.task(task).classes[labels.truth[place]]
                    for task, labels in sample.tasks.items()
                    if labels.truth[place] >= 0 and seen.counts[row]
                },
                model=predictions[first].model,
                counts=bool(seen.counts[row]),
                claim=claim_of.get(unit.id),
            )
        )
    return tuple(quoted)
