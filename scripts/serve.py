"""Serve a built site on loopback, as a static host would, for development and for tests.

    python scripts/serve.py                          http://127.0.0.1:8000/
    python scripts/serve.py --prefix /goosequill/    as on a project's GitHub Pages
    python scripts/serve.py --isolate                with the two headers that threads need

It supports GET and HEAD, byte ranges and conditional requests. It is not meant for production.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
DIST, UNSHIPPED = ROOT / "dist", ROOT / "build" / "unshipped"
"""Beside the site, what the build has set aside for developers and tests is served as well."""
TYPES = {
    **SimpleHTTPRequestHandler.extensions_map,
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".safetensors": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".whl": "application/octet-stream",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}


class Section(io.RawIOBase):
    """The bytes [start, end) of an open file, as a file object."""

    def __init__(self, source: IO[bytes], start: int, end: int) -> None:
        self.source = source
        self.left = end - start
        source.seek(start)

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data

    def close(self) -> None:
        self.source.close()


class Handler(SimpleHTTPRequestHandler):
    """Static files under a prefix. HTTP/1.1, so that browsers reuse connections."""

    protocol_version = "HTTP/1.1"
    extensions_map = TYPES
    prefix = "/"
    isolate = False
    quiet = False

    def send_head(self) -> io.BytesIO | IO[bytes] | None:  # type: ignore[override]
        path = urlsplit(self.path).path
        if path == self.prefix.rstrip("/") or (path == "/" and self.prefix != "/"):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self.prefix)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        if not path.startswith(self.prefix):
            self.send_error(HTTPStatus.NOT_FOUND, f"The site is served under {self.prefix}")
            return None
        if self.headers.get("Range"):
            return self.send_range(self.headers["Range"])
        return super().send_head()

    def translate_path(self, path: str) -> str:
        found = super().translate_path("/" + path.removeprefix(self.prefix))
        if self.directory == str(DIST) and not os.path.exists(found):
            return str(UNSHIPPED) + found.removeprefix(str(DIST))
        return found

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the site's own page for an address that does not exist, as static hosts do."""
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code, message)
        self.send_header("Content-Type", TYPES[".html"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_range(self, wanted: str) -> io.BytesIO | IO[bytes] | None:
        """Answer a single byte range with 206, an unsatisfiable one with 416, anything else in full."""
        path = Path(self.translate_path(self.path))
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted.strip())
        if not path.is_file() or match is None or match.groups() == ("", ""):
            return super().send_head()
        size = path.stat().st_size
        first, last = match.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if start >= end:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Last-Modified", self.date_time_string(path.stat().st_mtime))
        self.end_headers()
        return Section(path.open("rb"), start, end)  # type: ignore[return-value]

    def end_headers(self) -> None:
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(
            "Access-Control-Allow-Origin", "*"
        )  # as GitHub Pages does: pages elsewhere may embed
        if self.isolate:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        if not self.quiet:
            super().log_message(format, *args)

    def copyfile(self, source: Any, outputfile: Any) -> None:
        try:
            super().copyfile(source, outputfile)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the browser cancelled the request or was closed


class Server(ThreadingHTTPServer):
    """Prints no traceback when a browser closes a connection early."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def normal_prefix(text: str) -> str:
    """Return the prefix with one slash at each end."""
    inner = text.strip("/")
    return f"/{inner}/" if inner else "/"


def make_server(
    folder: Path, *, port: int = 0, prefix: str = "/", isolate: bool = False, quiet: bool = True
) -> ThreadingHTTPServer:
    """Return a server bound to loopback that is not serving yet; port 0 means any free port."""
    settings = {"prefix": normal_prefix(prefix), "isolate": isolate, "quiet": quiet}
    handler: Callable[..., Handler] = partial(
        type("SiteHandler", (Handler,), settings), directory=str(folder)
    )
    return Server(("127.0.0.1", port), handler)


def open_server(options: argparse.Namespace) -> ThreadingHTTPServer:
    """Bind the requested port; without one, 8000 or the next free port."""
    candidates = [options.port] if options.port is not None else [*range(8000, 8020), 0]
    for port in candidates:
        try:
            return make_server(
                options.folder, port=port, prefix=options.prefix, isolate=options.isolate, quiet=options.quiet
            )
        except OSError as error:
            last_error = error
    raise last_error


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Serve the built site on 127.0.0.1.")
    parser.add_argument("folder", nargs="?", type=Path, default=DIST, help="default: dist/")
    parser.add_argument("--port", type=int, help="default: 8000, or the next free one")
    parser.add_argument(
        "--prefix", default="/", help="path under which the site appears, such as /goosequill/"
    )
    parser.add_argument("--isolate", action="store_true", help="send COOP and COEP, which threads need")
    parser.add_argument("--quiet", action="store_true", help="do not log requests")
    options = parser.parse_args(arguments)
    if not (options.folder / "index.html").is_file():
        print(f"serve: {options.folder} has no index.html; run make build first", file=sys.stderr)
        return 1
    try:
        server = open_server(options)
    except OSError as error:
        print(f"serve: port {options.port}: {os.strerror(error.errno or 0)}", file=sys.stderr)
        return 1
    print(
        f"Goosequill is at http://127.0.0.1:{server.server_port}{normal_prefix(options.prefix)}", flush=True
    )
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
