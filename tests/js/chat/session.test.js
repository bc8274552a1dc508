/** The chat page's state over a database in memory: two tabs, faults, and the work of many conversations. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { rankedWith } from "../../../site/chat/rank-view.js";
import { ChatSession } from "../../../site/chat/session.js";
import { lastOf } from "../../../site/chat/thread-view.js";
import { asked, empty, quota } from "../collections/indexed-db.js";

beforeEach(empty);

const complaints = [];
const open = async () => {
  const session = new ChatSession((error) => complaints.push(error));
  await session.refresh();
  return session;
};

/** Everything that was sent has arrived. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const conversation = (id, length, fields = {}) => ({
  id,
  title: `Conversation ${id}`,
  system: "",
  fields,
  messages: Array.from({ length }, (_, at) => ({
    id: `${id}-${at}`,
    parent: at ? `${id}-${at - 1}` : null,
    role: at % 2 ? "assistant" : "user",
    text: `said ${at}`,
    rank: null,
    fields: {},
  })),
});

test("ten thousand conversations are added in few transactions, listed by one request, and read as they were", async () => {
  const [session, other] = [await open(), await open()];
  const values = Array.from({ length: 10_000 }, (_, at) => conversation(`c${at}`, 4, { at }));
  asked.clear();
  await session.adopt(values);
  await settled();
  assert.equal(session.list.length, 10_000);
  assert.equal(other.list.length, 10_000);
  assert.equal(asked.get("put"), 50_000);
  assert.equal(asked.get("get"), 10_000, "new messages were looked up");
  assert.ok((asked.get("transaction") ?? 0) <= 80, `${asked.get("transaction")} transactions`);
  asked.clear();
  assert.deepEqual(
    await session.valuesOf(values.map(({ id }) => id)),
    values.map((value) => value),
  );
  assert.equal(asked.get("transaction"), 1);
});

test("what is written in one of many conversations reads no other one, in this tab or another", async () => {
  const [session, other] = [await open(), await open()];
  await session.adopt(Array.from({ length: 1000 }, (_, at) => conversation(`c${at}`, 2)));
  await session.open("c7");
  await settled();
  asked.clear();
  const message = session.add("c7-1", "user", "And?");
  for (let second = 0; second < 5; second++) {
    session.extend(message, "!");
    await session.keep(message);
  }
  await settled();
  assert.equal(asked.get("getAll") ?? 0, 0);
  for (const tab of [session, other]) assert.equal(tab.list[0].id, "c7");
  assert.equal(session.list.length, 1000);
});

test("a conversation of 100,000 messages is added, opened and continued in bounded requests", async () => {
  const session = await open();
  await session.adopt([conversation("deep", 100_000)]);
  assert.ok(await session.open("deep"));
  assert.equal(session.path.length, 100_000);
  asked.clear();
  session.add(session.leaf, "user", "And?");
  await settled();
  assert.equal(session.path.length, 100_001);
  assert.deepEqual(Object.fromEntries(asked), { transaction: 1, get: 2, put: 2 });
});

test("an import that is stopped leaves what was added, and says so in the list", async () => {
  const session = await open();
  const signal = AbortSignal.abort();
  await assert.rejects(session.adopt([conversation("a", 2)], { signal }), { name: "AbortError" });
  assert.deepEqual(session.list, []);
});

test("where storage is full nothing that was kept is lost, and the rest is in the tab", async () => {
  const session = await open();
  await session.adopt([conversation("a", 2)]);
  await session.open("a");
  quota.bytes = 1000;
  const message = session.add("a-1", "user", "x".repeat(2000));
  await settled();
  assert.match(String(complaints.pop()), /no space left to keep this conversation/);
  assert.equal(session.leaf, message.id);
  const again = await open();
  assert.ok(await again.open("a"));
  assert.equal(again.path.length, 2);
  quota.bytes = Infinity;
  await session.keep(message);
  assert.ok(await again.open("a"));
  assert.equal(again.tree.size, 3);
});

test("two tabs that write in one conversation have both branches", async () => {
  const [session, other] = [await open(), await open()];
  await session.adopt([conversation("a", 2)]);
  for (const tab of [session, other]) await tab.open("a");
  session.add("a-1", "user", "one");
  other.add("a-1", "user", "two");
  await settled();
  for (const tab of [session, other]) {
    assert.deepEqual(
      tab.tree
        .replies("a-1")
        .map(({ text }) => text)
        .sort(),
      ["one", "two"],
    );
  }
});

test("a deleted conversation is restored whole, also in another tab's list, with the state that it began from", async () => {
  const [session, other] = [await open(), await open()];
  const bytes = new Uint8Array([1, 2, 3]);
  session.begin([{ role: "user", content: "Hi" }], { name: "goose", bytes });
  await settled();
  const [{ id }] = session.list;
  assert.ok(!("start" in session.list[0]), "the list has the state's bytes");
  await session.remove([id]);
  await settled();
  assert.deepEqual([session.list, other.list], [[], []]);
  assert.equal(await session.restoreRemoved(), 1);
  await settled();
  assert.equal(other.list.length, 1);
  assert.ok(await other.open(id));
  assert.deepEqual(other.start, { name: "goose", bytes });
  assert.equal(other.tree.size, 1);
});

test("what is written on while another tab deletes it is kept whole, before this tab has heard of that", async () => {
  const [session, other] = [await open(), await open()];
  await session.adopt([conversation("c1", 2)]);
  await session.open("c1");
  await settled();
  const message = session.add("c1-1", "user", "And?");
  await settled();
  await other.remove(["c1"]);
  assert.equal(session.list.length, 1, "it has heard of it already");
  await session.keep(message);
  await settled();
  const [value] = await other.valuesOf(["c1"]);
  assert.deepEqual(
    value?.messages.map(({ text }) => text),
    ["said 0", "said 1", "And?"],
  );
});

test("the page draws the last messages of a branch, and fewer if they are long", () => {
  const { messages } = conversation("a", 100_000);
  assert.equal(lastOf(messages, 100).length, 100);
  const long = messages.slice(0, 1000).map((message) => ({ ...message, text: "\0".repeat(5_000_000) }));
  assert.equal(lastOf(long, 100).length, 9);
  assert.equal(lastOf(long.slice(0, 1), 1).length, 1);
  const thoughtful = long.map((message) => ({ ...message, text: "", fields: { thought: "x".repeat(1e6) } }));
  assert.equal(lastOf(thoughtful, 100).length, 50);
});

test("of very many replies those around the one that is shown are ranked", () => {
  const replies = conversation("a", 100_000).messages;
  assert.deepEqual(rankedWith(replies.slice(0, 3), replies[2]), replies.slice(0, 3));
  for (const at of [0, 5, 50_000, 99_999]) {
    const ranked = rankedWith(replies, replies[at]);
    assert.equal(ranked.length, 20);
    assert.ok(ranked.includes(replies[at]));
  }
});
