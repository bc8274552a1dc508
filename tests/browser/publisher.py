"""A server of model files on an origin of its own: ranges, CORS, and a note of every request."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Read = Callable[[int, int], bytes]
"""(offset, length) -> bytes."""


@dataclass
class Publisher:
    """Files by path: how long each is, and how its bytes are read; and what was asked for."""

    url: str
    files: dict[str, tuple[int, Read]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    modified: str = "Tue, 24 Nov 2026 12:00:00 GMT"
    """When all of them were changed the last time."""
    open: bool = True
    """Whether other sites may read them (CORS)."""

    def add(self, path: str, size: int, read: Read) -> str:
        """Publish a file and return its address."""
        self.files["/" + path] = (size, read)
        return self.url + path

    def add_file(self, file: Path) -> str:
        """Publish a file of the disk."""

        def read(offset: int, length: int) -> bytes:
            with open(file, "rb") as opened:
                opened.seek(offset)
                return opened.read(length)

        return self.add(file.name, file.stat().st_size, read)


@contextmanager
def serve_publisher() -> Iterator[Publisher]:
    """A server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_OPTIONS(self) -> None:
            self.send_response(204)
            self.allow()

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            publisher.asked.append((self.path, asked))
            if self.path not in publisher.files:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.allow()
                return
            size, read = publisher.files[self.path]
            match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked or "")
            first, last = (int(match[1]), int(match[2])) if match else (0, size - 1)
            self.send_response(206 if match else 200)
            if match:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Content-Length", str(last + 1 - first))
            self.send_header("Last-Modified", publisher.modified)
            self.allow()
            try:
                for offset in range(first, last + 1, 1 << 20):
                    self.wfile.write(read(offset, min(1 << 20, last + 1 - offset)))
            except ConnectionError:
                self.close_connection = True

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.allow()

        def allow(self) -> None:
            if publisher.open:
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "Range")
                self.send_header("Access-Control-Expose-Headers", "Content-Range")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    publisher = Publisher(f"http://127.0.0.1:{server.server_port}/")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
