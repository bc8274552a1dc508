/** Python that starts from the build's snapshot does what Python does that has started without one. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Assets } from "../../../../site/engine/assets.js";
import { Python } from "../../../../site/engine/worker/python.js";
import { exclude, PAGE, readSnapshot } from "../../../../site/engine/worker/snapshot.js";

const DIST = new URL("../../../../dist/", import.meta.url);
const PYODIDE = fileURLToPath(new URL("vendor/pyodide", DIST));
const SNAPSHOT = "python/snapshot.bin.gz";
const MODEL = ["config.json", "tokenizer.json", "model.safetensors"];
const PROMPT = "It was a fine morning, and the goose";

/** What is served instead of the snapshot. @type {Uint8Array<ArrayBuffer> | null} */
let instead = null;
/** @type {Uint8Array<ArrayBuffer>} */
let file;
/** Python that has started from the snapshot. @type {any} */
let restored;

/** @param {Uint8Array<ArrayBuffer> | null} [snapshot] what is served as one */
async function start(snapshot = null) {
  instead = snapshot;
  const python = new Python(new Assets(DIST.href));
  await python.start(
    () => {},
    (error) => assert.fail(String(error)),
  );
  return python;
}

/**
 * The snapshot's file with another description.
 * @param {(described: any) => object} change
 */
function changed(change) {
  const { image, ...described } = readSnapshot(file);
  const text = Buffer.from(JSON.stringify({ ...described, ...change(described) }));
  const head = Buffer.alloc(Math.ceil((4 + text.length) / 8) * 8, " ");
  head.writeUInt32LE(text.length);
  text.copy(head, 4);
  return new Uint8Array(Buffer.concat([head, image]));
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
    const { parts, end } = job.steps(0.01).value;
    for (const part of parts) text += part.text;
    if (end) return text;
  }
}

before(async () => {
  // Pyodide's compiled part is a classic script, which needs these two.
  const scope = /** @type {any} */ (globalThis);
  scope.require = createRequire(import.meta.url);
  scope.__dirname = PYODIDE;
  globalThis.fetch = async (url) =>
    new Response(
      instead && String(url).endsWith(SNAPSHOT) ? instead : await readFile(fileURLToPath(String(url))),
    );
  file = new Uint8Array(gunzipSync(await readFile(new URL(SNAPSHOT, DIST))));
  restored = (await start()).pyodide;
});

test("it has imported what a first text needs", () => {
  const state = restored.runPython(`
import sys
[sys.path, [name in sys.modules for name in ("numpy", "goosequill.browser.bridge", "goosequill.chat.jobs")]]`);
  assert.deepEqual(state.toJs()[1], [true, true, true]);
  const current = state.toJs()[0].filter((/** @type {string} */ folder) => folder === "");
  assert.equal(current.length, 1, "the current folder is in the path once, as after every start");
  assert.deepEqual(Object.keys(restored.loadedPackages).sort(), ["goosequill", "numpy"]);
});

test("rooms are added, and other libraries loaded", async () => {
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
  const { pyodide } = await start();
  const draw = "import random; random.random()";
  assert.notEqual(pyodide.runPython(draw), restored.runPython(draw));
  /** @type {any} */ (globalThis).goose = "honk";
  assert.equal(pyodide.runPython("import js; js.goose"), "honk");
  assert.equal(pyodide.runPython("from goosequill.browser import bridge; bridge.Object"), Object);
});

test("packages that are loaded later are known to Python", async () => {
  const { pyodide } = await start();
  pyodide.loadedPackages.gander = "Unknown";
  assert.equal(
    pyodide.runPython("from pyodide._package_loader import loadedPackages; loadedPackages.gander"),
    "Unknown",
  );
});

for (const [what, change] of /** @type {[string, (described: any) => object][]} */ ([
  ["of a program of another size", ({ program }) => ({ program: program + 4 })],
  ["of another size", ({ memory }) => ({ memory: memory - PAGE })],
  ["in which another function counts arguments", ({ counter }) => ({ counter: counter + 1 })],
  ["in which a library was elsewhere", ({ entries }) => ({ entries: entries.slice(1) })],
  ["with more functions", ({ functions }) => ({ functions: functions + 1 })],
])) {
  test(`one ${what} is refused: Python starts without it, and writes the same`, async (context) => {
    const warned = context.mock.method(console, "warn", () => {});
    const { pyodide } = await start(changed(change));
    assert.equal(warned.mock.callCount(), 1);
    assert.equal(pyodide.runPython("import sys; 'goosequill' in sys.modules"), false);
    const text = await generate(pyodide);
    assert.ok(text.length > 20);
    assert.equal(text, await generate((await start()).pyodide));
  });
}

test("an image is exclusive or the program's bytes where both are, twice is as before", () => {
  const program = Uint8Array.from({ length: PAGE + 8 }, (_, i) => i);
  const image = new Uint8Array(2 * PAGE).fill(3);
  /** @type {[number, number][]} */
  const runs = [[1, 3]];
  exclude(program, runs, image);
  assert.deepEqual([...image.subarray(0, 9)], [3, 2, 1, 0, 7, 6, 5, 4, 3]);
  exclude(program, runs, image);
  assert.ok(image.every((byte) => byte === 3));
});
