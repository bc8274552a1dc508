/**
 * A worker of search.py's page, which like the site's engine has vectors in OPFS and their signs in Python:
 * only a worker can read a file in place. A message is a step's name and its arguments.
 */

import { RowReader } from "./opfs.js";
import { startPython } from "./search_python.js";

const PIECE = 50_000; // vectors

const pyodide = await startPython();
const python = (name, ...args) => pyodide.globals.get(name)(...args);

const steps = {
  /** Makes vectors, and writes them into OPFS. */
  async prepare(count) {
    python("prepare", count);
    const folder = await navigator.storage.getDirectory();
    const file = await folder.getFileHandle("vectors.bin", { create: true });
    const access = await file.createSyncAccessHandle();
    access.truncate(0);
    for (let at = 0; at < count; at += PIECE) {
      const rows = python("rows", at, at + PIECE).toJs();
      access.write(rows, { at: access.getSize() });
    }
    access.close();
  },

  /** Milliseconds in which the file opens and closes, and what a function of Python's returns meanwhile. */
  async measure(name, ...args) {
    const folder = await navigator.storage.getDirectory();
    let start = performance.now();
    const reader = await RowReader.open(folder, "vectors.bin");
    let opening = performance.now() - start;
    python("read_from", reader);
    const result = python(name, ...args);
    const found = result?.toJs?.() ?? result;
    start = performance.now();
    reader.close();
    opening += performance.now() - start;
    return { opening, found };
  },
};

self.onmessage = async ({ data: [step, ...args] }) => self.postMessage(await steps[step](...args));
self.postMessage("ready");
