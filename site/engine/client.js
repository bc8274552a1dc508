/**
 * The public JavaScript interface: load a model, generate text with it, dispose of it.
 *
 *   const model = await loadModel({ model: "models/default/", onProgress, signal });
 *   for await (const chunk of model.generate("Once upon a time", { temperature: 0.8, signal })) {
 *     text += chunk.text;              // the last item has finish_reason, usage and seed
 *   }
 *   model.dispose();
 *
 * Leaving the loop cancels; an aborted signal ends it with an AbortError, as fetch does; and `cancel()` on what generate
 * returns ends it normally, with finish_reason "abort". All work is done in a worker (worker.js); this file only sends
 * requests and assigns replies to them.
 */

import { looksLikeWeights } from "./file-names.js";
import { EngineError } from "./protocol.js";
import { explainFailure, explainPolicy, keepOffline, startWorker } from "./start.js";
import { StartupLock } from "./startup-lock.js";

export { EngineError };

/**
 * @typedef {import("./protocol.js").Progress} Progress
 * @typedef {import("./protocol.js").Chunk} Chunk
 * @typedef {import("./protocol.js").End} End
 * @typedef {import("./protocol.js").ModelInfo} ModelInfo
 * @typedef {import("./protocol.js").ModelSource} ModelSource
 * @typedef {import("./protocol.js").GenerateOptions} GenerateOptions
 * @typedef {import("./protocol.js").Message} Turn
 * @typedef {import("./protocol.js").Reply} Reply
 * @typedef {import("./protocol.js").ErrorFields} ErrorFields
 * @typedef {{onReply: (reply: any) => void, fail: (error: Error) => void}} Pending
 * @typedef {{signal?: AbortSignal, onProgress?: (progress: Progress) => void}} RequestOptions
 * @typedef {RequestOptions & {onEnd?: (end: any) => void}} StreamOptions
 * `quantize` converts full-precision matrices to 8 or 4 bits; "auto" converts those of large models to 8.
 * @typedef {{model: string | URL | Blob | File[], tokenizer?: string, quantize?: 8 | 4 | "auto"}} ModelChoice
 * @typedef {AsyncGenerator<Chunk | End, void, void> & {cancel: () => void}} Writing
 */

/** A message to the worker, without its id. @typedef {Record<string, unknown> & {type: string}} Message */

