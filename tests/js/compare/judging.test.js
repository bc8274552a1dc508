import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Judging } from "../../../site/compare/judging.js";
import { collate } from "../../../site/reports/collate.js";
import { toFile } from "../../../site/reports/votes.js";
import { pluck } from "../pluck.js";

const scope = { config: "", hide: [], q: "", re: false, differ: false, coverage: "any" };

function fakeStorage(entries = {}) {
  const kept = new Map(Object.entries(entries));
  globalThis.localStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => void kept.set(key, text),
    removeItem: (key) => void kept.delete(key),
  };
  return kept;
}

/** Live columns of decoders on prompts. */
function written(decoders, prompts) {
  const loaded = decoders.map((config, at) => ({
    id: String(at),
    source: config,
    report: {
      format: "live",
      model: "m",
      date: "",
      args: [],
      entries: prompts.map((prompt) => ({
        prompt,
        results: [{ config, params: [], outputs: [`${config} on ${prompt}`] }],
      })),
    },
  }));
  return collate(loaded);
}

function judging(prompts, decoders = ["greedy", "top-p"]) {
  const damaged = [];
  const one = new Judging({
    onStorageFailure: () => assert.fail(),
    onDamaged: (_, text) => void damaged.push(text),
  });
  const { rows, columns } = written(decoders, prompts);
  one.open(columns, { live: true });
  const deal = () => one.deal(rows, columns, "");
  const begin = ({ unseen }) => {
    one.begin({ rater: "ann", rubric: "", scope, unseen });
    deal();
  };
  return { one, begin, damaged };
}

/** The place of a decoder among the texts as shown. */
const placeOf = (one, name) => one.current?.texts.findIndex((text) => text.name === name) ?? -1;

afterEach(() => delete globalThis.localStorage);

test("a blind round on decoders asks for every prompt, can be undone, and is locked at its end", () => {
  fakeStorage();
  const { one, begin } = judging(["p", "q"], ["greedy", "top-p", "typical"]);
  begin({ unseen: true });
  assert.ok(one.live && one.blind);
  assert.equal(one.vote(3, ""), false, "there are three texts");
  one.vote(placeOf(one, "top-p"), "");
  assert.deepEqual([one.current?.prompt, one.judged, one.complete], ["q", 1, false]);
  assert.ok(one.undo());
  assert.deepEqual([one.current?.prompt, one.judged, one.votes.length], ["p", 0, 0]);
  one.vote(placeOf(one, "greedy"), "");
  one.vote("tie", "");
  assert.ok(one.complete);
  one.reveal();
  assert.deepEqual([one.blind, one.undo(), one.vote("tie", "")], [false, false, false]);
  assert.deepEqual(one.wins.get("greedy"), { wins: 2, votes: 4 });
  assert.equal(one.round?.pairs, 2 + 3);
});

test("texts are shuffled by round and prompt, and stay so within a round", () => {
  fakeStorage();
  const prompts = Array.from({ length: 20 }, (_, at) => `p${at}`);
  const orders = Array.from({ length: 2 }, () => {
    const { one, begin } = judging(prompts, ["a", "b", "c", "d"]);
    begin({ unseen: true });
    return prompts.map(() => {
      const order = one.current?.texts.map(({ name }) => name).join();
      one.vote("tie", "");
      return order;
    });
  });
  assert.ok(new Set(orders[0]).size > 5);
  assert.notDeepEqual(orders[0], orders[1]);
});

test("rounds on decoders add up in one file, which says when names had been seen", () => {
  const kept = fakeStorage({ "goosequill.side.votes": '[["Greedy seen","3"],["Greedy best","2"]]' });
  const first = judging(["p"]);
  assert.deepEqual(first.damaged, ['[["Greedy seen","3"],["Greedy best","2"]]'], "of an earlier version");
  first.begin({ unseen: false });
  first.one.vote(0, "");
  first.one.reveal();
  const stored = JSON.parse(kept.get("goosequill.side.votes") ?? "");
  assert.deepEqual([stored.format, stored.revealed, stored.pairs], ["goosequill-votes", true, 1]);
  assert.equal(stored.votes[0].note, "names were visible");
  const second = judging(["p"]);
  assert.equal(second.one.round?.votes.length, 1);
  assert.equal(second.one.blind, false);
  second.begin({ unseen: true });
  assert.equal(second.one.judged, 0, "the same prompt again");
  assert.equal(second.one.undo(), false, "votes of earlier rounds are locked");
  second.one.vote(0, "");
  assert.deepEqual(pluck(second.one.round?.votes, "note"), ["names were visible", ""]);
  second.one.undo();
  second.one.discard();
  assert.equal(JSON.parse(kept.get("goosequill.side.votes") ?? "").votes.length, 1);
});

test("the votes of the former page for decoders side by side are there, and locked", () => {
  const side = (name) => ({ name, config: name, sample: 1 });
  const vote = { prompt: "p", left: side("a"), right: side("b"), choice: "left", note: "", at: "" };
  const round = { rater: "unnamed", seed: 0, rubric: "", scope, revealed: false, pairs: 0, votes: [vote] };
  fakeStorage({ "goosequill.side.votes": JSON.stringify(toFile(round)) });
  const { one } = judging(["p"], ["a", "b"]);
  assert.deepEqual([one.blind, one.wins.get("a")], [false, { wins: 1, votes: 1 }]);
});

test("prompts on which all decoders wrote the same are not asked for", () => {
  fakeStorage();
  const { one, begin } = judging(["p"], ["same", "same"]);
  begin({ unseen: true });
  assert.ok(one.complete && !one.current);
});

test("no vote is taken back in a frame of another page", () => {
  fakeStorage();
  const { one, begin } = judging(["p", "q"]);
  begin({ unseen: true });
  one.vote(1, "");
  globalThis.top = {};
  try {
    assert.throws(() => one.undo(), /Nothing can be deleted inside a frame/);
  } finally {
    delete globalThis.top;
  }
  assert.equal(one.judged, 1);
});

test("votes of the chat page join those on live columns, once", () => {
  const side = (name) => ({ name, config: name, sample: 0 });
  const vote = {
    prompt: "p",
    left: side("greedy"),
    right: side("top-p"),
    choice: "left",
    note: "Chat",
    at: "",
  };
  const round = { rater: "ann", seed: 1, rubric: "", scope, revealed: true, pairs: 1, votes: [vote] };
  const kept = fakeStorage({ "goosequill.chat.votes": JSON.stringify(toFile(round)) });
  const { one, begin } = judging(["q"]);
  assert.deepEqual([one.blind, one.wins.get("greedy")?.wins], [false, 1]);
  assert.equal(kept.has("goosequill.chat.votes"), false);
  begin({ unseen: true });
  one.vote(placeOf(one, "greedy"), "");
  one.reveal();
  assert.deepEqual(
    one.rounds.map(({ votes }) => votes.map(({ note }) => note)),
    [["Chat", ""]],
  );
  assert.equal(judging(["q"]).one.wins.get("greedy")?.wins, 2);
});
