import assert from "node:assert/strict";
import test from "node:test";

import "../dom.js";
import { Metrics } from "../../../site/compare/metrics.js";
import { ReportSession } from "../../../site/compare/session.js";
import { disagreements, inOrder, sorted } from "../../../site/compare/sorting.js";
import { DEFAULTS, fromAddress, toAddress } from "../../../site/reports/view.js";
import { pluck } from "../pluck.js";

globalThis.CSS = { escape: String };

const loaded = (id, outputs) => ({
  id,
  source: id,
  report: {
    model: id,
    entries: Object.entries(outputs).map(([prompt, texts]) => ({
      prompt,
      results: [{ config: "g", outputs: texts, params: [] }],
    })),
  },
});

/** Measures a text by its length, and texts as alike if they are equal. */
const engine = {
  asked: 0,
  async run(_job, { outputs, columns }, { onPart }) {
    this.asked++;
    for (const { measures, text } of outputs) if (!measures) onPart({ words: text.length || null });
    const alike = ({ outputs: [one, other] }) => (other === undefined ? undefined : Number(one === other));
    return { likeness: columns.map(({ prompts }) => prompts.map(alike)), columns: [] };
  },
};

/** The prompts in the order of a session, and how often they were shown in that of the table before. */
async function ordered(sort) {
  const session = new ReportSession({ ...DEFAULTS, sort });
  await session.open([
    loaded("one", { p: ["same"], q: ["xx", "x"], r: [""] }),
    loaded("two", { p: ["same"], q: ["yyyyyyy"] }),
  ]);
  let waits = 0;
  const metrics = new Metrics(engine);
  const options = { metrics: async () => metrics, votes: () => [], signal: new AbortController().signal };
  const order = () => inOrder(session.table.rows, session, { ...options, onWait: () => waits++ });
  const [first, again] = [await order(), await order()];
  assert.deepEqual(first, again);
  return [pluck(first, "prompt").join(""), waits];
}

test("prompts are sorted by what differs or by a measure, which is measured once", async () => {
  document.body.innerHTML = '<div id="said"></div><div id="message"></div>';
  assert.deepEqual(await ordered("difference"), ["qpr", 1], "one report only is last");
  assert.deepEqual(await ordered("words"), ["qpr", 1], "an output without words is last");
  assert.deepEqual(await ordered("-words"), ["qpr", 1], "its lowest counts");
});

test("without votes the order says so and offers to judge", async () => {
  document.body.innerHTML = '<div id="said"></div><div id="message"></div>';
  assert.deepEqual(await ordered("votes"), ["pqr", 0]);
  assert.match(document.getElementById("message").textContent, /No pair of outputs has two votes.*Judge/);
});

test("equal rows keep their order, and rows without a key come last", () => {
  const rows = [3, null, 5, 3].map((key, at) => ({ key, at }));
  const keyOf = ({ key }) => key;
  assert.deepEqual(pluck(sorted(rows, keyOf), "at"), [2, 0, 3, 1]);
  assert.deepEqual(pluck(sorted(rows, keyOf, { lowest: true }), "at"), [0, 3, 2, 1]);
});

test("votes disagree where two on the same contenders name another winner, on whichever side", () => {
  const vote = (prompt, left, right, choice) => ({
    prompt,
    left: { name: left },
    right: { name: right },
    choice,
  });
  const rounds = [
    { votes: [vote("p", "a", "b", "left"), vote("q", "a", "b", "left"), vote("r", "a", "b", "tie")] },
    { votes: [vote("p", "b", "a", "right"), vote("q", "a", "b", "tie"), vote("r", "a", "c", "left")] },
  ];
  assert.deepEqual(Object.fromEntries(disagreements(rounds)), { p: 0, q: 1 });
});

test("the order is in the address, and an unknown one is none", () => {
  assert.equal(toAddress({ ...DEFAULTS, sort: "-looping" }).get("sort"), "-looping");
  const sortOf = (hash) => fromAddress({ search: "", hash }).sort;
  assert.deepEqual(["#sort=-looping&v=1", "#sort=difference", "#sort=evil"].map(sortOf), [
    "-looping",
    "difference",
    "",
  ]);
});
