/** Python that starts from the build's snapshot does what Python does that has started without one. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import "../../../../npm/node-scope.js";
import { Assets } from "../../../../site/engine/assets.js";
import { Python } from "../../../../site/engine/worker/python.js";
import { exclude, PAGE, readSnapshot } from "../../../../site/engine/worker/snapshot.js";
import { DIST, FILES } from "../../built.js";

const SNAPSHOT = "python/snapshot.bin.gz";
const MODEL = ["config.json", "tokenizer.json", "model.safetensors"];
const PROMPT = "It was a fine morning, and the goose";

/** What is served instead of the snapshot. */
let instead = null;
let file;
/** Python that has started from the snapshot, and Pyodide in it. */
let python;
let restored;
/** What the default model writes in it. */
let written = "";

/** Starts Python with what is served as its snapshot. */
async function start(snapshot = null) {
  instead = snapshot;
  const python = new Python(new Assets(FILES.href));
  await python.start(
    () => {},
    (error) => assert.fail(String(error)),
  );
  return python;
}

/** The snapshot's file with another description. */
function changed(change) {
  const { image, ...described } = readSnapshot(file);
  const text = Buffer.from(JSON.stringify({ ...described, ...change(described) }));
  const head = Buffer.alloc(Math.ceil((4 + text.length) / 8) * 8, " ");
  head.writeUInt32LE(text.length);
  text.copy(head, 4);
  return new Uint8Array(Buffer.concat([head, image]));
}

async function source(name) {
  const bytes = await readFile(new URL(`models/default/${name}`, DIST));
  const read = (at, length) => new Uint8Array(bytes.subarray(at, at + length));
  return { name, size: bytes.length, read };
}

/** The default model's continuation of a prompt. */
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
  const { fetch } = globalThis;
  globalThis.fetch = async (url) =>
    instead && String(url).endsWith(SNAPSHOT) ? new Response(instead) : await fetch(url);
  file = new Uint8Array(gunzipSync(await readFile(new URL(SNAPSHOT, FILES))));
  python = await start();
  restored = python.pyodide;
});

test("its code says on which lines it is, and in no columns, of which a page has no source", () => {
  const known = restored.runPython(`
import goosequill.browser.bridge
positions = list(goosequill.browser.bridge.Bridge.run.__code__.co_positions())
[any(line for line, *_ in positions), any(column for *_, column in positions)]`);
  assert.deepEqual(known.toJs(), [true, false]);
});

test("it has imported what a first text needs", () => {
  const state = restored.runPython(`
import sys
[sys.path, [name in sys.modules for name in ("numpy", "goosequill.browser.bridge", "goosequill.chat.jobs")]]`);
  assert.deepEqual(state.toJs()[1], [true, true, true]);
  const current = state.toJs()[0].filter((folder) => folder === "");
  assert.equal(current.length, 1, "the current folder is in the path once, as after every start");
  assert.deepEqual(Object.keys(restored.loadedPackages).sort(), ["goosequill", "numpy"]);
});

test("modules that a first text does not need are not in the copy, and are there when they are used", async () => {
  const lazy = restored.runPython(`
import sys
sorted(name for name, module in sys.modules.items() if type(module).__name__ == "LaterModule")`);
  const listed = await readFile(new URL("../scripts/import_later.py", DIST), "utf8");
  const later = [...listed.matchAll(/^ {4}"([\w.]+)",$/gm)].map(([, name]) => name);
  assert.deepEqual(lazy.toJs(), later);
  const used = restored.runPython(`
import io, numpy as np, pickle
np.save(file := io.BytesIO(), np.pad(np.arange(3), 1))
file.seek(0)
[*np.load(file), np.nansum([1, np.nan]), np.polyval([2, 1], 3), *pickle.loads(pickle.dumps([8]))]`);
  assert.deepEqual(used.toJs().map(Number), [0, 0, 1, 2, 0, 1, 7, 8]);
  const same = restored.runPython(`
import asyncio.log, concurrent.futures, traceback
names = "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"
[getattr(asyncio, name) == getattr(concurrent.futures, name) for name in names] + [
    asyncio.log.logger.name == "asyncio", "<exec>" in traceback.format_stack(limit=1)[0]]`);
  assert.deepEqual(same.toJs(), [true, true, true, true, true]);
});

test("rooms are added, and other libraries loaded", async () => {
  await Promise.all(python.rooms.map((room) => python.addRoom(room)));
  const failures = restored.runPython(`
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
  const slept = await restored.runPythonAsync("import asyncio; await asyncio.sleep(0.001, 'slept')");
  assert.equal(slept, "slept");
});

test("random numbers differ, and objects of JavaScript are those of now", async () => {
  const { pyodide } = await start();
  const draw = "import random; random.random()";
  assert.notEqual(pyodide.runPython(draw), restored.runPython(draw));
  globalThis.goose = "honk";
  assert.equal(pyodide.runPython("import js; js.goose"), "honk");
  assert.equal(pyodide.runPython("from goosequill.browser import bridge; bridge.Object"), Object);
});

test("packages that are loaded later are known to Python", () => {
  restored.loadedPackages.gander = "Unknown";
  assert.equal(
    restored.runPython("from pyodide._package_loader import loadedPackages; loadedPackages.gander"),
    "Unknown",
  );
});

for (const [what, change] of [
  ["of a program of another size", ({ begin }) => ({ begin: [begin[0] + 4, ...begin.slice(1)] })],
  ["of another size", ({ memory }) => ({ memory: memory - PAGE })],
  ["in which a library was elsewhere", ({ begin }) => ({ begin: begin.with(2, begin[2] - 16) })],
  ["that began with more functions", ({ begin }) => ({ begin: begin.with(3, begin[3] + 1) })],
  ["with another function", ({ entries }) => ({ entries: [{ handle: 0, symbol: "malloc" }, ...entries] })],
]) {
  test(`one ${what} is refused: Python starts without it, and writes the same`, async (context) => {
    const warned = context.mock.method(console, "warn", () => {});
    const { pyodide } = await start(changed(change));
    assert.equal(warned.mock.callCount(), 1);
    assert.equal(pyodide.runPython("import sys; 'goosequill' in sys.modules"), false);
    const text = await generate(pyodide);
    assert.ok(text.length > 20);
    written ||= await generate(restored);
    assert.equal(text, written);
  });
}

test("the image has no copy of a file that the first archive has", () => {
  const head = Buffer.of(0, 97, 115, 109, 1, 0, 0, 0);
  assert.equal(Buffer.from(readSnapshot(file).image).indexOf(head), -1);
});

test("an image is exclusive or the program's bytes where both are, twice is as before", () => {
  const program = Uint8Array.from({ length: PAGE + 8 }, (_, i) => i);
  const image = new Uint8Array(2 * PAGE).fill(3);
  const runs = [[1, 3]];
  exclude(program, runs, image);
  assert.deepEqual([...image.subarray(0, 9)], [3, 2, 1, 0, 7, 6, 5, 4, 3]);
  exclude(program, runs, image);
  assert.ok(image.every((byte) => byte === 3));
});

test("bytes may begin within a run, and end in a later one", () => {
  const image = new Uint8Array(2 * PAGE);
  const bytes = new Uint8Array(3 * PAGE).fill(5);
  exclude(
    bytes,
    [
      [1, 2],
      [4, 5],
    ],
    image,
    2 * PAGE - 8,
  );
  assert.deepEqual([image.indexOf(5), image.lastIndexOf(5)], [PAGE - 8, 2 * PAGE - 9]);
  assert.equal(image.filter((byte) => byte).length, PAGE);
});
