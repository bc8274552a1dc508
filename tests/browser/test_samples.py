"""The samples of code in the documentation that need a page: each is run as it stands, in Chromium.

A sample of JavaScript runs as a module of its own, with what the text before it says that the reader has.
HTML is put into a page of another origin, as a reader would. tests/samples.json excuses what needs more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from scripts.bundles import BUNDLE, run_esbuild

from tests.samples import Sample, reasons, samples

from .conftest import ROOT, Record, watch
from .hosts import Host, serve_host
from .variants import variants

LONG = 120_000  # milliseconds that a start may take on a busy machine
EXCUSED = reasons()
SAMPLES = [sample for sample in samples() if (sample.file, sample.first) not in EXCUSED]
ONLY_CHECKED = {
    '"../ui/': "the site has it only inside bundles",
    '"BlinkDL/': "an id needs a network",
    '"/pirate.safetensors"': "it is the reader's own; tests/js/npm/node.test.js has one",
    '"goosequill/engine"': "it loads the reader's own model; tests/browser/test_cdn.py loads the entry",
    '"https://esm.sh/': "it needs a network; tests/browser/test_cdn.py has one",
    'http://goosequill/v1",': "tests/js/npm/node.test.js runs it, where the clients are",
}
"""What marks a sample of JavaScript that tests/js/docs/samples.test.js checks by its types alone, and why."""
PACKAGE = "/node_modules/goosequill/index.js"
INDEX = "/search-index/"
GIVEN = """
const args = { outputs: [{ prompt: "Once", text: " upon a time" }] };
Object.assign(globalThis, { name: "measure", args, signal: new AbortController().signal, onProgress() {} });
"""
LOADED = """
import * as library from "goosequill";
const model = (globalThis.model ??= await library.loadModel({ model: MODEL }));
Object.assign(globalThis, { ...library, model, engine: model.engine });
"""
"""What a reader has: names that samples use and do not declare."""


def of(language: str) -> list[Sample]:
    return [sample for sample in SAMPLES if sample.language == language]


def modules() -> list[Sample]:
    return [sample for sample in of("js") if not any(mark in sample.code for mark in ONLY_CHECKED)]


def label(sample: Sample) -> str:
    return f"{sample.file}: {sample.first[:40]}"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with serve_host() as found:
        yield found


def import_map(site_url: str) -> str:
    """The package by its address, from the sample that says how; the site has its modules in two files."""
    (sample,) = (each for each in of("html") if "importmap" in each.code)

    def package(*modules: str) -> str:
        code = "; ".join(f'export * from "{site_url}engine/{name}.js"' for name in modules)
        return f"data:text/javascript,{code}"

    assert sample.code.count(PACKAGE) == 1
    found = json.loads(re.sub(r"</?script[^>]*>", "", sample.code).replace(PACKAGE, "PACKAGE"))
    found["imports"]["goosequill"] = package("client", "openai")
    found["imports"]["goosequill/search"] = f"{site_url}sample-search.js"
    found["imports"]["goosequill/prompt-api"] = package("prompt-api", "semantic-embedder")
    found["imports"]["goosequill/element"] = f"{site_url}embed/goosequill.js"
    return f'<script type="importmap">{json.dumps(found)}</script>'


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library of the search, which the site has only inside its element."""
    written = tmp_path_factory.mktemp("search") / "search.js"
    run_esbuild(str(ROOT / "site" / "search" / "static" / "search.js"), *BUNDLE, f"--outfile={written}")
    return written.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(browser: Browser, site_url: str, search: str) -> Iterator[Page]:
    """A page with the package, whose model is loaded by the first sample that needs it, for all."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    address = f"{site_url}sample.html"
    head = f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">{import_map(site_url)}'
    page.route(address, lambda route: route.fulfill(body=head, content_type="text/html"))
    page.route(
        f"{site_url}sample-search.js",
        lambda route: route.fulfill(body=search, content_type="text/javascript"),
    )
    page.goto(address)
    yield page
    context.close()


@pytest.mark.parametrize("sample", modules(), ids=label)
def test_javascript_runs_as_a_module(sample: Sample, reader: Page, site_url: str) -> None:
    record = watch(reader)
    run(reader, GIVEN)
    if re.search(r"\b(model|engine)[.,]", sample.code) and "loadModel(" not in sample.code:
        run(reader, LOADED.replace("MODEL", json.dumps(f"{site_url}models/default/")))
    run(reader, sample.code.replace(f'"{INDEX}"', json.dumps(f"{site_url}search-index/")))
    assert record.console_errors == []


def run(page: Page, code: str) -> None:
    """Run code as a module of the page, and wait for its end."""
    page.evaluate(
        """(code) => new Promise((resolve, reject) => {
        globalThis.sampleEnded = resolve;
        addEventListener("error", ({ message }) => reject(new Error(message)), { once: true });
        addEventListener("unhandledrejection", ({ reason }) => reject(reason), { once: true });
        const script = document.createElement("script");
        script.type = "module";
        script.onerror = () => reject(new Error("a module could not be loaded"));
        script.textContent = code + "\\nglobalThis.sampleEnded();";
        document.head.append(script);
    })""",
        code,
    )


def writes(place: Page | FrameLocator, mode: str | None) -> None:
    """Have the first element generate, and wait until it has finished."""
    quill = place.locator("goose-quill").first
    if mode == "chat":
        part(quill, "input").fill("Good morning.")
    part(quill, "send").click()
    expect(part(quill, "status")).to_have_text(re.compile(r"Finished after \d+ tokens?\."), timeout=LONG)


def part(element: Locator, name: str) -> Locator:
    return element.locator(f'[part~="{name}"]')


PAGES = [sample for sample in of("html") if "importmap" not in sample.code]
ALIKE = [page for page in PAGES if page.file == "docs/how-to/embed.md" and "connect(" not in page.code]
"""Elements and frames as tests/browser/test_embed.py has them, too."""


@pytest.mark.parametrize("sample", variants([page for page in PAGES if page not in ALIKE], ALIKE), ids=label)
def test_html_works_on_another_site(
    sample: Sample, page: Page, site_url: str, host: Host, record: Record
) -> None:
    code = sample.code.replace("https://YOUR-HOST/goosequill/", site_url).replace(
        "https://your.page", host.url.rstrip("/")
    )
    code = code.replace(INDEX, f"{site_url}search-index/")
    if "<script" not in code:  # it is one more element on a page that has the script
        code += f'<script type="module" src="{site_url}embed/goosequill.js"></script>'
    logged: list[str] = []
    page.on("console", lambda message: logged.append(message.text) if message.type == "log" else None)
    page.goto(host.add(f"sample-{PAGES.index(sample)}", code))
    if "connect(" in code:
        page.wait_for_function("document.querySelector('iframe')", timeout=LONG)
        status = part(page.frame_locator("iframe").locator("goose-quill"), "status")
        expect(status).to_have_text(re.compile(r"Finished after \d+ tokens?\."), timeout=LONG)
        assert logged
    elif "<iframe" in code:
        writes(page.frame_locator("iframe"), None)
    elif "<goose-search" in code:
        page.locator("goose-search input").fill("greedy search")
        expect(page.locator("goose-search").get_by_role("option").first).to_be_visible(timeout=LONG)
    else:
        writes(page, page.locator("goose-quill").first.get_attribute("mode"))
    assert record.console_errors == []


@pytest.mark.parametrize("sample", of("css"), ids=label)
def test_every_rule_of_a_style_sheet_is_understood(sample: Sample, page: Page) -> None:
    page.set_content(f"<style>{sample.code}</style>")
    found = page.evaluate("[...document.styleSheets[0].cssRules].map(({ cssText }) => cssText)")
    written = re.findall(r"([^{}]+)\{(.*?)\}", sample.code, re.DOTALL)
    assert len(found) == len(written)
    for rule, (selector, body) in zip(found, written, strict=True):
        assert rule.startswith(f"{selector.strip()} {{")
        for name in re.findall(r"([\w-]+):", body):
            assert f"{name}:" in rule, name
