"""Serve a folder on this machine's loopback, so that a notebook in a browser here can read a built site.

Nothing but the folder's files is served, and other machines cannot reach it. Any page may read the files:
notebooks have an origin of their own, and a built site has nothing that is private.
"""

from __future__ import annotations

import io
import threading
from functools import cache, partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

from goosequill.errors import FileFormatError
from goosequill.support.links import leads_out

SCRIPT = "embed/goosequill.js"
"""The element, in a built site."""
TYPES = {
    **SimpleHTTPRequestHandler.extensions_map,
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
}
"""A browser refuses scripts of another type; what the system says of endings may be wrong."""


class Handler(SimpleHTTPRequestHandler):
    """The files of a folder, for pages of any origin."""

    protocol_version = "HTTP/1.1"
    extensions_map = TYPES

    def end_headers(self) -> None:
        """Let other origins read the file, and also those that are isolated."""
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        super().end_headers()

    def list_directory(self, path: str | object) -> io.BytesIO | IO[bytes] | None:  # type: ignore[override]
        """Name no files."""
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def send_head(self) -> io.BytesIO | IO[bytes] | None:  # type: ignore[override]
        """Send no file outside of the folder, to which a link leads."""
        path = Path(self.translate_path(self.path))
        if any(
            leads_out(Path(self.directory), each) for each in (path, path / "index.html", path / "index.htm")
        ):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing into the notebook."""


@cache
def serve_folder(folder: Path) -> str:
    """Return the address at which a built site's folder is served, until this process ends.

    Parameters
    ----------
    folder
        An absolute path. A folder is served once, however often it is asked for.

    Raises
    ------
    FileFormatError
        ``file-missing``: the folder has no built site.
    """
    if not (folder / SCRIPT).is_file():
        raise FileFormatError(
            f"There is no built site in {folder}: it has no {SCRIPT}.",
            code="file-missing",
            remedy="Build the site, or unpack goosequill-site.zip, and give its folder.",
        )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"
