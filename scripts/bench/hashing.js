/**
 * SHA-256 of bytes that arrive in pieces, as a download brings them: site/engine/storage/sha256.js beside the
 * libraries that could replace it. They take turns; the medians, and how often each was faster than ours, count.
 *
 *     npm install --prefix scripts/bench && node scripts/bench/hashing.js [MB] [rounds]
 */

import { createHash } from "node:crypto";
import { loadavg } from "node:os";
import { sha256 as noble } from "@noble/hashes/sha2.js";
import { createSHA256 } from "hash-wasm";
import { Sha256 } from "../../site/engine/storage/sha256.js";

const [size = 24, rounds = 10] = process.argv.slice(2).map(Number);
const PIECE = 65536; // what a stream of a response usually yields
const bytes = new Uint8Array(size * 1e6).map((_, index) => index * 7);
const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, at) =>
  bytes.subarray(at * PIECE, (at + 1) * PIECE),
);
const expected = createHash("sha256").update(bytes).digest("hex");
const wasm = await createSHA256();

/** @type {[string, () => string][]} */
const WAYS = [
  [
    "ours",
    () => {
      const hash = new Sha256();
      for (const piece of pieces) hash.update(piece);
      return hash.hex();
    },
  ],
  [
    "@noble/hashes",
    () => {
      const hash = noble.create();
      for (const piece of pieces) hash.update(piece);
      return Buffer.from(hash.digest()).toString("hex");
    },
  ],
  [
    "hash-wasm",
    () => {
      wasm.init();
      for (const piece of pieces) wasm.update(piece);
      return wasm.digest("hex");
    },
  ],
];

for (const [, run] of WAYS) run(); // compiled before it is measured
const times = WAYS.map(() => /** @type {number[]} */ ([]));
for (let round = 0; round < rounds; round++) {
  for (const [index, [name, run]] of WAYS.entries()) {
    const start = performance.now();
    if (run() !== expected) throw new Error(`${name} has another hash`);
    times[index].push((performance.now() - start) / size);
  }
}
for (const [index, [name]] of WAYS.entries()) {
  const faster = times[index].filter((time, round) => time < times[0][round]).length;
  const median = [...times[index]].sort((a, b) => a - b)[rounds >> 1];
  console.log(`${median.toFixed(2)} ms per MB  ${name}, faster than ours in ${faster} of ${rounds}`);
}
console.log(`load ${loadavg()[0].toFixed(1)}`);
