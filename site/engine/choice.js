/**
 * What somebody asks for when loading a model, checked, and in the form in which the worker is told where its
 * files come from (protocol.js). Nothing is requested here.
 */

import { assetsIn, base } from "./assets.js";
import { looksLikeWeights } from "./file-names.js";
import { looksLikeId, resolveId } from "./model-ids.js";
import { nearest } from "./nearest.js";
import { EngineError } from "./protocol.js";

/**
 * Which model, and how it is loaded.
 * @typedef {object} ModelChoice
 * @property {string | URL | Blob | File[]} [model] the address of a folder with a config.json or of one file
 *   of weights, an id on a hub (`owner/repo:path@revision#sha256=HEX`), or chosen files; under Node also a
 *   path. By default the model that comes with Goosequill.
 * @property {string | URL | Blob} [tokenizer] by default the model's own: "world", "neox-20b" or "byte", or
 *   the address or content of a tokenizer.json or of a vocabulary in BlinkDL's text form; under Node also a
 *   path
 * @property {8 | 4 | "auto"} [quantize] converts full-precision matrices to 8 or 4 bits; "auto" converts
 *   those of large models to 8
 * @property {string} [kernel] "auto", which is the fastest that runs here, "relaxed", "plain" or "numpy"
 * @property {number} [threads] on a cross-origin isolated page; by default as many as are fastest
 * @property {string} [root] the folder that has the engine's files, if they are not found by themselves
 * @property {string} [host] where ids are looked up, by default https://huggingface.co
 */

/** All that `loadModel` understands. */
const OPTIONS = [
  ...["model", "tokenizer", "quantize", "kernel", "threads", "root", "host"],
  ...["engine", "signal", "onProgress"],
];
const QUANTIZE = [undefined, null, 8, 4, "auto"];
/** Tokenizers that need no file. */
const TOKENIZERS = ["", "world", "neox-20b", "byte"];

/**
 * Refuses options that do not exist.
 * @param {Record<string, any>} options of `loadModel`
 * @throws {EngineError} `option`
 */
export function checkOptions(options) {
  for (const name of Object.keys(Object(options))) {
    if (OPTIONS.includes(name)) continue;
    const near = nearest(name, OPTIONS);
    throw new EngineError({
      code: "option",
      message: `loadModel has no option “${name.slice(0, 100)}”.`,
      remedy: near ? `Did you mean “${near}”?` : `The options are ${OPTIONS.join(", ")}.`,
    });
  }
}

/**
 * The message form of where a model comes from.
 * @param {ModelChoice} choice
 * @returns {import("./protocol.js").ModelSource}
 * @throws {EngineError} `option` or `model-id`
 */
export function modelSource({ model, quantize, host, root, kernel, threads, ...choice }) {
  if (!QUANTIZE.includes(quantize)) throw refusal("quantize", quantize, "8, 4 or “auto”");
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw refusal("threads", threads, "a whole number from 1 on");
  }
  const tokenizer = tokenizerSource(choice.tokenizer, host);
  const how = { tokenizer, quantize, ...(kernel && { kernel }), ...(threads && { threads }) };
  if (model === undefined) return { kind: "folder", ...assetsIn(root).folder("models/default/"), ...how };
  if (typeof model === "string" || model instanceof URL) {
    const { url, sha256 } = located("model", model, host);
    if (!looksLikeWeights(new URL(url).pathname) && !sha256) return { kind: "folder", url, ...how };
    return { kind: "url", url, ...(sha256 && { sha256 }), ...how };
  }
  const files = Array.isArray(model) ? model : [model];
  if (!files.length || !files.every((file) => file instanceof Blob)) {
    throw refusal("model", model, "an address, the id of a model, a File or a list of Files");
  }
  const names = files.map((file) => ("name" in file ? String(file.name) : "model"));
  return { kind: "files", files, names, ...how };
}

/**
 * @param {ModelChoice["tokenizer"]} tokenizer
 * @param {string} [host]
 * @returns {import("./protocol.js").TokenizerSource | undefined}
 */
function tokenizerSource(tokenizer, host) {
  if (tokenizer === undefined || tokenizer instanceof Blob) return tokenizer;
  if (typeof tokenizer === "string" && TOKENIZERS.includes(tokenizer)) return tokenizer;
  if (typeof tokenizer === "string" || tokenizer instanceof URL) return located("tokenizer", tokenizer, host);
  throw refusal("tokenizer", tokenizer, "a name, an address or a File");
}

/**
 * @param {string} option
 * @param {string | URL} where an address or an id
 * @param {string} [host]
 * @returns {{url: string, sha256?: string}}
 */
function located(option, where, host) {
  if (typeof where === "string" && looksLikeId(where)) {
    const { address, sha256 } = resolveId(where, host);
    return { url: address, ...(sha256 && { sha256 }) };
  }
  const known = String(where) !== "" && URL.canParse(String(where), base());
  if (!known) throw refusal(option, where, "an address, such as /models/my-model/");
  const url = new URL(where, base());
  const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1].toLowerCase();
  url.hash = "";
  return { url: url.href, ...(sha256 && { sha256 }) };
}

/** @param {string} option @param {unknown} value @param {string} allowed */
function refusal(option, value, allowed) {
  const given =
    typeof value === "string" ? `“${value.slice(0, 100)}”` : Object.prototype.toString.call(value);
  return new EngineError({
    code: "option",
    message: `The option “${option}” cannot be ${typeof value === "number" ? value : given}.`,
    remedy: `Use ${allowed}.`,
  });
}
