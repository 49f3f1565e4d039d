"""The local page of `stance label serve`: label, undo, put off, adjudicate, see the agreement.

Nothing is kept here but the queue: what a page shows follows from the annotation log, and a press
is on the disk before it is answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from stance.codebook import Codebook, Task
from stance.errors import LabelError
from stance.labeling.desk import Assignment, check_name
from stance.labeling.log import AnnotationLog
from stance.web.cards import NO_CARD, Deck, GuessOf, shown
from stance.web.pages import asset_route, environment, tones_of
from stance.web.presses import (
    MOST_NOTE,
    DeskName,
    LabelingDesk,
    LogTroubleError,
    StaleError,
    read_press,
)
from stance.web.safety import Address, Guard
from stance.web.shared import STEP

KEYS = ("123456789", "qwert", "zxcvb")  # a row of the keyboard for each task
ASSETS = ("page.css", "desk.js", "agreement.js", "icon.svg")
STATUS: dict[type[Exception], int] = {LabelError: 400, StaleError: 409, LogTroubleError: 503}


def labeling_app(
    log: AnnotationLog,
    queue: Sequence[Assignment],
    codebook: Codebook,
    *,
    address: Address,
    guess_of: GuessOf | None = None,
    on_trouble: Callable[[str], None] | None = None,
) -> Guard:
    """Return the application that `stance.web.server.serve` runs.

    Parameters
    ----------
    log
        Where each press becomes an event; others may write to its file at the same time. Give it an
        `on_notice`, or a line that a crash cut short stops everybody.
    queue
        The units to judge, in order.
    address
        Where it is served: requests by any other name or without the token are refused.
    guess_of
        Gives a first guess for each task of a unit, which is shown, and recorded with each
        judgement. Without it, people judge on their own.
    on_trouble
        Is told, with the path, when the log cannot be read or written.
    """
    deck = Deck(queue, codebook, guess_of)
    room = _Room(LabelingDesk(log, deck, on_trouble), codebook)
    return Guard(
        Starlette(
            routes=[
                Route("/", room.start),
                Route("/label", room.label, methods=["GET", "POST"]),
                Route("/adjudicate", room.adjudicate, methods=["GET", "POST"]),
                Route("/agreement", room.agreement),
                asset_route(ASSETS),
            ],
            exception_handlers=dict.fromkeys((HTTPException, *STATUS), _told),
        ),
        address,
    )


class _Room:
    """The pages: requests in, HTML or JSON out."""

    def __init__(self, labeling: LabelingDesk, codebook: Codebook) -> None:
        self._labeling, self._codebook = labeling, codebook
        self._templates = environment()

    async def start(self, request: Request) -> Response:
        return await self._start(request.query_params.get("who", ""))

    async def label(self, request: Request) -> Response:
        return await self._at_desk(request, "label")

    async def adjudicate(self, request: Request) -> Response:
        return await self._at_desk(request, "adjudicate")

    async def agreement(self, request: Request) -> Response:
        result = await run_in_threadpool(self._labeling.agreement)
        return self._page(
            "agreement.html", who=request.query_params.get("who", ""), result=result, step=STEP
        )

    async def _start(self, who: str, error: str = "") -> Response:
        view = None
        if who and not error:
            try:
                who = check_name(who)
                view = await run_in_threadpool(self._labeling.view, "label", who)
            except LabelError as wrong:
                error = str(wrong)
        return self._page(
            "start.html",
            status=400 if error else 200,
            who=who,
            error=error,
            view=view,
            n_units=len(self._labeling.deck.queue),
        )

    async def _at_desk(self, request: Request, name: DeskName) -> Response:
        wants_json = "application/json" in request.headers.get("accept", "")
        try:
            who = check_name(request.query_params.get("who", ""))
        except LabelError as error:
            if wants_json or request.method == "POST":
                raise
            return await self._start(request.query_params.get("who", ""), str(error))
        if request.method == "POST":
            press = read_press(await request.body())
            view, at = await run_in_threadpool(self._labeling.press, name, who, press)
            if wants_json:
                return JSONResponse(asdict(view))
            place = {"who": who, "at": at, "after": view.after}
            query = urlencode({key: value for key, value in place.items() if value})
            return RedirectResponse(f"{name}?{query}", status_code=303)
        view = await run_in_threadpool(
            lambda: self._labeling.view(
                name,
                who,
                at=request.query_params.get("at", ""),
                after=request.query_params.get("after", ""),
            )
        )
        if wants_json:
            return JSONResponse(asdict(view))
        n_elsewhere = 0
        if name == "adjudicate" and not view.cards:
            # As of the last step: a number that moves with each press would give labels away.
            n_elsewhere = (await run_in_threadpool(self._labeling.agreement)).n_open
        return self._page(
            "desk.html",
            desk=name,
            who=who,
            view=view,
            card=view.cards[0] if view.cards else NO_CARD,
            state=asdict(view),
            tasks=[
                (
                    task,
                    list(zip(task.labels, _keys(i if name == "label" else 0, task), strict=True)),
                )
                for i, task in enumerate(self._codebook.tasks)
            ],
            tones={task.name: tones_of(task) for task in self._codebook.tasks},
            n_elsewhere=n_elsewhere,
            most_note=MOST_NOTE,
        )

    def _page(self, template: str, *, status: int = 200, **facts: object) -> Response:
        return HTMLResponse(
            self._templates.get_template(template).render(codebook=self._codebook, **facts),
            status_code=status,
        )


def _keys(row: int, task: Task) -> list[str]:
    """Return the key of each label of a task; none for those that the row has no room for."""
    keys = KEYS[row] if row < len(KEYS) else ""
    return [keys[i] if i < len(keys) else "" for i in range(len(task.labels))]


async def _told(request: Request, error: Exception) -> Response:
    """Answer with one plain sentence."""
    if isinstance(error, HTTPException):
        status, words = error.status_code, error.detail
    else:
        status, words = STATUS[type(error)], shown(str(error))
    return PlainTextResponse(f"{words[:1].upper()}{words[1:].removesuffix('.')}.\n", status)
