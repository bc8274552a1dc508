/**
 * One prompt and its outputs as DOM: first as plain text, which is cheap (`rowElement`), then, near the
 * window, in full with Markdown, differences and marks (`upgradeRow`). A single output is in bubble.js.
 */

import { samplesOf } from "../reports/collate.js";
import { element } from "../ui/dom.js";
import { inSlices } from "../ui/slices.js";
import { t, translated } from "../ui/words.js";
import { draw, drawDifference, sampleElement, sampleOf } from "./bubble.js";

/** @import { Column, Row, Sample } from "../reports/collate.js" */
/** @import { View } from "../reports/view.js" */
/** @import { Piece } from "./diff.js" */

const LONGEST_PROMPT = 5000; // characters that are shown
const MOST_SAMPLES = 300; // of a prompt that are drawn at once, in all its columns
const LEAST_SAMPLES = 3; // in each column

/**
 * @typedef {Object} RowContext
 * @property {readonly Column[]} columns the visible ones
 * @property {Column | null} base the baseline
 * @property {View} view
 * @property {(row: Row) => boolean} isFolded
 * @property {(before: string, after: string) => Promise<{pieces: Piece[], complete: boolean}>} difference
 * @property {(bubble: HTMLElement) => void} mark marks what the search found
 * @property {(row: Row) => void} onToggle
 * @property {(row: Row, text: string) => string} measures the measures of an output in words, or ""
 * @property {(bubble: HTMLElement, row: Row, text: string) => boolean} showFacts shows what is known of an
 *   output that was written in the page; true if that drew the text
 * @property {(message: string) => void} announce
 */

/**
 * @param {Row} row
 * @param {RowContext} context
 * @returns {HTMLElement}
 */
export function rowElement(row, context) {
  const folded = context.isFolded(row);
  const article = element(
    "article",
    {
      class: folded ? "entry folded" : "entry",
      id: `prompt-${row.number}`,
      tabindex: -1,
      "aria-labelledby": titleId(row),
    },
    headElement(row, context),
  );
  if (!folded) {
    const cells = context.columns.map((column) => cellElement(row, column, context));
    article.append(element("div", { class: "cells" }, ...cells));
  }
  return article;
}

/** @param {Row} row */
function titleId({ number }) {
  return `prompt-${number}-text`;
}

/** @param {Row} row @param {RowContext} context */
function headElement(row, context) {
  const folded = context.isFolded(row);
  const foldId = `prompt-${row.number}-fold`;
  const toggle = element(
    "button",
    {
      type: "button",
      class: "fold",
      "aria-expanded": String(!folded),
      "aria-labelledby": `${foldId} ${titleId(row)}`,
      "data-focus": "fold",
      onclick: () => context.onToggle(row),
    },
    element("span", { id: foldId, class: "visually-hidden" }, folded ? t("Expand") : t("Collapse")),
  );
  const text = element(
    "span",
    { id: titleId(row), class: "prompt-text", dir: "auto", "data-testid": "prompt" },
    ...promptShown(row.prompt),
  );
  const head = element(
    "header",
    { class: "entry-head" },
    toggle,
    element("span", { class: "entry-number", "aria-hidden": true }, String(row.number)),
    element("h2", {}, text),
  );
  head.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) return;
    if (getSelection()?.isCollapsed ?? true) context.onToggle(row);
  });
  return head;
}

/** A tag before a prompt, which names its style: models are trained with a line such as `<speech>`. */
const STYLE = /^<([a-z][a-z-]{0,29})>\n(?=[^\n])/;

/**
 * A prompt, of which only the beginning is shown if it is very long; its style stands before it.
 * @param {string} prompt
 * @returns {(HTMLElement | string)[]}
 */
export function promptShown(prompt) {
  const [tag = "", style = ""] = STYLE.exec(prompt) ?? [];
  const title = t("The prompt begins with the tag {tag}.", { tag: tag.trim() });
  const chip = style ? [element("span", { class: "prompt-style", title }, translated(style)), " "] : [];
  const text = prompt.slice(tag.length);
  if (text.length <= LONGEST_PROMPT) return [...chip, text];
  const cut = t("(the first of {count} characters)", { count: text.length });
  return [...chip, `${text.slice(0, LONGEST_PROMPT)}… ${cut}`];
}

