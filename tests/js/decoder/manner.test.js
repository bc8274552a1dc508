import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { empty } from "../collections/indexed-db.js";
import "../dom.js";
import { textsOf } from "../pluck.js";

globalThis.CSS = /** @type {any} */ ({ escape: (/** @type {string} */ name) => name });
/** @type {Map<string, string>} */
const stored = new Map();
globalThis.localStorage = /** @type {any} */ ({
  getItem: (/** @type {string} */ key) => stored.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => void stored.set(key, value),
  removeItem: (/** @type {string} */ key) => void stored.delete(key),
});
const adapters = await import("../../../site/ui/adapters.js");
const { Manner } = await import("../../../site/decoder/manner.js");

const FACTS = /** @type {any} */ ({
  name: "Pirate",
  model: "rwkv-4",
  model_name: "Small",
  method: "vectors",
});

beforeEach(() => {
  stored.clear();
  empty();
  document.body.innerHTML = `<div id="manner-box" hidden><select id="manner"></select>
    <label id="manner-strength-box"><input type="range" id="manner-strength" min="0" max="1.5" step="0.05">
    <output id="manner-shown"></output></label></div>`;
});

const at = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const keep = (facts = FACTS) => adapters.keepAdapter(new Uint8Array(9), facts);
const gone = new Error("It was made for another model.");

/** A model that says how it was adapted, and refuses what is for another model. */
function fakeModel(name = "rwkv-4") {
  const calls = /** @type {any[]} */ ([]);
  const model = /** @type {any} */ ({
    name,
    calls,
    withAdapter: async (/** @type {Uint8Array} */ file, /** @type {any} */ { strength }) => {
      if (name !== "rwkv-4") throw gone;
      calls.push([file.length, strength]);
      return { name: `adapted ${strength}`, unload: async () => void calls.push("unload") };
    },
  });
  return model;
}

/** Resolves when the list is read. */
async function open() {
  let changes = 0;
  const manner = await new Promise((resolve) => {
    const made = new Manner(() => (changes++ ? undefined : resolve(made)));
  });
  return { manner, changes: () => changes };
}

function choose(/** @type {string} */ id) {
  at("manner").value = id;
  at("manner").dispatchEvent(new Event("change"));
}

test("it is hidden until an adapter is kept, and names the model of each", async () => {
  const { manner } = await open();
  assert.equal(at("manner-box").hidden, true);
  const base = fakeModel();
  assert.equal(manner.of(base), base);
  assert.equal(await manner.apply(base), base);
  await keep();
  await keep({ ...FACTS, name: "State", model: "", model_name: "" });
  await open();
  assert.equal(at("manner-box").hidden, false);
  assert.deepEqual(textsOf(at("manner").options).sort(), ["None", "Pirate (Small)", "State"]);
  assert.equal(at("manner-strength-box").hidden, true);
});

test("one that is chosen is applied once, at its strength, and switched off again", async () => {
  const { id } = await keep();
  const { manner, changes } = await open();
  const base = fakeModel();
  choose(id);
  assert.equal(changes(), 2);
  assert.equal(manner.of(null), null);
  assert.equal(manner.of(base), null, "it is not ready yet");
  const adapted = await manner.apply(base);
  assert.equal(adapted.name, "adapted 1");
  assert.equal(manner.of(base), adapted);
  assert.equal(await manner.apply(base), adapted);
  at("manner-strength").value = "0.5";
  at("manner-strength").dispatchEvent(new Event("input"));
  assert.equal(at("manner-shown").textContent, "50%");
  at("manner-strength").dispatchEvent(new Event("change"));
  assert.equal((await manner.apply(base)).name, "adapted 0.5");
  assert.deepEqual(base.calls, [[9, 1], [9, 0.5], "unload"]);
  choose("");
  assert.equal(manner.of(base), base);
  assert.equal(adapters.chosenAdapter(), null);
  choose(id);
  assert.equal(manner.of(base)?.name, undefined, "the strength begins anew");
});

test("another page's choice is taken, and one of an adapter that is gone is none", async () => {
  const { id } = await keep();
  adapters.chooseAdapter({ id, strength: 0.25 });
  const { manner } = await open();
  assert.equal(at("manner").value, id);
  assert.equal(at("manner-strength").valueAsNumber, 0.25);
  adapters.chooseAdapter({ id: "another", strength: 1 });
  const base = fakeModel();
  assert.equal(manner.of(base), base);
});

test("one that another tab deletes is no longer offered, and the model writes without it", async () => {
  const { id } = await keep();
  adapters.chooseAdapter({ id, strength: 1 });
  const { manner } = await open();
  await adapters.deleteAdapter(id);
  const base = fakeModel();
  assert.equal(await manner.apply(base), base);
  assert.equal(manner.of(base), base);
  assert.equal(at("manner-box").hidden, true);
});

test("one that is kept or renamed in another tab is offered here, and the choice stays", async () => {
  const { id } = await keep();
  const { manner } = await open();
  choose(id);
  const adapted = await manner.apply(fakeModel());
  assert.ok(adapted);
  await adapters.renameAdapter(id, "Captain");
  await keep({ ...FACTS, name: "Poet" });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(textsOf(at("manner").options).sort(), ["Captain (Small)", "None", "Poet (Small)"]);
  assert.equal(at("manner").value, id);
});

test("one of another model is refused, and can be switched off", async () => {
  const { id } = await keep();
  const { manner } = await open();
  choose(id);
  const other = fakeModel("rwkv-7");
  await assert.rejects(manner.apply(other), gone);
  choose("");
  assert.equal(await manner.apply(other), other);
});

test("what is stored of a choice is checked", () => {
  const choices = /** @type {[string, any][]} */ ([
    ["{", null],
    ["3", null],
    ['{"id":3}', null],
    ['{"id":"a","strength":1e9}', { id: "a", strength: 1 }],
    ['{"id":"a","strength":"NaN"}', { id: "a", strength: 1 }],
    ['{"id":"a","strength":0}', { id: "a", strength: 0 }],
  ]);
  for (const [text, choice] of choices) {
    stored.set("goosequill.adapter", text);
    assert.deepEqual(adapters.chosenAdapter(), choice, text);
  }
});
