/**
 * What is shown as one web page that needs nothing else: texts, differences from the baseline, votes, and
 * numbers with intervals. It has no script, and its own policy forbids any; texts are escaped by html. Two
 * switches of style hide columns and equal prompts. It is in English, whatever the language of the page. No
 * access to the page.
 */

import { differs, samplesOf } from "../reports/collate.js";
import { breathe } from "../ui/slices.js";
import { counted, inEnglish, megabytes, number, t } from "../ui/words.js";
import { html, htmlTable, Markup } from "./markup.js";
import { nameOf } from "./metrics.js";
import { counterpart, hueOf } from "./row.js";
import { metricsPart, votesPart } from "./web-page-results.js";

/** @import { Column, Row, Sample } from "../reports/collate.js" */
/** @import { View } from "../reports/view.js" */
/** @import { Round } from "../reports/votes.js" */
/** @typedef {{pieces: import("./diff.js").Piece[], complete: boolean}} Difference */

/** Of the file, in characters; a browser still opens that at once. */
export const MOST_CHARACTERS = 32 * 1024 * 1024;
/** Outputs whose differences are marked. */
export const MOST_DIFFERENCES = 2000;
const AT_ONCE = 20; // prompts between two pauses

/**
 * @typedef {Object} Content
 * @property {readonly Row[]} rows
 * @property {number} total prompts of the reports, of which `rows` may be a part
 * @property {readonly Column[]} columns
 * @property {Column | null} base
 * @property {View} view
 * @property {Date} saved
 * @property {any} summary metrics, as the job "summarize" returns them, or null
 * @property {{result: any, rounds: readonly Round[], locked: string} | null} votes
 *
 * @typedef {Object} Tools
 * @property {string} style CSS
 * @property {(text: string) => string} clean a text as it is shown
 * @property {(before: string, after: string) => Promise<Difference | null>} difference null if the texts are
 *   too long
 * @property {(done: number, total: number) => void} onProgress
 * @property {AbortSignal} signal
 */

/**
 * @param {Content} content
 * @param {Tools} tools
 * @returns {Promise<string>}
 * @throws {Error} if the page would be too large, or the signal's reason
 */
export async function webPage(content, tools) {
  const { rows, columns, summary, votes } = content;
  const parts = inEnglish(() => [
    headPart(content, tools.style).text,
    reportsPart(content).text,
    votes ? votesPart(votes.result, votes.locked).text : "",
    summary ? metricsPart(summary).text : "",
  ]);
  parts.push(html`<section id="outputs"><h2>Outputs</h2>\n${switches(columns)}`.text);
  let size = parts.reduce((sum, { length }) => sum + length, 0);
  const judged = judgements(votes?.rounds ?? []);
  const budget = { differences: MOST_DIFFERENCES };
  for (const [index, row] of rows.entries()) {
    const { text } = await rowPart(row, { content, tools, budget, votes: judged.get(row.prompt) ?? [] });
    parts.push(text);
    size += text.length;
    if (size > MOST_CHARACTERS) throw tooLarge(index + 1, rows.length);
    tools.onProgress(index + 1, rows.length);
    if (index % AT_ONCE === 0) await breathe();
    tools.signal.throwIfAborted();
  }
  parts.push("</section>\n</main>\n</body>\n</html>\n");
  return parts.join("");
}

/** @param {number} done @param {number} total */
function tooLarge(done, total) {
  const limit = megabytes(MOST_CHARACTERS);
  return new Error(
    t(
      "The web page would be larger than {limit}: {done} of {total} prompts fill it. Search, or choose a configuration or sample, to show fewer outputs; or save as JSON, which has no limit.",
      { limit, done, total },
    ),
  );
}

