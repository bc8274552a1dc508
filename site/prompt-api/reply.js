/** What the Prompt API's methods give back: pieces of a reply, and exceptions. */

import { refusal } from "./input.js";

/** @import { Content } from "./input.js" */

/** Joins pieces of the same type; texts are only of these kinds. @param {any[]} pieces */
export function joined(pieces) {
  /** @type {Content[]} */
  const found = [];
  for (const piece of pieces) {
    const part = typeof piece === "string" ? { type: "text", value: piece } : piece;
    const last = found.at(-1);
    if (last && last.type === part.type && typeof part.value === "string") last.value += part.value;
    else found.push({ ...part });
  }
  return found;
}

/** Codes of the engine's errors that have an exception of their own. @type {Record<string, string>} */
const EXCEPTIONS = {
  network: "NetworkError",
  "all-tokens-removed": "NotSupportedError",
  "json-schema": "NotSupportedError",
  "reasoning-effort": "NotSupportedError",
  regex: "NotSupportedError",
  "regex-empty": "SyntaxError",
  "regex-too-large": "NotSupportedError",
};

/**
 * What a page is told of a failure: the reason of an aborted signal, an exception of ours, or one that says
 * what the engine said, which is its cause.
 * @param {any} error
 * @param {AbortSignal | undefined} signal
 * @param {string} otherwise the exception's name
 */
export function exceptionOf(error, signal, otherwise) {
  if (signal?.aborted) return signal.reason;
  if (!error?.code || typeof error.code !== "string") return error;
  const message = [error.message, error.remedy].filter(Boolean).join(" ");
  const exception = refusal(EXCEPTIONS[error.code] ?? otherwise, message);
  return Object.defineProperty(exception, "cause", { value: error, configurable: true, writable: true });
}
