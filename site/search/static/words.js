/** BM25 by ranges: the passages that contain the question's words, with each word's share of their scores. */

import { stemmer } from "stemmer";
import { ByteReader } from "./bytes.js";

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{Gr_Ext}\p{Mc}\u200d]*/gu; // with marks, as bm25.py has it
const ASCII = /^[a-z]+$/;
const MAX_WORDS = 64; // of a question
const MAX_COMPLETIONS = 24; // stems that start with the letters typed so far
const MAX_COMPLETION_BLOCKS = 4;

/**
 * @typedef {{text: string, stem: string, start: number, end: number}} Token
 * @typedef {{stem: string, passages: Uint32Array, weights: Float32Array}} Postings
 */

/** @param {string} word */
export function stem(word) {
  const lower = word.toLowerCase();
  return ASCII.test(lower) ? stemmer(lower) : lower;
}

/** The words of a text with their places in it. @param {string} text @returns {Token[]} */
export function tokens(text) {
  return Array.from(text.matchAll(WORD), ({ 0: word, index }) => {
    return { text: word.toLowerCase(), stem: stem(word), start: index, end: index + word.length };
  });
}

export class WordTable {
  /**
   * @param {import("./bytes.js").ReadRange} read of the file of words
   * @param {import("./bytes.js").Directory} directory
   * @param {{passages: number, stop: string[]}} facts
   */
  constructor(read, directory, { passages, stop }) {
    this.read = read;
    this.directory = directory;
    this.count = passages;
    this.stop = new Set(stop);
  }

  /**
   * Every passage's score for a question, the stems that made it, and what is found of each of its words.
   * @param {string} question
   * @param {{completing: boolean}} options whether the last word may be the beginning of one
   * @returns {Promise<{scores: Float32Array, stems: Set<string>, found: (Postings | undefined)[]}>}
   */
  async scores(question, { completing }) {
    const words = tokens(question).slice(-MAX_WORDS);
    const last = words.at(-1);
    const unfinished = completing && last?.end === question.length && last;
    const kept = words.filter(({ text }) => !this.stop.has(text));
    const wanted = [...new Set(kept.map(({ stem }) => stem))];
    const found = await Promise.all(wanted.map((stem) => this.#exact(stem)));
    const scores = new Float32Array(this.count);
    const stems = new Set();
    for (const postings of found) if (postings) this.#add(scores, [postings], stems);
    if (unfinished && unfinished.text.length > 1 && !stems.has(unfinished.stem))
      this.#add(scores, await this.#completions(unfinished.text), stems);
    return { scores, stems, found };
  }

  /**
   * Adds the postings of one word: of several stems that complete it, the best counts.
   * @param {Float32Array} scores
   * @param {Postings[]} list
   * @param {Set<string>} stems
   */
  #add(scores, list, stems) {
    /** @type {Map<number, number>} */
    const best = new Map();
    for (const { stem, passages, weights } of list) {
      stems.add(stem);
      passages.forEach((passage, at) => {
        best.set(passage, Math.max(best.get(passage) ?? 0, weights[at]));
      });
    }
    for (const [passage, weight] of best) scores[passage] += weight; // none beyond the end of the array
  }

  /** @param {string} stem @returns {Promise<Postings | undefined>} */
  async #exact(stem) {
    const block = this.directory.find(stem);
    if (block < 0) return undefined;
    return (await this.#read(block, (key) => key === stem))[0];
  }

  /** @param {string} beginning @returns {Promise<Postings[]>} */
  async #completions(beginning) {
    const first = Math.max(this.directory.find(beginning), 0);
    const last = Math.min(this.directory.find(`${beginning}\uffff`), first + MAX_COMPLETION_BLOCKS - 1);
    const blocks = Array.from({ length: last - first + 1 }, (_, at) =>
      this.#read(first + at, (key) => key.startsWith(beginning)),
    );
    return (await Promise.all(blocks)).flat().slice(0, MAX_COMPLETIONS);
  }

  /**
   * The postings of a block's stems that are wanted.
   * @param {number} block
   * @param {(stem: string) => boolean} wanted
   */
  async #read(block, wanted) {
    const reader = new ByteReader(await this.read(...this.directory.range(block)));
    const stems = reader.strings(reader.varint());
    const found = stems.map((stem) => {
      const count = reader.varint();
      const largest = reader.float();
      let passage = -1;
      const passages = Uint32Array.from(reader.varints(count), (gap) => (passage += gap + 1));
      const weights = Float32Array.from(reader.bytes(count), (weight) => (weight * largest) / 255);
      return { stem, passages, weights };
    });
    return found.filter((each) => wanted(each.stem));
  }
}
