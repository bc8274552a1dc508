/**
 * What the parts of the playground share: the text that is shown, the selected token, the model, and whatever
 * runs. It announces changes as events:
 *
 * - `text`: another text is shown, or none
 * - `token`: a token was added to the text that is being written
 * - `end`: the text that was being written has ended
 * - `selection`: another token is selected, or none
 * - `model`: another model was loaded
 *
 * It draws nothing and knows none of its listeners.
 */

/** @import { Model, Progress } from "../engine/client.js" */
/** @import { Text } from "./texts.js" */
/** @typedef {"text" | "token" | "end" | "selection" | "model"} SessionEvent */
/**
 * @typedef {{
 *   text: () => Text | null, model: () => Model | null, ensureModel: () => Promise<Model>,
 *   busy: () => boolean, changed: () => void, say: (words: string) => void,
 *   complain: (error: unknown) => void, progress: import("../ui/progress.js").ProgressView
 * }} Host what the page does for it; `busy` says whether a model loads or a text is written
 */

export class Session extends EventTarget {
  #host;
  /** The selected token: its index in the text; below 0 it counts the prompt's from their end. */
  #selected = /** @type {number | null} */ (null);
  /** Set while `work` runs. @type {AbortController | null} */
  #working = null;

  /** @param {Host} host */
  constructor(host) {
    super();
    this.#host = host;
  }

  /** The text that is shown, with its prompt, settings and tokens. @returns {Text | null} */
  get text() {
    return this.#host.text();
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
    return this.#host.model();
  }

  /** Loads the model, unless it is loaded. @returns {Promise<Model>} */
  ensureModel() {
    return this.#host.ensureModel();
  }

  /** Whether a model loads, a text is written, or `work` runs. */
  get busy() {
    return this.working || this.#host.busy();
  }

  /** Whether `work` runs. */
  get working() {
    return this.#working !== null;
  }

  /** Shows words in the page's status line. @param {string} words */
  say(words) {
    this.#host.say(words);
  }

  /** Shows an error with its remedy; an AbortError shows "Stopped." @param {unknown} error */
  complain(error) {
    this.#host.complain(error);
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
    const { changed, progress } = this.#host;
    this.#working = new AbortController();
    changed();
    this.say(words);
    try {
      return await job({ signal: this.#working.signal, onProgress: progress.show });
    } catch (error) {
      this.complain(error);
      return null;
    } finally {
      this.#working = null;
      progress.hide();
      changed();
    }
  }

  /** Aborts what `work` runs. */
  stop() {
    this.#working?.abort();
  }

  /** @param {SessionEvent} event */
  announce(event) {
    this.dispatchEvent(new Event(event));
  }
}
