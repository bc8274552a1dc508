/**
 * CSV and TSV as in RFC 4180: quoted fields may contain separators, line ends and doubled quotes. The first
 * row names the columns. A quote that is never closed quotes the rest of the file, as Python's csv reads it.
 */

import { t } from "../ui/words.js";
import { checkCells } from "./limits.js";
import { ImportError, Problems } from "./report.js";
import { readRows } from "./rows.js";

/**
 * @param {string} text
 * @param {string} separator
 * @param {Problems} [problems]
 * @returns {{cells: string[], line: number}[]}
 */
export function parseCsv(text, separator, problems = new Problems()) {
  /** @type {{cells: string[], line: number}[]} */
  const rows = [];
  let cells = /** @type {string[]} */ ([]);
  let line = 1;
  let started = 1;
  let at = 0;
  const field = new RegExp(`[^${separator === "\t" ? "\\t" : separator}\\r\\n]*`, "y");
  while (at < text.length) {
    let value;
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end === text.length)
        problems.add(t("the quote that opens in line {line} is never closed", { line: String(line) }));
      value = text.slice(at + 1, end).replaceAll('""', '"');
      line += value.split("\n").length - 1;
      at = Math.min(end + 1, text.length); // a sticky expression starts over behind the end
    } else {
      value = "";
    }
    field.lastIndex = at;
    value += field.exec(text)?.[0] ?? "";
    at = field.lastIndex;
    cells.push(value);
    if (text[at] === separator) {
      at++;
      if (at < text.length) continue;
      cells.push("");
    }
    if (cells.length > 1 || cells[0] !== "") rows.push({ cells, line: started });
    cells = [];
    at += text.startsWith("\r\n", at) ? 2 : 1;
    started = ++line;
  }
  return rows;
}

/** @param {string} text @param {number} from */
function closingQuote(text, from) {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at < 0 ? text.length : at;
}

/**
 * @param {string} text
 * @param {{fallbackName: string}} options
 * @returns {import("./report.js").Import}
 */
export function readCsv(text, { fallbackName }) {
  const head = text.slice(0, text.indexOf("\n") < 0 ? undefined : text.indexOf("\n"));
  const separator = [",", "\t", ";"].reduce((best, next) =>
    head.split(next).length > head.split(best).length ? next : best,
  );
  const problems = new Problems();
  const rows = parseCsv(text, separator, problems);
  const names = rows.shift();
  if (!names || names.cells.length < 2 || rows.length === 0) {
    throw new ImportError(
      t("This is neither JSON nor a table."),
      t("A sampling report begins with {; a CSV file begins with a row of column names."),
    );
  }
  checkCells(rows.length, names.cells.length);
  const objects = rows.map(({ cells, line }) => {
    const counts = { line: String(line), cells: cells.length, names: names.cells.length };
    if (counts.cells > counts.names)
      problems.add(t("line {line} has {cells} cells under {names} column names", counts));
    const value = Object.fromEntries(names.cells.map((name, index) => [name.trim(), cells[index]]));
    return { value, path: t("line {line}", { line: String(line) }) };
  });
  return readRows(objects, { fallbackName, format: "CSV", problems });
}
