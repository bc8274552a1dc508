/**
 * The list above the text: which model writes. Another one is loaded at once, from its publisher after
 * consent; the panel of the model has all that there is to choose.
 */

import { available } from "../engine/available.js";
import { element } from "../ui/dom.js";
import { translated } from "../ui/words.js";

const DEFAULT = "";
const OWN = "own";

export class ModelChoice {
  #select;
  #panel;
  /** Of a model that is none of those in the list. */
  #other = element("option", { value: "other" });

  /**
   * @param {HTMLSelectElement} select with the default, public models by their addresses, and one's own
   * @param {import("../decoder/model-panel.js").ModelPanel} panel
   */
  constructor(select, panel) {
    this.#select = select;
    this.#panel = panel;
    for (const option of select.options) option.disabled = Number(option.dataset.memory ?? 0) > available();
    select.addEventListener("change", () => this.#take(select.value));
  }

  /** Shows which model is chosen. @param {boolean} busy */
  show(busy) {
    const { isDefault, title } = this.#panel;
    const address = isDefault ? DEFAULT : this.#panel.values().get("model");
    const listed = [...this.#select.options].find((option) => option.value === address);
    if (isDefault && title && listed) listed.textContent = translated(title);
    if (listed) this.#other.remove();
    else {
      this.#other.textContent = title;
      this.#select.prepend(this.#other);
    }
    (listed ?? this.#other).selected = true;
    this.#select.disabled = busy;
  }

  /** @param {string} chosen */
  #take(chosen) {
    this.show(false); // until it has been chosen
    if (chosen === OWN) this.#panel.offerOwn();
    else if (chosen === DEFAULT) this.#panel.useDefault();
    else this.#panel.useAddress(chosen);
  }
}
