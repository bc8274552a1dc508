"""Runs the application: the socket, uvicorn, and a quick end on Ctrl-C."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from goosequill.errors import SettingsError
from goosequill.serve.app import Served, make_app
from goosequill.serve.scheduler import MOST_TASKS, Scheduler

MOST_CONNECTIONS = 256


def open_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises
    ------
    SettingsError
        ``serve-address``: the address is taken, or not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(
            f"The server cannot listen at {host}, port {port}: {reason}.", code="serve-address"
        ) from error


def serve(
    served: Served,
    listening: socket.socket,
    *,
    most: int = MOST_TASKS,
    started: Callable[[uvicorn.Server], None] | None = None,
) -> None:
    """Answer requests until Ctrl-C or SIGTERM, or until the server that `started` gets is told to exit."""
    scheduler = Scheduler(most=most)
    config = uvicorn.Config(
        make_app(served, scheduler),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config, scheduler)
    if started:
        started(server)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn raises the signal again once all is closed
        pass
    finally:
        scheduler.stop()
        scheduler.join()
        listening.close()


class _Server(uvicorn.Server):
    """Ends answers that are being written at once, instead of waiting for them."""

    def __init__(self, config: uvicorn.Config, scheduler: Scheduler) -> None:
        super().__init__(config)
        self._scheduler = scheduler

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on SIGINT and SIGTERM; both are the usual end of a server."""
        self._scheduler.stop()
        super().handle_exit(signal.SIGINT, frame)
