"""A small site in several versions, with the real service worker: every response says of which version it is.

A page fetches nothing after its start until a test lets it, and registers the service worker no sooner.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from scripts.offline import write_precache
from scripts.serve import make_server
from scripts.versions import gather, versioned

from .conftest import PREFIX, ROOT
from .engines.tab import Tab

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{name}</title>
<script defer src="../gone.js"></script>
<script src="../app/settle.js"></script>
<script type="module" src="../ui/everywhere.js"></script>
<script type="module" src="../app/main.js"></script></head>
<body data-version="{name}"><h1>{name}</h1><textarea></textarea></body>
</html>
"""
SETTLE = """
const later = setTimeout;
globalThis.setTimeout = (act, delay, ...rest) => {
  if (delay === 1000) globalThis.settle = act; // offline.js waits so long before it registers
  else return later(act, delay, ...rest);
};
const { register } = ServiceWorkerContainer.prototype;
ServiceWorkerContainer.prototype.register = async function (...given) {
  return (globalThis.registered = await register.apply(this, given));
};
"""
MAIN = """
const ask = (worker) => new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = () => reject(new Error("refused"));
});
const at = (path) => new URL(path, import.meta.url);
const text = async (path) => {
  const response = await fetch(at(path));
  if (!response.ok) throw new Error(`refused with ${response.status}`);
  return await response.text();
};
const uses = {
  script: (n) => import(`./lazy-${n}.js`).then(({ name }) => [name]),
  shell: () => text("shell.json").then((name) => [name]),
  part: () => text("../python/part.json").then((name) => [name]),
  worker: () => ask(new Worker(at("worker.js"), { type: "module" })).catch(async (error) => {
    await text("shell.json"); // as a page does when it shows an error: ui/status.js
    throw error;
  }),
  own: (n) => text(`only-NAME-${n}.json`).then((name) => [name]),
};
globalThis.seen = [document.body.dataset.version, "NAME"];
globalThis.use = (kind, n) => uses[kind](n).then(
  (names) => { seen.push(...names); return "used"; },
  (error) => String(error),
);
"""
WORKER = """
import { name } from "./lazy-0.js";
const part = await fetch("../python/part.json").then((found) => found.ok ? found.text() : "refused");
// No sooner: Firefox may never load the script of a worker that another starts while it fetches something.
const nested = new Worker("nested.js", { type: "module" });
nested.onmessage = ({ data }) =>
  postMessage(["NAME", name, part, ...data].filter((each) => each !== "refused"));
nested.onerror = () => postMessage(["NAME"]);
"""
NESTED = """
import { name } from "./lazy-1.js";
const part = await fetch("../python/part.json").then((found) => found.ok ? found.text() : "refused");
postMessage(["NAME", name, part]);
"""
LAZY = """export const name = "NAME";"""
SCRIPTS = {"settle.js": SETTLE, "main.js": MAIN, "worker.js": WORKER, "nested.js": NESTED}
SCRIPTS |= {f"lazy-{n}.js": LAZY for n in range(4)}


def write_site(folder: Path, name: str) -> None:
    """Write the site of one version, which has a page and two files of its own."""
    for page in ("one", "two", f"new-{name}"):
        (folder / page).mkdir(parents=True)
        (folder / page / "index.html").write_text(PAGE.format(name=name), encoding="utf-8")
    for path in ("app", "python", "ui"):
        (folder / path).mkdir()
    for path, script in SCRIPTS.items():
        (folder / "app" / path).write_text(script.replace("NAME", name), encoding="utf-8")
    for path in ("app/shell", "python/part", f"app/only-{name}-0", f"app/only-{name}-1"):
        (folder / f"{path}.json").write_text(name, encoding="utf-8")
    for file in (versioned(ROOT / "dist") / "ui").glob("*.js"):
        shutil.copy(file, folder / "ui")
    for path in ("sw.js", "gone.js"):
        shutil.copy(ROOT / "dist" / path, folder)
    gather(folder)
    write_precache(folder)


class Deployments:
    """A served folder whose files are replaced in place, as static hosts do."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.served, self.sources = folder / "served", folder
        self.served.mkdir()
        for name in names:
            write_site(folder / name, name)
        self.times = count(1_000_000_000, 10)  # a server compares them in seconds
        self.meanwhile = ""
        """The version that is deployed when the next page has been read, before it is sent."""

    def deploy(self, name: str, *, half: bool = False) -> None:
        """Replace all files, or only the first half of them."""
        source = self.sources / name
        new = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
        old = {path.relative_to(self.served) for path in self.served.rglob("*") if path.is_file()}
        for path in new[: len(new) // 2] if half else new:
            target = self.served / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / path, target.with_name("copied"))
            when = next(self.times)
            os.utime(target.with_name("copied"), (when, when))
            target.with_name("copied").replace(target)
        for path in () if half else old.difference(new):
            (self.served / path).unlink()


@contextmanager
def serving(deployments: Deployments) -> Iterator[str]:
    """Serve what is deployed on an origin of its own; yield the address."""
    server = make_server(deployments.served, prefix=PREFIX)
    handler: Any = server.RequestHandlerClass

    class Deploying(handler.func):  # type: ignore[misc,name-defined]
        def copyfile(self, source: Any, outputfile: Any) -> None:
            version = deployments.meanwhile if self.path.endswith("/") else ""
            if version:
                deployments.meanwhile = ""
                deployments.deploy(version)
            super().copyfile(source, outputfile)

    folder = str(deployments.served)
    server.RequestHandlerClass = lambda *given: Deploying(*given, directory=folder)  # type: ignore
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        server.server_close()


KINDS = ("script", "shell", "part", "worker", "own")
"""What a page uses later: a module, a file that is stored at once, one that is stored on first use, a worker
that starts another, and a file that no other version has."""
ALL = ["used"] * len(KINDS)


def use(tab: Tab, kind: str, number: int = 0) -> str:
    """Let a page fetch what it has not needed so far; return "used", or why it was refused."""
    tab.wait("() => globalThis.use !== undefined")
    result: str = tab.js("([kind, number]) => use(kind, number)", [kind, number])
    return result


def use_all(tab: Tab) -> list[str]:
    return [use(tab, kind) for kind in KINDS]


def seen(tab: Tab) -> set[str]:
    """The versions whose parts a page has got."""
    return set(tab.js("() => [...(globalThis.seen ?? []), ...(document.body.dataset.version ?? [])]"))


def settle(tab: Tab) -> None:
    """Let a page look for a service worker, and wait until that is installed or has failed."""
    tab.wait("() => globalThis.settle !== undefined")
    tab.js("() => settle()")
    tab.wait("() => globalThis.registered !== undefined")
    tab.js("() => registered.update().catch(() => {})")
    tab.wait("() => registered.installing === null")


def until_ready(tab: Tab) -> None:
    """Wait until a page works, or says why not; it may reload before."""
    ready = """() => globalThis.use !== undefined || document.body.textContent.includes("updated") ||
      document.querySelector("script[src$='main.js']") === null"""
    found = False
    while not found:
        with suppress(Exception):  # there is no page at the moment
            found = tab.js(ready)


def until_controlled(tab: Tab) -> None:
    tab.wait("() => navigator.serviceWorker.controller !== null")


def until_version(tab: Tab, version: str) -> None:
    """Wait until a page that is being left has been replaced by a page of a version."""
    ready = "(version) => globalThis.use !== undefined && document.body.dataset.version === version"
    found = False
    while not found:
        with suppress(Exception):  # there is no page at the moment
            found = tab.js(ready, version)
