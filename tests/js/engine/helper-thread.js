/** Runs helper.js in a Node thread, with the globals of a browser's worker. */

import { parentPort } from "node:worker_threads";

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const scope = /** @type {any} */ (globalThis);
/** @type {any[]} */
const early = [];
scope.postMessage = (/** @type {unknown} */ message) => port.postMessage(message);
scope.onmessage = (/** @type {any} */ event) => early.push(event);
port.on("message", (data) => scope.onmessage({ data }));
await import(new URL("../../../site/engine/helper.js", import.meta.url).href);
for (const event of early) scope.onmessage(event);
