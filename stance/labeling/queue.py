"""What to label next: units drawn by a design that is written down, so that labels can be used.

An estimate of a share needs to know the chance that each labeled unit had of being drawn. A draw
says it once, in `draws.jsonl`; the events of the annotation log name their draw.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from stance.errors import LabelError
from stance.files import write_whole
from stance.labeling.designs import Design, Plan
from stance.labeling.log import locked, now
from stance.statistics.sampling import allocate

LEAST_IN_STRATUM = 8  # labels from which a variance can be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit that could be drawn, and what a model says of it."""

    unit_id: str
    article_id: str
    outlet: str
    predicted: str | None = None  # the label of the task that strata go by
    margin: float | None = None  # between its two likeliest labels: 0 is least sure
    abstained: bool = False  # whether the model would rather not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Units that had the same chance of being drawn."""

    name: str
    size: int
    drawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnUnit:
    """A unit to label, and the chance that it had."""

    unit_id: str
    design: Design
    stratum: str | None  # None where it was chosen, not drawn
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Units drawn at one time from one population, in the order in which to label them.

    The population are the units of the articles given, less those judged before: an estimate takes
    what was judged before as it is, and draws on these for the rest.
    """

    id: str = ""  # hash of the rest, time apart
    plan: Plan
    at: str
    seed: int
    codebook: str
    model: str | None  # whose predictions made the strata, or the doubts
    n_judged_before: int
    population: int
    strata: tuple[Stratum, ...]
    units: tuple[DrawnUnit, ...] = field(repr=False)

    def design_of(self, unit: DrawnUnit) -> str:
        """Return the design under which a judgement of a drawn unit goes into the log."""
        return f"{unit.design}/{self.id}"


def draw_units(
    candidates: Sequence[Candidate],
    plan: Plan,
    n: int,
    *,
    seed: int,
    codebook: str,
    model: str | None = None,
    n_judged_before: int = 0,
) -> Draw:
    """Return a draw of `n` units, or of all that there are if they are fewer.

    The same candidates, in any order, and the same seed give the same draw.

    Raises
    ------
    LabelError
        If there is no candidate, or the plan needs predictions and a unit has none.
    """
    pool = sorted(candidates, key=lambda candidate: candidate.unit_id)
    if not pool:
        raise LabelError("every unit of these articles is judged already: nothing to draw from")
    if plan is not Plan.RANDOM and any(c.predicted is None or c.margin is None for c in pool):
        raise LabelError(f"a {plan} draw goes by a model's predictions: give --model")
    n = min(n, len(pool))
    # Seeded by the pool too: a second draw by the same seed would take the neighbours of the first.
    rng = random.Random("\n".join([str(seed), *(candidate.unit_id for candidate in pool)]))
    if plan is Plan.STRATIFIED:
        strata: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in pool:
            strata[f"{candidate.outlet} / {candidate.predicted}"].append(candidate)
        names = sorted(strata)
        counts = allocate([len(strata[name]) for name in names], n, least=LEAST_IN_STRATUM)
    else:
        names, strata = ["all"], {"all": pool}
        counts = [n if plan is Plan.RANDOM else (n + 1) // 2]
    design = Design.STRATIFIED if plan is Plan.STRATIFIED else Design.RANDOM
    units = [
        DrawnUnit(
            unit_id=candidate.unit_id,
            design=design,
            stratum=name,
            probability=count / len(strata[name]),
        )
        for name, count in zip(names, counts, strict=True)
        for candidate in rng.sample(strata[name], count)
    ]
    if plan is Plan.MIXED:
        taken = {unit.unit_id for unit in units}
        rest = [candidate for candidate in pool if candidate.unit_id not in taken]
        units += [
            DrawnUnit(unit_id=c.unit_id, design=Design.UNCERTAIN, stratum=None, probability=None)
            for c in _least_sure(rest, n - len(units))
        ]
    rng.shuffle(units)  # whoever stops half-way has labeled a fair part of every stratum
    draw = Draw(
        plan=plan,
        at=now(),
        seed=seed,
        codebook=codebook,
        model=model,
        n_judged_before=n_judged_before,
        population=len(pool),
        strata=tuple(
            Stratum(name=name, size=len(strata[name]), drawn=count)
            for name, count in zip(names, counts, strict=True)
        ),
        units=tuple(units),
    )
    content = {key: value for key, value in asdict(draw).items() if key not in {"id", "at"}}
    digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return replace(draw, id=digest[:8])


def add_draw(path: Path, draw: Draw) -> None:
    """Write a draw at the end of `draws.jsonl`; one that is there already is not written again.

    Raises
    ------
    LabelError
        If the file cannot be read or written, or another writer does not let go of it.
    """
    with locked(path):
        known = read_draws(path) if path.exists() else {}
        if draw.id not in known:
            rows = (asdict(d) for d in (*known.values(), draw))
            write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_draws(path: Path) -> dict[str, Draw]:
    """Return the draws of a file by id, in order.

    Raises
    ------
    LabelError
        If it cannot be read, or a line in it is not a draw.
    """
    try:
        content = path.read_bytes().removesuffix(b"\n")
    except OSError as error:
        raise LabelError(f"{path}: cannot be read: {error.strerror or error}") from None
    draws = {}
    for number, line in enumerate(content.split(b"\n") if content else (), start=1):
        try:
            draw = _draw(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise LabelError(f"{path}:{number}: not a draw of `stance label next`") from None
        draws[draw.id] = draw
    return draws


def designs_drawn(draws: Iterable[Draw], codebook: str) -> dict[str, str]:
    """Return unit id -> design of the units that one draw under a codebook holds, and no other."""
    found: dict[str, set[str]] = defaultdict(set)
    for draw in draws:
        for unit in draw.units if draw.codebook == codebook else ():
            found[unit.unit_id].add(draw.design_of(unit))
    return {unit_id: designs.pop() for unit_id, designs in found.items() if len(designs) == 1}


def _least_sure(candidates: Iterable[Candidate], n: int) -> list[Candidate]:
    """Return those abstained on, then the others: one an article, then a second, by margin."""
    rounds: Counter[str] = Counter()
    ranked = []
    for candidate in sorted(
        candidates, key=lambda c: (not c.abstained, c.margin or 0.0, c.unit_id)
    ):
        ranked.append((rounds[candidate.article_id], candidate))
        rounds[candidate.article_id] += 1
    ranked.sort(key=lambda pair: (not pair[1].abstained, pair[0]))
    return [candidate for _, candidate in ranked[:n]]


def _draw(row: dict[str, Any]) -> Draw:
    return Draw(
        **{
            **row,
            "plan": Plan(row["plan"]),
            "strata": tuple(Stratum(**stratum) for stratum in row["strata"]),
            "units": tuple(
                DrawnUnit(**{**unit, "design": Design(unit["design"])}) for unit in row["units"]
            ),
        }
    )
