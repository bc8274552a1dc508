/**
 * Draws the dilation experiment: the animation, the numbers, the call in PyTorch, the export and the frames
 * as a list. What is computed is decided in Python.
 */

import { copyButton } from "../ui/clipboard.js";
import { element } from "../ui/dom.js";
import { scrollBox } from "../ui/table.js";
import { counted } from "../ui/words.js";
import { exportTools } from "./dilation-export.js";
import { Numbers } from "./dilation-numbers.js";
import { Picture } from "./dilation-picture.js";
import { feedingWords, frameWords, readingWords } from "./dilation-words.js";
import { player } from "./player.js";

export { instant } from "./dilation-instant.js";
export { ranges } from "./dilation-ranges.js";

/** @import { Data, View } from "./dilation-scene.js" */
/** @import { Cell } from "./dilation-picture.js" */

/**
 * @typedef {(request: {settings: Record<string, any>}) => void} Run
 */

export const live = true;

export const folded = ["size", "padding", "transposed", "pattern", "filter"];

export const labels = {
  pattern: { digits: "Digits", impulse: "A single 1", edge: "An edge" },
  filter: { edges: "Edge detector", mean: "Mean", ones: "Ones", counting: "1, 2, 3, …", own: "Your own" },
};

/** @type {Record<View, string>} */
const VIEWS = { tilted: "Tilted", flat: "Flat, with numbers" };

/** What stands in each element; a new result changes it in place, so that the focus stays. */
const shown = /** @type {WeakMap<HTMLElement, Explainer>} */ (new WeakMap());

/** @param {{data: Data, element: HTMLElement, settings: Record<string, any>, run: Run}} drawing */
export function render({ data, element: place, settings, run }) {
  let explainer = shown.get(place);
  if (!explainer) {
    explainer = new Explainer();
    shown.set(place, explainer);
  }
  explainer.draw(data, settings, run);
  if (explainer.rest.parentNode === place) return;
  // The animation stands first, and the controls between it and the rest.
  place.replaceChildren(explainer.rest);
  place.parentElement?.querySelector(":scope > .dilation-film")?.remove();
  (place.parentElement ?? place).prepend(explainer.film);
}

class Explainer {
  #picture = new Picture((cell, how) => this.#choose(cell, how));
  #numbers = new Numbers((weights) => this.#run?.({ settings: { filter: "own", weights } }));
  #words = element("p", { class: "dilation-words" });
  #spoken = element("p", { class: "visually-hidden", "aria-live": "polite" });
  #player = element("div");
  #size = element("p", { class: "dilation-size" });
  #call = element("code");
  #frames = element("ol");
  #framesTitle = element("summary");
  /** @type {Record<View, HTMLButtonElement>} */
  #views = { tilted: this.#viewButton("tilted"), flat: this.#viewButton("flat") };
  /** @type {View} */
  #view = "tilted";
  /** The output cell of the frame. */
  #index = 0;
  /** Frames of the player. */
  #count = 0;
  /** @type {Data | undefined} */
  #data;
  /** @type {Run | undefined} */
  #run;

