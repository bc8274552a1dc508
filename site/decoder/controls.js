/**
 * The decoder's settings: controls for every parameter of every decoder step (ui/controls.js), the most used
 * first and the rest in groups that are folded away, a filter over all, and the seed. The descriptions come
 * from goosequill.decoding through ui/decoding.json.
 */

import { Controls } from "../ui/controls.js";
import { element } from "../ui/dom.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { t, tn, translated } from "../ui/words.js";
import { LENGTH, presetOf, withoutLength } from "./names.js";

/** @import { Parameter } from "../ui/control-kinds.js" */

/**
 * @typedef {{
 *   name: string, label: string, sentence: string, formula: string, source: string, parameters: Parameter[]
 * }} Part a step of the decoder
 * @typedef {{name: string, title: string, source: string, settings: Record<string, any>}} Preset
 */

/** @typedef {{box: HTMLDetailsElement, note: HTMLElement, wasOpen: boolean}} Group */

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

export class DecoderControls {
  #box;
  #controls;
  /** @type {Seed | null} */
  #seed;
  /** The folded groups, with how many of their settings are changed. @type {Group[]} */
  #groups = [];
  #nothing = element("p", { class: "note", hidden: true }, t("No setting has these words."));

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
    const changed = () => {
      this.#count();
      onChange();
    };
    const options = { prefix, onChange: changed, base, stretches: STRETCHES, folded: true, strict: true };
    this.#controls = new Controls(options);
    box.append(this.#filterField(prefix));
    const parameters = new Map(parts.flatMap((part) => part.parameters.map((one) => [one.name, one])));
    for (const name of MAIN) {
      const parameter = parameters.get(name);
      if (parameter && !common?.includes(name)) box.append(this.#controls.add(parameter));
    }
    this.#seed = common ? null : new Seed(prefix, onChange);
    if (this.#seed) box.append(this.#seed.box);
    for (const part of parts) this.#addGroup(part);
    box.append(this.#nothing);
    this.restore(new Map());
  }

  /** A field that shows only the settings with certain words. @param {string} prefix */
  #filterField(prefix) {
    const id = `${prefix}-filter`;
    const field = element("input", {
      type: "search",
      id,
      placeholder: t("Filter settings"),
      autocomplete: "off",
    });
    field.addEventListener("input", () => this.#filter(field.value));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !field.value) return;
      event.stopPropagation();
      field.value = "";
      this.#filter("");
    });
    const label = element("label", { for: id, class: "visually-hidden" }, t("Filter settings"));
    return element("div", { class: "control-filter" }, label, field);
  }

  /** @param {string} words */
  #filter(words) {
    const sought = words.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let any = false;
    for (const control of /** @type {NodeListOf<HTMLElement>} */ (this.#box.querySelectorAll(".control"))) {
      const own = `${control.textContent} ${control.querySelector("[id]")?.id}`.toLowerCase();
      const where = control.closest("details")?.dataset.title ?? "";
      const found = sought.every((word) => own.includes(word) || where.includes(word));
      control.hidden = sought.length > 0 && !found;
      any ||= !control.hidden;
    }
    for (const { box, wasOpen } of this.#groups) {
      box.hidden = !box.querySelector(".control:not([hidden])");
      box.open = sought.length ? !box.hidden : wasOpen;
    }
    this.#nothing.hidden = any;
  }

  /** Shows in each group how many of its settings are changed. */
  #count() {
    for (const { box, note } of this.#groups) {
      const changed = box.querySelectorAll("[data-changed]").length;
      note.textContent = changed ? tn(changed, "{n} setting changed", "{n} settings changed") : "";
    }
  }

  /**
   * The first setting whose value cannot be used: shows the problem there and moves the focus to it. Null if
   * all can be used.
   * @returns {{label: string, words: string} | null}
   */
  problem() {
    const found = this.#controls.problem() ?? this.#seed?.problem() ?? null;
    if (found) this.#reach(found.box);
    return found;
  }

