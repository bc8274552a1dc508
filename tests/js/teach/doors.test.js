import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { empty } from "../collections/indexed-db.js";
import "../dom.js";
import { window } from "../dom.js";
import { textsOf } from "../pluck.js";

Object.assign(globalThis, {
  CSS: { escape: (/** @type {string} */ name) => name },
  HTMLInputElement: window.HTMLInputElement,
});
const { Doors } = await import("../../../site/teach/doors.js");
const { TeachSession } = await import("../../../site/teach/session.js");
const { readFileSync } = await import("node:fs");

const SETS = JSON.parse(readFileSync(new URL("../../../site/teach/sets.json", import.meta.url), "utf8"));
const decode = (/** @type {Uint8Array} */ data) => new TextDecoder().decode(data);
const turn = () => new Promise((resolve) => setTimeout(resolve));

let fetched = 0;
let isOnline = true;

beforeEach(() => {
  empty();
  fetched = 0;
  isOnline = true;
  globalThis.fetch = /** @type {any} */ (
    async () => {
      fetched++;
      return { ok: isOnline, json: async () => SETS };
    }
  );
  document.body.innerHTML = `
    ${["text", "pairs", "ratings"].map((name) => `<input type="radio" name="door" value="${name}">`).join("")}
    <div id="door-text"></div><div id="door-pairs"></div><div id="door-ratings"></div>
    <textarea id="teach-text"></textarea><p id="text-facts"></p><input type="file" id="text-file">
    <select id="set"><option value="">An empty table</option></select><p id="set-note"></p>
    <table><tbody id="pairs"></tbody></table><button id="add-pair"></button><p id="pair-facts"></p>
    <p id="rating-facts"></p>`;
});

const at = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

function open() {
  const complaints = /** @type {unknown[]} */ ([]);
  const session = new TeachSession();
  const doors = new Doors(session, { complain: (error) => complaints.push(error) });
  doors.restore();
  const examples = (/** @type {any} */ use = () => assert.fail("the engine is not needed")) =>
    doors.examples(use);
  return { session, doors, examples, complaints };
}

async function choose(/** @type {string} */ set) {
  at("set").value = set;
  at("set").dispatchEvent(new Event("change"));
}

test("a text is learned from as it is, and is named by its beginning", async () => {
  const { examples } = open();
  at("teach-text").value = "Ahoy,\nye landlubbers of this harbour!\n\nArr 🪿.\n \nAvast.\n";
  at("teach-text").dispatchEvent(new Event("input"));
  assert.equal(at("text-facts").textContent, "1 piece");
  const found = await examples();
  assert.equal(found?.name, "Ahoy, ye landlubbers of this …");
  assert.equal(decode(found?.data ?? new Uint8Array()), at("teach-text").value);
});

test("the pieces of a text are counted as Python makes them", () => {
  open();
  const long = "Arr! ".repeat(60);
  const counts = /** @type {[string, string][]} */ ([
    [" \n\n ", ""],
    ["Arr!\n%\nAvast!\n%\n\n%\nAhoy!\n%\n", "3 pieces"],
    ["Arr!\r\n%\r\nAvast!", "2 pieces"],
    [`${long}\n\n${long}\n \n${long}\nArr`, "3 pieces"],
    [`${"Arr!\n\n".repeat(100)}`, "2 pieces"],
    [`${long}\n${long}\nArr`, "3 pieces"],
  ]);
  for (const [text, facts] of counts) {
    at("teach-text").value = text;
    at("teach-text").dispatchEvent(new Event("input"));
    assert.equal(at("text-facts").textContent, facts, text);
  }
});

test("a file is learned from in place of the text until that is edited, and only up to a size", async () => {
  const { session, doors, examples } = open();
  doors.take(new File(["Arr."], "pirate.txt"));
  assert.match(at("text-facts").textContent, /^Learning from pirate\.txt /);
  const found = await examples();
  assert.deepEqual([found?.name, decode(found?.data ?? new Uint8Array())], ["pirate.txt", "Arr."]);
  const large = new File([], "large.txt");
  Object.defineProperty(large, "size", { value: 32_000_001 });
  doors.take(large);
  assert.equal(doors.check(), false);
  assert.match(document.body.textContent ?? "", /at most 32 MB/);
  at("teach-text").value = "Avast.";
  at("teach-text").dispatchEvent(new Event("input"));
  assert.equal((await examples())?.name, "Avast.");
  session.busy = true;
  doors.take(new File(["Arr."], "pirate.txt"));
  assert.equal(session.file, null);
});

