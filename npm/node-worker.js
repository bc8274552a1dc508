/**
 * Runs the engine's worker, which is written for browsers, in a thread of Node: provides what it expects
 * there.
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parentPort } from "node:worker_threads";

// Pyodide's compiled part is a classic script, which needs these two.
globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = fileURLToPath(new URL("./vendor/pyodide", import.meta.url));
const early = [];
const fetchFromNetwork = globalThis.fetch;

globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
globalThis.close = () => process.exit(1);
globalThis.onmessage = (event) => early.push(event);
parentPort.on("message", (data) => globalThis.onmessage({ data }));
globalThis.fetch = async (input, init) => {
  const url = String(input?.url ?? input);
  if (!url.startsWith("file:")) return fetchFromNetwork(input, init);
  try {
    return new Response(await readFile(fileURLToPath(url)));
  } catch (error) {
    if (error.code === "ENOENT") return new Response(null, { status: 404 });
    throw error;
  }
};

await import("./engine/worker.js");
for (const event of early) globalThis.onmessage(event);