/** @param {Content} content @param {string} style */
function headPart({ rows, total, columns, base, view, saved, summary, votes }, style) {
  const title = `Comparison of ${columns.map(({ label }) => label).join(", ")}`.slice(0, 120);
  const facts = [
    rows.length === total
      ? counted(total, "prompt")
      : `${number(rows.length)} of ${counted(total, "prompt")}`,
    view.q.trim() && `search: ${view.q}`,
    view.config && `configuration: ${view.config}`,
    view.sample > 0 && `sample: ${view.sample}`,
    base && `differences are marked against the baseline, ${nameOf(base)}`,
  ].filter(Boolean);
  const sections = [
    ["reports", "Reports"],
    votes ? ["votes", "Blind votes"] : [],
    summary ? ["metrics", "Metrics"] : [],
    ["outputs", "Outputs"],
  ];
  const links = sections.map(([id, name]) => (id ? html`<a href="#${id}">${name}</a> ` : null));
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
  const rules = columns.map(
    ({ letter }) =>
      `.c-${letter}{--hue:${hueOf(letter)}}body:has(#show-${letter}:not(:checked)) .cell.c-${letter}{display:none}`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Goosequill">
<title>${title}</title>
<style>
${new Markup(style)}
${new Markup(rules.join("\n"))}
</style>
</head>
<body>
<header><h1>Comparison of ${counted(columns.length, "report")}</h1>
<p>${facts.join("; ")}. Saved with Goosequill on ${saved.toISOString().slice(0, 10)}.</p>
<nav aria-label="Contents">${links}</nav></header>
<main>
`;
}

/** @param {Content} content */
function reportsPart({ rows, columns, view }) {
  const lines = columns.map((column) => {
    const { letter, label, model, source, report } = column;
    const cells = rows.map((row) => row.cells.get(column.id)).filter((results) => results !== undefined);
    const outputs = cells.reduce(
      (sum, results) => sum + samplesOf(results, { ...view, group: false }).samples.length,
      0,
    );
    const args = report.args.slice(0, 30).map(([name, value]) => `${name}: ${String(value).slice(0, 200)}`);
    const head = html`<span class="badge c-${letter}">${letter}</span> ${label}`;
    const date = html`<span class="nowrap">${report.date.slice(0, 10)}</span>`;
    return [head, model, source, date, number(cells.length), number(outputs), args.join(", ")];
  });
  const heads = ["Report", "Model", "File", "Date", "Prompts", "Outputs", "Settings"];
  return html`<section id="reports"><h2>Reports</h2>\n${htmlTable("Reports", heads, lines, { hideCaption: true })}</section>\n`;
}

/** Switches that work by style alone. @param {readonly Column[]} columns */
function switches(columns) {
  const boxes = columns.map(
    ({ letter, label }) =>
      html`<label><input type="checkbox" id="show-${letter}" checked> <span class="badge c-${letter}">${letter}</span> ${label}</label>\n`,
  );
  const differ = columns.length > 1;
  const only = html`<label><input type="checkbox" id="differ"> Only where outputs differ</label>\n`;
  return html`<fieldset class="switches"><legend>Show</legend>\n${boxes}${differ ? only : null}</fieldset>\n`;
}

/**
 * @param {Row} row
 * @param {{content: Content, tools: Tools, budget: {differences: number}, votes: string[]}} options
 */
async function rowPart(row, { content, tools, budget, votes }) {
  const { columns, view } = content;
  const cells = [];
  for (const column of columns) cells.push(await cellPart(row, column, { content, tools, budget }));
  const ids = columns.map(({ id }) => id);
  const same = columns.length > 1 && !differs(row, ids, view) ? " same" : "";
  const list =
    votes.length > 0
      ? html`<ul class="small votes">${votes.map((words) => html`<li dir="auto">${words}</li>`)}</ul>\n`
      : null;
  return html`<article class="prompt${same}" id="prompt-${row.number}">
<h3><span class="number">${row.number}</span> <span class="text" dir="auto">${row.prompt}</span></h3>
<div class="cells">${cells}</div>
${list}</article>\n`;
}

/**
 * @param {Row} row
 * @param {Column} column
 * @param {{content: Content, tools: Tools, budget: {differences: number}}} options
 */
async function cellPart(row, column, { content, tools, budget }) {
  const { view, base } = content;
  const { letter, label } = column;
  const results = row.cells.get(column.id);
  const { samples, missing } = results
    ? inEnglish(() => samplesOf(results, view))
    : { samples: [], missing: "This prompt is not in the file." };
  const parts = [];
  for (const sample of samples) {
    const before = base && base.id !== column.id ? counterpart(row, base, sample, view) : null;
    parts.push(await samplePart(sample, before, { tools, budget }));
  }
  const absent = missing ? html`<p class="absent">${missing}</p>\n` : null;
  return html`<div class="cell c-${letter}"><h4><span class="badge">${letter}</span> ${label}</h4>\n${absent}${parts}</div>\n`;
}

/**
 * @param {Sample} sample
 * @param {string | null} before the baseline's text
 * @param {{tools: Tools, budget: {differences: number}}} options
 */
async function samplePart({ text, config, index, count }, before, { tools, budget }) {
  if (text === null) return html`<p class="absent">This part of the file has no text.</p>\n`;
  const shown = tools.clean(text);
  const found =
    before !== null && budget.differences-- > 0 ? await tools.difference(tools.clean(before), shown) : null;
  const body = found ? found.pieces.map(piecePart) : shown;
  const notes = [
    count > 1 ? inEnglish(() => counted(count, "identical sample")) : "",
    before !== null && !found ? "differences not marked" : "",
    found?.pieces.every(({ kind }) => kind === "same") ? "same as the baseline" : "",
    shown === "" ? "empty output" : "",
  ].filter(Boolean);
  return html`<p class="small">${config} #${index}${notes.map((note) => ` · ${note}`)}</p>
<div class="text output" dir="auto">${body}</div>\n`;
}

/** @param {import("./diff.js").Piece} piece */
function piecePart({ kind, text }) {
  if (kind === "same") return html`${text}`;
  return kind === "added" ? html`<ins>${text}</ins>` : html`<del>${text}</del>`;
}

/** What was voted on each prompt, in words. @param {readonly Round[]} rounds */
function judgements(rounds) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const { rater, votes } of rounds) {
    for (const { prompt, left, right, choice, note } of votes) {
      const pair = `${left.name} and ${right.name}`;
      const words = {
        left: `${left.name} is better than ${right.name}`,
        right: `${right.name} is better than ${left.name}`,
        tie: `${pair} tie`,
        both_bad: `${pair} are both bad`,
      }[choice];
      const list = found.get(prompt) ?? [];
      list.push(`${rater}: ${words}${note ? ` (${note})` : ""}`);
      found.set(prompt, list);
    }
  }
  return found;
}
