/** The worker outside a browser and without Python: the test provides its environment. */

import assert from "node:assert/strict";
import test from "node:test";

const posted = [];
const closed = new Promise((resolve) => {
  Object.assign(globalThis, {
    postMessage: (message) => posted.push(message),
    close: () => resolve(undefined),
    fetch: async () => new Response(null, { status: 404 }),
  });
});
await import("../../../site/engine/worker.js");

test("an engine that cannot start rejects every request with the reason, and then ends", async () => {
  globalThis.onmessage({ data: { type: "status", id: 1 } });
  for (const id of [2, 3]) globalThis.onmessage({ data: { type: "run", id, job: "measure", args: {} } });
  await closed;
  const [alive, status, ...errors] = posted;
  const gone = errors.pop();
  assert.deepEqual(alive, { type: "alive", lock: "" });
  assert.deepEqual(status.status, { state: "idle", models: 0, running: 0, heap_bytes: 0 });
  const codes = errors.map(({ type, id, error }) => [type, id, error.code]);
  assert.deepEqual(codes, [
    ["error", 2, "not-found"],
    ["error", 3, "not-found"],
  ]);
  assert.deepEqual(gone, { type: "gone", reason: "it could not start" });
});