test("the ready sets are fetched once, when their door is opened, and again if that failed", async () => {
  const { session, complaints } = open();
  isOnline = false;
  assert.equal(fetched, 0);
  session.change({ door: "pairs" });
  await turn();
  assert.equal(complaints.length, 1);
  isOnline = true;
  session.change({ door: "pairs" });
  session.change({ door: "pairs" });
  await turn();
  session.change({ door: "pairs" });
  assert.equal(fetched, 2);
  assert.equal(at("set").options.length, 1 + SETS.sets.length);
  assert.equal(new Set(textsOf(at("set").options)).size, 1 + SETS.sets.length);
});

test("complete rows are learned from as conversations, and are named by the set or their first answer", async () => {
  const { session, examples } = open();
  session.change({ door: "pairs", text: "Not this." });
  await turn();
  await choose("pirate");
  assert.equal(at("set-note").textContent, SETS.sets[0].note);
  assert.equal(session.pairs.length, SETS.prompts.length + 1); // an empty one
  const found = await examples();
  assert.equal(found?.name, "A pirate");
  const lines = decode(found?.data ?? new Uint8Array())
    .trim()
    .split("\n");
  assert.equal(lines.length, SETS.prompts.length);
  assert.deepEqual(JSON.parse(lines[0]).messages, [
    { role: "user", content: SETS.prompts[0] },
    { role: "assistant", content: SETS.sets[0].answers[0] },
  ]);
  at("set").value = "";
  session.change({
    pairs: [
      { prompt: "", answer: "None" },
      { prompt: "a", answer: "Arr\n\tmatey" },
    ],
  });
  assert.equal(at("pair-facts").textContent, "1 complete row");
  assert.equal((await examples())?.name, "Arr matey");
});

test("every ready set has an answer to every prompt, and a name of its own", () => {
  const { prompts, sets } = SETS;
  assert.ok(sets.length >= 12);
  assert.equal(new Set(sets.map((/** @type {any} */ { name }) => name)).size, sets.length);
  for (const { name, title, note, answers } of sets) {
    assert.ok(title && note, name);
    assert.equal(answers.length, prompts.length, name);
    assert.ok(
      answers.every((/** @type {string} */ answer) => answer.trim() && answer.length < 4000),
      name,
    );
  }
});

test("an empty door says what to do at its field", async () => {
  const { session, doors } = open();
  assert.equal(doors.check(), false);
  assert.equal(document.activeElement, at("teach-text"));
  assert.equal(at("teach-text-problem").textContent, "Paste a text, or open a file.");
  session.change({ door: "pairs" });
  assert.equal(doors.check(), false);
  assert.match(at("door-pairs").ownerDocument.activeElement.id, /^pair-/);
  assert.match(document.body.textContent ?? "", /Fill in at least 5 rows, or choose a ready set\./);
});

test("too few examples are found before a model is loaded for them", () => {
  const { session, doors } = open();
  assert.deepEqual(doors.extent, { examples: 0, bytes: 0 });
  session.change({ text: "One.\n%\nTwo: é.\n" });
  assert.deepEqual(doors.extent, { examples: 2, bytes: 16 });
  assert.equal(doors.check(), false);
  assert.match(
    at("teach-text-problem").textContent,
    /^The text has only 2 pieces, and at least 5 are needed/,
  );
  session.change({ text: "One.\n%\n".repeat(5) });
  assert.equal(doors.check(), true);
  const pairs = Array.from({ length: 4 }, () => ({ prompt: "Q", answer: "A" }));
  session.change({ door: "pairs", pairs });
  assert.equal(doors.check(), false);
  session.change({ pairs: [...pairs, ...pairs, { prompt: "", answer: "A" }] });
  assert.equal(doors.extent?.examples, 8);
  assert.equal(doors.check(), true);
  session.change({ door: "ratings" });
  assert.equal(doors.extent, null);
  session.change({ door: "text", file: new File(["a"], "a.txt") });
  assert.equal(doors.extent, null);
  assert.equal(doors.check(), true);
});

test("ratings are made into a file of preferences by the engine", async () => {
  const { session, examples } = open();
  while (!at("rating-facts").textContent) await turn(); // what is kept is read
  assert.equal(at("rating-facts").textContent, "No conversations are kept in this browser yet.");
  session.change({ door: "ratings" });
  const data = new Uint8Array(2);
  const found = await examples(async () => data);
  assert.deepEqual(found, { name: "Ratings", data });
});

test("nothing can be changed while the page is busy", () => {
  const { session } = open();
  session.busy = true;
  const fields = ["teach-text", "set", "text-file", "add-pair"].map(at);
  assert.ok(fields.every(({ disabled }) => disabled));
  session.busy = false;
  assert.ok(fields.every(({ disabled }) => !disabled));
});
