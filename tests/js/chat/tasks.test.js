import assert from "node:assert/strict";
import { test } from "node:test";
import {
  agreementOf,
  countsOf,
  KINDS,
  MOST_READ,
  perform,
  TaskQueue,
  takeBack,
  tasksIn,
} from "../../../site/chat/tasks.js";
import { ratingOf, Tree } from "../../../site/collections/conversation-tree.js";

/** @import { Done, Kind, Source, Task } from "../../../site/chat/tasks.js" */
/** @import { Message } from "../../../site/collections/conversation-tree.js" */

const MODEL = { synthetic: true, model_name: "Goose" };
const LABELLED = { labels: { spam: { value: 0, count: 1 } } };

/**
 * @param {string} id @param {string | null} parent @param {Message["role"]} role
 * @param {Record<string, any>} [fields] @returns {Message}
 */
const message = (id, parent, role, fields = {}) => ({ id, parent, role, text: id, rank: null, fields });

/** A prompt `a` with two replies of a model, `b` and `c`. @param {string} [id] */
function forked(id = "t") {
  const replies = ["b", "c"].map((reply) => message(reply, "a", "assistant", MODEL));
  return new Tree({ id, messages: [message("a", null, "user"), ...replies] });
}

/** @param {Tree} tree */
const offered = (tree) => Array.from(tasksIn(tree), (task) => `${task.kind} ${task.message}`).sort();

/** @param {Kind} kind @param {string} message @param {Partial<Task>} [more] @returns {Task} */
const task = (kind, message, more) => ({ kind, conversation: "t", message, ...more });

/** Conversations with the same messages, and which of them were read. @param {number} count */
function shelf(count, make = forked) {
  const sources = Array.from({ length: count }, (_, at) => ({ id: `c${at}`, used: 0 }));
  /** @type {string[]} */
  const read = [];
  const queue = new TaskQueue(async (id) => {
    read.push(id);
    return make(id);
  }, 7);
  return { sources, read, queue };
}

test("a conversation offers what it lacks", () => {
  const tree = forked();
  assert.deepEqual(offered(tree), [
    "assistant_reply a",
    "label_message a",
    "label_message b",
    "label_message c",
    "prompter_reply b",
    "prompter_reply c",
    "rank_assistant_replies a",
  ]);
  tree.rank(message("b", "a", "assistant"), [["b"], ["c"]]);
  for (const one of tree.all()) Object.assign(one.fields, LABELLED);
  assert.deepEqual(offered(tree), ["assistant_reply a", "prompter_reply b", "prompter_reply c"]);
  tree.put(message("d", "a", "assistant", { synthetic: false }));
  assert.deepEqual(offered(tree), [
    "label_message d",
    "prompter_reply b",
    "prompter_reply c",
    "prompter_reply d",
    "rank_assistant_replies a", // one has no rank
  ]);
});

test("what was deleted, is empty or is for the system offers nothing, nor does what follows it", () => {
  const tree = new Tree({
    messages: [
      message("a", null, "user", { deleted: true }),
      message("b", "a", "assistant"),
      message("s", null, "system"),
      message("d", "s", "user", LABELLED),
      { ...message("e", "d", "assistant"), text: " " },
      message("f", "e", "user"),
      message("g", "d", "assistant", { emojis: { "-1": 1 }, ...LABELLED }),
    ],
  });
  assert.deepEqual(offered(tree), ["prompter_reply g"]);
});

test("a written reply becomes a message by a person", () => {
  const tree = forked();
  const { done, changed } = perform(tree, task("assistant_reply", "a"), "Mine.");
  const [written] = changed;
  assert.deepEqual([written.role, written.parent, written.text], ["assistant", "a", "Mine."]);
  assert.equal(written.fields.synthetic, false);
  assert.deepEqual(done, { ...task("assistant_reply", "a"), answer: written.id });
  assert.equal(perform(tree, task("prompter_reply", "b"), "And?").changed[0].role, "user");
  const fresh = new Tree();
  const first = perform(fresh, { kind: "initial_prompt", conversation: "", message: "" }, "Why?");
  assert.equal(first.done.conversation, fresh.id);
  assert.deepEqual(
    fresh.path(fresh.endOf(null)).map(({ text, role }) => [text, role]),
    [["Why?", "user"]],
  );
});

