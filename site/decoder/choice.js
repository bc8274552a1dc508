/**
 * The choice of a decoder: a preset to start from, and every setting. The presets and the settings come from
 * ui/decoding.json. Where it is used, the page sets some settings itself.
 */

import { element } from "../ui/dom.js";
import { t, translated } from "../ui/words.js";
import { DecoderControls } from "./controls.js";
import { decoderName, presetOf } from "./names.js";

/** @import { Preset } from "./controls.js" */
/**
 * @typedef {{parts?: import("./controls.js").Part[], presets?: Preset[]}} Decoding the part of
 *   ui/decoding.json that is used here
 */

/** What pages set for all decoders alike. */
const COMMON = ["max_new_tokens"];

export class DecoderChoice {
  #presets;
  #controls;
  select;
  summary = element("p", { class: "note" });
  settingsBox = element("details", { class: "column-settings" });

  /**
   * @param {Decoding} decoding
   * @param {{id: string, label: string, onChange: () => void}} options `id` is unique on the page
   */
  constructor({ parts = [], presets = [] }, { id, label, onChange }) {
    this.#presets = presets;
    const options = presets.map(({ name, title }) => element("option", { value: name }, translated(title)));
    const own = element("option", { value: "" }, t("Custom settings"));
    this.select = element("select", { id, "aria-label": label }, ...options, own);
    const box = element("div", { class: "controls" });
    const changed = () => {
      this.#showPreset();
      onChange();
    };
    this.#controls = new DecoderControls(box, parts, {}, changed, { prefix: id, common: COMMON });
    this.settingsBox.append(element("summary", {}, t("Settings")), box);
    this.select.addEventListener("change", () => {
      const preset = presets.find(({ name }) => name === this.select.value);
      if (preset) this.#controls.take(preset.settings);
      else this.settingsBox.open = true;
      this.summary.textContent = translated(preset?.source ?? "");
      onChange();
    });
    this.#showPreset();
  }

  /** The preset's name, or the settings as text: the form that an address has. */
  get value() {
    return this.preset?.name ?? new URLSearchParams([...this.#controls.values()]).toString();
  }

  /** @param {string} value what `value` returned; unknown settings are ignored */
  set value(value) {
    const preset = this.#presets.find(({ name }) => name === value);
    if (preset) this.#controls.take(preset.settings);
    else this.#controls.restore(new Map(new URLSearchParams(value)));
    this.#showPreset();
  }

  /** The preset that the settings are equal to, if any. */
  get preset() {
    return presetOf(this.settings, this.#presets);
  }

  /** What differs from neutral, in the engine's form. */
  get settings() {
    return this.#controls.settings();
  }

  /** What reports call this decoder. */
  get name() {
    return decoderName(this.settings, this.#presets);
  }

  /** What a reader sees. */
  get title() {
    return this.preset ? translated(this.preset.title) : this.name;
  }

  /** @param {boolean} disabled */
  set disabled(disabled) {
    this.select.disabled = disabled;
    this.#controls.disabled = disabled;
  }

  #showPreset() {
    this.select.value = this.preset?.name ?? "";
    this.summary.textContent = this.preset ? translated(this.preset.source) : this.name;
  }
}
