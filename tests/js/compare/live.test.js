import assert from "node:assert/strict";
import { test } from "node:test";
import { newReport, resultFor, unwritten, withTemplate } from "../../../site/compare/live-report.js";
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
  assert.equal(
    withTemplate({ ...template, before: "", between: "", after: "" }, " as it is\n\n"),
    " as it is\n\n",
  );
});
