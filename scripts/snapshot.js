/**
 * Writes what a page starts Python from, for scripts/runtime.py: node snapshot.js PYODIDE FOLDER
 *
 * FOLDER has archives of Python's library, first.tar and later.tar. A page gets the files of the second
 * when it needs one. The file snapshot.bin is what site/engine/worker/snapshot.js reads: Python's memory
 * after what a first text needs has been imported, and before anything of a visitor's has been read.
 */

import crypto from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ENVIRONMENT, LIBRARY, tarFiles, unpack } from "../site/engine/worker/library.js";
import { eachRun, exclude, GLOBALS, loadAlike, PAGE, setTrampoline } from "../site/engine/worker/snapshot.js";

/** How a file of WebAssembly begins. */
const WASM = [0, 97, 115, 109];
/** Offsets in Emscripten's struct dso of the address and the length of the file that was read. */
const [FILE, FILE_LENGTH] = [28, 32];

const [pyodideFolder, folder] = process.argv.slice(2).map((path) => resolve(path));
// The same bytes in every build: no time of today, and nothing random.
Date.now = () => 0;
performance.now = () => 0;
crypto.randomFillSync = (array) => array.fill(1);

try {
  await writeFile(`${folder}/snapshot.bin`, await snapshot());
} catch (error) {
  console.error(error.message); // Node would print the whole line of the program that threw it
  process.exitCode = 1;
}

async function snapshot() {
  const importLater = await readFile(new URL("import_later.py", import.meta.url));
  const [first, later] = await Promise.all(
    ["first", "later"].map(async (name) => new Uint8Array(await readFile(`${folder}/${name}.tar`))),
  );
  const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
  const { default: createPyodideModule } = await import(
    pathToFileURL(`${pyodideFolder}/pyodide.asm.mjs`).href
  );
  let begun;
  const options = {
    createPyodideModule,
    convertNullToNone: true, // as a page does
    indexURL: `${pyodideFolder}/`,
    stdLibURL: `${folder}/none.zip`,
    args: ["-OO", "-X", "frozen_modules=off"], // frozen ones have their docstrings
    env: { ...ENVIRONMENT, PYTHONHASHSEED: "0", LANG: "en_US.UTF-8", _: "./this.program" },
    _sysExecutable: "./this.program",
    fsInit: async (FS) => {
      unpack(FS, later);
      FS.writeFile(`${LIBRARY}sitecustomize.py`, importLater);
      return unpack(FS, first);
    },
  };
  const pyodide = await loadAlike(loadPyodide, options, (found) => {
    begun = found;
  });
  pyodide.runPython(`
import goosequill.browser.first, sys
from sitecustomize import Later
sys.meta_path.remove(Later)
del sys.modules["sitecustomize"], Later`);
  forgetFiles(pyodide._module);
  clearFreeMemory(pyodide._module);
  const { image, ...described } = take(pyodide, begun);
  const sizes = Object.fromEntries([...tarFiles(later)].map(([name, { length }]) => [name, length]));
  const text = Buffer.from(JSON.stringify({ ...described, later: sizes }));
  const head = Buffer.alloc(Math.ceil((4 + text.length) / 8) * 8, " ");
  head.writeUInt32LE(text.length);
  text.copy(head, 4);
  return Buffer.concat([head, image]);
}

/** Frees the libraries' files, which Emscripten keeps; a page reads each from its archive. */
function forgetFiles({ LDSO, HEAPU8, HEAPU32, _PyMem_RawFree: free }) {
  for (const handle of Object.keys(LDSO.loadedLibsByHandle).map(Number).filter(Boolean)) {
    const [file, length] = [FILE, FILE_LENGTH].map((offset) => HEAPU32[(handle + offset) / 4]);
    if (!WASM.every((byte, i) => HEAPU8[file + i] === byte)) throw new Error("struct dso is another one");
    HEAPU8.fill(0, file, file + length);
    free(file);
    HEAPU32.fill(0, (handle + FILE) / 4, (handle + FILE_LENGTH) / 4 + 1);
  }
}

