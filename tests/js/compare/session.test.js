import assert from "node:assert/strict";
import test from "node:test";

import { ReportSession } from "../../../site/compare/session.js";
import { DEFAULTS } from "../../../site/reports/view.js";

const EVENTS = ["view", "files", "reports", "round", "rows", "grown"];

/** A session, and the events that it has announced. */
function setUp() {
  const session = new ReportSession({ ...DEFAULTS });
  const events = [];
  session.on([...EVENTS], (detail, name) => events.push([name, detail]));
  return { session, events };
}

const loaded = (prompt, ...outputs) => ({
  id: prompt,
  source: prompt,
  report: { model: "m", entries: [{ prompt, results: [{ config: "a", outputs, params: [] }] }] },
});

test("the visitor's changes of the view are announced, and refused during a blind round", () => {
  const { session, events } = setUp();
  session.update({ q: "goose" });
  session.change({ at: 3 });
  session.judge({ config: "a" });
  session.update({ page: "metrics" });
  assert.equal(session.blind, true);
  const shown = [session.view.q, session.view.at, session.view.config, session.view.page];
  assert.deepEqual(shown, ["goose", 3, "a", "vote"]);
  session.judge(null);
  session.update({ page: "metrics" });
  assert.deepEqual(events, [
    ["view", { q: "goose" }],
    ["round", null],
    ["round", null],
    ["view", { page: "metrics" }],
  ]);
});

test("an output that grows is announced with its row, once its report is open", async () => {
  const { session, events } = setUp();
  const one = loaded("p", "a");
  session.grow(one.report, "p");
  assert.ok(await session.open([one]));
  one.report.entries[0].results = [{ config: "a", outputs: ["a goose"], params: [] }];
  session.grow(one.report, "p");
  session.grow(one.report, "q");
  assert.deepEqual(events, [["grown", session.table.rows[0]]]);
  assert.equal(session.table.rows[0]?.cells.get("p")?.[0]?.outputs[0], "a goose");
});
