/**
 * Generates with the real engine. Fetched when the visitor presses Generate for the first time.
 */

import { engineOptions } from "../ui/address.js";
import { DEFAULT_MODEL } from "../ui/default-model.js";
import { EngineHolder, ModelSlot } from "../ui/engine.js";
import { stepOf } from "./recording.js";

/** @import { Step } from "./recording.js" */
/** @import { Progress } from "../engine/client.js" */

const CHOICE = { model: DEFAULT_MODEL };
const slot = new ModelSlot(new EngineHolder(), engineOptions());

/**
 * Loads the default model, unless it is loaded.
 * @param {{signal: AbortSignal, onProgress: (progress: Progress) => void}} options
 */
export function load(options) {
  return slot.load(CHOICE, options);
}

/**
 * Generates a text, then explains it token by token.
 * @param {string} prompt
 * @param {{temperature: number, max_new_tokens: number, seed: number}} options
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Step & {token: number, logprob: number | null}, void>}
 */
export async function* generate(prompt, options, signal) {
  const model = await slot.load(CHOICE, { signal });
  /** @type {{token: number, text: string, logprob: number | null}[]} */
  const chunks = [];
  for await (const item of model.generate(prompt, { ...options, signal })) {
    if (!("finish_reason" in item)) chunks.push(item);
    else if (chunks.length) chunks[chunks.length - 1].text += item.text;
  }
  const written = chunks.map(({ token }) => token);
  for (const [index, { token, text, logprob }] of chunks.entries()) {
    const args = { prompt, written, index, settings: options };
    yield { ...stepOf(text, await model.call("explain", args, { signal })), token, logprob };
  }
}
