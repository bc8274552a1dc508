/**
 * Starts Python from a copy of its memory, which the build has made (scripts/snapshot.js): nothing is
 * initialized, and what a first text needs has been imported. Pyodide can restore its own memory, but not
 * libraries such as numpy's WebAssembly. Here they are loaded before Python's memory is initialized, by the
 * build and by a page alike, so that their memory and their functions are at the same places.
 */

/**
 * What was added to the table of functions: the `symbol` of the library with this handle, or nothing, where a
 * function was that ctypes no longer needs.
 * @typedef {{handle: number, symbol: string} | null} Entry
 */
/**
 * `memory` is how many bytes Python has. `begin` is what it began with (`beginning`); `runs` are the pages
 * that differ from that (first and last + 1), and `image` has their bytes, exclusive or what was there.
 * `handles` are those of libraries, and `entries` what the table of functions has beyond its beginning.
 * `objects` are those of JavaScript that Python holds, as Pyodide describes them. `later` are the bytes of
 * each file of the library that is not needed at once.
 * @typedef {{
 *   memory: number, begin: number[], runs: [number, number][], handles: number[], entries: Entry[],
 *   objects: any, packages: Record<string, string>, later: Record<string, number>
 * }} Description
 * @typedef {Description & {image: Uint8Array}} Snapshot
 */

/** Bytes of one of WebAssembly's pages. */
export const PAGE = 65536;
/** Objects of JavaScript that Python may hold, by name. @type {Record<string, unknown>} */
export const GLOBALS = { globalThis, Object };
/** Where in Emscripten's struct dso the name of a library is. */
const NAME = 36;
/** What the build has imported, with what remains to be done at each start. */
const FIRST = "goosequill.browser.first";

/** @typedef {(options: object) => Promise<any>} LoadPyodide */
/**
 * Options of loadPyodide; here `fsInit` returns the paths of libraries.
 * @typedef {{
 *   createPyodideModule: (settings: object) => Promise<any>, fsInit: (FS: any) => Promise<string[]>
 * }} Options
 */
/** Bytes of the memory, from an address on. @typedef {{start: number, bytes: Uint8Array}} Part */
/** @typedef {{module: any, begin: number[], parts: Part[], trampoline: number}} Begun */

/**
 * What the file has: the length of a description, that as JSON, padded to eight bytes, and the image.
 * @param {Uint8Array<ArrayBuffer>} file
 * @returns {Snapshot}
 */
export function readSnapshot(file) {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const text = new TextDecoder().decode(file.subarray(4, 4 + length));
  return { ...JSON.parse(text), image: file.subarray(Math.ceil((4 + length) / 8) * 8) };
}

/**
 * Calls loadPyodide so that libraries and functions are at the same places in every browser.
 * @param {LoadPyodide} loadPyodide
 * @param {Options} options
 * @param {(begun: Begun) => void} onBegun called before Python's memory is initialized or restored
 */
export async function loadAlike(loadPyodide, options, onBegun) {
  /** @type {any} */
  let module;
  const createPyodideModule = async (/** @type {any} */ settings) => {
    module = settings;
    // Where a browser has no trampoline, another function takes its place.
    settings.preRun.unshift(
      () => module.HEAP32[addressOfTrampoline(module)] || module.addFunction(() => 0, "i"),
    );
    return await options.createPyodideModule(settings);
  };
  const fsInit = async (/** @type {any} */ FS) => {
    for (const path of await options.fsInit(FS)) {
      const flags = { global: false, nodelete: true };
      module.preloadedWasm[path] = module.loadWebAssemblyModule(FS.readFile(path), flags, path, {}, 0);
    }
    onBegun(beginning(module));
  };
  return await loadPyodide({ ...options, createPyodideModule, fsInit });
}

/**
 * What is there when the program and the libraries have been loaded, and nothing has run: what is below and
 * above the stack, where that is, and how many functions.
 * @param {any} module
 * @returns {Begun}
 */
function beginning(module) {
  const { HEAP32, HEAPU8, wasmTable, ___stack_low: low, ___stack_high: high } = module;
  const end = HEAP32[module._emscripten_get_sbrk_ptr() / 4];
  const trampoline = setTrampoline(module, 0);
  const parts = [
    { start: 0, bytes: HEAPU8.slice(0, low) },
    { start: high, bytes: HEAPU8.slice(high, end) },
  ];
  setTrampoline(module, trampoline);
  return { module, begin: [low, high, end, wasmTable.length], parts, trampoline };
}

