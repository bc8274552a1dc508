import assert from "node:assert/strict";
import test from "node:test";

import { EngineHolder, ModelSlot } from "../../../site/ui/engine.js";

/** An engine that finishes loading when the test says so. */
class FakeEngine {
  ended = false;
  asked = [];
  unloaded = [];

  load({ url }, { signal }) {
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
      const unload = async () => void this.unloaded.push(url);
      const done = (error) => (error ? reject(error) : resolve({ engine: this, unload }));
      this.asked.push({ url, done });
    });
  }

  dispose() {
    this.ended = true;
  }
}

function start() {
  const engines = [];
  const holder = new EngineHolder(() => {
    const engine = new FakeEngine();
    engines.push(engine);
    return engine;
  });
  return { lease: (model) => holder.lease({ model }, model), holder, engines };
}

const A = "https://x.example/a/";
const B = "https://x.example/b/";

test("two leases share one model, and releasing the last ends the engine", async () => {
  const { lease, engines } = start();
  const leases = [lease(A), lease(A)];
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

test("an engine that is kept outlives its models", async () => {
  const { lease, holder, engines } = start();
  const release = holder.keep();
  const load = async () => {
    const claim = lease(A);
    const loading = claim.load();
    engines[0].asked.at(-1)?.done();
    await loading;
    claim.release();
  };
  await load();
  assert.ok(!engines[0].ended);
  release();
  release();
  await load();
  assert.ok(engines[0].ended);
});

test("aborting one lease does not stop the others", async () => {
  const { lease, engines } = start();
  const controller = new AbortController();
  const impatient = lease(A).load({ signal: controller.signal });
  const patient = lease(A).load();
  controller.abort();
  await assert.rejects(impatient, { name: "AbortError" });
  engines[0].asked[0].done();
  assert.equal((await patient).engine, engines[0]);
  assert.ok(!engines[0].ended);
});

test("aborting the only lease ends the engine, and the next load starts another", async () => {
  const { lease, engines } = start();
  const controller = new AbortController();
  const impatient = lease(A);
  const loading = impatient.load({ signal: controller.signal });
  controller.abort();
  await assert.rejects(loading, { name: "AbortError" });
  assert.ok(engines[0].ended);
  const again = impatient.load();
  engines[1].asked[0].done();
  assert.equal((await again).engine, engines[1]);
});

test("a model without leases is unloaded, whether it is loaded or still loading", async () => {
  const { lease, engines } = start();
  const [kept, left, early] = [lease(A), lease(B), lease(B)];
  const loading = [kept.load(), left.load()];
  for (const { done } of engines[0].asked) done();
  await Promise.all(loading);
  left.release();
  await Promise.resolve(); // a settled promise calls back in the next turn
  await Promise.resolve();
  assert.deepEqual(engines[0].unloaded, [B]);
  const given = early.load();
  early.release();
  await assert.rejects(given, { name: "AbortError" });
  assert.ok(!engines[0].ended);
});

test("a failure is reported to every lease, and loading can be tried again", async () => {
  const { lease, engines } = start();
  const leases = [lease(A), lease(A)];
  const loading = leases.map((lease) => lease.load());
  engines[0].asked[0].done(new Error("no network"));
  for (const promise of loading) await assert.rejects(promise, { message: "no network" });
  const again = leases[0].load();
  engines[1].asked[0].done();
  assert.equal((await again).engine, engines[1]);
});

test("an engine that died is replaced", async () => {
  const { lease, engines } = start();
  const first = lease(A);
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

test("a model that arrives just as its lease is released is not returned", async () => {
  const { lease, engines } = start();
  const others = lease(B).load();
  const released = lease(A);
  const loading = released.load();
  engines[0].asked[1].done();
  released.release();
  const again = released.load();
  await assert.rejects(loading, { name: "AbortError" });
  for (const { done } of engines[0].asked) done();
  assert.equal((await again).engine, (await others).engine);
});

test("a request without a model keeps the engine while it runs", async () => {
  const { lease, holder, engines } = start();
  const controller = new AbortController();
  let finish = () => {};
  const using = holder.use(() => new Promise((resolve) => (finish = () => resolve(7))));
  const loading = lease(A).load({ signal: controller.signal });
  controller.abort();
  await assert.rejects(loading, { name: "AbortError" });
  assert.ok(!engines[0].ended, "the engine was ended under a running request");
  finish();
  assert.equal(await using, 7);
});

test("a slot replaces its model when the next one is loaded", async () => {
  const { holder, engines } = start();
  const slot = new ModelSlot(holder);
  const [a, b] = [{ model: A }, { model: B }];
  const first = slot.load(a);
  engines[0].asked[0].done();
  assert.equal(await first, slot.modelOf(a));
  assert.equal(await slot.load(a), await first, "it was loaded twice");
  const second = slot.load(b);
  assert.ok(slot.modelOf(a), "the first model left before the second was there");
  engines[0].asked[1].done();
  await second;
  await Promise.resolve();
  assert.deepEqual(engines[0].unloaded, [A]);
  assert.equal(slot.modelOf(a), null);
  assert.ok(slot.modelOf(b));
});

test("a slot keeps its model when the next one fails to load", async () => {
  const { holder, engines } = start();
  const slot = new ModelSlot(holder);
  const a = { model: A };
  const first = slot.load(a);
  engines[0].asked[0].done();
  await first;
  const second = slot.load({ model: B });
  engines[0].asked[1].done(new Error("not a model file"));
  await assert.rejects(second, { message: "not a model file" });
  assert.equal(slot.modelOf(a), await first);
  engines[0].ended = true;
  assert.equal(slot.modelOf(a), null);
});
