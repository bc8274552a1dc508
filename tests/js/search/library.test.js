import assert from "node:assert/strict";
import { test } from "node:test";

import { CollectionStore } from "../../../site/collections/collection-store.js";
import { MemoryFolder } from "../../../site/collections/memory-folder.js";
import { SearchSession } from "../../../site/collections/session.js";
import { Library } from "../../../site/search/library.js";
import { pluck } from "../pluck.js";
import { FakeEngine } from "./fake-engine.js";

/** What the visitor agreed to, and what else the page remembers. */
const remembered = new Map();
globalThis.localStorage = {
  getItem: (key) => remembered.get(key) ?? null,
  setItem: (key, value) => remembered.set(key, value),
};

/**
 * A file is one document, "bad" is none, "table" has a row for each letter, and those of "rows" have hashes.
 */
async function* readFile(_run, { name, blob, options }) {
  const text = await blob.text();
  const hash = `hash of ${text}`;
  if (name.endsWith("bad"))
    yield { skipped: { name, code: "document-type", message: "It is binary.", remedy: "No." } };
  else if (options.known[name] === hash) yield { source: name, hash, unchanged: true };
  else if (name.endsWith("table")) {
    for (const [row, letter] of [...text].entries())
      yield { source: name, hash, name: `${name}#${row}`, text: letter };
  } else if (name.endsWith("counted")) {
    for (const [at, letter] of [...text].entries())
      yield { source: name, hash, name: `${name}#${at}`, text: letter, row: at + 1, rows: text.length };
  } else if (name.endsWith("rows")) {
    const rows = [...text].map((letter, row) => ({ name: `${name}#${row}`, text: letter, row_hash: letter }));
    const isKept = (row) => options.known[row.name] === row.row_hash;
    for (const row of rows) if (!isKept(row)) yield { source: name, hash, ...row };
    yield { source: name, hash, kept: rows.filter(isKept).map((row) => row.name) };
  } else yield { source: name, hash, name, text, column: name.endsWith(".csv") ? "body" : "" };
}

/** A visit, to the folder of an earlier one if it is given. */
async function visit({ folder = new MemoryFolder(), full = false, show = () => {} } = {}) {
  remembered.set("goosequill.search.models", JSON.stringify({ full }));
  const engines = [];
  const holder = {
    keep: () => () => {},
    get engine() {
      if (!engines.length || engines[engines.length - 1].ended) engines.push(new FakeEngine());
      return engines[engines.length - 1];
    },
  };
  const said = [];
  const status = { say: (text) => said.push(text), complain: (e) => said.push(e.message) };
  const progress = { show, hide: () => {}, parts: { label: { append: () => {} } } };
  const store = CollectionStore.inMemory(folder);
  const session = new SearchSession(async () => holder);
  const library = new Library({ status, progress, readFile, session, store });
  await library.start();
  return { library, engines, folder, said, store };
}

const file = (name, text = name) => ({ name, blob: new Blob([text]) });
const names = async (library) => (await library.documents()).map(({ name }) => name);
/** The letters of the rows of "table", sorted. */
const texts = async (library) =>
  (await library.documents())
    .filter(({ name }) => name.startsWith("table#"))
    .map(({ text }) => text)
    .sort()
    .join("");

test("files become documents of a new collection, which the next visit opens", async () => {
  const { library, folder, said } = await visit();
  assert.equal(library.collection(), null);
  await library.create("Mine");
  await library.indexer.add([file("a.md"), file("b.md")]);
  assert.deepEqual([library.collection()?.name, library.collection()?.documents], ["Mine", 2]);
  assert.ok(library.ready());
  assert.match(said.at(-1), /^2 documents added/);
  const again = await visit({ folder });
  assert.equal(again.library.collection()?.documents, 2);
  assert.equal(again.engines.length, 0, "nothing is loaded before it is needed");
  assert.ok(!again.library.ready());
  assert.deepEqual(await names(again.library), ["a.md", "b.md"]);
});

