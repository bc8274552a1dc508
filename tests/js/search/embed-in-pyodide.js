/**
 * Embeds texts with the built engine's Python under Node, and prints {name, kernel, vectors} as JSON. A
 * Python
 * test runs it and compares: node embed-in-pyodide.js MODEL-FOLDER TEXT...
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Assets } from "../../../site/engine/assets.js";
import { Python } from "../../../site/engine/worker/python.js";

const DIST = new URL("../../../dist/", import.meta.url);
const [folder, ...texts] = process.argv.slice(2);

// Pyodide's compiled part is a classic script, which needs these two.
const scope = /** @type {any} */ (globalThis);
scope.require = createRequire(import.meta.url);
scope.__dirname = fileURLToPath(new URL("vendor/pyodide", DIST));
globalThis.fetch = async (url) => new Response(await readFile(fileURLToPath(String(url))));

const python = new Python(new Assets(DIST.href));
const pyodide = await python.start(
  () => {},
  (error) => {
    throw error;
  },
);
await python.addRoom("search");
const base = pathToFileURL(`${folder}/`);
const config = JSON.parse(await readFile(new URL("config.json", base), "utf8"));
const names = ["config.json", ...config.files.map((/** @type {any} */ file) => file.name)];
pyodide.FS.mkdir("/model");
for (const name of names)
  pyodide.FS.writeFile(`/model/${basename(name)}`, await readFile(new URL(name, base)));
pyodide.globals.set("texts", texts);
const answer = pyodide.runPython(`
import json
from goosequill.kernels import load_kernel
from goosequill.search.embedders import open_folder

kernel = load_kernel()
model = open_folder("/model", kernel)
json.dumps({"name": model.name, "kernel": kernel.name, "vectors": model.embed(texts.to_py()).tolist()})
`);
console.log(answer);
