/**
 * What a state holds, as pictures: a map of all layers, the memory of one head, and how fast its layer
 * forgets. RWKV-4 has no heads: there the map has groups of channels, and the memory is four vectors.
 */

import { percent } from "../decoder/tokens.js";
import { chart, heatMap } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @import { NumpyArray } from "../engine/protocol.js" */
/**
 * @typedef {{tokens: number, kind: "matrices" | "averages", layer: number, head: number, map: NumpyArray,
 *   memory: NumpyArray, half_lives: NumpyArray, removed?: NumpyArray}} StateView what
 *   goosequill.insight.states.StateView has
 * @typedef {{layer: number, head: number}} Choice
 */

/** The rows of RWKV-4's memory. */
export const VECTORS = [t("Average a / b"), t("Numerator a"), t("Denominator b"), t("Exponent p")];

const SENTENCES = {
  matrices: t(
    "How much each head of each layer remembers: the size of its matrix. Choose a cell " +
      "to see the matrix below.",
  ),
  averages: t(
    "The size of the averages that each layer remembers, in groups of neighbouring " +
      "channels. Choose a cell to see its layer below.",
  ),
  matrix: t("One head's memory: each row is a key, and the row's values are what is stored under it."),
  vectors: t("One layer's memory: a running average of what it has read, for each channel."),
  decay: t(
    "The number of tokens after which half of what a channel remembers has faded. Short " +
      "half-lives follow the sentence, long ones the whole text.",
  ),
};

/** Rows of a two-dimensional array. @param {NumpyArray} array @returns {any[]} */
export function rowsOf({ shape: [rows = 0, columns = 0], data }) {
  return Array.from({ length: rows }, (_, row) => data.subarray(row * columns, (row + 1) * columns));
}

/**
 * The map of all layers.
 * @param {StateView} view
 * @param {(choice: Choice) => void} onChoose
 */
export function mapParts(view, onChoose) {
  const { kind, layer, head, map } = view;
  const heads = kind === "matrices";
  const columns = map.shape[1] ?? 0;
  return [
    element("p", { class: "note" }, SENTENCES[kind]),
    heatMap({
      title: heads ? t("Memory of each head") : t("Memory of each layer"),
      x: { label: heads ? t("head") : t("group of channels"), values: numbered(columns) },
      y: { label: t("layer"), values: numbered(map.shape[0] ?? 0) },
      values: rowsOf(map),
      marks: heads ? [{ x: head, y: layer }] : [],
      onChoose: (column, row) => onChoose({ layer: row, head: heads ? column : 0 }),
    }),
  ];
}

/** The memory of one head, or one vector of a layer. @param {StateView} view @param {number} vector */
export function memoryParts({ kind, layer, head, memory }, vector) {
  if (kind === "matrices") {
    return [
      element("p", { class: "note" }, SENTENCES.matrix),
      heatMap({
        title: t("Layer {layer}, head {head}", { layer: layer + 1, head: head + 1 }),
        x: { label: t("value") },
        y: { label: t("key") },
        values: rowsOf(memory),
        colors: "diverging",
      }),
    ];
  }
  const values = rowsOf(memory)[vector];
  return [
    element("p", { class: "note" }, SENTENCES.vectors),
    chart({
      title: t("{vector} in layer {layer}", { vector: VECTORS[vector] ?? "", layer: layer + 1 }),
      x: { label: t("channel") },
      y: { label: t("value") },
      series: [{ name: VECTORS[vector] ?? "", x: indices(values.length), y: values }],
      height: 200,
    }),
  ];
}

/** How fast the layer forgets. @param {StateView} view */
export function decayParts({ layer, head, half_lives: { data }, removed }) {
  return [
    element("p", { class: "note" }, SENTENCES.decay),
    ...(removed ? [element("p", { class: "note" }, removedWords(head, Number(removed.data[head])))] : []),
    chart({
      title: t("Half-lives in layer {layer}", { layer: layer + 1 }),
      x: { label: t("channel") },
      y: { label: t("half-life"), unit: t("tokens"), scale: "log" },
      series: [
        { name: t("half-life"), kind: "points", x: indices(data.length), y: /** @type {any} */ (data) },
      ],
      height: 200,
    }),
  ];
}

/** @param {number} head @param {number} share of its memory */
function removedWords(head, share) {
  return t(
    "The half-lives describe the decay alone. The delta rule also removes what is stored " +
      "under a key before something new is stored there: at the last token, {share} of " +
      "head {head}'s memory.",
    { share: percent(share), head: head + 1 },
  );
}

/** @param {number} count */
const indices = (count) => Array.from({ length: count }, (_, index) => index);

/** People count layers and heads from 1. @param {number} count */
const numbered = (count) => indices(count).map((index) => index + 1);
