/** Draws the experiment "dilation": the numbers of the output, and of the input. */

import { element } from "../ui/dom.js";

/** @typedef {import("./frame.js").Drawing} Drawing */

export const live = true;

/** @param {Record<string, any>} settings @returns {Record<string, [number, number]>} */
export function ranges(settings) {
  /** @type {Record<string, [number, number]>} */
  const limits = { size: [1, 32], kernel: [1, 9], padding: [0, 9], stride: [1, 9], dilation: [1, 32] };
  /** @type {Record<string, [number, number]>} */
  const found = {};
  for (const [name, [low, high]] of Object.entries(limits)) {
    const valid = [];
    for (let value = low; value <= high; value++)
      if (outputSize({ ...settings, [name]: value }) >= 1) valid.push(value);
    found[name] = valid.length ? [valid[0], valid[valid.length - 1]] : [low, low];
  }
  return found;
}

/** @param {Record<string, any>} settings */
function outputSize({ size, kernel, padding, stride, dilation, transposed }) {
  const span = kernel + (kernel - 1) * (dilation - 1);
  if (transposed) return stride * (size - 1) + span - 2 * padding;
  return Math.floor((size + 2 * padding - span) / stride) + 1;
}

/** @param {Drawing} drawing */
export function render({ data, element: place }) {
  place.replaceChildren(table("Output", data.output));
}

export const figures = {
  /** @param {Drawing} drawing */
  input({ data, element: place }) {
    place.replaceChildren(table("Input", data.values));
  },
};

/** @param {string} caption @param {number[][]} rows */
function table(caption, rows) {
  const lines = rows.map((row) => element("tr", {}, ...row.map((value) => element("td", {}, String(value)))));
  return element("table", {}, element("caption", {}, caption), element("tbody", {}, ...lines));
}
