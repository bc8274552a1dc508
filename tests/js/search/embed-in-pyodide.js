/**
 * Embeds texts with the built engine's Python under Node, and prints {name, kernel, vectors} as JSON. A
 * Python
 * test runs it and compares: node embed-in-pyodide.js MODEL-FOLDER TEXT...
 */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import "../../../npm/node-scope.js";
import { Assets } from "../../../site/engine/assets.js";
import { Python } from "../../../site/engine/worker/python.js";
import { FILES } from "../built.js";

const [folder, ...texts] = process.argv.slice(2);

const python = new Python(new Assets(FILES.href));
const pyodide = await python.start(
  () => {},
  (error) => {
    throw error;
  },
);
await python.addRoom("search");
const base = pathToFileURL(`${folder}/`);
const config = JSON.parse(await readFile(new URL("config.json", base), "utf8"));
const names = ["config.json", ...config.files.map((file) => file.name)];
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
