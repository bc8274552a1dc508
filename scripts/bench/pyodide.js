/**
 * Runs `measure_all` of a Python file of this folder in Pyodide under Node, from the sources, and prints its
 * result as JSON: node pyodide.js decoding
 */

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VENDOR = new URL("../../build/vendor/pyodide/", import.meta.url);
globalThis.require = createRequire(import.meta.url); // Pyodide's compiled part, a classic script, needs it
globalThis.__dirname = fileURLToPath(VENDOR);

const { loadPyodide } = await import(new URL("pyodide.mjs", VENDOR).href);
const pyodide = await loadPyodide({ indexURL: fileURLToPath(VENDOR) });
await pyodide.loadPackage("numpy", { messageCallback() {} });
pyodide.mountNodeFS("/repository", ROOT);
pyodide.runPython("import sys; sys.path[:0] = ['/repository/scripts/bench', '/repository/py']");
const module = pyodide.pyimport(process.argv[2]);
console.log(pyodide.pyimport("json").dumps(module.measure_all()));