/** @param {Row} row @param {Column} column @param {RowContext} context */
function cellElement(row, column, context) {
  const { view, base, columns } = context;
  const { letter, label } = column;
  const cell = element(
    "div",
    { role: "group", class: "cell", "data-letter": letter, "aria-label": `${letter}, ${label}` },
    element(
      "header",
      { class: "cell-head" },
      element("span", { class: "badge", "aria-hidden": true }, letter),
      element("span", { class: "cell-name" }, label),
      base?.id === column.id ? element("span", { class: "baseline" }, t("baseline")) : null,
    ),
  );
  cell.style.setProperty("--hue", String(hueOf(letter)));
  const results = row.cells.get(column.id);
  if (!results) {
    cell.append(element("p", { class: "absent" }, t("This prompt is not in the file.")));
    return cell;
  }
  const { samples, missing } = samplesOf(results, view);
  if (missing) cell.append(element("p", { class: "absent" }, missing));
  const most = Math.max(LEAST_SAMPLES, Math.floor(MOST_SAMPLES / columns.length));
  addSamples(cell, samples, { from: 0, most, row, context });
  return cell;
}

/**
 * Adds samples to a cell, and a button for the next if there are many.
 * @param {HTMLElement} cell
 * @param {readonly Sample[]} samples
 * @param {{from: number, most: number, row: Row, context: RowContext}} options
 */
function addSamples(cell, samples, { from, most, row, context }) {
  const { view } = context;
  let config = samples[from - 1]?.config ?? "";
  for (const sample of samples.slice(from, from + most)) {
    if (sample.config !== config && view.params) cell.append(paramsElement(sample));
    config = sample.config;
    cell.append(sampleElement(sample, view));
  }
  const next = from + most;
  if (next >= samples.length) return;
  const count = Math.min(most, samples.length - next);
  const words = t("Show {count} more of {of} samples", { count, of: samples.length });
  const more = element("button", { type: "button", class: "more" }, words);
  more.addEventListener("click", () => {
    addSamples(cell, samples, { from: next, most, row, context });
    more.remove();
    const article = cell.closest("article");
    if (article) inSlices(upgradeRow(article, row, context), () => {});
  });
  cell.append(more);
}

/** @param {Sample} sample */
function paramsElement({ config, params }) {
  const items = params.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, String(value))),
  );
  const none = element("div", {}, element("dt", {}, t("no parameters in the file")));
  return element(
    "dl",
    { class: "params", "aria-label": t("Parameters of {config}", { config }) },
    ...(items.length > 0 ? items : [none]),
  );
}

/**
 * Draws a plain row in full, one output a step.
 * @param {HTMLElement} article
 * @param {Row} row
 * @param {RowContext} context
 * @returns {Generator<void>}
 */
export function* upgradeRow(article, row, context) {
  for (const bubble of article.querySelectorAll(".bubble.plain")) {
    const sample = sampleOf(bubble);
    if (!sample || !(bubble instanceof HTMLElement)) continue;
    bubble.classList.remove("plain");
    const letter = bubble.closest(".cell")?.getAttribute("data-letter");
    const { base, view } = context;
    const compared = base && letter !== base.letter ? counterpart(row, base, sample, view) : null;
    if (compared === null) draw(bubble, sample, { row, context });
    else drawDifference(bubble, compared, { sample, context });
    yield;
  }
}

/**
 * The baseline's output for the same prompt: of the same configuration and sample if it has them, else its
 * first.
 * @param {Row} row
 * @param {Column} base
 * @param {Sample} sample
 * @param {View} view
 * @returns {string | null}
 */
export function counterpart(row, base, sample, view) {
  const results = row.cells.get(base.id) ?? [];
  const result =
    results.find(({ config }) => config === sample.config) ??
    results.find(({ config }) => config === view.config) ??
    results[0];
  return result?.outputs[sample.index - 1] ?? result?.outputs[0] ?? null;
}

/** The hue of a column; neighbours are far apart on the circle. @param {string} letter */
export function hueOf(letter) {
  const index = letter.charCodeAt(0) - 65 + 26 * (Number(letter.slice(1) || 1) - 1);
  return [165, 30, 260, 75, 320, 200, 350, 110, 290, 50][index % 10] ?? 165;
}