  /**
   * Shows an error of the engine at the setting that it names.
   * @param {string} message
   * @returns {boolean} whether it names one
   */
  blame(message) {
    const names = new Set(message.match(/\w+/g));
    for (const field of this.#box.querySelectorAll("input:not([type=range]), select, textarea")) {
      const name = field.id.slice(field.id.indexOf("-") + 1);
      if (!(field instanceof HTMLElement) || !name.includes("_") || !names.has(name)) continue;
      this.#reach(/** @type {HTMLElement} */ (field.closest(".control")));
      showFieldProblem(field, translated(message));
      return true;
    }
    return false;
  }

  /** Makes a control visible and moves the focus to it. @param {HTMLElement} box */
  #reach(box) {
    const group = box.closest("details");
    if (group) group.open = true;
    box.hidden = false;
    const field = box.querySelector("input, select, textarea");
    if (field instanceof HTMLElement) setTimeout(() => field.focus()); // once its panel is open
  }

  /** @param {Part} part */
  #addGroup({ parameters, ...part }) {
    const [label, sentence] = [translated(part.label), translated(part.sentence)];
    const rest = parameters.filter(({ name }) => !MAIN.includes(name) && !HIDDEN.includes(name));
    if (!rest.length) return;
    const note = element("span", { class: "note" });
    const inside = element(
      "div",
      {},
      element("p", { class: "note" }, sentence),
      ...rest.map((parameter) => this.#controls.add(parameter)),
      element("p", { class: "note formula" }, element("code", {}, part.formula)),
    );
    const box = element(
      "details",
      { class: "control-group", "data-title": label.toLowerCase() },
      element("summary", {}, label, note),
      inside,
    );
    const group = { box, note, wasOpen: false };
    box.querySelector("summary")?.addEventListener("click", () => {
      group.wasOpen = !box.open; // by hand, not by the filter
    });
    this.#groups.push(group);
    this.#box.append(box);
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
    this.#count();
  }

  /** Sets a preset; the length of the text stays as it is. @param {Preset} preset */
  takePreset(preset) {
    this.take(this.settingsOf(preset));
  }

  /** What the settings are after `takePreset`. @param {Preset} preset */
  settingsOf(preset) {
    const kept = Object.entries(this.settings()).filter(([name]) => LENGTH.includes(name));
    return { ...Object.fromEntries(kept), ...preset.settings };
  }

  /** The preset that the settings are equal to, but for the length of the text. @param {Preset[]} presets */
  presetAmong(presets) {
    return presetOf(withoutLength(this.settings()), presets);
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
    this.#count();
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
    const redraw = element("button", { type: "button", class: "quiet" }, t("New seed"));
    redraw.addEventListener("click", () => {
      this.#draw();
      onChange();
    });
    this.#field.addEventListener("change", () => {
      if (this.problem()) return;
      this.#set(this.#field.valueAsNumber);
      this.#fresh.checked = false; // a seed that was typed is one to keep
      onChange();
    });
    this.#fresh.addEventListener("change", onChange);
    const fresh = element("label", { for: freshId, class: "grow" }, t("Use a new seed for every text"));
    this.box = element(
      "div",
      { class: "control seed" },
      element("label", { for: id }, t("Seed")),
      this.#field,
      element("div", { class: "row" }, this.#fresh, fresh, redraw),
      element("p", { class: "note" }, t("The same seed and settings give the same text again.")),
    );
  }

  get value() {
    return this.#field.valueAsNumber;
  }

  /** Shows at the field why it cannot be used. */
  problem() {
    const isEmpty = Number.isNaN(this.#field.valueAsNumber) && !this.#fresh.checked;
    const words = isEmpty ? t("Enter a whole number, or press New seed.") : "";
    showFieldProblem(this.#field, words);
    return words ? { label: t("Seed"), words, box: this.box } : null;
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
    showFieldProblem(this.#field, "");
    this.#field.value = String(seed);
  }
}
