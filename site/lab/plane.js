/**
 * A figure of the page on training: a small network that learns points of a plane under the pointer, with the
 * line along which each hidden unit switches on, and its losses. Everything is computed in the page.
 */

import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { shares } from "./classify.js";
import { picture } from "./letters-pictures.js";
import { Panel } from "./panel.js";
import { showOnce } from "./pictures.js";
import { judge, MOST_STEPS, Training } from "./plane-instant.js";
import { player } from "./player.js";

const SIDE = 40; // cells of the picture
const REACH = 1.15; // from its middle to its edge
const PALE = 1.7; // so that points stand out from what is behind them
const FIRST = 300; // the step that is shown before anything is pressed
const HEIGHT = 100; // of the curve; its width is the steps
const CHANCE = Math.log(2); // the loss of one who knows nothing

/** @param {HTMLElement} place @param {import("./panel.js").Description} description */
export function showPlane(place, description) {
  showOnce(place, () => makeFigure(description));
}

/** @param {import("./panel.js").Description} description */
function makeFigure(description) {
  const panel = new Panel({
    description,
    prefix: "lab-plane",
    folded: ["noise", "decay", "seed"],
    onChange: changed,
  });
  let settings = panel.all;
  let training = new Training(settings);
  const plane = element("div", { class: "plane-points" });
  const losses = element("div", { class: "plane-losses" });
  const controls = player({
    frames: MOST_STEPS + 1,
    start: FIRST,
    unit: "step",
    label: "Training",
    interval: 50,
    speeds: [1, 5, 20],
    show(step) {
      training = training.at(step);
      plane.replaceChildren(drawPlane(training));
      losses.replaceChildren(drawLosses(training));
    },
    describe: () => words(training),
  });
  /** Another rate applies to a training that plays; all else, and to one that does not, from its start. */
  function changed() {
    const { rate, ...others } = panel.all;
    const isOfRate = Object.entries(others).every(([name, value]) => value === settings[name]);
    settings = panel.all;
    if (isOfRate && controls.isPlaying()) return training.setRate(rate);
    const { step } = training;
    training = new Training(settings).at(step);
    controls.refresh();
  }
  panel.run.remove();
  panel.cancel.remove();
  panel.reset.addEventListener("click", () => {
    panel.restore(new Map());
    changed();
  });
  const legend = element(
    "ul",
    { class: "chart-legend" },
    element("li", { class: "plane-learned" }, "loss of these points"),
    element("li", { class: "plane-unseen" }, "loss of others"),
  );
  const side = element("div", {}, losses, legend);
  panel.picture.append(controls, element("div", { class: "plane" }, plane, side));
  // The picture first, also where the controls do not fit beside it.
  return element("section", { class: "lab", "aria-label": "A small training" }, ...panel.parts.reverse());
}

/** @param {Training} training */
function words({ step, layers, points, others }) {
  const [learned, unseen] = [judge(layers, points), judge(layers, others)];
  const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)}%`;
  return (
    `Step ${step}: ${percent(learned.accuracy)} of these points and ${percent(unseen.accuracy)} of others ` +
    `have the right colour; the loss is ${learned.loss.toFixed(3)} and ${unseen.loss.toFixed(3)}.`
  );
}

/** @param {number} value a coordinate in the plane */
const cell = (value) => (value / REACH / 2 + 0.5) * SIDE;

/** @param {Training} training */
function drawPlane({ layers, points }) {
  const at = (/** @type {number} */ index) => ((index + 0.5) / SIDE - 0.5) * 2 * REACH;
  const cells = Array.from({ length: SIDE * SIDE }, (_, index) => {
    const [one, other] = shares(layers, [at(index % SIDE), -at(Math.floor(index / SIDE))]);
    return one - other;
  });
  const svg = picture(cells, { most: PALE, levels: 10, side: SIDE });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "The points, and the colour that the network gives each place");
  const body = svgElement("g", { transform: "translate(0,-0.5)", "shape-rendering": "auto" });
  const [{ weights, bias }] = layers;
  if (layers.length > 1)
    bias.forEach((offset, unit) => {
      const [right, up] = [weights[0][unit], weights[1][unit]];
      const size = right * right + up * up;
      const [x, y] = [(-offset * right) / size, (-offset * up) / size];
      const far = 4 / Math.sqrt(size);
      const ends = [-far, far].map((along) => [
        cell(x - up * along).toFixed(1),
        cell(-y - right * along).toFixed(1),
      ]);
      body.append(svgElement("path", { class: "plane-unit", d: `M${ends[0]}L${ends[1]}` }));
    });
  points.x.forEach(([x, y], index) => {
    const className = points.labels[index] ? "plane-below" : "plane-above";
    body.append(
      svgElement("circle", { class: className, cx: cell(x).toFixed(2), cy: cell(-y).toFixed(2), r: 0.43 }),
    );
  });
  svg.append(body);
  return svg;
}

/** @param {Training} training */
function drawLosses({ curve }) {
  const most = Math.max(CHANCE, ...curve.flatMap(({ learned, unseen }) => [learned, unseen])) * 1.05;
  const down = (/** @type {number} */ loss) => (HEIGHT * (1 - loss / most)).toFixed(2);
  const line = (/** @type {"learned" | "unseen"} */ name) => {
    const ends = curve.map((each, index) => `${(index * 100) / (MOST_STEPS / 20)},${down(each[name])}`);
    return svgElement("polyline", { class: `plane-${name}`, points: ends.join(" ") });
  };
  const chance = svgElement("path", { class: "plane-chance", d: `M0 ${down(CHANCE)}h100` });
  return svgElement(
    "svg",
    {
      viewBox: `0 0 100 ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": "The losses so far",
    },
    chance,
    line("unseen"),
    line("learned"),
  );
}