test("every answer can be taken back, and nothing of it stays", () => {
  const tree = forked();
  const [b] = tree.replies("a");
  b.rank = 4;
  b.fields = { ...b.fields, emojis: { "+1": 3 }, reason: "true" };
  /** @type {[Task, import("../../../site/chat/tasks.js").Answer][]} */
  const answers = [
    [task("assistant_reply", "a"), "Mine."],
    [task("rank_assistant_replies", "a"), [["c"], ["b"]]],
    [task("rank_assistant_replies", "a"), []],
    [task("label_message", "b"), { spam: 1, quality: 0.5 }],
    [task("label_message", "b", { again: true }), { spam: 0 }],
  ];
  for (const [asked, answer] of answers) {
    const before = JSON.stringify(tree.toValue());
    const { done, changed } = perform(tree, asked, answer);
    assert.equal(JSON.stringify(tree.toValue()) === before, Boolean(asked.again));
    assert.equal(changed.length > 0, !asked.again);
    assert.deepEqual(takeBack(tree, structuredClone(done))?.answer, answer);
    assert.deepEqual(tree.toValue(), JSON.parse(before));
  }
});

test("a ranking, a refusal and labels are kept as Open Assistant keeps them", () => {
  const tree = forked();
  const [b, c] = tree.replies("a");
  perform(tree, task("rank_assistant_replies", "a"), [["c"], ["b"]]);
  assert.deepEqual([b.rank, c.rank], [1, 0]);
  perform(tree, task("rank_assistant_replies", "a"), []);
  assert.deepEqual([b.rank, c.rank, ratingOf(b), ratingOf(c)], [null, null, -1, -1]);
  assert.ok(!offered(tree).includes("rank_assistant_replies a"));
  perform(tree, task("label_message", "b"), { spam: 0, quality: 0.75 });
  assert.deepEqual(b.fields.labels, { spam: { value: 0, count: 1 }, quality: { value: 0.75, count: 1 } });
});

test("a text that somebody has replied to is not taken back", () => {
  const tree = forked();
  const { done } = perform(tree, task("assistant_reply", "a"), "Mine.");
  tree.add(String(done.answer), "user", "Thanks.");
  assert.equal(takeBack(tree, done), null);
  assert.equal(tree.size, 5);
});

test("the same seed, conversations and log give the same task, and all kinds come", async () => {
  const one = shelf(20);
  const other = shelf(20);
  /** @type {Done[]} */
  const log = [];
  const kinds = new Set();
  for (let turn = 0; turn < 60; turn++) {
    const { task: found } = await one.queue.next({ sources: one.sources, log });
    assert.ok(found);
    assert.deepEqual((await other.queue.next({ sources: other.sources, log })).task, found);
    kinds.add(found.kind);
    log.push({ ...found, answer: null });
  }
  assert.deepEqual([...kinds].sort(), KINDS.toSorted());
});

test("one task of 10,000 conversations costs one of them, and finding none a hundred", async () => {
  const { sources, read, queue } = shelf(10_000);
  const { task: found } = await queue.next({ sources, log: [], kind: "label_message" });
  assert.equal(found?.kind, "label_message");
  assert.equal(read.length, 1);
  const bare = shelf(10_000, (id) => new Tree({ id, messages: [message("s", null, "system")] }));
  for (let round = 1; round <= 3; round++) {
    const asked = { sources: bare.sources, log: [], kind: /** @type {const} */ ("label_message") };
    const { task: none, left } = await bare.queue.next(asked);
    assert.equal(none, null);
    assert.equal(left, 10_000 - round * MOST_READ);
    assert.equal(new Set(bare.read).size, round * MOST_READ, "a conversation was read twice");
  }
});

test("without conversations there is a first prompt to write, and nothing else", async () => {
  const { queue } = shelf(0);
  assert.equal((await queue.next({ sources: [], log: [] })).task?.kind, "initial_prompt");
  const { task: none, left } = await queue.next({ sources: [], log: [], kind: "label_message" });
  assert.deepEqual([none, left], [null, 0]);
});

