/**
 * What stands below a drawing: its numbers as a table, and buttons that save it as SVG, PNG and CSV, each
 * with title and source; in a CSV file they are comments, as the W3C's "CSV on the Web" has them.
 */

import { shortNumber } from "./chart-data.js";
import { csvText } from "./csv.js";
import { download, element } from "./dom.js";
import { errorWords } from "./status.js";
import { table as makeTable, scrollBox } from "./table.js";
import { t } from "./words.js";

/** @import { Table } from "./chart-data.js" */
/** @typedef {{columns: string[], rows: import("./csv.js").CsvCell[][]}} PlainTable */

const SHOWN = 100; // rows of the table in the page; the file has all

/**
 * The bar below a drawing. Charts have it already; this is for drawings of your own.
 * @param {SVGSVGElement | (() => SVGSVGElement)} svg the drawing, or a function if it is drawn again
 * @param {{
 *   title: string, table?: Table | PlainTable, name?: string, details?: HTMLElement | null
 * }} options name: of the saved files; it follows from the title. details: shown instead of the table
 * @returns {HTMLElement}
 */
export function figureTools(svg, { title, table, name = fileName(title), details }) {
  const drawing = typeof svg === "function" ? svg : () => svg;
  const rows = table && ("row" in table ? table : asTable(table));
  const status = element("span", { class: "chart-saved", role: "status" });
  const save = (/** @type {string} */ kind) => async () => {
    try {
      await saveAs(kind, drawing(), { title, name, rows });
      status.textContent = t("Saved {name}", { name: `${name}.${kind}` });
    } catch (error) {
      const { message: why } = errorWords(error);
      status.textContent = t("The {kind} file could not be made: {why}", { kind: kind.toUpperCase(), why });
    }
  };
  const kinds = ["svg", "png", ...(rows ? ["csv"] : [])];
  const buttons = kinds.map((kind) =>
    element(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": t("Save “{title}” as {kind}", { title, kind: kind.toUpperCase() }),
        onclick: save(kind),
      },
      kind.toUpperCase(),
    ),
  );
  return element(
    "div",
    { class: "chart-tools" },
    details === undefined ? rows && tableDetails(rows, title) : details,
    element("div", { class: "chart-save" }, element("span", { "aria-hidden": true }, t("Save")), ...buttons),
    status,
  );
}

/** @param {PlainTable} table @returns {Table} */
function asTable({ columns, rows }) {
  return { columns, count: rows.length, row: (index) => rows[index] ?? [] };
}

/**
 * The table, made when it is first opened: pages redraw charts often, and open few of their tables.
 * @param {Table} rows
 * @param {string} title
 */
function tableDetails(rows, title) {
  const details = element("details", {}, element("summary", {}, t("Table")));
  details.addEventListener("toggle", () => details.append(...tableParts(rows, title)), { once: true });
  return details;
}

/** @param {Table} rows @param {string} title */
export function tableParts({ columns, count, row }, title) {
  const shown = Math.min(count, SHOWN);
  const indices = Array.from({ length: shown }, (_, index) =>
    shown < count ? Math.round((index * (count - 1)) / (shown - 1)) : index,
  );
  const cells = indices.map((index) =>
    row(index).map((cell) => (cell === null || cell === undefined ? "" : shortNumber(cell))),
  );
  const content = makeTable({
    caption: title,
    columns,
    rows: cells,
    rowHead: 0,
    hideCaption: true,
    className: "data",
  });
  const note =
    shown < count
      ? element(
          "p",
          {},
          t("{shown} of {count} rows, evenly spaced. The CSV file has all of them.", { shown, count }),
        )
      : "";
  return [scrollBox(t("{title}, table", { title }), content, "chart-table"), note];
}

/**
 * @param {string} kind
 * @param {SVGSVGElement} svg
 * @param {{title: string, name: string, rows: Table | undefined}} options
 */
async function saveAs(kind, svg, { title, name, rows }) {
  if (kind === "csv" && rows) return download(`${name}.csv`, csvHead(title) + csvOf(rows), "text/csv");
  const { pictureOf, pngOf } = await import("./chart-export.js");
  const picture = await pictureOf(svg, { title, source: sourceWords() });
  if (kind === "svg") download(`${name}.svg`, picture.text, "image/svg+xml");
  else download(`${name}.png`, await pngOf(picture), "image/png");
}

/** Where a saved file comes from. */
export function sourceWords() {
  return t("Source: {address}", { address: `${location.host}${location.pathname}` });
}

/** The comments at the top of a CSV file. @param {string} title */
export function csvHead(title) {
  return csvText([[`# ${title}`], [`# ${sourceWords()}`]]);
}

/** Every row of a table as CSV. @param {Table} table */
export function csvOf({ columns, count, row }) {
  function* rows() {
    yield columns;
    for (let index = 0; index < count; index++) yield row(index);
  }
  return csvText(rows());
}

/** A title as the name of a file: "spike-triggered-average". @param {string} title */
function fileName(title) {
  return (
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 60) || "chart"
  );
}
