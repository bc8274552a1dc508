/** The dilation page's sentences: what a cell reads or feeds, and the sum behind an output. */

import { counted } from "../ui/words.js";
import { format, readers, rounded } from "./dilation-scene.js";

/** @import { Data } from "./dilation-scene.js" */

/** More frames than this are listed row by row, since rows and columns behave alike. */
export const MOST_FRAMES = 100;

/** "rows 1, 3 and 5"; indices are counted from 1. @param {string} noun @param {number[]} indices */
function listed(noun, indices) {
  const names = indices.map((index) => String(index + 1));
  if (names.length === 0) return `no ${noun}s`;
  if (names.length === 1) return `${noun} ${names[0]}`;
  return `${noun}s ${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/** @param {number[]} cells input indices under the weights; -1 is a zero */
function real(cells) {
  return cells.filter((cell) => cell >= 0).sort((one, other) => one - other);
}

/**
 * What one output cell reads.
 * @param {Data} data @param {number} row @param {number} column
 */
export function readingWords(data, row, column) {
  const [rows, columns] = [real(data.reads[row]), real(data.reads[column])];
  const cell = `Output row ${row + 1}, column ${column + 1}`;
  const zeros = data.weights.length ** 2 - rows.length * columns.length;
  if (rows.length * columns.length === 0) return `${cell} reads only zeros.`;
  const rest = zeros > 0 ? `, and ${counted(zeros, "zero")}` : "";
  return `${cell} reads input ${listed("row", rows)}, ${listed("column", columns)}${rest}.`;
}

/**
 * Which output cells one input cell feeds.
 * @param {Data} data @param {number} row @param {number} column
 */
export function feedingWords(data, row, column) {
  const [rows, columns] = [readers(data, row), readers(data, column)];
  const cell = `Input row ${row + 1}, column ${column + 1}`;
  const count = rows.length * columns.length;
  if (count === 0) return `${cell} feeds no output: the kernel never reads it.`;
  const outputs = counted(count, "output");
  return `${cell} feeds ${outputs}: ${listed("row", rows)}, ${listed("column", columns)}.`;
}

/**
 * The sum of an output cell: each input that is read times its weight, row by row of the kernel; with "≈" if
 * a number is rounded.
 * @param {Data} data @param {number} row @param {number} column
 */
export function sumWords(data, row, column) {
  const factors = data.weights.flatMap((weights, i) =>
    weights.map((weight, j) => [valueUnder(data, row, column, i, j), weight]),
  );
  const result = data.output[row][column];
  const isExact = [...factors.flat(), result].every((value) => rounded(value) === value);
  const terms = factors.map((pair) => pair.map(signed).join("·"));
  return `${terms.join(" + ")} ${isExact ? "=" : "≈"} ${format(result)}`;
}

/** @param {number} value */
function signed(value) {
  return value < 0 ? `(${format(value)})` : format(value);
}

/**
 * The value under a weight for an output cell; 0 outside the input.
 * @param {Data} data @param {number} row @param {number} column @param {number} i @param {number} j
 */
export function valueUnder(data, row, column, i, j) {
  const [r, c] = [data.reads[row][i], data.reads[column][j]];
  return r < 0 || c < 0 ? 0 : data.values[r][c];
}

/**
 * All frames as sentences; of a large output one for each row.
 * @param {Data} data
 */
export function frameWords(data) {
  const out = data.output_size;
  if (out * out <= MOST_FRAMES) {
    return Array.from({ length: out * out }, (_, index) =>
      readingWords(data, Math.floor(index / out), index % out),
    );
  }
  return data.reads.map((cells, row) => {
    const rows = real(cells);
    return `Output row ${row + 1} reads ${rows.length ? `input ${listed("row", rows)}` : "only zeros"}.`;
  });
}
