import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { wordDiff } from "../../../site/compare/diff.js";
import { MOST_DIFFERENCES, webPage } from "../../../site/compare/web-page.js";
import { collate } from "../../../site/reports/collate.js";
import { readReports } from "../../../site/reports/index.js";
import { DEFAULTS } from "../../../site/reports/view.js";
import { setWords, t } from "../../../site/ui/words.js";
import { sampling } from "../reports/make.js";

const { diffArrays } = await import(new URL("../../../site/vendor/diff/array.js", import.meta.url).href);
const CATALOGUE = new URL("../../../site/ui/languages/de.json", import.meta.url);
const HOSTILE = `</style><script>hacked=1</script><img src=x onerror='hacked=1'>"' & </div>`;

afterEach(() => setWords(null));

const tools = (change = {}) => ({
  style: "body{}",
  clean: (text) => text,
  difference: async (before, after) => wordDiff(before, after, { diffArrays }),
  onProgress: () => {},
  signal: new AbortController().signal,
  ...change,
});

function content(models, change = {}) {
  const loaded = models.map(([name, prompts]) => ({
    id: name,
    source: `${name}.json`,
    report: readReports(JSON.stringify(sampling(prompts, name)), { fileName: "x" }).reports[0],
  }));
  const { rows, columns } = collate(loaded);
  const saved = new Date("2026-03-04T05:06:07Z");
  return {
    rows,
    total: rows.length,
    columns,
    base: null,
    view: DEFAULTS,
    saved,
    summary: null,
    votes: null,
    ...change,
  };
}
const bodyOf = (text) => text.slice(text.indexOf("<body>"));

test("texts, names and prompts are shown literally, and nothing else is fetched or run", async () => {
  const text = await webPage(content([[HOSTILE, { [HOSTILE]: { [HOSTILE]: [HOSTILE] } }]]), tools());
  assert.ok(!/<script|<img|<\/style><s/i.test(text));
  assert.equal(text.split("&lt;/style&gt;&lt;script&gt;hacked=1&lt;/script&gt;").length - 1 >= 4, true);
  assert.match(text, /Content-Security-Policy" content="default-src &#39;none&#39;; style-src/);
  assert.ok(!/(src|href)="(?!#)/.test(text));
});

test("identical samples are one, with their number, and a missing prompt is named", async () => {
  const text = await webPage(
    content([
      ["one", { p: { g: ["same", "same", "other"] }, q: { g: ["x"] } }],
      ["two", { p: { g: ["same"] } }],
    ]),
    tools(),
  );
  assert.equal(bodyOf(text).split(">same</div>").length - 1, 2);
  assert.match(text, /g #1 · 2 identical samples/);
  assert.match(text, /This prompt is not in the file\./);
  assert.match(text, /2 prompts\. Saved with Goosequill on 2026-03-04\./);
});

test("differences from the baseline are marked, and equal prompts can be hidden", async () => {
  const given = content([
    ["one", { p: { g: ["a red goose"] }, q: { g: ["equal"] } }],
    ["two", { p: { g: ["a grey goose"] }, q: { g: ["equal"] } }],
  ]);
  const text = await webPage({ ...given, base: given.columns[0] }, tools());
  assert.match(text, /a <del>red<\/del><ins>grey<\/ins> goose/);
  assert.match(text, /<article class="prompt same" id="prompt-2">/);
  assert.match(text, /same as the baseline/);
  assert.match(text, /differences are marked against the baseline, A · one/);
  const without = await webPage(
    { ...given, base: given.columns[0] },
    tools({ difference: async () => null }),
  );
  assert.match(without, /differences not marked/);
});

test("votes stand at their prompts, and their results and metrics with intervals and tests", async () => {
  const side = (name) => ({ name, config: "g", sample: 1 });
  const vote = { prompt: "p", left: side("two"), right: side("one"), choice: "right", note: "<b>", at: "" };
  const round = { rater: "ann", votes: [vote, { ...vote, choice: "tie", note: "" }] };
  const strengths = [
    { name: "one", strength: 1, low: 0.5, high: 1.5, wins: 1, losses: 0, ties: 1, both_bad: 0, left: 0 },
    { name: "two", strength: -1, wins: 0, losses: 1, ties: 1, both_bad: 3, left: 2 },
  ];
  const row = {
    first: "one",
    second: "two",
    wins: 1,
    losses: 0,
    ties: 1,
    both_bad: 3,
    prompts: 1,
    sentences: ["A", "test."],
  };
  const result = {
    ...{ votes: 2, prompts: 1, raters: ["ann"], choices: { left: 0, right: 1, tie: 1, both_bad: 0 } },
    ...{ strengths, comparisons: [row], position: { sentences: ["No bias."] } },
  };
  const mean = { mean: 2, low: 1, high: 3, prompts: 1 };
  const gap = { ...mean, significant: true, p_label: "p = 0.01", sentences: ["Another test."] };
  const summary = {
    metrics: { words: "How many." },
    columns: [
      { name: "A · one", means: { words: { mean: 2, prompts: 1 } } },
      { name: "B · two", means: { words: mean } },
    ],
    differences: [{ name: "B · two", baseline: "A · one", means: { words: gap } }],
  };
  const given = content(
    [
      ["one", { p: { g: ["x"] } }],
      ["two", { p: { g: ["y"] } }],
    ],
    { votes: { result, rounds: [round], locked: "Locked." }, summary },
  );
  const text = await webPage(given, tools());
  for (const words of [
    "ann: one is better than two (&lt;b&gt;)",
    "ann: two and one tie",
    "1.00 (0.50 to 1.50)",
    "-1.00 (too few votes for an interval)",
    "<strong>one against two:</strong> won 1, lost 0 and tied 1 on 1 prompt. Both bad: 3. A test.",
    "<td>0 / 1 / 1 / 3</td><td>2 of 5</td>",
    "2.00 (too few values for an interval)",
    "No bias. Ties: 1.",
    "2.00 (1.00 to 3.00) *",
    "p = 0.01",
    "B · two: Another test.",
    "Difference from A · one",
  ])
    assert.ok(text.includes(words), words);
  setWords({ language: "de", words: JSON.parse(readFileSync(CATALOGUE, "utf-8")) });
  assert.equal(t("Words"), "Wörter");
  assert.equal(await webPage(given, tools()), text, "the file is in English on a German page too");
});

test("a page that would be too large is refused with what to do, and work on differences is bounded", async () => {
  const large = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, { g: ["&".repeat(1e6)] }]));
  await assert.rejects(
    webPage(content([["one", large]]), tools()),
    /larger than 34 MB: 7 of 9 prompts fill it/,
  );
  const outputs = Array.from({ length: MOST_DIFFERENCES + 3 }, (_, i) => `text ${i}`);
  const given = content([
    ["one", { p: { g: ["text"] } }],
    ["two", { p: { g: outputs } }],
  ]);
  let asked = 0;
  const difference = async () => {
    asked++;
    return { pieces: [], complete: true };
  };
  await webPage({ ...given, base: given.columns[0] }, tools({ difference }));
  assert.equal(asked, MOST_DIFFERENCES);
});

test("it can be cancelled between two prompts", async () => {
  const control = new AbortController();
  const prompts = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, { g: ["x"] }]));
  let done = 0;
  const onProgress = () => {
    done++;
    control.abort();
  };
  const made = webPage(content([["one", prompts]]), tools({ onProgress, signal: control.signal }));
  await assert.rejects(made, { name: "AbortError" });
  assert.equal(done, 1);
});
