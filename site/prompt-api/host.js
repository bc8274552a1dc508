/**
 * The model of the Prompt API: one for all sessions, loaded with the first and kept for a while after the
 * last, since pages often create a session for each prompt.
 */

import { checkOptions } from "../engine/checks.js";
import { Engine } from "../engine/engine.js";
import { engineFrom } from "../engine/holder.js";

/** @import { ModelChoice } from "../engine/choice.js" */
/** @import { Lease } from "../engine/holder.js" */
/** @import { Progress } from "../engine/protocol.js" */
/**
 * Which model, and how it answers.
 * @typedef {object} HostOptions
 * @property {string[]} [languages] tags of the languages that the model knows; by default English for the
 *   model that comes with Goosequill, and any for others
 * @property {import("../engine/protocol.js").Settings} [settings] of the decoder, for all sessions; by
 *   default replies have at most 1024 tokens
 */

/** Milliseconds for which the model stays loaded after the last session. */
export const REST = 60_000;

/** Where engines come from, and what a model's address means: under Node another place. */
export const environment = {
  holderOf: engineFrom,
  newEngine: () => new Engine(),
  locate: (/** @type {ModelChoice} */ choice) => choice,
};

export class ModelHost {
  /** @type {Lease | null} */
  #resting = null;
  /** @type {any} */
  #timer;

  /**
   * @param {ModelChoice & HostOptions} [options]
   * @throws {import("../engine/protocol.js").EngineError} `option`
   */
  constructor({ languages, settings = {}, ...choice } = {}) {
    this.choice = environment.locate(choice);
    checkOptions(this.choice);
    this.languages = languages ? Intl.getCanonicalLocales(languages) : choice.model ? null : ["en"];
    this.settings = { max_new_tokens: 1024, ...settings };
  }

  get holder() {
    return environment.holderOf(this.choice.root);
  }

  /** Whether a page downloads nothing more: as the Prompt API calls it. */
  get availability() {
    if (typeof WebAssembly === "undefined") return "unavailable";
    const names = { loaded: "available", loading: "downloading", absent: "downloadable" };
    return names[this.holder.statusOf(this.choice)];
  }

  /** @param {string} tag a language tag */
  speaks(tag) {
    const { language } = new Intl.Locale(tag);
    if (this.languages) return this.languages.some((known) => new Intl.Locale(known).language === language);
    return new Intl.DisplayNames("en", { type: "language", fallback: "none" }).of(language) !== undefined;
  }

  lease() {
    return this.holder.lease(this.choice);
  }

  /** Gives up a session's lease, later if it is the last one. @param {Lease} lease */
  rest(lease) {
    this.forget();
    this.#resting = lease;
    this.#timer = setTimeout(() => this.forget(), REST);
    this.#timer.unref?.(); // under Node, which would wait for it
  }

  /** Keeps nothing for sessions to come. */
  forget() {
    clearTimeout(this.#timer);
    this.#resting?.release();
    this.#resting = null;
  }
}

/** How much of the whole each phase of loading is, in their order. */
const PHASES = { engine: 0.4, start: 0.05, model: 0.5, weights: 0.05 };

/** The event of a monitor; outside browsers there is no ProgressEvent. */
function progressEvent(/** @type {number} */ loaded) {
  const about = { lengthComputable: true, loaded, total: 1 };
  if (typeof ProgressEvent === "function") return new ProgressEvent("downloadprogress", about);
  return Object.assign(new Event("downloadprogress"), about);
}

/**
 * @typedef {{
 *   addEventListener(type: "downloadprogress", listener: (event: ProgressEvent) => any): void,
 *   ondownloadprogress: ((this: any, event: ProgressEvent) => any) | null
 * } & EventTarget} Monitor
 */
/** What `create` hands to `monitor`: it fires `downloadprogress`, whose `loaded` grows from 0 to 1. */
export class CreateMonitor extends EventTarget {
  get ondownloadprogress() {
    return handlerOf(this, "downloadprogress");
  }

  set ondownloadprogress(handle) {
    setHandler(this, "downloadprogress", handle);
  }
}

/** Turns the engine's progress into that of a monitor. */
export class DownloadProgress {
  #last = -1;

  /** @param {CreateMonitor} monitor @param {AbortSignal} [signal] after which nothing is fired */
  constructor(monitor, signal) {
    this.monitor = monitor;
    this.signal = signal;
  }

  /** @param {number} loaded of 1; only what is more than before is fired, in steps of 1/65536 */
  report(loaded) {
    const step = Math.floor(loaded * 0x10000) / 0x10000;
    if (step <= this.#last || this.signal?.aborted) return;
    this.#last = step;
    this.monitor.dispatchEvent(progressEvent(step));
  }

  /** @param {Progress} progress */
  note({ status, loaded, total }) {
    let before = 0;
    for (const [phase, share] of Object.entries(PHASES)) {
      // Not yet 1: that the session is ready is reported once.
      if (phase === status) this.report(Math.min(before + (total ? (share * loaded) / total : 0), 0.9999));
      before += share;
    }
  }
}

/** @typedef {(this: any, event: Event) => any} Handle */
/** @type {WeakMap<EventTarget, Map<string, {handle: Handle, listener: (event: Event) => void}>>} */
const handlers = new WeakMap();

/** The value of an attribute `onTYPE`. @param {EventTarget} target @param {string} type */
export const handlerOf = (target, type) => handlers.get(target)?.get(type)?.handle ?? null;

/**
 * Sets an attribute `onTYPE`: its function is called for events of the type.
 * @param {EventTarget} target
 * @param {string} type
 * @param {unknown} handle anything but a function removes it
 */
export function setHandler(target, type, handle) {
  const own = handlers.get(target) ?? new Map();
  handlers.set(target, own);
  const before = own.get(type);
  if (typeof handle !== "function") {
    target.removeEventListener(type, before?.listener);
    own.delete(type);
  } else if (before) {
    before.handle = /** @type {Handle} */ (handle); // it keeps its place among the listeners
  } else {
    const entry = {
      handle: /** @type {Handle} */ (handle),
      listener: (/** @type {Event} */ event) => entry.handle.call(target, event),
    };
    own.set(type, entry);
    target.addEventListener(type, entry.listener);
  }
}
