/**
 * A worker that fetches what every start of Python needs, unpacks what is gzipped and compiles WebAssembly,
 * while the engine's worker runs the scripts around it. For each address it sends how many bytes each piece
 * has that arrives, and then the content, or null if it failed. Then it ends.
 */

import { Assets } from "./assets.js";
import { gunzip } from "./worker/gunzip.js";
import { compile } from "./worker/webassembly.js";

/** What every start of Python needs, the largest first. */
const NEEDED = ["vendor/pyodide/pyodide.asm.wasm", "python/snapshot.bin.gz", "python/first.tar.gz"];

const scope = /** @type {any} */ (globalThis);

/**
 * Where the files are (Assets), and where to send them.
 * @typedef {{root: string, addresses: Record<string, string> | null, port: MessagePort}} Order
 */

scope.onmessage = async (/** @type {MessageEvent<Order>} */ { data: { root, addresses, port } }) => {
  const assets = new Assets(root, addresses);
  const send = async (/** @type {string} */ path) => {
    const url = assets.locate(path);
    const onBytes = (/** @type {number} */ bytes) => port.postMessage({ url, bytes });
    const content = await contentOf(url, onBytes).catch(() => null);
    port.postMessage({ url, content }, content instanceof Uint8Array ? [content.buffer] : []);
  };
  await Promise.all(NEEDED.map(send));
  scope.close();
};

/** @param {string} url @param {(bytes: number) => void} onBytes */
async function contentOf(url, onBytes) {
  const response = await fetch(url);
  if (!response.ok) return null;
  return await (url.endsWith(".wasm") ? compile : gunzip)(response, url, onBytes);
}