  constructor() {
    const call = element("pre", { class: "dilation-call", tabindex: "0" }, this.#call);
    const views = { class: "dilation-views", role: "group", "aria-label": "View" };
    this.film = element(
      "div",
      { class: "dilation dilation-film" },
      element("div", views, this.#views.tilted, this.#views.flat),
      this.#picture.svg,
      this.#words,
      this.#spoken,
      this.#player,
      exportTools(() => ({ data: /** @type {Data} */ (this.#data), picture: this.#picture })),
    );
    const frames = scrollBox("Frames", this.#frames, "dilation-list");
    this.rest = element(
      "div",
      { class: "dilation" },
      this.#numbers.element,
      this.#size,
      element(
        "div",
        { class: "dilation-code" },
        element("p", { class: "note" }, "The same in PyTorch"),
        copyButton(() => this.#call.textContent ?? "", {
          name: "Copy the PyTorch call",
          fallbackElement: call,
        }),
        call,
      ),
      element("details", { class: "dilation-frames" }, this.#framesTitle, frames),
    );
  }

  /** @param {Data} data @param {Record<string, any>} settings @param {Run} run */
  draw(data, settings, run) {
    this.#data = data;
    this.#run = run;
    const count = data.output_size ** 2;
    this.#index = Math.min(this.#index, count - 1);
    this.#picture.draw(data, this.#view);
    this.#numbers.draw(data);
    this.#size.textContent = sizeWords(data, settings);
    this.#call.textContent = data.pytorch;
    const words = frameWords(data);
    const isWhole = words.length === count;
    this.#framesTitle.textContent = isWhole
      ? `All ${counted(count, "frame")} as a list`
      : `All ${counted(count, "frame")} as a list of rows; columns are read alike`;
    this.#frames.replaceChildren(...words.map((each) => element("li", {}, each)));
    this.#showFrame(this.#index);
    if (count !== this.#count) this.#makePlayer(count);
    else if (this.#player.querySelector(".play")?.textContent !== "Pause") this.#seek(this.#index);
  }

  /** @param {number} count */
  #makePlayer(count) {
    this.#count = count;
    const made = player({
      frames: count,
      show: (index) => this.#showFrame(index),
      describe: (index) => this.#describe(index),
      start: this.#index,
    });
    this.#player.replaceWith(made);
    this.#player = /** @type {HTMLDivElement} */ (made);
  }

  /** @param {number} index @returns {Cell} */
  #cellOf(index) {
    const out = this.#data?.output_size ?? 1;
    return { grid: "output", row: Math.floor(index / out), column: index % out };
  }

  /** @param {number} index */
  #describe(index) {
    const { row, column } = this.#cellOf(index);
    return this.#data ? readingWords(this.#data, row, column) : "";
  }

  /** @param {number} index */
  #showFrame(index) {
    this.#index = index;
    this.#show(this.#cellOf(index));
  }

  /** @param {Cell} cell @returns {string} */
  #show(cell) {
    const data = this.#data;
    if (!data) return "";
    const { grid, row, column } = cell;
    const words = (grid === "output" ? readingWords : feedingWords)(data, row, column);
    this.#picture.mark(cell, words);
    this.#words.textContent = words;
    if (grid === "output") this.#numbers.show(data, row, column);
    return words;
  }

  /** @param {Cell | null} cell @param {import("./dilation-picture.js").How} how */
  #choose(cell, how) {
    if (!cell) return this.#showFrame(this.#index);
    if (cell.grid === "output" && how !== "point") {
      return this.#seek(cell.row * (this.#data?.output_size ?? 1) + cell.column);
    }
    const words = this.#show(cell);
    if (how === "key") this.#spoken.textContent = words;
  }

  /** Moves the player to a frame, as its slider does. @param {number} index */
  #seek(index) {
    const slider = this.#player.querySelector("input");
    if (!slider) return;
    slider.value = String(index);
    slider.dispatchEvent(new Event("input"));
  }

  /** @param {View} view */
  #viewButton(view) {
    const button = element("button", { type: "button", "aria-pressed": view === "tilted" }, VIEWS[view]);
    button.addEventListener("click", () => {
      this.#view = view;
      for (const [name, each] of Object.entries(this.#views)) {
        each.setAttribute("aria-pressed", String(name === view));
      }
      if (!this.#data) return;
      this.#picture.draw(this.#data, view);
      this.#showFrame(this.#index);
    });
    return button;
  }
}

/** @param {Data} data @param {Record<string, any>} settings */
function sizeWords({ effective_kernel: span, size_formula: formula }, { kernel, dilation }) {
  const kernelWords =
    dilation === 1 || kernel === 1
      ? `The kernel covers ${counted(span, "cell")}.`
      : `With dilation ${dilation} a kernel of ${kernel} covers ${kernel} + ${kernel - 1} × ${dilation - 1} = ${span} cells.`;
  return `${kernelWords}\nRows of the output: ${formula}.`;
}
