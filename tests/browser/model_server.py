"""A small server with an OpenAI-compatible API on an origin of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ModelServer:
    """What it was asked, and how it answers."""

    address: str
    key: str
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Each path with its body."""
    endless: threading.Event = field(default_factory=threading.Event)
    """While set, an answer goes on until its reader leaves."""
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a reader has left an answer."""


@contextmanager
def serve_model(origin: str, key: str) -> Iterator[ModelServer]:
    """A server that pages of `origin` may ask, with the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            self.begin(204)

        def do_GET(self) -> None:
            self.answer({"object": "list", "data": [{"id": "test-goose"}, {"id": "other"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.requests.append((self.path, body))
            if self.headers["Authorization"] != f"Bearer {key}":
                return self.answer({"error": {"message": "There is no such key."}}, status=401)
            self.begin(200, "text/event-stream")
            chat = self.path.endswith("/chat/completions")
            asked = body["messages"][0]["content"] if chat else body["prompt"]
            for piece in (f"{asked}: ", "<b>written</b>"):
                choice = {"delta": {"content": piece}} if chat else {"text": piece}
                self.send({"choices": [choice]})
            try:
                while served.endless.is_set():
                    self.send({"choices": [{"text": "."}]})
                    time.sleep(0.02)  # an answer that is too long would end by itself
                self.wfile.write(b"data: [DONE]\n\n")
            except OSError:
                served.left.set()

        def send(self, event: dict[str, Any]) -> None:
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

        def answer(self, value: dict[str, Any], *, status: int = 200) -> None:
            self.begin(status, "application/json")
            self.wfile.write(json.dumps(value).encode())

        def begin(self, status: int, kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Headers", "authorization, content-type")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = ModelServer(f"http://127.0.0.1:{server.server_port}/v1", key)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield served
    finally:
        served.endless.clear()
        server.shutdown()
        server.server_close()
