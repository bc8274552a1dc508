/**
 * The state of the playground: its texts and the one that is shown, the selected token, the model, and what
 * runs. It draws nothing and knows no view; views listen to its events:
 *
 * - `text`: another text is shown, or none
 * - `texts`: texts were added or marked, while the same one is shown
 * - `token`: a token was added to the text that is being written
 * - `end`: the text that was being written has ended
 * - `selection`: another token is selected, or none
 * - `model`: another model was loaded
 * - `busy`: something has begun to run, or has ended
 * - `stop`: whatever runs is to end
 * - `settings`: the prompt or a setting has changed
 */

import { Store } from "../ui/store.js";
import { Texts } from "./texts.js";

/** @import { Model, Progress } from "../engine/client.js" */
/**
 * @typedef {"text" | "texts" | "token" | "end" | "selection" | "model" | "busy" | "stop" |
 *   "settings"} SessionEvent
 * @typedef {{
 *   panel: () => import("../decoder/model-panel.js").ModelPanel, say: (words: string) => void,
 *   complain: (error: unknown) => void, progress: import("../ui/progress.js").ProgressView
 * }} Host `panel` has the model; `say` shows words in the page's status line; `complain` shows an error with
 *   its remedy, and "Stopped." for an AbortError
 */

/** @extends {Store<SessionEvent>} */
export class PlaygroundSession extends Store {
  texts = new Texts();
  #panel;
  /** The selected token: its index in the text; below 0 it counts the prompt's from their end. */
  #selected = /** @type {number | null} */ (null);
  /** Set while `work` runs. @type {AbortController | null} */
  #working = null;
  #writing = false;

  /** @param {Host} host */
  constructor({ panel, say, complain, progress }) {
    super();
    this.#panel = panel;
    this.say = say;
    this.complain = complain;
    this.progress = progress;
  }

  /** The text that is shown, with its prompt, settings and tokens. */
  get text() {
    return this.texts.current;
  }

  get selected() {
    return this.#selected;
  }

  set selected(index) {
    if (index === this.#selected) return;
    this.#selected = index;
    this.announce("selection");
  }

  /** The model, if it is loaded. @returns {Model | null} */
  get model() {
    return this.#panel().model;
  }

  /** Loads the model, unless it is loaded. @returns {Promise<Model>} */
  ensureModel() {
    return this.#panel().ensure();
  }

  /** Whether a model loads, a text or a reply is written, or `work` runs. */
  get busy() {
    return this.#working !== null || this.#writing || this.#panel().loading;
  }

  /** Whether a text or a reply is written. */
  get writing() {
    return this.#writing;
  }

  set writing(on) {
    this.#writing = on;
    this.announce("busy");
  }

  /**
   * Runs something that takes time: the page is busy meanwhile and shows its progress; Stop and Esc abort it.
   * @template T
   * @param {string} words for the status line
   * @param {(options: {signal: AbortSignal, onProgress: (progress: Progress) => void}) => Promise<T>} job
   * @returns {Promise<T | null>} null if it failed or was stopped, which the page has shown then
   * @example
   * const found = await session.work("Reading the prompt…", (options) =>
   *   model.call("logprobs", { text }, options),
   * );
   */
  async work(words, job) {
    if (this.busy) return null;
    this.#working = new AbortController();
    this.announce("busy");
    this.say(words);
    try {
      return await job({ signal: this.#working.signal, onProgress: this.progress.show });
    } catch (error) {
      this.complain(error);
      return null;
    } finally {
      this.#working = null;
      this.progress.hide();
      this.announce("busy");
    }
  }

  /** Ends whatever runs. */
  stop() {
    this.#panel().stop();
    this.#working?.abort();
    this.announce("stop");
  }
}
