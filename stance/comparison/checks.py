"""Pairs of units for a person to judge, and what the judgements say of the alignment."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from stance.comparison.alike import alike, vectors_of
from stance.comparison.claims import claim_rows
from stance.comparison.observations import Observations
from stance.comparison.result import Alignment, Checked
from stance.errors import DataError
from stance.files import write_whole, writing
from stance.statistics.intervals import Estimate, clustered_share
from stance.terminal_text import cell

STRATA = ("matched", "near", "far")
NEAR, FAR = 0.1, 0.2  # below the similarity of the alignment; what is farther off is not drawn
COLUMNS = ("pair", "text_a", "text_b", "same_claim")
QUESTION = (
    "Do both sentences assert or deny one and the same thing? y or n; a shared topic is no match."
)
ANSWERS = {"y": True, "yes": True, "n": False, "no": False}
N_DRAWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPair:
    """Two units of different outlets, and how the pair came to be drawn."""

    id: str  # "p1", "p2", ... in an order that tells nothing
    unit_a: str
    unit_b: str
    text_a: str
    text_b: str
    outlet_a: str
    outlet_b: str
    article_a: str
    article_b: str
    stratum: str  # one of STRATA
    n_stratum: int  # pairs in it
    n_drawn: int  # of them, drawn at random
    claim: str | None  # that both make, as they were matched


def claim_pairs(
    alignment: Alignment,
    observations: Observations,
    n: int,
    seed: int,
    *,
    on_step: Callable[[str], None] = lambda step: None,
) -> tuple[ClaimPair, ...]:
    """Return pairs to judge, shuffled: half of them matched, half not, one of each kind at least.

    Three strata of pairs of different outlets: in one claim ("matched"); in no common claim, from
    0.1 below the alignment's similarity up ("near"); from 0.2 to 0.1 below it ("far"). Those that
    are less alike are so many, and so rarely the same claim, that a sample of them says nothing.

    Raises
    ------
    DataError
        If there is no claim, or the observations are not those that were aligned.
    """
    if not alignment.claims:
        raise DataError("no claims are shared, so there are no matched pairs to judge")
    rows, _ = claim_rows(observations)
    units = [observations.unit(int(row)) for row in rows]
    place = {unit.unit.id: i for i, unit in enumerate(units)}
    if len(units) != alignment.n_units or any(
        unit not in place for c in alignment.claims for x in c.cells for unit in x.unit_ids
    ):
        raise DataError("these units are not those that were aligned")
    matched = {
        (min(i, j), max(i, j)): claim.id
        for claim in alignment.claims
        for one, other in combinations(claim.cells, 2)
        for i in (place[unit] for unit in one.unit_ids)
        for j in (place[unit] for unit in other.unit_ids)
    }
    vectors = vectors_of([unit.unit.text for unit in units], alignment.vectors, on_step=on_step)
    graph = alike(vectors, alignment.similarity - FAR).tocoo()
    outlet = observations.outlet[rows]
    kept = (graph.row < graph.col) & (outlet[graph.row] != outlet[graph.col])
    apart = graph.data[kept] >= alignment.similarity - NEAR
    ends = list(zip(graph.row[kept].tolist(), graph.col[kept].tolist(), strict=True))
    strata = [
        sorted(matched),
        [pair for pair, near in zip(ends, apart, strict=True) if near and pair not in matched],
        [pair for pair, near in zip(ends, apart, strict=True) if not near and pair not in matched],
    ]
    rng = np.random.default_rng(seed)
    far = max(n // 4, 1)
    near = max(n // 2 - n // 4, 1)
    wanted = (n - near - far, near, far)
    drawn = []
    for name, pairs, most in zip(STRATA, strata, wanted, strict=True):
        n_drawn = min(most, len(pairs))
        for at in rng.choice(len(pairs), size=n_drawn, replace=False) if n_drawn else ():
            drawn.append((name, len(pairs), n_drawn, *rng.permutation(pairs[int(at)])))
    order = rng.permutation(len(drawn))
    return tuple(
        ClaimPair(
            id=f"p{number}",
            unit_a=units[a].unit.id,
            unit_b=units[b].unit.id,
            text_a=units[a].unit.text,
            text_b=units[b].unit.text,
            outlet_a=units[a].source or "",
            outlet_b=units[b].source or "",
            article_a=units[a].unit.article_id,
            article_b=units[b].unit.article_id,
            stratum=name,
            n_stratum=size,
            n_drawn=n_drawn,
            claim=matched.get((min(a, b), max(a, b))),
        )
        for number, (name, size, n_drawn, a, b) in enumerate((drawn[i] for i in order), start=1)
    )


def write_pairs(
    path: Path, pairs: Sequence[ClaimPair], alignment: Alignment, *, outlets: bool = False
) -> None:
    """Write pairs as CSV to judge in a spreadsheet, and beside it how they were drawn.

    Who judges sees the texts only: which pairs were matched stands in the file beside, whose name
    ends in .design.json and which `read_checks` needs.

    Parameters
    ----------
    outlets
        Show the outlets too.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    more = ("outlet_a", "outlet_b") if outlets else ()
    with writing(path) as file:
        # With "\n" as line end the writer would leave a lone "\r" in a text unquoted.
        table = csv.writer(file, lineterminator="\r\n")
        table.writerow([*COLUMNS, *more, QUESTION])
        for pair in pairs:
            texts = (pair.id, pair.text_a, pair.text_b, "", *(getattr(pair, x) for x in more))
            table.writerow([cell(text) for text in texts])
    hidden = ("text_a", "text_b", "outlet_a", "outlet_b")
    rows = [{k: v for k, v in asdict(pair).items() if k not in hidden} for pair in pairs]
    design = {"alignment": _digest(alignment), "pairs": rows}
    write_whole(design_file(path), json.dumps(design, ensure_ascii=False, indent=1) + "\n")


