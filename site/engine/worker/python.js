/**
 * Starts Python: Pyodide with the files that scripts/runtime.py built for it. All files are requested at
 * once, and WebAssembly is compiled while it arrives. Rooms of the package that few pages need are added
 * later. What runs in Python is decided in bridge.js.
 */

import { counted, Meter, open } from "../storage/download.js";
import { gunzip } from "../storage/gunzip.js";
import { ENVIRONMENT, Later, unpack } from "./library.js";
import { Prepared } from "./prepared.js";
import { readSnapshot, startFrom } from "./snapshot.js";

/** @import { Progress } from "../protocol.js" */
/** @typedef {(progress: Progress) => void} OnProgress */
/**
 * @typedef {{
 *   snapshot: string, first: string, none: string, rooms?: Record<string, string[]>,
 *   parts: {file: string, bytes: number, later?: true}[]
 * }} Parts engine/parts.json: a copy of Python's memory, and what a first text reads of the library; among
 *   the `parts` is the rest of that, which comes later; `rooms` has, by the room's name, the archives and
 *   wheels that are added on demand
 */

/**
 * The files were compiled without docstrings; with this, numpy does not add its own either. (Emscripten adds
 * to the array that it is given, as Pyodide does to an environment.)
 */
const ARGUMENTS = ["-OO"];

export class Python {
  /** Archives that can be added, by the room's name. @type {Map<string, string[]>} */
  #rooms = new Map();
  /** Archives that have been added. @type {Map<string, Promise<void>>} */
  #added = new Map();

  /** Files of the library that come later; null if all are there. @type {Later | null} */
  #later = null;

  /** @param {import("../assets.js").Assets} assets the engine's files */
  constructor(assets) {
    this.assets = assets;
    this.local = assets.root.startsWith("file:"); // under Node, which reads from disk
    /** @type {any} Pyodide, once started */
    this.pyodide = null;
  }

  /**
   * @param {OnProgress} onProgress
   * @param {(error: unknown) => void} onLost called if a file is lost, for which Pyodide would wait for ever
   * @param {Prepared} [prepared] what another thread fetches
   */
  async start(onProgress, onLost, prepared = new Prepared(this.assets)) {
    const names = ["vendor/pyodide/pyodide.mjs", "vendor/pyodide/pyodide.asm.mjs"];
    const scripts = names.map((name) => import(/* @vite-ignore */ this.assets.locate(name)));
    for (const script of scripts) script.catch(() => {}); // awaited below
    const errors = /** @type {any} */ (Error); // of V8 only
    const { stackTraceLimit } = errors;
    let restore = () => {};
    try {
      const response = await open(this.assets.locate("engine/parts.json"), {
        file: "parts.json",
        remedy: "Serve what “npx goosequill assets” copies, and pass the address of the folder as root.",
      });
      /** @type {Parts} */
      const { rooms = {}, parts, ...paths } = await response.json();
      this.#rooms = new Map(Object.entries(rooms));
      const atOnce = parts.filter((part) => !part.later);
      const later = parts.filter((part) => part.later).map(({ file }) => file);
      if (this.local) await this.#checkFiles(parts);
      const caught = this.local ? null : intercept(atOnce, this.assets, onProgress, onLost, prepared);
      if (caught) ({ restore } = caught);
      // Emscripten makes an error of every file that is not found, and a trace of each takes V8 long.
      errors.stackTraceLimit = 0;
      return await this.#load({ ...paths, later }, caught?.unpacked ?? new Map(), scripts);
    } finally {
      errors.stackTraceLimit = stackTraceLimit;
      restore();
    }
  }

