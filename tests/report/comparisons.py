"""Comparisons for tests of what is laid out: filled in every field, from the seed articles.

Labels are the settled ones with a model's errors added, shares and agreement are computed from
them; what only the toolkit's comparison knows (corrections, effects) is made up near the truth.
"""

import csv
import random
from collections import Counter, defaultdict
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import combinations, product

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.codebook import read_codebook
from stance.comparison.result import (
    SCHEMA,
    Alignment,
    BeforeAfter,
    Ceiling,
    Checked,
    Claim,
    ClaimAgreement,
    ClaimCell,
    Comparison,
    CopyFacts,
    CorpusFacts,
    Corrected,
    Difference,
    MixComparison,
    ModelFacts,
    OutletEffect,
    OutletMix,
    PairAgreement,
    PairDistance,
    QuotedUnit,
    SampleFacts,
    Selection,
    Share,
    Timeline,
    Week,
)
from stance.corpus.units import split_units
from stance.labeling.store import read_labels
from stance.records import Article, text_sha256
from stance.resources import data_folder
from stance.statistics.agreement import (
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from stance.statistics.effects import FEW
from stance.statistics.intervals import Estimate, clustered_share
from stance.statistics.permutation import holm, mix_distance, same_mix_p_value

BOOK = read_codebook()
EVENT = "2026-01-14"
WRONG = 0.25  # share of labels that the model gets wrong
CONFUSION = {
    "stance": ((310.0, 61.0, 22.0), (70.0, 402.0, 66.0), (19.0, 58.0, 331.0)),
    "sentiment": ((240.0, 66.0, 9.0), (71.0, 498.0, 74.0), (12.0, 71.0, 298.0)),
    "voice": ((720.0, 41.0), (38.0, 540.0)),
}
CHECKED = {"monday", "event"}  # fields that hold dates that were checked


def seed_articles():
    folder = data_folder("seeds") / "articles"
    with (folder / "articles.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = (folder / row["file"]).read_text(encoding="utf-8")
            yield Article(
                id=row["file"].removesuffix(".txt"),
                text=text,
                original=text,
                sha256=text_sha256(text),
                source=row["source"],
                title=row["title"] or None,
                date=row["date"] or None,
            )


@cache
def seed_units():
    """Return every unit of the seed articles as a model with errors would label it."""
    rng = random.Random(3)
    labels = read_labels(data_folder("labels") / "settled.jsonl")
    truth = {label.unit_id: label.labels for label in labels}
    units = []
    for article in seed_articles():
        for unit in split_units(article):
            labels, probabilities = {}, {}
            for task in BOOK.tasks:
                label = truth.get(unit.id, {}).get(task.name) or rng.choice(task.classes)
                if rng.random() < WRONG:
                    label = rng.choice(task.classes)
                labels[task.name] = label
                probabilities[task.name] = round(rng.betavariate(6, 2), 4)
            units.append(
                QuotedUnit(
                    unit_id=unit.id,
                    article_id=article.id,
                    outlet=article.source,
                    date=article.date,
                    title=article.title,
                    index=unit.index,
                    kind=unit.kind,
                    start=unit.start,
                    end=unit.end,
                    text=unit.text,
                    labels=labels,
                    hand={},
                    probabilities=probabilities,
                    model="embedding@3f9c2ab1",
                    counts=True,
                    claim=None,
                )
            )
    return tuple(units)


@cache
def comparison(
    *, n_outlets=5, n_articles=None, corrected=True, voices=True, event=True, likeness=0.45
):
    """Return a comparison of the outlets with the most seed articles.

    Parameters
    ----------
    n_articles
        That many articles in all, the seed articles over again where they do not suffice.
    likeness
        The cosine from which sentences make one claim.
    """
    units = seed_units()
    sizes = Counter({unit.article_id: unit.outlet for unit in units}.values())
    outlets = sorted(outlet for outlet, _ in sizes.most_common(n_outlets))
    units = [unit for unit in units if unit.outlet in outlets]
    if n_articles:
        units = repeated(units, n_articles)
    options = {"corrected": corrected, "voices": voices, "event": event, "likeness": likeness}
    return compared(units, outlets, **options)


def repeated(units, n_articles):
    """Return that many articles, an outlet's after each other's in turn."""
    by_article = defaultdict(list)
    for unit in units:
        by_article[unit.article_id].append(unit)
    turn, queue = Counter(), []
    for own in by_article.values():
        outlet = own[0].outlet
        queue.append((turn[outlet], outlet, own))
        turn[outlet] += 1
    queue = [own for _, _, own in sorted(queue, key=lambda item: item[:2])]
    made = []
    for i in range(n_articles):
        own, again = queue[i % len(queue)], i // len(queue)
        name = f"{own[0].article_id}-{again}"
        made += [
            replace(u, article_id=name, unit_id=f"{name}:{u.start}-{u.end}") if again else u
            for u in own
        ]
    return made


def compared(units, outlets, *, corrected, voices, event, likeness):
    rng = random.Random(11)
    copied = sorted({u.article_id for u in units if "-w" in u.article_id})[:4]
    units = [replace(u, counts=u.article_id not in copied) for u in units]
    claims = shared_claims(units, likeness)
    claim_of = {name: c.id for c in claims for cell in c.cells for name in cell.unit_ids}
    hand = {"stance": "skeptical"} if corrected else {}
    units = [
        replace(u, claim=claim_of.get(u.unit_id), hand=hand if i % 9 == 0 else {})
        for i, u in enumerate(units)
    ]
    counted = [u for u in units if u.counts]
    parts = [None, *(BOOK.task("voice").classes if voices else ())]
    mixes = [
        mix(counted, task, outlets, rng, corrected=corrected)
        for task in BOOK.tasks
        if voices or task.name != "voice"
    ]
    for voice in parts[1:]:
        part = of_voice(counted, voice)
        mixes.append(mix(part, BOOK.tasks[0], outlets, rng, corrected=False, voice=voice))
    dates = sorted({u.date for u in units if u.date})
    names = {u.article_id for u in units}
    first = min(names - set(copied))
    return Comparison(
        schema=SCHEMA,
        answer=f"As far as the labels go, {len(outlets)} outlets differ in their stance toward "
        f"{BOOK.target} by more than chance would give (p = 0.002): skeptical units are fewest "
        f"with 21% (14% to 30%) in {outlets[0]} and most with 44% (33% to 56%) in {outlets[-1]}.",
        target=BOOK.target,
        codebook=BOOK.reference,
        models=("embedding@3f9c2ab1",),
        model=ModelFacts(
            name="embedding@3f9c2ab1",
            n_learned=2841,
            held_out={"stance": 0.71, "sentiment": 0.68, "voice": 0.9},
            confusion=CONFUSION,
        ),
        seed=7,
        corpus=CorpusFacts(
            n_articles=len(names) + 1,
            n_empty=1,
            n_units=len(units),
            first_date=dates[0],
            last_date=dates[-1],
            n_undated=2,
            repairs={"question marks for full stops": 41, "mojibake": 6},
            n_repaired=3,
            n_failed=1,
            n_abstained=0,
        ),
        copies=CopyFacts(
            counted="once",
            groups=tuple((first, name) for name in copied),
            n_left_out=len(copied),
            n_repeated=0,
            repeated=None,
        ),
        sample=SampleFacts(
            folder="labels/august" if corrected else None,
            n_labels=240 if corrected else 0,
            designs={"stratified/3f9c2ab1": 240} if corrected else {},
            refused={"chosen by an annotator, not at random": 31} if corrected else {},
            remedy=None if corrected else "stance label next seeds/articles --design stratified",
        ),
        mixes=tuple(mixes),
        alignment=Alignment(
            claims=claims,
            vectors="meaning",
            similarity=0.62,
            n_units=sum(u.kind == "sentence" for u in units),
            n_copied=17,
            stability=0.81,
            checked=Checked(
                precision=Estimate(value=0.86, low=0.78, high=0.92, n_articles=40, n_units=100),
                recall=None,
                n_judged=200,
            ),
        ),
        agreement=tuple(agreement(claims, outlets, voice) for voice in parts),
        effects=tuple(effects(outlets, parts, rng)),
        selection=tuple(
            found for voice in parts for found in selections(claims, outlets, voice, rng)
        ),
        timeline=timeline(counted, outlets, parts, EVENT if event else None),
        refusals=(
            f"Whether {outlets[0]} changed over time cannot be said: it has 3 articles after the "
            "date asked about, and 5 are needed. Its share over the whole period is given.",
        ),
        caveats=(
            "The model labels whatever it is given: whether the articles are about the target at "
            "all is for the reader to see to.",
            f"{len(outlets) - 1} of {len(outlets)} outlets have fewer than 10 articles: read their "
            "intervals as rough, and the test over all outlets before the pairs.",
            "Errors that fall at random pull the outlets' agreement toward 0 even where outlets "
            "agree in full: read alpha beside its ceiling.",
        ),
        methods={
            "mixes": "Intervals of counted shares are Wilson limits on the effective sample size "
            "over articles (Korn and Graubard 1998). Corrected shares are stratified estimates.",
            "agreement": "Krippendorff's alpha over claims and outlets, with a jackknife interval "
            "over claims (Hughes 2022).",
            "effects": "Scores are taken from each claim's mean over outlets.",
        },
        units=tuple(units),
    )


def mix(units, task, outlets, rng, *, corrected, voice=None):
    tables = {}
    for outlet in outlets:
        rows = defaultdict(lambda: np.zeros(len(task.classes)))
        for unit in units:
            if unit.outlet == outlet:
                rows[unit.article_id][task.classes.index(unit.labels[task.name])] += 1
        tables[outlet] = np.array(list(rows.values()))
    columns = []
    for outlet in outlets:
        table = tables[outlet]
        first = outlet == outlets[0]
        shares = {}
        for column, label in enumerate(task.classes):
            found = clustered_share(table[:, column], table.sum(axis=1))
            shares[label] = Share(
                counted=found,
                corrected=near(found, rng) if corrected and voice is None else None,
                band=(max(0, found.value - 0.11), min(1, found.value + 0.08)),
                settled=found.value + 0.02 if first and found.value < 0.98 else None,
            )
        columns.append(
            OutletMix(
                outlet=outlet,
                n_articles=len(table),
                n_units=int(table.sum()),
                shares=shares,
                other_counting={name: s.counted.value for name, s in shares.items()},
            )
        )
    pairs = []
    if voice is None:
        found = [
            mix_distance(tables[a], tables[b], seed=1, n_draws=99)
            for a, b in combinations(outlets, 2)
        ]
        adjusted = holm([f.p_value for f in found])
        by_outlet = {column.outlet: column for column in columns}
        pairs = [
            PairDistance(
                left=a,
                right=b,
                distance=distance,
                jensen_shannon=distance.value * 0.9,
                p_holm=p,
                corrected_p_holm=min(1.0, 1.3 * p) if corrected else None,
                differences={
                    label: difference(
                        by_outlet[a].shares[label], by_outlet[b].shares[label], corrected
                    )
                    for label in task.classes
                },
            )
            for (a, b), distance, p in zip(combinations(outlets, 2), found, adjusted, strict=True)
        ]
    numbers = np.concatenate([np.full(len(tables[o]), i) for i, o in enumerate(outlets)])
    return MixComparison(
        task=task.name,
        voice=voice,
        classes=task.classes,
        outlets=tuple(columns),
        pairs=tuple(pairs),
        same_mix_p=same_mix_p_value(
            np.concatenate(list(tables.values())), numbers, seed=1, n_draws=199
        ),
        corrected_p=0.021 if corrected and voice is None else None,
    )


def near(found, rng):
    value = min(max(found.value + rng.uniform(-0.07, 0.07), 0.02), 0.98)
    return Corrected(
        value=value,
        low=max(0.0, value - 0.08),
        high=min(1.0, value + 0.09),
        general_low=max(0.0, value - 0.12),
        general_high=min(1.0, value + 0.13),
        n_labels=48,
        n_units=found.n_units,
    )


def difference(left, right, corrected):
    a, b = (s.corrected or s.counted if corrected else s.counted for s in (left, right))
    return Difference(
        value=a.value - b.value,
        low=a.value - b.value - 0.12,
        high=a.value - b.value + 0.12,
        corrected=corrected,
    )


def shared_claims(units, least, most=700):
    """Return groups of like sentences of two outlets or more, matched by words."""
    own = [u for u in units if u.kind == "sentence" and len(u.text) > 50][:most]
    vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(
        [u.text for u in own]
    )
    groups = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - least
    ).fit_predict(vectors.toarray())
    members = defaultdict(list)
    for unit, group in zip(own, groups, strict=True):
        members[group].append(unit)
    shared = [group for group in members.values() if len({u.outlet for u in group}) > 1]
    shared.sort(key=lambda group: (-len({u.outlet for u in group}), group[0].unit_id))
    return tuple(claim(f"c{i}", group) for i, group in enumerate(shared, 1))


def claim(name, group):
    classes = BOOK.tasks[0].classes
    cells = []
    for outlet in sorted({u.outlet for u in group}):
        own = [u for u in group if u.outlet == outlet]
        mean = dict.fromkeys(classes, 0.0)
        for unit in own:
            p = unit.probabilities["stance"]
            for label in classes:
                mean[label] += (p if label == unit.labels["stance"] else (1 - p) / 2) / len(own)
        cells.append(
            ClaimCell(
                outlet=outlet,
                label=max(mean, key=mean.get),
                probabilities=mean,
                unit_ids=tuple(u.unit_id for u in own),
            )
        )
    return Claim(id=name, title=max((u.text for u in group), key=len), cells=tuple(cells))


def agreement(claims, outlets, voice):
    classes = BOOK.tasks[0].classes
    if voice:
        claims = claims[:: 2 if voice == "author" else 3]
    counts = np.array(
        [[sum(cell.label == label for cell in c.cells) for label in classes] for c in claims],
        dtype=float,
    )
    kinds = Counter()
    for c in claims:
        for a, b in combinations(c.cells, 2):
            if a.label != b.label:
                kinds[" / ".join(sorted((a.label, b.label), key=classes.index))] += 1
    nominal = krippendorff_alpha(counts)
    pairs = []
    for a, b in combinations(outlets, 2):
        labels = [{cell.outlet: cell.label for cell in c.cells} for c in claims]
        both = [found for found in labels if {a, b} <= set(found)]
        same = [found[a] == found[b] for found in both]
        share = Estimate(
            value=float(np.mean(same)) if same else 0.0,
            low=None,
            high=None,
            n_articles=len(same),
            n_units=len(same),
        )
        pairs.append(
            PairAgreement(
                left=a, right=b, n_claims=len(both), same=share if same else None, alpha=None
            )
        )
    return ClaimAgreement(
        task="stance",
        voice=voice,
        n_claims=len(claims),
        nominal=nominal,
        ordinal=krippendorff_alpha(counts, level="ordinal"),
        percent=percent_agreement(counts),
        gwet_ac1=gwet_ac(counts),
        fleiss=fleiss_kappa(counts) if voice is None else None,
        n_neutral=int((counts[:, 1] == counts.sum(axis=1)).sum()),
        disagreements=dict(kinds.most_common()),
        pairs=tuple(pairs) if voice is None else (),
        ceiling=Ceiling(
            perfect=0.47,
            perfect_low=0.36,
            perfect_high=0.58,
            corrected=Estimate(value=0.62, low=0.31, high=0.93, n_articles=40, n_units=len(claims)),
        )
        if voice is None
        else None,
    )


def effects(outlets, parts, rng):
    for voice in parts:
        for i, outlet in enumerate(outlets):
            value = (i - (len(outlets) - 1) / 2) / len(outlets) * 0.7 + rng.uniform(-0.05, 0.05)
            few = voice == "attributed" and i == 0
            p = max(0.001, 0.6 - 3 * abs(value)) if abs(value) < 0.2 else 0.003
            yield OutletEffect(
                outlet=outlet,
                voice=voice,
                n_claims=4 if few else 31 - 3 * i % 11,
                n_articles=2 if few else 8,
                value=value,
                low=None if few else value - 0.17,
                high=None if few else value + 0.17,
                p_value=None if few else p,
                p_holm=None if few else min(1.0, 3 * p),
                untested=FEW if few else None,
            )


def selections(claims, outlets, voice, rng):
    for outlet in outlets:
        others = [c for c in claims if len({x.outlet for x in c.cells} - {outlet}) > 1]
        left_out = [c.id for c in others if outlet not in {x.outlet for x in c.cells}]
        made = len(others) - len(left_out)
        p = rng.uniform(0.004, 0.7)
        yield Selection(
            outlet=outlet,
            voice=voice,
            n_claims=len(others),
            n_made=made,
            expected=round(made + rng.uniform(-1, 4), 1),
            p_value=p,
            p_holm=min(1.0, p * len(outlets)),
            left_out=tuple(left_out),
        )


def timeline(units, outlets, parts, event):
    classes = BOOK.tasks[0].classes
    weeks = []
    for voice, outlet in product(parts, (None, *outlets)):
        by_week = defaultdict(list)
        for unit in of_voice(units, voice):
            if unit.date and outlet in (None, unit.outlet):
                day = date.fromisoformat(unit.date)
                by_week[day - timedelta(days=day.weekday())].append(unit)
        weeks += [
            Week(
                outlet=outlet,
                voice=voice,
                monday=monday.isoformat(),
                shares=shares_of(own, classes),
            )
            for monday, own in sorted(by_week.items())
        ]
    around = []
    for voice, outlet in product(parts, (None, *outlets)) if event else ():
        own = [u for u in of_voice(units, voice) if u.date and outlet in (None, u.outlet)]
        before = shares_of([u for u in own if u.date < event], classes)
        after = shares_of([u for u in own if u.date >= event], classes)
        if not before or not after:
            continue
        around.append(
            BeforeAfter(
                outlet=outlet,
                voice=voice,
                before=before,
                after=after,
                differences={
                    label: Difference(
                        value=after[label].value - before[label].value,
                        low=after[label].value - before[label].value - 0.1,
                        high=after[label].value - before[label].value + 0.1,
                        corrected=False,
                    )
                    for label in classes
                },
                p_value=0.04 if outlet is None else 0.2,
                p_holm=None if outlet is None else 0.8,
            )
        )
    return Timeline(
        task="stance", weeks=tuple(weeks), event=event, around=tuple(around), n_undated=23
    )


def of_voice(units, voice):
    return [u for u in units if voice in (None, u.labels.get("voice"))]


def shares_of(units, classes):
    if not units:
        return {}
    names = sorted({u.article_id for u in units})
    table = np.zeros((len(names), len(classes)))
    for u in units:
        table[names.index(u.article_id), classes.index(u.labels["stance"])] += 1
    sizes = table.sum(axis=1)
    return {label: clustered_share(table[:, i], sizes) for i, label in enumerate(classes)}


HOSTILE = (
    "</script><script>document.title='it ran'</script>",
    "<img src=x onerror=document.title='it_ran'>",
    "<svg onload=document.title='it_ran'><style>*{display:none}</style>",
    "\"'><b onmouseover=document.title='it_ran'>bold</b>",
    "{{ 7 * 7 }}{% raw %}",
    "</title></style></svg>]]><!--",
    "\u202egnihtemos\u2066",
    "\x1b[31mred\x1b[0m\x07",
    '=HYPERLINK("http://example.org")',
    "javascript:document.title='it ran'",
    "[red]rich[/red] [link=file:///etc/passwd]x[/link]",
    "&lt;b&gt; &#x3c;script&#x3e; \\3c script",
    "averylongword" * 60,
)


def spoiled(record, words):
    """Return a record with `words` before every text in it but checked dates.

    The same text becomes the same text, so what points to an outlet or a unit still does.
    """
    if isinstance(record, str):
        return f"{words} {record}"
    if isinstance(record, dict):
        return {spoiled(key, words): spoiled(value, words) for key, value in record.items()}
    if isinstance(record, tuple):
        return tuple(spoiled(value, words) for value in record)
    if is_dataclass(record):
        changed = {
            f.name: spoiled(getattr(record, f.name), words)
            for f in fields(record)
            if f.name not in CHECKED
        }
        return replace(record, **changed)
    return record


@cache
def small():
    """Return a comparison of two outlets and four articles, filled in every field."""
    return comparison(n_outlets=2, n_articles=4, likeness=0.1)
