/**
 * The public JavaScript interface: load a model, generate text with it, dispose of it.
 *
 *   const model = await loadModel({ model: "models/default/", onProgress, signal });
 *   for await (const chunk of model.generate("Once upon a time", { temperature: 0.8, signal })) {
 *     text += chunk.text;              // the last item has finish_reason, usage and seed
 *   }
 *   model.dispose();
 *
 * Leaving the loop cancels; an aborted signal ends it with an AbortError, as fetch does; and `cancel()` on
 * what generate returns ends it normally, with finish_reason "abort". All work is done in a worker
 * (worker.js).
 */

import { Engine } from "./engine.js";
import { looksLikeWeights } from "./file-names.js";
import { startWorker } from "./start.js";

export { Conversation, Model, ModelState } from "./model.js";
export { EngineError } from "./protocol.js";
export { Engine };

/**
 * @typedef {import("./protocol.js").Progress} Progress
 * @typedef {import("./protocol.js").Chunk} Chunk
 * @typedef {import("./protocol.js").End} End
 * @typedef {import("./protocol.js").ModelInfo} ModelInfo
 * @typedef {import("./protocol.js").Message} Turn
 * @typedef {import("./model.js").Model} LoadedModel
 * @typedef {import("./engine.js").RequestOptions} RequestOptions
 * @typedef {import("./engine.js").Writing} Writing
 * `quantize` converts full-precision matrices to 8 or 4 bits; "auto" converts those of large models to 8.
 * @typedef {{model: string | URL | Blob | File[], tokenizer?: string, quantize?: 8 | 4 | "auto"}} ModelChoice
 */

/**
 * Loads a model: from the address of a folder with a config.json, from the address of one file of weights, or
 * from chosen files. Without `engine` a new one is started, and ended again if loading fails.
 * `root` is where the engine's files are served, if not beside this one.
 * `kernel` is "auto" (the fastest that runs here), "relaxed", "plain" or "numpy".
 * `threads` is the number of threads on a cross-origin isolated page; by default as many as are fastest.
 * @param {ModelChoice & {kernel?: string, threads?: number, engine?: Engine, root?: string} & RequestOptions}
 *   options
 * @returns {Promise<LoadedModel>}
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
