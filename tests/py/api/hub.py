"""A host of models on this machine, which can break off, forget how to resume, and change its files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.serving import serving


class Hub(ThreadingHTTPServer):
    """Serves `files`, by address.

    Attributes
    ----------
    asked
        (address, Range header) of every request.
    breaks
        After how many bytes each of the next answers breaks off.
    resumes
        Whether ranges are answered.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.breaks: list[int] = []
        self.resumes = True
        self.tag = '"1"'

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        hub, asked = self.server, self.headers.get("Range") or ""
        hub.asked.append((self.path, asked))
        data = hub.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        match = re.fullmatch(r"bytes=(\d+)-", asked)
        same = self.headers.get("If-Range") in (None, hub.tag)
        start = int(match[1]) if match and hub.resumes and same else 0
        if start >= len(data) > 0 and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("ETag", hub.tag)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        end = hub.breaks.pop(0) if hub.breaks else len(data)
        self.wfile.write(data[start:end])
        self.close_connection = True


@contextmanager
def running() -> Iterator[Hub]:
    """Run a host while the block runs."""
    hub = Hub()
    with serving(hub):
        yield hub
