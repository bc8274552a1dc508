/** The parts of a saved web page that show numbers: the results of blind votes, and metrics. */

import { endsOf, figure, formatMean, labelOf, withInterval } from "../reports/measures.js";
import { counted } from "../ui/words.js";
import { html, htmlTable } from "./markup.js";

/** @import { Markup } from "./markup.js" */
/** @import { Interval } from "../reports/measures.js" */
/** @typedef {{from: number, to: number}} Scale */

const WIDTH = 160; // of an interval's drawing, in its own units
const EDGE = 6;

/**
 * An interval as a line with a dot at its mean; the table has the numbers.
 * @param {Interval} interval
 * @param {Scale} scale
 */
function drawn(interval, { from, to }) {
  const [low, high] = endsOf(interval);
  const x = (/** @type {number} */ value) =>
    (EDGE + ((WIDTH - 2 * EDGE) * (value - from)) / (to - from || 1)).toFixed(1);
  const zero =
    from <= 0 && to >= 0 ? html`<line class="zero" x1="${x(0)}" x2="${x(0)}" y1="0" y2="16"/>` : null;
  return html`<svg class="interval" viewBox="0 0 ${WIDTH} 16" aria-hidden="true">${zero}<line x1="${x(low)}" x2="${x(high)}" y1="8" y2="8"/><circle cx="${x(interval.mean)}" cy="8" r="3.5"/></svg>`;
}

/** @param {readonly Interval[]} intervals @param {boolean} [withZero] @returns {Scale} */
function scaleOf(intervals, withZero = false) {
  const ends = intervals.flatMap(endsOf);
  if (withZero) ends.push(0);
  return { from: Math.min(...ends), to: Math.max(...ends) };
}

/**
 * @param {any} result of the job "judge"
 * @param {string} locked a sentence about the round
 * @returns {Markup}
 */
export function votesPart({ strengths, comparisons, position, agreement, choices, ...about }, locked) {
  const known = strengths.filter((/** @type {any} */ { low }) => typeof low === "number");
  const intervals = known.map((/** @type {any} */ { strength, low, high }) => ({
    mean: strength,
    low,
    high,
  }));
  const scale = scaleOf(intervals, true);
  const rows = strengths.map((/** @type {any} */ row) => {
    const interval = { mean: row.strength, low: row.low, high: row.high };
    const measured = typeof row.low === "number";
    return [
      row.name,
      measured ? withInterval(interval) : `${figure(row.strength)} (too few votes for an interval)`,
      measured ? drawn(interval, scale) : "",
      `${row.wins} / ${row.losses} / ${row.ties} / ${row.both_bad}`,
      `${row.left} of ${row.wins + row.losses + row.ties + row.both_bad}`,
    ];
  });
  const caption = `Strengths (log-odds against the average) from ${counted(about.votes, "vote")} on ${counted(about.prompts, "prompt")} by ${about.raters.join(", ")}`;
  const columns = [
    "Contender",
    "Strength and 95% interval",
    "",
    "Won / lost / tied / both bad",
    "Shown first",
  ];
  const tests = (comparisons ?? []).map(
    (/** @type {any} */ row) =>
      html`<li><strong>${row.first} against ${row.second}:</strong> won ${row.wins}, lost ${row.losses} and tied ${row.ties} on ${counted(row.prompts, "prompt")}. ${bothBad(row)}${row.sentences.join(" ")}</li>\n`,
  );
  const alpha = typeof agreement?.alpha === "number" ? figure(agreement.alpha) : "not defined";
  const agreed = agreement
    ? html`<p>Agreement on ${counted(agreement.units, "pair")} by ${agreement.raters} raters: Krippendorff's alpha ${alpha} (1 is perfect, 0 is chance).</p>\n`
    : null;
  return html`<section id="votes"><h2>Blind votes</h2>
<p>${locked}</p>
${htmlTable(caption, columns, rows)}<ul>
${tests}</ul>
<p>${position.sentences.join(" ")} Ties: ${choices.tie}. Both bad: ${choices.both_bad}.</p>
${agreed}</section>\n`;
}

/** @param {{both_bad: number}} row */
const bothBad = ({ both_bad: bad }) => (bad ? `Both bad: ${bad}. ` : "");

/**
 * @param {{metrics: Record<string, string>, columns: any[], differences: any[]}} summary of the job
 *   "summarize"
 * @returns {Markup}
 */
export function metricsPart({ metrics, columns, differences }) {
  const measured = Object.keys(metrics).filter((name) => columns.some(({ means }) => means[name]));
  const parts = measured.map((name) =>
    metricPart(name, { about: metrics[name] ?? "", columns, differences }),
  );
  const tested =
    differences.length > 0
      ? ` Differences are tested with paired permutation tests over shared prompts; p-values are corrected for their number (Holm), and a star marks those below 5%.`
      : "";
  return html`<section id="metrics"><h2>Metrics</h2>
<p>Means over prompts with 95% intervals. The numbers show where to look, not which report is better.${tested}</p>
${parts}</section>\n`;
}

/**
 * @param {string} name
 * @param {{about: string, columns: any[], differences: any[]}} found
 */
function metricPart(name, { about, columns, differences }) {
  /** @type {import("../reports/measures.js").Format} */
  const format = (value, options) => formatMean(name, value, options);
  const shown = columns.filter(({ means }) => means[name]);
  const scale = scaleOf(shown.map(({ means }) => means[name]));
  const gaps = new Map(differences.map((one) => [one.name, one.means[name]]));
  const rows = shown.map(({ name: column, means }) => {
    const cells = [column, withInterval(means[name], format), drawn(means[name], scale)];
    const gap = gaps.get(column);
    const words = gap && `${withInterval(gap, format)}${gap.significant ? " *" : ""}`;
    return differences.length > 0 ? [...cells, words, gap?.p_label] : cells;
  });
  const heads = ["Report", "Mean and 95% interval", ""];
  if (differences.length > 0) heads.push(`Difference from ${differences[0].baseline}`, "Corrected p");
  const tests = differences
    .filter(({ means }) => means[name])
    .map((one) => html`<li>${one.name}: ${one.means[name].sentences.join(" ")}</li>\n`);
  const list = tests.length > 0 ? html`<ul class="small">\n${tests}</ul>\n` : null;
  return html`<h3>${labelOf(name)}</h3>\n<p class="small">${about}</p>\n${htmlTable(labelOf(name), heads, rows, { hideCaption: true })}${list}`;
}
