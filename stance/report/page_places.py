"""The anchors of a page: what things from outside are called in links, classes and style."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stance.codebook import Codebook
from stance.comparison.result import Comparison
from stance.report.label_looks import looks_of
from stance.report.page_environment import css_string

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
VOICE = "voice"  # the task whose labels are parts of the corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Names of ours for what has names from outside: none of those stands in a link or a class."""

    outlets: Mapping[str, str]  # "o1", in the report's order; those without a number come last
    labels: Mapping[tuple[str, str], str]  # (task, label) -> "A2": a letter a task, a digit a label
    articles: Mapping[str, str]  # id -> "t1"
    units: Mapping[str, str]  # id -> "u1", of those that make a shared claim
    claims: Mapping[str, str]  # id -> "c1"
    tasks: tuple[str, ...]
    kinds: Mapping[tuple[str, ...], str]  # labels of every task -> "k1", the class of such units

    def outlet(self, name: str) -> str:
        """Return the place of an outlet's articles."""
        return self.outlets[name]

    def sentences(
        self, outlet: str | None, task: str, label: str | None, voice: str | None = None
    ) -> str:
        """Return a link to an outlet's sentences of a label; of all outlets, of any for None."""
        place = "articles" if outlet is None else self.outlets[outlet]
        codes = [] if label is None else [self.labels[task, label]]
        if voice is not None and (VOICE, voice) in self.labels:
            codes.append(self.labels[VOICE, voice])
        return f"#{'-'.join([place, *codes])}"

    def kind(self, labels: Mapping[str, str]) -> str:
        """Return the class of units with these labels."""
        return self.kinds[tuple(labels[task] for task in self.tasks)]

    def kinds_with(self, *codes: str) -> list[str]:
        """Return the classes of units that carry all of some labels."""
        return [
            kind
            for labels, kind in self.kinds.items()
            if set(codes) <= {self.labels[both] for both in zip(self.tasks, labels, strict=True)}
        ]

    def link_codes(self) -> list[str]:
        """Return what links may ask of an outlet's sentences: a label, or one in a voice."""
        single = list(self.labels.values())
        first = [code for (task, _), code in self.labels.items() if task == self.tasks[0]]
        voices = [code for (task, _), code in self.labels.items() if task == VOICE]
        both = [f"{label}-{voice}" for label in first for voice in voices]
        return single + (both if self.tasks[0] != VOICE else [])


def places_of(comparison: Comparison, codebook: Codebook, order: Sequence[str]) -> Places:
    """Return the anchors of a comparison's page."""
    units = comparison.units
    had = units[0].labels if units else {}
    tasks = [task for task in codebook.tasks if task.name in had]
    outlets = [*order, *sorted({unit.outlet for unit in units} - set(order))]
    rank = {name: i for i, name in enumerate(outlets)}
    articles = dict.fromkeys(
        unit.article_id for unit in sorted(units, key=lambda u: rank[u.outlet])
    )
    names = tuple(task.name for task in tasks)
    found = {tuple(unit.labels[name] for name in names) for unit in units}
    claims = comparison.alignment.claims
    cited = (name for claim in claims for cell in claim.cells for name in cell.unit_ids)
    return Places(
        outlets={name: f"o{i}" for i, name in enumerate(outlets, 1)},
        labels={
            (task.name, label): f"{DIGITS[10 + t].upper()}{DIGITS[i]}"
            for t, task in enumerate(tasks)
            for i, label in enumerate(task.classes)
        },
        articles={name: f"t{i}" for i, name in enumerate(articles, 1)},
        units={name: f"u{i}" for i, name in enumerate(dict.fromkeys(cited), 1)},
        claims={claim.id: f"c{i}" for i, claim in enumerate(claims, 1)},
        tasks=names,
        kinds={labels: f"k{i}" for i, labels in enumerate(sorted(found), 1)},
    )


def label_style(comparison: Comparison, codebook: Codebook, places: Places) -> str:
    """Return the style rules that name, sign and tint sentences by their classes.

    The names of labels stand in the style sheet once, and not beside each of the sentences; screen
    readers read such content as they read text.
    """
    rules = []

    def rule(codes: Sequence[str], inside: str, after: str = "") -> None:
        kinds = ",".join(f".{kind}{after}" for kind in places.kinds_with(*codes))
        if kinds:
            rules.append(f"{kinds}{{{inside}}}")

    first, *rest = places.tasks
    for label, look in looks_of(codebook, first).items():
        code = places.labels[first, label]
        rules.append(f".n-{code}{{stroke:var(--{look.tone})}}")
        rule([code], f'content:{css_string(label)} "\\a0"', ">b::before")
        if look.tone != "even":
            sign = css_string(look.sign)
            rule([code], f"background:var(--{look.tone}-tint)")
            rule([code], f'content:{sign};content:{sign} / ""', "::before")
    sure = "" if comparison.model.given else "%"  # behind the number in the sentence
    for labels, kind in places.kinds.items():
        others = "".join(f" · {task} {label}" for task, label in zip(rest, labels[1:], strict=True))
        rules.append(f".{kind}>b::after{{content:{css_string(sure + others)}}}")
    for label in codebook.task(VOICE).classes[1:] if VOICE in places.tasks else ():
        rule([places.labels[VOICE, label]], "font-style:italic")
    for codes in places.link_codes():
        # Without a script a link still dims what was not asked for.
        asked = ",".join(f".{kind}" for kind in places.kinds_with(*codes.split("-"))) or ".k0"
        dimmed = "color:var(--soft);background:none"
        rules.append(f'.at[id$="-{codes}"]:target~* i:not({asked}){{{dimmed}}}')
    return "\n".join(rules)
