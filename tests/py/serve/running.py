"""A real server on a free port, in a thread, and clients of it."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import uvicorn

from goosequill.kernels import load_kernel
from goosequill.loading.load import LoadedModel, load_path
from goosequill.serve.app import Served
from goosequill.serve.models import Models, always
from goosequill.serve.server import open_socket, serve

MODEL = Path(__file__).parents[3] / "site" / "models" / "default"
ENDLESS = {"max_tokens": 100_000, "extra_body": {"ignore_end": True}, "temperature": 0}
"""For an answer that does not end by itself while a test runs."""

PATIENCE = 60
"""Seconds, after which something that is waited for will not happen any more."""


def load(kernel: str = "auto") -> LoadedModel:
    return load_path(MODEL, kernel=load_kernel(kernel))


def only(*loaded: LoadedModel) -> Models:
    """Models that are loaded anyway."""
    return Models([always(each) for each in loaded])


class Running:
    """A server that runs."""

    def __init__(self, served: Served, port: int) -> None:
        self.served, self.port = served, port
        self.base = f"http://127.0.0.1:{port}/v1"

    @property
    def loaded(self) -> LoadedModel:
        """The first model."""
        models = self.served.models
        with models.using(models.names[0]) as ready:
            return ready.loaded

    def client(self, key: str = "none") -> openai.OpenAI:
        return openai.OpenAI(base_url=self.base, api_key=key, max_retries=0)

    def ask(
        self, path: str, body: bytes | None = None, method: str = "", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON of an answer, without a client that knows the API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method or ("POST" if body is not None else "GET"), path, body, names)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        is_json = answer.getheader("content-type") == "application/json"
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, json.loads(text) if is_json else text.decode()

    def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests are being answered."""
        given_up = time.monotonic() + PATIENCE
        while (found := self.ask("/health")[2]["requests"]) != count:
            assert time.monotonic() < given_up, f"{found} requests are still being answered"
            time.sleep(0.01)


@contextmanager
def running(served: Served, **options: Any) -> Iterator[Running]:
    listening = open_socket("127.0.0.1", 0)
    port = listening.getsockname()[1]
    found: list[uvicorn.Server] = []
    thread = threading.Thread(
        target=serve, args=(served, listening), kwargs={**options, "started": found.append}
    )
    thread.start()
    try:
        yield Running(served, port)
    finally:
        while not found:
            time.sleep(0.01)
        found[0].should_exit = True
        thread.join()
