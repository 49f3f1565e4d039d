"""What keeps a local page local: who may ask, for what, and what a browser may do with the answer.

A server on the loopback address can still be reached by every page that the same browser has open.
So each address holds a secret, the Host must be ours (a name that somebody points at 127.0.0.1 is
not), a change must come from our own page, and the page itself may run and load only our own files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from secrets import token_urlsafe

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stance.errors import StanceError

LOOPBACK = "127.0.0.1"
MOST_BYTES = 64 * 1024  # of one request's body: a note is far shorter
LEAST_TOKEN = 16  # characters: what `new_token` makes has 22
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",  # the address holds the token
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def new_token() -> str:
    """Return a secret that nobody guesses, fit for the path of an address."""
    return token_urlsafe(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a local page is served: `token` is the first part of every path."""

    port: int
    token: str

    def __post_init__(self) -> None:
        if len(self.token) < LEAST_TOKEN or not re.fullmatch(r"[A-Za-z0-9_-]+", self.token):
            raise StanceError(
                f"the token of a local page has {LEAST_TOKEN} or more of the characters A-Z a-z "
                "0-9 _ -; let stance make a new one"
            )

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return f"http://{LOOPBACK}:{self.port}/{self.token}/"

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser of this machine calls us."""
        names = (LOOPBACK, "localhost", "[::1]")
        hosts = {f"{name}:{self.port}" for name in names}
        return frozenset(hosts.union(names) if self.port == 80 else hosts)  # 80 is left unsaid


class Guard:
    """An ASGI application behind every check of this module.

    Requests that fail one are answered in a sentence; the application never sees them.
    """

    def __init__(self, app: ASGIApp, address: Address, *, most_bytes: int = MOST_BYTES) -> None:
        self.app, self.address, self.most_bytes = app, address, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a saved report brings a stricter policy
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None and scope["method"] == "POST":
            try:
                body = await self._body(receive)
            except ClientDisconnect:
                return  # half a request may say another thing than the whole, and nobody waits
            if body is None:
                refusal = self._sentence(413, self._too_long())
            else:
                receive = _again(body, receive)
        if refusal is not None:
            await refusal(scope, receive, send_safely)
            return
        await self.app(self._inside(scope), receive, send_safely)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self.address.hosts:
            return self._sentence(
                421, f"This page is served to this machine only: open it as {LOOPBACK}."
            )
        return self._unknown(scope, headers)

    def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        """Return why a request to the right host is refused all the same, or None."""
        if not has_token(scope, self.address):
            return self._sentence(
                404, "Nothing is here: open the whole address that stance printed when it started."
            )
        if scope["method"] not in {"GET", "HEAD"} and not self._is_ours(headers):
            return self._sentence(
                403, "Only the page itself may send this: reload it and try again."
            )
        return None

    def _inside(self, scope: Scope) -> Scope:
        """Return a request as the application sees it: below the token."""
        return {**scope, "root_path": f"{scope.get('root_path', '')}/{self.address.token}"}

    def _too_long(self) -> str:
        return f"A request may hold {self.most_bytes} bytes at most."

    def _sentence(self, status: int, words: str) -> Response:
        return PlainTextResponse(words + "\n", status_code=status)

    def _is_ours(self, headers: Headers) -> bool:
        """Return whether a request comes from our own page.

        Under the referrer policy "no-referrer" a browser gives a form's Origin as "null" (Fetch
        standard, "append a request Origin header"); it then says in Sec-Fetch-Site what it hides.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None and site != "same-origin":
            return False
        if origin is None or origin == "null":
            return site == "same-origin"
        return origin.removeprefix("http://") in self.address.hosts

    async def _body(self, receive: Receive) -> bytes | None:
        """Return the whole body of a request, or None if it is too long.

        Raises
        ------
        ClientDisconnect
            If the browser went away before all of it had come.
        """
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > self.most_bytes:
                return None
            if not message.get("more_body", False):
                return bytes(body)


class ApiGuard(Guard):
    """The guard of an API: the token stands in the Authorization header, refusals are JSON.

    A program says nothing of where it asks from. A browser does, and only our own pages may ask.
    """

    def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        # "none" is an address that somebody typed.
        by_a_page = "origin" in headers or headers.get("sec-fetch-site", "none") != "none"
        if by_a_page and not self._is_ours(headers):
            return self._sentence(403, "Another web page may not ask: call the API from a program.")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip().encode(errors="replace")
        if scheme.lower() != "bearer" or not compare_digest(given, self.address.token.encode()):
            refusal = self._sentence(
                401,
                "The token is missing or wrong: send the header 'Authorization: Bearer TOKEN'. "
                "TOKEN is the last part of the address that stance printed when it started.",
            )
            refusal.headers["www-authenticate"] = "Bearer"
            return refusal
        return None

    def _inside(self, scope: Scope) -> Scope:
        return scope

    def _too_long(self) -> str:
        return (
            f"The request is too long: it may hold {self.most_bytes:,} bytes at most. Send fewer "
            "articles at a time, or use the commands, which have no such limit."
        )

    def _sentence(self, status: int, words: str) -> Response:
        return JSONResponse({"error": words}, status_code=status)


def has_token(scope: Scope, address: Address) -> bool:
    """Return whether the first part of a request's path is an address's token."""
    first = scope["path"].removeprefix("/").partition("/")[0]
    return compare_digest(first.encode(errors="replace"), address.token.encode())


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that hands out a body that was read already, then goes on as before."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
