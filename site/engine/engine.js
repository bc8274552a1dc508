/**
 * The page's side of one worker: sends requests and assigns replies to them. It knows messages (protocol.js)
 * and jobs by name, and nothing of what they compute. Models and conversations are in model.js.
 */

import { Model } from "./model.js";
import { EngineError } from "./protocol.js";
import { explainFailure, explainPolicy, keepOffline, startWorker } from "./start.js";
import { StartupLock } from "./startup-lock.js";

/** @import { Chunk, End, ErrorFields, ModelSource, Progress, Reply } from "./protocol.js" */

/**
 * @typedef {import("./protocol.js").Message} Turn
 * @typedef {{onReply: (reply: any) => void, fail: (error: Error) => void}} Pending
 * @typedef {{signal?: AbortSignal, onProgress?: (progress: Progress) => void}} RequestOptions
 * @typedef {RequestOptions & {onEnd?: (end: any) => void}} StreamOptions
 * @typedef {AsyncGenerator<Chunk | End, void, void> & {cancel: () => void}} Writing
 */

/** A message to the worker, without its id. @typedef {Record<string, unknown> & {type: string}} Message */

/** Milliseconds within which a worker loads its script, which is small; a blocked one never does. */
const PATIENCE = 60_000;
/** A timer later than this, in milliseconds, was held up: the machine slept, or the page was frozen. */
const LATE = 10_000;

/** One worker with Python in it, and any number of models. */
export class Engine {
  #worker;
  #lastId = 0;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #watch = new AbortController();
  #startup = new StartupLock();
  /** Whether the worker's script has run; a worker that fails before that could not be started. */
  #started = false;
  /** @type {Error | null} why no more requests are accepted */
  #ended = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;

  /**
   * @param {{createWorker?: () => Worker, patience?: number}} [options] milliseconds within which the worker
   *   must answer
   */
  constructor({ createWorker = startWorker, patience = PATIENCE } = {}) {
    this.#worker = createWorker();
    this.#expectAnswer(patience);
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => this.#fail(event.message || "its script could not be loaded");
    this.#worker.onmessageerror = () => this.#end(died("it sent an unreadable message"));
  }

