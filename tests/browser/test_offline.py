"""The site offline, updates from one version to the next, and what the storage page shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect
from scripts.offline import write_precache
from scripts.serve import TYPES, make_server
from scripts.versions import versioned

from .conftest import with_service_worker
from .variants import variants
from .waiting import until

pytestmark = with_service_worker
ROOT = Path(__file__).resolve().parent.parent.parent
LONG = 90_000
PREFIX = "/some/prefix/"


@pytest.fixture
def own_site(tmp_path: Path) -> Path:
    """A copy of the built site that a test may change."""
    return Path(shutil.copytree(ROOT / "dist", tmp_path / "site"))


@contextmanager
def serving(folder: Path, *, port: int = 0) -> Iterator[ThreadingHTTPServer]:
    server = make_server(folder, prefix=PREFIX, port=port)
    # A connection that is kept open would go on being answered when the server is gone.
    server.RequestHandlerClass.func.protocol_version = "HTTP/1.0"  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def url_of(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}{PREFIX}"


def until_controlled(page: Page) -> None:
    page.wait_for_function("() => navigator.serviceWorker.controller")


def generate(page: Page, url: str, text: str) -> str:
    """Generate in the playground and return the text."""
    page.goto(f"{url}playground/?max_new_tokens=6&seed=1&prompt={quote(text)}")
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("status")).to_have_text("Length limit reached after 6 tokens.", timeout=LONG)
    return page.get_by_test_id("output").inner_text()


STATUS = """() => navigator.serviceWorker.ready.then((found) => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => resolve(data);
  found.active.postMessage({ type: "status" }, [port2]);
}))"""


def until_stored(page: Page) -> None:
    """Wait until the service worker has stored every part of the engine."""
    until(page, f"() => ({STATUS})().then(({{ parts, of }}) => parts === of)")


MOVED = "playground/side.html"
OF_EACH_KIND = ("index.html", "compare/index.html", "lab/dilation/index.html", "reference/errors/index.html")
"""An entrance, an application, an experiment and an article."""


@pytest.mark.parametrize("some", variants([OF_EACH_KIND], [None]), ids=["some pages", "every page"])
def test_pages_and_the_model_work_when_the_server_is_gone(page: Page, some: tuple[str, ...] | None) -> None:
    """What is stored is the list of test_pages.py."""
    dist = ROOT / "dist"
    with serving(dist) as server:
        url = url_of(server)
        first = generate(page, url, "It was a fine")
        until_stored(page)
    pages = {path.relative_to(dist).as_posix() for path in dist.rglob("*.html")}
    session = page.context.new_cdp_session(page)
    # Scripts would not end before the next page is opened.
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    for path in some or sorted(pages - {"404.html", "HOW-TO-HOST.html", MOVED}):
        page.goto(url + path.removesuffix("index.html"), wait_until="commit")
        expect(page.locator("h1").first).to_be_attached()
    session.send("Emulation.setScriptExecutionDisabled", {"value": False})
    page.goto(url + MOVED, wait_until="commit")
    expect(page.locator("h1").first).to_be_attached()
    assert generate(page, url, "It was a fine") == first != ""


def search(page: Page, question: str) -> Locator:
    """Type a question into the documentation's search box and return the visible results."""
    box = page.get_by_role("textbox", name="Search the documentation")
    box.fill("")
    box.press_sequentially(question)
    return page.locator(".md-search-result__item").locator("visible=true")


PIECES_ARE_STORED = """async () => {
  for (const name of await caches.keys()) {
    const stored = await (await caches.open(name)).keys();
    if (stored.some(({ url }) => url.includes("/web/pieces-"))) return true;
  }
  return false;
}"""


def test_the_documentation_is_searched_offline_by_words_and_then_by_meaning(page: Page) -> None:
    with serving(ROOT / "dist") as server:
        url, port = url_of(server), server.server_port
        page.goto(f"{url}how-to/offline/")
        until_controlled(page)
    results = search(page, "repetition penalty")
    expect(results.first).to_contain_text("Only words could be compared")
    expect(results.filter(has_text="penalty").first).to_be_visible()
    with serving(ROOT / "dist", port=port):
        page.reload()
        expect(search(page, "how do I make the text less random").first).to_contain_text("Temperature")
        until(page, PIECES_ARE_STORED)
    page.reload()
    results = search(page, "lower the randomness of sampling")
    expect(results.filter(has_text="Temperature").first).to_be_visible()
    expect(results.filter(has_text="Only words")).to_have_count(0)


