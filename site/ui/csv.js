/**
 * Rows as the text of a CSV file (RFC 4180). Numbers keep every digit; a text that a spreadsheet would run as
 * a formula gets an apostrophe before it.
 */

/** @typedef {string | number | null | undefined} CsvCell null, undefined and NaN are empty */

/** @param {Iterable<readonly CsvCell[]>} rows */
export function csvText(rows) {
  let text = "";
  for (const row of rows) text += `${row.map(csvCell).join(",")}\r\n`;
  return text;
}

/** @param {CsvCell} value */
function csvCell(value) {
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(value);
  const text = value ?? "";
  const formula = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text));
  const safe = formula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
