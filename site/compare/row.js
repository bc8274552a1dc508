/**
 * One prompt and its outputs as DOM. First plain (`rowElement`: cheap), then, near the window, in full (`upgradeRow`: Markdown, differences, marks).
 * @module
 */

import { renderText, stripSpecialTokens } from "../ui/render/index.js";
import { samplesOf } from "./collate.js";
import { counted, h } from "./dom.js";

/** @typedef {import("./collate.js").Row} Row */
/** @typedef {import("./collate.js").Column} Column */
/** @typedef {import("./collate.js").Sample} Sample */
/** @typedef {import("./state.js").View} View */
/** @typedef {import("./diff.js").Piece} Piece */

/**
 * @typedef {Object} RowContext
 * @property {Column[]} columns the visible ones
 * @property {Column | null} base the baseline
 * @property {View} view
 * @property {(row: Row) => boolean} isFolded
 * @property {(row: Row) => number} estimate height in pixels
 * @property {(before: string, after: string) => Promise<{pieces: Piece[], complete: boolean}>} difference
 * @property {(bubble: HTMLElement) => void} mark marks what the search found
 * @property {(row: Row) => void} onToggle
 * @property {(row: Row, text: string) => string} measures what was measured of an output, in words, or ""
 * @property {(message: string) => void} announce
 */

/** @type {WeakMap<Element, Sample>} the sample in a bubble */
const samples = new WeakMap();

/**
 * @param {Row} row
 * @param {RowContext} context
 * @returns {HTMLElement}
 */
export function rowElement(row, context) {
  const folded = context.isFolded(row);
  const title = `prompt-${row.number}-text`;
  const toggle = h(
    "button",
    {
      type: "button",
      class: "fold",
      "aria-expanded": String(!folded),
      "aria-labelledby": `prompt-${row.number}-fold ${title}`,
      "data-focus": "fold",
      onclick: () => context.onToggle(row),
    },
    h("span", { id: `prompt-${row.number}-fold`, class: "visually-hidden" }, folded ? "Expand" : "Collapse"),
  );
  const text = h(
    "span",
    { id: title, class: "prompt-text", dir: "auto", "data-testid": "prompt" },
    row.prompt,
  );
  const head = h(
    "header",
    { class: "entry-head" },
    toggle,
    h("span", { class: "entry-number", "aria-hidden": true }, String(row.number)),
    h("h2", {}, text),
  );
  head.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) return;
    if (getSelection()?.isCollapsed ?? true) context.onToggle(row);
  });
  const element = h(
    "article",
    { class: "entry", id: `prompt-${row.number}`, tabindex: -1, "aria-labelledby": title },
    head,
  );
  if (folded) element.classList.add("folded");
  else
    element.append(
      h("div", { class: "cells" }, ...context.columns.map((column) => cellElement(row, column, context))),
    );
  return element;
}

/** @param {Row} row @param {Column} column @param {RowContext} context */
function cellElement(row, column, { view, base }) {
  const isBase = base?.id === column.id;
  const head = h(
    "header",
    { class: "cell-head" },
    h("span", { class: "badge", "aria-hidden": true }, column.letter),
    h("span", { class: "cell-name" }, column.label),
    isBase ? h("span", { class: "pinned" }, "baseline") : null,
  );
  const cell = h(
    "div",
    {
      role: "group",
      class: "cell",
      "data-letter": column.letter,
      "aria-label": `${column.letter}, ${column.label}`,
    },
    head,
  );
  cell.style.setProperty("--hue", String(hueOf(column.letter)));
  const results = row.cells.get(column.id);
  if (!results) {
    cell.append(h("p", { class: "absent" }, "This prompt is not in the file."));
    return cell;
  }
  const { samples: shown, missing } = samplesOf(results, view);
  if (missing) cell.append(h("p", { class: "absent" }, missing));
  let config = "";
  for (const sample of shown) {
    if (sample.config !== config && view.params) cell.append(paramsElement(sample));
    config = sample.config;
    cell.append(sampleElement(sample, view));
  }
  return cell;
}

/** @param {Sample} sample */
function paramsElement({ config, params }) {
  const list = h("dl", { class: "params", "aria-label": `parameters of ${config}` });
  for (const [name, value] of params)
    list.append(h("div", {}, h("dt", {}, name), h("dd", {}, value === null ? "null" : String(value))));
  if (params.length === 0) list.append(h("div", {}, h("dt", {}, "no parameters in the file")));
  return list;
}

/** @param {Sample} sample @param {View} view */
function sampleElement(sample, view) {
  const head = h(
    "div",
    { class: "sample-head" },
    h("span", { class: "config" }, sample.config),
    h("span", {}, `#${sample.index}`),
  );
  if (sample.count > 1)
    head.append(
      h("span", { class: "count", title: `${sample.count} identical samples` }, `×${sample.count}`),
    );
  if (sample.text === null)
    return h("div", { class: "sample" }, head, h("p", { class: "absent" }, "The file has no text here."));
  const text = view.tokens === "strip" ? stripSpecialTokens(sample.text).text.trim() : sample.text;
  const bubble = h("div", { class: "bubble model-text plain", dir: "auto", "data-testid": "output" }, text);
  if (text === "") bubble.classList.add("empty");
  samples.set(bubble, sample);
  return h("div", { class: "sample" }, head, bubble);
}

/**
 * Draws a plain row in full, an output at a step.
 * @param {HTMLElement} element
 * @param {Row} row
 * @param {RowContext} context
 * @returns {Generator<void>}
 */
