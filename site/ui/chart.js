/**
 * Charts and heat maps: drawn by Observable Plot, read with the arrow keys, with a table behind them. Plot is
 * large: await `loadPlot()` before the first chart, and only when one is drawn. Then both functions draw at
 * once, in a page as well as under Node with jsdom. Pages load chart.css with it.
 */

import { tableOf } from "./chart-data.js";
import { drawChart } from "./chart-draw.js";
import { figure } from "./chart-figure.js";
import { layoutOf } from "./chart-layout.js";
import { swatch } from "./chart-legend.js";
import { loadPlot } from "./chart-plot.js";
import { element } from "./dom.js";
import { t } from "./words.js";

export { percentage, shortNumber } from "./chart-data.js";
export { heatMap } from "./chart-heat.js";
export { figureTools } from "./chart-tools.js";
export { loadPlot };

/**
 * A chart of one or several series. See Spec for what it can show.
 * @param {import("./chart-data.js").Spec} spec
 * @returns {HTMLElement}
 */
export function chart(spec) {
  const layout = layoutOf(spec);
  const { series, title, legend = series.length > 1 } = spec;
  return figure({
    title,
    contents: series.length > 1 ? t("chart of {count} series", { count: series.length }) : t("chart"),
    draw: (width) => drawChart(layout, width),
    onDraw: spec.onDraw,
    table: tableOf(spec),
    legend: legend ? legendOf(layout) : null,
  });
}

/** @param {import("./chart-layout.js").Layout} layout */
function legendOf({ spec: { series }, looks }) {
  const items = series.map((one, index) => element("li", {}, swatch(one, looks[index]), one.name));
  return element("ul", { class: "chart-legend" }, ...items);
}
