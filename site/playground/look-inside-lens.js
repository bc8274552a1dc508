/** What each layer predicts for a token: the logit lens as a chart and a table. */

import { percent, visible } from "../decoder/tokens.js";
import { chart, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";
import { t } from "../ui/words.js";

/**
 * @typedef {{token: number, text: string, logprob: number}} Candidate
 * @typedef {{logprob: number, rank: number, candidates: Candidate[]}} LayerPrediction
 * @typedef {{token: number, text: string, position: number, layers: LayerPrediction[]}} Lens what
 *   goosequill.insight.lens.LogitLens has
 */

const SENTENCE = t(
  "What the model would predict if it stopped after each layer. Early layers often guess what is common; " +
    "where the line rises, a layer has found this token.",
);

/** No value looks like certainty. @param {number} share */
const format = (share) => (share > 0.999 ? percent(share) : percentage(share));

/** @param {Lens} lens @returns {HTMLElement[]} */
export function lensParts(lens) {
  const shares = lens.layers.map(({ logprob }) => Math.exp(logprob));
  return [
    element("h2", {}, t("What each layer predicts")),
    element("p", { class: "note" }, SENTENCE),
    chart({
      title: t("Probability of “{token}” after each layer", { token: visible(lens.text) }),
      x: { label: t("layer"), domain: [0, shares.length - 1] },
      y: { label: t("probability"), format, domain: [0, Math.max(0.01, ...shares)] },
      series: [{ name: t("probability"), x: shares.map((_, layer) => layer), y: shares }],
      height: 200,
    }),
    layerTable(lens),
  ];
}

/** @param {Lens} lens */
function layerTable({ token, layers }) {
  const caption = t("The likeliest tokens after each layer; layer 0 is the embedding");
  const rows = layers.map(({ logprob, rank, candidates }, layer) => [
    layer,
    t("{share}, rank {rank}", { share: percent(Math.exp(logprob)), rank }),
    element("span", {}, ...candidates.flatMap((one) => [guess(one, one.token === token), " "])),
  ]);
  const columns = [t("Layer"), t("This token"), t("Likeliest")];
  return scrollBox(
    caption,
    table({ caption, className: "figures lens", columns, rows, rowHead: 0 }),
    "scroller",
  );
}

/** @param {Candidate} candidate @param {boolean} taken */
function guess({ text, logprob }, taken) {
  const code = element("code", { title: percent(Math.exp(logprob)) }, visible(text));
  return taken ? element("mark", {}, code) : code;
}
