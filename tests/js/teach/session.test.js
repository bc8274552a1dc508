/** The state of the page that teaches over a database in memory: what is kept, removed, restored and used. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { TeachSession } from "../../../site/teach/session.js";
import { adapterFileName } from "../../../site/ui/adapters.js";
import { empty, quota } from "../collections/indexed-db.js";
import { pluck } from "../pluck.js";

/** @type {Map<string, string>} */
const stored = new Map();
globalThis.localStorage = /** @type {any} */ ({
  getItem: (/** @type {string} */ key) => stored.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => void stored.set(key, value),
  removeItem: (/** @type {string} */ key) => void stored.delete(key),
});

const FACTS = /** @type {any} */ ({ name: "Pirate", model: "rwkv-4", method: "vectors" });
const FILE = Uint8Array.of(1, 2, 3);

beforeEach(() => {
  stored.clear();
  empty();
});

/** Everything that was sent has arrived. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test("what is kept is listed in every tab, and renamed and removed there too", async () => {
  const [one, other] = [new TeachSession(), new TeachSession()];
  const { id } = await one.keep(FILE, FACTS);
  await settled();
  assert.deepEqual(pluck(other.kept, "name"), ["Pirate"]);
  await other.rename(id, "Captain");
  await settled();
  assert.deepEqual(pluck(one.kept, "name"), ["Captain"]);
  await one.remove(one.kept[0]);
  await settled();
  assert.deepEqual(other.kept, []);
  await other.rename(id, "Ghost"); // what is gone does not come back
  assert.deepEqual(other.kept, []);
});

test("one that is removed is no longer used nor shown, and is restored under its name, once", async () => {
  const session = new TeachSession();
  const { id } = await session.keep(FILE, FACTS);
  await session.rename(id, "Captain");
  const [kept] = session.kept;
  session.use(id, 0.5);
  session.show({ kept, file: FILE, heldBack: [], harm: null, chats: false });
  assert.equal(session.canRestore, false);
  await session.remove(kept);
  assert.deepEqual([session.used, session.taught, session.canRestore], [null, null, true]);
  const restored = await session.restore();
  assert.equal(restored?.name, "Captain");
  assert.deepEqual(await session.fileOf(session.kept[0]), FILE);
  assert.equal(session.canRestore, false);
  assert.equal(await session.restore(), null);
  assert.equal(session.kept.length, 1);
});

test("another one that is removed leaves what is used and shown", async () => {
  const session = new TeachSession();
  const used = await session.keep(FILE, FACTS);
  const other = await session.keep(FILE, FACTS);
  session.use(used.id, 1);
  session.show({ kept: used, file: FILE, heldBack: [], harm: null, chats: false });
  await session.remove(other);
  assert.equal(session.used?.id, used.id);
  assert.equal(session.taught?.kept.id, used.id);
});

test("where no space is left that is said with what to do, and nothing that was kept is lost", async () => {
  const session = new TeachSession();
  await session.keep(FILE, FACTS);
  quota.bytes = 10;
  await assert.rejects(session.keep(FILE, FACTS), { message: /full/, remedy: /Storage/ });
  quota.bytes = Infinity;
  await session.refresh();
  assert.equal(session.kept.length, 1);
});

test("one that cannot be renamed for want of space keeps its name and its file, and the next try works", async () => {
  const session = new TeachSession();
  const { id } = await session.keep(FILE, FACTS);
  quota.bytes = 10;
  await assert.rejects(session.rename(id, "Captain"), { message: /rename.*full/, remedy: /Storage/ });
  quota.bytes = Infinity;
  await session.refresh();
  assert.deepEqual(pluck(session.kept, "name"), ["Pirate"]);
  assert.deepEqual(await session.fileOf(session.kept[0]), FILE);
  await session.rename(id, "Captain");
  assert.deepEqual(pluck(session.kept, "name"), ["Captain"]);
});

test("one that cannot be restored for want of space can be restored later", async () => {
  const session = new TeachSession();
  await session.keep(FILE, FACTS);
  await session.remove(session.kept[0]);
  quota.bytes = 10;
  await assert.rejects(session.restore());
  quota.bytes = Infinity;
  assert.equal(session.canRestore, true);
  assert.equal((await session.restore())?.name, "Pirate");
});

test("one that another tab has deleted is named", async () => {
  const [one, other] = [new TeachSession(), new TeachSession()];
  const kept = await one.keep(FILE, FACTS);
  await other.remove(kept);
  await assert.rejects(one.fileOf(kept), { message: "“Pirate” no longer exists." });
});

test("a file keeps the extension of its format", () => {
  assert.equal(
    adapterFileName("Pirate", new TextEncoder().encode("\x09\0\0\0\0\0\0\0{}")),
    "Pirate.safetensors",
  );
  assert.equal(adapterFileName("Pirate", new TextEncoder().encode("PK\x03\x04 and more")), "Pirate.pth");
  assert.equal(adapterFileName("Pirate", new Uint8Array()), "Pirate.safetensors");
});