test("unchanged files are skipped, changed ones replaced, and rows that are gone removed", async () => {
  const { library, engines } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("a.md"), file("b.md"), file("table", "xyz")]);
  engines[0].ran = [];
  await library.indexer.add([file("a.md"), file("b.md", "new"), file("table", "xy")]);
  assert.equal(engines[0].ran.filter((job) => job === "add_document").length, 3);
  assert.deepEqual((await names(library)).sort(), ["a.md", "b.md", "table#0", "table#1"]);
});

test("of a table that has changed only the rows that have are added", async () => {
  const { library, engines, said } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("rows", "abcde"), file("other")]);
  const { ran } = engines[0];
  for (const [text, done, added] of [
    ["abXde", /^1 document replaced\./, 1],
    ["abXd", /^1 document is removed\./, 0],
    ["abXdfg", /^2 documents added\./, 2],
    ["abXdfg", /^No new documents\./, 0],
  ]) {
    ran.length = 0;
    await library.indexer.add([file("rows", text), file("other")]);
    assert.match(said.at(-1), done);
    assert.equal(ran.filter((job) => job === "add_document").length, added);
    const { sources, documents } = await library.run("describe_collection");
    assert.deepEqual(sources, { rows: `hash of ${text}` });
    const rows = documents.filter(({ name }) => name.startsWith("rows"));
    assert.equal(pluck(rows, "text").sort().join(""), [...text].sort().join(""));
  }
});

test("two files of one name that come together are both kept, and the count is that of the list", async () => {
  const { library, said } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("a.md"), file("b.md"), file("a.md", "from another folder")]);
  assert.match(said.at(-1), /^3 documents added\./);
  assert.deepEqual((await names(library)).sort(), ["a (2).md", "a.md", "b.md"]);
});

test("a file of a name that is taken is said to replace it, which can be undone", async () => {
  const { library, said } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("a.md"), file("b.md"), file("table", "abc")]);
  await library.indexer.add([file("a.md", "other"), file("b.md"), file("c.md"), file("table", "xyzw")]);
  assert.match(said.at(-1), /^2 documents added\. 4 documents replaced\. Ready/);
  const { replaced } = library.indexer;
  assert.deepEqual(replaced.replaced, ["a.md", "table#0", "table#1", "table#2"]);
  await library.undoReplacement(replaced);
  assert.deepEqual((await names(library)).sort(), ["a.md", "b.md", "c.md", "table#0", "table#1", "table#2"]);
  assert.equal(await texts(library), "abc");
  await library.indexer.add([file("table", "abc"), file("a.md")]);
  assert.match(said.at(-1), /^No new documents/, "they are as they were");
});

test("what left a folder is offered for removal, and a file that cannot be read has not left it", async () => {
  const { library } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("notes/a"), file("notes/b"), file("notes/c")], { folder: "notes" });
  assert.deepEqual(library.indexer.gone, []);
  await library.indexer.add([file("notes/a"), file("notes/bad")], { folder: "notes" });
  assert.deepEqual(library.indexer.gone, [{ folder: "notes", names: ["notes/b", "notes/c"] }]);
  assert.deepEqual(
    library.indexer.problems.map(({ name, message }) => [name, message]),
    [["notes/bad", "It is binary."]],
  );
  await library.remove(["notes/b", "notes/c"]);
  assert.deepEqual(await names(library), ["notes/a"]);
});

test("a run that is stopped while MiniLM reads keeps what was written, and continues on the next visit", async () => {
  const { library, engines, folder, said } = await visit({ full: true });
  await library.create("Mine");
  await library.prepare();
  engines[0].onEmbed = (index) => index === 1 && void library.indexer.stop();
  await library.indexer.add([file("a"), file("b"), file("c")]);
  assert.ok(library.indexer.isPaused);
  assert.match(said.at(-1), /^Stopped/);
  assert.equal(library.collection()?.documents, 3);
  const again = await visit({ folder, full: true });
  await again.library.resume();
  assert.equal(again.library.full(), "ready");
  const { vectors } = await again.library.run("describe_collection");
  assert.equal(vectors, 3);
  assert.ok(!again.library.indexer.isPaused);
});

