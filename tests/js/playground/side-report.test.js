import assert from "node:assert/strict";
import { test } from "node:test";
import { reportOf, shownOf } from "../../../site/playground/side-report.js";
import { toMarkdown } from "../../../site/reports/export.js";
import { readReports } from "../../../site/reports/index.js";
import { samplingText } from "../../../site/reports/sampling.js";

/** @param {string} name @param {Record<number, string>} texts @returns {any} */
const column = (name, texts) => ({
  choice: { name },
  results: new Map(
    Object.entries(texts).map(([at, text]) => [
      Number(at),
      { text, finish: "length", settings: { temperature: 0, stop: ["a"], seed: 4 } },
    ]),
  ),
});
const columns = [column("greedy", { 0: "one", 1: "two" }), column("greedy", { 0: "three" })];
const report = reportOf({ model: "m", seed: 4, prompts: ["p", "q", "unwritten"], columns });

test("what decoders wrote is a sampling report, with equal decoders told apart", () => {
  const { reports, problems } = readReports(samplingText(report), { fileName: "x.json" });
  assert.deepEqual(problems, []);
  assert.deepEqual(reports[0].entries, report.entries);
  assert.deepEqual(
    report.entries.map(({ results }) => results.map(({ config, outputs }) => [config, ...outputs])),
    [
      [
        ["greedy", "one"],
        ["greedy (2)", "three"],
      ],
      [["greedy", "two"]],
    ],
  );
  assert.deepEqual(Object.fromEntries(report.entries[0].results[0].params), {
    temperature: 0,
    stop: '["a"]',
    seed: 4,
    finish_reason: "length",
  });
});

test("it is saved in the comparer's other formats too", () => {
  assert.match(toMarkdown(shownOf(report)), /## 1\. p\n[\s\S]*greedy \\?\(2\\?\) #1[\s\S]*three/);
});
