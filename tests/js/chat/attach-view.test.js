import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "../dom.js";

globalThis.CSS = /** @type {any} */ ({ escape: (/** @type {string} */ name) => name });

const { AttachView } = await import("../../../site/chat/attach-view.js");

const birds = { kind: /** @type {const} */ ("collection"), name: "Birds", hash: "00" };
const turn = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  document.body.innerHTML = `<ul id="attached"></ul><textarea id="message"></textarea>
    <details id="attach-box"><input type="file" id="attach-files"><select id="attach-collection"></select>
    <input type="number" id="passage-count" min="1" max="8" value="4">
    <input type="number" id="passage-tokens" min="50" max="8000" value="800"></details>`;
});

function start({ missing = /** @type {any[]} */ ([]) } = {}) {
  const tree = { fields: /** @type {Record<string, any>} */ ({}) };
  const listeners = /** @type {(() => void)[]} */ ([]);
  const asked = /** @type {any[]} */ ([]);
  const session = {
    tree,
    busy: false,
    on: (/** @type {string[]} */ _, /** @type {() => void} */ listener) => listeners.push(listener),
    attach(/** @type {any[]} */ documents) {
      tree.fields = { documents };
      for (const listener of listeners) listener();
    },
  };
  const documents = {
    add: async (/** @type {any[]} */ files) => files.map(({ name }) => ({ kind: "file", name, hash: name })),
    collections: async () => [birds],
    missing: async (/** @type {any[]} */ all) => all.filter(({ name }) => missing.includes(name)),
    find: async (/** @type {any[]} */ ...args) => {
      asked.push(args);
      return { passages: [], skipped: [] };
    },
  };
  const complaints = /** @type {unknown[]} */ ([]);
  const view = new AttachView(/** @type {any} */ (session), {
    holder: /** @type {any} */ (null),
    say: () => {},
    complain: (error) => complaints.push(error),
    changed: () => {},
    open: async () => /** @type {any} */ (documents),
  });
  return { view, tree, asked, complaints };
}

test("a collection is attached under its own name, and removed again", async () => {
  const { tree } = start();
  const box = /** @type {any} */ (document.getElementById("attach-box"));
  const list = /** @type {any} */ (document.getElementById("attach-collection"));
  box.open = true;
  box.dispatchEvent(new Event("toggle"));
  await turn();
  list.value = "00";
  list.dispatchEvent(new Event("change"));
  await turn();
  assert.deepEqual(tree.fields.documents, [birds]);
  assert.equal(list.value, "");
  const [item] = document.querySelectorAll("#attached li");
  assert.match(item.textContent ?? "", /^Collection Birds/);
  item.querySelector("button")?.click();
  await turn();
  assert.deepEqual(tree.fields.documents, []);
});

test("what is missing is said, and no more is attached than may be", async () => {
  const { view, tree, complaints } = start({ missing: ["a.txt"] });
  const file = (/** @type {string} */ name) => ({ name, blob: new Blob() });
  await view.take([file("a.txt"), file("b.txt"), file("b.txt")]);
  await turn();
  const items = [...document.querySelectorAll("#attached li")].map(({ textContent }) => textContent);
  assert.equal(items.length, 2);
  assert.match(items[0] ?? "", /a\.txt no longer here: attach it again/);
  await view.take(Array.from({ length: 30 }, (_, at) => file(`${at}.txt`)));
  assert.match(String(complaints[0]), /20 documents can be attached/);
  assert.ok(tree.fields.documents.length <= 20);
});

test("the bounds of the passages go with the question, and stay within theirs", async () => {
  const { view, asked } = start();
  assert.equal(await view.find("Well?", {}), null);
  assert.equal(asked.length, 0);
  view.restore(new Map(Object.entries({ passages: "99", passage_tokens: "1" })));
  await view.take([{ name: "a.txt", blob: new Blob() }]);
  assert.deepEqual(await view.find("Well?", {}), { passages: [], passage_tokens: 50 });
  assert.deepEqual([asked[0][2].count, asked[0][2].budget], [8, 50]);
});
