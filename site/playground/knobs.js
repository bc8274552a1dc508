// The decoder's controls: made from a description of each setting, read and written as strings (for
// the address and the memory) and as the options that the engine takes. A control never holds a
// value outside its limits: what is typed or arrives in an address is brought inside.

import { element } from "../common/dom.js";

/**
 * @typedef {{
 *   name: string, label: string, sentence: string, default: number, min: number, max: number,
 *   step: number, slider?: boolean
 * }} Setting
 */

/** @type {Setting[]} */
export const SETTINGS = [
  {
    name: "temperature",
    label: "Temperature",
    sentence: "Below 1 the likely words win more often; 0 always takes the likeliest.",
    default: 0.8,
    min: 0,
    max: 3,
    step: 0.05,
    slider: true,
  },
  {
    name: "top_p",
    label: "Top-p",
    sentence: "Keeps the likeliest tokens that together have this probability; 1 keeps all.",
    default: 0.9,
    min: 0.01,
    max: 1,
    step: 0.01,
    slider: true,
  },
  {
    name: "top_k",
    label: "Top-k",
    sentence: "Keeps this many of the likeliest tokens; 0 keeps all.",
    default: 0,
    min: 0,
    max: 65536,
    step: 1,
  },
  {
    name: "repetition_penalty",
    label: "Repetition penalty",
    sentence: "Makes every token that has occurred less likely, by a factor; 1 is off.",
    default: 1,
    min: 0.5,
    max: 3,
    step: 0.05,
    slider: true,
  },
  {
    name: "presence_penalty",
    label: "Presence penalty",
    sentence: "Takes this from the score of every token that has occurred; 0 is off.",
    default: 0,
    min: -2,
    max: 2,
    step: 0.05,
    slider: true,
  },
  {
    name: "frequency_penalty",
    label: "Frequency penalty",
    sentence: "Takes this from a token's score for each time it has occurred; 0 is off.",
    default: 0,
    min: -2,
    max: 2,
    step: 0.05,
    slider: true,
  },
  {
    name: "max_new_tokens",
    label: "Length",
    sentence: "Stops after this many tokens at the latest.",
    default: 200,
    min: 1,
    max: 10000,
    step: 1,
  },
];

const MAX_SEED = 2 ** 32 - 1;