export function* upgradeRow(element, row, context) {
  for (const bubble of element.querySelectorAll(".bubble.plain")) {
    const sample = samples.get(bubble);
    const letter = bubble.closest(".cell")?.getAttribute("data-letter");
    if (!sample || !(bubble instanceof HTMLElement)) continue;
    bubble.classList.remove("plain");
    const column = context.columns.find((one) => one.letter === letter);
    const before =
      column && context.base && column.id !== context.base.id
        ? counterpart(row, context.base, sample, context.view)
        : null;
    if (before === null) draw(bubble, sample, { row, context });
    else drawDifference(bubble, before, { sample, context });
    yield;
  }
}

/** @param {HTMLElement} bubble @param {Sample} sample @param {{row: Row, context: RowContext}} place */
function draw(bubble, sample, { row, context }) {
  const { view } = context;
  const text = sample.text ?? "";
  const { fragment, removed } = renderText(text, { markdown: view.markdown, special: view.tokens });
  const head = /** @type {HTMLElement} */ (bubble.previousElementSibling);
  if (bubble.classList.contains("empty")) bubble.replaceChildren();
  else bubble.replaceChildren(fragment);
  head.append(
    h("span", { class: "length" }, context.measures(row, text) || counted(text.length, "character")),
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-pressed": "false",
        onclick: (event) => toggleRaw(event.currentTarget, { bubble, sample, context }),
      },
      "Raw",
    ),
    copyButton(text, context),
  );
  finish(bubble, { removed, context });
}

/** @param {string} text @param {RowContext} context */
function copyButton(text, context) {
  return h("button", { type: "button", class: "quiet", onclick: () => copy(text, context) }, "Copy");
}

/** @param {HTMLElement} bubble @param {{removed: [string, number][], context: RowContext}} options */
function finish(bubble, { removed, context }) {
  const sample = /** @type {HTMLElement} */ (bubble.parentElement);
  if (removed.length > 0) {
    const words = removed.map(([token, count]) => (count > 1 ? `${token} ×${count}` : token)).join(" ");
    sample.append(h("p", { class: "removed" }, "taken out: ", h("code", {}, words)));
  }
  if (context.view.clip && (bubble.textContent?.length ?? 0) > 700) clip(bubble, context);
  context.mark(bubble);
}

/** A long output is cut to a height, with a button for the rest. @param {HTMLElement} bubble @param {RowContext} context */
function clip(bubble, context) {
  bubble.classList.add("clipped");
  const more = h(
    "button",
    { type: "button", class: "more", "aria-expanded": "false" },
    "Show the whole output",
  );
  more.addEventListener("click", () => {
    const open = bubble.classList.toggle("clipped") === false;
    more.textContent = open ? "Show less" : "Show the whole output";
    more.setAttribute("aria-expanded", String(open));
    context.mark(bubble);
  });
  bubble.after(more);
}

/** @param {HTMLButtonElement} button @param {{bubble: HTMLElement, sample: Sample, context: RowContext}} options */
function toggleRaw(button, { bubble, sample, context }) {
  const raw = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(raw));
  const options = raw
    ? { markdown: false, special: /** @type {const} */ ("show") }
    : { markdown: context.view.markdown, special: context.view.tokens };
  bubble.replaceChildren(renderText(sample.text ?? "", options).fragment);
  context.mark(bubble);
}

/** @param {string} text @param {RowContext} context */
async function copy(text, context) {
  try {
    await navigator.clipboard.writeText(text);
    context.announce("Copied.");
  } catch {
    context.announce("The browser did not allow copying.");
  }
}

/**
 * What the baseline says for the same prompt: the same configuration and sample where it has them, else its first of the view.
 * @param {Row} row @param {Column} base @param {Sample} sample @param {View} view
 * @returns {string | null}
 */
export function counterpart(row, base, sample, view) {
  const results = row.cells.get(base.id) ?? [];
  const result =
    results.find(({ config }) => config === sample.config) ??
    results.find(({ config }) => config === view.config) ??
    results[0];
  const text = result?.outputs[sample.index - 1] ?? result?.outputs[0];
  return text ?? null;
}

/** @param {HTMLElement} bubble @param {string} before @param {{sample: Sample, context: RowContext}} options */
async function drawDifference(bubble, before, { sample, context }) {
  const strip = (/** @type {string} */ whole) =>
    context.view.tokens === "strip" ? stripSpecialTokens(whole).text.trim() : whole;
  const head = /** @type {HTMLElement} */ (bubble.previousElementSibling);
  const text = sample.text ?? "";
  head.append(h("span", { class: "length" }, counted(text.length, "character")), copyButton(text, context));
  bubble.classList.add("raw", "difference");
  finish(bubble, { removed: [], context });
  const result = await context.difference(strip(before), strip(text)).catch(() => null);
  if (!result || !bubble.isConnected) return;
  const nodes = result.pieces.map(({ kind, text }) =>
    kind === "same" ? text : h(kind === "added" ? "ins" : "del", {}, text),
  );
  bubble.replaceChildren(...nodes);
  const same = result.pieces.every(({ kind }) => kind === "same");
  const note = same
    ? "same as the baseline"
    : result.complete
      ? ""
      : "too different to compare word by word in time";
  if (note) head.append(h("span", { class: "note" }, note));
  context.mark(bubble);
}

/** The hue of a column: neighbours far apart on the circle. @param {string} letter */
export function hueOf(letter) {
  const index = letter.charCodeAt(0) - 65 + 26 * (Number(letter.slice(1) || 1) - 1);
  return [165, 30, 260, 75, 320, 200, 350, 110, 290, 50][index % 10] ?? 165;
}