ENGINE_STARTS = """
  navigator.locks.request("goosequill-startup", { mode: "shared" }, () =>
    new Promise((resolve) => (window.started = resolve)));
"""


def test_the_pages_are_stored_when_no_engine_is_starting_and_a_part_without_space_is_answered(
    page: Page, site_url: str
) -> None:
    """The part was said to belong to a newer version of the site, and no engine started."""
    page.add_init_script(ENGINE_STARTS)
    page.goto(f"{site_url}embed/")
    until(page, "() => navigator.locks.query().then(({ pending }) => pending.length)")
    assert page.evaluate("navigator.serviceWorker.getRegistration().then(Boolean)") is False
    page.evaluate("started()")
    until_controlled(page)
    session = page.context.new_cdp_session(page)
    origin = site_url.removesuffix("/goosequill/")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 100_000})
    path = f"{versioned(ROOT / 'dist').name}/python/snapshot.bin.gz"
    found = page.evaluate(
        """async (url) => {
          const response = await fetch(url);
          const size = (await response.arrayBuffer()).byteLength;
          return { status: response.status, size, stored: Boolean(await caches.match(url)) };
        }""",
        site_url + path,
    )
    size = (ROOT / "dist" / path).stat().st_size
    assert found == {"status": 200, "size": size, "stored": False}


TOKENS = """() => fetch(document.querySelector("link[href$='tokens.css']").href)
  .then((response) => response.text())"""


def test_a_new_version_asks_and_other_caches_are_left_alone(page: Page, own_site: Path) -> None:
    with serving(own_site) as server:
        url = url_of(server)
        page.goto(f"{url}storage/")
        until_controlled(page)
        page.evaluate("caches.open('somebody-elses').then((cache) => cache.put('/x', new Response('x')))")
        before = page.evaluate(STATUS)["version"]
        tokens = versioned(own_site) / "ui" / "tokens.css"
        tokens.write_text(tokens.read_text(encoding="utf-8") + "\n/* changed */\n", encoding="utf-8")
        after = write_precache(own_site)
        assert after != before
        page.reload()
        expect(page.locator(".update-notice")).to_contain_text("new version", timeout=LONG)
        assert page.evaluate(STATUS)["version"] == before, "it took over without asking"
        old = page.evaluate(TOKENS)
        assert "/* changed */" not in old
        page.get_by_role("button", name="Update and reload").click()
        expect(page.get_by_test_id("offline")).to_contain_text(after, timeout=LONG)
        new = page.evaluate(TOKENS)
        assert "/* changed */" in new
        names = page.evaluate("caches.keys()")
        assert "somebody-elses" in names
        versions = [
            name for name in names if name.startswith("goosequill:") and not name.endswith(":settings")
        ]
        assert versions == [f"goosequill:{PREFIX}:{after}"]


def test_threads_are_enabled_when_the_visitor_turns_them_on(page: Page) -> None:
    with serving(ROOT / "dist") as server:
        page.goto(f"{url_of(server)}storage/")
        until_controlled(page)
        page.reload()
        assert page.evaluate("crossOriginIsolated") is False
        page.get_by_test_id("threads").click()
        page.wait_for_function("() => crossOriginIsolated")
        page.get_by_test_id("threads").click()
        page.wait_for_function("() => !crossOriginIsolated")


NO_FILES = "StorageManager.prototype.getDirectory = undefined;"
NO_CACHE = "Object.defineProperty(globalThis, 'caches', { value: undefined });"
PLACES = {
    "cache": (NO_FILES, "is kept in its cache"),
    "memory": (NO_FILES + NO_CACHE, "stores nothing here (a private window, perhaps)"),
}


@pytest.mark.rest
@pytest.mark.parametrize("place", PLACES)
def test_without_a_file_system_the_next_best_place_is_used_and_named(
    page: Page, own_site: Path, place: str
) -> None:
    code, sentence = PLACES[place]
    worker = versioned(own_site) / "engine" / "worker.js"
    worker.write_text(worker.read_text(encoding="utf-8") + code, encoding="utf-8")
    page.add_init_script(code)
    with serving(own_site) as server:
        url = url_of(server)
        assert generate(page, url, "The sea")
        expect(page.get_by_test_id("model-notices")).to_contain_text(sentence)
        page.goto(f"{url}storage/")
        expect(page.get_by_test_id("place")).to_contain_text(sentence)
        rows = page.get_by_test_id("files").locator("tr")
        expect(rows.filter(has_text="model.safetensors")).to_have_count(1 if place == "cache" else 0)


