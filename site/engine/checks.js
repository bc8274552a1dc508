/**
 * Whether what somebody passes to `loadModel` can be meant, before anything is started. The element, whose
 * attributes are texts, does without this.
 */

import { base } from "./assets.js";
import { TOKENIZERS } from "./choice.js";
import { looksLikeId, resolveId } from "./model-ids.js";
import { nearest } from "./nearest.js";
import { EngineError } from "./protocol.js";

/** All that `loadModel` understands. */
const OPTIONS = [
  ...["model", "tokenizer", "quantize", "tables", "kernel", "threads", "root", "host"],
  ...["adapter", "strength", "engine", "signal", "onProgress"],
];
/** How much an adapter may change, as in goosequill.tuning.applying. */
const MOST_STRENGTH = 1.5;
const QUANTIZE = [undefined, null, 8, 4, "auto"];

/**
 * Refuses options that do not exist, and values that they cannot have.
 * @param {Record<string, any>} options of `loadModel`
 * @throws {EngineError} `option` or `model-id`
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
  const { model, tokenizer, quantize, tables, threads, host } = options;
  for (const id of [model, tokenizer, options.adapter])
    if (typeof id === "string" && looksLikeId(id)) resolveId(id, host);
  if (!QUANTIZE.includes(quantize)) throw refusal("quantize", quantize, "8, 4 or “auto”");
  if (tables !== undefined && tables !== "server") throw refusal("tables", tables, "“server”, or nothing");
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw refusal("threads", threads, "a whole number from 1 on");
  }
  const { adapter = null, strength = 1 } = options;
  const isFile = [Blob, Uint8Array, ArrayBuffer].some((kind) => adapter instanceof kind);
  if (!(adapter === null || isFile || isAddress(adapter))) {
    throw refusal("adapter", adapter, "an address, an id, a File or bytes");
  }
  if (!(strength >= 0 && strength <= MOST_STRENGTH)) {
    throw refusal("strength", strength, `a number from 0 to ${MOST_STRENGTH}`);
  }
  const files = Array.isArray(model) ? model : [model];
  if (!(isAddress(model) || (files.length && files.every((file) => file instanceof Blob)))) {
    throw refusal("model", model, "an address, the id of a model, a File or a list of Files");
  }
  const isName = TOKENIZERS.includes(tokenizer);
  if (!(isName || isAddress(tokenizer) || tokenizer instanceof Blob)) {
    throw refusal("tokenizer", tokenizer, "a name, an address or a File");
  }
}

/** Whether a value is an address or an id, or not given. @param {unknown} value */
function isAddress(value) {
  if (value === undefined || value instanceof URL) return true;
  return typeof value === "string" && value !== "" && (looksLikeId(value) || URL.canParse(value, base()));
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
