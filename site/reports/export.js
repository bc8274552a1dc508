/**
 * What is shown, as the text of a CSV, JSON or Markdown file, or as sampling reports. No access to the page.
 */

import { csvText } from "../ui/csv.js";
import { samplesOf } from "./collate.js";
import { writeSampling } from "./sampling.js";

/** @import { Column, Row, Sample } from "./collate.js" */
/**
 * @typedef {{rows: readonly Row[], columns: readonly Column[], view: {config: string, sample: number, group:
 *   boolean}}} Shown
 */

/** @param {Shown} shown @returns {Generator<{row: Row, column: Column, sample: Sample}>} */
function* outputs({ rows, columns, view }) {
  for (const row of rows) {
    for (const column of columns) {
      const results = row.cells.get(column.id);
      if (!results) continue;
      for (const sample of samplesOf(results, view).samples) yield { row, column, sample };
    }
  }
}

/**
 * One line for each output. Cells that a spreadsheet would run as formulas get an apostrophe before them.
 * @param {Shown} shown
 */
export function toCsv(shown) {
  const lines = [["number", "prompt", "report", "model", "file", "config", "sample", "count", "output"]];
  for (const { row, column, sample } of outputs(shown)) {
    const { letter, model, source } = column;
    lines.push([
      String(row.number),
      row.prompt,
      letter,
      model,
      source,
      sample.config,
      String(sample.index),
      String(sample.count),
      sample.text ?? "",
    ]);
  }
  return csvText(lines);
}

/** @param {Shown} shown */
export function toJson(shown) {
  const { rows, columns } = shown;
  const reports = columns.map(({ letter, label, model, source }) => ({ letter, label, model, source }));
  const prompts = rows.map((row) => ({
    number: row.number,
    prompt: row.prompt,
    outputs: [...outputs({ ...shown, rows: [row] })].map(({ column, sample }) => ({
      report: column.letter,
      config: sample.config,
      sample: sample.index,
      count: sample.count,
      params: Object.fromEntries(sample.params),
      output: sample.text,
    })),
  }));
  return `${JSON.stringify({ format: "goosequill-comparison", format_version: 1, reports, prompts }, null, 2)}\n`;
}

/** @param {Shown} shown */
export function toMarkdown(shown) {
  const legend = shown.columns.map(
    ({ letter, label, source }) => `- **${letter}** ${escaped(label)} (${escaped(source)})`,
  );
  const parts = shown.rows.map((row) => {
    const bodies = [...outputs({ ...shown, rows: [row] })].map(({ column, sample }) => {
      const count = sample.count > 1 ? ` ×${sample.count}` : "";
      return `**${column.letter} · ${escaped(sample.config)} #${sample.index}${count}**\n\n${fenced(sample.text ?? "")}`;
    });
    return [
      `## ${row.number}. ${escaped(row.prompt.split("\n")[0]?.slice(0, 120) ?? "")}`,
      ...(/\n|.{121}/.test(row.prompt) ? [fenced(row.prompt)] : []),
      ...bodies,
    ].join("\n\n");
  });
  return `# Comparison\n\n${legend.join("\n")}\n\n${parts.join("\n\n")}\n`;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[\\`*_[\]<>#|]/g, "\\$&").replace(/\n/g, " ");
}

/** A fence longer than any in the text. @param {string} text */
function fenced(text) {
  const longest = (text.match(/`+/g) ?? []).reduce((most, { length }) => Math.max(most, length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/**
 * The reports themselves, with only the prompts that are shown.
 * @param {{rows: readonly Row[], columns: readonly Column[]}} shown
 * @returns {string} one sampling report, or a JSON list of several
 */
export function toReports({ rows, columns }) {
  const kept = new Set(rows.map(({ prompt }) => prompt));
  const reports = columns.map(({ report }) =>
    writeSampling({ ...report, entries: report.entries.filter(({ prompt }) => kept.has(prompt)) }),
  );
  return `${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`;
}
