/**
 * With which of the kept adapters a page's model writes, and how strongly: one choice for all pages. It is
 * hidden while none is kept.
 */

import { chooseAdapter, chosenAdapter, hearAdapters, listAdapters, readAdapter } from "../ui/adapters.js";
import { byId, element } from "../ui/dom.js";
import { percent, t } from "../ui/words.js";

/** @import { Model } from "../engine/client.js" */
/** @import { Kept } from "../ui/adapters.js" */
/** @typedef {{id: string, strength: number}} AdapterChoice */

export class Manner {
  #box = byId("manner-box", "div");
  #select = byId("manner", "select");
  #strength = byId("manner-strength", "input");
  #shown = byId("manner-shown", "output");
  /** @type {Kept[]} */
  #kept = [];
  /** What the choice was made into. @type {{base: Model, choice: string, model: Model} | null} */
  #made = null;

  /** @param {() => void} changed another one is chosen */
  constructor(changed) {
    const choose = () => {
      const id = this.#select.value;
      chooseAdapter(id ? { id, strength: this.#strength.valueAsNumber } : null);
      this.#show();
      changed();
    };
    this.#select.addEventListener("change", choose);
    this.#strength.addEventListener("change", choose);
    this.#strength.addEventListener("input", () => {
      this.#shown.textContent = percent(this.#strength.valueAsNumber);
    });
    const list = () => this.#list().then(changed);
    hearAdapters(list);
    list();
  }

  /** @param {boolean} on */
  set disabled(on) {
    this.#select.disabled = on;
    this.#strength.disabled = on;
  }

  async #list() {
    this.#kept = await listAdapters();
    this.#box.hidden = this.#kept.length === 0;
    const options = this.#kept.map(({ id, name, facts }) =>
      element("option", { value: id }, facts.model_name ? `${name} (${facts.model_name})` : name),
    );
    this.#select.replaceChildren(element("option", { value: "" }, t("None")), ...options);
    this.#show();
  }

  #show() {
    const choice = this.#choice;
    this.#select.value = choice?.id ?? "";
    this.#strength.valueAsNumber = choice?.strength ?? 1;
    this.#shown.textContent = percent(choice?.strength ?? 1);
    byId("manner-strength-box", "label").hidden = !choice;
  }

  /** @returns {AdapterChoice | null} */
  get #choice() {
    const found = chosenAdapter();
    return this.#kept.some(({ id }) => id === found?.id) ? found : null;
  }

  /** The model as it writes now, if that is ready. @param {Model | null} base */
  of(base) {
    const choice = this.#choice;
    if (!base || !choice) return base;
    const isMade = this.#made?.base === base && this.#made.choice === JSON.stringify(choice);
    return isMade && this.#made ? this.#made.model : null;
  }

  /**
   * The model as it is to write.
   * @param {Model} base
   * @returns {Promise<Model>}
   * @throws {Error} if the adapter was made for another model
   */
  async apply(base) {
    const ready = this.of(base);
    if (ready) return ready;
    const choice = /** @type {AdapterChoice} */ (this.#choice);
    const file = await readAdapter(choice.id);
    if (!file) {
      await this.#list(); // without it
      return base;
    }
    const model = await base.withAdapter(file, { strength: choice.strength });
    this.#made?.model.unload().catch(() => {}); // its engine may have ended
    this.#made = { base, choice: JSON.stringify(choice), model };
    return model;
  }
}
