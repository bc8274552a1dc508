import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";

import { Sha256 } from "../../../../site/engine/storage/sha256.js";

/** @param {number} length */
function bytes(length) {
  return Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255);
}

test("the digest equals Node's around every block boundary, however the bytes are split", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 70001]) {
    const data = bytes(length);
    const expected = createHash("sha256").update(data).digest("hex");
    for (const step of [1, 7, 64, 100, 4096]) {
      const hash = new Sha256();
      for (let at = 0; at < length; at += step) hash.update(data.subarray(at, at + step));
      assert.equal(hash.hex(), expected, `${length} bytes in steps of ${step}`);
    }
  }
});
