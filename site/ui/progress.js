/**
 * How far loading and reading have come: the words for each phase, a bar with figures, and the time left
 * where it can be estimated. The phase is announced through a status line; the figures change too often for
 * that.
 */

import { recall, remember } from "./memory.js";
import { megabytes, percent, t } from "./words.js";

/** @import { Progress } from "../engine/protocol.js" */
/**
 * The words for phases by their status, and for how much of what they count is done.
 * @typedef {Record<string, {phase: () => string, count: (counts: Record<string, number>) => string}>} Phases
 */

/** The words for a phase; a job's own status, "shifts", is its own word. @param {string} status */
export function phaseWords(status) {
  /** @type {Record<string, string>} */
  const phases = {
    engine: t("Loading the engine"),
    start: t("Starting the engine"),
    model: t("Loading the model"),
    weights: t("Reading the weights"),
    constraint: t("Preparing the constraint"),
    prompt: t("Reading the prompt"),
  };
  return Object.hasOwn(phases, status) ? phases[status] : status.charAt(0).toUpperCase() + status.slice(1);
}

/** A step of progress in one short line, for a page without a bar. @param {Progress} progress */
export function inWords({ status, loaded, total }) {
  const share = total > 0 ? `, ${percent(loaded / total)}` : "";
  return `${phaseWords(status)}${share}…`;
}

/** Milliseconds of which the speed is taken: it changes, as when a machine gets hot. */
const RECENT = 20_000;

/** Estimates the time that a phase still takes from its recent speed. */
export class Estimate {
  #phase = "";
  /** What was done when, since a little before `RECENT`. @type {{now: number, loaded: number}[]} */
  #recent = [];

  /**
   * @param {string} phase a new one starts a new estimate
   * @param {number} loaded
   * @param {number} total 0 if unknown
   * @param {number} [now] in milliseconds
   * @returns {number | null} seconds, or null while nothing can be said or little is left
   */
  left(phase, loaded, total, now = performance.now()) {
    if (phase !== this.#phase || loaded < (this.#recent.at(-1)?.loaded ?? 0)) this.#recent = [];
    this.#phase = phase;
    this.#recent.push({ now, loaded });
    while (this.#recent.length > 2 && this.#recent[1].now <= now - RECENT) this.#recent.shift();
    const [first] = this.#recent;
    const seconds = (now - first.now) / 1000;
    const done = loaded - first.loaded;
    if (!total || seconds < 1 || done <= 0) return null;
    const left = ((total - loaded) * seconds) / done;
    return left > 1 ? left : null;
  }
}

/** @param {number} seconds */
export function timeLeft(seconds) {
  if (seconds < 90) return t("about {seconds} s left", { seconds: Math.ceil(seconds) });
  return t("about {minutes} min left", { minutes: Math.round(seconds / 60) });
}

/** Milliseconds between two moves of the bar while nothing is counted. */
const TICK = 200;

/**
 * The start of Python, which reports nothing until it is over: how long it takes is known from the last time.
 */
export class StartClock {
  #began = performance.now();
  #expected = 0;

  constructor() {
    const last = recall("start-seconds");
    if (typeof last === "number" && last > 0 && last < 600) this.#expected = last;
  }

  get seconds() {
    return (performance.now() - this.#began) / 1000;
  }

  /** The share of the start that is over, below 1; null if no start was timed yet. */
  get share() {
    if (!this.#expected) return null;
    const ratio = this.seconds / this.#expected;
    return ratio < 0.9 ? ratio : 1 - 0.1 * Math.exp(9 - 10 * ratio); // slower and slower, never full
  }

  get words() {
    const left = this.#expected - this.seconds;
    return left > 1 ? timeLeft(left) : t("{seconds} s", { seconds: Math.floor(this.seconds) });
  }
}

export class ProgressView {
  /** Set while Python starts. @type {{clock: StartClock, timer: number} | null} */
  #start = null;
  #startIsDue = false;
  /** Downloads that run at the same time are shown as one. @type {Map<Progress["status"], Progress>} */
  #downloads = new Map();
  #estimate = new Estimate();

  #more;

  /**
   * @param {{box: HTMLElement, bar: HTMLProgressElement, label: HTMLElement}} parts
   * @param {(text: string) => void} say announces the phase
   * @param {Phases} [more] than those of loading and writing
   */
  constructor(parts, say, more = {}) {
    this.parts = parts;
    this.say = say;
    this.#more = more;
  }

  show = (/** @type {Progress} */ progress) => {
    let { status, loaded, total, share } = progress;
    let phase = this.#more[status]?.phase() ?? phaseWords(status);
    const downloads = [...this.#downloads.set(status, progress).values()].filter(isDownload);
    if (isDownload(progress)) {
      if (downloads.length > 1) phase = t("Loading the engine and the model");
      loaded = downloads.reduce((sum, part) => sum + part.loaded, 0);
      total = downloads.reduce((sum, part) => sum + part.total, 0);
    }
    this.#startIsDue ||= status === "start";
    const loading = downloads.some((part) => part.loaded < part.total);
    if (this.#startIsDue && (isDownload(progress) || status === "start")) {
      if (!loading) this.#showStart();
      if (!loading || status === "start") return; // the model is still loading, which is the longer wait
    }
    this.#endStart(true);
    this.say(`${phase}…`);
    const { box, bar, label } = this.parts;
    box.hidden = false;
    const [done, all] = share === undefined ? [loaded, total] : [share, 1];
    if (all) {
      bar.max = all;
      bar.value = Math.min(done, all);
    } else {
      bar.removeAttribute("value");
    }
    const seconds = this.#estimate.left(phase, done, all);
    const words = [
      figures({ ...progress, loaded, total }, this.#more),
      seconds === null ? "" : timeLeft(seconds),
    ];
    label.textContent = words.filter(Boolean).join(" · ");
  };

  /** Moves the bar while Python starts. */
  #showStart() {
    if (this.#start) return;
    this.say(`${phaseWords("start")}…`);
    const { box, bar, label } = this.parts;
    box.hidden = false;
    const clock = new StartClock();
    const tick = () => {
      const { share } = clock;
      bar.max = 1;
      if (share === null) bar.removeAttribute("value");
      else bar.value = share;
      label.textContent = clock.words;
    };
    tick();
    this.#start = { clock, timer: setInterval(tick, TICK) };
  }

  /** @param {boolean} isOver whether Python has started, so that the time counts */
  #endStart(isOver) {
    if (!this.#start) return;
    clearInterval(this.#start.timer);
    if (isOver) remember("start-seconds", this.#start.clock.seconds);
    this.#start = null;
    this.#startIsDue = false;
  }

  hide = () => {
    this.#endStart(false);
    this.#startIsDue = false;
    this.#downloads.clear();
    this.parts.box.hidden = true;
  };
}

/** @param {Progress} progress */
function isDownload({ status }) {
  return status === "engine" || status === "model";
}

/** @param {Progress} progress @param {Phases} more */
function figures({ status, loaded, total }, more) {
  if (status === "engine" || status === "model") {
    if (!total) return megabytes(loaded);
    return t("{loaded} of {total}", { loaded: megabytes(loaded), total: megabytes(total) });
  }
  if (!total) return "";
  const counts = { loaded, total };
  if (status === "prompt") return t("{loaded} of {total} tokens", counts);
  if (status === "weights") return t("{loaded} of {total} tensors", counts);
  return (more[status]?.count ?? ((each) => t("{loaded} of {total}", each)))(counts);
}
