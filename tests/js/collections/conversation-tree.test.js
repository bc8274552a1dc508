import assert from "node:assert/strict";
import { test } from "node:test";
import { firstWords, rate, ratingOf, Tree } from "../../../site/collections/conversation-tree.js";

/** @import { Message } from "../../../site/collections/conversation-tree.js" */

/** @param {string} id @param {string | null} parent @param {Message["role"]} [role] @returns {Message} */
const message = (id, parent, role = "user") => ({ id, parent, role, text: id, rank: null, fields: {} });

function small() {
  const messages = [message("a", null), message("b", "a", "assistant"), message("c", "a", "assistant")];
  return new Tree({ id: "t", messages: [...messages, message("d", "b"), message("e", null)] });
}

const ids = (/** @type {Message[]} */ messages) => messages.map(({ id }) => id).join("");

test("a tree has paths, siblings and branches, whatever the order of its messages", () => {
  const tree = small();
  assert.equal(ids(tree.path("d")), "abd");
  assert.equal(ids(tree.path(null)), "");
  assert.equal(ids(tree.siblings(message("b", "a"))), "bc");
  assert.equal(ids(tree.siblings(message("e", null))), "ae");
  assert.equal(ids(Array.from(tree.branches(), (branch) => branch.message)), "abdce");
  assert.deepEqual(
    Array.from(tree.branches(), ({ depth }) => depth),
    [0, 1, 1, 1, 0],
  );
  const value = tree.toValue();
  const turned = new Tree({ ...value, messages: value.messages.toReversed() });
  assert.equal(ids(turned.path("d")), "abd");
});

test("a branch is followed by what was chosen at each fork, else by what was written last", () => {
  const tree = small();
  assert.equal(tree.endOf("a"), "c");
  assert.equal(tree.endOf("a", new Map([["a", "b"]])), "d");
  assert.equal(tree.endOf(null), "e");
  assert.equal(new Tree().endOf(null), null);
});

test("a message that is put again keeps its place and its object", () => {
  const tree = small();
  const before = tree.get("b");
  tree.put({ ...message("b", "a", "assistant"), text: "other" });
  assert.equal(tree.get("b"), before);
  assert.equal(before?.text, "other");
  assert.equal(tree.size, 5);
});

test("a message without a reply can be removed", () => {
  const tree = small();
  tree.remove(message("c", "a"));
  assert.equal(ids(tree.replies("a")), "b");
  assert.equal(tree.size, 4);
});

test("a rating keeps other emojis, and is taken back with its reason", () => {
  const one = message("a", null);
  one.fields = { emojis: { "+1": 2, laughing: 1 }, lang: "en" };
  assert.equal(ratingOf(one), 1);
  rate(one, -1, "too long");
  assert.deepEqual(one.fields, { lang: "en", emojis: { laughing: 1, "-1": 1 }, reason: "too long" });
  rate(one, 0);
  assert.deepEqual(one.fields, { lang: "en", emojis: { laughing: 1 } });
  one.fields = { emojis: { "+1": "many" } };
  assert.equal(ratingOf(one), 0);
});

test("a ranking may have ties, and takes the rank of those it does not name", () => {
  const tree = small();
  const [b, c] = tree.replies("a");
  tree.rank(b, [["b", "c"]]);
  assert.deepEqual([b.rank, c.rank], [0, 0]);
  tree.rank(b, [["c"]]);
  assert.deepEqual([b.rank, c.rank], [null, 0]);
});

test("a conversation of 100,000 messages, or as deep, is walked without recursion", () => {
  const messages = Array.from({ length: 100_000 }, (_, at) => message(`${at}`, at ? `${at - 1}` : null));
  const tree = new Tree({ messages });
  assert.equal(tree.path(tree.endOf(null)).length, 100_000);
  assert.equal([...tree.branches()].length, 100_000);
});

test("the first words are one short line", () => {
  const tree = new Tree({
    messages: [{ ...message("a", null), text: ` One\n two ${"x".repeat(5_000_000)}` }],
  });
  assert.equal(firstWords(tree).length, 60);
  assert.match(firstWords(tree), /^One two x+…$/);
  assert.equal(firstWords(new Tree()), "");
});
