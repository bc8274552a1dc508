// How far loading and reading are: one bar, one line of figures, one status line for the phase.

import { megabytes } from "../ui/dom.js";

/** @typedef {import("../engine/client.js").Progress} Progress */

/** @type {Record<Progress["status"], string>} */
export const PHASES = {
  engine: "Loading the engine",
  start: "Starting Python",
  model: "Loading the model",
  weights: "Reading the weights",
  prompt: "Reading the prompt",
};

export class ProgressView {
  /** Downloads run side by side and are shown as one. @type {Map<string, Progress>} */
  #downloads = new Map();

  /**
   * @param {{box: HTMLElement, bar: HTMLProgressElement, label: HTMLElement}} parts
   * @param {(text: string) => void} say tells the phase; the figures are not announced
   */
  constructor(parts, say) {
    this.parts = parts;
    this.say = say;
  }

  /** @param {Progress} progress */
  show(progress) {
    let { status, loaded, total } = progress;
    let phase = PHASES[status];
    const downloads = this.#downloads;
    if (status === "engine" || status === "model") {
      downloads.set(status, progress);
      if (downloads.size > 1) phase = "Loading the engine and the model";
      loaded = [...downloads.values()].reduce((sum, part) => sum + part.loaded, 0);
      total = [...downloads.values()].reduce((sum, part) => sum + part.total, 0);
    } else if (status === "start" && [...downloads.values()].some((part) => part.loaded < part.total)) {
      return; // the model is still on its way, and that is the longer wait
    }
    this.say(`${phase}…`);
    const { box, bar, label } = this.parts;
    box.hidden = false;
    if (total) {
      bar.max = total;
      bar.value = Math.min(loaded, total);
    } else {
      bar.removeAttribute("value");
    }
    label.textContent = figures(status, loaded, total);
  }

  hide() {
    this.#downloads.clear();
    this.parts.box.hidden = true;
  }
}

/** @param {Progress["status"]} status @param {number} loaded @param {number} total */
function figures(status, loaded, total) {
  if (status === "engine" || status === "model") {
    return total ? `${megabytes(loaded)} of ${megabytes(total)}` : megabytes(loaded);
  }
  const unit = status === "prompt" ? "tokens" : "tensors";
  return total ? `${loaded.toLocaleString("en")} of ${total.toLocaleString("en")} ${unit}` : "";
}
