/** Snapshots of Python's memory in the private file system: what is kept is read back, and nothing else. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { SnapshotStore } from "../../../../site/engine/storage/snapshots.js";
import { FakeFolder } from "./fake-folder.js";

const NAME = "5ca1ab1e";
const BUILD = "build";
const SNAPSHOT = {
  memory: 131072,
  runs: /** @type {[number, number][]} */ ([[1, 2]]),
  objects: { hiwireKeys: [null, { serialized: "Object" }], immortalKeys: ["é"] },
  entries: [{ at: 7, handle: 16 }],
  functions: 9,
  first: 0,
  packages: { numpy: "Unknown" },
  image: Uint8Array.from({ length: 65536 }, (_, i) => i % 251),
};
const FILES = [Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.of(4)];

async function kept(folder = new FakeFolder()) {
  const store = new SnapshotStore(folder, NAME);
  await store.keep(BUILD, SNAPSHOT, FILES);
  return { folder, store, bytes: /** @type {Uint8Array} */ (folder.files.get(NAME)) };
}

test("what was kept is read back, in one file", async () => {
  const { folder, store } = await kept();
  assert.deepEqual([...folder.files.keys()], [NAME]);
  assert.deepEqual(await store.read(), { build: BUILD, kept: { snapshot: SNAPSHOT, files: FILES } });
});

test("a later one replaces it, and a note that it could not be restored as well", async () => {
  const { folder, store } = await kept();
  await store.keep("later", { ...SNAPSHOT, image: SNAPSHOT.image.subarray(1) }, []);
  assert.equal((await store.read())?.build, "later");
  await store.fail("later");
  assert.deepEqual(await store.read(), { build: "later", kept: null });
  assert.deepEqual([...folder.files.keys()], [NAME]);
});

test("a changed byte anywhere, a missing end and a foreign file are not read", async () => {
  const { folder, store, bytes } = await kept();
  for (const at of [0, 63, 64, 70, 20_000, bytes.length - 1]) {
    const changed = bytes.slice();
    changed[at] ^= 1;
    folder.files.set(NAME, changed);
    assert.equal(await store.read(), null, `byte ${at}`);
  }
  for (const content of [bytes.subarray(0, -1), new Uint8Array(), new Uint8Array(20_000)]) {
    folder.files.set(NAME, content);
    assert.equal(await store.read(), null, `${content.length} bytes`);
  }
  folder.files.delete(NAME);
  assert.equal(await store.read(), null);
});

test("a file that is too large is not read into memory", async () => {
  const { folder, store } = await kept();
  let read = 0;
  const access = folder.access.bind(folder);
  folder.access = (name) => ({
    ...access(name),
    getSize: () => 2 ** 28 + 1,
    read: () => read++,
  });
  assert.equal(await store.read(), null);
  assert.equal(read, 0);
});

test("while another tab has the file open, it is read as a blob", async () => {
  const { folder, store } = await kept();
  folder.access = () => {
    throw new DOMException("", "NoModificationAllowedError");
  };
  assert.deepEqual((await store.read())?.kept?.files, FILES);
});

test("without space nothing is kept, and what there was remains", async () => {
  const { folder, store, bytes } = await kept();
  folder.room = 40_000;
  for (const throws of [true, false]) {
    folder.throws = throws;
    await store.keep("later", SNAPSHOT, FILES);
    assert.deepEqual([...folder.files.keys()], [NAME]);
    assert.equal(folder.files.get(NAME), bytes);
  }
});

test("a description that does not fit is refused before anything is written", async () => {
  const folder = new FakeFolder();
  const store = new SnapshotStore(folder, NAME);
  const packages = { numpy: "é".repeat(9000) };
  await assert.rejects(store.keep(BUILD, { ...SNAPSHOT, packages }, FILES), /too long/);
  assert.equal(folder.files.size, 0);
});
