/**
 * Shows the steps of a text one by one: those of a recording, or those that the engine is generating, which
 * are added while it plays. It knows nothing about where they come from.
 */

/** @import { Step } from "./recording.js" */
/**
 * `add` shows one more step, `clear` removes all, `select` marks one.
 * @typedef {{add: (step: Step) => void, clear: () => void, select: (index: number) => void}} View
 * @typedef {(action: () => void, delay: number) => unknown} Schedule
 */

export class Player {
  /** @type {Step[]} */
  steps = [];
  /** How many steps are shown. */
  shown = 0;
  playing = false;
  /** Whether no more steps will be added. */
  complete = true;
  #view;
  #changed;
  #schedule;
  #delay = 0;
  /** A newer round makes the steps of an older one void. */
  #round = 0;
  /** Whether a step is due that has not been generated yet. */
  #isWaiting = false;

  /**
   * @param {View} view
   * @param {{changed: () => void, schedule?: Schedule}} options `changed` is called when it starts or stops
   */
  constructor(view, { changed, schedule = (action, delay) => setTimeout(action, delay) }) {
    this.#view = view;
    this.#changed = changed;
    this.#schedule = schedule;
  }

  /** Whether everything has been shown. */
  get ended() {
    return this.complete && this.shown >= this.steps.length;
  }

  /**
   * Replaces the text; it does not play yet.
   * @param {Step[]} steps
   * @param {{delay?: number, shown?: number, complete?: boolean}} [options] milliseconds between two steps,
   *   how many of them to show at once
   */
  show(steps, { delay = 0, shown = 0, complete = true } = {}) {
    this.#halt();
    this.steps = steps;
    this.complete = complete;
    this.#delay = delay;
    this.#rewind(Math.min(shown, steps.length));
    this.#changed();
  }

  /** Plays from where it stopped, or again from the start. */
  play() {
    if (this.playing) return;
    if (this.ended) this.#rewind(0);
    this.playing = true;
    this.#changed();
    this.#advance(++this.#round);
  }

  pause() {
    if (!this.playing) return;
    this.#halt();
    this.#changed();
  }

  /** Adds a step that has just been generated. @param {Step} step */
  add(step) {
    this.steps.push(step);
    if (this.#isWaiting) this.#advance(this.#round);
  }

  /** No more steps will be added. */
  finish() {
    this.complete = true;
    if (this.ended) this.pause();
    this.#changed();
  }

  #halt() {
    this.#round++;
    this.#isWaiting = false;
    this.playing = false;
  }

  /** @param {number} shown */
  #rewind(shown) {
    this.#view.clear();
    for (const step of this.steps.slice(0, shown)) this.#view.add(step);
    this.shown = shown;
    this.#view.select(shown - 1);
  }

  /** @param {number} round */
  #advance(round) {
    if (round !== this.#round) return;
    this.#isWaiting = this.shown === this.steps.length;
    if (this.#isWaiting) return;
    this.#view.add(this.steps[this.shown]);
    this.#view.select(this.shown++);
    if (this.ended) this.pause();
    else this.#schedule(() => this.#advance(round), this.#delay);
  }
}
