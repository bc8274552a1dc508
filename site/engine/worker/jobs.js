/**
 * Runs jobs of Python's a step at a time, so that the worker receives messages, cancellations among them,
 * between two steps. Parts that come fast are posted together.
 */

import { PROGRESS_INTERVAL, TOKEN_INTERVAL } from "../protocol.js";
import { closeSources, jobSources } from "../storage/sources.js";
import { value } from "./bridge.js";

/** @typedef {(reply: import("../protocol.js").Reply, transfer?: ArrayBuffer[]) => void} Post */

/**
 * @param {import("./bridge.js").Bridge} bridge
 * @param {import("../protocol.js").RunMessage} request
 * @param {AbortSignal} signal
 * @param {Post} post
 * @param {(result: any) => Promise<void>} [finished] what to do with the result before it is posted
 */
export async function run(
  bridge,
  { id, job: name, args: { files: model, ...args } },
  signal,
  post,
  finished = async () => {},
) {
  /** @type {import("./bridge.js").OnProgress} */
  const onProgress = (progress) => post({ type: "progress", id, progress });
  const files = model ? await jobSources(/** @type {any} */ (model), { signal, onProgress }) : [];
  try {
    const python = await bridge.readyFor(name, onProgress);
    const job = value(python.run(name, args, model && files));
    signal.addEventListener("abort", () => job.cancel());
    if (signal.aborted) job.cancel();
    try {
      const end = await finish(job, id, post);
      if (end.aborted) throw signal.reason;
      await finished(end.end);
      post({ type: "done", id, result: end.end }, buffersIn(end.end));
    } finally {
      job.destroy();
    }
  } finally {
    closeSources(files);
  }
}

/**
 * Steps a job until it ends, and returns its last step.
 * @param {any} job
 * @param {number} id
 * @param {Post} post
 */
async function finish(job, id, post) {
  /** @type {unknown[]} */
  let parts = [];
  let posted = -Infinity; // the first of both is posted at once
  let reported = -Infinity;
  for (;;) {
    const step = value(job.step());
    const { progress } = step;
    const now = performance.now();
    if (progress && (progress.loaded === progress.total || now - reported >= PROGRESS_INTERVAL)) {
      reported = now;
      post({ type: "progress", id, progress });
    }
    if ("part" in step) parts.push(step.part);
    const ended = "end" in step || step.aborted;
    if (ended || now - posted >= TOKEN_INTERVAL) {
      if (parts.length) post({ type: "part", id, parts }, buffersIn(parts));
      parts = [];
      posted = now;
    }
    if (ended) return step;
    await receiveMessages();
  }
}

/** Lets waiting messages in, as setTimeout(0) would, but without its 4 ms. @returns {Promise<void>} */
function receiveMessages() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * The buffers of all typed arrays in a value, which are moved to the page instead of copied; each once, since
 * an array that Python returns twice is one object here, and a buffer cannot be moved twice.
 * @param {any} value plain objects, arrays and typed arrays, as Python's bridge makes them
 */
function buffersIn(value) {
  /** @type {Set<ArrayBuffer>} */
  const found = new Set();
  const collect = (/** @type {any} */ part) => {
    if (ArrayBuffer.isView(part)) found.add(/** @type {ArrayBuffer} */ (part.buffer));
    else if (part && typeof part === "object") for (const key in part) collect(part[key]);
  };
  collect(value);
  return [...found];
}
