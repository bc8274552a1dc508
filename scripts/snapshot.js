/**
 * Writes what a page starts Python from, for scripts/runtime.py: node snapshot.js PYODIDE FOLDER
 *
 * FOLDER has archives of Python's library, first.tar and later.tar. A page gets the files of the second
 * when it needs one. The file snapshot.bin is what site/engine/worker/snapshot.js reads: Python's memory
 * after what a first text needs has been imported, and before anything of a visitor's has been read.
 */

import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { tarFiles, unpack } from "../site/engine/worker/library.js";
import { eachRun, exclude, GLOBALS, loadAlike, PAGE, setCounter } from "../site/engine/worker/snapshot.js";

/** Offsets in Emscripten's struct dso. */
const [TABLE_BASE, TABLE_SIZE] = [20, 24];

const [pyodideFolder, folder] = process.argv.slice(2).map((path) => resolve(path));
// Pyodide's compiled part is a classic script, which asks for these two.
globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = pyodideFolder;
// The same bytes in every build: no time of today, and nothing random.
Date.now = () => 0;
globalThis.crypto.getRandomValues = (array) => array.fill(1);

try {
  await writeFile(`${folder}/snapshot.bin`, await snapshot());
} catch (error) {
  console.error(error.message); // Node would print the whole line of the program that threw it
  process.exitCode = 1;
}

async function snapshot() {
  const [first, later] = await Promise.all(
    ["first", "later"].map(async (name) => new Uint8Array(await readFile(`${folder}/${name}.tar`))),
  );
  const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
  await import(pathToFileURL(`${pyodideFolder}/pyodide.asm.js`).href);
  let begun;
  const options = {
    indexURL: `${pyodideFolder}/`,
    stdLibURL: `${folder}/none.zip`,
    args: ["-OO"],
    env: { PYTHONHASHSEED: "0", LANG: "en_US.UTF-8", _: "./this.program" },
    _sysExecutable: "./this.program",
    fsInit: async (FS) => {
      for (const archive of [first, later]) unpack(FS, archive);
    },
  };
  const pyodide = await loadAlike(loadPyodide, options, {}, (found) => {
    begun = found;
  });
  pyodide.runPython("import goosequill.browser.first");
  const { image, ...described } = take(pyodide, begun);
  const sizes = Object.fromEntries([...tarFiles(later)].map(([name, { length }]) => [name, length]));
  const text = Buffer.from(JSON.stringify({ ...described, later: sizes }));
  const head = Buffer.alloc(Math.ceil((4 + text.length) / 8) * 8, " ");
  head.writeUInt32LE(text.length);
  text.copy(head, 4);
  return Buffer.concat([head, image]);
}

/** Copies Python's memory. Nothing may be running. */
function take({ _module: module, _api: api, loadedPackages }, { program, counter }) {
  const packages = { ...loadedPackages };
  for (const name in packages) delete loadedPackages[name]; // Pyodide expects none
  const objects = api.serializeHiwireState(nameOf);
  const entries = entriesOf(module);
  const { HEAPU8, wasmTable } = module;
  setCounter(module, 0); // each browser has its own
  const runs = runsOf(HEAPU8, program);
  const image = new Uint8Array(runs.reduce((sum, [from, to]) => sum + to - from, 0) * PAGE);
  eachRun(runs, (at, from, to) => image.set(HEAPU8.subarray(from, to), at));
  exclude(program, runs, image);
  return {
    memory: HEAPU8.length,
    program: program.length,
    runs,
    objects,
    entries,
    functions: wasmTable.length,
    counter,
    packages,
    image,
  };
}

function nameOf(object) {
  const name = Object.keys(GLOBALS).find((one) => GLOBALS[one] === object);
  if (!name) throw new Error(`Python holds an object of JavaScript that has no name: ${object}`);
  return name;
}

/** The pages that differ from the program's, or are not empty where it has none. */
function runsOf({ buffer, length }, program) {
  const words = new Int32Array(buffer);
  const own = new Int32Array(program.buffer);
  const runs = [];
  for (let page = 0; page < length / PAGE; page++) {
    const end = ((page + 1) * PAGE) / 4;
    let at = (page * PAGE) / 4;
    while (at < end && words[at] === (own[at] ?? 0)) at++;
    if (at === end) continue;
    const last = runs.at(-1);
    if (last?.[1] === page) last[1]++;
    else runs.push([page, page + 1]);
  }
  return runs;
}

/** What the table of functions has from the first library on, in order. */
function entriesOf(module) {
  const { LDSO, HEAPU32, wasmTable } = module;
  const loaded = Object.entries(LDSO.loadedLibsByHandle).map(([handle, library]) => ({
    handle: Number(handle),
    exports: library.exports,
  }));
  const word = (address) => HEAPU32[address / 4];
  const libraries = loaded
    .filter(({ handle }) => handle) // zero is the program itself
    .map(({ handle }) => ({ handle, at: word(handle + TABLE_BASE), count: word(handle + TABLE_SIZE) }))
    .sort((a, b) => a.at - b.at);
  const entries = [];
  for (let at = libraries[0]?.at ?? wasmTable.length; at < wasmTable.length; at++) {
    const library = libraries.find((one) => one.at === at && one.count);
    if (library) {
      entries.push({ at, handle: library.handle });
      at += library.count - 1;
    } else {
      entries.push({ at, ...functionAt(module, loaded, at) });
    }
  }
  return entries;
}

function functionAt(module, loaded, at) {
  for (const { handle, exports } of loaded) {
    for (const symbol in exports) {
      if (typeof exports[symbol] === "function" && module.getFunctionAddress(exports[symbol]) === at)
        return { handle, symbol };
    }
  }
  throw new Error(`function ${at} of Python has no name`);
}
