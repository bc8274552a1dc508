/**
 * The public JavaScript interface: load a model, generate text with it, dispose of it.
 *
 *   const model = await loadModel({ model: "BlinkDL/rwkv7-g1:FILE.pth", onProgress, signal });
 *   for await (const chunk of model.generate("Once upon a time", { temperature: 0.8, signal })) {
 *     text += chunk.text;              // the last item has finish_reason, usage and seed
 *   }
 *   model.dispose();
 *
 * Leaving the loop cancels; an aborted signal ends it with an AbortError, as fetch does; and `cancel()` on
 * what generate returns ends it normally, with finish_reason "abort". All work is done in a worker
 * (worker.js).
 */

import { checkOptions } from "./checks.js";
import { modelSource } from "./choice.js";
import { Engine } from "./engine.js";
import { engineFrom } from "./holder.js";
import { tie, tiesOf } from "./model.js";

export { readConversations, writeConversations } from "./conversation-files.js";
export { Conversation, Model, ModelState } from "./model.js";
export { EngineError } from "./protocol.js";
export { Engine, modelSource };

/**
 * @typedef {import("./protocol.js").Progress} Progress
 * @typedef {import("./protocol.js").Chunk} Chunk
 * @typedef {import("./protocol.js").End} End
 * @typedef {import("./protocol.js").ModelInfo} ModelInfo
 * @typedef {import("./protocol.js").Message} Turn
 * @typedef {import("./model.js").Model} LoadedModel
 * @typedef {import("./engine.js").RequestOptions} RequestOptions
 * @typedef {import("./engine.js").Writing} Writing
 * @typedef {import("./choice.js").ModelChoice} ModelChoice
 * @typedef {import("./choice.js").Adapter} Adapter
 * @typedef {import("./protocol.js").AdapterFacts} AdapterFacts
 * @typedef {{adapter?: Adapter | null, strength?: number}} AdapterOptions
 * @typedef {ModelChoice & AdapterOptions & {engine?: Engine} & RequestOptions} LoadOptions
 */

/**
 * Loads a model. Without `engine` it shares the page's engine with other models and elements; `dispose` of
 * the model frees it, and ends the engine when nothing else uses it. With an `adapter` it writes as that was
 * tuned, with a `strength` from 0 to 1.5 (1 by default); see `Model.withAdapter`.
 * @param {LoadOptions} [options]
 * @returns {Promise<LoadedModel>}
 * @throws {EngineError} `option` and `model-id` before anything is downloaded; then the codes of the
 *   reference of errors
 */
export async function loadModel(options = {}) {
  checkOptions(options);
  const { engine, signal, onProgress, adapter, strength, ...choice } = options;
  const model = await (engine
    ? engine.load(modelSource(choice), { signal, onProgress })
    : leased(choice, { signal, onProgress }));
  if (adapter === undefined || adapter === null) return model;
  return await adapted(model, adapter, { strength, host: choice.host, signal, onProgress });
}

/** @param {ModelChoice} choice @param {RequestOptions} options */
async function leased(choice, options) {
  const lease = engineFrom(choice.root).lease(choice);
  const model = await lease.load(options);
  tie(model, { release: () => lease.release(), revive: (again) => lease.load(again) });
  return model;
}

/**
 * A model with an adapter that is all there is of it: whoever gives it up gives up the weights.
 * @param {LoadedModel} base
 * @param {Adapter} adapter
 * @param {{strength?: number, host?: string} & RequestOptions} options
 */
async function adapted(base, adapter, options) {
  try {
    const model = await base.withAdapter(adapter, options);
    tie(model, { base, release: () => base.dispose() });
    return model;
  } catch (error) {
    if (tiesOf(base).release) base.dispose();
    else await base.unload(); // its engine is the caller's
    throw error;
  }
}
