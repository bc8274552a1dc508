/**
 * Python's memory as it is after its start, from which the next start continues: nothing is initialized or
 * imported again. Pyodide can restore its own memory, but not libraries such as numpy's WebAssembly. Here
 * each is loaded again to where it was, so that its functions have the same numbers; what it then writes into
 * the memory is overwritten. Where snapshots are kept is the business of storage/snapshots.js.
 */

/**
 * What the table of functions has from the number `at` on: a library by its handle, or a function, the
 * `symbol` of a library.
 * @typedef {{at: number, handle: number, symbol?: string}} Entry
 */
/**
 * `memory` is how many bytes Python has, `runs` which pages of it are not empty (first and last + 1), and
 * `image` their bytes. `objects` are those of JavaScript that Python holds, as Pyodide describes them.
 * `functions` is the length of the table, and `first` a number in it that depends on the browser.
 * @typedef {{
 *   memory: number, runs: [number, number][], objects: any, entries: Entry[], functions: number,
 *   first: number, packages: Record<string, string>
 * }} Description
 * @typedef {Description & {image: Uint8Array<ArrayBuffer>}} Snapshot
 */

const PAGE = 65536; // bytes
/** Objects of JavaScript that Python may hold, by name. @type {Record<string, unknown>} */
const GLOBALS = { globalThis, Object };
/** Pyodide adds the current folder to the path at each start; random numbers should not be the same again. */
const AWAKE = `
import sys
sys.path.pop(0)
if "random" in sys.modules:
    sys.modules["random"].seed()
`;
/** Offsets in Emscripten's struct dso. */
const [TABLE_BASE, TABLE_SIZE, NAME] = [20, 24, 36];

/**
 * Copies Python's memory. Nothing may be running.
 * @param {any} pyodide
 * @returns {Snapshot}
 * @throws {Error} if Python holds something that could not be restored
 */
export function takeSnapshot({ _module: module, _api: api, loadedPackages }) {
  const packages = { ...loadedPackages };
  for (const name in packages) delete loadedPackages[name]; // Pyodide expects none
  try {
    const objects = api.serializeHiwireState(nameOf);
    const entries = entriesOf(module);
    const { HEAPU8, wasmTable, _PyEM_CountArgsPtr: first } = module;
    const runs = runsOf(HEAPU8);
    const image = new Uint8Array(runs.reduce((sum, [from, to]) => sum + to - from, 0) * PAGE);
    copyRuns(runs, (at, from, to) => image.set(HEAPU8.subarray(from, to), at));
    const { length: memory } = HEAPU8;
    return { memory, runs, objects, entries, functions: wasmTable.length, first, packages, image };
  } finally {
    Object.assign(loadedPackages, packages);
  }
}

/** @param {unknown} object */
function nameOf(object) {
  const name = Object.keys(GLOBALS).find((one) => GLOBALS[one] === object);
  if (!name) throw new Error(`Python holds an object of JavaScript that has no name: ${object}`);
  return name;
}

/** The pages that are not empty. @param {Uint8Array} bytes @returns {[number, number][]} */
function runsOf({ buffer, length }) {
  const words = new Int32Array(buffer);
  /** @type {[number, number][]} */
  const runs = [];
  for (let page = 0; page < length / PAGE; page++) {
    const from = (page * PAGE) / 4;
    let at = from;
    while (at < from + PAGE / 4 && !words[at]) at++;
    if (at === from + PAGE / 4) continue;
    const last = runs.at(-1);
    if (last?.[1] === page) last[1]++;
    else runs.push([page, page + 1]);
  }
  return runs;
}

/**
 * @param {[number, number][]} runs
 * @param {(at: number, from: number, to: number) => void} copy bytes at `at` in the image
 */
function copyRuns(runs, copy) {
  let at = 0;
  for (const [from, to] of runs) {
    copy(at, from * PAGE, to * PAGE);
    at += (to - from) * PAGE;
  }
}

/** What the table has from the first library on, in order. @param {any} module @returns {Entry[]} */
function entriesOf(module) {
  const { LDSO, HEAPU32, wasmTable } = module;
  const loaded = Object.entries(LDSO.loadedLibsByHandle).map(([handle, library]) => ({
    handle: Number(handle),
    exports: library.exports,
  }));
  const word = (/** @type {number} */ address) => HEAPU32[address / 4];
  const libraries = loaded
    .filter(({ handle }) => handle) // zero is the program itself
    .map(({ handle }) => ({ handle, at: word(handle + TABLE_BASE), count: word(handle + TABLE_SIZE) }))
    .sort((a, b) => a.at - b.at);
  /** @type {Entry[]} */
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

/**
 * @param {any} module
 * @param {{handle: number, exports: Record<string, unknown>}[]} loaded
 * @param {number} at
 */
function functionAt(module, loaded, at) {
  for (const { handle, exports } of loaded) {
    for (const symbol in exports) {
      if (typeof exports[symbol] === "function" && module.getFunctionAddress(exports[symbol]) === at)
        return { handle, symbol };
    }
  }
  throw new Error(`function ${at} of Python has no name`);
}

/**
 * Starts Pyodide from a snapshot of the same build, in the same browser.
 * @param {(options: object) => Promise<any>} loadPyodide
 * @param {object} options of loadPyodide
 * @param {Snapshot} snapshot
 * @returns {Promise<any>} Pyodide
 * @throws {Error} if a function has another number now; then Pyodide can be started without
 */
export async function startFrom(loadPyodide, options, snapshot) {
  const scope = /** @type {any} */ (globalThis);
  const { _createPyodideModule: create } = scope;
  scope._createPyodideModule = async (/** @type {any} */ settings) => {
    const module = await create({ ...settings, INITIAL_MEMORY: snapshot.memory });
    settings.API.restoreSnapshot = () => restore(module, snapshot);
    return module;
  };
  try {
    const _snapshotDeserializer = (/** @type {string} */ name) => GLOBALS[name];
    const restoring = { _loadSnapshot: new Uint8Array(1), _snapshotDeserializer };
    const pyodide = await loadPyodide({ ...options, ...restoring });
    // Python's loader holds the list of packages, for which Pyodide has put an empty one.
    pyodide._module.__hiwire_set(pyodide._api.getExpectedKeys().length - 1, pyodide.loadedPackages);
    Object.assign(pyodide.loadedPackages, snapshot.packages);
    pyodide.runPython(AWAKE);
    return pyodide;
  } finally {
    scope._createPyodideModule = create;
  }
}

/** @param {any} module @param {Snapshot} snapshot */
function restore(module, { runs, image, objects, ...described }) {
  const write = () =>
    copyRuns(runs, (at, from, to) => module.HEAPU8.set(image.subarray(at, at + to - from), from));
  write();
  addFunctions(module, described);
  write();
  return objects;
}

/** @param {any} module @param {Pick<Description, "entries" | "functions" | "first">} described */
function addFunctions(module, { entries, functions, first }) {
  const { LDSO, wasmTable } = module;
  const differs = () => new Error("its functions have other numbers");
  if (module._PyEM_CountArgsPtr !== first) throw differs();
  for (const { at, handle, symbol } of entries) {
    if (symbol !== undefined) {
      if (module.addFunction(LDSO.loadedLibsByHandle[handle].exports[symbol]) !== at) throw differs();
    } else {
      if (wasmTable.length !== at) throw differs();
      const name = module.UTF8ToString(handle + NAME);
      // The memory says, at the handle, that this library has been loaded, and where to.
      module.loadDynamicLibrary(name, { global: false, nodelete: true, fs: module.FS }, {}, handle);
    }
  }
  if (wasmTable.length !== functions) throw differs();
}