test("a page that was closed while files were read continues with those that wait", async () => {
  const { library, folder, store } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("a")]);
  await store.queue(library.current().id).add([file("b"), file("c")]);
  const again = await visit({ folder });
  await again.library.resume();
  assert.deepEqual(await names(again.library), ["a", "b", "c"]);
  assert.deepEqual(await again.store.queue(again.library.current().id).list(), []);
});

test("a full disk is explained, what was written before stays, and the rest waits", async () => {
  const { library, store, said } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("a")]);
  const write = store.write.bind(store);
  store.write = async () => {
    throw new DOMException("", "QuotaExceededError");
  };
  await library.indexer.add([file("b")]);
  assert.match(said.at(-1), /no more space/);
  assert.ok(library.indexer.isPaused);
  assert.deepEqual(await names(library), ["a"], "what is on disk is what is open");
  store.write = write;
  await library.indexer.run();
  assert.deepEqual(await names(library), ["a", "b"]);
});

test("a file for which there is no space to wait is reported after the others were read", async () => {
  const { library, store, said } = await visit();
  await library.create("Mine");
  const queue = store.queue.bind(store);
  store.queue = (id) => {
    const found = queue(id);
    const add = found.add.bind(found);
    found.add = async ([first]) => {
      await add([first]);
      throw new DOMException("", "QuotaExceededError");
    };
    return found;
  };
  await library.indexer.add([file("a"), file("b")]);
  assert.match(said.at(-1), /no more space/);
  assert.deepEqual(await names(library), ["a"]);
});

test("a worker that dies is replaced, with the models and the collection", async () => {
  const { library, engines } = await visit({ full: true });
  await library.create("Mine");
  await library.indexer.add([file("a")]);
  engines[0].die();
  assert.ok(!library.ready());
  assert.deepEqual(await names(library), ["a"]);
  assert.equal(engines.length, 2);
  assert.deepEqual(engines[1].ran.filter((job) => job.startsWith("open")).sort(), [
    "open_collection",
    "open_embedder",
    "open_embedder",
  ]);
});

test("collections are renamed, deleted with undo, exported, and imported under a free name", async () => {
  const { library, store } = await visit();
  await library.create("One");
  await library.indexer.add([file("a")]);
  await library.rename("First");
  assert.deepEqual(await library.collections(), ["First"]);
  const exported = await library.export();
  await library.import(new File([exported], "first.zip"));
  assert.deepEqual(await library.collections(), ["First", "First (2)"]);
  assert.deepEqual(await names(library), ["a"]);
  const undo = await library.delete();
  assert.equal(library.collection()?.name, "First");
  await undo();
  assert.equal(library.collection()?.name, "First (2)");
  const before = await store.list();
  await assert.rejects(library.import(new File(["no"], "x.zip")), { code: "index-corrupt" });
  assert.deepEqual(await store.list(), before, "nothing is left of it");
  await library.open("First");
  await assert.rejects(library.open("Nobody's"), { message: /no collection/ });
});

test("files wait on disk before anything is downloaded, and survive a reload", async () => {
  const { library, engines, folder, said } = await visit();
  remembered.delete("goosequill.search.models");
  const stop = globalThis;
  stop.document = undefined; // whoever asks for the consent fails: there is no page
  await library.create("Mine");
  await library.indexer.add([file("a.md"), file("b.md")]);
  assert.equal(engines.length, 0);
  assert.ok(library.indexer.isPaused, said.at(-1));
  assert.deepEqual(library.indexer.waiting, ["a.md", "b.md"]);
  const again = await visit({ folder });
  assert.deepEqual([again.library.collection()?.name, again.engines.length], ["Mine", 0]);
  assert.deepEqual(again.library.indexer.waiting, ["a.md", "b.md"]);
  assert.ok(again.library.indexer.isPaused);
  await again.library.indexer.run();
  assert.deepEqual(await names(again.library), ["a.md", "b.md"]);
  assert.deepEqual(again.library.indexer.waiting, []);
});

