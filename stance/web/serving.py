"""The local pages of `stance serve`: read an article, compare outlets, open a report; and the API.

Three doors on one address: /api/ with the token in a header, /TOKEN/ for the pages, and the
labelling page under a token of its own where one is given. Each has a guard.
"""

from collections.abc import Callable
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stance.codebook import Codebook
from stance.corpus.finding import TEXT_SUFFIXES
from stance.web.api import Api
from stance.web.intake import TABLES
from stance.web.pages import asset_route, environment, tones_of
from stance.web.reports import Reports
from stance.web.safety import Address, ApiGuard, Guard, has_token
from stance.web.work import Limits, Work

ASSETS = (
    *("page.css", "serve.css", "icon.svg"),
    *("talk.js", "read.js", "compare.js", "report.js"),
)
PAGES = (("./", "Read"), ("compare", "Compare"), ("report", "Open a report"))


def serving_app(
    work: Work,
    codebook: Codebook,
    *,
    address: Address,
    limits: Limits | None = None,
    labeling: Guard | None = None,
    on_trouble: Callable[[str], None] | None = None,
) -> ASGIApp:
    """Return the application that `stance.web.server.serve` runs.

    Parameters
    ----------
    work
        What pages and API do; its model is used by one request at a time.
    address
        Where it is served: requests by any other name or without the token are refused.
    limits
        How much is taken at a time.
    labeling
        The labelling page, on the same port under another token; pages then lead to it.
    on_trouble
        Is told of an error that nobody expected.
    """
    limits = limits or Limits()
    rooms = _Rooms(codebook, limits, address, labeling)
    api = Api(work, codebook, limits, rooms.keep, on_trouble)
    api_door = ApiGuard(api.app(), address, most_bytes=limits.n_bytes)
    pages_door = Guard(rooms.app(), address, most_bytes=limits.n_bytes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        door: Guard = pages_door
        if scope["type"] == "http":
            if scope["path"].startswith("/api/"):
                door = api_door
            elif labeling is not None and has_token(scope, labeling.address):
                door = labeling
        await door(scope, receive, send)

    return app


class _Rooms:
    """The pages: templates that ask the API, and reports under policies of their own."""

    def __init__(
        self, codebook: Codebook, limits: Limits, address: Address, labeling: Guard | None
    ) -> None:
        self._codebook, self._limits, self._address = codebook, limits, address
        self._labeling = labeling
        self._reports = Reports()
        self._templates = environment()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.read),
                Route("/compare", self.compare),
                Route("/report", self.report),
                Route("/reports", self.upload, methods=["POST"]),
                Route("/reports/{name}", self.kept),
                asset_route(ASSETS),
            ],
            exception_handlers={HTTPException: _told},
        )

    def keep(self, html: str) -> str:
        """Keep a report that we made; return its address, without the host."""
        return f"/{self._address.token}/reports/{self._reports.keep(html, ours=True)}"

    async def read(self, request: Request) -> Response:
        return self._page("read.html", "Read")

    async def compare(self, request: Request) -> Response:
        return self._page("compare.html", "Compare")

    async def report(self, request: Request) -> Response:
        return self._page("report.html", "Open a report")

    async def upload(self, request: Request) -> Response:
        """Keep a report that somebody saved, to be opened as a stranger's page."""
        try:
            html = (await request.body()).decode("utf-8-sig")
        except UnicodeDecodeError:
            html = ""
        if "<html" not in html[:2000].lower():
            raise HTTPException(422, "This is no report: give a page that stance compare wrote.")
        name = await run_in_threadpool(self._reports.keep, html, ours=False)
        return JSONResponse({"report": f"/{self._address.token}/reports/{name}"})

    async def kept(self, request: Request) -> Response:
        report = self._reports.get(request.path_params["name"])
        if report is None:
            raise HTTPException(
                404, "This report is not kept any more: compare again, or open it from its file."
            )
        headers = dict(report.headers)
        if "save" in request.query_params:
            headers["content-disposition"] = 'attachment; filename="report.html"'
        return HTMLResponse(report.html, headers=headers)

    def _page(self, template: str, here: str) -> Response:
        book = self._codebook
        labeling = self._labeling
        return HTMLResponse(
            self._templates.get_template(template).render(
                codebook=book,
                here=here,
                pages=PAGES,
                labeling=f"/{labeling.address.token}/" if labeling else None,
                tones={task.name: tones_of(task) for task in book.tasks},
                suffixes=",".join((*TEXT_SUFFIXES, *TABLES)),
                port=self._address.port,
                limits=self._limits,
                state={
                    "tasks": [
                        {"name": task.name, "labels": task.classes, "tones": tones_of(task)}
                        for task in book.tasks
                    ],
                    "texts": TEXT_SUFFIXES,
                    "limits": asdict(self._limits),
                },
            )
        )


async def _told(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = error.detail if isinstance(error, HTTPException) else "Something went wrong."
    return PlainTextResponse(f"{words.removesuffix('.')}.\n", status)
