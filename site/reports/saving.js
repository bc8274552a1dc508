/** Saves what is shown as a file in one of several formats, or copies it. The formats are in export.js. */

import { download } from "../ui/dom.js";
import { toCsv, toJson, toMarkdown, toReports } from "./export.js";

/** @import { Shown } from "./export.js" */
/** @typedef {{name: string, text: (shown: Shown) => string, type: string}} Format */

/** @type {Record<string, Format>} */
const FORMATS = {
  csv: { name: "comparison.csv", text: toCsv, type: "text/csv" },
  json: { name: "comparison.json", text: toJson, type: "application/json" },
  md: { name: "comparison.md", text: toMarkdown, type: "text/markdown" },
  report: { name: "reports.json", text: toReports, type: "application/json" },
};

/**
 * @param {string} format a name in FORMATS, or "copy"; others do nothing
 * @param {Shown} shown
 * @param {(text: string) => void} copy
 */
export function save(format, shown, copy) {
  if (format === "copy") copy(toMarkdown(shown));
  const found = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (found) download(found.name, found.text(shown), found.type);
}
