import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { collate } from "../../../site/reports/collate.js";
import { readReports } from "../../../site/reports/index.js";
import { DEFAULTS } from "../../../site/reports/view.js";
import {
  ballot,
  fromFile,
  nextPair,
  pairKey,
  scopeOf,
  toFile,
  unblinded,
  winsOf,
  withBest,
  withoutLast,
  withRanking,
  withVote,
} from "../../../site/reports/votes.js";
import { pluck } from "../pluck.js";
import { sampling } from "./make.js";

const many = (letter) =>
  Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`p${i}`, { g: [`${letter} ${i}`] }]));
const tableOf = (...reports) =>
  collate(
    reports.map((report, index) => ({
      id: String(index),
      source: `${index}.json`,
      report: readReports(JSON.stringify(report), { fileName: "x" }).reports[0],
    })),
  );
const deal = ({ rows, columns }, seed = 1) => ballot(rows, columns, { seed, config: "" });
const scope = { config: "g", hide: ["B"], q: "a b", re: true, differ: false, coverage: "any" };
const round = { rater: "ann", seed: 1, rubric: "", scope, revealed: false, pairs: 0, votes: [] };
const vote = (choice) => ({ choice, note: "", at: "2026-01-01T00:00:00Z" });

test("sides and order are shuffled by the seed, and stay so", () => {
  const table = tableOf(sampling(many("a"), "one"), sampling(many("b"), "two"));
  const pairs = deal(table);
  assert.deepEqual(deal(table), pairs);
  assert.notDeepEqual(deal(table, 2), pairs);
  const sides = pairs.map(({ left: { name } }) => name);
  const changes = sides.filter((name, at) => name !== sides[at - 1]).length;
  assert.ok(changes > 120 && changes < 180, `${changes}: they neither alternate nor stay`);
  assert.notDeepEqual(pluck(pairs.slice(0, 5), "prompt"), ["p0", "p1", "p2", "p3", "p4"]);
});

test("wherever a round ends, each contender was on the left as often as on the right", () => {
  const reports = ["one", "two", "three"].map((name) => sampling(many(name), name));
  for (const seed of [1, 2, 3]) {
    const lead = new Map();
    for (const { left, right } of deal(tableOf(...reports), seed)) {
      const names = [left.name, right.name].sort().join();
      lead.set(names, (lead.get(names) ?? 0) + (left.name < right.name ? 1 : -1));
      assert.ok([...lead.values()].every((one) => Math.abs(one) <= 1));
    }
    assert.deepEqual([...lead.values()], [0, 0, 0]);
  }
});

test("the configurations of one report are balanced, whatever their order in the file", () => {
  const entries = Array.from({ length: 40 }, (_, i) => {
    const configs = [
      ["a", [`a${i}`]],
      ["b", [`b${i}`]],
    ];
    return [`p${i}`, Object.fromEntries(i % 3 ? configs : configs.reverse())];
  });
  const pairs = deal(tableOf(sampling(Object.fromEntries(entries), "one")));
  let lead = 0;
  for (const { left } of pairs) {
    lead += left.name === "a" ? 1 : -1;
    assert.ok(Math.abs(lead) <= 1);
  }
  assert.equal(lead, 0);
});

