import assert from "node:assert/strict";
import { test } from "node:test";
import {
  joined,
  newReport,
  numbered,
  resultFor,
  unwritten,
  withTemplate,
} from "../../../site/compare/live-report.js";
import { collate } from "../../../site/reports/collate.js";
import { toMarkdown } from "../../../site/reports/export.js";
import { readReports } from "../../../site/reports/index.js";
import { samplingText } from "../../../site/reports/sampling.js";

const empty = () => newReport({ name: "m", args: [["model", "M"]] });
const options = { config: "greedy", params: [["temperature", 0]] };

test("a run continues with the remaining prompts", () => {
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

test("a template surrounds the prompt, and what separates messages does not occur inside it", () => {
  const template = {
    name: "t",
    title: "",
    before: "User: ",
    between: "\n\n",
    after: "\n\nAssistant:",
    stop: [],
  };
  assert.equal(withTemplate(template, "Hi\n\n\nthere "), "User: Hi\nthere\n\nAssistant:");
  const bare = withTemplate({ ...template, before: "", between: "", after: "" }, " as it is\n\n");
  assert.equal(bare, " as it is\n\n");
});

test("what decoders wrote is one sampling report, with equal decoders told apart", () => {
  const names = numbered(["greedy", "greedy"]);
  const params = [["finish_reason", "length"]];
  const columns = names.map((config, at) => {
    const report = empty();
    resultFor(report, "p", { config, params }).outputs.push(["one", "three"][at]);
    if (at === 0) resultFor(report, "q", { config, params }).outputs.push("two");
    return { report };
  });
  const report = joined(columns);
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
  assert.deepEqual(report.entries[0].results[0].params, params);
  assert.equal(columns[0].report.entries[0].results.length, 1);
  const table = collate([{ id: "live", source: "live", report }]);
  const shown = { ...table, view: { config: "", sample: 0, group: false } };
  assert.match(toMarkdown(shown), /## 1\. p\n[\s\S]*greedy \\?\(2\\?\) #1[\s\S]*three/);
});
