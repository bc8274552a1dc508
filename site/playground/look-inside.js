/**
 * The panel "Inside": what each layer predicts for the selected token, and what the model's state holds after
 * it. While a text is generated, the state is shown as it grows; nothing is asked of the engine while the
 * panel is closed.
 */

import { loadPlot } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { loadStyles } from "../ui/load-style.js";
import { t, tn } from "../ui/words.js";
import { lensParts } from "./look-inside-lens.js";
import { decayParts, mapParts, memoryParts, VECTORS } from "./look-inside-state.js";
import { TaskLine } from "./task-line.js";

/** @import { StateView } from "./look-inside-state.js" */

/** Milliseconds between two looks at the state while a text is generated. */
const INTERVAL = 500;

/** @type {import("./rail-panels.js").Mount} */
export async function mount({ session, element: box }) {
  await Promise.all([loadPlot(), loadStyles("ui/chart.css", "playground/insight.css")]);
  const panel = new InsidePanel(session, box);
  return { shown: (visible) => panel.show(visible) };
}

class InsidePanel {
  #session;
  #visible = false;
  /** What runs for this panel. @type {AbortController | null} */
  #running = null;
  #looked = -Infinity;
  /** What is shown, so that the same is not computed again. */
  #shown = "";
  #choice = { layer: 0, head: 0 };
  /** @type {StateView | null} */
  #view = null;
  #task;
  #hint = element(
    "p",
    { class: "note" },
    t("Generate a text to see what the model makes of it, layer by layer."),
  );
  #load = element("button", { type: "button", class: "primary", hidden: true }, t("Load the model"));
  #lens = element("section", { class: "insight", "data-testid": "lens" });
  #map = element("div", { class: "insight", "data-testid": "state-map" });
  #memory = element("div", { class: "insight", "data-testid": "state-memory" });
  #decay = element("div", { class: "insight", "data-testid": "state-decay" });
  #state;
  #after = element("span", { class: "note", "data-testid": "state-tokens" });
  #layer = element("select", { "data-testid": "state-layer" });
  #head = element("select", { "data-testid": "state-head" });
  #vector = element("select", {});

  /** @param {import("./session.js").PlaygroundSession} session @param {HTMLElement} box */
  constructor(session, box) {
    this.#session = session;
    this.#task = new TaskLine(() => this.#running?.abort());
    this.#vector.append(...VECTORS.map((name, value) => element("option", { value }, name)));
    this.#state = element(
      "section",
      { class: "insight", hidden: true },
      element("h2", {}, `${t("What the state contains")} `, this.#after),
      this.#map,
      element("div", { class: "row" }, ...this.#choosers()),
      this.#memory,
      this.#decay,
    );
    this.#load.addEventListener("click", () =>
      session.ensureModel().catch((error) => session.complain(error)),
    );
    box.append(this.#hint, this.#load, this.#task.element, this.#lens, this.#state);
    this.#layer.addEventListener("change", () => this.#choose({ layer: Number(this.#layer.value) }));
    this.#head.addEventListener("change", () => this.#choose({ head: Number(this.#head.value) }));
    this.#vector.addEventListener("change", () => this.#drawMemory());
    session.addEventListener("model", () => {
      this.#choice = { layer: 0, head: 0 }; // another model may have fewer
      this.#shown = "";
    });
    for (const event of ["text", "end", "selection", "model"])
      session.addEventListener(event, () => this.#look());
    session.addEventListener("token", () => this.#glance());
  }

  /** @param {boolean} visible */
  show(visible) {
    this.#visible = visible;
    if (visible) this.#look();
    else this.#running?.abort();
  }

  #choosers() {
    const labelled = (/** @type {string} */ name, /** @type {HTMLSelectElement} */ select) =>
      element("label", { class: "row note" }, name, select);
    return [
      labelled(t("Layer"), this.#layer),
      labelled(t("Head"), this.#head),
      labelled(t("Vector"), this.#vector),
    ];
  }

  /** @param {Partial<import("./look-inside-state.js").Choice>} choice */
  #choose(choice) {
    Object.assign(this.#choice, choice);
    this.#look();
  }

  /** The index of the token in question: the selected one, or the last. @returns {number | null} */
  #target() {
    const { text, selected } = this.#session;
    return selected ?? (text?.tokens.length ? text.tokens.length - 1 : null);
  }

  /** Looks at the selected token, unless that is shown. */
  async #look() {
    const { text, model, busy } = this.#session;
    if (!this.#visible || busy) return;
    const index = this.#target();
    this.#hint.hidden = text !== null && index !== null;
    this.#load.hidden = !text || model !== null;
    if (!text || !model || index === null) {
      this.#clear();
      return;
    }
    const wanted = JSON.stringify([text.id, text.tokens.length, index, this.#choice]);
    if (wanted === this.#shown) return;
    const found = await this.#run(async (options) => {
      const args = { prompt: text.prompt, written: text.tokens.map(({ token }) => token), index };
      const lens = await model.call("logit_lens", args, options);
      const view = await model.call("view_state", { ...args, ...this.#choice }, options);
      return { lens, view };
    });
    if (!found || text !== this.#session.text) return;
    this.#shown = wanted;
    this.#lens.replaceChildren(...lensParts(found.lens));
    this.#drawState(found.view);
  }

  /** Looks at the state while a text is generated: at the nearest one that is kept. */
  async #glance() {
    const { text, model } = this.#session;
    const now = performance.now();
    if (!this.#visible || !text || !model || this.#running || now - this.#looked < INTERVAL) return;
    this.#looked = now;
    const args = { prompt: text.prompt, written: text.tokens.map(({ token }) => token), nearest: true };
    const view = await this.#run((options) =>
      model.call("view_state", { ...args, ...this.#choice }, options),
    );
    if (!view || text !== this.#session.text || !this.#visible) return;
    this.#shown = "";
    this.#hint.hidden = true;
    this.#lens.replaceChildren();
    this.#drawState(view);
  }

  /**
   * Runs a job for the panel; a newer one takes its place.
   * @template T
   * @param {(options: import("../engine/engine.js").RequestOptions) => Promise<T>} job
   * @returns {Promise<T | null>} null if it failed or was stopped
   */
  async #run(job) {
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    try {
      return await job({ signal: mine.signal, onProgress: this.#task.show });
    } catch (error) {
      if (!mine.signal.aborted) this.#session.complain(error);
      return null;
    } finally {
      if (this.#running === mine) {
        this.#running = null;
        this.#task.hide();
      }
    }
  }

  #clear() {
    this.#shown = "";
    this.#lens.replaceChildren();
    this.#state.hidden = true;
  }

  /** @param {StateView} view */
  #drawState(view) {
    const { kind, map, tokens, layer, head } = view;
    this.#view = view;
    this.#state.hidden = false;
    this.#after.textContent = tn(tokens, "after {n} token", "after {n} tokens");
    offer(this.#layer, map.shape[0] ?? 0, layer);
    offer(this.#head, kind === "matrices" ? (map.shape[1] ?? 0) : 0, head);
    showField(this.#head, kind === "matrices");
    showField(this.#vector, kind === "averages");
    this.#map.replaceChildren(...mapParts(view, (choice) => this.#choose(choice)));
    this.#decay.replaceChildren(...decayParts(view));
    this.#drawMemory();
  }

  #drawMemory() {
    if (this.#view) this.#memory.replaceChildren(...memoryParts(this.#view, Number(this.#vector.value)));
  }
}

/**
 * Offers the numbers from 1 to a count.
 * @param {HTMLSelectElement} select
 * @param {number} count
 * @param {number} chosen from 0
 */
function offer(select, count, chosen) {
  if (select.options.length !== count) {
    const options = Array.from({ length: count }, (_, value) =>
      element("option", { value }, String(value + 1)),
    );
    select.replaceChildren(...options);
  }
  select.value = String(chosen);
}

/** Shows a field with its label, or neither. @param {HTMLSelectElement} select @param {boolean} shown */
function showField(select, shown) {
  if (select.parentElement) select.parentElement.hidden = !shown;
}
