import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { SideVotes } from "../../../site/playground/side-votes.js";

/** @type {any} */
const page = globalThis;
const sides = ["greedy", "top-p"].map((name) => ({ name, config: name, sample: 1 }));
const shown = { prompt: "p", sides };

function fakeStorage(entries = {}) {
  const kept = new Map(Object.entries(entries));
  page.localStorage = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ text) => void kept.set(key, text),
  };
  return kept;
}

afterEach(() => delete page.localStorage);

test("a blind round asks for every prompt, can be undone, and is locked at its end", () => {
  fakeStorage();
  const votes = new SideVotes();
  votes.begin({ blind: true });
  votes.add(0);
  votes.add(1);
  votes.vote(0, shown, 1);
  assert.deepEqual([votes.next, votes.left, votes.canUndo, votes.blind], [1, 1, true, true]);
  assert.equal(votes.undo(), 0);
  assert.equal(votes.next, 0);
  votes.vote(0, shown, 0);
  votes.vote(1, shown, "tie");
  assert.deepEqual([votes.next, votes.canUndo, votes.blind], [undefined, false, false]);
  assert.equal(votes.undo(), undefined);
  assert.ok(votes.isJudged(0));
  assert.match(
    votes.tally((name) => name.toUpperCase()),
    /GREEDY: 1 of 2 · TOP-P: 0 of 2$/,
  );
});

test("columns are shuffled by round and prompt, and stay so within a round", () => {
  fakeStorage();
  const columns = Array.from({ length: 4 }, (_, id) => ({ id }));
  const votes = new SideVotes();
  votes.begin({ blind: true });
  const orders = Array.from({ length: 20 }, (_, prompt) => votes.shuffle(columns, prompt));
  assert.deepEqual(votes.shuffle(columns, 0), orders[0]);
  assert.ok(new Set(orders.map((order) => order.map(({ id }) => id).join())).size > 5);
});

test("votes are kept as a file that says when names were visible; counts of an earlier version are dropped", () => {
  const kept = fakeStorage({ "goosequill.side.votes": '[["Greedy seen","3"],["Greedy best","2"]]' });
  const votes = new SideVotes();
  assert.equal(votes.any, false);
  votes.begin({ blind: false });
  votes.vote(0, shown, 0);
  const file = JSON.parse(votes.file());
  assert.deepEqual([file.format, file.revealed, file.pairs], ["goosequill-votes", true, 1]);
  assert.equal(file.votes[0].note, "names were visible");
  assert.equal(new SideVotes().any, true);
  assert.match(kept.get("goosequill.side.votes") ?? "", /goosequill-votes/);
});

test("no vote is taken back in a frame of another page", () => {
  fakeStorage();
  const votes = new SideVotes();
  votes.begin({ blind: true });
  votes.add(0);
  votes.add(1);
  votes.vote(0, shown, 1);
  page.top = {};
  try {
    assert.throws(() => votes.undo(), /Nothing is deleted in a frame/);
  } finally {
    delete page.top;
  }
  assert.ok(votes.canUndo && votes.isJudged(0));
});
