/**
 * Compiles Python sources with the Pyodide in a folder: node compile.js PYODIDE FOLDER
 *
 * FOLDER has 0.py, 1.py, ... and names.json, with the name that tracebacks will show for each. It writes a
 * .pyc beside each, which Python loads without looking for a source.
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodideFolder, folder] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
try {
  // The order of a set in a compiled file follows the hashes of strings; a fixed seed makes builds
  // reproducible.
  // Columns would only mark a part of a line of source, and a page has no sources.
  const env = { PYTHONHASHSEED: "0", PYTHONNODEBUGRANGES: "1" };
  const pyodide = await loadPyodide({ indexURL: `${pyodideFolder}/`, env });
  pyodide.mountNodeFS("/sources", folder);
  pyodide.runPython(`
import json, py_compile

with open("/sources/names.json", encoding="utf-8") as stream:
    names = json.load(stream)
for number, name in enumerate(names):
    path = f"/sources/{number}.py"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(path, path + "c", name, doraise=True, optimize=2, invalidation_mode=mode)
`);
} catch (error) {
  console.error(error.message); // Node would print the whole line of the program that threw it
  process.exitCode = 1;
}
