"""The JavaScript interface in a browser: real worker, real Python, the default model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

PREPARE = """async (base) => {
  const { Engine, loadModel } = await import(base + "engine/client.js");
  const engine = new Engine();
  const phases = [];
  const model = await loadModel({
    model: base + "models/default/",
    engine,
    onProgress: ({ status, loaded, total }) => phases.push({ status, loaded, total }),
  });
  const read = async (writing, limit = Infinity) => {
    const items = [];
    for await (const item of writing) if (items.push(item) >= limit) break;
    return items;
  };
  Object.assign(globalThis, { engine, model, phases, read, Engine, loadModel });
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, site_url: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(site_url + "playground/")  # a page with the strict policy
    page.evaluate(PREPARE, site_url)
    yield page
    page.close()


def test_every_phase_of_the_start_is_told(page: Page) -> None:
    phases: list[dict[str, Any]] = page.evaluate("phases")
    by_status: dict[str, list[dict[str, Any]]] = {}
    for phase in phases:
        by_status.setdefault(phase["status"], []).append(phase)
    assert set(by_status) == {"engine", "start", "model", "weights"}
    for status in ("engine", "model", "weights"):
        last = by_status[status][-1]
        assert last["loaded"] == last["total"] > 0, status
        loaded = [phase["loaded"] for phase in by_status[status]]
        assert loaded == sorted(loaded), status


def test_a_loop_gets_chunks_and_then_the_end(page: Page) -> None:
    *chunks, end = page.evaluate("read(model.generate('Once', { max_new_tokens: 6, seed: 3 }))")
    assert [chunk["index"] for chunk in chunks] == list(range(len(chunks)))
    assert all({"text", "token", "logprob"} <= set(chunk) for chunk in chunks)
    assert end["finish_reason"] in ("length", "stop")
    assert end["usage"]["completion_tokens"] == len(chunks)
    assert end["seed"] == 3


def test_two_texts_at_once_are_each_what_they_are_alone(page: Page) -> None:
    alone, together = page.evaluate(
        """async () => {
          const start = (seed) => read(model.generate("Once", { max_new_tokens: 12, seed }));
          const alone = [await start(1), await start(2)];
          return [alone, await Promise.all([start(1), start(2)])];
        }"""
    )
    assert alone == together
    assert alone[0] != alone[1]


def test_break_and_abort_end_the_work_of_the_worker(page: Page) -> None:
    result = page.evaluate(
        """async () => {
          const many = { max_new_tokens: 100000, ignore_end: true, seed: 1 };
          const broken = await read(model.generate("Once", many), 2);
          const controller = new AbortController();
          let name = "";
          try {
            for await (const chunk of model.generate("Once", { ...many, signal: controller.signal })) {
              controller.abort();
            }
          } catch (error) {
            name = error.name;
          }
          const started = performance.now();
          let status = await engine.status();
          while (status.running && performance.now() - started < 2000) status = await engine.status();
          return { broken: broken.length, name, running: status.running };
        }"""
    )
    assert result == {"broken": 2, "name": "AbortError", "running": 0}


def test_fifty_stops_leave_one_worker_that_still_writes(page: Page) -> None:
    seconds = page.evaluate(
        """async () => {
          const started = performance.now();
          const endless = { max_new_tokens: 100000, ignore_end: true };
          for (let i = 0; i < 50; i++) await read(model.generate("Once", endless), 1);
          await read(model.generate("Once", { max_new_tokens: 2 }));
          return (performance.now() - started) / 1000;
        }"""
    )
    assert len(page.workers) == 1
    assert seconds < 30


def test_errors_have_a_code_and_a_remedy_and_the_next_request_works(page: Page, site_url: str) -> None:
    codes = page.evaluate(
        """async (base) => {
          const codes = [];
          for (const attempt of [
            () => loadModel({ model: base + "models/nowhere/", engine }),
            () => loadModel({ model: base + "engine/", engine }),
            () => loadModel({ model: new File(["quack"], "duck.pth"), engine }),
            () => read(model.generate("Once", { temperature: -1 })),
            () => read(model.generate("", {})),
            () => engine.call("os.system", { command: "ls" }),
          ]) {
            const error = await attempt().then(() => null, (error) => error);
            codes.push(error?.name === "EngineError" && error.remedy ? error.code : String(error));
          }
          return codes;
        }""",
        site_url,
    )
    assert codes[:3] == ["not-found", "not-found", "unknown-format"]
    assert codes[5] == "unknown-function"
    assert all(" " not in code for code in codes), codes
    assert page.evaluate("read(model.generate('Once', { max_new_tokens: 1 }))")


def test_an_unloaded_model_is_told_and_a_disposed_engine_rejects(page: Page, site_url: str) -> None:
    result = page.evaluate(
        """async (base) => {
          const second = await loadModel({ model: base + "models/default/", engine });
          await second.unload();
          const gone = await read(second.generate("Once")).catch((error) => error.code);
          const endless = { max_new_tokens: 100000, ignore_end: true };
          const waiting = read(model.generate("Once", endless)).catch((error) => error.name);
          await new Promise((resolve) => setTimeout(resolve, 100));
          engine.dispose();
          return [gone, await waiting, await engine.status().catch((error) => error.name)];
        }""",
        site_url,
    )
    assert result == ["model-unloaded", "AbortError", "AbortError"]
    page.wait_for_timeout(200)
    assert not page.workers
