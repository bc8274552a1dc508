/** What the engine's worker, which is written for browsers, expects of its scope, under Node. */

import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

const fetchFromNetwork = globalThis.fetch;
const { readFile } = files;

// Pyodide reads its WebAssembly itself, by the name that it has when it is not gzipped.
files.readFile = async (path, options) =>
  String(path).endsWith("/pyodide.asm.wasm")
    ? await promisify(gunzip)(await readFile(`${path}.gz`))
    : await readFile(path, options);
syncBuiltinESMExports();

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
