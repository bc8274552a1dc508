/**
 * The choice of a preset: shows which one the decoder's settings are equal to, and sets the chosen one.
 */

import { element } from "../ui/dom.js";
import { translated } from "../ui/words.js";

/** @import { Preset } from "./controls.js" */

export class PresetChooser {
  #select;
  #source;
  #presets;
  #controls;

  /**
   * @param {{
   *   select: HTMLSelectElement, source: HTMLElement, presets: Preset[],
   *   controls: import("./controls.js").DecoderControls, onChoose: () => void
   * }} options
   */
  constructor({ select, source, presets, controls, onChoose }) {
    this.#select = select;
    this.#source = source;
    this.#presets = presets;
    this.#controls = controls;
    select.append(...presets.map(({ name, title }) => element("option", { value: name }, translated(title))));
    select.addEventListener("change", () => {
      const preset = presets.find(({ name }) => name === select.value);
      if (!preset) return;
      controls.takePreset(preset);
      this.show();
      onChoose();
    });
  }

  /** Selects the preset that the settings are equal to, if any. */
  show() {
    const preset = this.#controls.presetAmong(this.#presets);
    this.#select.value = preset?.name ?? "";
    this.#source.textContent = translated(preset?.source ?? "");
  }
}
