import assert from "node:assert/strict";
import test from "node:test";

import { PlaygroundSession } from "../../../site/playground/session.js";

/** A session whose events are listed, with what it says of itself at each. */
function setUp() {
  const panel = { model: null, loading: false, stopped: 0, stop: () => panel.stopped++ };
  const said = [];
  const session = new PlaygroundSession({
    panel: () => panel,
    say: (words) => said.push(words),
    complain: (error) => said.push(error.name),
    progress: { show: () => {}, hide: () => {} },
  });
  const events = [];
  session.on(["busy", "stop", "selection"], (_, name) => events.push(`${name} ${session.busy}`));
  return { session, panel, said, events };
}

test("what runs makes the page busy until it ends, and is announced both times", async () => {
  const { session, said, events } = setUp();
  const found = session.work("Reading…", async () => {
    assert.equal(await session.work("More…", async () => 2), null, "one thing at a time");
    return 1;
  });
  assert.equal(await found, 1);
  assert.deepEqual(events, ["busy true", "busy false"]);
  session.writing = true;
  session.writing = false;
  assert.deepEqual(events.slice(2), ["busy true", "busy false"]);
  assert.deepEqual(said, ["Reading…"]);
});

test("a model that loads makes the page busy, too", () => {
  const { session, panel } = setUp();
  panel.loading = true;
  assert.equal(session.busy, true);
});

test("stop ends the loading and the work, and tells the views that write", async () => {
  const { session, panel, said, events } = setUp();
  const work = session.work("Reading…", ({ signal }) => {
    session.stop();
    signal.throwIfAborted();
    return Promise.resolve(1);
  });
  assert.equal(await work, null);
  assert.equal(panel.stopped, 1);
  assert.deepEqual(said, ["Reading…", "AbortError"]);
  assert.deepEqual(events, ["busy true", "stop true", "busy false"]);
});

test("another selected token is announced once", () => {
  const { session, events } = setUp();
  session.selected = 3;
  session.selected = 3;
  assert.deepEqual(events, ["selection false"]);
});
