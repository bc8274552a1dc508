/**
 * A worker that fetches what every start of Python needs, unpacks what is gzipped and compiles WebAssembly,
 * while the engine's worker runs the scripts around it. For each address it sends how many bytes each piece
 * has that arrives, and then the content, or null if it failed. Then it ends.
 */

import { gunzip } from "./worker/gunzip.js";
import { compile } from "./worker/webassembly.js";

const scope = /** @type {any} */ (globalThis);

scope.onmessage = async (/** @type {MessageEvent<{urls: string[], port: MessagePort}>} */ { data }) => {
  const { urls, port } = data;
  const send = async (/** @type {string} */ url) => {
    const onBytes = (/** @type {number} */ bytes) => port.postMessage({ url, bytes });
    const content = await contentOf(url, onBytes).catch(() => null);
    port.postMessage({ url, content }, content instanceof Uint8Array ? [content.buffer] : []);
  };
  await Promise.all(urls.map(send));
  scope.close();
};

/** @param {string} url @param {(bytes: number) => void} onBytes */
async function contentOf(url, onBytes) {
  const response = await fetch(url);
  if (!response.ok) return null;
  return await (url.endsWith(".wasm") ? compile : gunzip)(response, url, onBytes);
}
