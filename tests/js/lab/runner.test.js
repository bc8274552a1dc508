/**
 * How experiments reach the engine: started by the first run, data files fetched once, again after a failure.
 */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ROOT as SITE } from "../../../site/engine/root.js";
import { Runner } from "../../../site/lab/runner.js";

const ROOT = new URL("http://localhost/site/");

/** What the engine was asked. */
let asked;
let engine;
/** The site's data files. */
let files;
let fetched;
let runner;
let started = 0;

beforeEach(() => {
  asked = [];
  fetched = [];
  started = 0;
  files = { "one.npy": [1, 2], "two.npy": [3] };
  engine = {
    ended: false,
    run: async (job, args, { onPart } = {}) => {
      asked.push(job);
      if (job === "experiment_files") return Object.keys(files);
      onPart({ half: { shape: [1], dtype: "int8", data: Int8Array.of(1) } });
      return { settings: {}, data: args.data };
    },
    status: async () => asked.push("status"),
  };
  const holder = { use: (work) => work(engine) };
  runner = new Runner(ROOT, async () => {
    started++;
    return holder;
  });
  globalThis.fetch = async (url) => {
    const name = String(url).replace(/^.*\//, "");
    fetched.push(String(url));
    if (name === "parts.json") return Response.json({ parts: [{ bytes: 3 }, { bytes: 4 }] });
    return files[name] ? new Response(Uint8Array.from(files[name])) : new Response("", { status: 404 });
  };
});

function run(options = {}) {
  const { signal } = new AbortController();
  return runner.run("sta", { settings: {}, data: null, signal, onProgress() {}, onPart() {}, ...options });
}

test("the engine is started by the first run, and known to be ready when it has answered", async () => {
  assert.equal(runner.ready, false);
  await runner.settled();
  assert.equal(started, 0);
  await run();
  assert.equal(runner.ready, true);
  await run();
  assert.equal(started, 1);
  engine.ended = true;
  assert.equal(runner.ready, false);
});

test("data files are fetched once and passed beside the visitor's data", async () => {
  const parts = [];
  const options = { data: { gain: 2 }, onPart: (part) => parts.push(part) };
  const { data } = await run(options);
  assert.deepEqual(data, { gain: 2, files: { "one.npy": [1, 2], "two.npy": [3] } });
  assert.deepEqual(parts, [{ half: [1] }], "parts arrive as plain lists");
  await run();
  assert.deepEqual(fetched, [
    "http://localhost/site/lab/data/one.npy",
    "http://localhost/site/lab/data/two.npy",
  ]);
});

test("a data file that cannot be loaded is an error with a remedy, and is tried again", async () => {
  const all = globalThis.fetch;
  globalThis.fetch = async () => {
    throw new TypeError("offline");
  };
  await assert.rejects(run(), { code: "network", remedy: /Run again/ });
  globalThis.fetch = all;
  await run();
});

test("files of the site are fetched from their folders, models from where they are in all versions", async () => {
  engine.run = async (job, args) =>
    job === "experiment_files" ? ["teach/sets.json", "models/default/config.json"] : { data: args.data };
  [files["sets.json"], files["config.json"]] = [[1], [2]];
  await run();
  assert.deepEqual(fetched, ["http://localhost/site/teach/sets.json", `${SITE}models/default/config.json`]);
});

test("a run that was cancelled while its files arrived does not start", async () => {
  const controller = new AbortController();
  const { fetch } = globalThis;
  globalThis.fetch = async (url) => {
    controller.abort();
    return await fetch(url);
  };
  await assert.rejects(run({ signal: controller.signal }), { name: "AbortError" });
  assert.deepEqual(asked, ["experiment_files"]);
});

test("the size of the first run's download is that of the engine's parts", async () => {
  assert.equal(await runner.size(), 7);
  globalThis.fetch = async () => new Response("", { status: 404 });
  assert.equal(await runner.size(), 0);
});

test("the engine that failed to load is asked for again", async () => {
  let attempts = 0;
  const broken = new Runner(ROOT, async () => {
    if (++attempts === 1) throw new Error("no network");
    return { use: (work) => work(engine) };
  });
  const { signal } = new AbortController();
  const options = { settings: {}, data: null, signal, onProgress() {}, onPart() {} };
  await assert.rejects(broken.run("sta", options), /no network/);
  await broken.run("sta", options);
  assert.equal(broken.ready, true);
});
