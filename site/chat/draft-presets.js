/** With which decoder presets drafts are written, one after the other; with none, the page's settings are. */

import { element } from "../ui/dom.js";
import { translated } from "../ui/words.js";

/** @import { Preset } from "../decoder/controls.js" */

export class DraftPresets {
  /** @type {{preset: Preset, field: HTMLInputElement}[]} */
  #fields;

  /** @param {HTMLElement} box @param {Preset[]} presets @param {() => void} onChange */
  constructor(box, presets, onChange) {
    this.#fields = presets.map((preset) => ({ preset, field: element("input", { type: "checkbox" }) }));
    box.append(
      ...this.#fields.map(({ preset, field }) => {
        field.addEventListener("change", onChange);
        return element("label", { class: "preset-tick" }, field, ` ${translated(preset.title)}`);
      }),
    );
  }

  get chosen() {
    return this.#fields.filter(({ field }) => field.checked).map(({ preset }) => preset);
  }

  /** The preset of one of several drafts; undefined if none is ticked. @param {number} draft */
  at(draft) {
    const { chosen } = this;
    return chosen.length ? chosen[draft % chosen.length] : undefined;
  }

  /** As the memory keeps it. */
  get value() {
    return this.chosen.map(({ name }) => name).join(",");
  }

  /** @param {string} value what `value` returned */
  restore(value) {
    const names = value.split(",");
    for (const { preset, field } of this.#fields) field.checked = names.includes(preset.name);
  }
}
