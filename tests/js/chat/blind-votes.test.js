import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import "../dom.js";

const { contenders, keepVotes } = await import("../../../site/chat/blind-votes.js");
const { Tree } = await import("../../../site/collections/conversation-tree.js");
const { keptRound } = await import("../../../site/reports/votes.js");

const presets = [
  { name: "greedy", title: "Greedy", source: "", settings: { temperature: 0 } },
  { name: "warm", title: "Warm", source: "", settings: { temperature: 1.2 } },
];

/** @param {Record<string, string>} [entries] */
function storage(entries = {}) {
  const kept = new Map(Object.entries(entries));
  globalThis.localStorage = /** @type {any} */ ({
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ text) => void kept.set(key, text),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  });
  return kept;
}

afterEach(() => Reflect.deleteProperty(globalThis, "localStorage"));

/** @param {[model: string, temperature: number][]} writers */
function drafts(writers, question = "Well?") {
  const tree = new Tree({ system: "Be brief." });
  const asked = tree.add(null, "user", question);
  const replies = writers.map(([model_name, temperature], at) => {
    const settings = { temperature, max_new_tokens: 9 * at, seed: at };
    return tree.add(asked.id, "assistant", `Reply ${at}`, { model_name, settings });
  });
  return { tree, replies };
}

test("contenders are called by what differs: decoders, models, or both", () => {
  const names = (/** @type {[string, number][]} */ ...writers) =>
    contenders(drafts(writers).replies, presets);
  assert.deepEqual(names(["A", 0], ["A", 1.2]), ["greedy", "warm"]);
  assert.deepEqual(names(["A", 0], ["B", 0]), ["A", "B"]);
  assert.deepEqual(names(["A", 0], ["B", 0.5]), ["A, greedy", "B, temperature 0.5"]);
  assert.deepEqual(names(["A", 0], ["A", 0]), ["A", "A"]); // the seed and the length do not count
});

test("a ranking is kept as votes, with the end of a long conversation only", () => {
  storage();
  const { tree, replies } = drafts(
    [
      ["A", 0],
      ["A", 1.2],
      ["A", 1.2],
    ],
    "x".repeat(5_000_000),
  );
  const names = contenders(replies, presets);
  const places = [[replies[1].id], [replies[0].id]];
  assert.equal(keepVotes(tree, { replies, names, places }), 1);
  assert.equal(keepVotes(tree, { replies, names, places: [] }), 2); // none is good
  const votes = keptRound("chat.votes")?.votes ?? [];
  assert.deepEqual(
    votes.map(({ choice, right }) => [choice, right.name, right.sample]),
    [
      ["right", "warm", 0],
      ["both_bad", "warm", 0],
      ["both_bad", "warm", 1],
    ],
  );
  assert.ok(votes[0].prompt.length <= 2000 && votes[0].prompt.endsWith("Assistant:"));
});

test("nothing is kept of a visitor who does not want it", () => {
  const kept = storage({ "goosequill.remember": "false" });
  const { tree, replies } = drafts([
    ["A", 0],
    ["A", 1.2],
  ]);
  assert.equal(keepVotes(tree, { replies, names: ["a", "b"], places: [] }), 0);
  assert.equal(kept.size, 1);
});
