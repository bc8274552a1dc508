/**
 * What the panel shows of the chosen model: before it is loaded how large it is, afterwards how it runs.
 */

import { ROOT } from "../engine/root.js";
import { byId, megabytes, number } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";

export const DEFAULT_MODEL = new URL("models/default/", ROOT).href;
const PARTS = new URL("engine/parts.json", ROOT);

export class ModelFacts {
  #title = byId("model-title", "p");
  #facts = byId("model-facts", "p");
  #notices = byId("model-notices", "p");
  #size = byId("load-size", "p");
  #hint;

  /** @param {string} hint the buttons that load the model */
  constructor(hint) {
    this.#hint = hint;
  }

  get title() {
    return this.#title.textContent ?? "";
  }

  /** @param {boolean} off */
  set sizeHidden(off) {
    this.#size.hidden = off;
  }

  /** Shows a model that is not loaded. @param {string} title @param {string} [description] */
  showTitle(title, description = "") {
    this.#title.textContent = title;
    this.#facts.textContent = description;
    this.#notices.textContent = "";
  }

  /**
   * Shows how much would be downloaded; returns the default model's description.
   * @param {boolean} isDefault
   */
  async showSize(isDefault) {
    const [engine, model] = await Promise.all([
      fetchDescription(PARTS),
      fetchDescription(new URL("config.json", DEFAULT_MODEL)),
    ]);
    const size = sum(engine.parts);
    if (size) {
      const own = isDefault ? `, the model ${megabytes(sum(model.files))}` : "";
      this.#size.textContent =
        `Nothing is downloaded until you press ${this.#hint}. ` +
        `The engine is ${megabytes(size)}${own}, from this site.`;
    }
    return model;
  }

  /** Shows a loaded model. @param {import("../engine/client.js").ModelInfo} info */
  showLoaded(info) {
    this.#title.textContent = info.title;
    const bits = info.quantization?.bits;
    const facts = [
      info.architecture.replace("rwkv", "RWKV-"),
      `${(info.parameters / 1e6).toFixed(1)} million parameters`,
      bits ? `${bits} bits` : "",
      `${info.layers} layers of width ${info.width}`,
      `${info.tokenizer} tokenizer, ${number(info.vocab_size)} tokens`,
      `${info.kernel} kernel, ${info.threads === 1 ? "1 thread" : `${info.threads} threads`}`,
      `loaded in ${info.load_seconds.toFixed(1)} s`,
      `${megabytes(info.heap_bytes + info.shared_bytes)} of memory`,
    ];
    this.#facts.textContent = facts.filter(Boolean).join(" · ");
    this.#notices.textContent = (info.notices ?? []).join(" ");
  }
}

/** @param {{bytes: number}[]} [files] */
function sum(files = []) {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}