def read_checks(path: Path, alignment: Alignment) -> Checked:
    """Return what a person's answers say: how many matches are right, how many are missed.

    Precision is over pairs in one claim. Recall is over the pairs of a similarity down to 0.2 below
    the alignment's, each stratum weighted by its size. 95% limits: of precision over claims, as
    `clustered_share` gives them; of recall the quantiles of draws from each stratum's posterior
    (Jeffreys), with pairs as if they were independent. A row without an answer counts for nothing.

    Raises
    ------
    DataError
        If a file is missing or is not ours, was made from other claims, or an answer is not y or n;
        or if no matched pair is judged.
    """
    design = _read_design(path)
    if design["alignment"] != _digest(alignment):
        raise DataError(
            f"{path}: its pairs were drawn from other claims than these (another corpus, model or "
            "similarity): draw pairs anew"
        )
    drawn = {row["id"]: row for row in design["pairs"]}
    answers = _answers(path, drawn)
    size = {row["stratum"]: int(row["n_stratum"]) for row in drawn.values()}
    said = {
        name: [same for i, same in answers.items() if drawn[i]["stratum"] == name]
        for name in STRATA
    }
    if not said["matched"]:
        raise DataError(f"{path}: none of the matched pairs is judged yet: judge more, y or n")
    matched = [i for i in answers if drawn[i]["stratum"] == "matched"]
    claims = [drawn[i]["claim"] for i in matched]
    names = sorted(set(claims))
    # Pairs of one claim share units, and are right or wrong together.
    hits, sizes = (
        np.bincount([names.index(c) for c in claims], weights=weights).astype(float)
        for weights in (said["matched"], None)
    )
    n_matched, n_all = (
        len({drawn[i][end] for i in some for end in ("article_a", "article_b")})
        for some in (matched, answers)
    )
    return Checked(
        precision=replace(clustered_share(hits, sizes), n_articles=n_matched),
        recall=_recall(said, size, n_all),
        n_judged=len(answers),
    )


def _recall(said: dict[str, list[bool]], size: dict[str, int], n_articles: int) -> Estimate | None:
    """Return the share of the same claims that were matched; None with a stratum not judged.

    A stratum without a pair is none that `size` knows.
    """
    if not all(said[name] for name in size):
        return None
    rng = np.random.default_rng(0)  # for the limits alone: the same file gives the same ones
    totals, draws = {}, {}
    for name in size:
        n, hits, whole = len(said[name]), sum(said[name]), size[name]
        totals[name] = whole * hits / n
        # What is judged is known; only the rest of the stratum is guessed.
        rest = rng.beta(hits + 0.5, n - hits + 0.5, N_DRAWS)
        draws[name] = hits + (whole - n) * rest
    if sum(totals.values()) == 0:
        return None
    low, high = np.quantile(draws["matched"] / sum(draws.values()), [0.025, 0.975])
    return Estimate(
        value=totals["matched"] / sum(totals.values()),
        low=float(low),
        high=float(high),
        n_units=sum(map(len, said.values())),
        n_articles=n_articles,
    )


def _answers(path: Path, drawn: dict[str, Any]) -> dict[str, bool]:
    """Return pair -> whether both make the same claim, for the rows that have an answer."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8: {error}") from None
    first = text.split("\n", 1)[0]
    # Some spreadsheets write back other separators than they were given.
    separator = max(",;\t", key=first.count)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    missing = {"pair", "same_claim"} - set(table.fieldnames or ())
    if missing:
        raise DataError(f"{path}: the column {min(missing)} is not there: keep the first line")
    answers: dict[str, bool] = {}
    try:
        for row in table:
            where = f"{path}: line {table.line_num}"
            pair, said = (row["pair"] or "").strip(), (row["same_claim"] or "").strip().casefold()
            if pair not in drawn:
                raise DataError(
                    f"{where}: no pair was drawn as {pair!r:.40}: leave the column as it was"
                )
            if pair in answers:
                raise DataError(f"{where}: {pair} is judged twice: keep one row of it")
            if said and said not in ANSWERS:
                raise DataError(f"{where}: same_claim is {said!r}: write y or n, or leave it empty")
            if said:
                answers[pair] = ANSWERS[said]
    except csv.Error as error:
        raise DataError(f"{path}: after line {table.line_num}: not a CSV: {error}") from None
    return answers


def _read_design(path: Path) -> dict[str, Any]:
    beside = design_file(path)
    try:
        design = json.loads(beside.read_text(encoding="utf-8"))
        for row in design["pairs"]:
            if row["stratum"] not in STRATA or not row["id"] or int(row["n_stratum"]) < 1:
                raise ValueError(row["id"])
            row["article_a"], row["article_b"], row["claim"]
        design["alignment"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{beside}: how the pairs were drawn stands there, and cannot be read: {error!r}. Keep "
            "it beside the CSV, as it was written"
        ) from None
    return dict(design)


def design_file(path: Path) -> Path:
    """Return the file beside a CSV of pairs that tells how they were drawn."""
    return path.with_suffix(".design.json")


def _digest(alignment: Alignment) -> str:
    """Return a hash of which units make which claims."""
    claims = [[cell.unit_ids for cell in claim.cells] for claim in alignment.claims]
    facts = [alignment.vectors, alignment.similarity, claims]
    return sha256(json.dumps(facts).encode()).hexdigest()[:16]
