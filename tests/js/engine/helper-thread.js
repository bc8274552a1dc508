/** Runs helper.js in a Node thread, with the globals of a browser's worker. */

import { parentPort } from "node:worker_threads";

const port = parentPort;
const early = [];
globalThis.postMessage = (message) => port.postMessage(message);
globalThis.onmessage = (event) => early.push(event);
port.on("message", (data) => globalThis.onmessage({ data }));
await import(new URL("../../../site/engine/helper.js", import.meta.url).href);
for (const event of early) globalThis.onmessage(event);
