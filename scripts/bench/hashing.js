/**
 * SHA-256 of bytes that arrive in pieces, as a download brings them: the library that the engine uses beside
 * others. They take turns; the medians count, and how often each was faster than the first.
 *
 *     npm install --prefix scripts/bench && node scripts/bench/hashing.js [MB] [rounds]
 *
 * On 2026-11-27, with a load of 6 on two cores, hash-wasm took 3.5 to 5.0 ms per MB, @noble/hashes 10.9 to
 * 14.7, and a SHA-256 of our own in JavaScript 8.5 to 16.3: hash-wasm was the fastest in 30 of 30 rounds.
 */

import { createHash } from "node:crypto";
import { loadavg } from "node:os";
import { sha256 as noble } from "@noble/hashes/sha2.js";
import { createSHA256 } from "hash-wasm";

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
    "hash-wasm",
    () => {
      wasm.init();
      for (const piece of pieces) wasm.update(piece);
      return wasm.digest("hex");
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
    "Node's own",
    () => {
      const hash = createHash("sha256");
      for (const piece of pieces) hash.update(piece);
      return hash.digest("hex");
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
  console.log(`${median.toFixed(2)} ms per MB  ${name}, faster than the first in ${faster} of ${rounds}`);
}
console.log(`load ${loadavg()[0].toFixed(1)}`);
