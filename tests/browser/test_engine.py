"""The JavaScript interface in a browser: real worker, real Python, the default model."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from .variants import variants
from .workers import only_worker

PREPARE = """async (base) => {
  globalThis.received = 0;  // parts that workers have posted, tokens among them
  const Native = Worker;
  globalThis.Worker = class extends Native {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => { received += data.parts?.length ?? 0; });
    }
  };
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
    page = browser.new_page(service_workers="block")
    page.goto(site_url + "playground/")  # a page with the strict policy
    page.evaluate(PREPARE, site_url)
    yield page
    page.close()


def test_every_phase_of_the_start_is_reported(page: Page) -> None:
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


def test_a_loop_receives_chunks_and_then_the_end(page: Page) -> None:
    *chunks, end = page.evaluate("read(model.generate('Once', { max_new_tokens: 6, seed: 3 }))")
    assert [chunk["index"] for chunk in chunks] == list(range(len(chunks)))
    assert all({"text", "token", "logprob"} <= set(chunk) for chunk in chunks)
    assert end["finish_reason"] in ("length", "stop")
    assert end["usage"]["completion_tokens"] == len(chunks)
    assert end["seed"] == 3


def test_two_concurrent_texts_equal_the_same_texts_alone(page: Page) -> None:
    alone, together = page.evaluate(
        """async () => {
          const start = (seed) => read(model.generate("Once", { max_new_tokens: 12, seed }));
          const alone = [await start(1), await start(2)];
          return [alone, await Promise.all([start(1), start(2)])];
        }"""
    )
    assert alone == together
    assert alone[0] != alone[1]


def test_break_and_abort_stop_the_worker(page: Page) -> None:
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
          let status = await engine.status();
          while (status.running && received < 100000) status = await engine.status();
          return { broken: broken.length, name, running: status.running };
        }"""
    )
    assert result == {"broken": 2, "name": "AbortError", "running": 0}


LENGTH = 20_000  # tokens, more than are written while a test runs


@pytest.mark.rest
def test_one_worker_still_generates_after_fifty_cancellations(page: Page) -> None:
    found = page.evaluate(
        """async (length) => {
          const before = received;
          const endless = { max_new_tokens: length, ignore_end: true };
          for (let i = 0; i < 50; i++) await read(model.generate("Once", endless), 1);
          const items = await read(model.generate("Once", { max_new_tokens: 2, ignore_end: true }));
          let status = await engine.status();
          while (status.running && received - before < length) status = await engine.status();
          return { chunks: items.length - 1, tokens: received - before };
        }""",
        LENGTH,
    )
    assert only_worker(page)
    assert found["chunks"] == 2
    assert 52 <= found["tokens"] < LENGTH  # less than a single one of the texts if it were not cancelled


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


def test_an_unloaded_model_is_reported_and_a_disposed_engine_rejects(page: Page, site_url: str) -> None:
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


ECHO = """
JOBS = {"echo": "goosequill.evaluation.echo:echo"}
"""
ECHO_MODULE = """
from goosequill.support.progress import Progress

def echo(value, count=1):
    for at in range(count):
        yield Progress("echo", at + 1, count)
        yield {"at": at, "value": value}
    return {"type": type(value).__name__, "value": value}
