import assert from "node:assert/strict";
import test from "node:test";

import { Metrics } from "../../../site/compare/metrics.js";
import { collate } from "../../../site/reports/collate.js";
import { readReports } from "../../../site/reports/index.js";
import { sampling } from "../reports/make.js";

const VIEW = { config: "", sample: 0 };

/** An engine that measures as Python does, a part for each output that was not measured, and counts. */
class CountingEngine {
  asked = [];

  async run(job, args, { onPart, signal }) {
    assert.equal(job, "measure_columns");
    this.asked.push(structuredClone(args));
    for (const { measures, text } of args.outputs) {
      signal.throwIfAborted();
      if (!measures) onPart({ words: text.length });
    }
    const alike = ({ likeness, outputs }) => (outputs.length === 1 ? undefined : (likeness ?? 0.5));
    return { likeness: args.columns.map(({ prompts }) => prompts.map(alike)), columns: [] };
  }

  /** How often a text was sent. */
  count(text) {
    return JSON.stringify(this.asked).split(JSON.stringify(text)).length - 1;
  }
}

async function setUp(...reports) {
  const read = await Promise.all(
    reports.map((report) => readReports(JSON.stringify(sampling(report)), { fileName: "a.json" })),
  );
  const { rows, columns } = collate(
    read.map(({ reports: [report] }, at) => ({ id: `${at}`, source: `${at}`, report })),
  );
  const engine = new CountingEngine();
  const metrics = new Metrics(engine);
  const progress = [];
  let measured = 0;
  const options = {
    say: () => {},
    onProgress: (done, total) => progress.push([done, total]),
    onMeasured: () => measured++,
    signal: new AbortController().signal,
  };
  const summarize = ({ shown = rows, view = VIEW, base = null, signal = options.signal } = {}) =>
    metrics.summarize({ rows: shown, columns, view }, base, { ...options, signal });
  return { rows, columns, engine, metrics, progress, summarize, measured: () => measured };
}

test("each text crosses to Python once, in the one message that measures and summarizes", async () => {
  const texts = ["first of p", "second of p", "both have it"];
  const { rows, columns, engine, metrics, progress, summarize, measured } = await setUp(
    { p: { a: [texts[0], texts[1]] }, q: { a: [texts[2]] } },
    { p: { a: [texts[1], texts[0]] }, q: { a: [texts[2]] } },
  );
  assert.deepEqual(await summarize(), { columns: [] });
  assert.equal(engine.asked.length, 1);
  for (const text of texts) assert.equal(engine.count(text), 1, text);
  const [{ columns: asked, baseline }] = engine.asked;
  assert.deepEqual(asked[1].prompts, [
    { prompt: "p", outputs: [1, 0] },
    { prompt: "q", outputs: [2], likeness: null },
  ]);
  assert.equal(baseline, null);
  assert.deepEqual(
    progress,
    [1, 2, 3].map((done) => [done, 3]),
  );
  assert.equal(measured(), 1);
  assert.deepEqual(metrics.of("p", texts[0]), { words: texts[0].length });

  await summarize({ base: columns[0], shown: rows.slice(0, 1) }); // another baseline, and a filter
  assert.equal(engine.asked.length, 2);
  for (const text of texts) assert.equal(engine.count(text), 1, text);
  assert.deepEqual(engine.asked[1].columns[1].prompts, [{ prompt: "p", outputs: [1, 0], likeness: 0.5 }]);
  assert.equal(engine.asked[1].baseline, "A · model · 0");
  assert.equal(measured(), 2, "at once, because nothing is left to measure");
});

test("a text crosses again only where its likeness to others is new, and is not measured again", async () => {
  const { engine, progress, summarize } = await setUp({ p: { a: ["one", "two"], b: ["three"] } });
  await summarize();
  await summarize({ view: { config: "a", sample: 0 } });
  const measured = engine.asked[1].outputs.map(({ text, measures }) => [text, measures.words]);
  assert.deepEqual(measured, [
    ["one", 3],
    ["two", 3],
  ]);
  assert.equal(progress.length, 3);
});

test("what was measured before a stop is kept", async () => {
  const { engine, metrics, summarize } = await setUp({ p: { a: ["one"] }, q: { a: ["two"] } });
  const stop = new AbortController();
  const measured = engine.run.bind(engine);
  engine.run = (job, args, options) =>
    measured(job, args, {
      ...options,
      onPart: (part) => {
        options.onPart(part);
        stop.abort();
      },
    });
  await assert.rejects(summarize({ signal: stop.signal }), { name: "AbortError" });
  assert.ok(metrics.of("p", "one"));
  assert.equal(metrics.of("q", "two"), undefined);
});
