/**
 * Reads pasted data: lines of "x, y", or one column of raw samples. Work and memory are bounded, and errors
 * name the line.
 */

import { problem } from "../ui/status.js";
import { number } from "../ui/words.js";
import { MOST_Y, ownPoints, rescale } from "./cumulative-instant.js";

/**
 * @typedef {{kind: "points", x: number[], y: number[]}} PointData
 * @typedef {{kind: "samples", samples: number[]}} SampleData
 */

export const MOST_POINTS = 400;
export const MOST_SAMPLES = 10_000;
const MOST_CHARACTERS = 1_000_000;
const REMEDY = 'Paste lines of "x, y", such as "1.5, 0.25", or one number per line.';

/**
 * Throws an error with a remedy if the text is not data.
 * @param {string} text
 * @returns {PointData | SampleData} points are sorted by x
 */
export function parseData(text) {
  if (text.length > MOST_CHARACTERS)
    throw problem(
      `The text has ${number(text.length)} characters, more than ${number(MOST_CHARACTERS)}.`,
      "Paste fewer lines.",
    );
  const rows = readRows(text);
  const columns = rows[0]?.cells.length ?? 0;
  if (rows.length === 0) throw problem("There are no numbers.", REMEDY);
  if (columns > 2) throw problem(`Line ${rows[0]?.line} has ${columns} numbers.`, REMEDY);
  const uneven = rows.find(({ cells }) => cells.length !== columns);
  if (uneven)
    throw problem(
      `Line ${uneven.line} has ${uneven.cells.length} numbers, and the first has ${columns}.`,
      REMEDY,
    );
  const most = columns === 2 ? MOST_POINTS : MOST_SAMPLES;
  if (rows.length < 3 || rows.length > most)
    throw problem(
      `There are ${number(rows.length)} lines of numbers; between 3 and ${number(most)} can be fitted.`,
      columns === 2 ? "Thin the points, or paste the raw samples." : "Paste a random part of the samples.",
    );
  if (columns === 1) return checked({ kind: "samples", samples: rows.map(({ cells }) => cells[0] ?? 0) });
  rows.sort((one, other) => (one.cells[0] ?? 0) - (other.cells[0] ?? 0));
  const [x, y] = [0, 1].map((column) => rows.map(({ cells }) => cells[column] ?? 0));
  return checked({ kind: "points", x: x ?? [], y: y ?? [] });
}

/**
 * Refuses what Python would, before it is loaded.
 * @param {T} data
 * @returns {T}
 * @template {PointData | SampleData} T
 */
function checked(data) {
  if (data.kind === "points" && data.y.some((y) => Math.abs(y) > MOST_Y))
    throw problem("A y is far from 0 to 1.", "Divide cumulative counts by their total.");
  const points = ownPoints(data);
  if (!points) throw problem("There is a number beyond 1e15.", REMEDY);
  if (!rescale(points))
    throw problem("There are fewer than three different x, or two that are equal or nearly so.", REMEDY);
  return data;
}

/**
 * The lines with their numbers. The first may be a heading; empty ones, and comments after #, are skipped.
 * @param {string} text
 */
function readRows(text) {
  /** @type {{line: number, cells: number[]}[]} */
  const rows = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (const [index, content] of lines.entries()) {
    const words = content
      .replace(/#.*/, "")
      .trim()
      .split(/\s*[,;\t]\s*|\s+/);
    if (words.length === 1 && words[0] === "") continue;
    const cells = words.map((word) => (word === "" ? Number.NaN : Number(word)));
    const wrong = cells.findIndex((cell) => !Number.isFinite(cell));
    if (wrong < 0) rows.push({ line: index + 1, cells });
    else if (rows.length > 0 || cells.some(Number.isFinite))
      throw problem(`Line ${index + 1}: ${quoted(words[wrong] ?? "")} is not a number.`, REMEDY);
    if (rows.length > MOST_SAMPLES) break; // too many, however many more there are
  }
  return rows;
}

/** @param {string} word */
function quoted(word) {
  return `“${word.length > 20 ? `${word.slice(0, 20)}…` : word}”`;
}
