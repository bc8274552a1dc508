/**
 * The live walk of the page "maze": the student walks, or the visitor does, who can also be its first
 * teacher.
 * Everything here is computed in the page, with the student of the last lesson.
 */

import { element } from "../ui/dom.js";
import { counted } from "../ui/words.js";
import { Plan, pixels, Scene } from "./maze-scene.js";
import { draw, FORWARD, LEFT, poseOf, RIGHT, shortestWay, Walker } from "./maze-world.js";

/** @import { Layer } from "./classify.js" */
/** @import { Maze, Pose } from "./maze-world.js" */

/**
 * @typedef {{maze: number, state: number, moves: number[]}} Lesson a walk of the visitor
 * @typedef {{
 *   layers: Layer[], mazes: Maze[], practice: Maze[], memory: number, beacon: boolean, seed: number,
 *   lessons: number, teach: (lesson: Lesson[] | null) => void
 * }} Options `lessons` is how many the student has had
 */

const WORDS = ["Forward", "Left", "Right"];
/** @type {Record<string, number>} */
const KEYS = { ArrowUp: FORWARD, ArrowLeft: LEFT, ArrowRight: RIGHT };
/** Milliseconds: the longest movement, and the rest at a goal while the student plays. */
const MOVEMENT = 260;
const REST = 1100;

/** The walks of a page by the elements that they stand in. @type {WeakMap<HTMLElement, Walk>} */
const walks = new WeakMap();

/** The walk of an element, made if there is none. @param {HTMLElement} place */
export function walkOf(place) {
  const known = walks.get(place) ?? new Walk();
  walks.set(place, known);
  return known;
}

export class Walk {
  /** @type {Options | null} */
  #options = null;
  /** @type {Walker | null} */
  #walker = null;
  #index = 0;
  /** Whether the visitor teaches: in mazes of the lessons. */
  #teaching = false;
  /** @type {Lesson[]} */
  #lesson = [];
  #tally = { walks: 0, arrived: 0 };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #frame = 0;
  /** @type {Pose | null} */
  #pose = null;

