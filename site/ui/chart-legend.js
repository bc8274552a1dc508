/** The small drawings of legends: a piece of a series, and a scale of colours. */

import { seriesMarks } from "./chart-marks.js";
import { drawPlot } from "./chart-plot.js";

/** @import { Series } from "./chart-data.js" */
/** @import { Look } from "./chart-layout.js" */

const WIDTH = 30;
const HEIGHT = 14;

/** A piece of a series as it looks in the chart. @param {Series} series @param {Look} [look] */
export function swatch({ kind = "line", low, high }, look) {
  if (!look) return null;
  const point = kind === "points";
  const whole = kind === "bars";
  const hasRange = low && high && !point && !whole;
  const one = {
    name: "",
    kind,
    x: point || whole ? [1] : [0, 1, 2],
    y: whole ? [1] : point ? [0] : [0.2, 0.2, 0.2],
    ...(hasRange ? { low: [-1, -1, -1], high: [1, 1, 1] } : {}),
  };
  const drawn = { one, look, indices: point || whole ? [0] : [0, 1, 2], alone: true, sideways: false };
  const marks = seriesMarks({ ...drawn, shift: 0, insets: [0, 0], reach: whole ? [-0.6, 0.6] : [0, 0] });
  const svg = drawPlot({
    width: WIDTH,
    height: HEIGHT,
    margin: 0,
    axis: null,
    x: { domain: [0, 2], type: "linear" },
    y: { domain: whole ? [0, 1.1] : [-1.1, 1.1], type: "linear" },
    marks,
  });
  // A line shows its symbol once, in the middle.
  const dots = svg.querySelectorAll('[aria-label="dot"] > *');
  if (dots.length === 3) for (const index of [0, 2]) dots[index]?.remove();
  return svg;
}
