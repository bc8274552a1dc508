import assert from "node:assert/strict";
import { test } from "node:test";

import { readFiles, writePart } from "../../../site/collections/collection-files.js";
import { CollectionStore } from "../../../site/collections/collection-store.js";
import { MemoryFolder } from "../../../site/collections/memory-folder.js";
import { pluck } from "../pluck.js";

const bytes = (text) => new TextEncoder().encode(text);
const index = (about) => JSON.stringify({ documents: 0, passages: 0, ...about });

async function contents({ names, files }) {
  const texts = await Promise.all(files.map((file) => file.text()));
  return Object.fromEntries(names.map((name, at) => [name, texts[at]]));
}

test("what an interrupted run left beyond the offset is overwritten", async () => {
  const folder = new MemoryFolder();
  await writePart(folder, { append: { "texts.bin": { at: 0, data: bytes("committed, and not") } } });
  await writePart(folder, { append: { "texts.bin": { at: 9, data: bytes("!") } }, index: "{}" });
  assert.deepEqual(await contents(await readFiles(folder)), {
    "texts.bin": "committed!",
    "index.json": "{}",
  });
});

test("a gap and a name that leads elsewhere are refused", async () => {
  const folder = new MemoryFolder();
  const data = bytes("x");
  await assert.rejects(writePart(folder, { append: { "texts.bin": { at: 1, data } } }), /shorter/);
  for (const name of ["../models", "a/b", "", ".x", "INDEX.JSON", "index.json.new"]) {
    await assert.rejects(writePart(folder, { replace: { [name]: data } }), /name/);
  }
});

test("index.json is written last, so a failure before it leaves the index as it was", async () => {
  const folder = new MemoryFolder();
  await writePart(folder, { append: { "texts.bin": { at: 0, data: bytes("one") } }, index: "before" });
  const part = {
    append: { "texts.bin": { at: 3, data: bytes("two") }, "scales.bin": { at: 9, data: bytes("x") } },
  };
  await assert.rejects(writePart(folder, { ...part, index: "after" }));
  assert.equal((await contents(await readFiles(folder)))["index.json"], "before");
});

test("collections are listed by name with what they have, and deletion can be undone until the next visit", async () => {
  const store = CollectionStore.inMemory();
  const [b, a] = [store.create(), store.create()];
  const described = { name: "B", documents: 5, deleted: [1, 2], passages: 60, live: 40 };
  await store.write(b, { index: index(described) });
  await store.write(a, { index: index({ name: "A" }) });
  const listed = await store.list();
  const shown = listed.map(({ name, documents, passages }) => [name, documents, passages]);
  assert.deepEqual(shown, [
    ["A", 0, 0],
    ["B", 3, 40],
  ]);
  assert.ok(listed.every((entry) => entry.bytes > 0));
  await store.mark(a, true);
  assert.deepEqual(pluck(await store.list(), "id"), [b]);
  await store.mark(a, false);
  assert.equal((await store.list()).length, 2);
  await store.mark(b, true);
  await store.purge();
  assert.deepEqual(await store.files(b), { names: [], files: [] });
  assert.deepEqual(pluck(await store.list(), "id"), [a]);
});

test("an unreadable index.json is shown as unfinished, and other folders are left alone", async () => {
  const folder = new MemoryFolder();
  const store = CollectionStore.inMemory(folder);
  const id = store.create();
  await store.write(id, { index: "{" });
  await folder.getDirectoryHandle("another-project", { create: true });
  await store.purge();
  assert.deepEqual(pluck(await store.list(), "name"), ["An unfinished collection"]);
  await folder.getDirectoryHandle("another-project");
});

test("files wait in order, with their names and options, until they are done", async () => {
  const store = CollectionStore.inMemory();
  const id = store.create();
  const queue = store.queue(id);
  assert.deepEqual(await queue.list(), []);
  const name = "notes/Größe: 5 “cm”.md";
  await queue.add([{ name, blob: new Blob(["one"]), options: { column: "text" } }]);
  await store.queue(id).add([{ name: "b.txt", blob: new Blob(["two"]) }]);
  const [first, second] = await queue.list();
  assert.deepEqual([first.name, first.options, await first.blob.text()], [name, { column: "text" }, "one"]);
  await queue.done(first.key);
  assert.deepEqual(pluck(await queue.list(), "key"), [second.key]);
  await queue.clear();
  await queue.clear();
  assert.deepEqual(await queue.list(), []);
});

test("vectors stay on disk, where the engine reads them", async () => {
  const folder = new MemoryFolder();
  const write = async ([id], part) => writePart(await folder.getDirectoryHandle(id, { create: true }), part);
  const onDisk = new CollectionStore({ folder, write, place: "opfs" });
  const inMemory = CollectionStore.inMemory(folder);
  const id = onDisk.create();
  const append = { "texts.bin": { at: 0, data: bytes("a") }, "vectors.bin": { at: 0, data: bytes("b") } };
  await onDisk.write(id, { append, index: index({ name: "A" }) });
  assert.deepEqual((await onDisk.files(id)).names, ["texts.bin", "index.json"]);
  assert.deepEqual(onDisk.kept(id), { folder: ["collections", id], names: ["vectors.bin"] });
  assert.equal((await inMemory.files(id)).names.length, 3);
  assert.equal(inMemory.kept(id), undefined);
});
