import assert from "node:assert/strict";
import test from "node:test";

import { Pool } from "../../../site/widget/pool.js";

/** An engine of which the test plays the part: it loads when the test says so. */
class FakeEngine {
  ended = false;
  /** @type {{url: string, done: (error?: Error) => void}[]} */
  asked = [];
  /** @type {string[]} */
  unloaded = [];

  /** @param {{url: string}} source @param {{signal?: AbortSignal}} options */
  load({ url }, { signal }) {
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
      const unload = async () => void this.unloaded.push(url);
      const done = (/** @type {Error} */ error) =>
        error ? reject(error) : resolve({ engine: this, unload });
      this.asked.push({ url, done: /** @type {any} */ (done) });
    });
  }

  dispose() {
    this.ended = true;
  }
}

function start() {
  /** @type {FakeEngine[]} */
  const engines = [];
  const pool = new Pool(() => {
    const engine = new FakeEngine();
    engines.push(engine);
    return /** @type {any} */ (engine);
  });
  return { pool, engines };
}

const A = "https://x.example/a/";
const B = "https://x.example/b/";

test("two loads at once are one, and the last to leave ends the engine", async () => {
  const { pool, engines } = start();
  const leases = [pool.lease(A), pool.lease(A)];
  const loading = leases.map((lease) => lease.load());
  assert.equal(engines[0].asked.length, 1);
  engines[0].asked[0].done();
  const [one, other] = await Promise.all(loading);
  assert.equal(one, other);
  leases[0].release();
  assert.ok(!engines[0].ended);
  leases[1].release();
  assert.ok(engines[0].ended);
});

test("who gives up loading leaves the others to it", async () => {
  const { pool, engines } = start();
  const controller = new AbortController();
  const impatient = pool.lease(A).load({ signal: controller.signal });
  const patient = pool.lease(A).load();
  controller.abort();
  await assert.rejects(impatient, { name: "AbortError" });
  engines[0].asked[0].done();
  assert.equal((await patient).engine, engines[0]);
  assert.ok(!engines[0].ended);
});

test("the only one that gives up ends the engine, and the next begins anew", async () => {
  const { pool, engines } = start();
  const controller = new AbortController();
  const lease = pool.lease(A);
  const loading = lease.load({ signal: controller.signal });
  controller.abort();
  await assert.rejects(loading, { name: "AbortError" });
  assert.ok(engines[0].ended);
  const again = lease.load();
  engines[1].asked[0].done();
  assert.equal((await again).engine, engines[1]);
});

test("a model that nobody wants is unloaded, whether it is loaded or still loading", async () => {
  const { pool, engines } = start();
  const [kept, left, early] = [pool.lease(A), pool.lease(B), pool.lease(B)];
  const loading = [kept.load(), left.load()];
  for (const { done } of engines[0].asked) done();
  await Promise.all(loading);
  left.release();
  await Promise.resolve(); // a promise that is kept already is told of in the next turn
  await Promise.resolve();
  assert.deepEqual(engines[0].unloaded, [B]);
  const given = early.load();
  early.release();
  await assert.rejects(given, { name: "AbortError" });
  assert.ok(!engines[0].ended);
});

test("a failure is told to all who wait, and tried again when asked again", async () => {
  const { pool, engines } = start();
  const leases = [pool.lease(A), pool.lease(A)];
  const loading = leases.map((lease) => lease.load());
  engines[0].asked[0].done(new Error("no network"));
  for (const promise of loading) await assert.rejects(promise, { message: "no network" });
  const again = leases[0].load();
  engines[1].asked[0].done();
  assert.equal((await again).engine, engines[1]);
});

test("an engine that died is replaced", async () => {
  const { pool, engines } = start();
  const first = pool.lease(A);
  const loading = first.load();
  engines[0].asked[0].done();
  await loading;
  engines[0].ended = true;
  const again = first.load();
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  engines[1].asked[0].done();
  assert.equal((await again).engine, engines[1]);
});

test("a model that comes in the moment in which it is given back is not handed out", async () => {
  const { pool, engines } = start();
  const others = pool.lease(B).load();
  const lease = pool.lease(A);
  const loading = lease.load();
  engines[0].asked[1].done();
  lease.release();
  const again = lease.load();
  await assert.rejects(loading, { name: "AbortError" });
  for (const { done } of engines[0].asked) done();
  assert.equal((await again).engine, (await others).engine);
});
