import assert from "node:assert/strict";
import test from "node:test";

import "../dom.js";
import { emptyElement, whyEmpty } from "../../../site/compare/empty.js";
import { ReportSession } from "../../../site/compare/session.js";
import { DEFAULTS } from "../../../site/reports/view.js";

const loaded = (id, prompts, outputs = ["x"]) => ({
  id,
  source: id,
  report: {
    model: id,
    entries: prompts.map((prompt) => ({ prompt, results: [{ config: "g", outputs, params: [] }] })),
  },
});

/** Why a session shows nothing, and the changes that its buttons make. */
async function why(change, ...reports) {
  const session = new ReportSession({ ...DEFAULTS, ...change });
  await session.open(reports);
  const { words, ways } = whyEmpty(session);
  return [words, ...ways.map((way) => way.change ?? "examples")];
}

test("what stands instead of prompts says why, and each button takes back what hides them", async () => {
  const one = loaded("one", ["p"]);
  const two = loaded("two", ["q"]);
  assert.deepEqual(await why({ q: "goose" }, one), ["No prompt or output contains “goose”.", { q: "" }]);
  assert.deepEqual(await why({ q: "^g", re: true }, one), ["No prompt or output matches “^g”.", { q: "" }]);
  assert.deepEqual(await why({ coverage: "all" }, one, two), [
    "The shown reports have no prompt in common.",
    { coverage: "any" },
  ]);
  assert.deepEqual(await why({ coverage: "A" }, one), ["“one” has every prompt.", { coverage: "any" }]);
  assert.deepEqual(await why({ differ: true }, one, one), [
    "The reports have the same outputs for every prompt.",
    { differ: false },
  ]);
  assert.deepEqual(await why({ differ: true }, one), [
    "Only one report is shown, so nothing can differ.",
    { differ: false },
  ]);
  assert.deepEqual(await why({ hide: ["A"] }, one), ["All reports are hidden.", { hide: [] }]);
  assert.deepEqual(await why({ q: "x", differ: true, hide: ["B"] }, one, two), [
    "No prompt passes all of the filters.",
    { q: "" },
    { differ: false },
    { hide: [] },
  ]);
});

test("reports without prompts or outputs lead to a model that writes, and to the examples", async () => {
  const ways = [{ page: "write" }, "examples"];
  assert.deepEqual(await why({}, loaded("one", [])), ["The open reports have no prompts.", ...ways]);
  assert.deepEqual(await why({}, loaded("one", ["p"], [])), [
    "The open reports have prompts, but no outputs.",
    ...ways,
  ]);
});

test("a button changes the view, and the focus goes to what is drawn", async () => {
  const session = new ReportSession({ ...DEFAULTS, q: "goose" });
  await session.open([loaded("one", ["p"])]);
  let focused = 0;
  emptyElement(session, { focus: () => focused++ })
    .querySelector("button")
    .click();
  assert.equal(session.view.q, "");
  session.announce("drawn");
  assert.equal(focused, 1);
  session.show(session.table.rows, "");
  assert.equal(emptyElement(session, { focus() {} }), null);
});
