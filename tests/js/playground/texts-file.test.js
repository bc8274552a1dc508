import assert from "node:assert/strict";
import { test } from "node:test";
import { Texts } from "../../../site/playground/texts.js";
import { unpackTexts } from "../../../site/playground/texts-file.js";

const start = { prompt: "It was", settings: { temperature: 1 }, seed: 7 };

/** Two texts, the second of which branches from the first, and an undo. */
function sample() {
  const texts = new Texts();
  texts.remember("typed");
  const first = texts.begin(start);
  first.tokens.push({ token: 5, text: " a", logprob: -0.5 });
  first.marked = true;
  texts.remember("It was");
  texts.begin({ ...start, seed: 8, parent: first, tokens: [{ token: 6, text: " the", logprob: -1 }] });
  return texts;
}

test("texts, branches, bookmarks, undo and redo come back as they were", () => {
  const texts = sample();
  texts.undo("It was");
  const again = new Texts();
  again.fromValue(structuredClone(texts.toValue()));
  assert.deepEqual(again.tree(), texts.tree());
  assert.equal(again.current, again.all[0]);
  assert.equal(again.redo("It was").text, again.all[1]);
  assert.deepEqual(again.undo("It was").prompt, "It was");
  assert.deepEqual(again.undo("It was"), { text: null, prompt: "typed" });
});

test("a visit contains what its texts begin with, written or cut off", () => {
  const texts = sample();
  texts.begin({ ...start, prompt: "Far ", tail: "away" });
  for (const words of ["It", "It was a", "It was the", "Far away"]) assert.ok(texts.contains(words), words);
  for (const words of ["was", "It was a t", "Far away!"]) assert.ok(!texts.contains(words), words);
});

test("a file of branches is added to what is there", () => {
  const texts = sample();
  const file = JSON.parse(JSON.stringify(texts.toValue()));
  assert.equal(texts.addValue(file).prompt, "It was");
  const parents = texts.all.map(({ id, parent }) => [id, parent?.id]);
  assert.deepEqual(parents, [
    [1, undefined],
    [2, 1],
    [3, undefined],
    [4, 3],
  ]);
});

test("a text of another page is adopted once", () => {
  const texts = sample();
  const text = () => ({ ...structuredClone(texts.all[0]), id: 1, prompt: "Far away,", parent: null });
  const adopted = texts.adopt(text());
  assert.deepEqual([adopted.id, texts.all.length], [3, 3]);
  assert.equal(texts.adopt(text()), adopted);
  assert.equal(texts.all.length, 3);
});

test("damaged and hostile files are refused with a remedy, and change nothing", () => {
  const good = () => JSON.parse(JSON.stringify(sample().toValue()));
  const cases = {
    nothing: () => null,
    "no format": () => ({ ...good(), format: "x" }),
    "a newer version": () => ({ ...good(), version: 2 }),
    "too many": () => ({ ...good(), texts: Array(5001).fill(good().texts[0]) }),
    "a parent that comes later": () => ({ ...good(), texts: good().texts.reverse() }),
    "its own parent": () => change(good(), { parent: 2, id: 2 }),
    "a parent twice": () => change(good(), { id: 1 }),
    "given beyond the tokens": () => change(good(), { given: 9 }),
    "a prompt that is no text": () => change(good(), { prompt: { toString: "x" } }),
    "tokens that are none": () => change(good(), { tokens: [null] }),
    "a seed that is no integer": () => change(good(), { seed: 1e300 }),
  };
  for (const [name, make] of Object.entries(cases)) {
    assert.throws(
      () => unpackTexts(make()),
      (error) => error.remedy !== "" && error.message !== "",
      name,
    );
  }
  const texts = sample();
  assert.throws(() => texts.addValue(cases["its own parent"]()));
  assert.equal(texts.all.length, 2);
});

/** Changes fields of a file's second text. */
function change(value, fields) {
  Object.assign(value.texts[1], fields);
  return value;
}

test("a prompt in a file of branches has line feeds, the tokens after it stay as they were", () => {
  const texts = new Texts();
  const first = texts.begin({ prompt: "It\r\nwas", settings: {}, seed: 7 });
  first.tokens.push({ token: 5, text: "\r\n", logprob: -0.5 });
  const again = new Texts();
  again.fromValue(structuredClone(texts.toValue()));
  assert.equal(again.all[0].prompt, "It\nwas");
  assert.equal(again.all[0].tokens[0].text, "\r\n");
});

test("a file of branches keeps what the constraint did, and nothing that is not a number of it", () => {
  const plain = { token: 2, text: "b", logprob: -2 };
  const constraint = { allowed: 12, masked: 0.5, changed: true };
  const constrained = { token: 1, text: "a", logprob: -1, constraint };
  const bad = { ...plain, constraint: { ...constraint, allowed: "<b>" } };
  const extra = { ...constrained, constraint: { ...constraint, more: "x" } };
  const text = {
    id: 1,
    prompt: "p",
    settings: {},
    seed: 1,
    given: 0,
    tail: "",
    finish: "stop",
    parent: null,
  };
  const file = { format: "", version: 1, current: 1, texts: [{ ...text, tokens: [extra, bad] }] };
  const [first, second] = unpackTexts({ ...file, format: "goosequill-branches" }).texts[0].tokens;
  assert.deepEqual([first, second], [constrained, plain]);
});