export class Knobs {
  /** @type {Map<string, {setting: Setting, number: HTMLInputElement, slider?: HTMLInputElement}>} */
  #controls = new Map();
  #seed = element("input", {
    type: "number",
    id: "knob-seed",
    min: 0,
    max: MAX_SEED,
    step: 1,
    required: true,
  });
  #fresh = element("input", { type: "checkbox", id: "knob-fresh", checked: true });
  #stop = element("textarea", { id: "knob-stop", class: "wide", rows: 2, spellcheck: "false" });

  /**
   * @param {HTMLElement} box where the controls go
   * @param {() => void} onChange
   */
  constructor(box, onChange) {
    for (const setting of SETTINGS) box.append(this.#makeNumber(setting, onChange));
    box.append(this.#makeSeed(onChange), this.#makeStop(onChange));
    this.draw();
  }

  /** @param {Setting} setting @param {() => void} onChange */
  #makeNumber(setting, onChange) {
    const { name, label, sentence, min, max, step } = setting;
    const id = `knob-${name}`;
    const limits = { min, max, step };
    const number = element("input", {
      type: "number",
      id,
      ...limits,
      required: true,
      "aria-describedby": `${id}-hint`,
    });
    const slider = setting.slider
      ? element("input", { type: "range", class: "wide", ...limits, "aria-label": label })
      : undefined;
    this.#controls.set(name, { setting, number, slider });
    this.#set(name, setting.default);
    number.addEventListener("change", () => {
      this.#set(name, number.valueAsNumber);
      onChange();
    });
    slider?.addEventListener("input", () => {
      this.#set(name, slider.valueAsNumber);
      onChange();
    });
    const knob = element("div", { class: "knob" }, element("label", { for: id }, label), number);
    if (slider) knob.append(slider);
    knob.append(element("p", { class: "note", id: `${id}-hint` }, sentence));
    return knob;
  }

  /** @param {() => void} onChange */
  #makeSeed(onChange) {
    const drawNew = element("button", { type: "button", class: "quiet" }, "Draw new");
    drawNew.addEventListener("click", () => {
      this.draw();
      onChange();
    });
    this.#seed.addEventListener("change", () => {
      this.#setSeed(this.#seed.valueAsNumber);
      this.#fresh.checked = false; // a seed that somebody typed is one to keep
      onChange();
    });
    this.#fresh.addEventListener("change", onChange);
    return element(
      "div",
      { class: "knob seed" },
      element("label", { for: "knob-seed" }, "Seed"),
      this.#seed,
      element(
        "div",
        { class: "row" },
        this.#fresh,
        element("label", { for: "knob-fresh", class: "grow" }, "A new one for every text"),
        drawNew,
      ),
      element("p", { class: "note" }, "The same seed and settings give the same text again."),
    );
  }

  /** @param {() => void} onChange */
  #makeStop(onChange) {
    this.#stop.addEventListener("change", onChange);
    return element(
      "div",
      { class: "knob" },
      element("label", { for: "knob-stop", class: "wide" }, "Stop at"),
      this.#stop,
      element(
        "p",
        { class: "note" },
        "One text a line; \\n stands for a new line. Writing ends where one appears.",
      ),
    );
  }

  /** @param {string} name @param {number} value */
  #set(name, value) {
    const control = this.#controls.get(name);
    if (!control) return;
    const { setting, number, slider } = control;
    const inside = Math.min(
      setting.max,
      Math.max(setting.min, Number.isFinite(value) ? value : setting.default),
    );
    const digits = setting.step < 1 ? 2 : 0;
    number.value = String(Number(inside.toFixed(digits)));
    if (slider) slider.value = number.value;
  }

  /** @param {number} value */
  #setSeed(value) {
    const inside = Number.isFinite(value) ? Math.min(MAX_SEED, Math.max(0, Math.floor(value))) : 0;
    this.#seed.value = String(inside);
  }

  /** Draws a new seed. */
  draw() {
    this.#setSeed(crypto.getRandomValues(new Uint32Array(1))[0]);
  }

  /** Draws a new seed if every text is to have its own. */
  drawIfFresh() {
    if (this.#fresh.checked) this.draw();
  }

  /** Everything as the engine takes it. @returns {Record<string, number | string[]>} */
  options() {
    /** @type {Record<string, number | string[]>} */
    const options = {};
    for (const [name, { number }] of this.#controls) options[name] = number.valueAsNumber;
    options.seed = this.#seed.valueAsNumber;
    options.stop = this.#stop.value
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replaceAll("\\n", "\n"));
    return options;
  }

  /** What differs from the defaults, and the seed, as strings. @returns {Map<string, string>} */
  values() {
    const values = new Map();
    for (const [name, { setting, number }] of this.#controls) {
      if (number.valueAsNumber !== setting.default) values.set(name, number.value);
    }
    if (this.#stop.value) values.set("stop", this.#stop.value);
    values.set("seed", this.#seed.value);
    return values;
  }

  /** Takes what `values` gave; what is absent gets its default. @param {Map<string, string>} values */
  restore(values) {
    for (const [name, { setting }] of this.#controls) {
      this.#set(name, values.has(name) ? Number.parseFloat(values.get(name) ?? "") : setting.default);
    }
    this.#stop.value = values.get("stop") ?? "";
    this.#fresh.checked = !values.has("seed");
    if (values.has("seed")) this.#setSeed(Number.parseFloat(values.get("seed") ?? ""));
    else this.draw();
  }
}