test("identical samples are one contender's text, whichever of them is drawn", () => {
  const texts = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`p${i}`, { g: ["same", "same", "same", "other"] }]),
  );
  const single = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${i}`, { g: ["single"] }]));
  const pairs = deal(tableOf(sampling(texts, "one"), sampling(single, "two")));
  const drawn = pairs.map(({ left, right }) => (left.name === "one" ? left : right));
  assert.deepEqual(
    new Set(drawn.map(({ text, sample }) => `${text} ${sample}`)),
    new Set(["same 1", "other 4"]),
  );
});

test("identical texts are left out, and every prompt comes once before any comes again", () => {
  const same = { ...many("a"), p0: { g: ["the same"] } };
  const pairs = deal(
    tableOf(
      sampling(same, "one"),
      sampling({ ...many("b"), p0: { g: [" the same\n"] } }, "two"),
      sampling({ p1: { g: ["third"] } }, "three"),
    ),
  );
  assert.ok(!pairs.some(({ prompt }) => prompt === "p0"));
  assert.equal(pairs.length, 199 + 2);
  assert.equal(new Set(pairs.slice(0, 199).map(({ prompt }) => prompt)).size, 199);
});

test("a single report lends its configurations as contenders", () => {
  const pairs = deal(tableOf(sampling({ p: { greedy: ["x"], k50: ["y"], beam: [null] } })));
  assert.equal(pairs.length, 1);
  assert.deepEqual([pairs[0].left.name, pairs[0].right.name].sort(), ["greedy", "k50"]);
});

test("votes go on where one stopped, can be taken back, and are locked once names are known", () => {
  const pairs = deal(tableOf(sampling(many("a"), "one"), sampling(many("b"), "two")));
  const first = nextPair(round, pairs, new Set());
  assert.equal(first, pairs[0]);
  const voted = withVote(round, first, vote("left"));
  assert.equal(nextPair(voted, pairs, new Set()), pairs[1]);
  assert.equal(nextPair(voted, pairs, new Set([pairs[1].key])), pairs[2]);
  assert.equal(nextPair(withoutLast(voted), pairs, new Set()), pairs[0]);
  const revealed = { ...voted, revealed: true };
  assert.equal(withVote(revealed, pairs[1], vote("left")), revealed);
  assert.equal(withoutLast(revealed), revealed);
  assert.ok(!JSON.stringify(voted).includes(first.left.text));
});

test("a file of votes reads back, and a broken one is named by its path", () => {
  const [pair] = deal(tableOf(sampling(many("a"), "one"), sampling(many("b"), "two")));
  const voted = withVote(round, pair, vote("tie"));
  assert.deepEqual(fromFile(JSON.parse(JSON.stringify(toFile(voted)))), voted);
  assert.throws(
    () => fromFile({ format: "goosequill-votes", votes: [{ prompt: "p", left: {} }] }),
    /votes\[0\]\.left\.name is missing/,
  );
  assert.throws(() => fromFile([]), /not a file of votes/);
  assert.throws(() => fromFile({ ...toFile(voted), format_version: 2 }), /newer version/);
  const side = '{"name": "a", "sample": 1e999}';
  const endless = `{"format": "goosequill-votes", "votes": [{"prompt": "p", "choice": "left", "left": ${side}, "right": ${side}}]}`;
  assert.equal(fromFile(JSON.parse(endless)).votes[0].left.sample, 0);
});

test("the key of a pair does not depend on sides", () => {
  const [one, other] = ["a", "b"].map((name) => ({ name, config: "g", sample: 1 }));
  assert.equal(pairKey("p", one, other), pairKey("p", other, one));
});

test("a round is kept with what it is about, and with whether it was unblinded early", () => {
  const vote = (index) => ({
    prompt: `p${index}`,
    left: { name: "a", config: "g", sample: 1 },
    right: { name: "b", config: "g", sample: 1 },
    choice: "left",
    note: "",
    at: "",
  });
  const ended = { ...round, revealed: true, pairs: 3, votes: [vote(1)] };
  assert.deepEqual(fromFile(JSON.parse(JSON.stringify(toFile(ended)))), ended);
  assert.match(unblinded(ended), /after 1 of 3 pairs, before the round was over/);
  assert.doesNotMatch(unblinded({ ...ended, votes: [vote(1), vote(2), vote(3)] }), /before/);
});

test("the best of several texts beats each of the others, and a tie holds for all pairs", () => {
  const sides = ["a", "b", "c"].map((name) => ({ name, config: name, sample: 1 }));
  const shown = { prompt: "p", sides };
  const best = withBest(round, shown, { best: 1, note: "", at: "" });
  const choices = best.votes.map(({ left, right, choice }) => [left.name, right.name, choice]);
  assert.deepEqual(choices, [
    ["a", "b", "right"],
    ["b", "c", "left"],
  ]);
  assert.deepEqual(Object.fromEntries(winsOf(best.votes)), {
    a: { wins: 0, votes: 1 },
    b: { wins: 2, votes: 2 },
    c: { wins: 0, votes: 1 },
  });
  const tie = withBest(best, shown, { best: "tie", note: "", at: "" });
  assert.deepEqual(pluck(tie.votes.slice(2), "choice"), ["tie", "tie", "tie"]);
  assert.deepEqual(withoutLast(tie, 3), best);
  assert.equal(withBest({ ...best, revealed: true }, shown, { best: 0, note: "", at: "" }).votes.length, 2);
  assert.deepEqual(fromFile(JSON.parse(JSON.stringify(toFile(tie)))), tie);
});

test("the article's examples are read", async () => {
  const article = await readFile("docs/reference/reports.md", "utf8");
  const example = (title) =>
    article.match(new RegExp(`^\`\`\`json title="${title}"$(.*?)^\`\`\`$`, "ms"))?.[1] ?? "";
  const { reports } = readReports(example("report.json"), { fileName: "report.json" });
  assert.deepEqual(reports[0].entries[0].results[0].outputs, [" flew south.", null]);
  const votes = JSON.parse(example("votes.json"));
  assert.deepEqual(toFile(fromFile(votes)), votes);
});

test("a ranking is a vote on each two texts of different contenders, with ties", () => {
  const side = (/** @type {string} */ name, text = name) => ({ name, config: name, sample: 0, text });
  const round = {
    rater: "ann",
    seed: 1,
    rubric: "",
    scope: scopeOf(DEFAULTS),
    revealed: true,
    pairs: 0,
    votes: [],
  };
  const sides = [side("a"), side("b"), side("a", "again"), side("c", " a "), side("d")];
  const vote = { note: "Chat", at: "now" };
  const ranked = withRanking(round, { prompt: "p", sides, places: [2, 1, 1, 2, undefined] }, vote);
  assert.deepEqual(
    ranked.votes.map(({ left, right, choice, note }) => [left.name, right.name, choice, note]),
    [
      ["a", "b", "right", "Chat"],
      ["b", "a", "tie", "Chat"],
      ["b", "c", "left", "Chat"],
      ["a", "c", "left", "Chat"],
    ],
  );
  const none = withRanking(round, { prompt: "p", sides: sides.slice(0, 2), places: "both_bad" }, vote);
  assert.deepEqual(
    none.votes.map(({ choice }) => choice),
    ["both_bad"],
  );
  assert.deepEqual(fromFile(toFile(ranked)).votes, ranked.votes);
});
