/** Why a worker did not start: whether the page can reach its script decides between two explanations. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Assets } from "../../../site/engine/assets.js";
import { explainFailure, startWorker } from "../../../site/engine/start.js";

globalThis.location = new URL("https://page.example/");
globalThis.Worker = class extends EventTarget {
  postMessage() {}
};
const worker = startWorker(new Assets("https://page.example/"));

test("without a connection nothing else is blamed", async (t) => {
  t.mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const { code, message, remedy } = await explainFailure(worker, "its script could not be loaded");
  assert.equal(code, "worker-blocked");
  assert.match(message, /\/engine\/worker\.js: there is no connection\.$/);
  assert.equal(remedy, "Check the connection and try again.");
});

test("of a script that is there, the reason is given", async (t) => {
  t.mock.method(globalThis, "fetch", async () => new Response());
  const { message, remedy } = await explainFailure(worker, "it does not respond");
  assert.match(message, /: it does not respond\.$/);
  assert.match(remedy, /another browser/);
});
