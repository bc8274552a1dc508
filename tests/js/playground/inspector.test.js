import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../dom.js";

for (const name of ["HTMLInputElement", "HTMLDetailsElement"]) globalThis[name] = window[name];
globalThis.CSS = { escape: (name) => name };
window.Element.prototype.scrollIntoView = () => {};
const { Inspector } = await import("../../../site/playground/inspector.js");

const IDS = [
  ["section", "explanation"],
  ["section", "sheet"],
  ["p", "no-token"],
  ["p", "constraint-summary"],
  ["p", "legend"],
  ["div", "prompt-tokens"],
  ["div", "token-table"],
  ["div", "paper"],
  ["div", "output"],
  ["details", "table-box"],
  ["input", "coloured"],
];

/** An inspector of a text whose model answers with `call`. */
function inspecting(call) {
  document.body.replaceChildren(
    ...IDS.map(([name, id]) => Object.assign(document.createElement(name), { id })),
  );
  const tokens = ["one", " two", " three"].map((text, token) => ({ token, text, logprob: -1 }));
  const text = { prompt: "", settings: {}, seed: 1, given: 0, parent: null, tokens, tail: "" };
  const said = [];
  const session = Object.assign(new window.EventTarget(), {
    text,
    busy: false,
    selected: null,
    model: { call: (_name, args, options) => call(args, options) },
    say: (words) => said.push(words),
    complain: (error) => said.push(error.message),
  });
  const inspector = new Inspector(session, { reveal: () => {} });
  inspector.show(text);
  return { inspector, said, box: document.getElementById("explanation") };
}

const explanation = (index) => ({
  token: index,
  text: String(index),
  logprob: -1,
  rank: 1,
  steps: [{ label: "The model", sentence: "", kept: 3 }],
  candidates: [{ token: index, text: String(index), rank: 1, probabilities: [0.4] }],
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("an explanation that fails takes the place of that of another token and says what to do", async () => {
  const { inspector, said, box } = inspecting(async ({ index }) => {
    if (index === 1) throw new Error("An unexpected error occurred");
    return explanation(index);
  });
  inspector.output.select(0);
  await settled();
  assert.match(box.textContent, /Token 1/);
  inspector.output.select(1);
  await settled();
  assert.doesNotMatch(box.textContent, /Token 1/);
  assert.match(box.textContent, /could not be explained\. Generate the text again/);
  assert.equal(said.at(-1), "An unexpected error occurred");
  inspector.output.select(2);
  await settled();
  assert.match(box.textContent, /Token 3/);
  assert.doesNotMatch(box.textContent, /could not/);
});

test("a newer request or another text ends an explanation that takes long, without an error", async () => {
  const asked = [];
  const { inspector, said, box } = inspecting(
    ({ index }, { signal }) =>
      new Promise((resolve, reject) => {
        asked.push(index);
        signal.addEventListener("abort", () => reject(signal.reason));
        if (index === 2) resolve(explanation(index));
      }),
  );
  inspector.output.select(0);
  inspector.output.select(1);
  inspector.output.select(2);
  await settled();
  assert.deepEqual(asked, [0, 2]);
  assert.match(box.textContent, /Token 3/);
  inspector.output.select(1);
  await settled();
  inspector.show(null);
  await settled();
  assert.deepEqual(asked, [0, 2, 1]);
  assert.equal(box.hidden, true);
  assert.equal(said.length, 1);
});
