"""The work behind pages and API: what it is, how much of it is taken, and who waits for whom."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from stance.comparison.result import Comparison
from stance.errors import StanceError
from stance.records import Article, ClassifiedUnit, Unit

P = ParamSpec("P")
T = TypeVar("T")

Prepared = tuple[Article, Sequence[Unit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the commands do, given by whoever starts the server; one model is loaded for all."""

    model: str  # name@hash
    prepare: Callable[[Sequence[Article]], Sequence[Prepared]]
    classify: Callable[[Article, Sequence[Unit], float | None], Sequence[ClassifiedUnit]]
    row: Callable[[ClassifiedUnit], Mapping[str, Any]]  # as `stance classify` writes it
    compare: Callable[[Sequence[Article], Sequence[ClassifiedUnit], int], Comparison]
    page: Callable[[Comparison], str]  # the report, as HTML


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is taken at a time; the commands take more."""

    n_bytes: int = 16_000_000  # of a request
    n_articles: int = 500
    n_characters: int = 1_000_000  # of an article
    n_units: int = 20_000
    seconds: float = 600  # from the request to its last label
    n_requests: int = 64  # under way or waiting


class RefusalError(StanceError):
    """A request that is not done, with its HTTP status; the message says what to do."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Line:
    """Those who want the model: one at a time, a piece of work each, in order of coming.

    A request of many pieces stands in line anew for each, so a short one waits for a piece of
    each other request, not for all of them.
    """

    def __init__(self, limits: Limits) -> None:
        self.n_requests = 0
        self._limits = limits
        self._model, self._statistics = asyncio.Lock(), asyncio.Lock()  # both first come first

    @contextmanager
    def place(self) -> Iterator[float]:
        """Hold a place for a request; give the time by which it must be done.

        Raises
        ------
        RefusalError
            503, if too many requests are under way.
        """
        if self.n_requests >= self._limits.n_requests:
            raise RefusalError(
                503,
                f"{self.n_requests} requests are under way, and no more may wait. Ask again in a "
                "few seconds.",
            )
        self.n_requests += 1
        try:
            yield monotonic() + self._limits.seconds
        finally:
            self.n_requests -= 1

    async def with_model(
        self, until: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a piece of work in a thread when it is its turn."""
        return await self._turn(self._model, until, function, *args, **kwargs)

    async def statistics(
        self, until: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a comparison in a thread, one at a time; the model meanwhile works for others."""
        return await self._turn(self._statistics, until, function, *args, **kwargs)

    async def _turn(
        self,
        lock: asyncio.Lock,
        until: float,
        function: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        async with lock:
            if monotonic() > until:
                raise RefusalError(
                    503,
                    f"It took longer than {self._limits.seconds:g} s, so it was stopped. Send "
                    "fewer articles, ask again when less is under way, or use the commands, which "
                    "have no such limit.",
                )
            # A thread that runs is waited for, even if whoever asked has gone: the lock means it.
            return await run_in_threadpool(function, *args, **kwargs)
