/**
 * The network of the page "training" on the letters of a scribble, beside what elastic matching reads. It
 * knows A to J only. Its file is fetched when the visitor asks for it; from then on it reads each scribble.
 */

import { element } from "../ui/dom.js";
import { StatusLine } from "../ui/status.js";
import { classify, LETTERS, rasterize } from "./classify.js";
import { resultTable } from "./findings.js";
import { SOURCES } from "./letter-sources.js";

/** @import { Letter, Points } from "./handwriting-picture.js" */

/**
 * @typedef {{scribble: Points[], letters: Letter[]}} Scribble
 */

/** @typedef {Pick<import("./letter-sources.js").Sources, "network">} Sources */

/**
 * A folded table that is filled when it is opened: only then is the network fetched.
 * @param {HTMLElement} place
 * @param {Scribble} scribble
 * @param {Sources} [sources]
 */
export function offerNetwork(place, scribble, sources = SOURCES) {
  const open = place.querySelector("details")?.open ?? false;
  const line = element("p", { role: "status", class: "note" });
  const rows = element("div");
  const folded = element("details", {}, element("summary", {}, "Let the network read it"), line, rows);
  folded.addEventListener("toggle", () => fill(folded, { line, rows, scribble, sources }));
  place.replaceChildren(folded);
  folded.open = open;
}

/**
 * @param {HTMLDetailsElement} folded
 * @param {{line: HTMLElement, rows: HTMLElement, scribble: Scribble, sources: Sources}} parts
 */
async function fill(folded, { line, rows, scribble, sources }) {
  if (!folded.open || rows.hasChildNodes()) return;
  const status = new StatusLine(line);
  status.say("Loading the network…");
  try {
    rows.replaceChildren(readings(scribble, await sources.network()));
    status.say("");
  } catch (error) {
    status.complain(error);
  }
}

/** @param {Scribble} scribble @param {import("./classify.js").Layer[]} layers */
function readings({ scribble, letters }, layers) {
  const rows = letters.map(({ label, strokes: [start, end] }, index) => {
    const strokes = scribble.slice(start, end).map((stroke) => stroke.map(([x, y]) => ({ x, y, t: 0 })));
    const shares = classify(layers, rasterize(strokes));
    const best = shares.indexOf(Math.max(...shares));
    const known = LETTERS.includes(label.toUpperCase());
    return [
      index + 1,
      label,
      known ? (LETTERS[best] ?? "") : `${LETTERS[best]} (it does not know ${label})`,
      `${(100 * (shares[best] ?? 0)).toFixed(0)}%`,
    ];
  });
  return resultTable({
    caption: "Each letter of the scribble, read in two ways",
    columns: ["Letter", "Elastic matching", "Network", "How sure it is"],
    rows,
  });
}
