/**
 * The figure around a drawing: title, legend, read-out, cursor, table and exports. It draws again when its
 * width changes, so that text keeps its size.
 */

import { Cursor } from "./chart-cursor.js";
import { takeOver, watchFocus } from "./chart-keep.js";
import { likelyWidth, NARROW } from "./chart-plot.js";
import { figureTools } from "./chart-tools.js";
import { element } from "./dom.js";
import { svgElement } from "./svg.js";
import { t } from "./words.js";

/** @import { Drawing } from "./chart-draw.js" */

/**
 * @param {Object} options
 * @param {string} options.title
 * @param {string} options.contents what it shows, for those who do not see it: "2 series"
 * @param {(width: number) => Drawing} options.draw
 * @param {import("./chart-data.js").Table} options.table
 * @param {HTMLElement | null} [options.legend]
 * @param {boolean} [options.hideTitle] if a heading above says the same
 * @param {HTMLElement | null} [options.details] shown instead of the table, which is then only saved
 * @param {(svg: any) => void} [options.onDraw] called with what is shown next, before it is in the page
 * @param {(group: number, key: number) => void} [options.onChoose] called when a point is clicked, or chosen
 *   with Enter
 * @returns {HTMLElement}
 */
export function figure({
  title,
  contents,
  draw,
  table,
  legend = null,
  hideTitle = false,
  details,
  onDraw,
  onChoose,
}) {
  const drawing = element("div", {
    class: "chart-drawing",
    tabindex: 0,
    role: "application",
    "aria-roledescription": t("chart"),
    "aria-label": onChoose
      ? t("{title}: {contents}. Move with the arrow keys, choose with Enter.", { title, contents })
      : t("{title}: {contents}. Move with the arrow keys.", { title, contents }),
  });
  const readOut = element(
    "p",
    { class: "chart-read-out idle", "aria-live": "off" },
    onChoose
      ? t("Click, tap or press Enter to choose.")
      : t("Hover, tap or press arrow keys to read values."),
  );
  const cursor = new Cursor(drawing, readOut, onChoose);
  let width = 0;
  let svg = /** @type {SVGSVGElement | undefined} */ (undefined);
  const show = (/** @type {number} */ wanted) => {
    if (wanted === width || wanted < 1) return;
    width = wanted;
    const drawn = draw(width);
    svg = drawn.svg;
    onDraw?.(svg);
    drawing.replaceChildren(svg);
    cursor.follow(drawn);
  };
  show(likelyWidth());
  const tools = figureTools(() => /** @type {SVGSVGElement} */ (svg), { title, table, details });
  const root = element(
    "figure",
    { class: "chart" },
    element("figcaption", { class: hideTitle && "visually-hidden" }, title),
    legend,
    drawing,
    readOut,
    tools,
  );
  if (!("ResizeObserver" in globalThis)) {
    // Drawn when the site is built: a narrow screen keeps the place of what it will draw itself.
    const { svg: narrow } = draw(NARROW);
    const height = /** @type {string} */ (narrow.getAttribute("height"));
    drawing.append(svgElement("svg", { class: "chart-place", "aria-hidden": "true", width: 1, height }));
    return root;
  }
  const kept = watchFocus(root, cursor);
  let isNew = true;
  new ResizeObserver(([entry]) => {
    show(Math.floor(entry?.contentRect.width ?? 0));
    if (isNew && root.isConnected) takeOver(kept);
    isNew &&= !root.isConnected;
  }).observe(drawing);
  return root;
}
