"""The npm package as a content delivery network serves it: from another origin than the page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from scripts import npm
from scripts.serve import Handler, Server

from .conftest import Record
from .hosts import Host, serve_host

LONG = 90_000  # milliseconds
ENOUGH = (
    "default-src 'none'; script-src {cdn} 'nonce-one' 'wasm-unsafe-eval'; worker-src blob:; "
    "connect-src {cdn}; img-src data:; require-trusted-types-for 'script'; trusted-types goosequill"
)
LIBRARY = """
<output></output><script type="module" nonce="one">
import {{ loadModel }} from "{cdn}{entry}";
const output = document.querySelector("output");
try {{
  const model = await loadModel({options});
  const options = {{ max_new_tokens: 4, seed: 1 }};
  for await (const {{ text }} of model.generate("The sea", options)) output.textContent += text;
  output.dataset.done = "yes";
}} catch (error) {{
  output.dataset.done = `${{error.code}}: ${{error.message}}`;
}}
</script>"""
ROOT = '{{ root: "{cdn}" }}'


class Network(Handler):
    """What jsDelivr and unpkg send: every version's files may be kept for ever, and read by any page."""

    prefix = "/npm/goosequill@0.1.0/"
    isolate = False
    quiet = True

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "public, max-age=31536000, s-maxage=31536000, immutable")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.send_header("Timing-Allow-Origin", "*")
        self.send_header("X-Content-Type-Options", "nosniff")
        SimpleHTTPRequestHandler.end_headers(self)


@pytest.fixture(scope="module")
def cdn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the package's folder on its own origin; it ends in a slash."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npm, "OUTPUT", tmp_path_factory.mktemp("npm") / "goosequill")
        npm.assemble_code()
        folder: Path = npm.OUTPUT
    server = Server(("127.0.0.1", 0), partial(Network, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{Network.prefix}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def host() -> Iterator[Host]:
    with serve_host() as found:
        yield found


def origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


@pytest.mark.parametrize(("entry", "options"), [("index.js", ""), ("engine.js", ROOT)])
def test_the_library_writes_from_another_origin_under_a_strict_policy(
    page: Page, cdn: str, host: Host, record: Record, entry: str, options: str
) -> None:
    body = LIBRARY.format(cdn=cdn, entry=entry, options=options.format(cdn=cdn))
    address = host.add("library", body, policy=ENOUGH.format(cdn=origin(cdn)))
    page.goto(address)
    expect(page.locator("output")).to_have_attribute("data-done", "yes", timeout=LONG)
    expect(page.locator("output")).not_to_be_empty()
    fetched = [url for url in record.requests if url.startswith("http") and url != address]
    assert fetched and all(url.startswith(cdn) for url in fetched), fetched
    assert len({url for url in fetched if url.endswith(".wasm.gz")}) == 1
    assert record.console_errors == []


def test_the_element_writes_from_another_origin(page: Page, cdn: str, host: Host, record: Record) -> None:
    body = '<goose-quill prompt="The sea" max-new-tokens="4" seed="1"></goose-quill>'
    page.goto(host.add("element", body, head=f'<script type="module" src="{cdn}element.js"></script>'))
    page.locator("goose-quill [part=send]").click()
    expect(page.locator("goose-quill [part=status]")).to_have_text("Finished after 4 tokens.", timeout=LONG)
    assert record.console_errors == []


def test_the_entry_without_the_default_model_says_that_it_has_none(page: Page, cdn: str, host: Host) -> None:
    page.goto(host.add("without", LIBRARY.format(cdn=cdn, entry="engine.js", options="")))
    expect(page.locator("output")).to_have_attribute(
        "data-done", "not-found: The default model is not a part of “goosequill/engine”."
    )
