// Starts Python: Pyodide, with the files that build.py has made for it (scripts/runtime.py). All of them are
// asked for at once, and WebAssembly is compiled while it comes.

import { counted, Meter, open } from "./download.js";

/** @typedef {import("./protocol.js").Progress} Progress */
/** @typedef {(progress: Progress) => void} Tell */
/** @typedef {{library: string, none: string, wheel: string, parts: {file: string, bytes: number}[]}} Parts */

/** As the parts were compiled: without docstrings, which numpy adds to its functions otherwise. */
const ARGUMENTS = ["-OO"];
const LIBRARY = "/lib/python3.12/";
const BLOCK = 512; // of a tar archive

export class Python {
  /** @param {URL} base the folder that holds engine/, python/, vendor/ and wheels/ */
  constructor(base) {
    this.base = base;
    this.local = base.protocol === "file:"; // under Node, which reads from the disk
    /** @type {any} Pyodide, once started */
    this.pyodide = null;
  }

  /**
   * @param {Tell} tell
   * @param {(error: unknown) => void} onLost Pyodide waits for ever for a part that is lost
   */
  async start(tell, onLost) {
    const folder = new URL("vendor/pyodide/", this.base);
    const scripts = ["pyodide.mjs", "pyodide.asm.js"].map((name) => import(new URL(name, folder).href));
    for (const script of scripts) script.catch(() => {}); // awaited below
    const response = await open(this.#address("engine/parts.json"), { file: "parts.json" });
    /** @type {Parts} */
    const { library, none, wheel, parts } = await response.json();
    if (!this.local) serve(parts, this.base, tell, onLost);
    const archive = this.#read(library).then(gunzip);
    archive.catch(onLost);
    const [{ loadPyodide }] = await Promise.all(scripts);
    this.pyodide = await loadPyodide({
      indexURL: this.#place("vendor/pyodide/"),
      stdLibURL: this.#place(none),
      args: ARGUMENTS,
      fsInit: async (/** @type {any} */ FS) => unpack(FS, await archive.catch(() => new Promise(() => {}))),
    });
    await this.pyodide.pyimport("micropip").install.callKwargs(this.#address(wheel), { deps: false });
    return this.pyodide;
  }

  /** @param {string} path */
  #address(path) {
    return new URL(path, this.base).href;
  }

  /** Where Pyodide finds a file: an address, or under Node a path. @param {string} path */
  #place(path) {
    const url = new URL(path, this.base);
    return this.local ? decodeURIComponent(url.pathname) : url.href;
  }

  /** @param {string} path @returns {Promise<Blob>} */
  async #read(path) {
    return await (await open(this.#address(path), { file: path })).blob();
  }
}

/**
 * Fetches every part at once, counted, and gives each to whoever asks for it by fetch: Pyodide fetches
 * for itself and tells nobody how far it is.
 * @param {Parts["parts"]} parts
 * @param {URL} base
 * @param {Tell} tell
 * @param {(error: unknown) => void} onLost
 */
function serve(parts, base, tell, onLost) {
  const fetchFromNetwork = globalThis.fetch;
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  const meter = new Meter("engine", "", total, (progress) => {
    tell(progress);
    if (progress.loaded >= total) tell({ status: "start", file: "", loaded: 0, total: 0 });
  });
  /** @param {string} url */
  const begin = async (url) => {
    const file = url.slice(url.lastIndexOf("/") + 1);
    const response = await open(url, { file, fetch: fetchFromNetwork });
    return counted(response, file, (count) => meter.add(count), onLost);
  };
  const arriving = new Map(parts.map(({ file }) => new URL(file, base).href).map((url) => [url, begin(url)]));
  for (const [url, response] of arriving) {
    response.catch(onLost);
    if (url.endsWith(".wasm")) arriving.set(url, Promise.resolve(compiling(response)));
  }
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : new URL(String(input), base).href;
    const response = arriving.get(url);
    if (!response) return fetchFromNetwork(input, init);
    arriving.delete(url);
    return response;
  };
}

/**
 * Compiles WebAssembly while it comes. Pyodide would begin when it has read its own script, which takes this
 * thread longer than the file; so it is given an empty response, and for that the compiled module.
 * @param {Promise<Response>} arriving
 */
function compiling(arriving) {
  const module = compile(arriving);
  module.catch(() => {}); // Pyodide is told
  const stand = new Response();
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    if ((await source) !== stand) return await instantiateStreaming(source, imports);
    return { module: await module, instance: await WebAssembly.instantiate(await module, imports) };
  };
  return stand;
}

/** Some servers do not know the type of WebAssembly, without which it cannot be compiled on the way. @param {Promise<Response>} arriving */
async function compile(arriving) {
  const response = await arriving;
  const typed = response.headers.get("Content-Type")?.toLowerCase() === "application/wasm";
  return typed ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** What is packed, unless the server has told the browser to unpack it already. @param {Blob} blob */
async function gunzip(blob) {
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  const packed = first === 0x1f && second === 0x8b;
  const stream = packed ? blob.stream().pipeThrough(new DecompressionStream("gzip")) : blob.stream();
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Writes the files of a tar archive to where Python looks for its library. @param {any} FS @param {Uint8Array} archive */
function unpack(FS, archive) {
  let made = "";
  for (const [name, data] of tarFiles(archive)) {
    const path = LIBRARY + name;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (folder !== made) FS.mkdirTree(folder);
    made = folder;
    FS.writeFile(path, data, { canOwn: true });
  }
}

/**
 * The files of a ustar archive that scripts/runtime.py wrote: names of at most 255 characters, no links.
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
