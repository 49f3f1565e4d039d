"""Which draws fit a corpus, and which of them are one sample."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stance.labeling.designs import Plan
from stance.labeling.log import Place, place_of, standing
from stance.labeling.queue import Draw
from stance.records import Annotation, ClassifiedUnit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedDraw:
    """A draw from the units of a corpus, and what the log says of it."""

    draw: Draw
    among: Mapping[str, ClassifiedUnit]  # what it drew from, and `before`: unit id -> unit
    stratum: Mapping[str, str]  # unit id -> stratum, of what was drawn at random
    before: frozenset[str]  # unit ids, judged when it was made: it drew from the others
    judged: Mapping[str, frozenset[str]]  # task -> of its units, those judged for this draw

    def all_judged(self) -> frozenset[str]:
        """Return the units that were judged for this draw on any task."""
        return frozenset().union(*self.judged.values())


def draw_of(design: str) -> str:
    """Return the id of the draw that a design names; empty where it names none."""
    return design.partition("/")[2]


def fitted(
    draw: Draw, events: Sequence[Annotation], units: Mapping[str, ClassifiedUnit]
) -> FittedDraw | None:
    """Return a draw as part of a corpus; None if it drew from other units than these.

    Parameters
    ----------
    events
        The log, under one codebook.
    units
        Unit id -> unit: a whole corpus, or what is left of it without copies.
    """
    before = _judged_before(draw, events, units)
    if (
        before is None
        or draw.population + draw.n_judged_before != len(units)
        or any(unit.unit_id not in units for unit in draw.units)
        or (draw.plan is Plan.STRATIFIED and not _fits_outlets(draw, before, units))
    ):
        return None
    stratum = {u.unit_id: u.stratum or "" for u in draw.units if u.probability is not None}
    judged: dict[str, set[str]] = {}
    for place, event in standing(events).items():
        if draw_of(event.design) == draw.id and place.unit_id in stratum:
            judged.setdefault(place.task, set()).add(place.unit_id)
    return FittedDraw(
        draw=draw,
        among=units,
        stratum=stratum,
        before=before,
        judged={task: frozenset(unit_ids) for task, unit_ids in judged.items()},
    )


def best_sample(
    draws: Sequence[FittedDraw],
    task: str,
    labeled: Collection[str],
) -> list[FittedDraw]:
    """Return the draws, in order, that are one sample: of several such samples the largest.

    Drawing at random from what the draws before have left is drawing on, so draws made one after
    the other are one sample of what the first drew from, if nothing but them was judged in between.

    Parameters
    ----------
    labeled
        Ids of units that have a settled label on the task.
    """
    with_labels = [d for d in draws if d.judged.get(task, frozenset()) & set(labeled)]
    samples = []
    for end in range(1, len(with_labels) + 1):
        chains = (with_labels[start:end] for start in range(end))
        samples.append(next(chain for chain in chains if _one_sample(chain)))
    # The latest of equals: the number of labels says nothing of what they are, so it may choose.
    return max(
        reversed(samples),
        key=lambda sample: len(frozenset().union(*(d.judged[task] for d in sample)) & set(labeled)),
        default=[],
    )


def strata_of(sample: Sequence[FittedDraw]) -> dict[str, str] | None:
    """Return the stratum of every unit drawn among if that can be told; None if not.

    A draw writes down the strata of what it drew, and of the rest only how many there were. If the
    predictions of now give just these, they are those of the draw.
    """
    units = sample[0].among if sample else {}
    outlets = {unit_id: unit.source or "" for unit_id, unit in units.items()}
    stratified = [drawn for drawn in sample if drawn.draw.plan is Plan.STRATIFIED]
    if not stratified:
        return outlets
    tasks = next(iter(units.values())).predictions if units else ()
    for task in tasks:
        names = {u: f"{outlets[u]} / {unit.predictions[task].label}" for u, unit in units.items()}
        if all(
            _sizes(drawn.draw) == Counter(n for u, n in names.items() if u not in drawn.before)
            and all(names[u] == name for u, name in drawn.stratum.items())
            for drawn in stratified
        ):
            return names
    return None


def _one_sample(chain: Sequence[FittedDraw]) -> bool:
    """Return whether draws, in order, are one: of what the first drew from, into common strata.

    What was judged between the first and any later one, whichever of them it was judged for, must
    be theirs: a draw may be finished after the next one was made.
    """
    first = chain[0]
    own = frozenset().union(*(drawn.all_judged() for drawn in chain))
    if any(
        later.among.keys() != first.among.keys()
        or not first.before <= later.before <= first.before | own
        for later in chain[1:]
    ):
        return False
    if len(chain) == 1 or strata_of(chain) is not None:
        return True
    if any(drawn.draw.plan is not Plan.STRATIFIED for drawn in chain):
        return False
    strata = {unit: stratum for drawn in chain for unit, stratum in drawn.stratum.items()}
    for earlier, later in pairwise(chain):
        left = _sizes(earlier.draw)
        left.subtract(strata[unit_id] for unit_id in later.before - earlier.before)
        if +left != _sizes(later.draw):
            return False
    return True


def _sizes(draw: Draw) -> Counter[str]:
    return Counter({stratum.name: stratum.size for stratum in draw.strata})


def _fits_outlets(draw: Draw, before: frozenset[str], units: Mapping[str, ClassifiedUnit]) -> bool:
    sizes: Counter[str] = Counter()
    for stratum in draw.strata:
        sizes[stratum.name.rpartition(" / ")[0]] += stratum.size
    return sizes == Counter(u.source or "" for name, u in units.items() if name not in before)


def _judged_before(
    draw: Draw, events: Sequence[Annotation], units: Mapping[str, ClassifiedUnit]
) -> frozenset[str] | None:
    """Return the units that had a label when a draw was made; None if the log denies it.

    The log tells by its order, whatever the clocks said: the last moment before the draw's first
    judgement at which it held as many judged units as the draw counted.
    """
    stands: dict[str, set[Place]] = {}
    end = 0 if draw.n_judged_before == 0 else None
    for number, event in enumerate(events, start=1):
        if draw_of(event.design) == draw.id:
            break
        if event.unit_id in units:
            places = stands.setdefault(event.unit_id, set())
            if event.label is None:
                places.discard(place_of(event))
            else:
                places.add(place_of(event))
            if not places:
                del stands[event.unit_id]
        if len(stands) == draw.n_judged_before:
            end = number
    if end is None:
        return None
    return frozenset(place.unit_id for place in standing(events[:end])) & units.keys()
