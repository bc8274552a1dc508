import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { newReport, resultFor } from "../../../site/compare/live-report.js";
import { readReports } from "../../../site/reports/index.js";
import { pairs } from "../../../site/reports/report.js";
import { samplingText } from "../../../site/reports/sampling.js";
import { sampling } from "../reports/make.js";
import { problemsOf } from "./schema.js";

const address = new URL("../../../docs/assets/sampling-report.schema.json", import.meta.url);
const schema = JSON.parse(readFileSync(address, "utf8"));

test("every report that is written is valid under the published schema", () => {
  const live = newReport({ name: "m", args: [["model", "M"]] });
  const params = pairs({ temperature: 0, stop: ["a", "b"], penalty_spares_digits: true, min_p: null });
  resultFor(live, "__proto__", { config: "greedy", params }).outputs.push("text", "");
  const texts = JSON.stringify(sampling({ p: { g: ["x", null] } }));
  const [read] = readReports(texts, { fileName: "r.json" }).reports;
  for (const report of [live, read])
    assert.deepEqual(problemsOf(JSON.parse(samplingText(report)), schema), []);
});

test("the check finds what is wrong", () => {
  const report = sampling({ p: { g: ["x"] } });
  assert.deepEqual(problemsOf({ ...report, model_name: "" }, schema), ["$.model_name is too short"]);
  assert.deepEqual(problemsOf({ prompts: [{ prompt: 1, results: [] }] }, schema), [
    "$.model_name is missing",
    "$.prompts[0].prompt is number",
  ]);
  const nested = sampling({ p: { g: [["x"]] } });
  assert.deepEqual(problemsOf(nested, schema), ["$.prompts[0].results[0].outputs[0] is array"]);
});
