/**
 * Could Pyodide start from a snapshot of its memory? node scripts/bench/snapshot.js (after make build)
 * Prints the size of a snapshot, the CPU time of a start with and without it, the first random number and
 * string hash of two interpreters that start from it, and the outcome of a snapshot with numpy loaded.
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const folder = fileURLToPath(new URL("../../build/vendor/pyodide/", import.meta.url));
// Pyodide's compiled part is a classic script, which needs these two.
globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = folder;
const { loadPyodide } = await import(`${folder}pyodide.mjs`);
const options = {
  indexURL: folder,
  stdLibURL: fileURLToPath(new URL("../../build/vendor/pyodide/python_stdlib.zip", import.meta.url)),
};
const wheel = await readFile(`${folder}numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl`);
const NUMPY = "import numpy; str(numpy.arange(3) @ numpy.arange(3))";
const CHANCE = "import random; str((random.random(), hash('goose')))";

const addPackages = (pyodide) => pyodide.unpackArchive(new Uint8Array(wheel), "wheel");

async function attempt(what, work) {
  const before = process.cpuUsage();
  try {
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    console.log(
      `${what}: ${((user + system) / 1e3).toFixed(0)} ms`,
      typeof result === "string" ? result : "",
    );
    return result;
  } catch (error) {
    console.log(`${what} fails:`, error.message.trim().split("\n").at(-1));
    return null;
  }
}

await loadPyodide(options); // so that it is compiled
for (const inside of ["", NUMPY]) {
  const made = await loadPyodide({ ...options, _makeSnapshot: true });
  if (inside) {
    addPackages(made);
    await attempt("numpy before the image is made", () => made.runPython(inside));
  }
  const image = made.makeMemorySnapshot();
  console.log(
    `an image ${inside ? "with" : "without"} numpy: ${gzipSync(image).length} bytes as gzip sends it`,
  );
  await attempt("a plain start", () => loadPyodide(options));
  for (const which of ["a first", "a second"]) {
    const started = await attempt(`${which} start from the image`, () =>
      loadPyodide({ ...options, _loadSnapshot: image }),
    );
    if (!started) continue;
    await attempt("chance", () => started.runPython(CHANCE));
    addPackages(started);
    await attempt("numpy", () => started.runPython(NUMPY));
  }
}
