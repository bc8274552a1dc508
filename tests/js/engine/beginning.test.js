import assert from "node:assert/strict";
import test from "node:test";

import { Beginning, calm } from "../../../site/engine/beginning.js";

/** The browser's locks, as far as they are used: one name, granted in order, shared ones together. */
class Locks {
  /** @type {Promise<unknown>[]} */
  held = [];
  shared = true;

  /** @param {string} _name @param {any[]} rest */
  async request(_name, ...rest) {
    const work = rest.pop();
    const shared = rest[0]?.mode === "shared";
    const before = shared && this.shared ? [] : [...this.held];
    const held = Promise.all(before).then(work);
    this.shared = shared;
    this.held.push(held);
    return await held;
  }
}

/** @param {any} t */
function start(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const locks = /** @type {any} */ (new Locks());
  const beginning = new Beginning(locks);
  const seen = { calm: false };
  calm(locks).then(() => (seen.calm = true));
  const isCalm = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return seen.calm;
  };
  return { beginning, isCalm, pass: (/** @type {number} */ time) => t.mock.timers.tick(time) };
}

test("what can wait waits until the engine has had nothing to do for a while", async (t) => {
  const { beginning, isCalm, pass } = start(t);
  beginning.wait(); // a model is loaded
  pass(60_000);
  assert.equal(await isCalm(), false);
  beginning.rest(); // it is there,
  pass(100);
  beginning.wait(); // and asked for a text
  pass(60_000);
  assert.equal(await isCalm(), false);
  beginning.rest(); // the first words
  pass(1000);
  beginning.rest(); // and others
  assert.equal(await isCalm(), false);
  pass(1000);
  assert.equal(await isCalm(), true);
});

test("an engine that is ended, or never asked for anything, keeps nobody waiting", async (t) => {
  const ended = start(t);
  ended.beginning.wait();
  ended.beginning.end();
  assert.equal(await ended.isCalm(), true);
  t.mock.timers.reset();
  const idle = start(t);
  assert.equal(await idle.isCalm(), false);
  idle.pass(2000);
  assert.equal(await idle.isCalm(), true);
});

test("two engines are waited for, and without locks nobody waits", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const locks = /** @type {any} */ (new Locks());
  const first = new Beginning(locks);
  const second = new Beginning(locks);
  let isCalm = false;
  const waiting = calm(locks).then(() => (isCalm = true));
  first.end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isCalm, false);
  second.end();
  await waiting;
  new Beginning(undefined).end();
  await calm(undefined);
});
