/**
 * Starts Python: Pyodide with the files that scripts/runtime.py built for it. All files are requested at
 * once, and WebAssembly is compiled while it arrives. Rooms of the package that few pages need are added
 * later. What runs in Python is decided in bridge.js.
 */

import { counted, Meter, open } from "../storage/download.js";
import { snapshotsOf } from "./snapshots.js";

/** @typedef {import("../protocol.js").Progress} Progress */
/** @typedef {(progress: Progress) => void} OnProgress */
/**
 * @typedef {{
 *   build: string, library: string, own: string, none: string, rooms?: Record<string, string[]>,
 *   parts: {file: string, bytes: number}[]
 * }} Parts engine/parts.json: `build` is a hash of all of them, `library` is Python's and numpy, `own` the
 *   package; `rooms` has, by the room's name, the archives and wheels that are added on demand
 */

/** The files were compiled without docstrings; with this, numpy does not add its own either. */
const ARGUMENTS = ["-OO"];
const LIBRARY = "/lib/python3.12/";
const BLOCK = 512; // of a tar archive
/** The largest part, which is requested before the others are known. */
const PROGRAM = "vendor/pyodide/pyodide.asm.wasm";

export class Python {
  /** Archives that can be added, by the room's name. @type {Map<string, string[]>} */
  #rooms = new Map();
  /** Archives that have been added. @type {Map<string, Promise<void>>} */
  #added = new Map();

  /** The archives that Python's file system was made from. @type {Uint8Array<ArrayBuffer>[]} */
  #files = [];
  #snapshots;

  /** @param {import("../assets.js").Assets} assets the engine's files */
  constructor(assets, snapshots = snapshotsOf(assets.root)) {
    this.assets = assets;
    this.#snapshots = snapshots;
    this.local = assets.root.startsWith("file:"); // under Node, which reads from disk
    /** @type {any} Pyodide, once started */
    this.pyodide = null;
  }

  /**
   * @param {OnProgress} onProgress
   * @param {(error: unknown) => void} onLost called if a file is lost, for which Pyodide would wait for ever
   */
  async start(onProgress, onLost) {
    const names = ["vendor/pyodide/pyodide.mjs", "vendor/pyodide/pyodide.asm.js"];
    const scripts = names.map((name) => import(/* @vite-ignore */ this.assets.locate(name)));
    const early = this.local ? new Map() : new Map([[PROGRAM, requestPart(PROGRAM, this.assets)]]);
    for (const each of [...scripts, ...early.values()]) each.catch(() => {}); // awaited below
    const response = await open(this.assets.locate("engine/parts.json"), {
      file: "parts.json",
      remedy: "Serve what “npx goosequill assets” copies, and pass the address of the folder as root.",
    });
    /** @type {Parts} */
    const { build, library, own, none, rooms = {}, parts } = await response.json();
    this.#rooms = new Map(Object.entries(rooms));
    const kept = await this.#snapshots.of(build);
    const archives = kept ? [] : [library, own];
    const needed = parts.filter(({ file }) => !kept || (file !== library && file !== own));
    const restore = this.local ? () => {} : intercept(needed, this.assets, onProgress, onLost, early);
    const errors = /** @type {any} */ (Error); // of V8 only
    const { stackTraceLimit } = errors;
    // Emscripten makes an error of every file that is not found, and a trace of each takes V8 long.
    errors.stackTraceLimit = 0;
    try {
      return await this.#load({ archives, none }, kept, scripts, onLost);
    } finally {
      errors.stackTraceLimit = stackTraceLimit;
      restore();
    }
  }

  /**
   * Keeps the memory as it is now, with what has been imported, for the next start.
   * @param {() => void} prepare imports more, if the memory is to be kept
   * @param {() => boolean} isIdle whether no request is being answered
   */
  async remember(prepare, isIdle) {
    const files = this.#files;
    this.#files = [];
    await this.#snapshots.take(this.pyodide, files, prepare, isIdle);
  }