  /** Ends the worker if it is silent for so long while the machine is awake. @param {number} patience */
  #expectAnswer(patience) {
    const latest = Date.now() + patience + LATE;
    this.#silence = setTimeout(() => {
      if (Date.now() > latest) this.#expectAnswer(patience);
      else this.#fail("it does not respond");
    }, patience);
    /** @type {any} */ (this.#silence).unref?.(); // under Node, which would wait for it
  }

  /** Whether the worker is gone; create a new Engine to continue. */
  get ended() {
    return this.#ended !== null;
  }

  /**
   * @param {ModelSource} model
   * @param {RequestOptions} [options]
   * @returns {Promise<Model>}
   */
  async load(model, options = {}) {
    // Weights are read in one go, so a model may be ready before the worker receives the cancellation.
    const late = (/** @type {any} */ reply) =>
      reply.type === "loaded" && this.unload(reply.model).catch(() => {});
    const reply = await this.#ask({ type: "load", model }, options, late);
    return new Model(this, reply.model, reply.info);
  }

  /**
   * Runs a job: a function or generator that a room of the Python package lists in its jobs.py.
   *
   * Arguments and results are plain values; an array is `{shape, dtype, data}` with a typed array as `data`.
   * The arguments `model`, `conversation`, `embedder`, `static` and `collection` are handles (`model.call`
   * adds its own), `files` is what `modelSource` returns. A value that lives on in the worker is returned as
   * `{handle, ...}`; `forget` frees it. An aborted signal rejects with an AbortError, and stops the job at
   * its next step.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {RequestOptions & {onPart?: (part: any) => void}} [options]
   * @returns {Promise<any>} what the job returns
   */
  async run(name, args = {}, options = {}) {
    return (await this.#ask({ type: "run", job: name, args }, options)).result;
  }

  /**
   * Runs a job of which each part is wanted: iterate over what it returns. The last item is the job's end.
   * Leaving the loop cancels, and so does `cancel()`, which lets a job that can end by itself do so.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {StreamOptions} [options]
   * @returns {AsyncGenerator<any, void, void> & {cancel: () => void}}
   */
  stream(name, args = {}, options = {}) {
    const control = { cancelled: false, cancel: () => {} };
    const cancel = () => {
      control.cancelled = true;
      control.cancel();
    };
    return Object.assign(this.#iterate({ type: "run", job: name, args }, options, control), { cancel });
  }

  /**
   * Another name of `run`.
   * @param {string} name
   * @param {Record<string, unknown>} args
   * @param {RequestOptions} [options]
   * @returns {Promise<any>}
   */
  call(name, args, options = {}) {
    return this.run(name, args, options);
  }

  /**
   * Returns what is in a model's files, without loading them: version, sizes, types, tokenizer, memory,
   * tensors, and as `problem` why it would not run here.
   * @param {ModelSource} model
   * @param {RequestOptions} [options]
   * @returns {Promise<any>}
   */
  inspect(model, options = {}) {
    return this.run("inspect", { files: model, quantize: model.quantize ?? null }, options);
  }

  /** @returns {Promise<import("./protocol.js").EngineStatus>} */
  async status() {
    return (await this.#ask({ type: "status" }, {})).status;
  }

  /** @param {number} model */
  async unload(model) {
    await this.#ask({ type: "unload", model }, {});
  }

  /** Frees a value that a job returned to be kept, if the worker has not ended. @param {number} handle */
  async forget(handle) {
    if (!this.ended) await this.#ask({ type: "forget", handle }, {});
  }

  /** Ends the worker and everything that waits for it. */
  dispose() {
    this.#end(new DOMException("The engine was disposed of.", "AbortError"));
  }

  /**
   * @param {Message} message
   * @param {StreamOptions} options
   * @param {{cancelled: boolean, cancel: () => void}} control
   * @returns {AsyncGenerator<any, void, void>}
   */
  async *#iterate(message, { signal, onProgress, onEnd }, control) {
    /** @type {unknown[]} */
    const queue = [];
    /** @type {Error | null} */
    let failure = null;
    let ended = false;
    let wake = () => {};
    signal?.throwIfAborted();
    const id = this.#send(message, {
      fail: (error) => {
        // A job that cannot end by itself is simply over when it is cancelled.
        if (control.cancelled && "code" in error && error.code === "aborted") ended = true;
        else failure = error;
        wake();
      },
      onReply: (reply) => {
        if (reply.type === "progress") onProgress?.(reply.progress);
        if (reply.type === "part" && !control.cancelled) queue.push(...reply.parts);
        if (reply.type === "done") {
          onEnd?.(reply.result);
          queue.push(reply.result);
          ended = true;
        }
        wake();
      },
    });
    control.cancel = () => this.#cancel(id);
    if (control.cancelled) control.cancel(); // before the loop began
    const abort = () => {
      control.cancelled = true;
      control.cancel();
      failure = abortError(signal);
      wake();
    };
    signal?.addEventListener("abort", abort);
    try {
      for (;;) {
        if (failure) throw failure;
        if (queue.length) yield queue.shift();
        else if (ended) return;
        else await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      control.cancel(); // nothing, if it has ended
    }
  }

  /**
   * @param {Message} message
   * @param {RequestOptions & {onPart?: (part: any) => void}} options
   * @param {(reply: any) => void} [late] takes the reply that comes after the request was given up
   * @returns {Promise<any>} the reply that ends the request
   */
  async #ask(message, { signal, onProgress, onPart }, late) {
    if (signal?.aborted) throw abortError(signal);
    let abort = () => {};
    try {
      return await new Promise((resolve, reject) => {
        const id = this.#send(message, {
          fail: reject,
          onReply: (reply) => {
            if (signal?.aborted) late?.(reply);
            else if (reply.type === "progress") onProgress?.(reply.progress);
            else if (reply.type === "part") for (const part of reply.parts) onPart?.(part);
            else resolve(reply);
          },
        });
        abort = () => {
          this.#cancel(id);
          reject(abortError(signal));
        };
        signal?.addEventListener("abort", abort);
      });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** @param {Message} message @param {Pending} pending */
  #send(message, pending) {
    const id = ++this.#lastId;
    if (this.#ended) {
      const ended = this.#ended;
      queueMicrotask(() => pending.fail(ended));
      return id;
    }
    this.#pending.set(id, pending);
    try {
      this.#worker.postMessage({ ...message, id });
      this.#startup.busy();
    } catch (error) {
      this.#pending.delete(id); // an option that cannot be sent, such as a function
      throw error;
    }
    return id;
  }

  /** @param {number} id */
  #cancel(id) {
    if (this.#pending.has(id)) this.#worker.postMessage({ type: "cancel", id });
  }

  /** @param {Reply} reply */
  #receive(reply) {
    if (reply.type === "blocked") return;
    this.#started = true;
    clearTimeout(this.#silence);
    if (reply.type === "alive") return reply.lock ? this.#watchLock(reply.lock) : undefined;
    if (reply.type === "gone") return this.#end(died(reply.reason));
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if (reply.type !== "progress" && reply.type !== "part") this.#pending.delete(reply.id);
    if (reply.type === "part" || this.#pending.size === 0) this.#startup.idle();
    if (reply.type === "loaded") keepOffline(this.#worker);
    if (reply.type === "error") this.#refuse(pending, reply.error);
    else pending.onReply(reply);
  }

  /**
   * A network failure may have been caused by the page's policy.
   * @param {Pending} pending
   * @param {ErrorFields} error
   */
  async #refuse(pending, error) {
    const isNetwork = error.code === "network" || error.code === "engine-start";
    pending.fail((isNetwork && (await explainPolicy(this.#worker, error))) || new EngineError(error));
  }

  /**
   * The worker holds this lock while it lives; whoever gets it knows that the worker is gone.
   * @param {string} lock
   */
  #watchLock(lock) {
    const gone = () => this.#end(died("the browser ended it, possibly because memory ran out"));
    // Aborted when this side ends the worker.
    navigator.locks.request(lock, { signal: this.#watch.signal }, gone).catch(() => {});
  }

  /** @param {string} reason */
  async #fail(reason) {
    this.#end((!this.#started && (await explainFailure(this.#worker, reason))) || died(reason));
  }

  /** @param {Error} reason */
  #end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#watch.abort();
    this.#startup.release();
    clearTimeout(this.#silence);
    this.#worker.terminate();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of pending) fail(reason);
  }
}

/** @param {string} why */
function died(why) {
  return new EngineError({
    code: "worker-died",
    message: `The engine stopped: ${why}.`,
    remedy: "The text so far is kept. Try again to restart the engine.",
  });
}

/** @param {AbortSignal} [signal] */
function abortError(signal) {
  return signal?.reason ?? new DOMException("The request was cancelled.", "AbortError");
}
