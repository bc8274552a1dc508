/**
 * Writes dataclass_code.bin, for scripts/runtime.py: node dataclass_code.js PYODIDE FOLDER
 *
 * FOLDER has the modules of site-packages. The file is a marshalled dict: the source of each method that
 * `dataclasses` makes while the bridge and the job that generates text are imported, and its code.
 */

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodideFolder, folder] = process.argv.slice(2).map((path) => resolve(path));
// Pyodide's compiled part is a classic script, which asks for these two.
globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = pyodideFolder;
const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
try {
  const pyodide = await loadPyodide({
    indexURL: `${pyodideFolder}/`,
    args: ["-OO"],
    env: { PYTHONHASHSEED: "0" },
  });
  pyodide.mountNodeFS("/made", folder);
  pyodide.runPython(`
import dataclasses, marshal, sys

made = {}

def note(text, names, found):
    made[text] = compile(text, "<string>", "exec", dont_inherit=True)
    exec(made[text], names, found)

dataclasses.exec = note  # instead of the built-in function
sys.path.insert(0, "/made")
import goosequill.browser.bridge
from goosequill.browser.jobs import find
find("generate")
with open("/made/dataclass_code.bin", "wb") as file:
    marshal.dump(dict(sorted(made.items())), file)
`);
} catch (error) {
  console.error(error.message); // Node would print the whole line of the program that threw it
  process.exitCode = 1;
}