@pytest.mark.rest
def test_without_space_it_generates_from_memory_and_says_so(page: Page, site_url: str) -> None:
    session = page.context.new_cdp_session(page)
    origin = site_url.removesuffix("/goosequill/")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 100_000})
    assert generate(page, site_url, "The sea")
    expect(page.get_by_test_id("model-notices")).to_contain_text("not enough space to keep the model")
    page.goto(f"{site_url}storage/")
    expect(page.get_by_test_id("files")).not_to_contain_text("model.safetensors")


def test_only_a_part_of_another_version_is_called_that(page: Page, own_site: Path) -> None:
    path = f"{versioned(ROOT / 'dist').name}/vendor/pyodide/pyodide.asm.wasm.gz"
    ask = "(url) => fetch(url).then(({ status }) => status, () => 'failed')"
    with serving(own_site) as server:
        page.goto(f"{url_of(server)}storage/")
        until_controlled(page)
        (own_site / path).write_bytes(b"of another version")
        assert page.evaluate(ask, url_of(server) + path) == 409
        (own_site / path).unlink()
        assert page.evaluate(ask, url_of(server) + path) == 409
    assert page.evaluate(ask, url_of(server) + path) == "failed", "a server that is gone has no version"


@pytest.mark.browser_context_args(service_workers="block")
def test_the_storage_page_lists_what_is_stored_and_deletes_it(page: Page, site_url: str) -> None:
    generate(page, site_url, "A feather")
    page.goto(f"{site_url}storage/")
    rows = page.get_by_test_id("files").locator("tr")
    expect(rows.filter(has_text="model.safetensors")).to_have_count(1)
    expect(page.get_by_test_id("quota")).to_contain_text("MB")
    rows.filter(has_text="model.safetensors").get_by_role("button").click()
    expect(rows.filter(has_text="model.safetensors")).to_have_count(0)
    page.get_by_test_id("delete-all").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("No models are stored")


def test_the_site_can_be_installed(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}playground/")
    address = page.evaluate("document.querySelector('link[rel=manifest]').href")
    manifest = json.loads(urllib.request.urlopen(address).read())
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert urllib.request.urlopen(f"{site_url}{icon['src']}").status == 200
    session = page.context.new_cdp_session(page)
    assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] in (
        [],
        [{"errorId": "in-incognito", "errorArguments": []}],
    )


def test_every_page_has_the_manifest_and_the_service_worker() -> None:
    alone = {"404.html", "HOW-TO-HOST.html", "embed/frame.html", "playground/side.html"}
    for path in sorted((ROOT / "dist").rglob("*.html")):
        if path.relative_to(ROOT / "dist").as_posix() in alone:
            continue
        html = path.read_text(encoding="utf-8")
        assert re.search(r'<link rel="manifest" href="[^"]*manifest.webmanifest">', html), path
        assert re.search(r'<script type="module" src="[^"]*ui/everywhere.js"></script>', html), path


@pytest.mark.rest
def test_a_server_without_the_webassembly_type_works(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TYPES, ".wasm", "application/octet-stream")
    with serving(ROOT / "dist") as server:
        assert generate(page, url_of(server), "It was a fine")


@pytest.mark.rest
def test_the_zip_works_on_pythons_server_below_any_path(page: Page, tmp_path: Path) -> None:
    archive = ROOT / "build" / "goosequill-site.zip"
    assert archive.stat().st_size < 67e6
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "below" / "it")
    assert (tmp_path / "below" / "it" / "goosequill-site" / "HOW-TO-HOST.html").is_file()
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    server = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        port = re.search(r"port (\d+)", server.stdout.readline())
        assert port
        url = f"http://127.0.0.1:{port[1]}/below/it/goosequill-site/"
        assert generate(page, url, "The sea")
        page.goto(f"{url}how-to/offline/")
        expect(search(page, "how do I make the text less random").first).to_contain_text("Temperature")
    finally:
        server.terminate()
        server.wait()
