/**
 * The launcher of the page "Scribble to launch": a pad, the names that fit, and typing for who cannot draw.
 */

import { FILES } from "../engine/root.js";
import { element } from "../ui/dom.js";
import { pad } from "../ui/pad.js";
import { counted, number, significant } from "../ui/words.js";
import { letterBank, namesOf, typed, written } from "./launcher-data.js";
import { COMPARISONS, LABELS, MOST, Search, spelledNames, Templates } from "./launcher-search.js";
import { resample } from "./launcher-strokes.js";
import { whenVisible } from "./pictures.js";

/** @import { InputOptions, Values } from "./frame.js" */
/** @import { Ranking } from "./launcher-search.js" */
/** @import { Stroke as Drawn } from "../ui/pad.js" */
/** @import { Stroke } from "./launcher-strokes.js" */

const SHOWN = 8;
const RATIO = 1.25;
const MOST_PLACES = 64;

/** @param {InputOptions} options */
export function inputs({ element: place, run, problem }) {
  const phone = new Phone({ run, problem });
  place.append(phone.element);
  whenVisible(phone.element, () => phone.load());
  return { reset: () => phone.reset(), changed: phone.changed };
}

class Phone {
  #run;
  #problem;
  /** @type {Values} */
  #settings = {};
  /** @type {Awaited<ReturnType<typeof fetchAll>> | null} */
  #data = null;
  /** The visitor's own list. @type {string[] | null} */
  #own = null;
  /** Letters by the writer who is left out. @type {Map<number, Templates>} */
  #banks = new Map();
  /** @type {Search | null} */
  #search = null;
  /** The strokes that were searched. @type {Drawn[]} */
  #seen = [];
  #isSample = true;
  /** @type {string[]} */
  #found = [];
  /** Of this scribble. */
  #total = { distances: 0, comparisons: 0, everything: 0 };
  #list = element("ol", { class: "launch-list", "data-testid": "launch-names" });
  #read = element("p", { class: "launch-read", "data-testid": "launch-read" });
  #took = element("p", { class: "note", "data-testid": "launch-took" });
  #chosen = element("p", { class: "launch-chosen", role: "status" });
  #typing = element("input", {
    type: "search",
    "aria-label": "Or type a name",
    placeholder: "Or type a name",
    autocomplete: "off",
    spellcheck: "false",
  });
  #names = element("textarea", { rows: 5, "aria-label": "Your own names, one on each line" });
  #pad = pad({
    label: "Scribble one or several letters here",
    ratio: RATIO,
    onStrokes: (strokes, { isDrawing }) => isDrawing || this.#drawn(strokes),
  });

  /** @param {Pick<InputOptions, "run" | "problem">} options */
  constructor({ run, problem }) {
    this.#run = run;
    this.#problem = problem;
    // The first stroke of the visitor's own replaces the sample.
    this.#pad.addEventListener("pointerdown", () => this.#isSample && this.#clear(), { capture: true });
    this.#typing.addEventListener("input", () => this.#type());
    this.#typing.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.#found.length) this.#choose(this.#found[0]);
    });
    const use = element(
      "button",
      { type: "button", onclick: () => this.#useOwn(this.#names.value) },
      "Search these",
    );
    const back = element("button", { type: "button", onclick: () => this.#useOwn("") }, "Back to the list");
    this.element = element(
      "div",
      { class: "launch" },
      element("div", { class: "launch-write" }, this.#pad, this.#read),
      element("div", { class: "launch-found" }, this.#typing, this.#list, this.#chosen),
      this.#took,
      element(
        "details",
        {}, // articles colour the summary of one with a class
        element("summary", {}, "Search your own names"),
        element("p", {}, "Paste up to 2,000 names, one on each line. They stay on this page."),
        this.#names,
        element("div", { class: "lab-actions" }, use, back),
      ),
    );
  }

  async load() {
    try {
      this.#data = await fetchAll();
      this.#showSample();
    } catch {
      this.#problem("The letters could not be loaded.", "Check the connection and open the page again.");
    }
  }

  reset() {
    this.#own = null;
    this.#isSample = true;
    this.#settings = {}; // so that the sample is shown again
    this.#typing.value = "";
    this.#chosen.textContent = "";
  }

  /** @param {Values} settings */
  changed = (settings) => {
    const isOther = ["names", "text", "writer"].some((name) => settings[name] !== this.#settings[name]);
    this.#settings = settings;
    if (!isOther || !this.#data) return;
    if (this.#isSample) this.#showSample();
    else this.#again();
  };

  get #all() {
    return this.#own ?? this.#data?.names[this.#settings.names] ?? [];
  }

  /** Writes the sample on the pad, as large as fits. */
  #showSample() {
    if (!this.#data) return;
    const letters = this.#data.writers[this.#settings.writer - 1];
    const strokes = written(letters, this.#settings.text) ?? [];
    const [x, y] = [0, 1].map((axis) => strokes.flat().map((point) => point[axis]));
    const [left, top] = [Math.min(...x), Math.min(...y)];
    const [wide, high] = [Math.max(...x) - left, Math.max(...y) - top];
    const scale = Math.min((0.84 * RATIO) / wide, 0.6 / high);
    const [x0, y0] = [(RATIO - scale * wide) / 2, (1 - scale * high) / 2];
    this.#isSample = true;
    this.#pad.show(
      strokes.map((stroke) =>
        stroke.map(([a, b]) => ({ x: x0 + scale * (a - left), y: y0 + scale * (b - top), t: 0 })),
      ),
    );
    this.#again();
  }

  #clear() {
    this.#isSample = false;
    this.#pad.clear();
    this.#begin();
    this.#show([]);
    this.#read.textContent = "";
  }

  #begin() {
    if (!this.#data) return;
    const left = this.#isSample ? this.#settings.writer - 1 : -1;
    const bank = this.#banks.get(left) ?? new Templates(letterBank(this.#data, left));
    this.#banks.set(left, bank);
    this.#search = new Search(bank, spelledNames(this.#all));
    this.#seen = [];
    this.#total = { distances: 0, comparisons: 0, everything: 0 };
  }

  /** Searches for all strokes on the pad from the first. */
  #again() {
    this.#begin();
    this.#follow(this.#pad.strokes);
  }

  /** @param {readonly Drawn[]} strokes */
  #drawn(strokes) {
    this.#typing.value = "";
    this.#chosen.textContent = "";
    this.#follow(strokes);
    const own = { ...(strokes.length ? { strokes: this.#seen.map(placesOf) } : {}), ...this.#listed };
    this.#run({ data: Object.keys(own).length ? own : null });
  }

  get #listed() {
    return this.#own ? { names: this.#own } : {};
  }

  /** Takes back what is no longer there, and adds what is new. @param {readonly Drawn[]} strokes */
  #follow(strokes) {
    const search = this.#search;
    if (!search) return;
    const same = this.#seen.findIndex((stroke, at) => stroke !== strokes[at]);
    const kept = same < 0 ? this.#seen.length : same;
    if (kept < this.#seen.length) return this.#restart(strokes);
    /** @type {Ranking | null} */
    let ranking = null;
    let milliseconds = 0;
    for (const stroke of strokes.slice(kept, MOST)) {
      const began = performance.now();
      ranking = search.add(placesOf(stroke));
      milliseconds = performance.now() - began;
      this.#seen.push(stroke);
      for (const name of /** @type {const} */ (["distances", "comparisons", "everything"]))
        this.#total[name] += ranking[name];
    }
    if (!ranking) return;
    this.#show(ranking.order.map((index) => this.#all[index]));
    this.#say(ranking, milliseconds);
  }

  /** @param {readonly Drawn[]} strokes */
  #restart(strokes) {
    this.#begin();
    if (strokes.length) this.#follow(strokes);
    else this.#clear();
  }

  /** @param {Ranking} ranking @param {number} milliseconds */
  #say(ranking, milliseconds) {
    const [first] = ranking.order;
    const spelling = first === undefined ? null : spelledNames([this.#all[first]])[0];
    const letters = ranking.best.map(({ at }) => LABELS[spelling?.labels[at] ?? 0]);
    this.#read.replaceChildren(
      ...(letters.length
        ? [
            "Read as ",
            element("strong", {}, letters.join(" ")),
            this.#isSample ? " (a sample: draw over it)" : "",
          ]
        : ["No name has these letters."]),
    );
    const { distances, comparisons, everything } = this.#total;
    const factor = (everything * COMPARISONS) / comparisons;
    this.#took.textContent =
      `${counted(this.#seen.length, "stroke")}, ${counted(this.#all.length, "name")}: ${number(distances)} elastic distances ` +
      `instead of ${number(everything)}, and ${significant(factor, 2)} times fewer comparisons of points. ` +
      `The last stroke took ${significant(milliseconds, 2)} ms.`;
  }

  /** @param {readonly string[]} names */
  #show(names) {
    this.#found = names.slice(0, SHOWN);
    const rows = this.#found.map((name) =>
      element(
        "li",
        {},
        element("button", { type: "button", class: "quiet", onclick: () => this.#choose(name) }, name),
      ),
    );
    this.#list.replaceChildren(...rows);
  }

  #type() {
    this.#chosen.textContent = "";
    const text = this.#typing.value.trim();
    if (text) this.#show(typed(this.#all, text));
    else this.#again();
  }

  /** @param {string} name */
  #choose(name) {
    this.#chosen.replaceChildren(element("strong", {}, name), " would open now.");
  }

  /** @param {string} text */
  #useOwn(text) {
    try {
      this.#own = text.trim() ? namesOf(text) : null;
      this.#again();
      if (!this.#isSample || this.#own) this.#run({ data: this.#own || !this.#isSample ? this.#sent : null });
      else this.#run({ data: null });
    } catch (error) {
      this.#problem(error);
    }
  }

  get #sent() {
    return { ...(this.#isSample ? {} : { strokes: this.#seen.map(placesOf) }), ...this.#listed };
  }
}

/**
 * A stroke as places, not too many: more are not seen in a sequence.
 * @param {Drawn} stroke
 * @returns {Stroke}
 */
function placesOf(stroke) {
  const places = stroke.map(({ x, y }) => /** @type {[number, number]} */ ([x, y]));
  if (places.length === 1) places.push(places[0]);
  return places.length > MOST_PLACES ? resample(places, MOST_PLACES) : places;
}

async function fetchAll() {
  const read = async (/** @type {string} */ name) => {
    const response = await fetch(new URL(`lab/data/${name}.json`, FILES));
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    return await response.json();
  };
  const [fonts, writers, names] = await Promise.all(
    ["hershey", "launcher-letters", "launcher-names"].map(read),
  );
  return { fonts, writers, names };
}
