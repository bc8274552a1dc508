/** Files that are read from the front to the back while they arrive. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";

import { Arrival, fromAddress, fromBlob } from "../../../../site/engine/storage/arrival.js";

const BYTES = new Uint8Array(randomBytes(200_000));
const WHOLE = { name: "a.pth", size: BYTES.length, read: () => assert.fail("the bytes should have arrived") };
const { signal } = new AbortController();

/** A server with ranges whose responses break off after some bytes. */
function serve({ lasting = BYTES.length, version = () => '"one"', size = BYTES.length, status = 206 } = {}) {
  const asked = [];
  const fetch = async (_, { headers }) => {
    const start = Number(/bytes=(\d+)-/.exec(headers.Range)?.[1]);
    asked.push(start);
    const body = new ReadableStream({
      start(controller) {
        const end = Math.min(BYTES.length, start + lasting);
        for (let at = start; at < end; at += 7000)
          controller.enqueue(BYTES.subarray(at, Math.min(end, at + 7000)));
      },
      pull(controller) {
        if (start + lasting < BYTES.length) controller.error(new TypeError("network error"));
        else controller.close();
      },
    });
    const range = `bytes ${start}-${size - 1}/${size}`;
    return new Response(body, { status, headers: { "Content-Range": range, ETag: version(asked.length) } });
  };
  const source = { name: "a.pth", size: BYTES.length, version: '"one"', signal, fetch };
  return { asked, open: fromAddress("https://a.b/a.pth", source) };
}

async function readAll(arrival, from, step) {
  for (let at = from; at < BYTES.length; at += step) {
    const end = Math.min(BYTES.length, at + step);
    await arrival.need(at, end);
    assert.deepEqual(arrival.read(at, end - at), BYTES.slice(at, end));
  }
}

test("every byte is right, whatever pieces arrive and are needed", async () => {
  for (const step of [999, 7000, 150_000]) {
    const { asked, open } = serve();
    await readAll(new Arrival(WHOLE, open, signal), 0, step);
    assert.deepEqual(asked, [0]);
  }
  const blob = new Blob([BYTES]);
  await readAll(new Arrival({ ...WHOLE, size: blob.size }, fromBlob(blob), signal), 12_345, 5000);
});

test("it begins anywhere, skips small gaps, and goes back with a request of its own", async () => {
  const { asked, open } = serve();
  const arrival = new Arrival(WHOLE, open, signal);
  await arrival.need(100_000, 100_010);
  await arrival.need(150_000, 150_010);
  assert.deepEqual(arrival.read(150_000, 10), BYTES.slice(150_000, 150_010));
  assert.deepEqual(asked, [100_000]);
  await arrival.need(5, 15);
  assert.deepEqual(arrival.read(5, 10), BYTES.slice(5, 15));
  assert.deepEqual(asked, [100_000, 5]);
});

test("what has not been announced is read in another way", async () => {
  const { open } = serve();
  const elsewhere = { ...WHOLE, read: (at) => Uint8Array.of(at) };
  const arrival = new Arrival(elsewhere, open, signal);
  assert.deepEqual(arrival.read(7, 1), Uint8Array.of(7));
  await arrival.need(1000, 2000);
  assert.deepEqual(arrival.read(7, 1), Uint8Array.of(7));
});

test("a connection that breaks at any place is resumed there", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  for (const lasting of [1, 6999, 7000, 50_001]) {
    const { asked, open } = serve({ lasting });
    const from = lasting === 1 ? BYTES.length - 5 : 0;
    const reading = readAll(new Arrival(WHOLE, open, signal), from, 40_000);
    await tickUntil(context, reading);
    assert.equal(asked.length, Math.ceil((BYTES.length - from) / lasting));
  }
});

test("a server that sends nothing more is given up, and one that lies about the length too", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { asked, open } = serve({ lasting: 0 });
  await tickUntil(
    context,
    assert.rejects(readAll(new Arrival(WHOLE, open, signal), 0, 10), { code: "network" }),
  );
  assert.equal(asked.length, 4);
  const longer = { ...WHOLE, size: BYTES.length + 10 };
  const arrival = new Arrival(longer, async (offset) => new Blob([BYTES.slice(offset)]).stream(), signal);
  const reading = arrival.need(BYTES.length - 5, BYTES.length + 5);
  await tickUntil(context, assert.rejects(reading, { code: "network" }));
});

test("a file that is replaced is noticed at every request", async () => {
  for (const how of [
    { version: () => '"other"' },
    { size: BYTES.length + 1 },
    { status: 200 },
    { version: (request) => (request > 1 ? '"other"' : '"one"') },
  ]) {
    const arrival = new Arrival(WHOLE, serve(how).open, signal);
    const reading = async () => {
      await arrival.need(100_000, 100_010);
      await arrival.need(0, 10);
    };
    await assert.rejects(reading(), { name: "Changed" });
  }
});

test("an abort ends it", async () => {
  const controller = new AbortController();
  const stuck = async () => {
    return new ReadableStream({
      start(stream) {
        controller.signal.addEventListener("abort", () => stream.error(controller.signal.reason));
        setImmediate(() => controller.abort());
      },
    });
  };
  const reading = new Arrival(WHOLE, stuck, controller.signal).need(0, 10);
  await assert.rejects(reading, { name: "AbortError" });
});

/** Lets time pass until a promise is settled. */
async function tickUntil(context, promise) {
  let settled = false;
  const end = () => {
    settled = true;
  };
  promise.then(end, end);
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve));
    context.mock.timers.tick(5000);
  }
  await promise;
}
