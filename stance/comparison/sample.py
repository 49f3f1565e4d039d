"""From a folder of `stance label` to labels that carry an estimate, each with how it was chosen.

Labels judged before a draw stand for themselves; those of the draw stand for what it drew from. Of
anything else nobody knows what it stands for, so it is refused, with the reason.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from stance.codebook import Codebook, Task
from stance.comparison.draws import FittedDraw, best_sample, draw_of, fitted, strata_of
from stance.comparison.observations import BoolArray, Observations
from stance.comparison.result import SampleFacts
from stance.errors import LabelError
from stance.labeling.designs import Design, Plan, kind_of
from stance.labeling.log import read_annotations, standing
from stance.labeling.queue import read_draws
from stance.labeling.settle import draw_to_decide, settle
from stance.labeling.store import read_documents
from stance.records import Annotation
from stance.statistics.arrays import FloatArray, IntArray

BEFORE = "judged before the draw"
UNDECIDED = (
    "disagreements that nobody decided (under Adjudicate on the labelling page; what a model "
    "decides for label settle is not used), so the labels that are left are a selected part: these "
    "harder units are missing"
)
CHANGED = "articles whose text is not the one that was judged"
UNJUDGED = "drawn and not judged yet"
# What was put off is no random part of a draw: the reader must know.
PASSED_OVER = "drawn and passed over, without a label: they may be harder than the rest"
OF_NEXT = {"--model", "--copies"}  # options of `label next` that `label serve` has not
N_NEXT = 300  # labels that the remedy asks for: about four points each way in one outlet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskSample:
    """The usable labels of one task, by place: a row for each of `Observations.units`."""

    truth: IntArray  # column of the label; -1 without a usable one
    certain: BoolArray  # known apart from the draw
    drawn: BoolArray  # drawn and labeled
    covered: BoolArray  # certain, or in what was drawn from: of other units nothing is known
    stratum: IntArray  # of every unit that could be drawn; -1 where that cannot be told
    sizes: FloatArray  # (n_strata,), units that could be drawn
    taken: FloatArray  # (n_strata,), of them, those judged for the draw
    located: bool  # whether the stratum of units that were not drawn is known


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """What a folder of labels is good for."""

    facts: SampleFacts
    tasks: Mapping[str, TaskSample]


def without_sample(paths: Sequence[str], folder: str = "my-labels") -> Sample:
    """Return what there is to say where no folder of labels was given."""
    facts = SampleFacts(
        folder=None, n_labels=0, designs={}, refused={}, remedy=_next(paths, folder)
    )
    return Sample(facts=facts, tasks={})


def sampled(
    folder: Path,
    observations: Observations,
    codebook: Codebook,
    *,
    copies: Collection[str] = (),
    trained_on: Collection[str] = (),
    paths: Sequence[str] = ("PATH",),
    on_notice: Callable[[str], None] | None = None,
) -> Sample:
    """Return the labels of a folder that carry an estimate of shares, task by task.

    Random draws made one after the other are one sample, and so are stratified ones over the same
    strata, as long as nothing but the draws was judged in between. Where draws do not join, those
    with most labels count. What was judged before them, and every article judged to its end, stands
    for itself.

    Parameters
    ----------
    folder
        Holds annotations.jsonl, documents.csv and, where units were drawn, draws.jsonl.
    observations
        Everything that was classified, not a part.
    copies
        Ids of the articles that copy another, whether they count or not: a draw may have left them
        aside.
    trained_on
        Hashes of the articles that the model learned from.
    paths
        The words that name the articles on the command line, with options that belong to them and
        those by which to draw from them.
    on_notice
        Is told of a last line of the log that was never finished.

    Returns
    -------
    sample
        Its facts count units, in the first task. What was drawn and has no label stands among the
        refused.

    Raises
    ------
    LabelError
        If a file cannot be read, or a label is none of the codebook's.
    """
    laid = _Folder(folder, observations, codebook, copies, trained_on, on_notice)
    samples = {task.name: laid.task_sample(task) for task in laid.tasks}
    first = laid.tasks[0].name
    sample, designs = samples[first]
    open_draw = laid.count_open(first)
    counts = {observations.unit(int(row)).unit.id for row in np.flatnonzero(observations.counts)}
    laid.refused[first] |= dict.fromkeys(designs.keys() - counts, "in copies, which do not count")
    designs = {unit_id: design for unit_id, design in designs.items() if unit_id in counts}
    facts = SampleFacts(
        folder=str(folder),
        n_labels=len(designs),
        designs=dict(sorted(Counter(designs.values()).items())),
        refused=dict(Counter(laid.refused[first].values()).most_common()),
        remedy=_remedy(sample, laid, open_draw, paths),
    )
    return Sample(facts=facts, tasks={name: found for name, (found, _) in samples.items()})


def open_and_aside(facts: SampleFacts) -> tuple[str, str]:
    """Return in words which drawn units have no label, and which labels were left aside."""
    unjudged: list[str] = []
    aside: list[str] = []
    for reason, n in facts.refused.items():
        (unjudged if reason in (UNJUDGED, PASSED_OVER) else aside).append(f"{n:,} {reason}")
    return "; ".join(unjudged), "; ".join(aside)


class _Folder:
    """A label folder laid on a corpus."""

    def __init__(
        self,
        folder: Path,
        observations: Observations,
        codebook: Codebook,
        copies: Collection[str],
        trained_on: Collection[str],
        on_notice: Callable[[str], None] | None,
    ) -> None:
        self.folder, self.observations = folder, observations
        self.tasks = [task for task in codebook.tasks if task.name in observations.codes]
        self.units = {unit.unit.id: unit for unit in observations.units}
        # task -> unit id -> why its label is left aside
        self.refused: dict[str, dict[str, str]] = {task.name: {} for task in self.tasks}
        events = read_annotations(folder / "annotations.jsonl", on_notice=on_notice)
        ours = [event for event in events if event.codebook == codebook.reference]
        others = [event for event in events if event.codebook != codebook.reference]
        judged = {place.unit_id for place in standing(ours)}
        self._refuse(
            "labels under another codebook", [e for e in others if e.unit_id not in judged]
        )
        self._refuse(
            "units that are not in this corpus", [e for e in ours if e.unit_id not in self.units]
        )
        documents = read_documents(folder / "documents.csv")
        known: list[Annotation] = []
        changed: list[Annotation] = []
        for event in ours:
            if (unit := self.units.get(event.unit_id)) is not None:
                document = documents.get(unit.unit.article_id)
                same = document is not None and document.sha256 == unit.sha256
                (known if same else changed).append(event)
        self._refuse(CHANGED, changed)
        labels, disagreements = settle(known, documents)
        self.labels = {label.unit_id: label.labels for label in labels}
        disagreements = [found for found in disagreements if found.task in self.refused]
        for open_ in disagreements:
            self.refused[open_.task][open_.unit_id] = UNDECIDED
        self.designs: dict[tuple[str, str], set[str]] = {}  # (unit id, task) -> designs
        for place, event in standing(known).items():
            self.designs.setdefault((place.unit_id, place.task), set()).add(event.design)
        # Where a model keeps what it said of its lessons before it saw them, all of its lessons in
        # the corpus are held out: what else stands in such an article was not learned from.
        held_out = {
            observations.unit(int(row)).unit.article_id
            for row in np.flatnonzero(observations.held_out)
        }
        articles = {unit.unit.article_id: unit.sha256 for unit in self.units.values()}
        self.learned = {a for a, sha256 in articles.items() if sha256 in trained_on} - held_out
        self.lost = self.learned | {self.article(event.unit_id) for event in changed}
        path = folder / "draws.jsonl"
        self.known_draws = read_draws(path) if path.exists() else {}
        self.to_decide = (
            draw_to_decide(disagreements, known, self.known_draws) if disagreements else None
        )
        self.draws: list[FittedDraw] = []
        self.unfit: dict[str, str] = {}  # draw id -> why it is of no use
        first_printed = {
            u: unit for u, unit in self.units.items() if unit.unit.article_id not in copies
        }
        for draw in self.known_draws.values():
            if draw.codebook != codebook.reference:
                self.unfit[draw.id] = "draws under another codebook"
            elif drawn := fitted(draw, ours, self.units) or fitted(draw, ours, first_printed):
                self.draws.append(drawn)
            else:
                self.unfit[draw.id] = "draws from other units than those of this corpus"

    def article(self, unit_id: str) -> str:
        """Return the article that a unit stands in."""
        return self.units[unit_id].unit.article_id

    def labeled(self, task: str) -> dict[str, str]:
        """Return unit id -> settled label on a task."""
        return {u: labels[task] for u, labels in self.labels.items() if task in labels}

    def task_sample(self, task: Task) -> tuple[TaskSample, dict[str, str]]:
        """Return a task's sample, and the design of each usable label by unit id."""
        refused, labeled = self.refused[task.name], self.labeled(task.name)
        sample = best_sample(self.draws, task.name, labeled)
        before = sample[0].before if sample else frozenset(self.units)
        left = sample[0].among.keys() - before if sample else frozenset[str]()
        judged = {
            unit.unit_id: drawn.draw.design_of(unit)
            for drawn in sample
            for unit in drawn.draw.units
            if unit.unit_id in drawn.judged[task.name] - before
        }
        design = {u: BEFORE for u in before & labeled.keys()} if sample else {}
        own = judged.keys() & labeled.keys()
        census = self._censuses(task.name, labeled, {*design, *own})
        design |= dict.fromkeys(census, Design.CENSUS.value)
        for unit_id in own - census:
            if self.article(unit_id) in self.learned:
                refused[unit_id] = "articles that the model learned from"
            else:
                design[unit_id] = judged[unit_id]
        for unit_id in labeled.keys() - design.keys() - refused.keys():
            refused[unit_id] = self._reason(unit_id, task.name)
        is_drawn = design.keys() & own - census
        strata = strata_of(sample)
        if located := strata is not None:
            sizes = Counter(name for u, name in strata.items() if u in left)
        else:
            strata = {u: name for drawn in sample for u, name in drawn.stratum.items()}
            sizes = Counter({s.name: s.size for s in sample[0].draw.strata})
        number = {name: i for i, name in enumerate(sorted(sizes))}
        kept = (u for u in judged if u in own or refused.get(u) == CHANGED)
        taken = Counter(strata[u] for u in kept)
        return (
            TaskSample(
                truth=np.array([self._column(task, u) if u in design else -1 for u in self.units]),
                certain=np.array([u in design and u not in is_drawn for u in self.units]),
                drawn=np.array([u in is_drawn for u in self.units]),
                covered=np.array(
                    [
                        (u in design and u not in is_drawn)
                        or (u in left and self.article(u) not in self.lost)
                        for u in self.units
                    ]
                ),
                stratum=np.array(
                    [number[strata[u]] if u in strata and u in left else -1 for u in self.units]
                ),
                sizes=np.array([float(sizes[name]) for name in number]),
                taken=np.array([float(taken[name]) for name in number]),
                located=located,
            ),
            design,
        )

    def count_open(self, task: str) -> str | None:
        """Add what was drawn and has no label to the refused; return the latest draw with such."""
        refused, labeled, latest = self.refused[task], self.labeled(task), None
        for drawn in self.draws:
            order = [unit.unit_id for unit in drawn.draw.units if unit.unit_id in drawn.stratum]
            own = drawn.judged.get(task, frozenset())
            last = max((i for i, unit_id in enumerate(order) if unit_id in own), default=-1)
            for i, unit_id in enumerate(order):
                if unit_id not in labeled and unit_id not in refused:
                    latest = drawn.draw.id
                    refused[unit_id] = PASSED_OVER if i < last else UNJUDGED
        return latest

    def _refuse(self, reason: str, events: Sequence[Annotation]) -> None:
        for place in standing(events):
            if place.task in self.refused:
                self.refused[place.task][place.unit_id] = reason

    def _censuses(self, task: str, labeled: Collection[str], accepted: Collection[str]) -> set[str]:
        """Return the units of articles judged to their end, if not for a draw alone."""
        articles: dict[str, list[str]] = {}
        for unit_id in self.units:
            articles.setdefault(self.article(unit_id), []).append(unit_id)
        found: set[str] = set()
        for unit_ids in articles.values():
            rest = [unit_id for unit_id in unit_ids if unit_id not in accepted]
            if rest and all(
                u in labeled and Design.CENSUS in map(kind_of, self.designs.get((u, task), ()))
                for u in rest
            ):
                found.update(unit_ids)
        return found

    def _reason(self, unit_id: str, task: str) -> str:
        """Return why a label stands for nothing, of a unit that is in the corpus."""
        designs = self.designs.get((unit_id, task), set())
        for design in sorted(designs):
            if kind_of(design) in {Design.RANDOM, Design.STRATIFIED}:
                draw = self.known_draws.get(draw_of(design))
                if draw is None:
                    return "draws that draws.jsonl does not hold"
                if draw.id in self.unfit:
                    return self.unfit[draw.id]
                if all(unit_id != unit.unit_id for unit in draw.units):
                    return "units that are not in the draw that they name"
                return "draws that do not join with the one that is used"
        kinds = set(map(kind_of, designs))
        if Design.CENSUS in kinds:
            return "articles judged in part"
        if Design.UNCERTAIN in kinds:
            return "chosen where a model was least sure"
        if Design.CHOSEN in kinds:
            return "chosen by hand"
        return "judged by an adjudicator alone"

    def _column(self, task: Task, unit_id: str) -> int:
        label = self.labels[unit_id][task.name]
        if label not in task.classes:
            raise LabelError(
                f"{self.folder}: {unit_id}: no {task.name} is called {label!r}; use one of: "
                f"{', '.join(task.classes)}"
            )
        return task.classes.index(label)


def _remedy(
    sample: TaskSample, laid: _Folder, open_draw: str | None, paths: Sequence[str]
) -> str | None:
    """Return a command: to decide what annotators differ on, complete a draw, or make one."""
    folder = str(laid.folder)
    open_draw = laid.to_decide or open_draw
    if open_draw is not None:
        words = [
            word
            for before, word in pairwise(["", *paths])
            if word not in OF_NEXT and before not in OF_NEXT
        ]
        words += ["--folder", folder, "--draw", open_draw]
        return shlex.join(["stance", "label", "serve", *words])
    outlets = np.array([unit.source or "" for unit in laid.units.values()])
    counting = np.zeros(len(outlets), dtype=bool)
    counting[laid.observations.places[laid.observations.counts]] = True
    for outlet in np.unique(outlets[counting]):
        own = counting & (outlets == outlet)
        if not sample.certain[own].all() and sample.drawn[own].sum() < 2:
            return _next(paths, folder)
    return None


def _next(paths: Sequence[str], folder: str) -> str:
    words = ["--folder", folder, "--plan", Plan.STRATIFIED.value, "-n", str(N_NEXT)]
    return shlex.join(["stance", "label", "next", *paths, *words])