/** Fills what is free with zeros: nobody reads what was there before, but every page would download it. */
function clearFreeMemory(module) {
  const { _malloc, _free, _PyObject_Malloc, _PyObject_Free } = module;
  const end = module.HEAPU32[module._emscripten_get_sbrk_ptr() / 4];
  const clear = (take, giveBack, size) => {
    for (;;) {
      const at = take(size);
      if (!at || at + size > end) return giveBack(at); // nothing of this size is left in what there was
      module.HEAPU8.fill(0, at, at + size);
      taken.push(() => giveBack(at));
    }
  };
  const taken = [];
  for (let size = 2 ** 20; size >= 16; size /= 2) clear(_malloc, _free, size);
  for (let size = 16; size <= 512; size += 16) clear(_PyObject_Malloc, _PyObject_Free, size);
  for (const giveBack of taken) giveBack();
}

/** Copies Python's memory. Nothing may be running. */
function take({ _module: module, _api: api, loadedPackages }, { begin, parts }) {
  const packages = { ...loadedPackages };
  for (const name in packages) delete loadedPackages[name]; // Pyodide expects none
  const objects = api.serializeHiwireState(nameOf);
  const libraries = librariesOf(module);
  const entries = entriesOf(module, libraries, begin[3]);
  const { HEAPU8 } = module;
  setTrampoline(module, 0); // each browser has its own
  const runs = runsOf(HEAPU8, parts);
  const image = new Uint8Array(runs.reduce((sum, [from, to]) => sum + to - from, 0) * PAGE);
  eachRun(runs, (at, from, to) => image.set(HEAPU8.subarray(from, to), at));
  for (const { start, bytes } of parts) exclude(bytes, runs, image, start);
  const handles = libraries.map(({ handle }) => handle).filter((handle) => handle);
  return { memory: HEAPU8.length, begin, runs, handles, entries, objects, packages, image };
}

function nameOf(object) {
  const name = Object.keys(GLOBALS).find((one) => GLOBALS[one] === object);
  if (!name) throw new Error(`Python holds an object of JavaScript that has no name: ${object}`);
  return name;
}

/** The pages that differ from what the memory began with. */
function runsOf({ buffer, length }, parts) {
  const began = new Uint8Array(length);
  for (const { start, bytes } of parts) began.set(bytes, start);
  const [words, own] = [new Int32Array(buffer), new Int32Array(began.buffer)];
  const runs = [];
  for (let page = 0; page < length / PAGE; page++) {
    const end = ((page + 1) * PAGE) / 4;
    let at = (page * PAGE) / 4;
    while (at < end && words[at] === own[at]) at++;
    if (at === end) continue;
    const last = runs.at(-1);
    if (last?.[1] === page) last[1]++;
    else runs.push([page, page + 1]);
  }
  return runs;
}

/** The program itself, whose handle is zero, and what Python has opened. */
function librariesOf({ LDSO, preloadedWasm }) {
  return Object.entries(LDSO.loadedLibsByHandle).map(([handle, { name, exports }]) => {
    if (handle !== "0" && exports !== preloadedWasm[name]) throw new Error(`${name} is not in first.tar`);
    return { handle: Number(handle), exports };
  });
}

/** What was added to the table of functions, in order. */
function entriesOf(module, libraries, begin) {
  const entries = [];
  for (let at = begin; at < module.wasmTable.length; at++)
    entries.push(module.wasmTable.get(at) ? functionAt(module, libraries, at) : null);
  return entries;
}

function functionAt(module, libraries, at) {
  for (const { handle, exports } of libraries) {
    for (const symbol in exports) {
      if (typeof exports[symbol] === "function" && module.getFunctionAddress(exports[symbol]) === at)
        return { handle, symbol };
    }
  }
  throw new Error(`function ${at} of Python has no name`);
}