  /** The rooms that `addRoom` can add. */
  get rooms() {
    return [...this.#rooms.keys()];
  }

  /**
   * Makes the modules of a room available. Nothing happens if they are, or if the package has them.
   * @param {string} room
   */
  async addRoom(room) {
    const archives = this.#rooms.get(room) ?? [];
    const isWheel = (/** @type {string} */ archive) => archive.endsWith(".whl");
    const add = (/** @type {string} */ archive, /** @type {Promise<any>} */ before) => {
      const found = this.#added.get(archive) ?? this.#add(archive, before);
      this.#added.set(archive, found);
      found.catch(() => this.#added.delete(archive)); // it can be tried again
      return found;
    };
    const start = Promise.resolve();
    const unpacked = Promise.all(archives.filter((one) => !isWheel(one)).map((one) => add(one, start)));
    await Promise.all([unpacked, ...archives.filter(isWheel).map((one) => add(one, unpacked))]);
  }

  /**
   * @param {string} archive
   * @param {Promise<any>} before what must have been added, micropip for a wheel
   */
  async #add(archive, before) {
    const packed = await this.#read(archive);
    await before;
    const { FS } = this.pyodide;
    if (archive.endsWith(".tar.gz")) {
      unpack(FS, await gunzip(packed));
      this.pyodide.pyimport("importlib").invalidate_caches();
      return;
    }
    // From a file of Python's, since micropip reads its name, and a bundler may rename assets.
    const path = `/tmp/${archive.split("/").at(-1)}`;
    FS.writeFile(path, new Uint8Array(packed));
    await this.pyodide.pyimport("micropip").install.callKwargs(`emfs:${path}`, { deps: false });
    FS.unlink(path);
  }

  /**
   * @param {{archives: string[], none: string}} paths
   * @param {import("../storage/snapshots.js").Kept["kept"]} kept
   * @param {Promise<any>[]} scripts of Pyodide
   * @param {(error: unknown) => void} onLost
   */
  async #load({ archives, none }, kept, scripts, onLost) {
    const files = Promise.all(kept?.files ?? archives.map((path) => this.#read(path).then(gunzip)));
    files.catch(onLost);
    const [{ loadPyodide }] = await Promise.all(scripts);
    const options = {
      indexURL: this.#below("vendor/pyodide/"),
      lockFileURL: this.#locate("vendor/pyodide/pyodide-lock.json"),
      stdLibURL: this.#below(none),
      args: [...ARGUMENTS], // to which Emscripten adds
      fsInit: async (/** @type {any} */ FS) => {
        this.#files = await files.catch(() => new Promise(() => {}));
        for (const archive of this.#files) unpack(FS, archive);
      },
    };
    if (kept) this.pyodide = await this.#snapshots.start(kept.snapshot, loadPyodide, options);
    else this.pyodide = await loadPyodide(options);
    return this.pyodide;
  }

  /**
   * What Pyodide asks for: the path below the root, a URL or under Node a path. The request is answered with
   * the file, wherever it is (`intercept`).
   * @param {string} path
   */
  #below(path) {
    return this.#named(new URL(path, this.assets.root));
  }

  /** Where a file is, as Pyodide wants it. @param {string} path */
  #locate(path) {
    return this.#named(new URL(this.assets.locate(path)));
  }

  /** @param {URL} url */
  #named(url) {
    return this.local ? decodeURIComponent(url.pathname) : url.href;
  }

  /** @param {string} path @returns {Promise<ArrayBuffer>} */
  async #read(path) {
    return await (await open(this.assets.locate(path), { file: path })).arrayBuffer();
  }
}

/**
 * Fetches every part at once, counts its bytes, and replaces `fetch` so that it returns these responses:
 * Pyodide fetches its files itself, one after the other, and has no option to pass them or to report
 * progress.
 * @param {Parts["parts"]} parts
 * @param {import("../assets.js").Assets} assets
 * @param {OnProgress} onProgress
 * @param {(error: unknown) => void} onLost
 * @param {Map<string, Promise<Response>>} [early] what has been requested already, by its path
 * @returns {() => void} puts back what was replaced
 */
