/**
 * The decoder's settings: controls for every parameter of every decoder step (ui/controls.js), the most used
 * first and the rest folded away, and the seed. The descriptions come from goosequill.decoding through
 * ui/decoding.json.
 */

import { Controls, same } from "../ui/controls.js";
import { element } from "../ui/dom.js";

/**
 * @typedef {import("../ui/controls.js").Parameter} Parameter
 * @typedef {{
 *   name: string, label: string, sentence: string, formula: string, source: string, parameters: Parameter[]
 * }} Part a step of the decoder
 * @typedef {{name: string, title: string, source: string, settings: Record<string, any>}} Preset
 */

/** Always visible, in this order; the other parameters are folded away. */
const MAIN = [
  "temperature",
  "top_p",
  "top_k",
  "repetition_penalty",
  "presence_penalty",
  "frequency_penalty",
  "max_new_tokens",
  "stop",
];

/** Set by the page itself. */
const HIDDEN = ["logprobs", "seed"];

/**
 * What a slider covers, where the limits are far outside the useful range.
 * @type {Record<string, [number, number]>}
 */
const STRETCHES = {
  temperature: [0, 2],
  repetition_penalty: [0.5, 2],
  presence_penalty: [0, 2],
  frequency_penalty: [0, 2],
};

/** Settings that say how long a text becomes, not how it is chosen: a preset leaves them alone. */
const LENGTH = ["max_new_tokens", "stop"];

export class DecoderControls {
  #box;
  #controls;
  /** @type {Seed | null} */
  #seed;

  /**
   * @param {HTMLElement} box where the controls go
   * @param {Part[]} parts
   * @param {Record<string, any>} base the settings that a reset brings, where they are not neutral
   * @param {() => void} onChange
   * @param {{prefix?: string, common?: string[]}} [options] `prefix` begins every id; a page with several
   *   decoders sets the `common` settings and the seed itself
   */
  constructor(box, parts, base, onChange, { prefix = "decoder", common } = {}) {
    this.#box = box;
    this.#controls = new Controls({ prefix, onChange, base, stretches: STRETCHES });
    const parameters = new Map(parts.flatMap((part) => part.parameters.map((one) => [one.name, one])));
    for (const name of MAIN) {
      const parameter = parameters.get(name);
      if (parameter && !common?.includes(name)) box.append(this.#controls.add(parameter));
    }
    this.#seed = common ? null : new Seed(prefix, onChange);
    if (this.#seed) box.append(this.#seed.box);
    const folded = element("details", {}, element("summary", {}, "All other settings"));
    for (const part of parts) this.#addFolded(part, folded);
    box.append(folded);
    this.restore(new Map());
  }

  /** @param {Part} part @param {HTMLElement} place */
  #addFolded({ label, sentence, formula, parameters }, place) {
    const rest = parameters.filter(({ name }) => !MAIN.includes(name) && !HIDDEN.includes(name));
    if (!rest.length) return;
    place.append(
      element(
        "fieldset",
        {},
        element("legend", {}, label),
        element("p", { class: "note" }, sentence),
        ...rest.map((parameter) => this.#controls.add(parameter)),
        element("p", { class: "note formula" }, element("code", {}, formula)),
      ),
    );
  }

  /** @param {boolean} off */
  set disabled(off) {
    for (const field of this.#box.querySelectorAll("input, select, textarea, button")) {
      field.toggleAttribute("disabled", off);
    }
  }

  get seed() {
    return this.#seed?.value ?? 0;
  }

  /** Draws a new seed, if every text is to have its own. */
  drawSeedIfFresh() {
    this.#seed?.drawIfFresh();
  }

  /** What differs from neutral, as the engine takes it, without the seed. @returns {Record<string, any>} */
  settings() {
    return this.#controls.settings();
  }

  /**
   * Sets settings as the engine takes them; all others become neutral.
   * @param {Record<string, any>} settings
   */
  take(settings) {
    this.#controls.take(settings);
  }

  /** Sets a preset; the length of the text stays as it is. @param {Preset} preset */
  takePreset(preset) {
    const kept = Object.entries(this.settings()).filter(([name]) => LENGTH.includes(name));
    this.take({ ...Object.fromEntries(kept), ...preset.settings });
  }

  /** The preset that the settings are equal to, but for the length of the text. @param {Preset[]} presets */
  presetAmong(presets) {
    const all = Object.entries(this.settings());
    const settings = Object.fromEntries(all.filter(([name]) => !LENGTH.includes(name)));
    return presets.find((preset) => same(preset.settings, settings));
  }

  /** What differs from the base, and the seed, as text. @returns {Map<string, string>} */
  values() {
    const values = this.#controls.values();
    if (this.#seed) values.set("seed", String(this.#seed.value));
    return values;
  }

  /** Sets what `values` returned; the rest takes its base value. @param {Map<string, string>} values */
  restore(values) {
    this.#controls.restore(values);
    this.#seed?.restore(values.get("seed"));
  }
}

const MAX_SEED = Number.MAX_SAFE_INTEGER;

/** The seed, drawn for each text or kept. */
class Seed {
  #field;
  #fresh;

  /** @param {string} prefix @param {() => void} onChange */
  constructor(prefix, onChange) {
    const [id, freshId] = [`${prefix}-seed`, `${prefix}-fresh`];
    this.#field = element("input", { type: "number", id, min: 0, max: MAX_SEED, step: 1, required: true });
    this.#fresh = element("input", { type: "checkbox", id: freshId, checked: true });
    const redraw = element("button", { type: "button", class: "quiet" }, "New seed");
    redraw.addEventListener("click", () => {
      this.#draw();
      onChange();
    });
    this.#field.addEventListener("change", () => {
      this.#set(this.#field.valueAsNumber);
      this.#fresh.checked = false; // a seed that was typed is one to keep
      onChange();
    });
    this.#fresh.addEventListener("change", onChange);
    const fresh = element("label", { for: freshId, class: "grow" }, "Draw a new seed for every text");
    this.box = element(
      "div",
      { class: "control seed" },
      element("label", { for: id }, "Seed"),
      this.#field,
      element("div", { class: "row" }, this.#fresh, fresh, redraw),
      element("p", { class: "note" }, "The same seed and settings give the same text again."),
    );
  }

  get value() {
    return this.#field.valueAsNumber;
  }

  drawIfFresh() {
    if (this.#fresh.checked) this.#draw();
  }

  /** @param {string | undefined} text a seed to keep; without one, every text draws its own */
  restore(text) {
    this.#fresh.checked = text === undefined;
    if (text === undefined) this.#draw();
    else this.#set(Number.parseFloat(text));
  }

  #draw() {
    this.#set(crypto.getRandomValues(new Uint32Array(1))[0]);
  }

  /** @param {number} value */
  #set(value) {
    const seed = Number.isFinite(value) ? Math.min(MAX_SEED, Math.max(0, Math.floor(value))) : 0;
    this.#field.value = String(seed);
  }
}
