/**
 * Measures what it costs to verify a stored file, in milliseconds per MB: its published SHA-256 by WebCrypto,
 * as for small files; the recorded fingerprint, as for large ones; and the published SHA-256 in
 * WebAssembly, as now and then at rest. The three take turns; the median of each counts.
 *
 *     node scripts/bench/verifying.js [MB] [rounds]
 */

import { createHash } from "node:crypto";
import { fingerprint } from "../../site/engine/storage/fingerprint.js";
import { isIntact } from "../../site/engine/storage/verify.js";

const [size = 24, rounds = 9] = process.argv.slice(2).map(Number);
const bytes = new Uint8Array(size * 1e6).map((_, index) => index * 7);
const blob = new Blob([bytes]);
const expected = { sha256: createHash("sha256").update(bytes).digest("hex") };
const print = await fingerprint(blob);

/** @type {[string, {fingerprint?: string, small: number}][]} */
const WAYS = [
  ["published SHA-256, WebCrypto", { small: blob.size }],
  ["recorded fingerprint, WebCrypto", { small: 0, fingerprint: print }],
  ["published SHA-256, WebAssembly", { small: 0 }],
];
const times = WAYS.map(() => /** @type {number[]} */ ([]));
for (let round = 0; round < rounds; round++) {
  for (const [index, [, options]] of WAYS.entries()) {
    const start = performance.now();
    if (!(await isIntact(blob, expected, options))) throw new Error("an unchanged file must be intact");
    times[index].push((performance.now() - start) / size);
  }
}
for (const [index, [name]] of WAYS.entries()) {
  const median = times[index].sort((a, b) => a - b)[rounds >> 1];
  console.log(`${median.toFixed(2)} ms per MB  ${name}`);
}
