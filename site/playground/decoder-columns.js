/** The decoders side by side, two to four of them: adding, removing, ordering and showing their columns. */

import { DecoderColumn } from "./decoder-column.js";

const MOST = 4;
const LEAST = 2;
const INITIAL = ["greedy", "greedy-penalty", "top-p-0.8"]; // the presets that differ most

export class DecoderColumns {
  /** As shown, from left to right. @type {DecoderColumn[]} */
  #shown = [];
  #lastId = 0;
  #box;
  #decoding;
  #onChange;

  /**
   * @param {HTMLElement} box
   * @param {{decoding: import("../decoder/choice.js").Decoding, onChange: () => void}} options
   */
  constructor(box, { decoding, onChange }) {
    this.#box = box;
    this.#decoding = decoding;
    this.#onChange = onChange;
  }

  /** From left to right. @returns {readonly DecoderColumn[]} */
  get shown() {
    return this.#shown;
  }

  /**
   * In the order in which they were added; shuffling does not change it.
   * @returns {readonly DecoderColumn[]}
   */
  get added() {
    return [...this.#shown].sort((one, other) => one.id - other.id);
  }

  /** Puts the columns into another order. @param {readonly DecoderColumn[]} columns */
  set shown(columns) {
    // Moving a column in the document takes the focus from it.
    if (columns.length === this.#shown.length && columns.every((one, at) => one === this.#shown[at])) return;
    this.#shown = [...columns];
    this.#box.replaceChildren(...columns.map(({ box }) => box));
  }

  /** The decoders as an address has them. */
  get value() {
    return this.added.map(({ choice }) => choice.value).join("|");
  }

  /** @param {string} value what `value` returned; with fewer than two decoders, the initial ones */
  set value(value) {
    const wanted = value.split(/[|,]/).filter(Boolean).slice(0, MOST);
    this.shown = [];
    for (const one of wanted.length >= LEAST ? wanted : INITIAL) this.#add(one);
  }

  get full() {
    return this.#shown.length >= MOST;
  }

  /** Adds a column with a preset that is not shown yet. */
  add() {
    const presets = this.#decoding.presets ?? [];
    const unused = presets.find(({ name }) => !this.#shown.some(({ choice }) => choice.value === name));
    this.#add((unused ?? presets[0]).name);
    this.#onChange();
  }

  /** @param {string} value */
  #add(value) {
    const column = new DecoderColumn({
      id: ++this.#lastId,
      decoding: this.#decoding,
      onChange: ({ results }) => {
        results.clear();
        this.#onChange();
      },
      onRemove: (removed) => {
        this.shown = this.#shown.filter((other) => other !== removed);
        this.#onChange();
      },
    });
    column.choice.value = value;
    this.shown = [...this.#shown, column];
  }

  clearResults() {
    for (const { results } of this.#shown) results.clear();
  }

  /** Whether every column has finished its text for a prompt. @param {number} prompt */
  isWritten(prompt) {
    return this.#shown.every(({ results }) => results.get(prompt)?.finish);
  }

  /** @param {{prompt: number, blind: boolean, busy: boolean}} view */
  show(view) {
    const fewest = this.#shown.length <= LEAST;
    for (const [at, column] of this.#shown.entries()) column.show({ ...view, at, fewest });
  }
}
