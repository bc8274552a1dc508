import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";

const { CollectionStore } = await import("../../../site/collections/collection-store.js");
const { Documents } = await import("../../../site/chat/documents.js");

const LIMITS = { count: 3, budget: 100 };

/** A session that finds every document with a word of the question; one passage each. */
class FakeSession {
  ran = /** @type {string[]} */ ([]);
  found = { state: "fits" };
  used = 9;
  /** @type {{name: string, text: string}[]} */
  #documents = [];
  /** @type {Map<string, {name: string, text: string}[]>} by what was chosen */
  #kept = new Map();

  async open(/** @type {string} */ kind) {
    this.ran.push(kind);
  }

  async choose(/** @type {any} */ { name, files }) {
    const { names } = await files();
    const key = name || "files";
    if (!name && !names.length) this.#kept.set(key, []); // a new one
    this.#documents = this.#kept.get(key) ?? [{ name: "kept.md", text: `goose ${name}` }];
    this.ran.push(`choose ${key}`);
  }

  async *items(/** @type {string} */ _job, /** @type {any} */ { name, data }) {
    const text = new TextDecoder().decode(data);
    if (text === "?") yield { skipped: [{ name, message: "It is damaged.", code: "", remedy: "" }] };
    else yield { source: name, name, title: name, text, hash: text };
  }

  async *stream(/** @type {string} */ job, /** @type {any} */ { document }) {
    this.ran.push(`${job} ${document.name}`);
    this.#documents.push(document);
    yield { part: { replace: { "index.json": new Uint8Array() } } };
  }

  async run(/** @type {string} */ job, /** @type {any} */ { question, passages }) {
    if (job === "answer_prompt") return { used: Math.min(this.used, passages.length) };
    const fits = this.#documents.filter(({ text }) => text.includes(question));
    const hits = fits.map((one) => ({
      ...one,
      heading: "",
      score: one.text.length,
      distant: one.text.endsWith("?"),
    }));
    return { ...this.found, hits };
  }
}

const file = (/** @type {string} */ name, /** @type {string} */ text) => ({ name, blob: new Blob([text]) });

function start() {
  const session = new FakeSession();
  const store = CollectionStore.inMemory();
  const documents = new Documents(
    /** @type {any} */ (null),
    /** @type {any} */ (session),
    Promise.resolve(store),
  );
  return { session, store, documents };
}

test("files are read once, and the passages that fit come with the best first", async () => {
  const { session, documents } = start();
  const attached = await documents.add([
    file("a.txt", "a goose"),
    file("b.txt", "a grey goose"),
    file("c.txt", "rain"),
    file("d.txt", "goose?"),
  ]);
  assert.deepEqual(
    attached.map(({ kind, name, hash }) => [kind, name, hash.length]),
    [
      ["file", "a.txt", 64],
      ["file", "b.txt", 64],
      ["file", "c.txt", 64],
      ["file", "d.txt", 64],
    ],
  );
  const { passages } = await documents.find("goose", attached, LIMITS);
  assert.deepEqual(
    passages.map(({ name }) => name),
    ["b.txt", "a.txt"],
  );
  assert.equal("score" in passages[0], false);
  session.ran.length = 0;
  session.used = 1; // no more have room
  assert.equal((await documents.find("goose", attached, LIMITS)).passages.length, 1);
  assert.deepEqual(session.ran, ["static"]);
});

test("where nothing fits, nothing is given to the model; what cannot be read is said", async () => {
  const { session, documents } = start();
  const attached = await documents.add([file("bad.pdf", "?"), file("a.txt", "goose")]);
  session.found = { state: "nothing" };
  const found = await documents.find("goose", attached, LIMITS);
  assert.deepEqual(found, { passages: [], skipped: ["bad.pdf: It is damaged."] });
});

test("files of an earlier visit and deleted collections are missing, and are not searched", async () => {
  const { session, store, documents } = start();
  const id = store.create();
  await store.describe(id, { name: "Birds" });
  const lost = { kind: /** @type {const} */ ("file"), name: "old.txt", hash: "0" };
  const gone = { kind: /** @type {const} */ ("collection"), name: "Gone", hash: "1" };
  const [birds] = await documents.collections();
  assert.deepEqual(await documents.missing([lost, birds, gone]), [lost, gone]);
  const { passages } = await documents.find("goose", [lost, birds, gone], LIMITS);
  assert.deepEqual(session.ran, ["static", "choose Birds"]);
  assert.deepEqual(
    passages.map(({ name, collection }) => [name, collection]),
    [["kept.md", "Birds"]],
  );
});

test("a file that is too large is refused with the limit", async () => {
  const { documents } = start();
  const blob = new Blob([new Uint8Array(65 * 1024 * 1024)]);
  await assert.rejects(documents.add([{ name: "huge.txt", blob }]), /huge\.txt is too large: .*MB/);
});