/** Milliseconds within which a worker loads its script, which is small; a blocked one never does. */
const PATIENCE = 60_000;

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
  #silence;

  /** @param {{createWorker?: () => Worker, patience?: number}} [options] milliseconds within which the worker must answer */
  constructor({ createWorker = startWorker, patience = PATIENCE } = {}) {
    this.#worker = createWorker();
    this.#silence = setTimeout(() => this.#fail("it does not respond"), patience);
    /** @type {any} */ (this.#silence).unref?.(); // under Node, which would wait for it
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => this.#fail(event.message || "its script could not be loaded");
    this.#worker.onmessageerror = () => this.#end(died("it sent an unreadable message"));
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
   * The arguments `model` and `conversation` are handles (`model.call` adds its own), `files` is what `modelSource`
   * returns. An aborted signal rejects with an AbortError, and stops the job at its next step.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {RequestOptions & {onPart?: (part: any) => void}} [options]
   * @returns {Promise<any>} what the job returns
   */
  async run(name, args = {}, options = {}) {
    return (await this.#ask({ type: "run", job: name, args }, options)).result;
  }

  /**
   * Runs a job of which each part is wanted: iterate over what it returns. The last item is the job's end. Leaving
   * the loop cancels, and so does `cancel()`, which lets a job that can end by itself do so.
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

  /**
   * @param {number} model
   * @param {string | Turn[]} prompt a text to continue, or messages to answer
   * @param {GenerateOptions & RequestOptions} options
   * @returns {Writing}
   */
  generate(model, prompt, { signal, onProgress, given, state, ...settings }) {
    const args = {
      model,
      prompt,
      settings,
      ...(given !== undefined && { given }),
      ...(state !== undefined && { state }),
    };
    return this.stream("generate", args, { signal, onProgress });
  }

  /**
   * @param {number} model
   * @param {import("./protocol.js").ConversationOptions} options
   * @returns {Promise<{conversation: number, messages: Turn[]}>}
   */
  converse(model, options) {
    return this.run("converse", { model, ...options });
  }

  /**
   * @param {number} conversation
   * @param {string} message
   * @param {GenerateOptions & RequestOptions} options
   * @param {(end: End) => void} onEnd called at the end, also when the loop was left before it
   * @returns {Writing}
   */
  say(conversation, message, { signal, onProgress, ...settings }, onEnd) {
    return this.stream("say", { conversation, message, settings }, { signal, onProgress, onEnd });
  }

  /** @param {number} conversation */
  async forget(conversation) {
    await this.#ask({ type: "forget", conversation }, {});
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

  /** A network failure may have been caused by the page's policy. @param {Pending} pending @param {ErrorFields} error */
  async #refuse(pending, error) {
    const isNetwork = error.code === "network" || error.code === "engine-start";
    pending.fail((isNetwork && (await explainPolicy(this.#worker))) || new EngineError(error));
  }

  /** The worker holds this lock while it lives; whoever gets it knows that the worker is gone. @param {string} lock */
  #watchLock(lock) {
    const gone = () => this.#end(died("the browser ended it, possibly because memory ran out"));
    navigator.locks.request(lock, { signal: this.#watch.signal }, gone).catch(() => {}); // aborted when this side ends the worker
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

/** A loaded model. */
export class Model {
  #engine;
  #handle;

  /** @param {Engine} engine @param {number} handle @param {ModelInfo} info */
  constructor(engine, handle, info) {
    this.#engine = engine;
    this.#handle = handle;
    this.info = info;
    this.state = new ModelState(this);
  }

  get engine() {
    return this.#engine;
  }

  /**
   * Continues a prompt. Iterate over what it returns: chunks, then the end.
   * @param {string} prompt
   * @param {GenerateOptions & RequestOptions} [options]
   */
  generate(prompt, options = {}) {
    const state = this.state.bytes;
    return this.#engine.generate(this.#handle, prompt, state ? { state, ...options } : options);
  }

  /**
   * Generates the assistant's next turn after messages, in the chat format of the model's description. For a
   * conversation of several turns use `converse`, which reads every message only once.
   * @param {Turn[]} messages
   * @param {GenerateOptions & RequestOptions} [options]
   */
  chat(messages, options = {}) {
    const state = this.state.bytes;
    return this.#engine.generate(this.#handle, messages, state ? { state, ...options } : options);
  }

  /**
   * Starts a conversation.
   * @param {{system?: string, messages?: Turn[], state?: Uint8Array | null, format?: string}} [options]
   *   a system prompt; messages from elsewhere; a saved state to start from; and "world", "g1" or "g1-quick" instead
   *   of the model's own format
   * @returns {Promise<Conversation>}
   */
  async converse({ system = "", messages = [], state = this.state.bytes, format = "" } = {}) {
    const options = { system, messages, chat_format: format, ...(state && { state }) };
    return new Conversation(this, await this.#engine.converse(this.#handle, options));
  }

  /** @param {string} text @returns {Promise<{token: number, text: string}[]>} */
  tokenize(text) {
    return this.call("tokenize", { text });
  }

  /** @param {number[]} tokens @returns {Promise<string>} */
  detokenize(tokens) {
    return this.call("detokenize", { tokens });
  }

  /**
   * The natural logarithm of each token's probability, given all before it; the first has null.
   * @param {string} text
   * @param {{top?: number}} [options] how many of the most probable candidates to add
   * @returns {Promise<{token: number, text: string, logprob: number | null, top_logprobs?: import("./protocol.js").Candidate[]}[]>}
   */
  async logprobs(text, { top = 0 } = {}) {
    const found = await this.call("logprobs", { text, top });
    return found.map((/** @type {any} */ entry) => ({ ...entry, logprob: entry.logprob ?? null }));
  }

  /**
   * Runs a job of the Python package on this model; see `Engine.run`.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {RequestOptions} [options]
   */
  call(name, args = {}, options = {}) {
    return this.#engine.run(name, { model: this.#handle, ...args }, options);
  }

  /** Frees the model's memory; the engine remains for other models. */
  async unload() {
    if (!this.#engine.ended) await this.#engine.unload(this.#handle);
  }

  /** Ends the engine, and with it every model in it. */
  dispose() {
    this.#engine.dispose();
  }
}

/** A conversation with a model, which reads every message only once. */
export class Conversation {
  #number;
  /** The messages so far, with the thoughts of a reasoning model. @type {Turn[]} */
  messages;

  /** @param {Model} model @param {{conversation: number, messages: Turn[]}} begun */
  constructor(model, { conversation, messages }) {
    this.model = model;
    this.#number = conversation;
    this.messages = messages;
  }

  /**
   * Sends a message and streams the reply. A reply that fails, or is stopped before its first token, leaves the
   * conversation unchanged.
   * @param {string} message
   * @param {GenerateOptions & RequestOptions} [options]
   */
  say(message, options = {}) {
    return this.model.engine.say(this.#number, message, options, ({ messages }) => {
      this.messages = messages ?? this.messages;
    });
  }

  /**
   * Removes the last message and the reply to it.
   * @returns {Promise<string>} the message
   */
  async undo() {
    const { message, messages } = await this.#call("undo");
    this.messages = messages;
    return message;
  }

  /**
   * The conversation so far as a file, from which others can start.
   * @param {string} [name]
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  save(name = "") {
    return this.#call("save_conversation", { name });
  }

  /** Frees the conversation. */
  async close() {
    if (!this.model.engine.ended) await this.model.engine.forget(this.#number);
  }

  /** @param {string} name @param {Record<string, unknown>} [args] */
  #call(name, args = {}) {
    return this.model.engine.run(name, { conversation: this.#number, ...args });
  }
}

/** The state from which a model starts: what it has read already, as a value that can be saved. */
export class ModelState {
  #model;
  /** @type {Uint8Array | null} a safetensors file; null starts from nothing */
  bytes = null;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
  }

  /**
   * The state after reading a text, starting from the loaded state, which does not change.
   * @param {string} [text]
   * @returns {Promise<Uint8Array>}
   */
  save(text = "") {
    return this.#model.call("save_state", { text, state: this.bytes });
  }

  /**
   * Makes `generate`, `chat` and `converse` start from a saved state; null makes them start from nothing again.
   * @param {Uint8Array | null} bytes
   */
  async load(bytes) {
    if (bytes) await this.#model.call("save_state", { text: "", state: bytes }); // fails for another model's state
    this.bytes = bytes;
  }
}

/**
 * Loads a model: from the address of a folder with a config.json, from the address of one file of weights, or from
 * chosen files. Without `engine` a new one is started, and ended again if loading fails.
 * `root` is where the engine's files are served, if not beside this one.
 * `kernel` is "auto" (the fastest that runs here), "relaxed", "plain" or "numpy".
 * `threads` is the number of threads on a cross-origin isolated page; by default as many as are fastest.
 * @param {ModelChoice & {kernel?: string, threads?: number, engine?: Engine, root?: string} & RequestOptions} options
 * @returns {Promise<Model>}
 */
export async function loadModel({
  model,
  tokenizer,
  quantize,
  kernel = "auto",
  threads,
  engine,
  root,
  ...options
}) {
  const used = engine ?? new Engine(root ? { createWorker: () => startWorker(absolute(root)) } : {});
  try {
    return await used.load({ ...modelSource({ model, tokenizer, quantize }), kernel, threads }, options);
  } catch (error) {
    if (!engine) used.dispose();
    throw error;
  }
}

/** @param {string} url */
const absolute = (url) => new URL(url, globalThis.location?.href).href;

/**
 * The message form of where a model comes from.
 * @param {ModelChoice} choice
 * @returns {import("./protocol.js").ModelFiles}
 */
export function modelSource({ model, tokenizer, quantize }) {
  if (typeof model === "string" || model instanceof URL) {
    const { href, pathname } = new URL(model, globalThis.location?.href);
    if (looksLikeWeights(pathname)) return { kind: "url", url: href, tokenizer, quantize };
    return { kind: "folder", url: href, quantize };
  }
  const files = Array.isArray(model) ? model : [model];
  const names = files.map((file) => ("name" in file ? String(file.name) : "model"));
  return { kind: "files", files, names, tokenizer, quantize };
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