test("a table waits for its column, which is asked once, and left out without one", async () => {
  const { library } = await visit();
  await library.create("Mine");
  const asked = [];
  library.indexer.chooseColumn = async ({ name }) => {
    asked.push(name);
    return name === "no.csv" ? null : "text";
  };
  await library.indexer.add([file("yes.csv"), file("no.csv"), file("a.md")]);
  assert.deepEqual(asked, ["yes.csv", "no.csv"]);
  assert.deepEqual(await names(library), ["yes.csv", "a.md"]);
  await library.indexer.add([file("f/t.csv")], { folder: "f" });
  assert.equal(asked.length, 2, "of a folder nothing is asked");
  assert.deepEqual([...library.indexer.columns], [["f/t.csv", "body"]], "but what was taken is said");
});

test("a document that was removed is put back", async () => {
  const { library } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("a"), file("b")]);
  const undo = await library.remove(["a"]);
  assert.deepEqual(await names(library), ["b"]);
  await undo();
  assert.deepEqual((await names(library)).sort(), ["a", "b"]);
});

test("files that are added while a collection is made do not make another", async () => {
  const { library } = await visit();
  const made = library.create("Mine");
  await library.ensure("My documents");
  await made;
  await library.indexer.add([file("a")]);
  assert.deepEqual(await library.collections(), ["Mine"]);
  const other = await visit();
  await Promise.all([other.library.ensure("My documents"), other.library.ensure("My documents")]);
  assert.deepEqual(await other.library.collections(), ["My documents"]);
});

test("of two collections that are chosen at once the last is open, and the other is free", async () => {
  const { library } = await visit();
  await library.create("A");
  await library.create("B");
  const [a, b] = await library.store.list();
  await Promise.all([library.choose(a.id), library.choose(b.id)]);
  assert.deepEqual([library.collection()?.name, library.isWritable], ["B", true]);
  await library.choose(a.id);
  assert.ok(library.isWritable);
});

test("what was stopped while a folder was read is not gone from it, and does not follow to another", async () => {
  const { library } = await visit();
  await library.create("Mine");
  const notes = ["notes/a", "notes/b", "notes/c"].map((name) => file(name));
  const write = library.write.bind(library);
  library.write = async (job, ...args) => {
    const end = await write(job, ...args);
    if (job === "add_document") library.indexer.stop();
    return end;
  };
  await library.indexer.add(notes, { folder: "notes" });
  assert.ok(library.indexer.isPaused);
  library.write = write;
  await library.indexer.run();
  assert.deepEqual((await names(library)).sort(), ["notes/a", "notes/b", "notes/c"]);
  assert.deepEqual(library.indexer.gone, []);
  await library.indexer.add([file("notes/a")], { folder: "notes" });
  assert.equal(library.indexer.gone[0].names.length, 2);
  await library.create("Other");
  assert.deepEqual([library.indexer.gone, library.indexer.problems], [[], []]);
});

test("files that are added while MiniLM reads are found before it goes on", async () => {
  const { library, engines } = await visit({ full: true });
  await library.create("Mine");
  await library.prepare();
  let added;
  engines[0].onEmbed = async () => {
    added ??= library.indexer.add([file("late")]);
    await new Promise((resolve) => setImmediate(resolve));
  };
  await library.indexer.add([file("a"), file("b"), file("c")]);
  await added;
  assert.deepEqual(library.indexer.waiting, []);
  const { documents, vectors } = await library.run("describe_collection");
  assert.deepEqual([documents.length, vectors], [4, 4]);
});

