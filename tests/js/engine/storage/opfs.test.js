import assert from "node:assert/strict";
import { test } from "node:test";

import { isWritable, RowReader, takeFile } from "../../../../site/engine/storage/opfs.js";
import { closeSources, jobSources } from "../../../../site/engine/storage/sources.js";
import { FakeFolder } from "./fake-folder.js";

const nothing = { signal: new AbortController().signal, onProgress: () => {} };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Locks as browsers have them: one holder of a name at a time, the others in order. */
function fakeLocks() {
  const last = new Map();
  return {
    request(name, hold) {
      const held = (last.get(name) ?? Promise.resolve()).then(hold);
      last.set(name, held);
      return held;
    },
  };
}

/** A folder with one file of rows of three bytes: 0 0 0, 1 1 1, ... */
function folderOfRows(count = 20) {
  const folder = new FakeFolder();
  folder.files.set(
    "vectors.bin",
    Uint8Array.from({ length: 3 * count }, (_, i) => Math.floor(i / 3)),
  );
  return folder;
}

test("rows are read where they are, and what is beyond the end is left out", async () => {
  const reader = await RowReader.open(folderOfRows(), "vectors.bin");
  assert.equal(reader.size, 60);
  assert.deepEqual([...reader.pieces(Float64Array.of(9, 57, 12), 3)], [3, 3, 3, 19, 19, 19, 4, 4, 4]);
  assert.deepEqual([...reader.pieces(Float64Array.of(60), 3)], []);
  assert.deepEqual([...reader.read(58, 9)], [19, 19]);
  await assert.rejects(RowReader.open(folderOfRows(), "other.bin"), { name: "NotFoundError" });
});

test("a file is read into an array of Python's, which is released", async () => {
  const reader = await RowReader.open(folderOfRows(), "vectors.bin");
  const data = new Uint8Array(4);
  let released = 0;
  const array = { getBuffer: (type) => ({ data: type === "u8" && data, release: () => released++ }) };
  assert.equal(reader.fill(array, 5), 4);
  assert.deepEqual([...data], [1, 2, 2, 2]);
  assert.equal(reader.fill(array, 58), 2);
  assert.equal(released, 2);
});

test("a file is one reader's or writer's at a time, and another file is free", async () => {
  const [locks, folder] = [fakeLocks(), { name: "a" }];
  const free = await takeFile(folder, "vectors.bin", locks);
  let taken = false;
  const next = takeFile(folder, "vectors.bin", locks).then((end) => {
    taken = true;
    return end;
  });
  (await takeFile(folder, "texts.bin", locks))();
  await turn();
  assert.equal(taken, false);
  free();
  (await next)();
});

test("a probe leaves nothing, and removes what an earlier one left", async (context) => {
  const folder = folderOfRows();
  folder.files.set("Probe-5ca7", new Uint8Array());
  const locks = fakeLocks();
  assert.deepEqual(await Promise.all([isWritable(folder, locks), isWritable(folder, locks)]), [true, true]);
  assert.deepEqual([...folder.files.keys()], ["vectors.bin"]);
  context.mock.method(folder, "access", () => {
    throw new TypeError("not implemented"); // as in WebKitGTK
  });
  assert.equal(await isWritable(folder, locks), false);
  assert.deepEqual([...folder.files.keys()], ["vectors.bin"]);
});

test("a job has the files that stay on disk until it ends", async (context) => {
  const folder = folderOfRows();
  const opened = context.mock.method(folder, "access");
  const root = { getDirectoryHandle: async (name) => (name === "0a" ? folder : root) };
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator") ?? { value: undefined };
  const storage = { getDirectory: async () => root };
  Object.defineProperty(globalThis, "navigator", { value: { storage }, configurable: true });
  context.after(() => Object.defineProperty(globalThis, "navigator", { ...before, configurable: true }));
  const kept = { folder: ["collections", "0a"], names: ["vectors.bin", "none.bin"] };
  const files = [new Blob(["{}"])];
  const sources = await jobSources({ kind: "files", files, names: ["index.json"], kept }, nothing);
  const sizes = sources.map(({ name, size }) => [name, size]);
  assert.deepEqual(sizes, [
    ["index.json", 2],
    ["vectors.bin", 60],
  ]);
  const close = context.mock.method(opened.mock.calls[0].result, "close");
  closeSources(sources);
  assert.equal(close.mock.callCount(), 1);
});
