/**
 * Gives the readers their bombs in the built engine's Python under Node, and prints what fails as JSON: a
 * Python test runs it. node bombs-in-pyodide.js READER...
 */

import { fileURLToPath } from "node:url";
import "../../../npm/node-scope.js";
import { Assets } from "../../../site/engine/assets.js";
import { Python } from "../../../site/engine/worker/python.js";
import { FILES } from "../built.js";

const python = new Python(new Assets(FILES.href));
const pyodide = await python.start(
  () => {},
  (error) => {
    throw error;
  },
);
pyodide.FS.mkdir("/repository");
const root = fileURLToPath(new URL("../../../", import.meta.url));
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, "/repository");
pyodide.globals.set("readers", process.argv.slice(2));
console.log(
  pyodide.runPython(`
import json, sys
for name in [name for name in sys.modules if name.partition(".")[0] == "goosequill"]:
    del sys.modules[name] # a page has only the modules that it needs
sys.path[:0] = ["/repository/py", "/repository"]
from tests import bombs
with bombs.smaller(1024):
    found = [each for reader in readers.to_py() for each in bombs.failures(reader)]
json.dumps(found)
`),
);
