"""Helper threads in a real page: same text and numbers, no thread left over, none without isolation."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from scripts.serve import make_server

from tests.browser.conftest import PREFIX, ROOT

WRITE = """async ([base, threads]) => {
  const { loadModel } = await import(base + "engine/client.js");
  const model = await loadModel({ model: base + "models/default/", threads });
  let text = "";
  const logprobs = [];
  const settings = { max_new_tokens: 60, temperature: 0, logprobs: 5 };
  for await (const chunk of model.generate("It was a dark evening in November, and ".repeat(9), settings)) {
    text += chunk.text;
    if (chunk.top_logprobs) logprobs.push(chunk.logprob, ...chunk.top_logprobs.map((one) => one.logprob));
  }
  globalThis.model = model;
  const { threads: count, shared_bytes: shared, notices } = model.info;
  return { count, shared, notices, text, logprobs };
}"""

TEACH = """async ([base, threads]) => {
  const { loadModel } = await import(base + "engine/client.js");
  const model = await loadModel({ model: base + "models/default/", threads });
  const call = model.call.bind(model);
  let opened = null;
  model.call = async (...given) => (opened = await call(...given));
  const examples = [...Array(6)].map((_, n) => `${n} geese, quoth he, be ${n} geese, and ${n} they remain.`);
  const { data } = await model.tune(examples, { steps: 2, learningRate: 0.01, prompt: "" });
  globalThis.model = model;
  return { opened, data: [...data] };
}"""


@contextmanager
def isolated_site(browser: Browser, folder: Path) -> Iterator[tuple[Page, str]]:
    """A page with the headers that let threads share memory, and the address of its site."""
    server = make_server(folder, prefix=PREFIX, isolate=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page(service_workers="block")
    base = f"http://127.0.0.1:{server.server_port}{PREFIX}"
    page.goto(base + "playground/")
    yield page, base
    page.close()
    server.shutdown()
    server.server_close()


@pytest.fixture
def isolated(browser: Browser) -> Iterator[tuple[Page, str]]:
    with isolated_site(browser, ROOT / "dist") as found:
        yield found


def wait_for_helpers(page: Page, count: int) -> None:
    """Wait until the browser has this many helper threads."""
    browser = page.context.browser
    assert browser
    session = browser.new_browser_cdp_session()
    found = -1
    while found != count:
        targets: list[dict[str, Any]] = session.send("Target.getTargets", {"filter": [{}]})["targetInfos"]
        found = sum("engine/helper.js" in target["url"] for target in targets)
    session.detach()


def test_two_and_three_threads_generate_the_same_as_one_and_end_with_their_model(
    isolated: tuple[Page, str],
) -> None:
    page, base = isolated
    alone = page.evaluate(WRITE, [base, 1])
    page.evaluate("model.dispose()")
    divided = []
    for count, end in ((3, "unload"), (2, "dispose")):
        divided.insert(0, page.evaluate(WRITE, [base, count]))
        wait_for_helpers(page, count - 1)
        page.evaluate(f"model.{end}()")
        wait_for_helpers(page, 0)
    assert (alone["count"], alone["shared"]) == (1, 0)
    for count, found in enumerate(divided, 2):
        assert (found["count"], found["notices"]) == (count, [])
        assert found["shared"] > 1_000_000
        assert found["text"] == alone["text"] != ""
        assert found["logprobs"] == alone["logprobs"]
        assert len(found["logprobs"]) == 60 * 6


def test_learning_has_threads_of_its_own_until_it_ends(isolated: tuple[Page, str]) -> None:
    page, base = isolated
    alone = page.evaluate(TEACH, [base, 1])
    page.evaluate("model.dispose()")
    divided = page.evaluate(TEACH, [base, 2])
    wait_for_helpers(page, 1)  # that of the model
    page.evaluate("model.dispose()")
    assert alone["opened"] is None
    assert divided["opened"]["threads"] == 2 and divided["opened"]["shared_bytes"] > 1_000_000
    assert divided["data"] == alone["data"] != []


@pytest.mark.rest
def test_threads_end_with_their_embedding_model(isolated: tuple[Page, str]) -> None:
    """Whether it gets any depends on what else the machine is doing."""
    page, base = isolated
    embed = """async (base) => {
      const { Engine } = await import(base + "engine/client.js");
      const engine = new Engine();
      const files = { kind: "folder", url: base + "models/minilm/", whole: true };
      const { handle, threads } = await engine.run("open_embedder", { files });
      const { vectors } = await engine.run("embed_texts", { embedder: handle, texts: ["a bird", "a goose"] });
      await engine.forget(handle);
      globalThis.engine = engine;
      return { threads, shape: vectors.shape };
    }"""
    found = page.evaluate(embed, base)
    assert found["threads"] >= 1
    assert found["shape"] == [2, 384]
    wait_for_helpers(page, 0)


def test_a_helper_that_cannot_start_is_reported(browser: Browser, tmp_path: Path) -> None:
    site = tmp_path / "dist"
    shutil.copytree(ROOT / "dist", site, ignore=shutil.ignore_patterns("helper.js"))
    with isolated_site(browser, site) as (page, base):
        found = page.evaluate(WRITE, [base, 2])
    assert found["count"] == 1
    assert "runs on one thread" in found["notices"][0]
    assert found["text"]


def test_without_isolation_there_is_one_thread(page: Page, site_url: str) -> None:
    page.goto(site_url + "playground/")
    found = page.evaluate(WRITE, [site_url, 2])
    assert (found["count"], found["shared"], found["notices"]) == (1, 0, [])
    assert found["text"]
