import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Inquiry } from "../../../site/search/inquiry.js";
import { pluck } from "../pluck.js";

let pending;
let shown;
let failures;
let full = true;
let inquiry;

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Answers the oldest request. */
async function answer(more) {
  pending.shift()?.answer(more);
  await turn();
}

beforeEach(() => {
  [pending, shown, failures] = [[], [], []];
  full = true;
  inquiry = new Inquiry({
    search: (question, stage) =>
      new Promise((resolve, reject) => {
        pending.push({ question, stage, answer: (more) => resolve({ stage, ...more }), fail: reject });
      }),
    isFull: () => full,
    show: ({ stage }, question) => shown.push(`${question}:${stage}`),
    fail: (error) => failures.push(error),
  });
});

test("a question is answered at once and then refined", async () => {
  const asked = inquiry.ask("a");
  await answer();
  assert.deepEqual(shown, ["a:static"]);
  await answer();
  await asked;
  assert.deepEqual(shown, ["a:static", "a:full"]);
});

test("without MiniLM there is one stage", async () => {
  full = false;
  inquiry.ask("a");
  await answer();
  assert.deepEqual([shown, pending], [["a:static"], []]);
});

test("while the engine answers, only the latest question waits", async () => {
  full = false;
  for (const question of ["a", "ab", "abc", "abcd"]) inquiry.ask(question);
  assert.equal(pending.length, 1);
  await answer();
  assert.deepEqual(pluck(pending, "question"), ["abcd"]);
  await answer();
  assert.deepEqual(shown, ["abcd:static"]);
});

test("a newer question is not kept waiting by the second stage of an older one", async () => {
  inquiry.ask("a");
  await answer();
  inquiry.ask("b");
  await answer(); // a, full
  assert.deepEqual(shown, ["a:static"]);
  assert.deepEqual([pending[0].question, pending[0].stage], ["b", "static"]);
});

test("a dropped question shows nothing", async () => {
  inquiry.ask("a");
  inquiry.drop();
  await answer();
  assert.deepEqual([shown, pending], [[], []]);
});

test("a failure is reported once, and the next question is asked", async () => {
  inquiry.ask("a");
  pending.shift()?.fail(new Error("broken"));
  await turn();
  assert.equal(failures.length, 1);
  full = false;
  inquiry.ask("b");
  await answer();
  assert.deepEqual(shown, ["b:static"]);
});

test("while passages are unread it is asked again, and each answer is shown", async () => {
  const asked = inquiry.ask("a");
  await answer({ unread: 2000 });
  await answer({ unread: 900 });
  await answer({ unread: 0 });
  await answer();
  await asked;
  assert.deepEqual(shown, ["a:static", "a:static", "a:static", "a:full"]);
  inquiry.ask("b");
  await answer({ unread: 900 });
  inquiry.ask("c");
  await answer({ unread: 800 });
  assert.deepEqual(pluck(pending, "question"), ["c"], "nobody waits for b");
});
