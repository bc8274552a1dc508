import assert from "node:assert/strict";
import { test } from "node:test";
import { resultFor, settingsOf, unwritten } from "../../../site/compare/live.js";
import { readReports } from "../../../site/compare/reports/index.js";
import { samplingText } from "../../../site/compare/reports/sampling.js";

const empty = () => ({ format: "live column", model: "m (live)", date: "2026-01-01", args: [], entries: [] });
const options = { config: "greedy", params: [["temperature", 0]] };

test("a run goes on with what is left", () => {
  const report = empty();
  resultFor(report, "a", options).outputs.push("1", "2");
  resultFor(report, "b", options).outputs.push("3");
  assert.deepEqual(unwritten(report, ["a", "b", "c"], { config: "greedy", samples: 2 }), ["b", "c"]);
  assert.deepEqual(unwritten(report, ["a"], { config: "sampling", samples: 1 }), ["a"]);
  assert.equal(resultFor(report, "a", options).outputs.length, 2);
});

test("what was written is a valid sampling report", () => {
  const report = empty();
  resultFor(report, "__proto__", options).outputs.push("1");
  const { reports, problems } = readReports(samplingText(report), { fileName: "live.json" });
  assert.deepEqual(problems, []);
  assert.deepEqual(reports[0].entries, report.entries);
});

test("settings bear the names that the engine knows", () => {
  assert.deepEqual(Object.keys(settingsOf(() => 1)), [
    "temperature",
    "top_p",
    "top_k",
    "repetition_penalty",
    "max_new_tokens",
    "seed",
  ]);
});
