import assert from "node:assert/strict";
import { test } from "node:test";
import { collate, collating, coverage, differs, letterOf, samplesOf } from "../../../site/reports/collate.js";
import { readReports } from "../../../site/reports/index.js";
import { pluck } from "../pluck.js";
import { sampling } from "./make.js";

const load = (report, index, source = `f${index}.json`) => ({
  id: String(index),
  source,
  report: readReports(JSON.stringify(report), { fileName: source }).reports[0],
});
const all = { config: "", sample: 0, group: false };

test("prompts stand in order of appearance, integers and __proto__ among them", () => {
  const first = sampling({});
  for (const prompt of ["zebra", "10", "2", "__proto__", "constructor"])
    first.prompts.push(...sampling({ x: { g: [prompt] } }).prompts.map((entry) => ({ ...entry, prompt })));
  const { rows } = collate([load(first, 0), load(sampling({ new: { g: ["x"] }, zebra: { g: ["y"] } }), 1)]);
  assert.deepEqual(pluck(rows, "prompt"), ["zebra", "10", "2", "__proto__", "constructor", "new"]);
  assert.deepEqual([...rows[0].cells.keys()], ["0", "1"]);
});

test("prompts that more reports share come first, and are numbered so", () => {
  const reports = [
    ["only", "two", "all"],
    ["two", "all"],
    ["all", "last"],
  ];
  const outputs = (names) => Object.fromEntries(names.map((name) => [name, { g: ["x"] }]));
  const { rows } = collate(reports.map((prompts, at) => load(sampling(outputs(prompts)), at)));
  assert.deepEqual(
    rows.map(({ number, prompt }) => [number, prompt]),
    [
      [1, "all"],
      [2, "two"],
      [3, "only"],
      [4, "last"],
    ],
  );
});

test("a prompt that stands twice in a file is one row with both outputs", () => {
  const report = sampling({ a: { g: ["1"], k: ["2"] } });
  report.prompts.push(sampling({ a: { k: ["3"], new: ["4"] } }).prompts[0]);
  const { rows, mostOutputs } = collate([load(report, 0)]);
  assert.equal(rows.length, 1);
  assert.deepEqual(
    rows[0].cells.get("0").map(({ config, outputs }) => [config, outputs]),
    [
      ["g", ["1"]],
      ["k", ["2", "3"]],
      ["new", ["4"]],
    ],
  );
  assert.equal(mostOutputs, 2);
});

test("two files of one model are told apart by file", () => {
  const { columns } = collate([
    load(sampling({}), 0, "https://x.org/one.json"),
    load(sampling({}), 1, "two.json"),
    load(sampling({}, "org/other"), 2),
  ]);
  const labels = columns.map(({ letter, label }) => [letter, label]);
  assert.deepEqual(labels, [
    ["A", "model · one.json"],
    ["B", "model · two.json"],
    ["C", "other"],
  ]);
  assert.equal(letterOf(27), "B2");
});

test("a sample index beyond a configuration's outputs is told, not fatal", () => {
  const results = load(sampling({ a: { greedy: ["1"], k50: ["2", "3", "3"] } }), 0).report.entries[0].results;
  assert.deepEqual(pluck(samplesOf(results, { ...all, sample: 3 }).samples, "text"), ["3"]);
  assert.equal(
    samplesOf(results, { ...all, config: "greedy", sample: 2 }).missing,
    "There is no sample 2 here, only 1.",
  );
  assert.equal(
    samplesOf(results, { ...all, config: "beam" }).missing,
    "There is no “beam” here, only “greedy” and “k50”.",
  );
  assert.match(samplesOf([], all).missing, /no results/);
});

test("identical samples are grouped with a count", () => {
  const results = load(sampling({ a: { k: ["x", "y", "x"] } }), 0).report.entries[0].results;
  assert.deepEqual(
    samplesOf(results, { ...all, group: true }).samples.map(({ text, count, index }) => [text, count, index]),
    [
      ["x", 2, 1],
      ["y", 1, 2],
    ],
  );
});

test("rows differ by what the view shows, whatever the order of samples", () => {
  const table = collate([
    load(sampling({ a: { k: ["x", "y"], g: ["1"] } }), 0),
    load(sampling({ a: { k: ["y ", "x"], g: ["2"] } }), 1),
  ]);
  assert.equal(differs(table.rows[0], ["0", "1"], { config: "k", sample: 0 }), false);
  assert.equal(differs(table.rows[0], ["0", "1"], { config: "", sample: 0 }), true);
  assert.equal(differs(table.rows[0], ["0", "1"], { config: "k", sample: 1 }), true);
  assert.equal(differs(table.rows[0], ["0"], { config: "", sample: 0 }), false);
});

test("coverage counts what each file has and what only it has", () => {
  const table = collate([
    load(sampling({ a: { g: ["1", "2"] }, b: { g: ["3"] } }), 0),
    load(sampling({ b: { g: ["4"] } }), 1),
  ]);
  assert.deepEqual(coverage(table), [
    { columnId: "0", prompts: 2, only: 1, outputs: 3 },
    { columnId: "1", prompts: 1, only: 0, outputs: 1 },
  ]);
});

test("a step of collating does the work of one prompt, however many there are", () => {
  for (const size of [10, 1000]) {
    const prompts = Object.fromEntries(Array.from({ length: size }, (_, at) => [`p${at}`, { g: ["1"] }]));
    const loaded = [load(sampling(prompts), 0), load(sampling(prompts), 1)];
    const steps = [...collating(loaded)].length;
    assert.ok(steps >= 2 * 2 * size, `${steps} steps for ${2 * size} entries`);
  }
});
