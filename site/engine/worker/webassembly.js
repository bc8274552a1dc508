/** What the browser's WebAssembly can do, checked before anything is downloaded, and its compiler. */

import { EngineError, errorFields } from "../protocol.js";
import { unpacked } from "../storage/gunzip.js";

export const NO_SIMD = "This browser has no WebAssembly SIMD, so text is generated more slowly.";

/** Whether a module with one SIMD instruction is valid here. */
export function hasSimd() {
  if (!globalThis.WebAssembly) return false; // the engine will not start (checkWebAssembly)
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
  return WebAssembly.validate(Uint8Array.of(...head, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11));
}

/** Without WebAssembly Pyodide would wait for ever; this reports at once that it is missing or forbidden. */
export async function checkWebAssembly() {
  if (!globalThis.WebAssembly) {
    throw new EngineError({
      code: "engine-start",
      message: "WebAssembly is switched off in this browser, and the engine needs it.",
      remedy:
        "Allow it for this site (Lockdown Mode, the safer levels of Tor Browser and settings against " +
        "just-in-time compilation switch it off), or use another browser.",
    });
  }
  try {
    await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); // an empty module
  } catch (error) {
    throw new EngineError({
      code: "engine-start",
      message: `WebAssembly does not run here: ${errorFields(error).message}`,
      remedy: "Use an up-to-date browser. A policy of the page or a browser setting may also forbid it.",
    });
  }
}

/** The service worker's header of what it has unpacked (site/sw.js). */
export const UNPACKED = "x-goosequill-unpacked";

/**
 * Compiles WebAssembly while it arrives, gzipped from a server, or as it is from the service worker. Only of
 * the latter does the browser keep the code for the next time.
 * @param {Response} response
 * @param {string} file its name, for errors
 * @param {(count: number) => void} [onBytes] called with the bytes of each gzipped piece that arrives
 */
export async function compile(response, file, onBytes) {
  if (response.headers.has(UNPACKED)) return await WebAssembly.compileStreaming(response);
  const headers = { "Content-Type": "application/wasm" };
  return await WebAssembly.compileStreaming(
    new Response(await unpacked(response, file, onBytes), { headers }),
  );
}
