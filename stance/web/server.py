"""Runs a local page: one process, the loopback address, until it is told to stop."""

import os
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from stance.errors import StanceError
from stance.web.safety import LOOPBACK, Address

STOP_SECONDS = 3  # for answers under way when it is told to stop


def serve(
    make_app: Callable[[Address], ASGIApp],
    *,
    token: str,
    port: int = 0,
    on_ready: Callable[[Address], None] | None = None,
) -> None:
    """Serve an application on 127.0.0.1 until Ctrl-C or a SIGTERM; answers under way are finished.

    Parameters
    ----------
    make_app
        Is given the address, port included, and returns the application; see `labeling_app`.
    token
        The secret in the address. With the same token and port as before, pages that are still open
        go on where they were.
    port
        0 takes any that is free.
    on_ready
        Is told the address once requests are answered there.

    Raises
    ------
    StanceError
        If the port is taken, or the token is not fit for an address.
    """
    listening = _listen(port)
    try:
        address = Address(port=listening.getsockname()[1], token=token)
        config = uvicorn.Config(
            make_app(address),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        _Server(config, lambda: on_ready and on_ready(address)).run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # how a person ends it; uvicorn has stopped by then
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        # A port is free again at once after a crash. On Windows the option means another thing: a
        # second program could take the port from the first.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or error
        raise StanceError(
            f"{LOOPBACK}:{port}: cannot be served: {reason}; is it served already? Else give "
            "another --port"
        ) from None
    return listening
