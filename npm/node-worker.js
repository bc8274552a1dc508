/** Runs the engine's worker in a thread of Node. */

import "./node-scope.js";
import { parentPort } from "node:worker_threads";

const early = [];

globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
globalThis.close = () => process.exit(1);
globalThis.onmessage = (event) => early.push(event);
parentPort.on("message", (data) => globalThis.onmessage({ data }));

await import("./engine/worker.js");
for (const event of early) globalThis.onmessage(event);