export function intercept(parts, assets, onProgress, onLost, early = new Map()) {
  const fetchFromNetwork = globalThis.fetch;
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  const meter = new Meter("engine", "", total, (progress) => {
    onProgress(progress);
    if (progress.loaded >= total) onProgress({ status: "start", file: "", loaded: 0, total: 0 });
  });
  const asked = (/** @type {string} */ path) => new URL(path, assets.root).href;
  /** @param {string} path */
  const request = async (path) => {
    const response = await (early.get(path) ?? requestPart(path, assets));
    return counted(response, nameOf(path), (count) => meter.add(count), onLost);
  };
  const arriving = new Map(parts.map(({ file }) => [asked(file), request(file)]));
  let restoreStreaming = () => {};
  for (const [url, response] of arriving) {
    response.catch(onLost);
    if (!url.endsWith(".wasm")) continue;
    const { substitute, restore } = compileEarly(response);
    arriving.set(url, Promise.resolve(substitute));
    restoreStreaming = restore;
  }
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : asked(String(input));
    const response = arriving.get(url);
    if (!response) return fetchFromNetwork(input, init);
    arriving.delete(url);
    return response;
  };
  return () => {
    globalThis.fetch = fetchFromNetwork;
    restoreStreaming();
  };
}

/** @param {string} path @param {import("../assets.js").Assets} assets @returns {Promise<Response>} */
const requestPart = (path, assets) => open(assets.locate(path), { file: nameOf(path) });

/** @param {string} path */
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);

/**
 * Compiles WebAssembly while it arrives. Pyodide would start when it has read its own script, which takes
 * this thread longer than the file. So Pyodide gets an empty response, and in exchange for that the compiled
 * module.
 * @param {Promise<Response>} arriving
 */
function compileEarly(arriving) {
  const module = compile(arriving);
  module.catch(() => {}); // Pyodide gets the error
  const substitute = new Response();
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    if ((await source) !== substitute) return await instantiateStreaming(source, imports);
    return { module: await module, instance: await WebAssembly.instantiate(await module, imports) };
  };
  const restore = () => {
    WebAssembly.instantiateStreaming = instantiateStreaming;
  };
  return { substitute, restore };
}

/**
 * Some servers do not send the type of WebAssembly, without which it cannot be compiled while it arrives.
 * @param {Promise<Response>} arriving
 */
async function compile(arriving) {
  const response = await arriving;
  const typed = response.headers.get("Content-Type")?.toLowerCase() === "application/wasm";
  return typed ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** Unpacks a file, unless the server has told the browser to do so already. @param {ArrayBuffer} packed */
async function gunzip(packed) {
  const bytes = new Uint8Array(packed);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (new Response(packed).body);
  return new Uint8Array(
    await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
  );
}

/**
 * Writes the files of a tar archive into Python's library folder.
 * @param {any} FS
 * @param {Uint8Array} archive
 */
function unpack(FS, archive) {
  let created = "";
  for (const [name, data] of tarFiles(archive)) {
    const path = LIBRARY + name;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (folder !== created) FS.mkdirTree(folder);
    created = folder;
    FS.writeFile(path, data, { canOwn: true });
  }
}

/**
 * The files of a ustar archive as scripts/runtime.py writes it: names of at most 255 characters, no links.
 * @param {Uint8Array} archive
 * @returns {Generator<[string, Uint8Array]>}
 */
export function* tarFiles(archive) {
  const decoder = new TextDecoder();
  /** @param {number} at @param {number} length */
  const text = (at, length) => decoder.decode(archive.subarray(at, at + length)).split("\0")[0];
  for (let at = 0; at < archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const folder = text(at + 345, 155);
    yield [
      folder ? `${folder}/${text(at, 100)}` : text(at, 100),
      archive.subarray(at + BLOCK, at + BLOCK + size),
    ];
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
