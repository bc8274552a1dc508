/** The library under Node: the same engine in a worker thread. Its files are read from this package. */

import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { Engine as BrowserEngine, loadModel as load } from "./engine/client.js";
import { looksLikeId } from "./engine/model-ids.js";

export {
  Conversation,
  EngineError,
  Model,
  ModelState,
  readConversations,
  writeConversations,
} from "./engine/client.js";
export { createChatCompletion, createCompletion, createFetch } from "./engine/openai.js";

/**
 * This folder. A bundler of servers, as Next.js has two, would follow `new URL(..., import.meta.url)` and
 * move the thread's code away from its files; it does not follow this.
 */
const HERE = import.meta.url.replace(/[^/]*$/, "");

/** Replies after which a request is not over. */
const STREAMED = ["progress", "part"];

/**
 * A thread with the interface of a browser's Worker. It keeps the process running only while a request waits
 * for its reply.
 */
class Thread {
  onmessage = null;
  onerror = null;
  onmessageerror = null;
  #waiting = new Set();

  constructor() {
    // Not the process's own flags: --input-type, which --eval needs, is refused by a thread.
    this.thread = new Worker(new URL("node-worker.js", HERE), { execArgv: [] });
    this.thread.unref();
    this.thread.on("message", (data) => this.#receive(data));
    this.thread.on("error", (error) => this.onerror?.({ message: error.message }));
    this.thread.on("exit", () => this.onerror?.({ message: "its thread ended" }));
  }

  #receive(data) {
    if (!STREAMED.includes(data.type) && this.#waiting.delete(data.id) && !this.#waiting.size) {
      this.thread.unref();
    }
    this.onmessage?.({ data });
  }

  postMessage(message) {
    if (message.type !== "cancel" && this.#waiting.add(message.id).size === 1) this.thread.ref();
    this.thread.postMessage(message);
  }

  terminate() {
    this.thread.terminate();
  }
}

export class Engine extends BrowserEngine {
  constructor(options = {}) {
    super({ createWorker: () => new Thread(), ...options });
  }
}

/** The URL of a model or a tokenizer: a path is a folder or a file on disk; a URL or an id is fetched. */
function address(where) {
  if (typeof where !== "string" || !where) return where;
  if (/^[a-z][a-z+.-]+:\/\//i.test(where) || looksLikeId(where)) return where;
  const file = /\.\w+$/.test(where) || where.endsWith("/");
  return pathToFileURL(file ? where : `${where}/`).href;
}

const NAMES = ["world", "neox-20b", "byte"];

/** Options of which paths are addresses, with the package's own files by default. */
export function located(options) {
  const { model, tokenizer, adapter, root = HERE } = options;
  const isName = typeof tokenizer !== "string" || NAMES.includes(tokenizer);
  const given = adapter === undefined ? {} : { adapter: address(adapter) };
  const own = { root, model: address(model), tokenizer: isName ? tokenizer : address(tokenizer) };
  return { ...options, ...own, ...given };
}

export async function loadModel(options = {}) {
  const { engine = new Engine() } = options;
  try {
    return await load({ ...located(options), engine });
  } catch (error) {
    if (!options.engine) engine.dispose();
    throw error;
  }
}
