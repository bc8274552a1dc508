import assert from "node:assert/strict";
import { test } from "node:test";
import { CacheFolder, writeCached } from "../../../site/collections/cache-folder.js";
import { readFiles, writePart } from "../../../site/collections/collection-files.js";
import { CollectionStore } from "../../../site/collections/collection-store.js";
import { pluck } from "../pluck.js";

const bytes = (text) => new TextEncoder().encode(text);

/** The part of the browser's cache that a folder uses. */
function fakeCache() {
  const entries = new Map();
  return {
    entries,
    keys: async () => [...entries.keys()].map((url) => ({ url })),
    match: async (url) => entries.get(url)?.clone(),
    put: async (url, response) => void entries.set(url, response),
    delete: async (url) => entries.delete(url),
  };
}

function folderAndCache() {
  const cache = fakeCache();
  return { cache, folder: new CacheFolder(cache) };
}

const textOf = async (folder, name) => (await (await folder.getFileHandle(name)).getFile()).text();

test("what is appended joins what is there, and what was left beyond an offset is dropped", async () => {
  const { cache, folder } = folderAndCache();
  const write = (at, text) => writeCached(folder, "texts.bin", at, bytes(text));
  await write(0, "committed, and not");
  await write(9, "!");
  assert.equal(await textOf(folder, "texts.bin"), "committed!");
  await assert.rejects(write(11, "x"), /shorter/);
  assert.equal(await textOf(folder, "texts.bin"), "committed!");
  const large = "a".repeat(3e6);
  await write(0, large);
  await write(3e6, "b");
  await write(3e6 + 1, "c");
  assert.deepEqual(
    [...cache.entries.keys()].map((url) => url.split("?")[1]),
    ["at=0", "at=3000000"], // the large part is not copied for every byte that follows
  );
  assert.equal(await textOf(folder, "texts.bin"), `${large}bc`);
  await write(5, "d");
  assert.equal(await textOf(folder, "texts.bin"), "aaaaad");
  assert.equal(cache.entries.size, 1);
});

test("parts are written, replaced and listed as in any folder", async () => {
  const { folder } = folderAndCache();
  const id = "00000000000000aa";
  const own = await folder.getDirectoryHandle(id, { create: true });
  const part = { append: { "texts.bin": { at: 0, data: bytes("one") } }, index: "before" };
  await writePart(own, part, writeCached);
  await writePart(own, { index: "after, longer" }, writeCached);
  await writePart(
    await own.getDirectoryHandle("queue", { create: true }),
    { replace: { a: bytes("") } },
    writeCached,
  );
  const { names, files } = await readFiles(own);
  const texts = await Promise.all(files.map((file) => file.text()));
  assert.deepEqual(Object.fromEntries(names.map((name, at) => [name, texts[at]])), {
    "texts.bin": "one",
    "index.json": "after, longer",
  });
  const kinds = [];
  for await (const [name, handle] of own.entries()) kinds.push(`${name} ${handle.kind}`);
  assert.deepEqual(kinds.sort(), ["index.json file", "queue directory", "texts.bin file"]);
  await folder.removeEntry(id, { recursive: true });
  for (const open of [folder.getDirectoryHandle(id), own.getFileHandle("texts.bin"), folder.removeEntry(id)])
    await assert.rejects(open, { name: "NotFoundError" });
});

test("names that begin alike are different files and folders", async () => {
  const { folder } = folderAndCache();
  for (const name of ["a", "ab", "a b/ü?"]) await writeCached(folder, name, 0, bytes(name));
  await writePart(await folder.getDirectoryHandle("c", { create: true }), { index: "{}" }, writeCached);
  await folder.removeEntry("a");
  assert.equal(await textOf(folder, "ab"), "ab");
  assert.equal(await textOf(folder, "a b/ü?"), "a b/ü?");
  const names = [];
  for await (const [name] of folder.entries()) names.push(name);
  assert.deepEqual(names.sort(), ["a b/ü?", "ab", "c"]);
});

test("collections outlive the store, with what waits, and are deleted with all their files", async () => {
  const { cache, folder } = folderAndCache();
  const first = CollectionStore.inCache(folder);
  const id = first.create();
  await first.describe(id, { name: "Mine" });
  await first.write(id, { append: { "vectors.bin": { at: 0, data: bytes("12") } } });
  await first.queue(id).add([{ name: "a.md", blob: new Blob(["text"]) }]);
  const again = CollectionStore.inCache(new CacheFolder(cache));
  await again.purge();
  const [{ name, bytes: size }] = await again.list();
  assert.equal(name, "Mine");
  assert.ok(size > 6);
  assert.equal(again.kept(id), undefined); // the engine cannot read them in place
  assert.ok((await again.files(id)).names.includes("vectors.bin"));
  const [waiting] = await again.queue(id).list();
  assert.equal(await waiting.blob.text(), "text");
  await again.queue(id).done(waiting.key);
  assert.deepEqual(await again.queue(id).list(), []);
  assert.equal(await again.remove(id), true);
  assert.equal(cache.entries.size, 0);
});

test("a file of the queue that is damaged is left out, and the others are read", async () => {
  const { folder } = folderAndCache();
  const store = CollectionStore.inCache(folder);
  const id = store.create();
  await store.queue(id).add([
    { name: "a.md", blob: new Blob(["a"]) },
    { name: "b.md", blob: new Blob(["b"]) },
  ]);
  const [{ key }] = await store.queue(id).list();
  const own = await (await folder.getDirectoryHandle(id)).getDirectoryHandle("queue");
  await writeCached(own, `${key}.json`, 0, bytes('{"name'));
  assert.deepEqual(pluck(await store.queue(id).list(), "name"), ["b.md"]);
});
