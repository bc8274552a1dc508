"""The ASGI application: which address answers what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from goosequill.openai.http import (
    DONE,
    EVENTS,
    IGNORED,
    JSON,
    TOKENS,
    Refusal,
    Work,
    answering,
    check_model,
    embedding,
    event,
    ignored,
    is_stream,
    models,
    no_answer,
    written,
)
from goosequill.openai.tokens import tokenizer_info
from goosequill.search.embedder import TokenEmbedder
from goosequill.serve.guards import check_host, check_key, read_json
from goosequill.serve.models import Models, busy
from goosequill.serve.refusal import refusal_of
from goosequill.serve.scheduler import BusyError, Scheduler, Task

SLOW_SECONDS = 120
"""In which a reader has to take a part of a stream; one that takes longer has left without a word."""

Answer = Callable[[Request], Awaitable[Any]]
Make = Callable[[Callable[[], bool]], Work]


@dataclass(frozen=True)
class Served:
    """What is served, and to whom.

    Attributes
    ----------
    models
        The language models. Of the same one with several adapters, each is a model: NAME+ADAPTER.
    embedders
        Models for embeddings besides the language models themselves, by name.
    host
        The name or address that the server is bound to.
    key
        What requests have to send; "" for nothing.
    origins
        Origins whose pages may ask.
    site
        A folder of files that is served at all other addresses, to whoever asks.
    """

    models: Models
    embedders: Mapping[str, TokenEmbedder] = field(default_factory=dict)
    host: str = "127.0.0.1"
    key: str = ""
    origins: tuple[str, ...] = ()
    site: Path | None = None

    @property
    def names(self) -> list[str]:
        """The ids of all models, the one that is used where a request names none first."""
        return [*self.models.names, *self.embedders]


class Api:
    """The answers, over the models and one scheduler."""

    def __init__(self, served: Served, scheduler: Scheduler) -> None:
        self._served, self._scheduler = served, scheduler
        self._started = int(time.time())

    def routes(self) -> list[Route]:
        """Return a route for each address."""
        return [
            Route("/health", self._guarded(self._health, key=False)),
            Route("/v1/models", self._guarded(self._models)),
            Route("/v1/models/{id:path}", self._guarded(self._models)),
            *(
                Route(f"/v1/{address}", self._guarded(partial(self._asked, address)), methods=["POST"])
                for address in ("chat/completions", "completions", "responses", "embeddings")
            ),
            # As vLLM has them, and beside the others.
            *(
                Route(f"{root}/{address}", self._guarded(partial(self._asked, address)), methods=["POST"])
                for root in ("", "/v1")
                for address in TOKENS
            ),
            *(Route(f"{root}/tokenizer_info", self._guarded(self._tokenizer)) for root in ("", "/v1")),
        ]

    def _guarded(self, answer: Answer, *, key: bool = True) -> Answer:
        async def guarded(request: Request) -> Any:
            try:
                check_host(request, self._served.host)
                check_key(request, self._served.key if key else "")
                return await answer(request)
            except Exception as error:
                return refused(refusal_of(error))

        return guarded

    async def _health(self, request: Request) -> Response:
        names = self._served.models
        loaded = {"model": names.names[0], "loaded": names.loaded}
        return answer_with({"status": "ok", **loaded, "requests": self._scheduler.count})

    async def _models(self, request: Request) -> Response:
        return answer_with(models(self._served.names, self._started, request.path_params.get("id")))

    async def _tokenizer(self, request: Request) -> Response:
        name = check_model(request.query_params.get("model"), self._served.models.names)
        return await self._whole(request, lambda _: self._described(name))

    def _described(self, name: str) -> Work:
        with self._served.models.using(name) as ready:
            return tokenizer_info(ready.loaded.tokenizer)
        yield  # as all work does

    async def _asked(self, address: str, request: Request) -> Any:
        asked = await read_json(request)
        embedders = self._served.embedders if address == "embeddings" else {}
        name = check_model(asked.get("model"), [*self._served.models.names, *embedders])

        def make(cancelled: Callable[[], bool]) -> Work:
            if name in embedders:
                return embedding(asked, embedders)
            return self._answered(address, name, asked, cancelled)

        return await (
            self._stream(request, make) if is_stream(address, asked) else self._whole(request, make)
        )

    def _answered(
        self, address: str, name: str, asked: Mapping[str, Any], cancelled: Callable[[], bool]
    ) -> Work:
        """Load the model that is asked, if need be, and let it answer."""
        with self._served.models.using(name) as ready:
            found, embedders = ready.loaded, {name: ready.embedder}
            make = answering(address, asked, found.model, found.tokenizer, found.description, embedders)
            return (yield from make(memory=ready.memory, cancelled=cancelled))

    def _submit(self, make: Make) -> Task:
        try:
            return self._scheduler.submit(make)
        except BusyError as error:
            raise busy("The server is busy with other requests.") from error

    async def _whole(self, request: Request, make: Make) -> Response:
        task = self._submit(make)
        async with _watched(task, request.receive):
            async for _ in task.items():
                pass
        return answer_with(task.result, headers=ignored(task.result))

    async def _stream(self, request: Request, make: Make) -> EventStream:
        """Wait for the first chunk, so that what is wrong with the request gets its status."""
        task = self._submit(make)
        chunks = task.items()
        async with _watched(task, request.receive, keeps=True):
            first = await anext(chunks, None)
        return EventStream(task, first, chunks)


@asynccontextmanager
async def _watched(task: Task, receive: Receive, *, keeps: bool = False) -> AsyncIterator[None]:
    """Cancel a task when its client leaves or the block ends, unless it ends well and the task is kept."""
    watching = asyncio.create_task(_until_left(receive))
    watching.add_done_callback(lambda done: None if done.cancelled() else task.cancel())
    try:
        yield
    except BaseException:
        task.cancel()
        raise
    finally:
        watching.cancel()
        await asyncio.wait([watching])
    if not keeps:
        task.cancel()


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class ClientLeftError(Exception):
    """The client of a stream has left, or does not read it."""


class EventStream:
    """Server-sent events: a chunk each, and at last ``[DONE]``, or an error."""

    def __init__(self, task: Task, first: Any, chunks: Any) -> None:
        self._task, self._first, self._chunks = task, first, chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they end or the client leaves."""
        headers = [(b"content-type", EVENTS.encode()), (b"cache-control", b"no-store")]
        headers += [(name.encode(), value.encode()) for name, value in ignored(self._first or {}).items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async with _watched(self._task, receive):
                await self._send_all(partial(_send_text, send))
        except ClientLeftError:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Callable[[str], Awaitable[None]]) -> None:
        try:
            if self._first is not None:
                await send(event(self._first))
            async for chunk in self._chunks:
                await send(event(chunk))
        except ClientLeftError:
            raise
        except Exception as error:
            await send(event(refusal_of(error).body))
        else:
            await send(DONE)


async def _send_text(send: Send, text: str) -> None:
    try:
        async with asyncio.timeout(SLOW_SECONDS):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
    except OSError as error:  # a timeout, too
        raise ClientLeftError from error


def answer_with(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response of JSON."""
    return Response(written(value), status, headers, JSON)


def refused(refusal: Refusal) -> Response:
    """Return the response for a refusal."""
    return answer_with(refusal.body, refusal.status, refusal.headers)


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refused(no_answer(status))


def make_app(served: Served, scheduler: Scheduler) -> Starlette:
    """Return the ASGI application."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(served.origins),
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=[IGNORED, "retry-after"],
        allow_private_network=True,
    )
    routes: list[BaseRoute] = [*Api(served, scheduler).routes()]
    if served.site:
        routes.append(Mount("/", StaticFiles(directory=served.site, html=True)))
    return Starlette(
        routes=routes,
        middleware=[cors] if served.origins else [],
        exception_handlers={HTTPException: _no_route},
    )
