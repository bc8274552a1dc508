import assert from "node:assert/strict";
import { test } from "node:test";
import { collate } from "../../../site/reports/collate.js";
import { parseCsv } from "../../../site/reports/csv.js";
import { toCsv, toJson, toMarkdown, toReports } from "../../../site/reports/export.js";
import { readReports } from "../../../site/reports/index.js";
import { pluck } from "../pluck.js";
import { sampling } from "./make.js";

const texts = ["plain", 'with "quotes", commas\nand ```fences```', "=SUM(A1)", "plain"];
const { reports } = readReports(
  JSON.stringify(sampling({ "a\nb": { g: texts }, __proto__x: { g: ["x"] } })),
  { fileName: "r.json" },
);
const table = collate([{ id: "1", source: "r.json", report: reports[0] }]);
const shown = { ...table, view: { config: "", sample: 0, group: true } };

test("CSV reads back, and no cell is a formula", () => {
  const rows = parseCsv(toCsv(shown), ",").map(({ cells }) => cells);
  assert.deepEqual(rows[0].slice(0, 3), ["number", "prompt", "report"]);
  assert.deepEqual(rows[1], ["1", "a\nb", "A", "org/model", "r.json", "g", "1", "2", "plain"]);
  assert.equal(rows[2].at(-1), texts[1]);
  assert.equal(rows[3].at(-1), "'=SUM(A1)");
});

test("JSON holds what is shown", () => {
  const { prompts } = JSON.parse(toJson(shown));
  const counts = prompts[0].outputs.map(({ count, output }) => [count, output]);
  assert.deepEqual(counts, [
    [2, "plain"],
    [1, texts[1]],
    [1, texts[2]],
  ]);
  assert.deepEqual(prompts[0].outputs[0].params, { temperature: 0.8, top_k: null });
});

test("Markdown fences are longer than those inside", () => {
  assert.match(toMarkdown(shown), /````text\nwith "quotes", commas\nand ```fences```\n````/);
});

test("reports read back as they were", () => {
  const back = readReports(toReports(table), { fileName: "back.json" });
  assert.deepEqual(back, { reports, problems: [] });
  const fewer = readReports(toReports({ ...table, rows: table.rows.slice(1) }), { fileName: "back.json" });
  assert.deepEqual(pluck(fewer.reports[0].entries, "prompt"), ["__proto__x"]);
});
