/** The shape of the proposed Embedding API, over an engine whose vectors are the lengths of texts. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { environment } from "../../../site/prompt-api/host.js";
import { SemanticEmbedder } from "../../../site/prompt-api/semantic-embedder.js";

let engines = [];
/** What a request waits for. */
let pause = async () => {};

class LengthEngine {
  ended = false;
  /** How many texts each request had. */
  batches = [];

  constructor() {
    engines.push(this);
  }

  async run(job, args, { signal, onProgress } = {}) {
    await pause();
    signal?.throwIfAborted();
    if (job === "open_embedder") {
      if (args.files.url.includes("missing")) {
        throw Object.assign(new Error("No model was found."), { code: "network", remedy: "Look again." });
      }
      onProgress({ status: "model", file: "table", loaded: 1, total: 2 });
      return { handle: 3, fingerprint: `space of ${args.files.url}` };
    }
    this.batches.push(args.texts.length);
    const data = Float32Array.from(args.texts.flatMap((text) => [text.length, 1]));
    return { vectors: { shape: [args.texts.length, 2], data } };
  }

  dispose() {
    this.ended = true;
  }
}

const { newEngine } = environment;
beforeEach(() => {
  engines = [];
  pause = async () => {};
  environment.newEngine = () => new LengthEngine();
  SemanticEmbedder.configure({ model: "https://example.org/models/one" });
});
afterEach(() => {
  SemanticEmbedder.configure();
  environment.newEngine = newEngine;
});

test("vectors come in the order of the texts, whatever their number", async () => {
  const embedder = await SemanticEmbedder.create();
  const texts = Array.from({ length: 150 }, (_, i) => "x".repeat(i));
  const { embeddings, embeddingSpace } = await embedder.embed(texts);
  const vectors = embeddings.map(({ values }) => [...values]);
  assert.deepEqual(
    vectors,
    texts.map(({ length }) => [length, 1]),
  );
  assert.ok(embeddings[0].values instanceof Float32Array);
  assert.equal(embeddingSpace, embedder.embeddingSpace);
  assert.equal(embeddingSpace, "space of https://example.org/models/one/");
  assert.deepEqual(engines[0].batches, [64, 64, 22]);
  assert.deepEqual((await embedder.embed("one text")).embeddings.length, 1);
  assert.deepEqual((await embedder.embed([])).embeddings, []);
  embedder.destroy();
});

test("all embedders share one worker, which is there at once for the next", async () => {
  assert.equal(await SemanticEmbedder.availability(), "downloadable");
  const opening = Promise.all([SemanticEmbedder.create(), SemanticEmbedder.create()]);
  assert.equal(await SemanticEmbedder.availability(), "downloading");
  const [one, two] = await opening;
  assert.equal(await SemanticEmbedder.availability(), "available");
  one.destroy();
  two.destroy();
  (await SemanticEmbedder.create()).destroy();
  assert.equal(engines.length, 1);
  SemanticEmbedder.configure({ model: "https://example.org/models/two/" });
  await Promise.resolve();
  assert.ok(engines[0].ended);
  assert.equal(await SemanticEmbedder.availability(), "downloadable");
});

test("a worker that died is replaced by the next embedder's", async () => {
  await SemanticEmbedder.create();
  engines[0].ended = true;
  assert.equal(await SemanticEmbedder.availability(), "downloadable");
  await SemanticEmbedder.create();
  assert.equal(engines.length, 2);
});

test("the monitor's progress goes from 0 to 1", async () => {
  const seen = [];
  await SemanticEmbedder.create({
    monitor: (monitor) => monitor.addEventListener("downloadprogress", ({ loaded }) => seen.push(loaded)),
  });
  assert.equal(seen[0], 0);
  assert.equal(seen.at(-1), 1);
  assert.ok(seen.length > 2);
});

test("without a model there is nothing to create", async () => {
  SemanticEmbedder.configure({ model: "" }); // as in the npm package, before an address is given
  assert.equal(await SemanticEmbedder.availability(), "unavailable");
  await assert.rejects(SemanticEmbedder.create(), { name: "NotSupportedError", message: /configure/ });
  assert.equal(engines.length, 0);
});

test("vectors of another space are refused", async () => {
  const { embeddingSpace } = await SemanticEmbedder.create();
  assert.equal(await SemanticEmbedder.availability({ embeddingSpace }), "available");
  assert.equal(await SemanticEmbedder.availability({ embeddingSpace: "another" }), "unavailable");
  await assert.rejects(SemanticEmbedder.create({ embeddingSpace: "another" }), { name: "NotSupportedError" });
  await SemanticEmbedder.create({ embeddingSpace });
});

test("what is aborted, destroyed, missing or too much is rejected with the right exception", async () => {
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(SemanticEmbedder.create({ signal: stop.signal }), { name: "AbortError" });
  const embedder = await SemanticEmbedder.create();
  await assert.rejects(embedder.embed("x", { signal: stop.signal }), { name: "AbortError" });
  pause = () => new Promise(() => {});
  const waiting = embedder.embed("x");
  embedder.destroy();
  await assert.rejects(waiting, { name: "AbortError" });
  await assert.rejects(embedder.embed("x"), { name: "AbortError" });
  pause = async () => {};
  const another = await SemanticEmbedder.create();
  await assert.rejects(another.embed(Array(10_001).fill("")), { name: "QuotaExceededError" });
  await assert.rejects(another.embed("x".repeat(10_000_001)), { name: "QuotaExceededError" });
  SemanticEmbedder.configure({ model: "https://example.org/missing/" });
  await assert.rejects(SemanticEmbedder.create(), { name: "NetworkError", message: /Look again/ });
  assert.equal(await SemanticEmbedder.availability(), "downloadable");
  assert.throws(() => new SemanticEmbedder(), TypeError);
  await assert.rejects(SemanticEmbedder.create({ monitor: 1 }), TypeError);
});

test("a signal that is aborted later ends the embedder", async () => {
  const stop = new AbortController();
  const embedder = await SemanticEmbedder.create({ signal: stop.signal });
  stop.abort(new RangeError("enough"));
  await assert.rejects(embedder.embed("x"), { name: "RangeError" });
});
