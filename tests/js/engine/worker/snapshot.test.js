/** Python that starts from a snapshot of its memory does what Python does that has started without one. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Assets } from "../../../../site/engine/assets.js";
import { Python } from "../../../../site/engine/worker/python.js";
import { takeSnapshot } from "../../../../site/engine/worker/snapshot.js";
import { Snapshots } from "../../../../site/engine/worker/snapshots.js";

/** @typedef {import("../../../../site/engine/storage/snapshots.js").Kept} Kept */
/** @typedef {import("../../../../site/engine/worker/snapshot.js").Snapshot} Snapshot */

const DIST = new URL("../../../../dist/", import.meta.url);
const MODEL = ["config.json", "tokenizer.json", "model.safetensors"];
const PROMPT = "It was a fine morning, and the goose";

/** A store in memory. */
class MemoryStore {
  /** @type {Kept | null} */
  kept = null;
  /** @type {string[]} */
  failed = [];

  async read() {
    return this.kept;
  }

  /** @param {string} build @param {Snapshot} snapshot @param {Uint8Array<ArrayBuffer>[]} files */
  async keep(build, snapshot, files) {
    this.kept = { build, kept: { snapshot, files } };
  }

  /** @param {string} build */
  async fail(build) {
    this.failed.push(build);
    this.kept = { build, kept: null };
  }
}

const store = new MemoryStore();
/** Paths that were read. @type {string[]} */
let requested = [];
/** Python that has started without a snapshot. @type {any} */
let first;
let textOfFirst = "";

async function start(from = store) {
  requested = [];
  const python = new Python(new Assets(DIST.href), new Snapshots(Promise.resolve(from)));
  await python.start(
    () => {},
    (error) => assert.fail(String(error)),
  );
  return python;
}

/** @param {string} name */
async function source(name) {
  const bytes = await readFile(new URL(`models/default/${name}`, DIST));
  const read = (/** @type {number} */ at, /** @type {number} */ length) =>
    new Uint8Array(bytes.subarray(at, at + length));
  return { name, size: bytes.length, read };
}

/** The default model's continuation of a prompt. @param {any} pyodide */
async function generate(pyodide) {
  const bridge = pyodide.pyimport("goosequill.browser.bridge").Bridge(2e9);
  const files = await Promise.all(MODEL.map(source));
  const options = { quantize: null, tokenizer: "", verify: false, keep: false };
  const { handle } = bridge.load(files, options, () => {}).value;
  const settings = { max_new_tokens: 30, seed: 7, temperature: 0.9 };
  const job = bridge.run("generate", { model: handle, prompt: PROMPT, settings }).value;
  let text = "";
  for (;;) {
    const { part, end } = job.step().value;
    text += part?.text ?? "";
    if (end) return text;
  }
}

before(async () => {
  // Pyodide's compiled part is a classic script, which needs these two.
  const scope = /** @type {any} */ (globalThis);
  scope.require = createRequire(import.meta.url);
  scope.__dirname = fileURLToPath(new URL("vendor/pyodide", DIST));
  globalThis.fetch = async (url) => {
    requested.push(String(url).slice(DIST.href.length));
    return new Response(await readFile(fileURLToPath(String(url))));
  };
  const python = await start();
  first = python.pyodide;
  first.runPython("import random, goosequill.browser.bridge");
  const prepare = () => first.pyimport("goosequill.browser.first");
  await python.remember(prepare, () => true);
  textOfFirst = await generate(first);
});

test("it has imported what was imported, without the archives, and generates the same text", async () => {
  assert.ok(store.kept?.kept, "a snapshot was taken");
  const { pyodide } = await start();
  assert.deepEqual(
    requested.filter((path) => path.startsWith("python/")),
    [],
  );
  const state = "import sys; [sys.path, 'goosequill.browser.first' in sys.modules, 'numpy' in sys.modules]";
  assert.deepEqual(pyodide.runPython(state).toJs(), [
    first.runPython("import sys; sys.path").toJs(),
    true,
    true,
  ]);
  assert.deepEqual(pyodide.loadedPackages, first.loadedPackages);
  assert.ok(textOfFirst.length > 20);
  assert.equal(await generate(pyodide), textOfFirst);
});

