import assert from "node:assert/strict";
import test from "node:test";

import { afterStartup, StartupLock } from "../../../site/engine/startup-lock.js";

/** The browser's locks, as far as they are needed: one name, granted in order, shared ones together. */
class Locks {
  held = [];
  shared = true;

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

function start(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const locks = new Locks();
  const startup = new StartupLock(locks);
  const seen = { over: false };
  afterStartup(locks).then(() => (seen.over = true));
  const isOver = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return seen.over;
  };
  return { startup, isOver, pass: (time) => t.mock.timers.tick(time) };
}

test("other work waits until the engine has had nothing to do for a while", async (t) => {
  const { startup, isOver, pass } = start(t);
  startup.busy(); // a model is loaded
  pass(60_000);
  assert.equal(await isOver(), false);
  startup.idle(); // it is loaded,
  pass(100);
  startup.busy(); // and asked for a text
  pass(60_000);
  assert.equal(await isOver(), false);
  startup.idle(); // the first words
  pass(1000);
  startup.idle(); // and others
  assert.equal(await isOver(), false);
  pass(1000);
  assert.equal(await isOver(), true);
});

test("an engine that is ended, or never asked for anything, keeps nobody waiting", async (t) => {
  const ended = start(t);
  ended.startup.busy();
  ended.startup.release();
  assert.equal(await ended.isOver(), true);
  t.mock.timers.reset();
  const idle = start(t);
  assert.equal(await idle.isOver(), false);
  idle.pass(2000);
  assert.equal(await idle.isOver(), true);
});

test("two startups are waited for, and without locks nobody waits", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const locks = new Locks();
  const first = new StartupLock(locks);
  const second = new StartupLock(locks);
  let isOver = false;
  const waiting = afterStartup(locks).then(() => (isOver = true));
  first.release();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, false);
  second.release();
  await waiting;
  new StartupLock(undefined).release();
  await afterStartup(undefined);
});
