/** Copies of quantized models: found by what they were made of, verified, and removed with their source. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import test from "node:test";

import { Copies, LAYOUT, NOTES } from "../../../../site/engine/storage/copies.js";
import { UNREACHED } from "../../../../site/engine/storage/ranges.js";
import { Store } from "../../../../site/engine/storage/store.js";
import { FakeFolder } from "./fake-folder.js";

const BYTES = randomBytes(300_000);
const QUANTIZED = { bytes: BYTES.length, bits: 8, auto: true };
const PICKED = { id: "", name: "a.pth", bytes: 5, url: "", version: "1000", blob: new Blob(["goose"]) };
const LISTED = {
  id: `sha256:${"ab".repeat(32)}`,
  name: "m.safetensors",
  bytes: 5,
  url: "https://a.b/m",
  version: "",
};
const ADDRESS = { id: "", name: "a.pth", bytes: 5, url: "https://a.b/a.pth?x=1", version: '"tag"' };

function* pieces() {
  for (let at = 0; at < BYTES.length; at += 70_000) yield BYTES.subarray(at, at + 70_000);
}

function make(folder = new FakeFolder()) {
  const copies = new Copies(new Store({ folder, cache: null, now: () => 1000 }));
  return { folder, copies };
}

async function finds(copies, files, quantize = 8) {
  const found = await copies.find(files, quantize);
  if (found) assert.deepEqual(Buffer.from(await found.blob.arrayBuffer()), BYTES);
  return found !== null;
}

const only = (folder) => [...folder.files.keys()].sort();

test("a copy is found by its originals and by its bits", async () => {
  const { copies, folder } = make();
  assert.equal(await finds(copies, [PICKED]), false);
  assert.equal(await copies.keep([PICKED], QUANTIZED, pieces()), true);
  const [key] = only(folder);
  assert.deepEqual(only(folder), [key, `${key}.json`]);
  assert.equal(await finds(copies, [PICKED]), true);
  assert.equal(await finds(copies, [PICKED], "auto"), true);
  assert.equal(await finds(copies, [PICKED], 4), false);
  assert.equal(await finds(copies, [PICKED, LISTED]), false);
  assert.equal(await finds(copies, [{ ...PICKED, version: "2000", blob: new Blob(["goosf"]) }]), false);
  assert.equal(await finds(copies, [{ ...PICKED, version: "", blob: new Blob(["other"]) }]), false);
  const entry = (await copies.store.list())[0];
  assert.deepEqual([entry.name, entry.bytes, entry.made?.bits, entry.complete], ["a.pth", 300_000, 8, true]);
});

test("a renamed file is recognized by its content, and the next time without reading", async () => {
  const { copies } = make();
  await copies.keep([PICKED], QUANTIZED, pieces());
  const renamed = { ...PICKED, name: "b.pth", version: "3000" };
  assert.equal((await copies.find([renamed], 8))?.name, "b.pth");
  const unread = { ...renamed, blob: { size: 5, slice: () => assert.fail("it was read") } };
  assert.equal(await finds(copies, [unread]), true);
});

test("a copy that auto would not quantize is not used for it", async () => {
  const { copies } = make();
  await copies.keep([PICKED], { ...QUANTIZED, auto: false }, pieces());
  assert.equal(await finds(copies, [PICKED], "auto"), false);
  assert.equal(await finds(copies, [PICKED], 8), true);
});

test("an address is recognized by its version, or while its server does not respond", async () => {
  const { copies, folder } = make();
  await copies.keep([{ ...ADDRESS, blob: PICKED.blob }], QUANTIZED, pieces());
  assert.equal(await finds(copies, [ADDRESS]), true);
  assert.equal(await finds(copies, [{ ...ADDRESS, version: '"other"' }]), false);
  assert.equal(await finds(copies, [{ ...ADDRESS, version: "" }]), false);
  assert.equal(await finds(copies, [{ ...ADDRESS, bytes: 6 }]), false);
  assert.equal(await finds(copies, [{ ...ADDRESS, url: "https://a.b/a.pth?x=2" }]), false);
  assert.equal(await finds(copies, [{ ...ADDRESS, bytes: 0, version: UNREACHED }]), true);
  const written = [...folder.files].filter(([name]) => name.endsWith(".json"));
  assert.ok(
    !new TextDecoder().decode(written[0][1]).includes("?x=1"),
    "a secret in the address would be stored",
  );
});

test("without a version an address is never recognized", async () => {
  const { copies } = make();
  const unversioned = { ...ADDRESS, version: "" };
  await copies.keep([{ ...unversioned, blob: PICKED.blob }], QUANTIZED, pieces());
  assert.equal(await finds(copies, [unversioned]), false);
});

test("a folder's files are recognized by their listed hashes, and deleting one deletes the copy", async () => {
  const { copies, folder } = make();
  await copies.keep([LISTED], QUANTIZED, pieces());
  assert.equal(await finds(copies, [{ ...LISTED, url: "https://c.d/m" }]), true);
  assert.equal(await finds(copies, [{ ...LISTED, id: `sha256:${"cd".repeat(32)}` }]), false);
  assert.equal(await copies.store.remove("ab".repeat(32)), true);
  assert.deepEqual(only(folder), []);
});

test("an altered or truncated copy is removed, not used", async () => {
  for (const damage of [(b) => b.with(7, b[7] ^ 1), (b) => b.slice(0, -1)]) {
    const { copies, folder } = make();
    await copies.keep([LISTED], QUANTIZED, pieces());
    const [key] = only(folder);
    folder.files.set(key, damage(new Uint8Array(folder.files.get(key) ?? [])));
    assert.equal(await finds(copies, [LISTED]), false);
    assert.deepEqual(only(folder), []);
  }
});

test("a copy of an older layout is removed", async () => {
  const { copies, folder } = make();
  await copies.keep([LISTED], QUANTIZED, pieces());
  const [key] = only(folder);
  const facts = JSON.parse(new TextDecoder().decode(folder.files.get(`${key}.json`)));
  facts.made.layout = LAYOUT - 1;
  folder.files.set(`${key}.json`, new TextEncoder().encode(JSON.stringify(facts)));
  assert.equal(await finds(copies, [LISTED]), false);
  assert.deepEqual(only(folder), []);
});

test("a copy that is too short, fails or finds no space leaves nothing behind", async () => {
  function* failing() {
    yield BYTES.subarray(0, 1000);
    throw new Error("the model was unloaded");
  }
  for (const [made, room] of [
    [BYTES.length + 1, Number.POSITIVE_INFINITY],
    [BYTES.length, 100_000],
  ]) {
    const { copies, folder } = make();
    folder.room = room;
    assert.equal(await copies.keep([LISTED], { ...QUANTIZED, bytes: made }, pieces()), false);
    assert.deepEqual(only(folder), []);
  }
  const { copies, folder } = make();
  assert.equal(await copies.keep([LISTED], QUANTIZED, failing()), false);
  assert.deepEqual(only(folder), []);
});

test("the remains of an attempt are not part of the next one", async () => {
  const { copies, folder } = make();
  await copies.keep([LISTED], QUANTIZED, pieces());
  const [key] = only(folder);
  folder.files.set(`${key}.part`, randomBytes(999));
  folder.files.delete(key);
  assert.equal(await finds(copies, [LISTED]), false);
  assert.equal(await copies.keep([LISTED], QUANTIZED, pieces()), true);
  assert.equal(await finds(copies, [LISTED]), true);
});

test("the same content is written once, whatever its names", async () => {
  const { copies, folder } = make();
  await copies.keep([PICKED], QUANTIZED, pieces());
  const renamed = { ...ADDRESS, blob: PICKED.blob };
  assert.equal(await copies.keep([renamed], QUANTIZED, [new Uint8Array(1)]), true);
  assert.equal(only(folder).length, 2);
  assert.equal(await finds(copies, [ADDRESS]), true);
});

test("files of unknown content, and browsers without a file system, keep nothing", async () => {
  const { copies, folder } = make();
  assert.equal(await copies.keep([ADDRESS], QUANTIZED, pieces()), false);
  assert.deepEqual(only(folder), []);
  const nowhere = new Copies(new Store({ folder: null, cache: null }));
  assert.equal(await nowhere.find([LISTED], 8), null);
  assert.equal(await nowhere.keep([LISTED], QUANTIZED, pieces()), false);
  assert.equal(await nowhere.refusal(1), NOTES.none);
  assert.equal(await copies.refusal(1), "");
  folder.room = 100;
  assert.equal(await copies.refusal(101), NOTES.full);
  assert.deepEqual(only(folder), []);
});

test("the layout version equals that of the Python package", async () => {
  const source = await readFile(
    new URL("../../../../py/goosequill/weights/packing.py", import.meta.url),
    "utf-8",
  );
  assert.equal(Number(/^VERSION = (\d+)$/m.exec(source)?.[1]), LAYOUT);
});