/**
 * Tells Python the number of its trampoline, the function through which it calls some others.
 * @param {any} module
 * @param {number} trampoline zero for none, as in browsers that cannot have it
 * @returns {number} the former one
 */
export function setTrampoline(module, trampoline) {
  const address = addressOfTrampoline(module);
  const former = module.HEAP32[address];
  module.HEAP32[address] = trampoline;
  return former;
}

/** Where that number is in HEAP32. @param {any} module */
const addressOfTrampoline = ({ HEAP32, __PyRuntime, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET }) =>
  (__PyRuntime + HEAP32[__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET / 4]) / 4;

/**
 * Starts Pyodide from a snapshot.
 * @param {LoadPyodide} loadPyodide
 * @param {Options} options
 * @param {() => Snapshot} arrived called when Python's file system is there; its image will be changed
 * @returns {Promise<any>} Pyodide
 * @throws {Error} if a function has another number here; then Pyodide can be started without
 */
export async function startFrom(loadPyodide, options, arrived) {
  const _snapshotDeserializer = (/** @type {string} */ name) => GLOBALS[name];
  const restoring = { _loadSnapshot: new Uint8Array(1), _snapshotDeserializer };
  const onBegun = (/** @type {Begun} */ begun) => {
    begun.module.API.restoreSnapshot = () => restore(begun, arrived());
  };
  const pyodide = await loadAlike(loadPyodide, { ...options, ...restoring }, onBegun);
  // Python's loader holds the list of packages, for which Pyodide has put an empty one.
  pyodide._module.__hiwire_set(pyodide._api.getExpectedKeys().length - 1, pyodide.loadedPackages);
  Object.assign(pyodide.loadedPackages, arrived().packages);
  pyodide.pyimport(FIRST).awake();
  return pyodide;
}

/** @param {Begun} begun @param {Snapshot} snapshot */
function restore({ module, begin, parts, trampoline }, snapshot) {
  const { runs, image, objects, memory } = snapshot;
  if (module.HEAPU8.length < memory) module.growMemory(memory);
  if (String(begin) !== String(snapshot.begin) || module.HEAPU8.length !== memory)
    throw new Error("it was made with another program");
  const { HEAPU8, HEAPU32 } = module;
  HEAPU8.fill(0, begin[2], HEAPU32[module._emscripten_get_sbrk_ptr() / 4]);
  for (const { start, bytes } of parts) {
    HEAPU8.set(bytes, start);
    exclude(bytes, runs, image, start);
  }
  eachRun(runs, (at, from, to) => HEAPU8.set(image.subarray(at, at + to - from), from));
  setTrampoline(module, trampoline);
  addFunctions(module, snapshot);
  return objects;
}

/**
 * Combines an image with bytes of the memory's beginning, which adds or removes them.
 * @param {Uint8Array} bytes
 * @param {[number, number][]} runs
 * @param {Uint8Array} image
 * @param {number} [start] the address of the bytes
 */
export function exclude(bytes, runs, image, start = 0) {
  const words = (/** @type {Uint8Array} */ { buffer, byteOffset, length }) =>
    new Int32Array(buffer, byteOffset, length / 4);
  const [all, own] = [words(image), words(bytes)];
  const end = start + bytes.length;
  eachRun(runs, (at, from, to) => {
    const last = Math.min(to, end) - start;
    for (let i = Math.max(from, start) - start, j = i + start - from + at; i < last; i += 4, j += 4) {
      all[j / 4] ^= own[i / 4];
    }
  });
}

/**
 * @param {[number, number][]} runs
 * @param {(at: number, from: number, to: number) => void} visit called with bytes in the image and the memory
 */
export function eachRun(runs, visit) {
  let at = 0;
  for (const [from, to] of runs) {
    visit(at, from * PAGE, to * PAGE);
    at += (to - from) * PAGE;
  }
}

/** @param {any} module @param {Pick<Description, "begin" | "handles" | "entries">} described */
function addFunctions(module, { begin, handles, entries }) {
  const { LDSO, wasmTable } = module;
  for (const handle of handles) {
    const name = module.UTF8ToString(handle + NAME);
    module.loadDynamicLibrary(name, { global: false, nodelete: true }, {}, handle);
  }
  entries.forEach((entry, i) => {
    const number = entry
      ? module.addFunction(LDSO.loadedLibsByHandle[entry.handle].exports[entry.symbol])
      : wasmTable.grow(1);
    if (number !== begin[3] + i) throw new Error("its functions have other numbers");
  });
}
