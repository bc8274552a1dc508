/**
 * Fuzzes every reader for long: `node tests/js/fuzz/soak.js [inputs per reader] [seed]`, 10,000 by default
 * and with another seed each time. It prints the seed and, where a reader fails, the smallest input that it
 * found; then it ends with status 1.
 */

import { fuzz, READERS } from "./readers.js";

const [runs = 10_000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
if (!(runs > 0) || !Number.isInteger(seed)) {
  console.error("usage: node tests/js/fuzz/soak.js [inputs per reader] [seed]");
  process.exit(2);
}
console.log(`seed ${seed}, ${runs} inputs for each of ${Object.keys(READERS).length} readers`);
for (const name of Object.keys(READERS)) {
  try {
    await fuzz(name, { seed, runs });
    console.log(`${name}: fine`);
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
