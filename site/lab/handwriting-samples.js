/**
 * The visitor's own templates: kept in this browser, saved as JSON and read again. Files are untrusted: they
 * are checked before anything of them is kept.
 */

import { recall, remember } from "../ui/memory.js";
import { problem } from "../ui/status.js";

/** @typedef {[number, number]} Place */
/** @typedef {{label: string, strokes: Place[][]}} Sample */

const KEY = "handwriting.samples";
const MOST_SAMPLES = 200;
const MOST_STROKES = 4;
const MOST_POINTS = 64;
export const LARGEST_FILE = 2_000_000;

/** The samples in the browser's storage, if there are any. */
export function load() {
  const found = recall(KEY);
  return areSamples(found) ? found : [];
}

/** @param {Sample[]} samples */
export function save(samples) {
  if (!remember(KEY, samples.length ? samples : undefined))
    throw problem("The browser does not keep the sample.", "Save the samples as a file before you leave.");
}

/**
 * A sample from what is on the pad.
 * @param {string} label
 * @param {readonly (readonly {x: number, y: number}[])[]} strokes
 * @returns {Sample}
 */
export function sampleOf(label, strokes) {
  if (!/^[A-Za-z0-9]$/.test(label)) throw problem("Say which letter this is.", "Type one letter or digit.");
  if (!strokes.length || strokes.length > MOST_STROKES)
    throw problem(
      strokes.length ? `The pad has ${strokes.length} strokes.` : "The pad is empty.",
      `Draw one letter with up to ${MOST_STROKES} strokes.`,
    );
  return { label, strokes: strokes.map(placesOf) };
}

/** A stroke as places, of which there are not too many. @param {readonly {x: number, y: number}[]} stroke */
export function placesOf(stroke) {
  const step = Math.max(1, Math.ceil(stroke.length / (MOST_POINTS - 1)));
  return stroke
    .filter((_, index) => index % step === 0 || index === stroke.length - 1)
    .map(({ x, y }) => /** @type {Place} */ ([Number(x.toFixed(4)), Number(y.toFixed(4))]));
}

/**
 * Reads samples from JSON.
 * @param {string} text
 * @returns {Sample[]}
 */
export function read(text) {
  const wrong = () =>
    problem("These are not samples of handwriting.", "Choose a file that this page has saved.");
  /** @type {unknown} */
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw wrong();
  }
  if (!areSamples(found)) throw wrong();
  return found.map(({ label, strokes }) => ({ label, strokes }));
}

/** @param {unknown} value @returns {value is Sample[]} */
function areSamples(value) {
  return Array.isArray(value) && value.length <= MOST_SAMPLES && value.every(isSample);
}

/** @param {any} value @returns {value is Sample} */
function isSample(value) {
  return (
    typeof value?.label === "string" &&
    /^[A-Za-z0-9]$/.test(value.label) &&
    isList(value.strokes, MOST_STROKES) &&
    value.strokes.every(
      (/** @type {unknown} */ stroke) => isList(stroke, MOST_POINTS) && stroke.every(isPlace),
    )
  );
}

/** @param {unknown} value @param {number} most @returns {value is unknown[]} */
function isList(value, most) {
  return Array.isArray(value) && value.length > 0 && value.length <= most;
}

/** @param {unknown} value */
function isPlace(value) {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((each) => Number.isFinite(each) && Math.abs(each) < 1000)
  );
}

/** Adds samples, up to the most that are kept. @param {Sample[]} samples @param {Sample[]} more */
export function added(samples, more) {
  if (samples.length + more.length > MOST_SAMPLES)
    throw problem(`More than ${MOST_SAMPLES} samples are not kept.`, "Delete some first.");
  return [...samples, ...more];
}
