import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatSession } from "../../../site/playground/chat-session.js";

/** @import { Turn } from "../../../site/engine/client.js" */

/** A model whose conversations only keep their messages. */
class FakeModel {
  /** @type {any[]} */
  started = [];
  closed = 0;

  /** @param {{messages?: Turn[], state?: Uint8Array}} options */
  async converse(options) {
    this.started.push(options);
    const messages = options.state ? [turn("user", "saved")] : [...(options.messages ?? [])];
    const undo = async () => /** @type {Turn} */ (conversation.messages.splice(-2)[0]).content;
    const close = async () => void this.closed++;
    const conversation = { model: this, messages, undo, close };
    return conversation;
  }
}

/** @param {"user" | "assistant"} role @param {string} content @returns {Turn} */
const turn = (role, content) => ({ role, content });
const TURNS = [turn("user", "Hello"), turn("assistant", "Good morning.")];

function start() {
  const model = /** @type {any} */ (new FakeModel());
  return { model, session: new ChatSession(() => ({ system: "", format: "" })) };
}

test("the engine's conversation is started once, and again when a setting has changed", async () => {
  const { model, session } = start();
  session.commit(await session.open(model));
  assert.equal(await session.open(model), await session.open(model));
  assert.equal(model.started.length, 1);
  session.messages = [...TURNS];
  session.forget();
  const conversation = await session.open(model);
  assert.deepEqual(conversation.messages, TURNS, "the messages are not read again");
  assert.deepEqual([model.started.length, model.closed], [3, 2]);
});

test("a conversation that was cleared can be restored, until another one has a reply", async () => {
  const { model, session } = start();
  session.messages = [...TURNS];
  session.restart(null);
  assert.ok(session.canRestore);
  session.restoreCleared();
  assert.deepEqual(session.messages, TURNS);
  session.restart(null);
  session.commit(await session.open(model));
  assert.ok(!session.canRestore);
});

test("a link's conversation can be continued, or the one before restored", async () => {
  const { model, session } = start();
  session.messages = [...TURNS];
  const linked = [turn("user", "Well?"), turn("assistant", "Yes.")];
  session.restart(null, linked);
  assert.deepEqual([session.messages, session.canRestore], [linked, true]);
  session.restoreCleared();
  assert.deepEqual(session.messages, TURNS);
  session.restart(null, linked);
  session.commit(await session.open(model));
  assert.deepEqual([session.messages, session.canRestore], [linked, false]);
});

test("undo removes the last turn and returns its message", async () => {
  const { model, session } = start();
  session.messages = [...TURNS];
  assert.equal(await session.undo(model), "Hello");
  assert.deepEqual(session.messages, []);
});

test("a saved state brings its messages, and a refused one changes nothing", async () => {
  const { model, session } = start();
  session.messages = [...TURNS];
  const refusing = { converse: () => Promise.reject(new Error("another model's state")) };
  const saved = { name: "a.st", bytes: new Uint8Array(1) };
  await assert.rejects(session.startFrom(/** @type {any} */ (refusing), saved));
  assert.deepEqual([session.messages, session.start], [TURNS, null]);
  await session.startFrom(model, saved);
  assert.deepEqual([session.messages, session.start], [[turn("user", "saved")], saved]);
});
