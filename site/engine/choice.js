/**
 * What somebody asks for when loading a model, in the form in which the worker is told where its files come
 * from (protocol.js). Nothing is requested here, and nothing checked: that is in checks.js, and of
 * ids in the worker.
 */

import { assetsIn, base } from "./assets.js";
import { looksLikeWeights } from "./file-names.js";
import { looksLikeId } from "./model-ids.js";
import { EngineError } from "./protocol.js";

/**
 * Which model, and how it is loaded.
 * @typedef {object} ModelChoice
 * @property {string | URL | Blob | File[]} [model] the address of a folder with a config.json, of one file of
 *   weights or of a .safetensors.index.json that lists several, an id on a hub
 *   (`owner/repo:path@revision#sha256=HEX`), or chosen files; under Node also a path. By default the model
 *   that comes with Goosequill.
 * @property {string | URL | Blob} [tokenizer] by default the model's own: "world", "neox-20b" or "byte", or
 *   the address or content of a tokenizer.json or of a vocabulary in BlinkDL's text form; under Node also a
 *   path
 * @property {8 | 4 | "auto"} [quantize] converts full-precision matrices to 8 or 4 bits; "auto" converts
 *   those of large models to 8
 * @property {"server"} [tables] reads rows of an RWKV-7a model's tables from its server by ranges instead of
 *   downloading the tables; the server then sees which tokens are read
 * @property {"auto" | "relaxed" | "plain" | "numpy"} [kernel] "auto" is the fastest that runs here
 * @property {number} [threads] on a cross-origin isolated page; by default as many as are fastest
 * @property {string} [root] the folder that has the engine's files, if they are not found by themselves
 * @property {string} [host] where ids are looked up, by default https://huggingface.co
 */

/**
 * A file that tuning wrote, or a tuned state (.pth): its address or id, or its bytes; under Node also a path.
 * @typedef {string | URL | Blob | Uint8Array | ArrayBuffer} Adapter
 */

/** Tokenizers that need no file. */
export const TOKENIZERS = ["", "world", "neox-20b", "byte"];

/**
 * The message form of where a model comes from.
 * @param {ModelChoice} choice
 * @returns {import("./protocol.js").ModelSource}
 */
export function modelSource({ model, quantize, tables, host, root, kernel, threads, ...choice }) {
  const tokenizer = tokenizerSource(choice.tokenizer, host);
  const given = { ...(tables && { tables }), ...(kernel && { kernel }), ...(threads && { threads }) };
  const how = { tokenizer, quantize, ...given };
  if (model === undefined) return { kind: "folder", ...defaultModel(assetsIn(root)), ...how };
  if (typeof model === "string" && looksLikeId(model)) return { kind: "id", id: model, host, ...how };
  if (typeof model === "string" || model instanceof URL) {
    const { url, sha256 } = located(model);
    if (!looksLikeWeights(new URL(url).pathname) && !sha256) return { kind: "folder", url, ...how };
    return { kind: "url", url, ...(sha256 && { sha256 }), ...how };
  }
  const files = Array.isArray(model) ? model : [model];
  const names = files.map((file) => ("name" in file ? String(file.name) : "model"));
  return { kind: "files", files, names, ...how };
}

/**
 * The message form of where an adapter comes from.
 * @param {Adapter} adapter
 * @param {string} [host]
 * @returns {import("./protocol.js").ModelFiles}
 */
export function adapterSource(adapter, host) {
  if (typeof adapter === "string" && looksLikeId(adapter)) return { kind: "id", id: adapter, host };
  if (typeof adapter === "string" || adapter instanceof URL) return { kind: "url", ...located(adapter) };
  const file = adapter instanceof Blob ? adapter : new Blob([/** @type {BlobPart} */ (adapter)]);
  return { kind: "files", files: [file], names: ["name" in file ? String(file.name) : "adapter"] };
}

/** @param {import("./assets.js").Assets} assets */
export function defaultModel(assets) {
  const folder = assets.folder("models/default/");
  if (!folder.addresses || "config.json" in folder.addresses) return folder;
  throw new EngineError({
    code: "not-found",
    message: "The default model is not a part of “goosequill/engine”.",
    remedy: "Pass the address or the id of a model, or import “goosequill”.",
  });
}

/**
 * @param {ModelChoice["tokenizer"]} tokenizer
 * @param {string} [host]
 * @returns {import("./protocol.js").TokenizerSource | undefined}
 */
function tokenizerSource(tokenizer, host) {
  if (tokenizer === undefined || tokenizer instanceof Blob) return tokenizer;
  if (typeof tokenizer === "string" && TOKENIZERS.includes(tokenizer)) return tokenizer;
  if (typeof tokenizer === "string" && looksLikeId(tokenizer)) return { id: tokenizer, host };
  return located(tokenizer);
}

/** @param {string | URL} where an address @returns {{url: string, sha256?: string}} */
function located(where) {
  const url = new URL(where, base());
  const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1].toLowerCase();
  url.hash = "";
  return { url: url.href, ...(sha256 && { sha256 }) };
}
