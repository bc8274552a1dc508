/** Files that are made over several visits. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";

import { fingerprint, PIECE } from "../../../../site/engine/storage/fingerprint.js";
import { Part } from "../../../../site/engine/storage/part.js";
import { FakeFolder } from "./fake-folder.js";

const BYTES = new Uint8Array(randomBytes(2 * PIECE + 1000));
const STEP = 300_000;
/** What is held of each step. */
const heldAt = (at) => Uint8Array.of(at / STEP, 1, 2);

/** Writes from where the part ends, until a place. */
async function write(part, end = BYTES.length) {
  const known = part.held.length / 3;
  for (let at = part.size - (part.size % STEP); at < end; at += STEP) {
    const bytes = BYTES.subarray(Math.max(at, part.size), Math.min(end, at + STEP));
    await part.write(bytes, at / STEP < known ? new Uint8Array() : heldAt(at));
  }
}

async function finish(folder) {
  const part = await Part.open(folder, "a");
  await write(part);
  const digest = await part.end();
  await part.commit("a");
  assert.equal(digest, await fingerprint(new Blob([BYTES])));
  assert.deepEqual(folder.files.get("a"), BYTES);
}

test("a file is written, and its fingerprint is that of its bytes", async () => {
  await finish(new FakeFolder());
});

test("after an interruption it continues after the last complete piece, with what was held until then", async () => {
  for (const end of [0, 5, PIECE - 1, PIECE, PIECE + 5, 2 * PIECE, 2 * PIECE + 999]) {
    const folder = new FakeFolder();
    const part = await Part.open(folder, "a");
    await write(part, end);
    await part.close();
    const again = await Part.open(folder, "a");
    assert.equal(again.size, Math.floor(end / PIECE) * PIECE);
    const complete = Math.floor(again.size / STEP);
    assert.ok(again.held.length >= 3 * complete);
    for (let i = 0; i < complete; i++) assert.deepEqual(again.held.slice(3 * i, 3 * i + 3), heldAt(i * STEP));
    await again.close();
    await finish(folder);
  }
});

test("a piece or a record that was damaged is made again, and everything after it", async () => {
  const damages = [
    ["a.part", (bytes) => bytes.with(PIECE + 3, bytes[PIECE + 3] ^ 1), 1],
    ["a.part", (bytes) => bytes.with(3, bytes[3] ^ 1), 0],
    ["a.part", (bytes) => bytes.slice(0, PIECE + 7), 1],
    ["a.log", (bytes) => bytes.with(0, bytes[0] ^ 1), 0],
    ["a.log", (bytes) => bytes.slice(0, -1), 1],
    ["a.log", (bytes) => bytes.with(67, 255), 0], // a record of 4 GB
    ["a.log", (bytes) => bytes.with(68, bytes[68] ^ 1), 0], // what it holds
    ["a.log", () => new Uint8Array(), 0],
    ["a.log", (bytes) => Uint8Array.from([...bytes, ...bytes]), 2],
  ];
  for (const [name, damage, left] of damages) {
    const folder = new FakeFolder();
    const part = await Part.open(folder, "a");
    await write(part);
    await part.close();
    folder.files.set(name, damage(new Uint8Array(folder.files.get(name) ?? [])));
    const again = await Part.open(folder, "a");
    assert.equal(again.size, left * PIECE);
    await again.close();
    await finish(folder);
  }
});

test("a full disk is reported by whoever writes next or ends", async () => {
  const folder = new FakeFolder();
  folder.room = PIECE + 10;
  const part = await Part.open(folder, "a");
  const writing = async () => {
    await write(part);
    await part.end();
  };
  await assert.rejects(writing(), { name: "QuotaExceededError" });
  await part.close();
});
