"""What a press on the labelling page does: it reads the log, and adds the event that says so.

A press that is sent twice, since the answer to the first got lost, counts once: a label that stands
already makes no event, and an undo or a skip names the number of events that it was made after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal
from urllib.parse import parse_qsl

from stance.errors import LabelError, StanceError
from stance.labeling.designs import Design
from stance.labeling.desk import (
    Assignment,
    Dispute,
    check_spelling,
    desk,
    disputes,
    judgement,
    own_events,
    seen_by,
    skip,
    undo,
)
from stance.labeling.log import AnnotationLog, Place, standing
from stance.records import Annotation
from stance.web.cards import Deck, View, adjudication_view, label_view
from stance.web.shared import SharedAgreement, shared_agreement

MOST_NOTE = 2000  # characters

DeskName = Literal["label", "adjudicate"]
Action = Literal["label", "note", "skip", "undo"]


class LogTroubleError(StanceError):
    """The annotation log cannot be read or written just now."""


class StaleError(StanceError):
    """What was sent speaks of something that is no longer so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What a person did on the page, as the form or the script sends it."""

    action: Action
    card: str  # the key of the card on the screen
    task: str
    label: str
    guess: str  # the first guess that was shown for the task; "" where none was
    note: str
    version: int  # how many of their events the log held before; -1 if it is not said
    codebook: str
    after: str


class LabelingDesk:
    """The annotation log and the queue, as annotators and adjudicators use them, one at a time."""

    def __init__(
        self, log: AnnotationLog, deck: Deck, on_trouble: Callable[[str], None] | None
    ) -> None:
        self.log, self.deck = log, deck
        self._on_trouble = on_trouble
        self._lock = Lock()  # reading on and appending: one thread at a time

    def view(self, name: DeskName, who: str, *, at: str = "", after: str = "") -> View:
        """Return what a person has before them.

        Raises
        ------
        LabelError
            If the log spells their name in another way.
        LogTroubleError
            If the log cannot be read or written.
        """
        with self._lock:
            return self._view(self._events(name, who), name, who, at, after)

    def agreement(self) -> SharedAgreement:
        """Return the agreement of annotators, in steps."""
        with self._lock:
            events = self._events("adjudicate")
        return shared_agreement(events, self.deck)

    def press(self, name: DeskName, who: str, press: Press) -> tuple[View, str]:
        """Do what a person asks for; return what is before them then, and the card to show.

        Raises
        ------
        LabelError
            If the codebook does not know the task or the label, or the log spells the name
            otherwise.
        StaleError
            If the codebook or the queue is another by now, or it is not theirs to judge.
        LogTroubleError
            If the log cannot be read or written; nothing is saved then.
        """
        if press.codebook != self.deck.codebook.reference:
            raise StaleError("the codebook is another one by now; reload the page")
        with self._lock:
            events = self._events(name, who)
            act = self._labeling if name == "label" else self._adjudicating
            new, at, after = act(events, who, press)
            if new:
                self._append(new)
                events = self._events(name, who)
            return self._view(events, name, who, at, after), at

    def _view(
        self, events: Sequence[Annotation], name: DeskName, who: str, at: str, after: str
    ) -> View:
        if name == "adjudicate":
            view = adjudication_view(events, self.deck, who, at=at, after=after)
            shown = self._newly_shown(events, who, view)
            if shown:
                self._append(shown)
                events = self._events(name, who)
                view = adjudication_view(events, self.deck, who, at=at, after=after)
            return view
        assignment = self.deck.by_key.get(at)
        return label_view(
            events, self.deck, who, at_unit=assignment.unit.id if assignment else None
        )

    def _newly_shown(self, events: Sequence[Annotation], who: str, view: View) -> list[Annotation]:
        """Return the event that says that a person is shown what others differ on.

        Without it, who passes on or leaves the page could judge the unit as if they had not seen.
        """
        found = self.deck.dispute_of(view.cards[0].key) if view.cards else None
        if found is None or found[0].unit.id in seen_by(who, events, self.deck.codebook):
            return []
        shown = Assignment(unit=found[0].unit, design=Design.ADJUDICATION)
        return [judgement(shown, who, found[1], None, self.deck.codebook)]

    def _labeling(
        self, events: Sequence[Annotation], who: str, press: Press
    ) -> tuple[list[Annotation], str, str]:
        book = self.deck.codebook
        assignment = self.deck.by_key.get(press.card)
        if press.action == "undo":
            at_unit = assignment.unit.id if assignment else None
            known = self.deck.ours(self._known(events, who, press))
            wanted_back, _ = undo(known, who, book, at_unit=at_unit)
            if self._done_before(events, who, press, wanted_back):
                return [], "", ""
            unit_id, taken = undo(self.deck.ours(events), who, book, at_unit=at_unit)
            key = "" if unit_id is None else self.deck.key_of[unit_id]
            return ([] if taken is None else [taken]), key, ""
        if assignment is None or not self._in_queue(events, who, assignment):
            raise StaleError("this unit is not in your queue (any more); reload the page")
        if press.action == "skip":
            if self._done_before(events, who, press, assignment.unit.id):
                return [], "", ""
            return skip(events, assignment, who, book, note=press.note), "", ""
        stands = {
            place.task: event
            for place, event in standing(self.deck.ours(events)).items()
            if place.unit_id == assignment.unit.id and not place.adjudicates
        }
        # Not the guess of today: the server may have been started with others since.
        wanted: dict[str, tuple[str | None, str | None]]
        if press.action == "label":
            guess = book.task(press.task).label(press.guess) if press.guess else None
            wanted = {press.task: (press.label, guess)}
        else:
            if press.note and not stands:
                raise StaleError("no label of this unit stands by now: its note stays on the page")
            wanted = {task: (event.label, event.guess) for task, event in stands.items()}
        new = [
            judgement(assignment, who, task, label, book, note=press.note, guess=guess)
            for task, (label, guess) in wanted.items()
        ]
        return [event for event in new if not _says_the_same(event, stands.get(event.task))], "", ""

    def _adjudicating(
        self, events: Sequence[Annotation], who: str, press: Press
    ) -> tuple[list[Annotation], str, str]:
        book, ours = self.deck.codebook, self.deck.ours(events)
        if press.action == "skip":
            return [], "", press.card
        if press.action == "undo":
            known = self.deck.ours(self._known(events, who, press))
            wanted_back, _ = undo(known, who, book, adjudicating=True)
            if self._done_before(events, who, press, wanted_back):
                return [], "", press.after
            unit_id, taken = undo(ours, who, book, adjudicating=True)
            if unit_id is None or taken is None:
                return [], "", press.after
            return [taken], self.deck.dispute_key(unit_id, taken.task), press.after
        found = self.deck.dispute_of(press.card)
        if found is None:
            raise StaleError("this disagreement is not in the queue (any more); reload the page")
        assignment, task = found
        if press.action == "note":  # a note goes with the decision
            return [], press.card, press.after
        decision = judgement(
            Assignment(unit=assignment.unit, design=Design.ADJUDICATION),
            who,
            press.task,
            press.label,
            book,
            note=press.note,
        )
        place = Place(assignment.unit.id, task, who, adjudicates=True)
        if _says_the_same(decision, standing(ours).get(place)):
            return [], "", press.after
        if press.task != task or not _may_decide(
            disputes(ours, {assignment.unit.id: assignment.unit}, who, book), task
        ):
            raise StaleError(
                "this disagreement is decided already, or you judged the unit yourself, or still "
                "have it to judge"
            )
        return [decision], "", press.after

    def _in_queue(self, events: Sequence[Annotation], who: str, assignment: Assignment) -> bool:
        """Return whether an annotator is asked for a unit: not once they adjudicated it."""
        here = desk(events, [assignment], who, self.deck.codebook, at_unit=assignment.unit.id)
        return here.current is not None

    def _known(self, events: Sequence[Annotation], who: str, press: Press) -> list[Annotation]:
        """Return the events of a person that the page knew of when something was pressed."""
        return own_events(events, who, self.deck.codebook)[: max(press.version, 0)]

    def _done_before(
        self, events: Sequence[Annotation], who: str, press: Press, unit_id: str | None
    ) -> bool:
        """Return whether an undo or a skip is in the log already: it was sent once more.

        It was if the log holds, since the events that the page knew of, only some without a label,
        and one about the unit that was to be taken back or put off.
        """
        own = own_events(events, who, self.deck.codebook)
        if press.version == len(own):
            return False
        since = own[max(press.version, 0) :]
        if any(event.label is not None for event in since) or all(
            event.unit_id != unit_id for event in since
        ):
            raise StaleError(
                "something else was pressed under your name, perhaps in another window; look at "
                "what is on the screen now and press again"
            )
        return True

    def _events(self, name: DeskName, who: str = "") -> list[Annotation]:
        """Return the events that a desk is about: only an annotator's own at theirs."""
        try:
            events = self.log.events()
        except LabelError as error:
            raise self._trouble(error) from None
        check_spelling(who, {event.annotator for event in events})
        return [event for event in events if name == "adjudicate" or event.annotator == who]

    def _append(self, new: Sequence[Annotation]) -> None:
        try:
            self.log.append(new)
        except LabelError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: LabelError) -> LogTroubleError:
        # The message names a path, which is for whoever started the server, not for annotators.
        if self._on_trouble is not None:
            self._on_trouble(str(error))
        return LogTroubleError(
            "the annotation log cannot be read or written; whoever started the server finds the "
            "reason in its terminal"
        )


