// The model of a page: which one is chosen, what is told of it, and its loading. The visitor chooses in
// models.js; an address may name a model too, which is fetched only after the visitor has agreed.

import { modelSource } from "../engine/client.js";
import { engineOptions } from "../ui/address.js";
import { byId, megabytes } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { EngineHolder, ModelSlot } from "../ui/engine.js";
import { consent, modelAt, offerModels, rounding, showChoice } from "./models.js";

/** @typedef {import("../engine/client.js").Model} Model */
/** @typedef {import("./models.js").Source} Source */
/**
 * What the page does: `busy` while it writes, `changed` when buttons may have to, `described` when more is
 * known of the model, `chosen` when another was chosen.
 * @typedef {{
 *   busy: () => boolean, changed: () => void, chosen: () => void, say: (text: string) => void,
 *   complain: (error: unknown) => void, progress: import("../ui/progress.js").ProgressView,
 *   described: (description: any) => void, hint: string
 * }} Host
 */

const DEFAULT_MODEL = new URL("../models/default/", import.meta.url).href;
const PARTS = new URL("../engine/parts.json", import.meta.url).href;

/** A small file that describes something; an empty one where it does not come. @param {string} url @returns {Promise<any>} */
export async function fetchDescription(url) {
  try {
    const response = await fetch(url);
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

export class ModelPanel {
  #host;
  #engine = new EngineHolder();
  #slot = new ModelSlot(this.#engine, engineOptions());
  /** @type {Source} */
  #default = { title: "The default model", model: DEFAULT_MODEL };
  #source = this.#default;
  /** @type {AbortController | null} while something is loading */
  #loading = null;
  /** Bytes of the engine and of the default model, 0 while unknown. */
  #sizes = { engine: 0, model: 0 };
  #title = byId("model-title", "p");
  #facts = byId("model-facts", "p");
  #notices = byId("model-notices", "p");
  #load = byId("load", "button");
  #loadSize = byId("load-size", "p");
  #useDefault = byId("use-default", "button");
  #file = byId("file", "input");
  #tokenizer = byId("tokenizer", "select");

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    offerModels({
      choose: (source) => this.#choose(source),
      inspect: (source) => this.#inspect(source),
      current: () => this.#source,
      busy: () => this.#busy,
      complain: host.complain,
    });
    this.#load.addEventListener("click", () => this.#loadOnly());
    this.#file.addEventListener("click", () => {
      this.#file.value = ""; // to pick the same once more is a change too
    });
    this.#file.addEventListener("change", () => this.#chooseFiles([...(this.#file.files ?? [])]));
    this.#useDefault.addEventListener("click", () => {
      this.#file.value = "";
      this.#choose(this.#default);
    });
    acceptDrops({
      onFiles: (files) => this.#chooseFiles(files),
      onDrag: (dragging) => document.body.toggleAttribute("data-dragging", dragging),
    });
  }

  get loading() {
    return this.#loading !== null;
  }

  get #busy() {
    return this.loading || this.#host.busy();
  }

  /** The model, if it is loaded. */
  get model() {
    return this.#slot.modelOf(this.#source);
  }

  get title() {
    return this.#title.textContent ?? "";
  }

  stop() {
    this.#loading?.abort();
  }

  /** What an address needs to name the model; nothing for the default one, and for picked files. @returns {Map<string, string>} */
  values() {
    const { model, tokenizer, quantize } = this.#source;
    if (this.#source === this.#default || typeof model !== "string") return new Map();
    const values = new Map([["model", model]]);
    if (tokenizer) values.set("tokenizer", tokenizer);
    if (quantize !== "auto") values.set("quantize", String(quantize ?? ""));
    return values;
  }

  /** Chooses the model that an address names; nothing is fetched yet. @param {Map<string, string>} values */
  restore(values) {
    const named = values.get("model");
    if (named === this.values().get("model")) return;
    if (named === undefined) {
      if (typeof this.#source.model === "string") this.#take(this.#default);
      return;
    }
    showChoice({ tokenizer: values.get("tokenizer") ?? "", quantize: values.get("quantize") ?? "auto" });
    const source = modelAt(named);
    if (source) this.#take(source);
  }

  showButtons() {
    const held = this.model !== null;
    this.#load.disabled = this.#busy || held;
    this.#load.textContent = held ? "Loaded" : "Load now";
    for (const control of [this.#file, this.#tokenizer, this.#useDefault]) control.disabled = this.#busy;
    this.#loadSize.hidden = held;
    this.#useDefault.hidden = this.#source === this.#default;
  }

  /** Tells of the chosen model what is known before it is loaded. */
  async describe() {
    this.#title.textContent = this.#source.title;
    this.#facts.textContent = "";
    this.#notices.textContent = "";
    this.#showSize();
    const source = this.#source;
    const [engine, model] = await Promise.all([
      fetchDescription(PARTS),
      fetchDescription(new URL("config.json", DEFAULT_MODEL).href),
    ]);
    this.#sizes = { engine: sum(engine.parts), model: sum(model.files) };
    this.#default.title = model.title ?? this.#default.title;
    this.#showSize();
    if (source !== this.#source || source !== this.#default || this.model) return;
    this.#title.textContent = source.title;
    this.#facts.textContent = model.description ?? "";
    this.#host.described(model);
  }

  #showSize() {
    if (!this.#sizes.engine) return;
    const own = this.#source === this.#default ? `, the model ${megabytes(this.#sizes.model)}` : "";
    this.#loadSize.textContent = `Nothing is loaded before you press ${this.#host.hint}. The engine is ${megabytes(this.#sizes.engine)}${own}, from this site.`;
  }

  /** @param {import("../engine/client.js").ModelInfo} info */
  #show(info) {
    this.#title.textContent = info.title;
    const bits = info.quantization?.bits;
    const facts = [
      info.architecture.replace("rwkv", "RWKV-"),
      `${(info.parameters / 1e6).toFixed(1)} million parameters`,
      bits ? `${bits} bits` : "",
      `${info.layers} layers of ${info.width}`,
      `${info.tokenizer} tokenizer, ${info.vocab_size.toLocaleString("en")} tokens`,
      `${info.kernel} kernel, ${info.threads === 1 ? "1 thread" : `${info.threads} threads`}`,
      `loaded in ${info.load_seconds.toFixed(1)} s`,
      `${megabytes(info.heap_bytes + info.shared_bytes)} of memory`,
    ];
    this.#facts.textContent = facts.filter(Boolean).join(" · ");
    this.#notices.textContent = (info.notices ?? []).join(" ");
    this.#host.described(info);
  }

  /** Loads what is chosen, unless it is loaded; throws what went wrong. @returns {Promise<Model>} */
  async ensure() {
    if (this.model) return this.model;
    const source = this.#source;
    if (typeof source.model === "string" && !(await consent(new URL(source.model)))) {
      throw new DOMException("The model was not fetched.", "AbortError");
    }
    return await this.#whileLoading("Loading…", async (options) => {
      const model = await this.#slot.load(source, options);
      this.#show(model.info);
      return model;
    });
  }

  /**
   * @template T
   * @param {string} text
   * @param {(options: {signal: AbortSignal, onProgress: (progress: any) => void}) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #whileLoading(text, work) {
    const { say, progress, changed } = this.#host;
    this.#loading = new AbortController();
    changed();
    say(text);
    try {
      return await work({ signal: this.#loading.signal, onProgress: (step) => progress.show(step) });
    } finally {
      this.#loading = null;
      progress.hide();
      changed();
    }
  }

  async #loadOnly() {
    try {
      const { info } = await this.ensure();
      this.#host.say(`${info.title} is ready.`);
    } catch (error) {
      this.#host.complain(error);
    }
  }

  /** @param {Source} source */
  #take(source) {
    this.#source = source;
    this.describe();
    this.#host.changed();
  }

  /** @param {Source} chosen */
  async #choose(chosen) {
    const before = this.#source;
    this.#take(chosen);
    try {
      const { info } = await this.ensure();
      this.#host.say(`${info.title} is ready.`);
      this.#host.chosen();
    } catch (error) {
      this.#take(before);
      const kept = this.model;
      if (kept) this.#show(kept.info);
      this.#host.complain(error);
    }
    this.#host.changed();
  }

  /** @param {File[]} files */
  #chooseFiles(files) {
    if (!files.length || this.#busy) return;
    const weights = files.reduce((largest, file) => (file.size > largest.size ? file : largest));
    const tokenizer = this.#tokenizer.value;
    this.#choose({ title: weights.name, model: files, tokenizer, quantize: rounding() });
  }

  /** Looks into a model's files; the engine is loaded for it, but not the model. @param {Source} source */
  #inspect(source) {
    return this.#whileLoading("Looking inside…", async (options) => {
      const found = await this.#engine.use((engine) => engine.inspect(modelSource(source), options));
      this.#host.say(`${source.title} has ${found.tensors.length} tensors.`);
      return found;
    });
  }
}

/** @param {{bytes: number}[]} [files] */
function sum(files = []) {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}
