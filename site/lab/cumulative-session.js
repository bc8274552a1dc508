/**
 * The visitor's own data in one experiment: points that were moved or pasted, samples, and the way back. It
 * asks for a fit whenever they change, one at a time: while a point is dragged, the fits follow as fast as
 * they are computed.
 */

/**
 * @typedef {{kind: "points", x: number[], y: number[], moved: boolean}} OwnPoints `moved`: the experiment's
 *   own
 *   points, some of them elsewhere
 * @typedef {{kind: "samples", samples: number[]}} OwnSamples
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
  #busy = false;
  #waiting = false;

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
   * The points to draw: the visitor's, or those of a result.
   * @param {{x: number[], y: number[]}} data
   */
  points(data) {
    return this.own?.kind === "points" ? this.own : data;
  }

  /**
   * Moves one point.
   * @param {{x: number[], y: number[]}} points as they are drawn
   * @param {number} index
   * @param {{x: number, y: number, cause: string}} to `cause` names the drag, or the key's point
   */
  move(points, index, { x, y, cause }) {
    if (cause !== this.#lastMove) this.#remember();
    this.#lastMove = cause;
    const moved = this.own?.kind === "points" ? this.own.moved : true;
    const own = { kind: /** @type {const} */ ("points"), x: [...points.x], y: [...points.y], moved };
    own.x[index] = x;
    own.y[index] = y;
    this.own = own;
    this.#changed();
    this.#request();
  }

  /** A drag has ended: whatever is being computed, fit the last state. */
  settle() {
    this.moving = -1;
    this.#lastMove = "";
    if (this.#waiting) this.#send();
  }

  /** Takes pasted data. @param {import("./cumulative-data.js").PointData | OwnSamples} data */
  use(data) {
    this.#remember();
    this.#set(data.kind === "points" ? { ...data, moved: false } : data);
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
    [this.#past, this.#future, this.own, this.#lastMove, this.#waiting] = [[], [], null, "", false];
    this.#changed();
  }

  /** A complete result is being drawn; the next fit starts after that, because two would be one too many. */
  received() {
    this.#busy = false;
    queueMicrotask(() => this.#waiting && this.#send());
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

  #request() {
    if (this.#busy && this.moving >= 0) this.#waiting = true;
    else this.#send();
  }

  #send() {
    this.#busy = true;
    this.#waiting = false;
    this.#run({ data: argumentsOf(this.own) });
  }
}

/** The keyword arguments of `compute`. @param {Own} own */
function argumentsOf(own) {
  if (!own) return null;
  if (own.kind === "samples") return { samples: own.samples };
  return { x: own.x, y: own.y, moved: own.moved };
}
