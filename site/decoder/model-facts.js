/**
 * What the panel shows of the chosen model: before it is loaded how large it is, afterwards how it runs.
 */

import { ROOT } from "../engine/root.js";
import { byId } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { decimal, megabytes, t, tn, translated } from "../ui/words.js";

export const DEFAULT_MODEL = new URL("models/default/", ROOT).href;
const PARTS = new URL("engine/parts.json", ROOT);

export class ModelFacts {
  #title = byId("model-title", "p");
  #facts = byId("model-facts", "p");
  #notices = byId("model-notices", "p");
  #size = byId("load-size", "p");
  #hint;

  /** @param {string} hint which buttons load the model */
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
    this.#title.textContent = translated(title);
    this.#facts.textContent = translated(description);
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
      const sizes = { engine: megabytes(size), model: megabytes(sum(model.files)) };
      const words = isDefault
        ? t("The engine is {engine}, the model {model}, from this site.", sizes)
        : t("The engine is {engine}, from this site.", sizes);
      this.#size.textContent = `${this.#hint} ${words}`;
    }
    return model;
  }

  /** Shows a loaded model. @param {import("../engine/client.js").ModelInfo} info */
  showLoaded(info) {
    this.#title.textContent = translated(info.title);
    const bits = info.quantization?.bits;
    const facts = [
      info.architecture.replace("rwkv", "RWKV-"),
      t("{count} million parameters", { count: decimal(info.parameters / 1e6, 1) }),
      bits ? t("{bits} bits", { bits }) : "",
      t("{layers} layers of width {width}", { layers: info.layers, width: info.width }),
      t("{tokenizer} tokenizer, {count} tokens", { tokenizer: info.tokenizer, count: info.vocab_size }),
      tn(info.threads, "{kernel} kernel, {n} thread", "{kernel} kernel, {n} threads", {
        kernel: info.kernel,
      }),
      t("loaded in {seconds} s", { seconds: decimal(info.load_seconds, 1) }),
      t("{size} of memory", { size: megabytes(info.heap_bytes + info.shared_bytes) }),
    ];
    this.#facts.textContent = facts.filter(Boolean).join(" · ");
    this.#notices.textContent = (info.notices ?? []).map(translated).join(" ");
  }
}

/** @param {{bytes: number}[]} [files] */
function sum(files = []) {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}
