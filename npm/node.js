/** The library under Node: the same engine in a worker thread. Its files are read from this package. */

import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { Engine, loadModel as load } from "./engine/client.js";

export { Conversation, Engine, EngineError, Model } from "./engine/client.js";
export { createChatCompletion } from "./engine/openai.js";

/** A thread with the interface of a browser's Worker. */
class Thread {
  onmessage = null;
  onerror = null;
  onmessageerror = null;

  constructor() {
    // Not the process's own flags: --input-type, which --eval needs, is refused by a thread.
    this.thread = new Worker(new URL("./node-worker.js", import.meta.url), { execArgv: [] });
    this.thread.on("message", (data) => this.onmessage?.({ data }));
    this.thread.on("error", (error) => this.onerror?.({ message: error.message }));
    this.thread.on("exit", () => this.onerror?.({ message: "its thread ended" }));
  }

  postMessage(message) {
    this.thread.postMessage(message);
  }

  terminate() {
    this.thread.terminate();
  }
}

/** The URL of a model: a path is a folder or a file of weights on disk; a URL is fetched. */
function address(model) {
  if (typeof model !== "string" || /^[a-z][a-z+.-]+:\/\//i.test(model)) return model;
  const file = /\.\w+$/.test(model) || model.endsWith("/");
  return pathToFileURL(file ? model : `${model}/`).href;
}

export async function loadModel({ model, engine, ...options }) {
  const used = engine ?? new Engine({ createWorker: () => new Thread() });
  try {
    return await load({ ...options, model: address(model), engine: used });
  } catch (error) {
    if (!engine) used.dispose();
    throw error;
  }
}
