/**
 * Observable Plot, loaded once, and what all drawings share: fonts' widths, margins, axes, labels.
 */

import { axisWords } from "./chart-data.js";

/** @typedef {typeof import("../vendor/plot.js")} Plot */
/** @typedef {{top: number, right: number, bottom: number, left: number}} Margins */

/** @type {Plot | undefined} */
let loaded;

/** Loads the library that draws; await it once before the first chart. */
export async function loadPlot() {
  loaded ??= await import("../vendor/plot.js");
}

/** How wide a drawing is going to be, before it is in the page: what is around it should not move then. */
export function likelyWidth() {
  const screen = document.documentElement.clientWidth; // 0 where there is no layout
  return screen ? Math.min(WIDTH, screen - AROUND) : WIDTH;
}

/** The library. @returns {Plot} */
export function library() {
  if (!loaded) throw new Error("await loadPlot() before the first chart");
  return loaded;
}

const WIDTH = 640; // of a drawing that is not in a page yet
const AROUND = 32; // pixels beside it on a narrow screen, at least
export const NARROW = 318; // of one on a phone of 360 pixels, about
export const TEXT = 12; // pixels; chart.css has the same size
const LETTER = 5.9; // mean width of a letter of that size

/** The width that a text needs, about. @param {string} text */
export function textWidth(text) {
  return text.length * LETTER;
}

/**
 * A text that fits into a width, with an ellipsis if it is shortened.
 * @param {string} text
 * @param {number} width
 */
export function fitted(text, width) {
  const most = Math.max(4, Math.floor(width / LETTER));
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

/**
 * Draws with Plot and removes its inline style, which a strict policy would block; chart.css has its rules.
 * @param {Parameters<Plot["plot"]>[0]} options
 */
export function drawPlot(options) {
  const svg = library().plot({ document, className: "plot", ...options });
  svg.querySelector("style")?.remove();
  svg.setAttribute("aria-hidden", "true"); // its container has the name, the read-out and the table
  for (const element of svg.querySelectorAll("*")) shorten(element);
  return svg;
}

/** Rounds coordinates to hundredths: drawings are also part of pages' HTML. @param {Element} element */
function shorten(element) {
  for (const { name, value } of element.attributes)
    if (value.includes(".") && name !== "d")
      element.setAttribute(
        name,
        value.replace(/\d+(?:\.\d+)?/g, (digits) =>
          /\.\d{3}/.test(digits) ? String(+(+digits).toFixed(2)) : digits,
        ),
      );
}

/** @param {Margins} margins */
export function plotMargins({ top, right, bottom, left }) {
  return { marginTop: top, marginRight: right, marginBottom: bottom, marginLeft: left };
}

/**
 * The longest text of an axis' ticks, in pixels.
 * @param {SVGElement} svg
 * @param {"x" | "y"} axis
 */
export function widestTick(svg, axis) {
  const texts = svg.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`);
  return Math.max(0, ...Array.from(texts, (text) => textWidth(text.textContent ?? "")));
}

/**
 * Where the name of an axis stands: that of y above it; that of x below its middle, or farther left if it is
 * long.
 * @param {import("./chart-data.js").Axis} axis
 * @param {"x" | "y"} name
 * @param {{width: number, margins: Margins}} size
 */
export function axisName(axis, name, { width, margins: { left, right } }) {
  const words = axisWords(axis);
  const long = textWidth(words) > width - left - right;
  const label = fitted(words, width - 8) || null;
  return { label, labelArrow: "none", labelAnchor: name === "y" ? "top" : long ? "right" : "center" };
}
