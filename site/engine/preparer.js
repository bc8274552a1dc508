/**
 * A worker that fetches what every start of Python needs, unpacks it and compiles WebAssembly, while the
 * engine's worker runs the scripts around it. For each address it sends how many bytes each piece has that
 * arrives, and then the content, or null if it failed. Then it ends.
 */

import { Assets } from "./assets.js";
import { FILES } from "./root.js";
import { gunzip } from "./storage/gunzip.js";
import { compile, UNPACKED } from "./worker/webassembly.js";

/** What every start of Python needs, the largest first. */
const NEEDED = ["vendor/pyodide/pyodide.asm.wasm.gz", "python/snapshot.bin.gz", "python/first.tar.gz"];

/** Milliseconds after which a browser has kept the code that it optimized of what was compiled here. */
const LINGER = 120_000;

const scope = /** @type {any} */ (globalThis);
let lingers = false;

/**
 * Where the files are if they are not below the folder above (Assets), and where to send them.
 * @typedef {{addresses: Record<string, string> | null, port: MessagePort}} Order
 */

scope.onmessage = async (/** @type {MessageEvent<Order>} */ { data: { addresses, port } }) => {
  const assets = new Assets(FILES, addresses);
  const send = async (/** @type {string} */ path) => {
    const url = assets.locate(path);
    const onBytes = (/** @type {number} */ bytes) => port.postMessage({ url, bytes });
    const prepare = path.endsWith(".wasm.gz") ? compile : gunzip; // a bundler may give it another address
    const content = await contentOf(url, prepare, onBytes).catch(() => null);
    port.postMessage({ url, content }, content instanceof Uint8Array ? [content.buffer] : []);
  };
  await Promise.all(NEEDED.map(send));
  if (lingers) setTimeout(() => scope.close(), LINGER);
  else scope.close();
};

/**
 * @param {string} url
 * @param {typeof gunzip | typeof compile} prepare
 * @param {(bytes: number) => void} onBytes
 */
async function contentOf(url, prepare, onBytes) {
  const response = await fetch(url);
  if (!response.ok) return null;
  lingers ||= response.headers.has(UNPACKED);
  return await prepare(response, url, onBytes);
}
