/** Teaching a model a manner, from JavaScript: a job of `goosequill.tuning`. */

/** @import { AdapterFacts } from "./protocol.js" */
/** @import { Model } from "./model.js" */
/** @import { RequestOptions } from "./engine.js" */

/**
 * How far tuning has come after a step, of which there are `total` at most, the trials of learning rates
 * among them; `done` is 0 before the first. `step` counts those with the learning rate `rate`. `loss` is that
 * of the batch (null before the first), `heldBack` that of what is held back (null where it was not
 * measured), `best` the lowest: bits per byte, or nats for preferences. `right` is the share of the
 * preferences held back that the model agrees with, null for texts. `sample` is how the prompt is continued
 * now, "" where it was not.
 * @typedef {{
 *   done: number, total: number, step: number, rate: number, loss: number | null,
 *   heldBack: number | null, best: number, right: number | null,
 *   secondsLeft: number, sample: string, prompt?: string
 * }} TuningStep the first one has the `prompt`
 * A text from which nothing was learned.
 * @typedef {{prompt: string, text: string}} HeldBack
 * @typedef {{data: Uint8Array<ArrayBuffer>, about: AdapterFacts, heldBack: HeldBack[]}} Tuned
 */
/**
 * `method`: "vectors" (default) tunes all vectors, "state" the state before the first token. `prompt`: what
 * is continued from time to time, by default the beginning of an example held back; "" for nothing. `steps`:
 * at most, 180 by default. An aborted `signal` rejects; an aborted `stop` ends with the best so far.
 * @typedef {{
 *   method?: "vectors" | "state", name?: string, steps?: number, learningRate?: number, seed?: number,
 *   prompt?: string, onStep?: (step: TuningStep) => void, stop?: AbortSignal
 * }} TuneOptions
 */

/**
 * Teaches a model a manner from examples; the model itself stays as it is.
 * @param {Model} model
 * @param {string | Uint8Array | (string | Record<string, unknown>)[]} examples a plain text, the bytes of a
 *   file, or texts and objects as such a file has them (goosequill.tuning.examples)
 * @param {TuneOptions & RequestOptions} [options]
 * @returns {Promise<Tuned>}
 * @throws {import("./protocol.js").EngineError} `examples` if they are damaged or of no known kind,
 *   `too-few-examples`, `tuning-version` if models of this version cannot be tuned
 */
export async function tune(model, examples, options = {}) {
  const { onStep, stop, signal, onProgress, learningRate, ...rest } = options;
  const { threads } = model.info;
  const asked = { signal, onProgress };
  // The model's threads do not have the transposed matrices of the way back.
  const gradient = threads > 1 ? (await model.call("open_gradient", { threads }, asked)).handle : undefined;
  /** @type {any} */
  let end;
  const onEnd = (/** @type {any} */ found) => {
    end = found;
  };
  const args = { examples, ...rest, learning_rate: learningRate, gradient };
  const parts = model.stream("teach", args, { ...asked, onEnd });
  const cancel = () => parts.cancel();
  if (stop?.aborted) cancel();
  stop?.addEventListener("abort", cancel);
  try {
    for await (const part of parts) if (part !== end) onStep?.(asStep(part));
  } finally {
    stop?.removeEventListener("abort", cancel);
    if (gradient) await model.engine.forget(gradient);
  }
  if (!end) throw stop?.reason; // it was stopped before the job began
  const { data, about, held_back: heldBack } = end;
  return { data, about, heldBack };
}

/** @param {any} part as Python has it, in which None is undefined @returns {TuningStep} */
function asStep({
  loss = null,
  right = null,
  held_back: heldBack = null,
  seconds_left: secondsLeft,
  ...part
}) {
  return { ...part, loss, right, heldBack, secondsLeft };
}
