/**
 * Scores of all passages for a question's vector, from vectors in 4 or 2 bits, and from MiniLM's in 8
 * bits.
 */

import { corrupt } from "./files.js";

/**
 * The dot products of a question with every passage. Each byte has two or four dimensions, so that one table
 * a byte gives the contribution of all of them.
 * @param {Uint8Array} packed [passages, dimensions bits / 8]
 * @param {Float32Array} question [dimensions]
 * @param {import("./pieces.js").Grid} grid
 * @returns {Float32Array} [passages]
 */
export function scanPacked(packed, question, { means, steps, bits = 4 }) {
  const each = 8 / bits;
  const most = 2 ** bits - 1;
  const width = question.length / each;
  const count = packed.length / width;
  const table = new Float32Array(width * 256);
  for (let at = 0; at < table.length; at++) {
    for (let place = 0; place < each; place++) {
      const dimension = (at >> 8) * each + place;
      const level = (at >> (bits * place)) & most;
      table[at] += question[dimension] * (means[dimension] + (level - most / 2) * steps[dimension]);
    }
  }
  const scores = new Float32Array(count);
  for (let row = 0, at = 0; row < count; row++) {
    let sum = 0;
    for (let byte = 0; byte < width; byte++) sum += table[(byte << 8) | packed[at++]];
    scores[row] = sum;
  }
  return scores;
}

/**
 * The dot products of a question with every passage, from the index's own vectors.
 * @param {Uint8Array} bytes int8 [passages, dimensions]
 * @param {Uint8Array} scaleBytes float32 [passages]
 * @param {Float32Array} question [dimensions]
 * @returns {Float32Array} [passages]
 */
export function scanBytes(bytes, scaleBytes, question) {
  const rows = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const scales = new DataView(scaleBytes.buffer, scaleBytes.byteOffset, scaleBytes.byteLength);
  const count = scaleBytes.length / 4;
  if (rows.length !== count * question.length)
    throw corrupt("vectors.bin and scales.bin do not belong together");
  return Float32Array.from({ length: count }, (_, row) => {
    let sum = 0;
    for (let at = 0, from = row * question.length; at < question.length; at++)
      sum += rows[from + at] * question[at];
    return sum * scales.getFloat32(row * 4, true);
  });
}

/**
 * Values as distances from their mean, in standard deviations; all 0 if they are equal.
 * @param {Float32Array} values
 */
export function standardized(values) {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let variance = 0;
  for (const value of values) variance += (value - mean) ** 2 / values.length;
  const deviation = Math.sqrt(variance);
  return values.map((value) => (deviation > 1e-9 ? (value - mean) / deviation : 0));
}

/** The least share of its document's best score that a further passage has, as searcher.py has it. */
const NEAR = 0.7;

/**
 * The best passages, one for each document.
 * @param {Float32Array} scores [passages]
 * @param {Uint32Array} documents the document of each passage
 * @param {number} count
 * @param {(passage: number) => boolean} [allowed]
 * @returns {number[]} passages, the best first; equal scores in the order of the index
 */
export function bestPassages(scores, documents, count, allowed = () => true) {
  /** @type {Map<number, number>} */
  const best = new Map();
  scores.forEach((score, passage) => {
    if (!allowed(passage)) return;
    const before = best.get(documents[passage]);
    if (before === undefined || score > scores[before]) best.set(documents[passage], passage);
  });
  return [...best.values()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, count);
}

/**
 * Passages that score nearly as much as their document's best, and are among the first `count` of all.
 * @param {Float32Array} scores [passages]
 * @param {Uint32Array} documents the document of each passage
 * @param {number[]} best passages of documents, the best first
 * @param {number} count
 * @returns {number[]} passages, the best first
 */
export function furtherPassages(scores, documents, best, count) {
  const least = NEAR * scores[/** @type {number} */ (best.at(-1))];
  const first = [...scores.keys()].filter((passage) => scores[passage] >= least);
  const own = new Map(best.map((passage) => [documents[passage], passage]));
  return first
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, count)
    .filter((passage) => {
      const above = own.get(documents[passage]) ?? passage;
      return above !== passage && scores[passage] >= NEAR * scores[above];
    });
}
