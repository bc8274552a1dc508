/** How the worker runs a job, with a Python that the test simulates. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../../../site/engine/worker/jobs.js";

/** Runs a job that returns given steps. */
async function play(steps, signal = new AbortController().signal, more = {}) {
  const posted = [];
  const job = { cancelled: false, destroyed: false };
  const python = {
    run: () => ({
      value: {
        steps: (seconds) => ({ value: { parts: [], ...steps(job.cancelled, seconds) } }),
        cancel: () => (job.cancelled = true),
        destroy: () => (job.destroyed = true),
      },
    }),
  };
  const bridge = { readyFor: async () => python };
  const post = (reply, transfer = []) => posted.push(structuredClone(reply, { transfer }));
  const failure = await run(bridge, { type: "run", id: 1, job: "x", args: more }, signal, post).then(
    () => null,
    (error) => error,
  );
  return { posted, failure, job };
}

test("parts, progress and the end are posted, and buffers are moved", async () => {
  const data = Float32Array.of(1, 2);
  const image = Uint8Array.of(3);
  const steps = [
    { progress: { status: "x", file: "", loaded: 1, total: 2 } },
    { parts: [{ shape: [2], dtype: "float32", data }] },
    { parts: [null] },
    { end: [{ image }] },
  ];
  const { posted, failure, job } = await play(() => steps.shift());
  assert.equal(failure, null);
  assert.deepEqual(posted.shift(), {
    type: "progress",
    id: 1,
    progress: { status: "x", file: "", loaded: 1, total: 2 },
  });
  const done = posted.pop();
  const order = posted.flatMap(({ type, parts }) => [type, ...parts]).filter((item) => item !== "part");
  assert.deepEqual(order, [{ shape: [2], dtype: "float32", data: Float32Array.of(1, 2) }, null]);
  assert.deepEqual(done, { type: "done", id: 1, result: [{ image: Uint8Array.of(3) }] });
  assert.deepEqual([data.byteLength, image.byteLength], [0, 0], "the worker keeps no copy");
  assert.ok(job.destroyed);
});

test("the first part is posted at once, later ones take their time together", async () => {
  const times = [];
  const { posted } = await play((_, seconds) => {
    times.push(seconds);
    if (times.length === 1) return { progress: { status: "x", file: "", loaded: 1, total: 1 } };
    return times.length < 4 ? { parts: ["a", "b"] } : { parts: ["c"], end: "d" };
  });
  assert.deepEqual(times, [0, 0, 0.016, 0.016]);
  assert.deepEqual(posted[1].parts, ["a", "b"]);
  assert.deepEqual(
    posted.flatMap(({ parts }) => parts ?? []),
    ["a", "b", "a", "b", "c"],
  );
});

test("a request that was cancelled while Python started cancels its job", async () => {
  const controller = new AbortController();
  controller.abort();
  const ended = await play((cancelled) => (cancelled ? { end: "early" } : { parts: [1] }), controller.signal);
  assert.deepEqual(ended.posted, [{ type: "done", id: 1, result: "early" }]);
  const aborted = await play(
    (cancelled) => (cancelled ? { aborted: true } : { parts: [1] }),
    controller.signal,
  );
  assert.equal(aborted.failure.name, "AbortError");
  assert.ok(aborted.job.destroyed);
});

test("an error of Python's ends the job with its code", async () => {
  const { failure, job } = await play(() => {
    throw Object.assign(new Error("boom"), { code: "x" });
  });
  assert.equal(failure.code, "x");
  assert.ok(job.destroyed);
});

test("an array that a job returns twice is moved once", async () => {
  const data = Float32Array.of(1, 2);
  const { posted, failure } = await play(() => ({ end: { first: data, again: data } }));
  assert.equal(failure, null);
  assert.deepEqual([...posted[0].result.again], [1, 2]);
  assert.equal(data.length, 0);
});

test("a message is received after a few steps, also by a port of Node's", async () => {
  const { port1, port2 } = new MessageChannel();
  const controller = new AbortController();
  port1.onmessage = () => controller.abort();
  let steps = 0;
  const { job } = await play((cancelled) => {
    if (++steps === 3) port2.postMessage("cancel");
    return cancelled || steps === 900 ? { aborted: true } : {};
  }, controller.signal);
  port1.close();
  assert.ok(job.cancelled && steps < 20, `${steps}`);
});

test("a job in the background stands still while somebody waits for another, and then goes on", async () => {
  const order = [];
  let left = 3;
  const behind = play(() => order.push("behind") && (order.length > 9 ? { end: 1 } : {}), undefined, {
    background: true,
  });
  while (!order.length) await new Promise(setImmediate);
  const before = order.length;
  await play(() => order.push("asked") && (--left ? {} : { end: 1 }));
  const during = order.slice(before, order.lastIndexOf("asked"));
  assert.ok(during.filter((each) => each === "behind").length <= 1, order.join());
  assert.deepEqual((await behind).posted, [{ type: "done", id: 1, result: 1 }]);
});
