"""A third-party page on its own origin that embeds Goosequill."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A host page</title>
<link rel="icon" href="data:,">{head}</head><body>{body}</body></html>"""


@dataclass
class Host:
    """Pages by path, each with an optional policy in its headers."""

    url: str
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, path: str, body: str, *, head: str = "", policy: str = "") -> str:
        """Add a page and return its address."""
        self.pages["/" + path] = (PAGE.format(head=head, body=body), policy)
        return self.url + path


@contextmanager
def serve_host() -> Iterator[Host]:
    """A server on loopback for the added pages."""
    pages: dict[str, tuple[str, str]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html, policy = pages.get(self.path.split("?")[0], ("", ""))
            self.send_response(200 if html else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Host(f"http://127.0.0.1:{server.server_port}/", pages)
    finally:
        server.shutdown()
        server.server_close()