  #scene = new Scene();
  #plan = new Plan();
  #pixels = element("div", {});
  #bars = element("ol", { class: "maze-bars", "data-testid": "maze-bars" });
  #line = element("p", { class: "maze-line", role: "status", "data-testid": "maze-line" });
  #speed = element("input", { type: "range", min: 1, max: 12, step: 1, value: 4, "aria-label": "Speed" });
  #likeliest = element("input", { type: "checkbox" });
  #play = button("Play", () => (this.#timer === undefined ? this.#start() : this.#pause()), "primary");
  #teach = button("Teach these moves", () => this.#hand());
  #count = element("span", { class: "note" });
  #box = element(
    "div",
    { class: "maze-window", tabindex: 0, role: "application", "aria-label": "Walk with the arrow keys" },
    this.#scene.element,
  );
  #own = element("details", { "data-testid": "maze-teacher" });

  constructor() {
    const arrows = element(
      "span",
      { class: "maze-arrows", role: "group", "aria-label": "Walk yourself" },
      button("↰", () => this.#walk(LEFT), "", "Turn left"),
      button("↑", () => this.#walk(FORWARD), "", "Go forward"),
      button("↱", () => this.#walk(RIGHT), "", "Turn right"),
    );
    this.#box.addEventListener("keydown", (event) => {
      if (!Object.hasOwn(KEYS, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#walk(KEYS[event.key]);
    });
    this.#likeliest.addEventListener("change", () => this.#tell());
    this.#own.append(
      element("summary", {}, "Be its teacher"),
      element(
        "p",
        {},
        "While this is open, you walk through mazes of the lessons, and your moves are noted. They become the student’s first lesson in place of the teacher’s.",
      ),
      element(
        "div",
        { class: "lab-actions" },
        this.#teach,
        button("Forget them", () => this.#forget()),
        this.#count,
      ),
    );
    this.#own.addEventListener("toggle", () => this.#switch(this.#own.open));
    this.element = element(
      "div",
      { class: "maze-walk" },
      element("div", { class: "maze-views" }, this.#box, this.#plan.element),
      element(
        "div",
        { class: "maze-mind" },
        element("div", {}, element("p", { class: "note" }, "All that the student sees"), this.#pixels),
        element(
          "div",
          {},
          element("p", { class: "note" }, "What it would do, and ✓ what the teacher would"),
          this.#bars,
        ),
      ),
      this.#line,
      element(
        "div",
        { class: "lab-actions maze-tools" },
        this.#play,
        button("Step", () => this.#once()),
        button("Again", () => this.#enter(this.#index)),
        button("Next maze", () => this.#enter(this.#index + 1)),
        arrows,
        element("label", { class: "maze-speed" }, "Speed ", this.#speed),
        element("label", { class: "maze-likeliest" }, this.#likeliest, " always the likeliest move"),
      ),
      this.#own,
    );
  }

  /** Takes another student, or other mazes. @param {Options} options */
  update(options) {
    const before = this.#options;
    this.#options = options;
    const key = (/** @type {Options | null} */ one) => JSON.stringify([one?.mazes, one?.memory, one?.beacon]);
    const isSame = key(before) === key(options);
    if (!isSame) {
      this.#lesson = [];
      this.#tally = { walks: 0, arrived: 0 };
      this.#enter(0);
    } else this.#tell();
  }

  get #mazes() {
    return (this.#teaching ? this.#options?.practice : this.#options?.mazes) ?? [];
  }

  /** @param {number} index of a maze, which begins again behind the last */
  #enter(index) {
    if (!this.#options) return;
    this.#index = index % this.#mazes.length;
    this.#walker = new Walker(this.#mazes[this.#index], this.#options);
    this.#place();
    if (this.#timer !== undefined) this.#start();
  }

  /** Shows where the walker is, without a movement. */
  #place() {
    if (!this.#walker) return;
    globalThis.cancelAnimationFrame?.(this.#frame);
    this.#show(poseOf(this.#walker.maze, this.#walker.state));
    this.#tell();
  }

  /** @param {Pose} pose */
  #show(pose) {
    if (!this.#walker || !this.#options) return;
    this.#pose = pose;
    this.#scene.draw(this.#walker.maze, pose, this.#options.beacon);
    this.#plan.draw(this.#walker.maze, pose, this.#walker.trail.slice(0, -1));
  }

  // ---- The student plays ----

  #start() {
    clearTimeout(this.#timer);
    this.#play.textContent = "Pause";
    this.#line.setAttribute("aria-live", "off"); // speech would fall behind
    this.#timer = setTimeout(() => this.#tick(), 1000 / this.#speed.valueAsNumber);
  }

  #pause() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#play.textContent = "Play";
    this.#line.setAttribute("aria-live", "polite");
  }

  #tick() {
    if (!this.element.isConnected) return this.#pause();
    if (this.#walker?.ended) return this.#enter(this.#index + 1);
    this.#choose();
    const wait = this.#walker?.ended ? REST : 1000 / this.#speed.valueAsNumber;
    this.#timer = setTimeout(() => this.#tick(), wait);
  }

  #once() {
    this.#pause();
    if (this.#walker?.ended) this.#enter(this.#index);
    this.#choose();
  }

  /** One move of the student's. */
  #choose() {
    if (!this.#walker || !this.#options || this.#walker.ended) return;
    const found = this.#walker.ask(this.#options.layers);
    const { seed } = this.#options;
    const likeliest = found.indexOf(Math.max(...found));
    this.#move(this.#likeliest.checked ? likeliest : draw(found, seed, this.#index, this.#walker.steps));
    if (this.#walker.ended) {
      this.#tally.walks++;
      if (this.#walker.arrived) this.#tally.arrived++;
      this.#tell();
    }
  }

  // ---- The visitor walks ----

  /** @param {number} action */
  #walk(action) {
    this.#pause();
    if (!this.#walker) return;
    if (this.#walker.ended) return this.#enter(this.#index + 1);
    if (this.#teaching) this.#note(action);
    this.#move(action);
  }

  /** @param {number} action */
  #note(action) {
    const { state, steps } = /** @type {Walker} */ (this.#walker);
    if (steps === 0) this.#lesson.push({ maze: this.#index, state, moves: [] });
    this.#lesson.at(-1)?.moves.push(action);
  }

  /** @param {boolean} isTeaching */
  #switch(isTeaching) {
    if (this.#teaching === isTeaching) return;
    this.#pause();
    this.#teaching = isTeaching;
    this.#enter(0);
  }

  #hand() {
    if (this.#lesson.length) this.#options?.teach(this.#lesson.slice(-50));
  }

  #forget() {
    this.#lesson = [];
    this.#options?.teach(null);
    this.#enter(0);
  }

  // ---- What is shown ----

  /** @param {number} action */
  #move(action) {
    const walker = /** @type {Walker} */ (this.#walker);
    const from = this.#pose ?? poseOf(walker.maze, walker.state);
    walker.move(action);
    this.#tell();
    this.#glide(from, poseOf(walker.maze, walker.state));
  }

  /** @param {Pose} from @param {Pose} to */
  #glide(from, to) {
    cancelAnimationFrame(this.#frame);
    if (globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches) return this.#show(to);
    const turn = ((((to.angle - from.angle) % 4) + 6) % 4) - 2; // the shorter way round
    const time = Math.min(MOVEMENT, 800 / this.#speed.valueAsNumber);
    const began = performance.now();
    const next = (/** @type {number} */ now) => {
      const part = Math.min(1, Math.max(0, (now - began) / time));
      if (part === 1) return this.#show(to);
      const eased = part * part * (3 - 2 * part);
      this.#show({
        x: from.x + eased * (to.x - from.x),
        y: from.y + eased * (to.y - from.y),
        angle: from.angle + eased * turn,
      });
      this.#frame = requestAnimationFrame(next);
    };
    this.#frame = requestAnimationFrame(next);
  }

  /** The student's mind, and where the walk is. */
  #tell() {
    const [walker, options] = [this.#walker, this.#options];
    if (!walker || !options) return;
    const found = walker.ask(options.layers);
    this.#pixels.replaceChildren(pixels(walker.views));
    this.#bars.replaceChildren(
      ...WORDS.map((word, action) => bar(word, found[action], Boolean((walker.best >> action) & 1))),
    );
    this.#line.textContent = this.#sentence(walker, options);
    const moves = this.#lesson.reduce((sum, { moves }) => sum + moves.length, 0);
    this.#count.textContent = `${counted(moves, "move")} noted.`;
    this.#teach.setAttribute("aria-disabled", String(!moves));
  }

  /** @param {Walker} walker @param {Options} options */
  #sentence(walker, { lessons }) {
    const kind = this.#teaching ? "Practice maze" : "Unseen maze";
    const where = `${kind} ${this.#index + 1} of ${this.#mazes.length}`;
    const least = shortestWay(walker.maze).length - 1;
    const { walks, arrived } = this.#tally;
    const tally = walks ? ` The student has reached ${arrived} of ${counted(walks, "goal")}.` : "";
    if (walker.arrived)
      return `${where}: arrived after ${counted(walker.steps, "step")}; the shortest way has ${least}.${tally}`;
    if (walker.ended)
      return `${where}: not arrived after ${counted(walker.steps, "step")}; the shortest way has ${least}.${tally}`;
    const had = `after ${counted(lessons, "lesson")}`;
    return `${where}, student ${had}: step ${walker.steps}; the shortest way has ${least}.${tally}`;
  }
}

/**
 * @param {string} words
 * @param {() => unknown} act
 * @param {string} [name] of the class
 * @param {string} [label]
 */
function button(words, act, name = "", label = "") {
  const made = element("button", { type: "button", class: name || null, onclick: act }, words);
  if (label) made.setAttribute("aria-label", label);
  return made;
}

/** One probability. @param {string} word @param {number} share @param {boolean} isBest */
function bar(word, share, isBest) {
  const fill = element("span", { class: "maze-share" });
  fill.style.width = `${(100 * share).toFixed(1)}%`;
  return element(
    "li",
    {},
    element("span", {}, word),
    element("span", { class: "maze-track" }, fill),
    element("span", { class: "maze-percent" }, `${Math.round(100 * share)}%`),
    isBest ? element("span", { role: "img", "aria-label": "the teacher’s move" }, "✓") : "",
  );
}
