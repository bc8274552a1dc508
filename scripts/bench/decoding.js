/** Runs decoding.py in Pyodide under Node, from the sources, and prints its results as JSON. */

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
pyodide.runPython("import sys; sys.path.insert(0, '/repository/scripts/bench')");
console.log(pyodide.runPython("import decoding, json; json.dumps(decoding.measure_all())"));
