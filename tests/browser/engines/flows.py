"""What every engine must do, from the first text to a search: one class, which each engine's file inherits.

Each test has an origin of its own, so nothing is stored there yet. The browser is started once per class.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Playwright

from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints

from .. import versions
from ..hosts import serve_host
from ..publisher import serve_publisher
from ..versions import Deployments
from .chat_flows import ChatFlows
from .file_flows import STATUS, FileFlows, report
from .site import ENGINE_IS_STORED, SERVICE_WORKER, Site, serve_site
from .tab import Browser, Tab
from .teach_flows import TeachFlows

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "default.json"
OUTPUT = "[data-testid=output]"
LOAD = """async ([base, options]) => {
  const { Engine, loadModel } = await import(base + "engine/client.js");
  if (options.shared) options.engine = globalThis.engine ??= new Engine();
  delete options.shared;
  const model = await loadModel(options);
  let text = "";
  const settings = { max_new_tokens: 12, temperature: 0 };
  for await (const chunk of model.generate("Once", settings)) text += chunk.text;
  const { notices, threads } = model.info;
  await (options.engine ? model.unload() : model.dispose());
  return { text, notices, threads };
}"""
FAIL = """async ([base, options]) => {
  const { loadModel } = await import(base + "engine/client.js");
  return loadModel(options).then(() => null, ({ code, message, remedy }) => ({ code, message, remedy }));
}"""
LIBRARY = ("python/library.tar.gz", "python/goosequill.tar.gz")
POLICIES = {
    "worker-src": "default-src 'none'; script-src {site}; connect-src {site}",
    "connect-src": "default-src 'none'; script-src {site} 'wasm-unsafe-eval'; worker-src blob:",
    "script-src": "default-src 'none'; script-src {site}; worker-src blob:; connect-src {site}",
}


def write_golden(tab: Tab, site: Site) -> None:
    """Write the first golden text in the playground."""
    case = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"][0]
    tab.goto(f"{site.url}playground/#temperature=0&max_new_tokens={case['max_new_tokens']}")
    tab.wait_for("#examples button")  # by then what an earlier tab had is in the field
    tab.type("#prompt", case["prompt"])
    tab.click("#generate")
    tab.wait_for(STATUS, "after")
    assert tab.js("() => document.querySelector('#prompt').value") == case["prompt"].split("\n", 1)[-1]
    assert tab.text(OUTPUT) == case["text"]
    assert tab.errors() == []


class Flows(ChatFlows, FileFlows, TeachFlows):
    """The flows. A subclass starts a browser.

    What Chromium's headless shell is tried with elsewhere has the marker `rest`.
    """

    missing: ClassVar[Sequence[str]] = ()
    """Files that the site lacks where no flow asks for all of them."""

    @staticmethod
    def start(playwright: Playwright, folder: Path) -> Browser:
        """Start the browser, which may write into a folder."""
        raise NotImplementedError

    @pytest.mark.rest
    def test_it_writes_what_it_writes_natively_and_again_without_a_download(
        self, browser: Browser, tab: Tab, site_with_worker: Site
    ) -> None:
        asked = site_with_worker.asked
        write_golden(tab, site_with_worker)
        assert any(path.endswith("/model.safetensors.gz") for path in asked)
        tab.wait(ENGINE_IS_STORED)
        asked.clear()
        again = browser.tab()
        write_golden(again, site_with_worker)
        again.close()
        assert not [path for path in asked if path.endswith((".safetensors", ".wasm", ".gz", ".zip"))]

    def test_a_first_text_starts_from_a_copy_of_memory_and_needs_no_library(self, tab: Tab) -> None:
        with serve_site(missing=[SERVICE_WORKER, *LIBRARY]) as site:
            case = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"][0]
            tab.goto(f"{site.url}playground/#temperature=0&max_new_tokens={case['max_new_tokens']}")
            tab.wait_for("#examples button")
            tab.type("#prompt", case["prompt"])
            tab.click("#generate")
            tab.wait_for(STATUS, "after")
            assert tab.text(OUTPUT) == case["text"]

    def test_what_needs_the_library_at_once_waits_for_it(self, tab: Tab) -> None:
        with serve_site(missing=[SERVICE_WORKER]) as site:  # which would fetch everything
            tab.goto(
                f"{site.url}playground/#num_beams=2&temperature=1&top_p=1&max_new_tokens=5&ignore_end=true"
            )
            tab.wait("() => !document.querySelector('#generate').disabled")
            tab.type("#prompt", "The goose")
            tab.click("#generate")
            tab.wait_for(STATUS, "after 5 tokens")
            assert {name for name in LIBRARY for path in site.asked if path.endswith(name)} == set(LIBRARY)
            assert tab.errors() == []

    def test_a_page_fetches_each_description_at_most_once(self, tab: Tab) -> None:
        """WebKit once fetched what was preloaded a second time, since the server wants it revalidated."""
        with serve_site(missing=[SERVICE_WORKER]) as site:  # which would fetch everything
            tab.goto(f"{site.url}playground/")
            tab.wait_for("#load-size", "Nothing is downloaded until")
            tab.wait_for("#examples")
            tab.wait("() => document.querySelector('#decoder-temperature') !== null")
            described = [path.rpartition("/")[2] for path in site.asked if path.endswith(".json")]
            assert described == ["parts.json"]  # the page carries the others

    @pytest.mark.rest
    def test_a_text_is_stopped_by_the_keyboard_and_the_next_one_is_written_and_saved(
        self, browser: Browser, tab: Tab, site: Site
    ) -> None:
        tab.goto(f"{site.url}playground/#prompt=A&max_new_tokens=100000&ignore_end=true&temperature=0")
        tab.wait("() => !document.querySelector('#generate').disabled")  # before that no key does anything
        tab.type("#prompt", "The goose")
        tab.press("Control+Enter")
        tab.wait(f"() => document.querySelector('{OUTPUT}').textContent")
        tab.press("Escape")
        tab.wait_for(STATUS, "Stopped after")
        tab.type("#decoder-max_new_tokens", "5")
        tab.type("#prompt", "A feather")
        tab.press("Control+Enter")
        tab.wait_for(STATUS, "after 5 tokens")
        saved = browser.download(tab, "#save-box [data-save=json]")
        assert saved.name == "goosequill.json"
        content = json.loads(saved.read_text(encoding="utf-8"))
        assert content["prompt"] == "A feather" and len(content["tokens"]) == 5
        assert content["text"] == tab.text(OUTPUT)
        assert content["settings"]["temperature"] == 0
        assert tab.errors() == []

    def test_a_page_that_is_new_in_a_later_version_is_opened_with_the_scripts_of_that(
        self, tab: Tab, deployments: Deployments
    ) -> None:
        with versions.serving(deployments) as url:
            tab.goto(f"{url}one/")
            versions.settle(tab)
            versions.until_controlled(tab)
            deployments.deploy("2")
            tab.goto(f"{url}new-2/")
            assert versions.use_all(tab) == versions.ALL
            assert versions.seen(tab) == {"2"}

    def test_a_page_that_is_older_than_the_first_worker_is_refused_what_is_newer(
        self, tab: Tab, deployments: Deployments
    ) -> None:
        with versions.serving(deployments) as url:
            tab.goto(f"{url}one/")
            deployments.deploy("2")
            versions.settle(tab)
            versions.until_controlled(tab)
            assert "used" not in versions.use_all(tab)
            assert versions.seen(tab) == {"1"}
            tab.wait_for(".update-notice", "This page is from an older version")
            tab.click(".update-notice button")
            versions.until_version(tab, "2")
            assert versions.use_all(tab) == versions.ALL
            assert versions.seen(tab) == {"2"}

    def test_a_page_keeps_its_version_when_another_tab_updates(
        self, browser: Browser, tab: Tab, deployments: Deployments
    ) -> None:
        second = browser.tab()
        with versions.serving(deployments) as url:
            for each in (tab, second):
                each.goto(f"{url}one/")
                versions.settle(each)
                versions.until_controlled(each)
            assert versions.use(tab, "part") == "used"
            deployments.deploy("2")
            tab.goto(f"{url}two/")
            versions.settle(tab)
            tab.click(".update-notice button")
            versions.until_version(tab, "2")
            second.wait_for(".update-notice", "This page is from an older version")
            assert [versions.use_all(each) for each in (tab, second)] == [versions.ALL] * 2
            assert [versions.seen(each) for each in (tab, second)] == [{"2"}, {"1"}]
        second.close()

    def test_the_storage_page_lists_the_model_and_deletes_it(self, tab: Tab, site: Site) -> None:
        tab.goto(f"{site.url}storage/")
        tab.js(LOAD, [site.url, {"model": f"{site.url}models/default/"}])
        tab.goto(f"{site.url}storage/")
        tab.wait_for("[data-testid=files]", "model.safetensors")
        tab.click("[data-testid=delete-all]")
        tab.wait_for("[data-testid=files]", "No models are stored")
        assert tab.errors() == []

    @pytest.mark.rest
    def test_a_model_that_changed_at_its_address_is_read_anew(self, tab: Tab, site: Site) -> None:
        first, second = (b"".join(encode(checkpoints.rwkv4(vocab=256, seed=seed).items())) for seed in (1, 2))
        tab.goto(f"{site.url}storage/")
        texts = []
        with serve_publisher() as publisher:
            for path, data in (
                ("m.safetensors", first),
                ("m.safetensors", second),
                ("n.safetensors", second),
            ):
                read = lambda at, length, data=data: data[at : at + length]  # noqa: E731
                url = publisher.add(path, len(data), read)
                publisher.modified = f"Tue, 24 Nov 2020 12:00:{len(texts):02} GMT"
                options = {"model": url, "quantize": 8, "shared": True}
                texts.append(tab.js(LOAD, [site.url, options])["text"])
        assert texts[0] != texts[1]
        assert texts[1] == texts[2]

    def test_threads_share_memory_and_write_the_same(self, tab: Tab) -> None:
        with serve_site(isolate=True, missing=[SERVICE_WORKER]) as site:
            tab.goto(f"{site.url}playground/")
            model = f"{site.url}models/default/"
            alone, divided = (tab.js(LOAD, [site.url, {"model": model, "threads": n}]) for n in (1, 2))
        assert (alone["threads"], divided["threads"], divided["notices"]) == (1, 2, alone["notices"])
        assert alone["text"] == divided["text"] != ""

    def test_the_element_writes_on_a_page_of_another_origin(self, tab: Tab, site: Site) -> None:
        head = f'<script type="module" src="{site.url}embed/goosequill.js"></script>'
        body = '<goose-quill prompt="It was a fine" max-new-tokens="6" temperature="0"></goose-quill>'
        with serve_host() as host:
            tab.goto(host.add("foreign", body, head=head))
            tab.click("goose-quill >>> [part~=send]")
            tab.wait_for("goose-quill >>> [part~=status]", "Finished after 6 tokens.")
            assert tab.text("goose-quill >>> [part~=text]")
            assert tab.errors() == []

    @pytest.mark.rest
    @pytest.mark.parametrize("directive", POLICIES)
    def test_a_policy_that_forbids_the_engine_is_named(self, tab: Tab, site: Site, directive: str) -> None:
        head = f'<script type="module" src="{site.url}embed/goosequill.js"></script>'
        policy = POLICIES[directive].format(site=site.origin) + "; img-src data:"
        with serve_host() as host:
            tab.goto(host.add("strict", "<goose-quill prompt='A'></goose-quill>", head=head, policy=policy))
            tab.click("goose-quill >>> [part~=send]")
            tab.wait_for("goose-quill >>> [part~=error]", f"the directive {directive}")

    @pytest.mark.rest
    def test_a_model_that_its_host_or_the_network_withholds_is_reported_as_that(
        self, tab: Tab, site: Site
    ) -> None:
        tab.goto(f"{site.url}storage/")
        with serve_publisher() as publisher:
            publisher.open = False
            url = publisher.add("m.safetensors", 4, lambda at, length: b"good"[at : at + length])
            forbidden = tab.js(FAIL, [site.url, {"model": url}])
        assert forbidden["code"] == "cors"
        assert url.split("/")[2] in forbidden["message"] and "choose it here" in forbidden["remedy"]
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        gone = tab.js(FAIL, [site.url, {"model": f"http://127.0.0.1:{port}/m.safetensors"}])
        assert (gone["code"], gone["message"]) == ("network", "“m.safetensors” could not be fetched.")

    def test_a_policy_that_forbids_the_models_host_is_named(self, tab: Tab, site: Site) -> None:
        """WebKit reports nothing of what a policy forbids a worker; the remedy once named the wrong site."""
        head = f'<script type="module" src="{site.url}embed/goosequill.js"></script>'
        policy = (
            f"default-src 'none'; script-src {site.origin} 'wasm-unsafe-eval'; worker-src blob:; "
            f"connect-src {site.origin}; style-src 'unsafe-inline'; img-src data:"
        )
        with serve_host() as host, serve_publisher() as publisher:
            url = publisher.add("m.safetensors", 4, lambda at, length: b"good"[at : at + length])
            body = f"<goose-quill prompt='A' model='{url}'></goose-quill>"
            tab.goto(host.add("strict", body, head=head, policy=policy))
            tab.click("goose-quill >>> [part~=send]")
            said = tab.wait_for("goose-quill >>> [part~=error]", "the directive connect-src")
            assert f"add “{publisher.url[:-1]}” to connect-src" in said
            assert not publisher.asked

    def test_the_comparer_opens_a_report(self, tab: Tab, site: Site, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        path.write_text(report("one **bold** goose"), encoding="utf-8")
        tab.goto(f"{site.url}compare/")
        tab.files("[data-testid=file-input]", path)
        tab.wait_for("[data-testid=output]", "one bold goose")
        assert tab.errors() == []

    def test_a_laboratory_page_computes_and_draws(self, tab: Tab, site: Site) -> None:
        tab.goto(f"{site.url}lab/dilation/")
        experiment = "[data-testid=experiment-dilation]"
        tab.click(f"{experiment} [data-testid=run]")
        tab.wait(f"() => document.querySelector('{experiment}').dataset.state === 'done'")
        assert tab.errors() == []
