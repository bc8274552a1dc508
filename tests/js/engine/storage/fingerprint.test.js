/** Fingerprints equal their definition, in whatever pieces the bytes arrive. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import test from "node:test";

import {
  digestOf,
  Fingerprint,
  fingerprint,
  fingerprintBeside,
  PIECE,
  storedFingerprint,
} from "../../../../site/engine/storage/fingerprint.js";
import { FakeFolder } from "./fake-folder.js";
import { FakeVerifier } from "./fake-verifier.js";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

function expected(bytes) {
  const digests = [];
  for (let at = 0; at < bytes.length; at += PIECE) digests.push(sha256(bytes.subarray(at, at + PIECE)));
  return sha256(Buffer.concat(digests)).toString("hex");
}

test("a fingerprint is the SHA-256 of the SHA-256s of pieces", async () => {
  const bytes = randomBytes(5 * PIECE + 17);
  for (const length of [0, 1, PIECE - 1, PIECE, PIECE + 1, bytes.length]) {
    let counted = 0;
    const part = bytes.subarray(0, length);
    const found = await fingerprint(new Blob([part]), { onBytes: (count) => (counted += count) });
    assert.equal(found, expected(part));
    assert.equal(counted, length);
  }
  assert.equal(await digestOf(bytes), sha256(bytes).toString("hex"));
});

test("a stored file is read in place and closed, or as a blob where that is not allowed", async () => {
  const bytes = randomBytes(5 * PIECE + 17);
  const folder = new FakeFolder();
  folder.files.set("a", bytes);
  const blob = new Blob([bytes]);
  const unread = { size: bytes.length, slice: () => assert.fail("it was read") };
  const access = folder.access.bind(folder);
  let closed = 0;
  folder.access = (name) => ({ ...access(name), close: () => closed++ });
  assert.equal(await storedFingerprint(folder, "a", unread), expected(bytes));
  const stopped = storedFingerprint(folder, "a", unread, { signal: AbortSignal.abort() });
  await assert.rejects(stopped, { name: "AbortError" });
  assert.equal(closed, 2);
  folder.access = () => {
    throw new DOMException("another tab has it open", "NoModificationAllowedError");
  };
  assert.equal(await storedFingerprint(folder, "a", blob), expected(bytes));
});

test("the pieces in which the bytes arrive do not matter", async () => {
  const bytes = randomBytes(2 * PIECE + 1000);
  const print = new Fingerprint();
  for (let at = 0, size = 1; at < bytes.length; at += size, size = size * 3 + 1) {
    await print.update(bytes.subarray(at, at + size));
  }
  assert.equal(await print.hex(), expected(bytes));
});

test("an abort takes effect", async () => {
  const stopped = fingerprint(new Blob([new Uint8Array(10)]), { signal: AbortSignal.abort() });
  await assert.rejects(stopped, { name: "AbortError" });
});

const LARGE = { size: 8 * PIECE };

function beside(verifier, { signal, blob = LARGE } = {}) {
  const startVerifier = () => verifier;
  return fingerprintBeside(new FakeFolder(), "a", blob, { signal, startVerifier });
}

test("a verifier is waited for until it has begun, and ended when it has answered", async () => {
  const verifier = new FakeVerifier();
  let hasBegun = false;
  const begun = beside(verifier).then((found) => {
    hasBegun = true;
    return found;
  });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(verifier.asked.length, 1);
  assert.equal(hasBegun, false);
  verifier.answer({ begun: true });
  const found = await begun;
  assert.equal(verifier.isEnded, false);
  verifier.answer({ fingerprint: "f" });
  assert.equal(await found?.fingerprint, "f");
  assert.equal(verifier.isEnded, true);
});

test("there is no verifier for a small file, or where none can start or two threads cannot read one file", async () => {
  const verifier = new FakeVerifier();
  assert.equal(await beside(verifier, { blob: new Blob(["small"]) }), null);
  assert.equal(await fingerprintBeside(new FakeFolder(), "a", LARGE, {}), null);
  const startVerifier = () => assert.fail("the page's policy forbids it");
  assert.equal(await fingerprintBeside(new FakeFolder(), "a", LARGE, { startVerifier }), null);
  Object.assign(globalThis, { FileSystemSyncAccessHandle: class {} });
  assert.equal(await beside(verifier), null);
  Reflect.deleteProperty(globalThis, "FileSystemSyncAccessHandle");
  assert.equal(await beside(verifier), null);
  assert.equal(verifier.asked.length, 0);
});

test("where a verifier fails, the file is read here", async () => {
  const bytes = randomBytes(8 * PIECE);
  for (const fail of [
    (verifier) => verifier.dispatchEvent(new Event("error")),
    (verifier) => verifier.answer({ fingerprint: null }),
  ]) {
    const verifier = new FakeVerifier();
    const begun = beside(verifier, { blob: new Blob([bytes]) });
    fail(verifier);
    assert.equal(await (await begun)?.fingerprint, expected(bytes));
    assert.ok(verifier.isEnded);
  }
});

test("a verifier ends when loading is cancelled", async () => {
  const verifier = new FakeVerifier();
  const controller = new AbortController();
  const begun = beside(verifier, { signal: controller.signal });
  verifier.answer({ begun: true });
  const found = await begun;
  controller.abort();
  await assert.rejects(Promise.resolve(found?.fingerprint), { name: "AbortError" });
  assert.ok(verifier.isEnded);
});