test("it takes no second snapshot", async () => {
  const { kept } = store;
  const python = await start();
  python.pyodide.runPython("import goosequill.browser.bridge");
  await python.remember(
    () => {},
    () => true,
  );
  assert.equal(store.kept, kept);
});

test("rooms are added, and other libraries loaded, as in the first", async () => {
  const python = await start();
  await Promise.all(python.rooms.map((/** @type {string} */ room) => python.addRoom(room)));
  const failures = python.pyodide.runPython(`
from importlib import import_module
from goosequill.browser.jobs import all_jobs
import numpy.random, numpy.linalg

failures = [str(numpy.linalg.det(numpy.eye(3)))]
for name, path in all_jobs().items():
    module, function = path.split(":")
    try:
        getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        failures.append(f"{name}: {error}")
failures`);
  assert.deepEqual(failures.toJs(), ["1.0"]);
  const slept = await python.pyodide.runPythonAsync("import asyncio; await asyncio.sleep(0.001, 'slept')");
  assert.equal(slept, "slept");
});

test("random numbers differ, and objects of JavaScript are those of now", async () => {
  const runs = [];
  for (let i = 0; i < 2; i++) runs.push((await start()).pyodide.runPython("import random; random.random()"));
  assert.notEqual(runs[0], runs[1]);
  const { pyodide } = await start();
  /** @type {any} */ (globalThis).goose = "honk";
  assert.equal(pyodide.runPython("import js; js.goose"), "honk");
  assert.equal(pyodide.runPython("from goosequill.browser import bridge; bridge.Object"), Object);
});

test("one of another build is not used, and replaced", async () => {
  const other = new MemoryStore();
  other.kept = store.kept && { ...store.kept, build: "another" };
  const python = await start(other);
  assert.ok(requested.includes("python/library.tar.gz"));
  python.pyodide.runPython("import goosequill.browser.bridge");
  await python.remember(
    () => {},
    () => true,
  );
  assert.equal(other.kept?.build, store.kept?.build);
});

for (const [what, change] of /** @type {[string, (snapshot: Snapshot) => Partial<Snapshot>][]} */ ([
  ["of a browser with other functions", ({ first: at }) => ({ first: at + 1 })],
  ["in which a library was elsewhere", ({ entries }) => ({ entries: entries.slice(1) })],
  ["with more functions", ({ functions }) => ({ functions: functions + 1 })],
])) {
  test(`one ${what} is refused: Python starts without it, and takes no other`, async (context) => {
    const warned = context.mock.method(console, "warn", () => {});
    const bad = new MemoryStore();
    const { build, kept } = /** @type {Kept} */ (store.kept);
    assert.ok(kept);
    bad.kept = { build, kept: { ...kept, snapshot: { ...kept.snapshot, ...change(kept.snapshot) } } };
    const python = await start(bad);
    assert.equal(python.pyodide.runPython("import numpy; int(numpy.arange(4).sum())"), 6);
    assert.deepEqual(bad.failed, [build]);
    assert.equal(warned.mock.callCount(), 1);
    python.pyodide.runPython("import goosequill.browser.bridge");
    await python.remember(
      () => {},
      () => true,
    );
    assert.equal(bad.kept?.kept, null);
  });
}

test("memory with an object of JavaScript that has no name is not kept", async () => {
  const { pyodide } = await start(new MemoryStore());
  pyodide.runPython("import js; held = js.Array.new(3)");
  const packages = { ...pyodide.loadedPackages };
  assert.throws(() => takeSnapshot(pyodide), /has no name/);
  assert.deepEqual(pyodide.loadedPackages, packages);
});
