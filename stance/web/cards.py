"""What a labelling page shows: cards, one decision each, and where an undo would lead.

A card holds what a person may see and nothing else. It has no unit id, which may contain the
outlet's name: its key is a hash of what the card shows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from stance.codebook import Codebook
from stance.labeling.desk import Assignment, Dispute, desk, disputes, own_events, undo
from stance.labeling.log import place_of, standing
from stance.records import Annotation, Unit
from stance.terminal_text import printable

AHEAD = 20  # cards sent beforehand: as many can be judged while the server is away

GuessOf = Callable[[Unit], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One unit as a person sees it, and what they said of it so far."""

    key: str
    heading: str
    lead_in: str
    before: tuple[str, ...]
    text: str
    tasks: tuple[str, ...]  # those to judge here
    labels: Mapping[str, str]  # task -> label
    note: str
    guess: Mapping[str, str]  # task -> what a program proposes; empty where none is shown
    said: tuple[str, ...] = ()  # what annotators differ on, where that is to be decided
    notes: tuple[str, ...] = ()


NO_CARD = Card(
    key="", heading="", lead_in="", before=(), text="", tasks=(), labels={}, note="", guess={}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where an undo leads: back to a card, without its label on a task."""

    card: Card
    task: str | None  # None where the card was put off


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that a labelling page shows of the log: what to do now, and what comes after."""

    version: int  # how many events of theirs the log holds
    cards: tuple[Card, ...]  # the one to judge now first; empty when all is done
    back: Step | None
    n_done: int
    n_cards: int
    words: str  # the progress in words
    after: str = ""  # the key of the card that was last passed over, in an adjudication


class Deck:
    """The units to judge, under keys that give nothing away and outlast a change of the queue.

    Parameters
    ----------
    queue
        A unit that comes twice counts once, under the design that came first.
    guess_of
        A first guess for each task, which is then shown beside the unit.
    """

    def __init__(
        self, queue: Iterable[Assignment], codebook: Codebook, guess_of: GuessOf | None = None
    ) -> None:
        self.codebook = codebook
        self.by_key: dict[str, Assignment] = {}
        self.key_of: dict[str, str] = {}  # unit id -> key
        self._guess_of = guess_of
        self._guesses: dict[str, Mapping[str, str]] = {}
        n_alike: dict[str, int] = {}
        for assignment in queue:
            unit = assignment.unit
            if unit.id in self.key_of:
                continue
            shown = "\x1f".join((unit.heading or "", unit.lead_in or "", *unit.before, unit.text))
            digest = sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            n_alike[digest] = n_alike.get(digest, 0) + 1
            key = digest if n_alike[digest] == 1 else f"{digest}-{n_alike[digest]}"
            self.by_key[key] = assignment
            self.key_of[unit.id] = key
        self.queue = tuple(self.by_key.values())
        self.units = {assignment.unit.id: assignment.unit for assignment in self.queue}
        self._place = {key: i for i, key in enumerate(self.by_key)}

    def ours(self, events: Iterable[Annotation]) -> list[Annotation]:
        """Return the events about units of this queue, under its codebook."""
        reference = self.codebook.reference
        return [e for e in events if e.unit_id in self.key_of and e.codebook == reference]

    def guess(self, unit: Unit) -> Mapping[str, str]:
        """Return the first guess for each task of a unit; empty where none is shown."""
        if self._guess_of is None:
            return {}
        if unit.id not in self._guesses:
            self._guesses[unit.id] = dict(self._guess_of(unit))
        return self._guesses[unit.id]

    def card(
        self, assignment: Assignment, labels: Mapping[str, str] | None = None, note: str = ""
    ) -> Card:
        """Return a unit as an annotator sees it."""
        unit = assignment.unit
        return Card(
            key=self.key_of[unit.id],
            heading=shown(unit.heading or ""),
            lead_in=shown(unit.lead_in or ""),
            before=tuple(shown(text) for text in unit.before),
            text=shown(unit.text),
            tasks=tuple(task.name for task in self.codebook.tasks),
            labels=labels or {},
            note=note,
            guess=self.guess(unit),
        )

    def dispute_card(self, dispute: Dispute) -> Card:
        """Return a disagreement as an adjudicator sees it."""
        unit = dispute.unit
        return Card(
            key=self.dispute_key(unit.id, dispute.task),
            heading=shown(unit.heading or ""),
            lead_in=shown(unit.lead_in or ""),
            before=tuple(shown(text) for text in unit.before),
            text=shown(unit.text),
            tasks=(dispute.task,),
            labels={},
            note="",
            guess={},
            said=dispute.labels,
            notes=tuple(shown(note) for note in dispute.notes),
        )

    def dispute_key(self, unit_id: str, task: str) -> str:
        """Return the key of a disagreement: the unit's, and the task's number."""
        names = [task.name for task in self.codebook.tasks]
        return f"{self.key_of[unit_id]}.{names.index(task)}"

    def dispute_of(self, key: str) -> tuple[Assignment, str] | None:
        """Return the unit and the task of a disagreement's key, or None if there is no such."""
        unit_key, _, number = key.rpartition(".")
        names = {str(i): task.name for i, task in enumerate(self.codebook.tasks)}
        if unit_key not in self.by_key or number not in names:
            return None
        return self.by_key[unit_key], names[number]

    def place(self, key: str) -> tuple[int, str]:
        """Return where a disagreement stands in the order of the queue; before all if unknown."""
        unit_key, _, number = key.rpartition(".")
        return self._place.get(unit_key, -1), number


def shown(text: str) -> str:
    """Return a text as a page may show it: on one line, whatever could deceive a reader escaped."""
    return printable(" ".join(text.split()))


def label_view(
    events: Sequence[Annotation], deck: Deck, annotator: str, *, at_unit: str | None = None
) -> View:
    """Return what an annotator has before them; `events` need hold no more than their own."""
    now = desk(events, deck.queue, annotator, deck.codebook, at_unit=at_unit)
    ours = deck.ours(event for event in events if event.annotator == annotator)
    labels, notes = _given(ours)

    def card(assignment: Assignment) -> Card:
        unit_id = assignment.unit.id
        return deck.card(assignment, labels.get(unit_id), notes.get(unit_id, ""))

    current = (now.current,) if now.current else ()
    back_id, taken = undo(
        ours, annotator, deck.codebook, at_unit=current[0].unit.id if current else None
    )
    return View(
        version=now.version,
        cards=tuple(card(assignment) for assignment in (*current, *now.ahead[:AHEAD])),
        back=None
        if back_id is None
        else Step(
            card=card(deck.by_key[deck.key_of[back_id]]), task=None if taken is None else taken.task
        ),
        n_done=now.n_done,
        n_cards=now.n_units,
        words=_progress(now.n_done, now.n_units, now.n_skipped, now.seconds_per_unit),
    )


def adjudication_view(
    events: Sequence[Annotation], deck: Deck, adjudicator: str, *, at: str = "", after: str = ""
) -> View:
    """Return what an adjudicator has before them: what others differ on, without their names.

    Parameters
    ----------
    at
        The key of a disagreement to show first, as after an undo.
    after
        The key of one that was passed over: those behind it come first.
    """
    ours = deck.ours(events)
    open_now = _dispute_cards(ours, deck, adjudicator)
    keys = sorted(open_now, key=lambda key: (key != at, deck.place(key) <= deck.place(after)))
    back_id, taken = undo(ours, adjudicator, deck.codebook, adjudicating=True)
    back = None
    if back_id is not None and taken is not None:
        reopened = _dispute_cards([*ours, taken], deck, adjudicator)
        key = deck.dispute_key(back_id, taken.task)
        back = Step(card=reopened[key], task=taken.task) if key in reopened else None
    n_decided = sum(
        place.adjudicates and place.annotator == adjudicator for place in standing(ours)
    )
    return View(
        version=len(own_events(events, adjudicator, deck.codebook)),
        cards=tuple(open_now[key] for key in keys[: AHEAD + 1]),
        back=back,
        n_done=n_decided,
        n_cards=n_decided + len(open_now),
        words=f"{len(open_now)} left to decide, {n_decided} decided by you",
        after=after,
    )


def _dispute_cards(events: Sequence[Annotation], deck: Deck, adjudicator: str) -> dict[str, Card]:
    found = disputes(events, deck.units, adjudicator, deck.codebook)
    return {card.key: card for card in map(deck.dispute_card, found)}


def _given(own: Iterable[Annotation]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return unit id -> task -> label, and unit id -> note, of one annotator's own judgements.

    The note is that of their latest judgement, or one that they put the unit off with since: an
    undo, which takes the label, leaves the note.
    """
    independent = [event for event in own if not place_of(event).adjudicates]
    labels: dict[str, dict[str, str]] = {}
    for event in standing(independent).values():
        labels.setdefault(event.unit_id, {})[event.task] = event.label or ""
    notes = {e.unit_id: e.note for e in independent if e.label is not None or e.note}
    return labels, notes


def _progress(n_done: int, n_units: int, n_skipped: int, seconds: float | None) -> str:
    words = f"{n_done} of {n_units} done"
    if n_skipped:
        words += f", {n_skipped} put off"
    if seconds is not None and n_done < n_units:
        words += f" · {seconds:.0f} s a unit, about {_time(seconds * (n_units - n_done))} left"
    return words


def _time(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
