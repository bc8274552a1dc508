/**
 * Starts Python from a copy of its memory, which the build has made (scripts/snapshot.js): nothing is
 * initialized, and what a first text needs has been imported. Pyodide can restore its own memory, but not
 * libraries such as numpy's WebAssembly. Here each is loaded again to where it was, so that its functions
 * have the same numbers; what it then writes into the memory is overwritten.
 */

/**
 * What the table of functions has from the number `at` on: a library by its handle, or a function, the
 * `symbol` of a library.
 * @typedef {{at: number, handle: number, symbol?: string}} Entry
 */
/**
 * `memory` is how many bytes Python has. The first `program` of them begin as what Pyodide's program brings;
 * `runs` are the pages that differ from that, or are not empty (first and last + 1), and `image` has their
 * bytes, exclusive or the program's. `objects` are those of JavaScript that Python holds, as Pyodide
 * describes them. `functions` is the length of the table of functions, and `counter` the number of the one
 * that counts arguments. `later` are the bytes of each file of the library that is not needed at once.
 * @typedef {{
 *   memory: number, program: number, runs: [number, number][], objects: any, entries: Entry[],
 *   functions: number, counter: number, packages: Record<string, string>, later: Record<string, number>
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
/** @typedef {{module: any, program: Uint8Array, counter: number}} Begun */

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
 * Calls loadPyodide so that functions have the same numbers in every browser, and keeps what the memory
 * begins with.
 * @param {LoadPyodide} loadPyodide
 * @param {object} options of loadPyodide
 * @param {object} settings of Emscripten
 * @param {(begun: Begun) => void} onModule called before Python's memory is initialized or restored
 */
export async function loadAlike(loadPyodide, options, settings, onModule) {
  const scope = /** @type {any} */ (globalThis);
  const { _createPyodideModule: create } = scope;
  scope._createPyodideModule = async (/** @type {any} */ given) => {
    let program = new Uint8Array();
    return await create({
      ...given,
      ...settings,
      instantiateWasm: (/** @type {any} */ imports, /** @type {(...made: any[]) => void} */ onMade) =>
        given.instantiateWasm(imports, (/** @type {any[]} */ ...made) => {
          program = programOf(imports.env.memory);
          onMade(...made);
        }),
      /** @this {any} the module */
      onRuntimeInitialized() {
        // Where a browser cannot count a function's arguments, another function takes that number.
        const counter = this._PyEM_CountArgsPtr || this.addFunction(() => 0, "i");
        onModule({ module: this, program, counter });
      },
    });
  };
  try {
    return await loadPyodide(options);
  } finally {
    scope._createPyodideModule = create;
  }
}

/** @param {WebAssembly.Memory} memory as it is when the program has just been loaded */
function programOf({ buffer }) {
  const words = new Int32Array(buffer);
  let end = words.length;
  while (end && !words[end - 1]) end--;
  return new Uint8Array(buffer.slice(0, end * 4));
}

/**
 * Starts Pyodide from a snapshot.
 * @param {LoadPyodide} loadPyodide
 * @param {object} options of loadPyodide
 * @param {number} memory bytes that the snapshot is of
 * @param {() => Snapshot} arrived called when Python's file system is there; its image will be changed
 * @returns {Promise<any>} Pyodide
 * @throws {Error} if a function has another number here; then Pyodide can be started without
 */
export async function startFrom(loadPyodide, options, memory, arrived) {
  const _snapshotDeserializer = (/** @type {string} */ name) => GLOBALS[name];
  const restoring = { _loadSnapshot: new Uint8Array(1), _snapshotDeserializer };
  const onModule = (/** @type {Begun} */ begun) => {
    begun.module.API.restoreSnapshot = () => restore(begun, arrived());
  };
  const settings = { INITIAL_MEMORY: memory };
  const pyodide = await loadAlike(loadPyodide, { ...options, ...restoring }, settings, onModule);
  // Python's loader holds the list of packages, for which Pyodide has put an empty one.
  pyodide._module.__hiwire_set(pyodide._api.getExpectedKeys().length - 1, pyodide.loadedPackages);
  Object.assign(pyodide.loadedPackages, arrived().packages);
  pyodide.pyimport(FIRST).awake();
  return pyodide;
}

/** @param {Begun} begun @param {Snapshot} snapshot */
function restore({ module, program, counter }, snapshot) {
  const { runs, image, objects } = snapshot;
  if (program.length !== snapshot.program || module.HEAPU8.length !== snapshot.memory)
    throw new Error("it was made with another program");
  if (counter !== snapshot.counter) throw differs();
  exclude(program, runs, image);
  const write = () => {
    const { HEAPU8 } = module;
    HEAPU8.set(program);
    let end = program.length;
    eachRun(runs, (at, from, to) => {
      if (from > end) HEAPU8.fill(0, end, from);
      HEAPU8.set(image.subarray(at, at + to - from), from);
      end = Math.max(end, to);
    });
    HEAPU8.fill(0, end);
    setCounter(module, module._PyEM_CountArgsPtr);
  };
  write();
  addFunctions(module, snapshot);
  write();
  return objects;
}

/** Tells Python which function counts arguments. @param {any} module @param {number} counter 0 for none */
export function setCounter(
  { HEAP32, __PyRuntime: at, __PyEM_EMSCRIPTEN_COUNT_ARGS_OFFSET: offset },
  counter,
) {
  HEAP32[(at + HEAP32[offset / 4]) / 4] = counter;
}

/**
 * Combines an image with the program's bytes, which adds or removes them.
 * @param {Uint8Array} program
 * @param {[number, number][]} runs
 * @param {Uint8Array} image
 */
export function exclude(program, runs, image) {
  const words = (/** @type {Uint8Array} */ { buffer, byteOffset, length }) =>
    new Int32Array(buffer, byteOffset, length / 4);
  const [all, own] = [words(image), words(program)];
  eachRun(runs, (at, from, to) => {
    const shift = (at - from) / 4;
    for (let i = from / 4; i < Math.min(to / 4, own.length); i++) all[i + shift] ^= own[i];
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

const differs = () => new Error("its functions have other numbers");

/** @param {any} module @param {Pick<Description, "entries" | "functions">} described */
function addFunctions(module, { entries, functions }) {
  const { LDSO, wasmTable } = module;
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
