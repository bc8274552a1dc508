/**
 * The visitor's own data in one experiment: points or samples that were moved or pasted, and the way back. It
 * asks for a fit whenever they change.
 */

import { fromSamples } from "./cumulative-instant.js";

/**
 * @typedef {{kind: "points", x: number[], y: number[], moved: boolean}} OwnPoints `moved`: the experiment's
 *   own, some of them elsewhere
 * @typedef {{kind: "samples", samples: number[], moved: boolean}} OwnSamples
 * @typedef {{kind?: string, x: number[], y: number[]}} Drawn
 * @typedef {OwnPoints | OwnSamples | null} Own null: the data that the settings give
 * @typedef {(request: {data: Record<string, any> | null}) => void} Run
 */

const MOST_STEPS = 200;

export class CumulativeSession {
  /** @type {Own} */
  own = null;
  /** Called when the data, or the ways back and forth, have changed. @type {Set<() => void>} */
  listeners = new Set();
  /** The index of the point that is being moved; -1 for none. */
  moving = -1;
  /** @type {Own[]} */
  #past = [];
  /** @type {Own[]} */
  #future = [];
  /** What moved last, so that one drag or several presses of a key are one step back. */
  #lastMove = "";
  #run;

  /** @param {Run} run */
  constructor(run) {
    this.#run = run;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * The points to draw: the visitor's, or those of a result. Samples are points at their shares.
   * @param {Drawn} data
   * @returns {Drawn}
   */
  points(data) {
    if (this.own?.kind !== "samples") return this.own ?? data;
    return { ...fromSamples(this.own.samples), kind: "samples" };
  }

  /**
   * Moves one point, or the samples that it stands for.
   * @param {Drawn} points as they are drawn
   * @param {number} index
   * @param {{x: number, y: number, cause: string}} to `cause` names the drag, or the key's point
   */
  move(points, index, { x, y, cause }) {
    if (cause !== this.#lastMove) this.#remember();
    this.#lastMove = cause;
    const moved = this.own?.moved ?? true;
    if (points.kind === "samples") {
      const { samples } = this.own?.kind === "samples" ? this.own : { samples: points.x };
      const from = points.x[index];
      this.own = { kind: "samples", samples: samples.map((value) => (value === from ? x : value)), moved };
    } else {
      const own = { kind: /** @type {const} */ ("points"), x: [...points.x], y: [...points.y], moved };
      own.x[index] = x;
      own.y[index] = y;
      this.own = own;
    }
    this.#changed();
    this.#send();
  }

  /** A drag has ended. */
  settle() {
    this.moving = -1;
    this.#lastMove = "";
    this.#changed();
  }

  /**
   * Takes pasted data.
   * @param {import("./cumulative-data.js").PointData | import("./cumulative-data.js").SampleData} data
   */
  use(data) {
    this.#remember();
    this.#set({ ...data, moved: false });
  }

  undo() {
    if (!this.canUndo) return;
    this.#future.push(this.own);
    this.#set(this.#past.pop() ?? null);
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.own);
    this.#set(this.#future.pop() ?? null);
  }

  /** Back to the data that the settings give; undo leads back here. */
  reset() {
    if (!this.own) return;
    this.#remember();
    this.#set(null);
  }

  /** Forgets everything, without a fit: the whole experiment was reset. */
  clear() {
    [this.#past, this.#future, this.own, this.#lastMove] = [[], [], null, ""];
    this.#changed();
  }

  #remember() {
    this.#past.push(this.own);
    if (this.#past.length > MOST_STEPS) this.#past.shift();
    this.#future = [];
  }

  /** @param {Own} own */
  #set(own) {
    this.own = own;
    this.#lastMove = "";
    this.#changed();
    this.#send();
  }

  #changed() {
    for (const listener of this.listeners) listener();
  }

  #send() {
    this.#run({ data: argumentsOf(this.own) });
  }
}

/** The keyword arguments of `compute`. @param {Own} own */
function argumentsOf(own) {
  if (!own) return null;
  const { kind: _, ...given } = own;
  return given;
}