"""


def add_echo(route: Route) -> None:
    """Put a job for tests into the archive of the package on its way to the page."""
    response = route.fetch()
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(response.body())) as own,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for member in own:
            archive.addfile(member, own.extractfile(member))
        for name, source in (("echo", ECHO_MODULE), ("jobs", ECHO)):  # found before the compiled one
            entry = tarfile.TarInfo(f"site-packages/goosequill/evaluation/{name}.py")
            entry.size = len(source)
            archive.addfile(entry, io.BytesIO(source.encode()))
    route.fulfill(response=response, body=packed.getvalue())


def refuse(route: Route) -> None:
    """Describe the snapshot as that of another program, so that Python starts without it."""
    response = route.fetch()
    content = gzip.decompress(response.body())
    route.fulfill(response=response, body=content.replace(b'"begin":[', b'"begin":[1', 1))


@pytest.mark.parametrize(
    "failing",
    variants(["**/engine/preparer.js"], ["**/python/first.tar.gz"]),
)
def test_what_a_second_worker_cannot_prepare_the_first_one_does(
    browser: Browser, site_url: str, failing: str
) -> None:
    context = browser.new_context(service_workers="block")
    page, failures = context.new_page(), []

    def fail_once(route: Route) -> None:
        if failures:
            route.continue_()
        else:
            failures.append(route.request.url)
            route.abort()

    page.route(failing, fail_once)
    page.goto(site_url + "playground/")
    page.evaluate(PREPARE, site_url)
    assert page.evaluate("read(model.generate('Once', { max_new_tokens: 2, seed: 3 }))")[-1]["usage"]
    assert len(failures) == 1
    context.close()


WRITE = """async (base) => {
  const { loadModel } = await import(base + "engine/client.js");
  globalThis.model ??= await loadModel({ model: base + "models/default/" });
  let text = "";
  for await (const chunk of model.generate("The goose", { seed: 1, max_new_tokens: 8 })) text += chunk.text;
  return text;
}"""


def test_a_model_whose_worker_was_ended_is_loaded_again(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    page.goto(site_url + "playground/")
    text = page.evaluate(WRITE, site_url)
    only_worker(page).evaluate("self.close()")
    page.wait_for_function("() => model.engine.ended")
    assert text and page.evaluate(WRITE, site_url) == text
    page.close()


@pytest.fixture(scope="module")
def echo_page(browser: Browser, site_url: str) -> Iterator[Page]:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.route("**/python/goosequill.tar.gz", add_echo)
    page.route("**/python/snapshot.bin.gz", refuse)  # which has imported the package as it was
    page.goto(site_url + "playground/")
    page.evaluate(
        """async (base) => {
          const { Engine } = await import(base + "engine/client.js");
          globalThis.engine = new Engine();
        }""",
        site_url,
    )
    yield page
    context.close()


def test_arrays_cross_both_ways_as_typed_arrays_of_their_own(echo_page: Page) -> None:
    found = echo_page.evaluate(
        """async () => {
          const arrays = [
            { shape: [2, 2], dtype: "float32", data: Float32Array.of(1.5, -2, 3, NaN) },
            { shape: [3], dtype: "int8", data: Int8Array.of(-1, 0, 127) },
            { shape: [3], dtype: "uint8", data: Uint8Array.of(0, 1, 255) },
            { shape: [1, 2], dtype: "int32", data: Int32Array.of(-(2 ** 31), 7) },
            { shape: [2], dtype: "float64", data: Float64Array.of(Math.PI, 0) },
            { shape: [2], dtype: "bool", data: Uint8Array.of(1, 0) },
            { shape: [], dtype: "float32", data: Float32Array.of(4) },
            { shape: [0, 3], dtype: "float32", data: new Float32Array(0) },
          ];
          const same = (a, b) =>
            a.dtype === b.dtype && String(a.shape) === String(b.shape) && String(a.data) === String(b.data) &&
            a.data.constructor === b.data.constructor && a.data.buffer.byteLength === b.data.byteLength;
          const results = [];
          for (const value of arrays) {
            const parts = [];
            const end = await engine.run("echo", { value }, { onPart: (part) => parts.push(part) });
            results.push([value.dtype, end.type, same(end.value, value), same(parts[0].value, value)]);
          }
          return results;
        }"""
    )
    assert len(found) == 8
    for dtype, kind, end, part in found:
        assert (kind, end, part) == ("ndarray", True, True), dtype


def test_a_job_reports_progress_streams_parts_and_is_cancelled(echo_page: Page) -> None:
    found = echo_page.evaluate(
        """async () => {
          const progress = [];
          const items = [];
          const args = { value: "x", count: 3 };
          for await (const item of engine.stream("echo", args, { onProgress: (p) => progress.push(p) })) {
            items.push(item);
          }
          const controller = new AbortController();
          const endless = { value: "x", count: 1e9 };
          let count = 0;
          const options = { signal: controller.signal, onPart: () => ++count === 5 && controller.abort() };
          const name = await engine.run("echo", endless, options).catch((error) => error.name);
          for await (const item of engine.stream("echo", endless)) if (item) break;
          const stream = engine.stream("echo", endless);
          let last = null;
          for await (const item of stream) {
            last = item;
            stream.cancel();
          }
          let status = await engine.status();
          while (status.running) status = await engine.status();
          return { progress, items, name, last: last.value, running: status.running };
        }"""
    )
    assert found["progress"][-1] == {"status": "echo", "file": "", "loaded": 3, "total": 3}
    assert [item.get("at", item.get("type")) for item in found["items"]] == [0, 1, 2, "str"]
    assert (found["name"], found["last"], found["running"]) == ("AbortError", "x", 0)


def test_fetch_and_webassembly_are_the_browsers_own_once_python_runs(echo_page: Page) -> None:
    echo_page.evaluate("engine.run('measure', { outputs: [] }).catch(() => null)")
    worker = only_worker(echo_page)
    for name in ("fetch", "WebAssembly.instantiateStreaming"):
        assert "[native code]" in worker.evaluate(f"{name}.toString()"), name
