import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { window } from "../../dom.js";

globalThis.HTMLElement = window.HTMLElement;

/** What was asked of the renderer's worker. */
const asked = [];
let worker;
globalThis.Worker = class {
  constructor() {
    worker = this;
  }
  postMessage(message) {
    asked.push(message);
  }
  terminate() {}
};
globalThis.location = { origin: "null" }; // that of a file, which the worker's script is here

const { LONGEST, prepare, renderInto } = await import("../../../../site/ui/render/index.js");
const { format } = await import("../../../../site/ui/render/formatting.js");

before(prepare);
beforeEach(() => asked.splice(0));

const box = () => document.createElement("div");
const nodes = (element) => element.querySelectorAll("*").length;
const more = (element) => element.querySelector(":scope > .more-text");

test("a short text is drawn at once, in the page", async () => {
  const place = box();
  const drawn = renderInto(place, "some *words*</s>");
  assert.equal(place.innerHTML, '<p dir="auto">some <em>words</em></p>');
  assert.deepEqual(await drawn, { removed: [["</s>", 1]] });
  assert.equal(asked.length, 0);
});

test("a longer one is formatted by the worker; what the box shows stays until then", async () => {
  const place = box();
  place.textContent = "before";
  const text = "some *words* ".repeat(1000);
  const drawn = renderInto(place, text);
  assert.equal(place.textContent, "before");
  const { id, question } = asked[0];
  worker.onmessage({ data: { id, answer: format(question.text, { markdown: true, special: "strip" }) } });
  await drawn;
  assert.ok(place.querySelector("em"));
});

test("an answer that another rendering has overtaken is not drawn", async () => {
  const place = box();
  const late = renderInto(place, "*long* ".repeat(1000));
  await renderInto(place, "short");
  worker.onmessage({
    data: { id: asked[0].id, answer: format("*late*", { markdown: true, special: "strip" }) },
  });
  await late;
  assert.equal(place.textContent, "short");
});

test("where the worker fails, the text is shown as it is, with the reason", async () => {
  const place = box();
  const drawn = renderInto(place, "*long* ".repeat(1000));
  worker.onerror({ preventDefault() {}, message: "no memory" });
  await drawn;
  assert.match(place.querySelector(".render-note").textContent, /could not be formatted \(no memory\)/);
  assert.match(place.querySelector("pre").textContent, /^\*long\* /);
});

test("a text that would take too much work is shown as it is, with a note", async () => {
  const place = box();
  await renderInto(place, "![[".repeat(600));
  assert.match(place.querySelector(".render-note").textContent, /too much work/);
  assert.equal(place.querySelector("pre").textContent, "![[".repeat(600));
});

test("whatever its size, a text is drawn in parts of a bounded number of nodes and characters", async () => {
  const place = box();
  let drawings = 0;
  const text = `${"one line\n".repeat(3_000_000)}\u202eend`;
  await renderInto(place, text, { onDraw: () => drawings++ });
  assert.match(place.firstChild.textContent, /this text has 27,000,004 characters; up to 200,000 are/);
  assert.ok(place.textContent.length < 160_000 && nodes(place) < 2000);
  const length = place.textContent.length;
  more(place).click();
  assert.ok(place.textContent.length > length && place.textContent.length < 2 * length);
  assert.equal(drawings, 2);
});

test("a wide tree is drawn in parts too, and in the end completely", async () => {
  const place = box();
  const text = "*a* ".repeat(4000);
  const drawn = renderInto(place, text);
  const answer = format(text, { markdown: true, special: "strip" });
  worker.onmessage({ data: { id: asked[0].id, answer } });
  await drawn;
  const parts = [nodes(place)];
  for (let button = more(place); button; button = more(place)) {
    button.click();
    parts.push(nodes(place));
  }
  assert.equal(parts.at(-1), 4001);
  assert.ok(parts.length > 3 && parts[0] < 1600, `${parts}`);
});

test("no character is lost between parts, and no pair is cut in two", async () => {
  for (const text of ["😀".repeat(LONGEST), "words and spaces ".repeat(20_000), `${"x".repeat(9000)} y`]) {
    const place = box();
    await renderInto(place, text, { markdown: false, special: "show" });
    for (let button = more(place); button; button = more(place)) button.click();
    assert.ok(place.textContent === (text.length > LONGEST ? text : text.trim()));
    for (const node of place.firstChild.childNodes) assert.ok(node.data.isWellFormed());
  }
});
