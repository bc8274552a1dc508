"""The built site on an origin of its own, so that no test sees what another one stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

from scripts.serve import make_server
from scripts.versions import TOP

from ..conftest import PREFIX, ROOT

SERVICE_WORKER = "sw.js"
ENGINE_IS_STORED = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  active.postMessage({ type: "status" }, [port2]);
  const { parts, of } = await answer;
  return of > 0 && parts === of;
}"""


@dataclass
class Site:
    """Its address, which ends in a slash, and the paths that were asked for."""

    server: ThreadingHTTPServer
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{PREFIX}"

    @property
    def origin(self) -> str:
        return self.url.removesuffix(PREFIX)

    def stop(self) -> None:
        """Be gone, as without a network."""
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def serve_site(*, isolate: bool = False, missing: Sequence[str] = ()) -> Iterator[Site]:
    """dist/ on a free port, without some files; `isolate` sends the headers that threads need."""
    server = make_server(ROOT / "dist", prefix=PREFIX, isolate=isolate)
    site = Site(server)

    class Handler(server.RequestHandlerClass.func):  # type: ignore[attr-defined,misc]
        def do_GET(self) -> None:
            if TOP.sub("", self.path.removeprefix(PREFIX)) in missing:
                return self.send_error(404)
            super().do_GET()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            site.asked.append(self.path)

    server.RequestHandlerClass = lambda *args: Handler(*args, directory=str(ROOT / "dist"))  # type: ignore
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.stop()