  /**
   * Refuses an installation that lacks a file: Pyodide, which reads from disk itself, would wait for ever.
   * @param {Parts["parts"]} parts
   */
  async #checkFiles(parts) {
    const remedy = "Install the package goosequill again, or pass the folder with all of its files as root.";
    const paths = ["vendor/pyodide/pyodide-lock.json", ...parts.map(({ file }) => file)];
    await Promise.all(paths.map((path) => open(this.assets.locate(path), { file: nameOf(path), remedy })));
  }

  /** Ends when all of the library is there. */
  async complete() {
    await this.#later?.arrive();
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
    const packed = await requestPart(archive, this.assets);
    await before;
    const { FS } = this.pyodide;
    if (archive.endsWith(".tar.gz")) {
      unpack(FS, await gunzip(packed, nameOf(archive)));
      this.pyodide.pyimport("importlib").invalidate_caches();
      return;
    }
    // From a file of Python's, since micropip reads its name, and a bundler may rename assets.
    const path = `/tmp/${archive.split("/").at(-1)}`;
    FS.writeFile(path, new Uint8Array(await packed.arrayBuffer()));
    await this.pyodide.pyimport("micropip").install.callKwargs(`emfs:${path}`, { deps: false });
    FS.unlink(path);
  }

  /**
   * @param {Omit<Parts, "parts" | "rooms"> & {later: string[]}} paths
   * @param {Map<string, Promise<Uint8Array<ArrayBuffer>>>} unpacked what has been requested already
   * @param {Promise<any>[]} scripts of Pyodide
   */
  async #load({ snapshot: path, first, later, none }, unpacked, scripts) {
    const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all(scripts);
    const options = {
      createPyodideModule,
      convertNullToNone: true,
      indexURL: this.#below("vendor/pyodide/"),
      lockFileURL: this.#locate("vendor/pyodide/pyodide-lock.json"),
      stdLibURL: this.#below(none),
    };
    /** @type {import("./snapshot.js").Snapshot} */
    let snapshot;
    const fsInit = async (/** @type {any} */ FS) => {
      const found = [path, first].map((each) => unpacked.get(each) ?? this.#unpacked(each));
      const [file, archive] = await Promise.all(found).catch(() => new Promise(() => {})); // see onLost
      snapshot = readSnapshot(file);
      const libraries = unpack(FS, archive);
      const addresses = later.map((each) => this.assets.locate(each));
      this.#later = new Later(FS, addresses, snapshot.later);
      if (this.local) await this.complete();
      return libraries;
    };
    try {
      const starting = { ...options, args: [...ARGUMENTS], fsInit };
      this.pyodide = await startFrom(loadPyodide, starting, () => snapshot);
    } catch (error) {
      console.warn("Python starts without the copy of its memory:", error);
      this.#later = null;
      const whole = async (/** @type {any} */ FS) => {
        for (const each of [first, ...later]) unpack(FS, await this.#unpacked(each));
      };
      const env = { ...ENVIRONMENT };
      this.pyodide = await loadPyodide({ ...options, args: [...ARGUMENTS], env, fsInit: whole });
    }
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

  /** @param {string} path */
  async #unpacked(path) {
    return await gunzip(await requestPart(path, this.assets), nameOf(path));
  }
}

/**
 * Fetches every part at once, counts its bytes, and replaces `fetch` so that it returns these responses:
 * Pyodide fetches its files itself, one after the other, and has no option to pass them or to report
 * progress. Those that it does not ask for, which are gzipped, are unpacked.
 * @param {Parts["parts"]} parts
 * @param {import("../assets.js").Assets} assets
 * @param {OnProgress} onProgress
 * @param {(error: unknown) => void} onLost
 * @param {Prepared} [prepared] what another thread fetches
 * @returns {{unpacked: Map<string, Promise<Uint8Array<ArrayBuffer>>>, restore: () => void}} gzipped parts by
 *   their path, and what puts back what was replaced
 */
export function intercept(parts, assets, onProgress, onLost, prepared = new Prepared(assets)) {
  const fetchFromNetwork = globalThis.fetch;
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  const meter = new Meter("engine", "", total, (progress) => {
    onProgress(progress);
    if (progress.loaded >= total) onProgress({ status: "start", file: "", loaded: 0, total: 0 });
  });
  const asked = (/** @type {string} */ path) => new URL(path, assets.root).href;
  const onBytes = (/** @type {number} */ count) => meter.add(count);
  /** @type {Map<string, Response | Promise<Response>>} */
  const arriving = new Map();
  /** @type {Map<string, Promise<Uint8Array<ArrayBuffer>>>} */
  const unpacked = new Map();
  let restoreStreaming = () => {};
  for (const { file, bytes } of parts) {
    if (file.endsWith(".wasm.gz")) {
      let left = bytes; // all at once, if it comes unpacked
      const module = prepared.compiled(file, (count) => {
        left -= count;
        onBytes(count);
      });
      module.then(() => onBytes(left), onLost);
      const { substitute, restore } = compileEarly(module);
      arriving.set(asked(file.slice(0, -".gz".length)), substitute);
      restoreStreaming = restore;
    } else if (file.endsWith(".gz")) {
      unpacked.set(file, prepared.unpacked(file, onBytes));
      unpacked.get(file)?.catch(onLost);
    } else {
      const part = requestPart(file, assets).then((found) => counted(found, nameOf(file), onBytes, onLost));
      part.catch(onLost);
      arriving.set(asked(file), part);
    }
  }
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : asked(String(input));
    const response = arriving.get(url);
    if (!response) return fetchFromNetwork(input, init);
    if (!url.endsWith(".wasm")) arriving.delete(url); // a start without the copy of memory asks again
    return response;
  };
  const restore = () => {
    globalThis.fetch = fetchFromNetwork;
    restoreStreaming();
  };
  return { unpacked, restore };
}

/** @param {string} path @param {import("../assets.js").Assets} assets @returns {Promise<Response>} */
const requestPart = (path, assets) => open(assets.locate(path), { file: nameOf(path) });

/** @param {string} path */
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);

/**
 * Gives Pyodide a compiled module: it would start to compile when it has read its own script, which takes
 * this thread longer than the file. So Pyodide gets an empty response, and the module in exchange for that.
 * @param {Promise<WebAssembly.Module>} module
 */
function compileEarly(module) {
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
