/**
 * The drawing pad of the page "training": classifies what is drawn, or a test letter that is picked, with the
 * network of the last run, and shows the nearest training letters. Before the first run it fetches a network
 * that was trained when the site was made; the letters' file is fetched with the first drawing.
 */

import { element } from "../ui/dom.js";
import { pad } from "../ui/pad.js";
import { StatusLine } from "../ui/status.js";
import { svgElement } from "../ui/svg.js";
import { counted } from "../ui/words.js";
import { classify, LETTERS, nearest, rasterize } from "./classify.js";
import { SOURCES } from "./letter-sources.js";
import { picture } from "./letters-pictures.js";

/** @import { Layer } from "./classify.js" */
/** @import { Sources } from "./letter-sources.js" */

/**
 * @typedef {{images: number[][], labels: number[]}} Samples
 */

const INK = 15;
const NEIGHBORS = 6;

/** The pads of a page by the elements that they stand in. @type {WeakMap<HTMLElement, LetterPad>} */
const pads = new WeakMap();

/**
 * Shows the pad in an element, or gives the one that is there another network: what is drawn stays.
 * @param {HTMLElement} place
 * @param {{network?: Layer[], samples: Samples, steps: number}} options
 */
export function showPad(place, options) {
  const shown = pads.get(place);
  const used = shown?.element.parentElement === place ? shown : new LetterPad();
  pads.set(place, used);
  if (used !== shown) place.replaceChildren(used.element);
  used.update(options);
}

export class LetterPad {
  #sources;
  /** @type {Layer[] | undefined} */
  #network;
  /** What is classified: 784 numbers, 0 to 1. @type {ArrayLike<number> | null} */
  #ink = null;
  #turn = 0;
  #pad = pad({
    label: "Draw a letter, A to J",
    onStrokes: (strokes, { isDrawing }) => this.#drawn(strokes, isDrawing),
  });
  #picks = element("div", { class: "training-picks", role: "group", "aria-label": "Test letters" });
  #about = element("p", { class: "note" });
  #line = element("p", { role: "status", "data-testid": "pad-result" });
  #status = new StatusLine(this.#line);
  #seen = element("div", { class: "training-seen" });
  #bars = element("ol", { class: "training-bars", "data-testid": "pad-probabilities" });
  #near = element("ul", { class: "training-near", "data-testid": "pad-nearest" });

  /** @param {Sources} [sources] */
  constructor(sources = SOURCES) {
    this.#sources = sources;
    const result = element(
      "div",
      { class: "training-result" },
      this.#line,
      element("p", { class: "training-head" }, "What the network sees, and its probabilities"),
      element("div", { class: "training-answer" }, this.#seen, this.#bars),
      element("p", { class: "training-head" }, "Nearest training letters"),
      this.#near,
    );
    const tools = element(
      "div",
      { class: "training-draw" },
      this.#pad,
      element("p", { class: "note" }, "Or pick a letter from the test set:"),
      this.#picks,
      this.#about,
    );
    this.element = element("div", { class: "training-pad" }, tools, result);
    this.#empty();
  }

  /** @param {{network?: Layer[], samples: Samples, steps: number}} options */
  update({ network, samples, steps }) {
    this.#network = network;
    const units = network && network.length > 1 ? network[0].bias.length : 0;
    this.#about.textContent = network
      ? `Classified by your network: ${units ? counted(units, "hidden unit") : "no hidden layer"}, ` +
        `${counted(steps, "step")}.`
      : "Classified by a network of 128 hidden units that was trained when this site was made, until you " +
        "train one above.";
    this.#picks.replaceChildren(
      ...samples.images.map((pixels, index) => {
        const name = `Test letter ${LETTERS[samples.labels[index] ?? 0]}`;
        const button = element("button", { type: "button", "aria-label": name, class: "training-pick" });
        button.append(picture(pixels, { most: INK }));
        button.addEventListener("click", () => {
          this.#pad.clear();
          this.#show(
            pixels.map((value) => value / INK),
            name,
          );
        });
        return button;
      }),
    );
    if (this.#ink) this.#show(this.#ink);
  }

  /** @param {readonly import("../ui/pad.js").Stroke[]} strokes @param {boolean} isDrawing */
  #drawn(strokes, isDrawing) {
    if (!strokes.length) this.#empty();
    else if (!isDrawing) this.#show(rasterize(strokes));
  }

  #empty() {
    this.#turn++;
    this.#ink = null;
    this.#status.say("Draw a letter from A to J, with mouse, pen or finger.");
    this.#seen.replaceChildren(picture([], { most: 1 }));
    this.#bars.replaceChildren(...[...LETTERS].map((letter) => bar(letter, 0, false)));
    this.#near.replaceChildren();
  }

  /** @param {ArrayLike<number>} ink @param {string} [name] what was picked */
  async #show(ink, name = "Your drawing") {
    const turn = ++this.#turn;
    this.#ink = ink;
    this.#seen.replaceChildren(picture(ink, { most: 1 }));
    try {
      const network = this.#network ?? (await this.#sources.network());
      if (turn !== this.#turn) return;
      this.#answer(classify(network, ink), name);
      const letters = await this.#sources.letters();
      if (turn === this.#turn) this.#showNearest(nearest(letters, ink, NEIGHBORS));
    } catch (error) {
      if (turn === this.#turn) this.#status.complain(error);
    }
  }

  /** @param {number[]} shares @param {string} name */
  #answer(shares, name) {
    const best = shares.indexOf(Math.max(...shares));
    this.#bars.replaceChildren(
      ...shares.map((share, index) => bar(LETTERS[index] ?? "", share, index === best)),
    );
    this.#status.say(`${name}: the network answers ${LETTERS[best]}, ${percent(shares[best] ?? 0)} sure.`);
  }

  /** @param {ReturnType<typeof nearest>} found */
  #showNearest(found) {
    this.#near.replaceChildren(
      ...found.map(({ letter, pixels }) => {
        const drawn = picture(pixels, { most: INK });
        drawn.setAttribute("role", "img");
        drawn.setAttribute("aria-label", `Training letter ${letter}`);
        return element("li", {}, drawn, element("span", { "aria-hidden": true }, letter));
      }),
    );
  }
}

/** One probability. @param {string} letter @param {number} share @param {boolean} isBest */
function bar(letter, share, isBest) {
  const drawn = svgElement(
    "svg",
    { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svgElement("rect", { class: "training-track", width: 100, height: 10 }),
    svgElement("rect", { class: "training-share", width: (100 * share).toFixed(2), height: 10 }),
  );
  const value = element("span", { class: "training-value" }, percent(share));
  return element("li", { class: isBest && "best" }, element("span", {}, letter), drawn, value);
}

/** @param {number} share */
function percent(share) {
  const value = 100 * share;
  return `${value >= 99.95 || value === 0 ? Math.round(value) : value.toFixed(1)}%`;
}
