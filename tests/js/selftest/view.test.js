import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { window } from "../dom.js";

globalThis.navigator ??= window.navigator;
const { setWords } = await import("../../../site/ui/words.js");
const german = JSON.parse(
  readFileSync(new URL("../../../site/ui/languages/de.json", import.meta.url), "utf-8"),
);
before(() => setWords({ language: "de", words: german }));
after(() => setWords(null));

const FINDINGS = [
  {
    title: "text 1",
    outcome: "passed",
    detail: "as expected, 120 tokens a second; kernel: plain, threads: 1",
    milliseconds: 2,
  },
  { title: "pages", outcome: "failed", detail: "Only 3 of 40 files are stored.", milliseconds: 0 },
];
const GROUP = { title: "Storage", meaning: "", run: async () => {} };

test("the table is in the page's language", async () => {
  const { GroupView, summary } = await import("../../../site/selftest/view.js");
  const table = document.createElement("table");
  const view = new GroupView(table, GROUP);
  for (const each of FINDINGS) view.add(each);
  const cells = [...table.rows].map((row) => [...row.cells].map(({ textContent }) => textContent));
  assert.deepEqual(cells, [
    ["Speicher", "1 fehlgeschlagen, 1 bestanden"],
    ["Text 1", "✓ Bestanden", "2 ms", "wie erwartet, 120 Token pro Sekunde; Kernel: plain, Threads: 1"],
    ["Seiten", "✗ Fehlgeschlagen", "unter 1 ms", "Nur 3 von 40 Dateien sind gespeichert."],
  ]);
  assert.equal(summary([]), "nichts wurde geprüft");
});

test("the report is in English, for whoever reads it", async () => {
  const { reportOf } = await import("../../../site/selftest/report.js");
  const report = reportOf([{ title: GROUP.title, findings: FINDINGS }], "1", "all checks have run");
  assert.match(report, /^Storage: 1 failed, 1 passed\n {2}passed {6}text 1 \(2\.0 ms\): as expected, 120/m);
  assert.match(report, /failed {6}pages \(0\.0 ms\): Only 3 of 40 files are stored\./);
});
