/**
 * What the panel shows of the chosen model: before it is loaded how large it is, afterwards how it runs.
 */

import { FILES } from "../engine/root.js";
import { DEFAULT_MODEL, downloadOf, needsOf } from "../ui/default-model.js";
import { byId, element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { decimal, megabytes, t, tn, translated } from "../ui/words.js";

const PARTS = new URL("engine/parts.json", FILES);

export class ModelFacts {
  #title = byId("model-title", "p");
  #facts = byId("model-facts", "p");
  #notices = byId("model-notices", "p");
  #size = byId("load-size", "p");
  #hint;
  #isDefault = true;

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
   * Shows how much would be downloaded, what it takes and how fast it would be; returns the default model's
   * description.
   * @param {boolean} isDefault
   */
  async showSize(isDefault) {
    const [engine, model] = await Promise.all([
      fetchDescription(PARTS),
      fetchDescription(new URL("config.json", DEFAULT_MODEL)),
    ]);
    this.#isDefault = isDefault;
    const size = downloadOf(engine.parts);
    if (size) this.#showCosts(size, isDefault ? model : null);
    return model;
  }

  /** @param {number} engine bytes of it @param {any} model the default one's description, if it is chosen */
  async #showCosts(engine, model) {
    const sizes = { engine: megabytes(engine), model: megabytes(downloadOf(model?.files)) };
    const words = model
      ? t("The engine is {engine}, the model {model}, from this site.", sizes)
      : t("The engine is {engine}, from this site.", sizes);
    const facts = model?.files ? [element("br"), await defaultForecast(model, engine)] : [];
    if (this.#isDefault === Boolean(model)) this.#size.replaceChildren(`${this.#hint} ${words}`, ...facts);
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

/** @param {any} model @param {number} engine */
async function defaultForecast(model, engine) {
  const { forecastWords } = await import("../ui/forecast.js"); // later, as it measures
  return await forecastWords(needsOf(model, engine), { withDownload: false });
}
