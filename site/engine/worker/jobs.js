/**
 * Runs jobs of Python's for a moment at a time, so that the worker receives messages, cancellations among
 * them, in between. Parts that come fast are posted together.
 */

import { PROGRESS_INTERVAL, TOKEN_INTERVAL } from "../protocol.js";
import { closeSources, jobSources } from "../storage/sources.js";
import { value } from "./bridge.js";

/** @typedef {(reply: import("../protocol.js").Reply, transfer?: ArrayBuffer[]) => void} Post */

/** Jobs in progress that somebody waits for; those in the background stand still meanwhile. */
let waitedFor = 0;
let relieve = () => {};
/** Resolves when there are none. */
let calm = Promise.resolve();

/**
 * @param {import("./bridge.js").Bridge} bridge
 * @param {import("../protocol.js").RunMessage} request
 * @param {AbortSignal} signal
 * @param {Post} post
 * @param {(result: any) => Promise<void>} [finished] what to do with the result before it is posted
 */
export async function run(bridge, request, signal, post, finished = async () => {}) {
  if (request.args.background) return await runJob(bridge, request, signal, post, finished);
  if (waitedFor++ === 0)
    calm = new Promise((resolve) => {
      relieve = () => resolve();
    });
  try {
    await runJob(bridge, request, signal, post, finished);
  } finally {
    if (--waitedFor === 0) relieve();
  }
}

/**
 * @param {import("./bridge.js").Bridge} bridge
 * @param {import("../protocol.js").RunMessage} request
 * @param {AbortSignal} signal
 * @param {Post} post
 * @param {(result: any) => Promise<void>} finished
 */
async function runJob(
  bridge,
  { id, job: name, args: { files: model, background, ...args } },
  signal,
  post,
  finished,
) {
  /** @type {import("./bridge.js").OnProgress} */
  const onProgress = (progress) => post({ type: "progress", id, progress });
  const files = model ? await jobSources(/** @type {any} */ (model), { signal, onProgress }) : [];
  try {
    const python = await bridge.readyFor(name, onProgress);
    const job = value(python.run(name, args, model && files));
    signal.addEventListener("abort", () => job.cancel());
    if (signal.aborted) job.cancel();
    const turns = new Turns(); // one for all steps, because each step is as short as a token
    try {
      const end = await finish(job, id, post, { turns, background: background === true });
      if (end.aborted) throw signal.reason;
      await finished(end.end);
      post({ type: "done", id, result: end.end }, buffersIn(end.end));
    } finally {
      turns.end();
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
 * @param {{turns: Turns, background: boolean}} options
 */
async function finish(job, id, post, { turns, background }) {
  /** @type {unknown[]} */
  let parts = [];
  let posted = -Infinity; // nothing yet: the first of both is posted at once
  let reported = -Infinity;
  for (;;) {
    const step = value(job.steps(posted < 0 ? 0 : TOKEN_INTERVAL / 1000));
    const { progress } = step;
    const now = performance.now();
    if (progress && (progress.loaded === progress.total || now - reported >= PROGRESS_INTERVAL)) {
      reported = now;
      post({ type: "progress", id, progress });
    }
    parts.push(...step.parts);
    const ended = "end" in step || step.aborted;
    if (ended || now - posted >= TOKEN_INTERVAL) {
      if (parts.length) {
        post({ type: "part", id, parts }, buffersIn(parts));
        posted = now;
      }
      parts = [];
    }
    if (ended) return step;
    await turns.next();
    if (background) await calm;
  }
}

/**
 * Lets waiting messages in, as setTimeout(0) would, but without its 4 ms. Node receives up to a thousand
 * messages of one port before those of the next, so a message would come far too late there.
 */
class Turns {
  #channel = new MessageChannel();
  #later = /** @type {any} */ (globalThis).setImmediate;

  /** Resolves after the messages that are waiting. @returns {Promise<unknown>} */
  next() {
    return new Promise((resolve) => {
      if (this.#later) return this.#later(resolve);
      this.#channel.port1.onmessage = resolve;
      this.#channel.port2.postMessage(null);
    });
  }

  end() {
    this.#channel.port1.close();
  }
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