test("a conversation that was used is looked at again", async () => {
  let tree = new Tree({ id: "c0" });
  const looking = new TaskQueue(async () => tree, 7);
  const next = (/** @type {number} */ used) =>
    looking.next({ sources: [{ id: "c0", used }], log: [], kind: "label_message" });
  assert.equal((await next(1)).task, null);
  tree = forked("c0");
  assert.equal((await next(1)).task, null);
  assert.equal((await next(2)).task?.conversation, "c0");
  tree = new Tree({ id: "c0" });
  assert.equal((await next(3)).task, null);
  tree = forked("c0");
  looking.forget("c0");
  assert.equal((await next(3)).task?.conversation, "c0");
});

test("now and then a judged task comes again, once and not at once", async () => {
  const { sources, queue } = shelf(40);
  /** @type {Done[]} */
  const log = [];
  const again = [];
  for (let turn = 0; turn < 120; turn++) {
    const { task: found, tree } = await queue.next({ sources, log, kind: "rank_assistant_replies" });
    if (!found || !tree) break;
    const key = (/** @type {Task} */ { conversation }) => conversation;
    const at = log.findIndex((done) => key(done) === key(found));
    assert.equal(found.again === true, at >= 0);
    if (found.again) {
      assert.ok(log.length - at > 3);
      again.push(key(found));
    }
    log.push(perform(tree, found, [["b"], ["c"]]).done);
  }
  assert.equal(new Set(again).size, again.length, "one came three times");
  assert.ok(again.length > 2 && again.length < 20, `${again.length} of ${log.length}`);
  assert.equal(new Set(log.map(({ conversation }) => conversation)).size, 40, "not all were asked");
  const written = shelf(5);
  for (let turn = 0; turn < 40; turn++) {
    const done = /** @type {Done[]} */ (Array(turn).fill({ ...task("prompter_reply", "b"), answer: "x" }));
    const { task: found } = await written.queue.next({ sources: written.sources, log: done });
    assert.ok(!found?.again, "nobody writes the same text twice");
  }
});

test("agreement counts pairs of replies and labels that were set both times", () => {
  const before = ["b", "c", "d"].map((id) => ({ id, rank: null, marks: {} }));
  const rank = task("rank_assistant_replies", "a");
  const label = task("label_message", "b");
  /** @type {Done[]} */
  const log = [
    { ...rank, answer: [["b"], ["c"], ["d"]], before },
    { ...label, answer: { spam: 0, quality: 0.5, humor: 1 } },
    { ...rank, again: true, answer: [["b"], ["c", "d"]], before },
    { ...label, again: true, answer: { spam: 0, quality: 0.75 } },
    { ...task("label_message", "c"), answer: null },
    { ...task("label_message", "d"), answer: { spam: 1 } },
    { ...task("label_message", "d"), again: true, answer: null },
  ];
  const found = agreementOf(log);
  assert.deepEqual(found.get("rank_assistant_replies"), { equal: 2, count: 3, tasks: 1 });
  assert.deepEqual(found.get("label_message"), { equal: 1, count: 2, tasks: 1 });
  assert.deepEqual(countsOf(log), {
    kinds: [
      ["initial_prompt", 0],
      ["assistant_reply", 0],
      ["prompter_reply", 0],
      ["rank_assistant_replies", 1],
      ["label_message", 2],
    ],
    skipped: 2,
  });
  const tied = agreementOf([
    { ...rank, answer: [["b", "c", "d"]], before },
    { ...rank, again: true, answer: [], before },
  ]);
  assert.equal(tied.get("rank_assistant_replies")?.equal, 0, "none is good is not a tie");
});

test("a conversation of 100,000 messages, or with as many replies to one, is walked at once", () => {
  const roles = /** @type {const} */ (["user", "assistant"]);
  const deep = Array.from({ length: 100_000 }, (_, at) =>
    message(`${at}`, at ? `${at - 1}` : null, roles[at % 2], LABELLED),
  );
  assert.deepEqual(offered(new Tree({ messages: deep })), ["prompter_reply 99999"]);
  const wide = Array.from({ length: 100_000 }, (_, at) =>
    message(`${at}`, at ? "0" : null, roles[Number(at > 0)], LABELLED),
  );
  assert.equal(offered(new Tree({ messages: wide })).length, 100_000);
});
