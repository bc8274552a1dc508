/**
 * A question's vector: its WordPiece pieces, each with its row of the static table, read by ranges. The
 * splitting is that of uncased BERT, equal to goosequill.tokenizers.wordpiece.
 */

import { ByteReader, half } from "./bytes.js";
import { corrupt } from "./files.js";

const MAX_WORD = 100; // code points; longer words are unknown
const MAX_PIECES = 254; // what MiniLM reads, without its two marks
const UNKNOWN = "[UNK]";
const CONTROL = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\0\ufffd]/gu;
const CJK =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;
const SPECIAL = /(\[(?:PAD|UNK|CLS|SEP|MASK)\])/;
const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]|[^\s!-/:-@[-`{-~\p{P}]+/gu;

/**
 * The words and punctuation marks of a text, normalized. Names of special pieces in it count as those.
 * @param {string} text
 * @returns {string[]}
 */
export function basicWords(text) {
  return text.split(SPECIAL).flatMap((part, at) => (at % 2 ? [part] : plainWords(part)));
}

/** @param {string} text @returns {string[]} */
function plainWords(text) {
  const clean = text
    .replace(/[\t\n\r]/g, " ")
    .replace(CONTROL, "")
    .replace(/[\s\u0085]/g, " ")
    .replace(CJK, " $& ");
  const plain = clean.normalize("NFD").replace(/\p{Mn}/gu, "");
  // Character by character: a sigma at the end of a word is not special.
  const lower = Array.from(plain, (character) => character.toLowerCase()).join("");
  return lower.match(PUNCTUATION) ?? [];
}

/**
 * @typedef {{name: string, row: Uint8Array}} Piece
 * @typedef {{means: number[], steps: number[], bits?: number}} Grid `bits` of a number, 4 by default
 */

export class PieceTable {
  /**
   * @param {import("./bytes.js").ReadRange} read of the file of pieces
   * @param {import("./bytes.js").Directory} directory
   * @param {Grid} grid
   */
  constructor(read, directory, grid) {
    this.read = read;
    this.directory = directory;
    this.grid = grid;
  }

  /**
   * The pieces of a question.
   * @param {string} question of a bounded length
   * @returns {Promise<Piece[]>}
   */
  async pieces(question) {
    const words = basicWords(question).slice(0, MAX_PIECES);
    const found = await Promise.all(words.map((word) => this.#split(word)));
    return found.flat().slice(0, MAX_PIECES);
  }

  /**
   * The mean of the pieces' rows, of length 1; null if there are no pieces.
   * @param {string} question
   * @returns {Promise<Float32Array | null>}
   */
  async vector(question) {
    const pieces = await this.pieces(question);
    const sum = new Float32Array(this.grid.steps.length);
    for (const { row } of pieces) this.#add(sum, row);
    const length = Math.hypot(...sum);
    return length > 0 ? sum.map((value) => value / length) : null;
  }

  /** @param {Float32Array} sum @param {Uint8Array} row two bytes of scale, then two dimensions a byte */
  #add(sum, row) {
    const { means, steps } = this.grid;
    const scale = half(row[0] | (row[1] << 8));
    for (let at = 0; at < sum.length; at++) {
      const byte = row[2 + (at >> 1)];
      const level = at & 1 ? byte >> 4 : byte & 15;
      sum[at] += scale * (means[at] + (level - 7.5) * steps[at]);
    }
  }

  /** @param {string} word @returns {Promise<Piece[]>} */
  async #split(word) {
    const unknown = async () => (await this.#longest(UNKNOWN, 4)) ?? [];
    if (Array.from(word).length > MAX_WORD) return [await unknown()].flat();
    const pieces = [];
    for (let at = 0; at < word.length; ) {
      const mark = at ? "##" : "";
      const piece = await this.#longest(mark + word.slice(at), mark.length);
      if (!piece) return [await unknown()].flat();
      pieces.push(piece);
      at += piece.name.length - mark.length;
    }
    return pieces;
  }

  /**
   * The longest piece that a text starts with.
   * @param {string} text
   * @param {number} more the piece is longer than this
   * @returns {Promise<Piece | null>}
   */
  async #longest(text, more) {
    const block = this.directory.find(text);
    if (block < 0) return null;
    const pieces = this.#read(await this.read(...this.directory.range(block)));
    let best = null;
    for (const piece of pieces) {
      const { length } = piece.name;
      if (length > more && length > (best?.name.length ?? 0) && text.startsWith(piece.name)) best = piece;
    }
    return best;
  }

  /** @param {Uint8Array} block @returns {Piece[]} */
  #read(block) {
    const reader = new ByteReader(block);
    const names = reader.strings(reader.varint());
    const width = 2 + this.grid.steps.length / 2;
    if (names.length === 0) throw corrupt("a block of pieces is empty");
    return names.map((name) => ({ name, row: reader.bytes(width) }));
  }
}