def _says_the_same(new: Annotation, stands: Annotation | None) -> bool:
    return stands is not None and (new.label, new.note) == (stands.label, stands.note)


def _may_decide(found: Sequence[Dispute], task: str) -> bool:
    return any(dispute.task == task for dispute in found)


def read_press(body: bytes) -> Press:
    """Return what a form or the script sent.

    Raises
    ------
    LabelError
        If it says nothing that can be done, or its note is too long.
    """
    try:
        fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=32))
    except ValueError:
        raise LabelError("this is not what the page sends; reload it and try again") from None
    note = "\n".join(fields.get("note", "").split("\r\n")).strip()
    if len(note) > MOST_NOTE:
        raise LabelError(f"a note has {MOST_NOTE} characters at most; this one has {len(note)}")
    label = next((key for key in fields if key.startswith("label:")), "")
    version = fields.get("version", "")
    task = label.removeprefix("label:")
    return Press(
        action=_action(fields, label),
        card=fields.get("card", ""),
        task=task,
        label=fields.get(label, ""),
        guess=fields.get(f"guess:{task}", ""),
        note=note,
        version=int(version) if version.isdecimal() and len(version) < 10 else -1,
        codebook=fields.get("codebook", ""),
        after=fields.get("after", ""),
    )


def _action(fields: Mapping[str, str], label: str) -> Action:
    if label:
        return "label"
    if "undo" in fields:
        return "undo"
    if "skip" in fields:
        return "skip"
    if "keep" in fields:
        return "note"
    raise LabelError("this is not what the page sends; reload it and try again")
