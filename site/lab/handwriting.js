/**
 * The experiment "handwriting": what was read, and how much less the bounds compare than brute force. What is
 * counted, and how, is decided in Python (goosequill.lab.handwriting).
 */

import { element } from "../ui/dom.js";
import { number, percent } from "../ui/words.js";
import { origin, resultTable } from "./findings.js";
import { offerNetwork } from "./handwriting-network.js";
import { amount, launcher, match, scribbleFigure } from "./handwriting-picture.js";
import { warpFigure } from "./handwriting-warp.js";

export { inputs } from "./handwriting-inputs.js";
export { instant } from "./handwriting-instant.js";

/** The pad comes first. */
export const isStage = true;

/** @import { Drawing } from "./frame.js" */
/**
 * @typedef {{
 *   method: string, comparisons: Record<string, number>, total: number, left: Record<string, number>,
 *   measured: number, finished: number, factor: number
 * }} Method
 */

export const live = true;

export const folded = ["templates", "alphabet", "band", "seed"];

/** @param {Record<string, any>} settings */
export const unused = ({ face }) => (face === "person" ? ["wobble", "seed"] : ["writer"]);

export const labels = {
  face: { plain: "plain font", cursive: "cursive font", person: "a person" },
  templates: { fonts: "two fonts", people: "20 people" },
  alphabet: {
    letters: "A to Z and a to z",
    capitals: "A to Z",
    small: "a to z",
    digits: "0 to 9",
    all: "letters and digits",
  },
};

/** @type {Record<string, string>} */
const METHODS = {
  brute: "Brute force",
  abandon: "Early abandoning",
  kim: "Ends first (LB_Kim)",
  keogh: "Ends, envelope (LB_Keogh)",
  coarse: "Ends, coarse, fine",
};

/** How letters are read in the study. @type {Record<string, string>} */
const READERS = {
  fonts: "Elastic, templates of the fonts",
  other: "Elastic, templates of the other font alone",
  people: "Elastic, templates of other people",
  stiff: "The same, with a band of 0",
  network: "Network trained on other people’s letters",
  ten: "Only a to j: elastic, templates of other people",
  printed: "Only a to j: the network of printed A to J",
};

/** @type {Record<string, string>} */
const STEPS = { kim: "ends", coarse: "coarse envelope", keogh: "fine envelope" };

/** @param {Drawing} drawing */
export function render(drawing) {
  const { data, element: place } = drawing;
  const words = element(
    "p",
    { class: "hand-read", "data-testid": "read" },
    "Read as ",
    element("strong", {}, data.text),
  );
  place.replaceChildren(
    words,
    scribbleFigure(data.scribble, data.letters),
    element("ul", { class: "hand-letters" }, ...data.letters.map(match)),
    element(
      "p",
      { class: "note" },
      "Teal points are the nearest template, the others the scribble; lines join the points that are matched. " +
        "Distances are mean squares for each point, times 1,000.",
    ),
    warpFigure(drawing, amount(data.letters[0].choices[0].distance)),
    element(
      "p",
      { class: "note" },
      "Each square is a pair of points; the stronger its shade, the farther apart they are. The match is a path " +
        "from corner to corner, between the two edges of the band. Drag the handle: the narrower the band, the " +
        "fewer pairs are compared, and the less the letter can be stretched.",
    ),
    launcher(data.letters),
  );
}

/** @type {Record<string, (drawing: Drawing) => void>} */
export const figures = {
  network({ data, element: place }) {
    offerNetwork(place, data);
  },
  study({ data: { study }, element: place }) {
    const share = (/** @type {{mean: number, half_width: number} | undefined} */ found) =>
      found ? `${percent(found.mean)} ± ${percent(found.half_width, 1)}` : "–";
    const cells = (/** @type {string} */ name) =>
      [study.people[name], study.samples[name]].flatMap((found) => [share(found?.first), share(found?.five)]);
    place.replaceChildren(
      resultTable({
        caption: "How often a letter is read right",
        columns: ["Read by", "People’s letters", "among five", "Unsteady fonts", "among five"],
        rows: Object.keys(READERS).map((name) => [READERS[name], ...cells(name)]),
      }),
      origin(
        study,
        "each a writer who is left out, and a sample of both fonts. ± is half of the 95% interval over writers or samples.",
      ),
    );
  },
  speed({ data, element: place }) {
    const methods = /** @type {Method[]} */ (data.methods);
    const most = Math.log10(methods[0].total);
    const least = Math.log10(Math.min(...methods.map(({ total }) => total))) - 0.5;
    const rows = methods.map(({ method, total, factor, measured }) => {
      const bar = element("span", { class: "hand-bar" });
      bar.style.width = `${Math.max(2, (100 * (Math.log10(total) - least)) / (most - least)).toFixed(1)}%`;
      return [
        METHODS[method],
        element(
          "td",
          {},
          element("span", { class: "hand-track", "aria-hidden": "true" }, bar),
          number(total),
        ),
        number(measured),
        `${number(Number(factor.toPrecision(3)))} ×`,
      ];
    });
    place.replaceChildren(
      resultTable({
        caption: "Comparisons of two points to read this scribble (bars: logarithmic)",
        columns: ["Method", "Comparisons", "Distances begun", "Faster"],
        rows,
      }),
    );
  },
  steps({ data, element: place }) {
    const last = /** @type {Method} */ (data.methods.at(-1));
    const all = data.templates * data.letters.length;
    const steps = Object.entries(last.left).map(([step, left]) => [
      `after the ${STEPS[step]}`,
      number(left),
      number(last.comparisons[step]),
    ]);
    place.replaceChildren(
      resultTable({
        caption: "Templates that the last method still considers, for all letters of the scribble",
        columns: ["Step", "Templates left", "Comparisons"],
        rows: [
          ["at the start", number(all), "0"],
          ...steps,
          ["elastic distances finished", number(last.finished), number(last.comparisons.distance)],
        ],
      }),
    );
  },
};
