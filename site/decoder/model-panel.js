/**
 * A page's model: which one is chosen, and loading it. The visitor picks files, types an address
 * (model-address.js) or uses a link of the catalogue; the page's own address may name a model too, which is
 * fetched only after consent.
 */

import { modelSource } from "../engine/client.js";
import { engineOptions } from "../ui/address.js";
import { DEFAULT_MODEL } from "../ui/default-model.js";
import { byId } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { EngineHolder, ModelSlot } from "../ui/engine.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { problem } from "../ui/status.js";
import { t, tn, translated } from "../ui/words.js";
import { offerCatalogue } from "./catalogue.js";
import { Manner } from "./manner.js";
import { ModelAddress } from "./model-address.js";
import { ModelFacts } from "./model-facts.js";
import { insideOf } from "./model-inside.js";
import { isText } from "./text-file.js";

/** @import { Model } from "../engine/client.js" */
/** @import { Source } from "./model-address.js" */
/**
 * What the page does: `busy` says whether it generates, `changed` updates its buttons, `described` gets what
 * is known of the model, `chosen` is called when another model was chosen.
 * @typedef {{
 *   busy: () => boolean, changed: () => void, chosen: () => void, say: (text: string) => void,
 *   complain: (error: unknown) => void, progress: import("../ui/progress.js").ProgressView,
 *   described: (description: any) => void, hint: string, engine?: EngineHolder, takesDrops?: boolean,
 *   reveal?: () => void, takeText?: (file: File) => void, manner?: false
 * }} Host `takeText` takes a dropped text file, which is not a model; `reveal` makes the panel visible, where
 *   it may be hidden; `engine` is the page's, where it does more than this; `takesDrops` is false where files
 *   that are dropped onto the page are not models, `manner` where the model is used without any adapter
 */