test("a document is put back into its own collection, though another is open", async () => {
  const { library } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("a"), file("b")]);
  const undo = await library.remove(["a"]);
  await library.create("Other");
  await undo();
  assert.equal(library.collection()?.name, "Mine");
  assert.deepEqual((await names(library)).sort(), ["a", "b"]);
});

/** Gives the tests locks as a browser has them, as far as they are taken if they are free. */
function openBrowser() {
  const taken = new Set();
  const locks = {
    async request(name, ...given) {
      const hold = given.at(-1);
      if (taken.has(name)) return hold(null);
      taken.add(name);
      await hold({});
      taken.delete(name);
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
}

test("what was deleted is cleared away, but not while the collection is changed", async () => {
  const { library, engines } = await visit();
  await library.create("Mine");
  const many = Array.from({ length: 60 }, (_, number) => file(`${number}`));
  await library.indexer.add([...many, file("a"), file("b")]);
  const { id } = library.current();
  await library.remove(many.map(({ name }) => name));
  engines[0].onCompact = () => library.rename("Renamed");
  await library.indexer.add([file("c")]);
  assert.equal(library.current().id, id, "the copy had the old name");
  assert.deepEqual([library.current().name, (await library.store.list()).length], ["Renamed", 1]);
  engines[0].onCompact = () => {};
  await library.indexer.add([file("d")]);
  assert.notEqual(library.current().id, id);
  assert.deepEqual(await library.collections(), ["Renamed"]);
  assert.deepEqual(await names(library), ["a", "b", "c", "d"]);
  assert.ok(library.isWritable);
});

test("an import that is cut off leaves nothing, and no tab sees or clears it away before its end", async (t) => {
  openBrowser();
  t.after(() => Reflect.deleteProperty(globalThis, "navigator"));
  const { library, folder, store } = await visit();
  await library.create("Mine");
  const { id, finish } = await store.draft();
  await store.write(id, { index: JSON.stringify({ name: "Half", documents: 1, passages: 1 }) });
  assert.deepEqual(await library.collections(), ["Mine"]);
  const other = await visit({ folder });
  assert.deepEqual(await other.library.collections(), ["Mine"]);
  await finish();
  assert.deepEqual(await library.collections(), ["Half", "Mine"]);
  await store.draft(); // whose lock ends with its page
  openBrowser();
  const next = await visit({ folder });
  assert.deepEqual(await next.library.collections(), ["Half", "Mine"]);
  const folders = [];
  for await (const [name] of folder.entries()) folders.push(name);
  assert.equal(folders.length, 2);
});

test("a collection that another tab has deleted is not opened", async () => {
  const { library, store } = await visit();
  await library.create("A");
  await library.create("B");
  const [a, b] = await store.list();
  await store.mark(b.id, true);
  let changes = 0;
  library.addEventListener("change", () => changes++);
  await library.choose(b.id);
  assert.equal(library.collection()?.id, a.id);
  assert.ok(changes > 0);
});

test("what embeds a collection is kept with it, its key is not", async () => {
  const { library, folder, store } = await visit();
  const choice = { kind: "endpoint", address: "https://x/v1", model: "m", hasKey: true };
  await library.create("Mine", choice, { key: "secret" });
  assert.deepEqual(library.embedder(), { choice, missing: "", host: "x" });
  await library.create("Other");
  assert.equal(library.embedder().choice.kind, "minilm");
  const again = await visit({ folder });
  await again.library.open("Mine");
  assert.deepEqual(again.library.embedder(), { choice, missing: "key", host: "x" });
  assert.ok(!JSON.stringify(await store.about(library.current().id)).includes("secret"));
  assert.equal(again.library.full(), "off");
});

test("nothing is downloaded before the visitor agrees", async () => {
  const { library, engines } = await visit();
  remembered.delete("goosequill.search.models");
  await assert.rejects(library.prepare({ ask: false }), { name: "AbortError" });
  assert.equal(engines.length, 0);
});

/**
 * A visit that is killed before one of the steps that change what is stored. Returns whether it was killed:
 * false if there are fewer steps.
 */
async function killedAt(folder, step, act) {
  const { library, store } = await visit({ folder });
  let steps = 0;
  return await new Promise((resolve, reject) => {
    const orDie = async (work) => {
      if (steps++ !== step) return await work();
      resolve(true);
      await new Promise(() => {}); // nothing happens any more
    };
    const write = store.write.bind(store);
    const queue = store.queue.bind(store);
    store.write = (id, part) => orDie(() => write(id, part));
    store.queue = (id) => {
      const found = queue(id);
      const done = found.done.bind(found);
      found.done = (key) => orDie(() => done(key));
      return found;
    };
    act(library).then(() => resolve(false), reject);
  });
}

for (const [before, after] of [
  ["abc", "xy"],
  ["abc", "abxy"],
  ["", "xyz"],
]) {
  test(`a page that is killed replaces the table ${before || "(none)"} by ${after} whole or not at all`, async () => {
    for (let step = 0, killed = true; killed; step++) {
      const folder = new MemoryFolder();
      const { library } = await visit({ folder });
      await library.create("Mine");
      await library.indexer.add([file("other"), ...(before ? [file("table", before)] : [])]);
      killed = await killedAt(folder, step, ({ indexer }) =>
        indexer.add([file("table", after), file("last")]),
      );
      assert.ok(killed || step > after.length + 2, "the steps were not counted");
      const next = await visit({ folder });
      const found = await texts(next.library);
      assert.ok([before, after].includes(found), `killed at step ${step}: ${found}`);
      await next.library.resume();
      assert.equal(await texts(next.library), after, `continued after step ${step}`);
      const others = (await names(next.library)).filter((name) => !name.startsWith("table"));
      assert.deepEqual(others, ["other", "last"]);
    }
  });
}

test("a table whose reading is stopped is as it was, until it is read to its end", async () => {
  const { library, engines } = await visit();
  await library.create("Mine");
  await library.indexer.add([file("table", "abc")]);
  const add = engines[0]._add_document.bind(engines[0]);
  let added = 0;
  engines[0]._add_document = async function* (args, kept) {
    if (++added === 2) library.indexer.stop();
    return yield* add(args, kept);
  };
  await library.indexer.add([file("table", "xyz")]);
  assert.ok(library.indexer.isPaused);
  assert.equal(await texts(library), "abc");
  await library.indexer.run();
  assert.equal(await texts(library), "xyz");
});

test("passages are read behind what is asked, and each part that is written is a change", async () => {
  const { library, engines } = await visit({ full: true });
  await library.create("Mine");
  const reading = [];
  let changes = 0;
  library.addEventListener("change", () => changes++);
  await library.prepare();
  engines[0].onEmbed = () => reading.push(changes);
  await library.indexer.add([file("a.md"), file("b.md"), file("c.md")]);
  assert.deepEqual(engines[0].background, ["embed_passages"]);
  assert.equal(new Set(reading).size, 3);
});

test("the progress of a table counts its rows, and that of several files the files", async () => {
  const shown = [];
  const { library } = await visit({ show: (step) => shown.push(step) });
  await library.create("Mine");
  const words = () => shown.splice(0).map(({ status, loaded, total }) => `${status} ${loaded}/${total}`);
  await library.indexer.add([file("counted", "xyz")]);
  assert.deepEqual(words(), ["documents 0/0", "rows 1/3", "rows 2/3", "rows 3/3"]);
  await library.indexer.add([file("a.md"), file("b.md")]);
  assert.deepEqual(words(), ["documents 0/2", "documents 1/2"]);
});
