"""Runs the application: the socket, uvicorn, limits for connections, and a quick end on Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from goosequill.errors import SettingsError
from goosequill.serve.app import Served, make_app
from goosequill.serve.scheduler import MOST_TASKS, Scheduler

MOST_CONNECTIONS = 256
HEADER_SECONDS = 10
"""In which a connection has to send the header of its next request; uvicorn has no limit for that."""


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
    header_seconds: float = HEADER_SECONDS,
    started: Callable[[uvicorn.Server], None] | None = None,
) -> None:
    """Answer requests until Ctrl-C or SIGTERM, or until the server that `started` gets is told to exit."""
    scheduler = Scheduler(most=most)
    connection: Any = partial(Connection, header_seconds=header_seconds)
    config = uvicorn.Config(
        make_app(served, scheduler),
        http=connection,
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


class Connection(H11Protocol):
    """Aborts a connection that has no request to answer and does not send the header of the next one in time.

    Where its client still reads the last answer, it gets more time.

    Parameters
    ----------
    header_seconds
        From when the connection is open or its last answer is complete to the end of the next header.
    """

    def __init__(self, *arguments: Any, header_seconds: float, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._header_seconds = header_seconds
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first header."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._forget()

    def handle_events(self) -> None:
        """Handle what has arrived, such as the end of a header."""
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next header."""
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; in the body of a request, it ends the request, too."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            if self.cycle is not None:
                self.cycle.disconnected = True
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._deadline is None:
            unread = self.transport.get_write_buffer_size()
            self._deadline = self.loop.call_later(self._header_seconds, self._end, unread)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self, unread: int) -> None:
        self._deadline = None
        if 0 < self.transport.get_write_buffer_size() < unread:
            self._watch()
        else:
            self.transport.abort()


class _Server(uvicorn.Server):
    """Ends answers that are being written at once, instead of waiting for them."""

    def __init__(self, config: uvicorn.Config, scheduler: Scheduler) -> None:
        super().__init__(config)
        self._scheduler = scheduler

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on SIGINT and SIGTERM; both are the usual end of a server."""
        self._scheduler.stop()
        super().handle_exit(signal.SIGINT, frame)