export class ModelPanel {
  #host;
  #engine;
  #slot;
  /** @type {Source} */
  #default = { title: t("The default model"), model: DEFAULT_MODEL };
  #source = this.#default;
  /** @type {AbortController | null} while something is loading */
  #loading = null;
  #facts;
  #address;
  /** @type {Manner | null} */
  #manner = null;
  #load = byId("load", "button");
  #useDefault = byId("use-default", "button");
  #file = byId("file", "input");

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    this.#engine = host.engine ?? new EngineHolder();
    this.#slot = new ModelSlot(this.#engine, engineOptions());
    this.#facts = new ModelFacts(host.hint);
    this.#address = new ModelAddress({
      load: (source) => this.#choose(source),
      inspect: (source) => this.#inspect(source),
      busy: () => this.#busy,
      complain: host.complain,
      reveal: () => host.reveal?.(),
    });
    offerCatalogue(
      { details: byId("catalogue", "details"), list: byId("catalogue-list", "ul") },
      { useAddress: (address) => this.#address.fill(address), complain: host.complain },
    );
    if (host.manner !== false) this.#manner = new Manner(() => this.#takeManner());
    this.#load.addEventListener("click", () => this.#loadOnly());
    this.#file.addEventListener("click", () => {
      this.#file.value = ""; // choosing the same file again is a change too
    });
    this.#file.addEventListener("change", () => this.chooseFiles([...(this.#file.files ?? [])]));
    this.#useDefault.addEventListener("click", () => this.useDefault());
    const inspect = byId("look", "button");
    inspect.addEventListener("click", () => this.#inspect(this.#source));
    inspect.disabled = false;
    if (host.takesDrops !== false) this.#takeDrops();
  }

  #takeDrops() {
    acceptDrops({
      onFiles: (files) => this.chooseFiles(files, this.#host.takeText),
      onDrag: (dragging) => document.body.toggleAttribute("data-dragging", dragging),
    });
  }

  /** Whether the site's default model is chosen. */
  get isDefault() {
    return this.#source === this.#default;
  }

  get loading() {
    return this.#loading !== null;
  }

  get #busy() {
    return this.loading || this.#host.busy();
  }

  /** The model, if it is loaded. */
  get model() {
    const base = this.#slot.modelOf(this.#source);
    return this.#manner ? this.#manner.of(base) : base;
  }

  get title() {
    return this.#facts.title;
  }

  stop() {
    this.#loading?.abort();
  }

  useDefault() {
    this.#file.value = "";
    this.#choose(this.#default);
  }

  /** Loads the model at an address, as if the visitor had typed it. @param {string} address */
  useAddress(address) {
    this.#address.fill(address);
    this.#address.load();
  }

  /** Shows where the visitor's own model is chosen. */
  offerOwn() {
    this.#host.reveal?.();
    this.#address.open();
    this.#file.focus();
  }

  /**
   * The model for an address; nothing for the default one and for picked files.
   * @returns {Map<string, string>}
   */
  values() {
    const { model, tokenizer, quantize } = this.#source;
    if (this.#source === this.#default || typeof model !== "string") return new Map();
    const values = new Map([["model", model]]);
    if (tokenizer) values.set("tokenizer", String(tokenizer));
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
    const options = { tokenizer: values.get("tokenizer") ?? "", quantize: values.get("quantize") ?? "auto" };
    const source = this.#address.restore(named, options);
    if (source) this.#take(source);
  }

  showButtons() {
    if (this.#manner) this.#manner.disabled = this.#busy;
    const loaded = this.#slot.modelOf(this.#source) !== null;
    this.#load.disabled = this.#busy || loaded;
    this.#load.textContent = loaded ? t("Loaded") : t("Load now");
    for (const control of [this.#file, this.#address, this.#useDefault]) control.disabled = this.#busy;
    this.#facts.sizeHidden = loaded;
    this.#useDefault.hidden = this.#source === this.#default;
  }

  /** Shows what is known of the chosen model before it is loaded. */
  async describe() {
    const source = this.#source;
    this.#facts.showTitle(source.title);
    const description = await this.#facts.showSize(source === this.#default);
    this.#default.title = description.title ?? this.#default.title;
    if (source !== this.#source || source !== this.#default || this.model) return;
    this.#facts.showTitle(source.title, description.description);
    this.#host.described(description);
  }

  /** @param {Model} model */
  #showLoaded({ info }) {
    this.#facts.showLoaded(info);
    this.#host.described(info);
  }

  /** Loads the chosen model, unless it is loaded; throws what went wrong. @returns {Promise<Model>} */
  async ensure() {
    if (this.model) return this.model;
    const source = this.#source;
    if (typeof source.model === "string" && !(await this.#address.consent(new URL(source.model)))) {
      throw new DOMException("The visitor did not agree to fetch the model.", "AbortError");
    }
    return await this.#whileLoading(t("Loading…"), async (options) => {
      const base = await this.#slot.load(source, options);
      const model = this.#manner ? await this.#manner.apply(base) : base;
      this.#showLoaded(model);
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
      return await work({ signal: this.#loading.signal, onProgress: progress.show });
    } finally {
      this.#loading = null;
      progress.hide();
      changed();
    }
  }

  /** Another manner was chosen: a model that is loaded takes it at once. */
  async #takeManner() {
    this.#host.changed();
    if (this.#slot.modelOf(this.#source) === null || this.model || this.#busy) return;
    try {
      await this.ensure();
      this.#host.say("");
    } catch (error) {
      this.#host.complain(error);
    }
  }

  async #loadOnly() {
    try {
      const { info } = await this.ensure();
      this.#host.say(t("{model} is ready.", { model: translated(info.title) }));
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

  /** Loads another model; if that fails, the previous one stays chosen. @param {Source} chosen */
  async #choose(chosen) {
    const previous = this.#source;
    this.#take(chosen);
    try {
      const { info } = await this.ensure();
      this.#host.say(t("{model} is ready.", { model: translated(info.title) }));
      this.#host.chosen();
    } catch (error) {
      this.#take(previous);
      if (this.model) this.#showLoaded(this.model);
      this.#host.complain(error);
      if (Array.isArray(chosen.model)) this.#blame(error);
    }
    this.#host.changed();
  }

  /** Says at the field of files what is wrong with them. @param {unknown} error */
  #blame(error) {
    const { name, message, remedy = "" } = /** @type {any} */ (error);
    if (name === "AbortError") return;
    this.offerOwn();
    showFieldProblem(this.#file, `${message} ${remedy}`.trim());
  }

  /**
   * Loads picked files; a text is refused before anything is loaded.
   * @param {File[]} files
   * @param {(file: File) => void} [takeText] what to do with one instead
   */
  async chooseFiles(files, takeText) {
    if (!files.length || this.#busy) return;
    const weights = files.reduce((largest, file) => (file.size > largest.size ? file : largest));
    if (await isText(weights)) {
      if (takeText) return takeText(weights);
      const remedy = t("Choose a file of weights: .safetensors, .pth, .gguf, .prefab or .bin.");
      return this.#host.complain(
        problem(t("{name} is a text, not a model.", { name: weights.name }), remedy),
      );
    }
    this.#choose({ title: weights.name, model: files, ...this.#address.options });
  }

  /**
   * Shows what is in a model's files; the engine is loaded for it, but not the model.
   * @param {Source} source
   */
  async #inspect(source) {
    if (this.#busy) return;
    const inside = byId("inside", "div");
    try {
      const found = await this.#whileLoading(t("Inspecting the files…"), (options) =>
        this.#engine.use((engine) => engine.inspect(modelSource(source), options)),
      );
      this.#host.say(
        tn(found.tensors.length, "{file} has {n} tensor.", "{file} has {n} tensors.", { file: source.title }),
      );
      inside.replaceChildren(...insideOf(source.title, found));
      inside.hidden = false;
    } catch (error) {
      this.#host.complain(error);
    }
  }
}
