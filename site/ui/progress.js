/**
 * How far loading and reading have come: the words for each phase, a bar with figures, and the time left
 * where it can be estimated. The phase is announced through a status line; the figures change too often for
 * that.
 */

import { megabytes, number } from "./dom.js";

/** @typedef {import("../engine/protocol.js").Progress} Progress */

/** @type {Record<Progress["status"], string>} */
export const PHASES = {
  engine: "Loading the engine",
  start: "Starting the engine",
  model: "Loading the model",
  weights: "Reading the weights",
  constraint: "Preparing the constraint",
  prompt: "Reading the prompt",
  documents: "Reading documents",
  words: "Indexing words",
  passages: "Reading passages for better answers",
};

/** The words for a phase; a job's own status, "shifts", is its own word. @param {string} status */
function phaseWords(status) {
  return Object.hasOwn(PHASES, status)
    ? PHASES[/** @type {Progress["status"]} */ (status)]
    : status.charAt(0).toUpperCase() + status.slice(1);
}

/** A step of progress in one short line, for a page without a bar. @param {Progress} progress */
export function inWords({ status, loaded, total }) {
  const share = total > 0 ? `, ${Math.round((100 * loaded) / total)}%` : "";
  return `${phaseWords(status)}${share}…`;
}

/** Estimates the time that a phase still takes from its speed so far. */
export class Estimate {
  #phase = "";
  #started = 0;
  #first = 0;

  /**
   * @param {string} phase a new one starts a new estimate
   * @param {number} loaded
   * @param {number} total 0 if unknown
   * @param {number} [now] in milliseconds
   * @returns {number | null} seconds, or null while nothing can be said or little is left
   */
  left(phase, loaded, total, now = performance.now()) {
    if (phase !== this.#phase || loaded < this.#first) {
      this.#phase = phase;
      this.#started = now;
      this.#first = loaded;
    }
    const seconds = (now - this.#started) / 1000;
    const done = loaded - this.#first;
    if (!total || seconds < 1 || done <= 0) return null;
    const left = ((total - loaded) * seconds) / done;
    return left > 1 ? left : null;
  }
}

/** @param {number} seconds */
export function timeLeft(seconds) {
  return seconds < 90 ? `about ${Math.ceil(seconds)} s left` : `about ${Math.round(seconds / 60)} min left`;
}

export class ProgressView {
  /** Downloads that run at the same time are shown as one. @type {Map<Progress["status"], Progress>} */
  #downloads = new Map();
  #estimate = new Estimate();

  /**
   * @param {{box: HTMLElement, bar: HTMLProgressElement, label: HTMLElement}} parts
   * @param {(text: string) => void} say announces the phase
   */
  constructor(parts, say) {
    this.parts = parts;
    this.say = say;
  }

  show = (/** @type {Progress} */ progress) => {
    let { status, loaded, total } = progress;
    let phase = phaseWords(status);
    const downloads = [...this.#downloads.set(status, progress).values()].filter(isDownload);
    if (isDownload(progress)) {
      if (downloads.length > 1) phase = "Loading the engine and the model";
      loaded = downloads.reduce((sum, part) => sum + part.loaded, 0);
      total = downloads.reduce((sum, part) => sum + part.total, 0);
    } else if (status === "start" && downloads.some((part) => part.loaded < part.total)) {
      return; // the model is still loading, which is the longer wait
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
    const seconds = this.#estimate.left(phase, loaded, total);
    const words = [figures(status, loaded, total), seconds === null ? "" : timeLeft(seconds)];
    label.textContent = words.filter(Boolean).join(" · ");
  };

  hide = () => {
    this.#downloads.clear();
    this.parts.box.hidden = true;
  };
}

/** @param {Progress} progress */
function isDownload({ status }) {
  return status === "engine" || status === "model";
}

/** @param {Progress["status"]} status @param {number} loaded @param {number} total */
function figures(status, loaded, total) {
  if (status === "engine" || status === "model") {
    return total ? `${megabytes(loaded)} of ${megabytes(total)}` : megabytes(loaded);
  }
  const unit =
    {
      prompt: " tokens",
      weights: " tensors",
      documents: " files",
      words: " passages",
      passages: " passages",
    }[/** @type {string} */ (status)] ?? "";
  return total ? `${number(loaded)} of ${number(total)}${unit}` : "";
}
