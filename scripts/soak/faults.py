"""Break something while a text is being written, and see that nothing is lost and that the next try works.

    python -m scripts.soak.faults [FAULT ...]

Each fault is a function here. It gets a playground that has a prompt, settings and a collection of documents,
breaks something in mid-stream, and checks the message with its remedy. Afterwards the prompt, the settings,
the collection and everything that the site remembers must still be there, and a text must be written.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, FilePayload, Page, expect
from scripts.offline import write_precache
from scripts.soak.browsing import MINUTE, ROOT, chromium, serving
from scripts.soak.results import Results
from scripts.versions import versioned

PROMPT = "The goose"
TOKENS = "7"
SETTINGS = {"top_k": "33", "temperature": "0"}
DOCUMENTS: list[FilePayload] = [
    {"name": f"{name}.md", "mimeType": "text/plain", "buffer": text.encode()}
    for name, text in {
        "geese": "# Geese\n\nGeese fly south in autumn and return in spring.\n",
        "bread": "# Bread\n\nKnead the dough for ten minutes and let it rise.\n",
    }.items()
]
CORRUPT = """async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await (await root.getDirectoryHandle("goosequill")).getDirectoryHandle("models");
  let changed = 0;
  for await (const [name, handle] of folder.entries()) {
    const { size } = await handle.getFile();
    if (size < 100_000) continue;
    const stream = await handle.createWritable({ keepExistingData: true });
    await stream.write({ type: "write", position: size >> 1, data: new Uint8Array(4096) });
    await stream.close();
    changed++;
  }
  return changed;
}"""
INTACT = """async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await (await root.getDirectoryHandle("goosequill")).getDirectoryHandle("models");
  const found = [];
  for await (const handle of folder.values()) {
    const file = await handle.getFile();
    if (file.size < 100_000) continue;
    const middle = new Uint8Array(await file.slice(file.size >> 1, (file.size >> 1) + 4096).arrayBuffer());
    found.push(middle.some((byte) => byte !== 0));
  }
  return found.some(Boolean); // what this page does not use stays as it was
}"""
REMEMBERED = """() => Object.fromEntries(Object.entries(localStorage)
  .filter(([name]) => name.startsWith("goosequill.")))"""


class Playground:
    """The playground in a context of its own, with a site that a fault may change."""

    def __init__(self, context: BrowserContext, url: str, site: Path) -> None:
        self.context, self.url, self.site = context, url, site
        self.page = context.new_page()
        self.open()

    def open(self) -> None:
        self.page.goto(f"{self.url}playground/")

    def part(self, name: str, page: Page | None = None) -> Any:
        return (page or self.page).get_by_test_id(name)

    def set_tokens(self, tokens: str, *, endless: bool) -> None:
        box = self.page.locator("#decoder-ignore_end")
        if not box.is_visible():
            self.page.get_by_role("tab", name="Decoder").click()
            self.page.get_by_label("Filter settings").fill("ignore_end")
        box.set_checked(endless)
        self.page.get_by_label("Filter settings").fill("")
        field = self.page.locator("#decoder-max_new_tokens")
        field.fill(tokens)
        field.blur()

    def write_endlessly(self) -> None:
        self.set_tokens("100000", endless=True)
        self.part("prompt").fill(PROMPT)
        self.part("generate").click()
        expect(self.part("output")).not_to_be_empty(timeout=2 * MINUTE)

    def write(self) -> str:
        """Write a short text to its end."""
        self.set_tokens(TOKENS, endless=True)
        self.part("prompt").fill(PROMPT)
        clear = self.page.locator("#clear")
        if clear.is_enabled():
            clear.click()
        self.part("generate").click()
        expect(self.part("status")).to_have_text(re.compile(rf"after {TOKENS} tokens"), timeout=2 * MINUTE)
        return str(self.part("output").text_content())

    def complains(self, words: str) -> None:
        expect(self.part("status")).to_contain_text(words, timeout=2 * MINUTE)

    def stop(self) -> None:
        if self.part("stop").is_enabled():
            self.part("stop").click()
        expect(self.part("generate")).to_be_enabled(timeout=2 * MINUTE)


def killed(play: Playground) -> None:
    """The browser ends the worker."""
    play.write_endlessly()
    play.page.workers[0].evaluate("self.close()")
    play.complains("The engine stopped")
    play.complains("Try again")
    expect(play.part("output")).not_to_be_empty()


def memory(play: Playground) -> None:
    """The browser gives the worker no more memory, and a prompt of a megabyte arrives."""
    play.write()
    play.page.workers[0].evaluate(
        "() => { WebAssembly.Memory.prototype.grow = () => { throw new RangeError('no memory') } }"
    )
    play.part("prompt").fill("goose quill " * 90_000)
    play.part("generate").click()
    status = play.part("status")
    expect(status).to_have_class(re.compile("error-box"), timeout=5 * MINUTE)
    play.complains("memory")
    play.part("prompt").fill(PROMPT)


def crashed(play: Playground) -> None:
    """The whole tab runs out of memory."""
    play.write_endlessly()
    with play.page.expect_event("crash"), suppress(Error):  # of the visit, which does not arrive
        play.page.goto("chrome://crash")
    play.page.close()
    play.page = play.context.new_page()
    play.open()
    expect(play.part("prompt")).to_have_value(PROMPT)


def network(play: Playground) -> None:
    """The network fails while the engine is loading."""
    play.context.route("**/pyodide.asm.wasm.gz", lambda route: route.abort())
    play.part("prompt").fill(PROMPT)
    play.set_tokens(TOKENS, endless=True)
    play.part("generate").click()
    play.complains("pyodide.asm.wasm.gz")
    play.context.unroute_all()


def quota(play: Playground) -> None:
    """There is no room for the model."""
    session = play.context.new_cdp_session(play.page)
    origin = play.url.removesuffix("/goosequill/")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 100_000})
    play.write()
    expect(play.part("model-notices")).to_contain_text("not enough space to keep the model")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin})


def corrupted(play: Playground) -> None:
    """The stored model is changed between two visits: it is fetched again, never computed with."""
    first = play.write()
    play.page.goto(f"{play.url}storage/")
    if not play.page.evaluate(CORRUPT):
        raise AssertionError("no stored file was found")
    play.open()
    if (again := play.write()) != first:
        raise AssertionError(f"{again!r} was written instead of {first!r}")
    if not play.page.evaluate(INTACT):
        raise AssertionError("the changed file is still stored")


def tabs(play: Playground) -> None:
    """Two tabs load and write at once."""
    play.write_endlessly()
    other = Playground(play.context, play.url, play.site)
    other.write()
    other.page.close()
    expect(play.part("stop")).to_be_enabled()
    play.stop()


def updated(play: Playground) -> None:
    """A new version of the site arrives, and the visitor takes it while a text is being written."""
    play.page.wait_for_function("() => navigator.serviceWorker.controller")
    play.write_endlessly()
    tokens = versioned(play.site) / "ui" / "tokens.css"
    tokens.write_text(tokens.read_text(encoding="utf-8") + "\n/* changed */\n", encoding="utf-8")
    version = write_precache(play.site)
    play.page.evaluate("navigator.serviceWorker.getRegistration().then((found) => { found.update() })")
    expect(play.page.locator(".update-notice")).to_contain_text("new version", timeout=2 * MINUTE)
    expect(play.part("stop")).to_be_enabled()  # it is still writing
    with play.page.expect_navigation():
        play.page.get_by_role("button", name="Update and reload").click()
    expect(play.part("prompt")).to_have_value(PROMPT)
    names = play.page.evaluate("caches.keys()")
    if not any(name.endswith(version) for name in names):
        raise AssertionError(f"the new version is not stored: {names}")


def clock(play: Playground) -> None:
    """The clock is set back by a year while a text is being written."""
    play.write_endlessly()
    back = "{ const now = Date.now; Date.now = () => now() - 365 * 86_400_000; }"
    play.page.evaluate(f"() => {back}")
    play.page.workers[0].evaluate(f"() => {back}")
    play.stop()
    expect(play.part("measures")).not_to_contain_text("-")
    play.write()


FAULTS: dict[str, Callable[[Playground], None]] = {
    each.__name__: each for each in (killed, memory, crashed, network, quota, corrupted, tabs, updated, clock)
}


def keep_documents(context: BrowserContext, url: str) -> None:
    """Make a collection, which every fault must leave alone."""
    page = context.new_page()
    page.goto(f"{url}search/")
    page.get_by_test_id("add-files").set_input_files(DOCUMENTS)
    page.get_by_test_id("agree-full").set_checked(False)
    page.get_by_test_id("agree").click()
    has_documents(page)
    page.close()


def has_documents(page: Page) -> None:
    entry = page.locator('[data-testid="collection"][data-name="My documents"]')
    expect(entry).to_contain_text(f"{len(DOCUMENTS)} documents", timeout=2 * MINUTE)


def check(fault: Callable[[Playground], None], context: BrowserContext, url: str, site: Path) -> None:
    """Run a fault where documents are kept, and raise an error if something is lost or fails afterwards."""
    play = Playground(context, url, site)
    for name, value in SETTINGS.items():
        play.page.locator(f"#decoder-{name}").fill(value)
        play.page.locator(f"#decoder-{name}").blur()
    before = play.page.evaluate(REMEMBERED)
    fault(play)
    text = play.write()
    assert text, "nothing was written afterwards"
    kept = {name: play.page.locator(f"#decoder-{name}").input_value() for name in SETTINGS}
    assert kept == SETTINGS, f"settings were lost: {kept}"
    after = play.page.evaluate(REMEMBERED)
    assert set(before) <= set(after), f"{set(before) - set(after)} was forgotten"
    play.page.goto(f"{url}search/")
    has_documents(play.page)
    play.page.close()


def run(fault: Callable[[Playground], None], context: BrowserContext, url: str, site: Path) -> str:
    """Run a fault; return what went wrong, "" if nothing did."""
    try:
        keep_documents(context, url)
        check(fault, context, url, site)
    except Exception as error:  # what Playwright raises is an error of the site here
        return f"{type(error).__name__}: {str(error)[:600]}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.soak.faults", description="Break the site.")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"one of {', '.join(FAULTS)}")
    names = parser.parse_args().faults or list(FAULTS)
    if unknown := set(names) - FAULTS.keys():
        parser.error(f"there is no fault {', '.join(sorted(unknown))}")
    results, version = Results("faults"), ""
    for name in names:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, chromium() as browser:
            version = browser.version
            site = Path(shutil.copytree(ROOT / "dist", Path(folder) / "site"))
            with serving(site) as url:
                context = browser.new_context()
                wrong = run(FAULTS[name], context, url, site)
                context.close()
        minutes = round((time.monotonic() - started) / 60, 1)
        sentence = (FAULTS[name].__doc__ or "").strip().splitlines()[0]
        results.holds(f"{name}: {sentence}", not wrong, wrong, minutes=minutes)
    return results.write({"faults": len(names)}, {"Chromium": version})


if __name__ == "__main__":
    sys.exit(main())
