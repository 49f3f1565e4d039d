"""The HTTP API: classify and compare, in one answer or line by line as it comes.

Both answers are made of the same events, so that a program which streams sees what one which waits
sees. The event loop only hands out: reading, splitting and the model work in threads.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from time import monotonic
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from stance.codebook import Codebook
from stance.errors import StanceError
from stance.records import Article, ClassifiedUnit, Unit
from stance.terminal_text import printable
from stance.web.intake import Asked, read_request
from stance.web.openapi import openapi
from stance.web.work import Limits, Line, Prepared, RefusalError, Work

LINES = "application/x-ndjson"
# The units of most articles: their labels are then those of `stance classify` on the article alone.
PIECE_UNITS = 64
WAIT_SECONDS = 5  # what a caller is told when too many wait
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")

Event = dict[str, Any]


class Api:
    """The routes below /api/.

    Parameters
    ----------
    keep
        Is given the report of a comparison, and returns the address under which it can be opened.
    on_trouble
        Is told of an error that nobody expected.
    """

    def __init__(
        self,
        work: Work,
        codebook: Codebook,
        limits: Limits,
        keep: Callable[[str], str],
        on_trouble: Callable[[str], None] | None,
    ) -> None:
        self._work, self._codebook, self._limits = work, codebook, limits
        self._keep, self._on_trouble = keep, on_trouble
        self._line = Line(limits)
        self._openapi = openapi(limits, codebook)

    def app(self) -> Starlette:
        """Return the application; it is to stand behind an `ApiGuard`."""
        return Starlette(
            routes=[
                Route("/api/classify", self.classify, methods=["POST"]),
                Route("/api/compare", self.compare, methods=["POST"]),
                Route("/api/health", self.health),
                Route("/api/openapi.json", self.description),
            ],
            exception_handlers={
                HTTPException: self._told,
                StanceError: self._told,
                Exception: self._told,
            },
        )

    async def health(self, request: Request) -> Response:
        """Say that it answers, and what it runs."""
        return JSONResponse(
            {
                "status": "ok",
                "version": version("stance"),
                "model": self._work.model,
                "codebook": self._codebook.reference,
                "n_requests": self._line.n_requests,
                "limits": asdict(self._limits),
            }
        )

    async def description(self, request: Request) -> Response:
        """Give the description of this API."""
        return JSONResponse(self._openapi)

    async def classify(self, request: Request) -> Response:
        """Label every unit of the articles asked about."""
        events = self._classify(await request.body())
        if LINES in request.headers.get("accept", ""):
            return await self._stream(events)
        answer: Event = {"articles": [], "units": []}
        async for event in _while_wanted(events, request):
            told = {key: value for key, value in event.items() if key != "event"}
            if event["event"] in ("article", "unit"):
                answer[f"{event['event']}s"].append(told)
            else:
                answer |= told
        return _json(await run_in_threadpool(_bytes, answer))

    async def compare(self, request: Request) -> Response:
        """Compare the outlets of the articles asked about."""
        events = self._compare(await request.body())
        if LINES in request.headers.get("accept", ""):
            return await self._stream(events)
        answer: Event = {}
        async for event in _while_wanted(events, request):
            if event.get("notices"):
                answer["notices"] = event["notices"]
            answer = event.get("comparison", {}) | answer
        return _json(await run_in_threadpool(_bytes, answer))

    async def _classify(self, body: bytes) -> AsyncIterator[Event]:
        with self._line.place() as until:
            begun, n_units = monotonic(), 0
            asked, prepared = await self._read(body)
            yield self._start(asked, prepared)
            async for article, units, found in self._labeled(prepared, asked.abstain, until):
                if found is None:
                    yield _article(article, units)
                    continue
                for row in await run_in_threadpool(self._rows, article, units, found):
                    yield {"event": "unit"} | row
                n_units += len(found)
            yield {"event": "end", "n_units": n_units, "seconds": round(monotonic() - begun, 3)}

    async def _compare(self, body: bytes) -> AsyncIterator[Event]:
        with self._line.place() as until:
            begun = monotonic()
            asked, prepared = await self._read(body)
            if asked.abstain is not None:
                raise RefusalError(422, "abstain: a comparison counts every unit. Leave it out.")
            labeled: list[ClassifiedUnit] = []
            articles = [article for article, _ in prepared]
            unknown = [article.id for article in articles if not article.source]
            if unknown:
                raise RefusalError(
                    422,
                    f"the outlet of {len(unknown)} of {len(articles)} articles is unknown, "
                    f"{unknown[0]} first. Give its 'source' beside it, or in its front matter.",
                )
            yield self._start(asked, prepared)
            async for article, units, piece in self._labeled(prepared, None, until):
                if piece is None:
                    yield _article(article, units)
                else:
                    labeled += piece

            def compared() -> Event:
                comparison = self._work.compare(articles, labeled, len(asked.failures))
                report = self._keep(self._work.page(comparison))
                return {"report": report, "comparison": asdict(comparison)}

            found = await self._line.statistics(until, compared)
            seconds = round(monotonic() - begun, 3)
            yield {"event": "end", "n_units": len(labeled), "seconds": seconds} | found

    async def _read(self, body: bytes) -> tuple[Asked, Sequence[Prepared]]:
        """Return what is asked for, with the units of its articles."""

        def read() -> tuple[Asked, Sequence[Prepared]]:
            asked = read_request(body, self._limits)
            return asked, self._work.prepare(asked.articles)

        asked, prepared = await run_in_threadpool(read)
        n_units = sum(len(units) for _, units in prepared)
        if n_units > self._limits.n_units:
            raise RefusalError(
                413,
                f"the articles: they hold {n_units:,} units, and at most {self._limits.n_units:,} "
                "are taken at a time. Send fewer, or use the commands, which have no such limit.",
            )
        return asked, prepared

    async def _labeled(
        self, prepared: Sequence[Prepared], abstain: float | None, until: float
    ) -> AsyncIterator[tuple[Article, Sequence[Unit], Sequence[ClassifiedUnit] | None]]:
        """Yield each article with None, then its units piece by piece as the model labels them."""
        for article, units in prepared:
            yield article, units, None
            for start in range(0, len(units), PIECE_UNITS):
                piece = units[start : start + PIECE_UNITS]
                found = await self._line.with_model(
                    until, self._work.classify, article, piece, abstain
                )
                yield article, units, found

    def _start(self, asked: Asked, prepared: Sequence[Prepared]) -> Event:
        return {
            "event": "start",
            "target": self._codebook.target,
            "model": self._work.model,
            "codebook": self._codebook.reference,
            "n_articles": len(prepared),
            "n_units": sum(len(units) for _, units in prepared),
            "notices": [*asked.notices, *asked.failures],
        }

    def _rows(
        self, article: Article, units: Sequence[Unit], found: Sequence[ClassifiedUnit]
    ) -> list[Event]:
        """Return units as `stance classify` writes them, and whether each begins a paragraph."""
        ends = {unit.index: unit.end for unit in units}
        rows = []
        for classified in found:
            unit = classified.unit
            between = article.original[ends.get(unit.index - 1, 0) : unit.start]
            begins = unit.index == 0 or unit.kind != "sentence" or _BLANK_LINE.search(between)
            rows.append({**self._work.row(classified), "new_paragraph": bool(begins)})
        return rows

    async def _stream(self, events: AsyncIterator[Event]) -> Response:
        """Answer line by line. What is wrong with a request is known before the first line."""
        first = await anext(events)

        async def lines() -> AsyncIterator[bytes]:
            yield _bytes(first)
            try:
                async for event in events:
                    if event["event"] == "end":  # a comparison is long
                        yield await run_in_threadpool(_bytes, event)
                    else:
                        yield _bytes(event)
            except Exception as error:  # the status is sent by now: a line has to say it
                yield _bytes({"event": "error", "error": self._words(error)[1]})

        return StreamingResponse(lines(), media_type=LINES)

    async def _told(self, request: Request, error: Exception) -> Response:
        status, words = self._words(error)
        headers = dict(getattr(error, "headers", None) or {})
        if status == 503:
            headers["retry-after"] = str(WAIT_SECONDS)
        return JSONResponse({"error": words}, status_code=status, headers=headers)

    def _words(self, error: Exception) -> tuple[int, str]:
        """Return the status of an error, and a sentence that may be shown."""
        if isinstance(error, HTTPException):
            known = "the addresses are in /api/openapi.json"
            return error.status_code, f"{error.detail}: {known}."
        if isinstance(error, StanceError):
            status = error.status if isinstance(error, RefusalError) else 422
            return status, printable(str(error).removesuffix(".")) + "."
        if self._on_trouble:
            self._on_trouble(f"the API failed: {type(error).__name__}: {error}")
        return (
            500,
            "Something went wrong here, not in the request; the server's terminal says what.",
        )


async def _while_wanted(events: AsyncIterator[Event], request: Request) -> AsyncIterator[Event]:
    """Yield events until whoever asked has gone."""
    async for event in events:
        yield event
        if event["event"] == "article" and await request.is_disconnected():
            return


def _article(article: Article, units: Sequence[Unit]) -> Event:
    return {
        "event": "article",
        "article_id": article.id,
        "source": article.source,
        "title": article.title,
        "date": article.date,
        "sha256": article.sha256,
        "n_units": len(units),
        "n_repairs": len(article.mended),
    }


def _bytes(answer: Mapping[str, Any]) -> bytes:
    # A lone surrogate, which UTF-8 has no bytes for, becomes its JSON escape.
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
