/**
 * One output in its bubble: plain, rendered, or as the difference from the baseline, with its buttons. Model
 * text reaches the page only through ui/render or as text nodes.
 */

import { copyText } from "../ui/clipboard.js";
import { element } from "../ui/dom.js";
import { drawInParts, LONGEST, renderInto, stripSpecialTokens, textSteps } from "../ui/render/index.js";
import { t, tn } from "../ui/words.js";

/** @import { Row, Sample } from "../reports/collate.js" */
/** @import { RowContext } from "./row.js" */
/** @import { View } from "../reports/view.js" */

const LONG = 700; // characters from which an output is shortened
const PLAIN = { characters: 20_000, lines: 500 }; // that are shown until the output is drawn in full
const TOKENS = 20; // different ones that are named when they are removed

/** The sample in each bubble. @type {WeakMap<Element, Sample>} */
const samples = new WeakMap();

/** @param {Element} bubble */
export function sampleOf(bubble) {
  return samples.get(bubble);
}

/** A sample with its text as it is, to be drawn in full later. @param {Sample} sample @param {View} view */
export function sampleElement(sample, view) {
  const same = tn(sample.count, "{n} identical sample", "{n} identical samples");
  const head = element(
    "div",
    { class: "sample-head" },
    element("span", { class: "config" }, sample.config),
    element("span", {}, `#${sample.index}`),
    sample.count > 1 ? element("span", { class: "count" }, same) : null,
  );
  if (sample.text === null) {
    const absent = element("p", { class: "absent" }, t("This part of the file has no text."));
    return element("div", { class: "sample" }, head, absent);
  }
  const text = shownText(beginningOf(sample.text), view);
  const bubble = element(
    "div",
    { class: "bubble model-text plain", dir: "auto", "data-testid": "output" },
    text,
  );
  if (text === "") {
    bubble.classList.add("empty");
    bubble.dataset.empty = t("empty output");
  }
  samples.set(bubble, sample);
  return element("div", { class: "sample" }, head, bubble);
}

/** @param {string} text */
function beginningOf(text) {
  const start = text.slice(0, PLAIN.characters);
  let end = -1;
  for (let line = 0; line < PLAIN.lines; line++) {
    end = start.indexOf("\n", end + 1);
    if (end < 0) return start;
  }
  return start.slice(0, end);
}

/** @param {string} text @param {View} view */
function shownText(text, { tokens }) {
  return tokens === "strip" ? stripSpecialTokens(text).text.trim() : text;
}

/** @param {HTMLElement} bubble */
function headOf(bubble) {
  return /** @type {HTMLElement} */ (bubble.previousElementSibling);
}

/**
 * Draws a bubble's text in full.
 * @param {HTMLElement} bubble
 * @param {Sample} sample
 * @param {{row: Row, context: RowContext}} place
 */
export async function draw(bubble, sample, { row, context }) {
  const text = sample.text ?? "";
  headOf(bubble).append(
    element("span", { class: "length" }, context.measures(row, text) || lengthOf(text)),
    rawButton(bubble, text, context),
    copyButton(text, context),
  );
  if (bubble.classList.contains("empty")) bubble.replaceChildren();
  const { markdown, tokens: special } = context.view;
  const onDraw = () => context.mark(bubble);
  if (context.showFacts(bubble, row, text)) return finish(bubble, { removed: [], context });
  bubble.classList.add("waiting");
  const { removed } = await renderInto(bubble, text, { markdown, special, onDraw });
  bubble.classList.remove("waiting");
  finish(bubble, { removed, context });
}

/**
 * Draws a bubble's text as its difference from another, once that is computed.
 * @param {HTMLElement} bubble
 * @param {string} before
 * @param {{sample: Sample, context: RowContext}} options
 */
export async function drawDifference(bubble, before, { sample, context }) {
  const text = sample.text ?? "";
  const head = headOf(bubble);
  head.append(element("span", { class: "length" }, lengthOf(text)), copyButton(text, context));
  bubble.classList.add("raw", "difference");
  finish(bubble, { removed: [], context });
  if (before.length > LONGEST || text.length > LONGEST) {
    await renderInto(bubble, text, { markdown: false, special: "show" });
    head.append(element("span", { class: "note" }, t("too long to compare")));
    return;
  }
  const texts = /** @type {const} */ ([shownText(before, context.view), shownText(text, context.view)]);
  const result = await context.difference(...texts).catch(() => null);
  if (!result || !bubble.isConnected) return;
  bubble.replaceChildren();
  drawInParts(bubble, differenceSteps(bubble, result.pieces), () => context.mark(bubble));
  const same = result.pieces.every(({ kind }) => kind === "same");
  const incomplete = result.complete ? "" : t("too different to compare word by word in reasonable time");
  const note = same ? t("same as the baseline") : incomplete;
  if (note) head.append(element("span", { class: "note" }, note));
  context.mark(bubble);
}

/**
 * @param {HTMLElement} bubble
 * @param {readonly import("./diff.js").Piece[]} pieces
 * @returns {Generator<number, void>}
 */
function* differenceSteps(bubble, pieces) {
  for (const { kind, text } of pieces) {
    const parent = kind === "same" ? bubble : element(kind === "added" ? "ins" : "del");
    if (parent !== bubble) bubble.append(parent);
    yield* textSteps(parent, text);
  }
}

/**
 * What every drawn bubble gets.
 * @param {HTMLElement} bubble
 * @param {{removed: [string, number][], context: RowContext}} options
 */
function finish(bubble, { removed, context }) {
  if (removed.length > 0) {
    const named = removed
      .slice(0, TOKENS)
      .map(([token, count]) => (count > 1 ? `${token} ×${count}` : token));
    const more = removed.length - TOKENS;
    const rest = more > 0 ? ` ${tn(more, "and {n} other", "and {n} others")}` : "";
    const words = element("code", {}, named.join(" "));
    bubble.parentElement?.append(element("p", { class: "removed" }, t("removed:"), " ", words, rest));
  }
  if (context.view.clip && (bubble.textContent?.length ?? 0) > LONG) shorten(bubble, context);
}

/**
 * Limits the height of a long output, with a button for the rest.
 * @param {HTMLElement} bubble
 * @param {RowContext} context
 */
function shorten(bubble, context) {
  bubble.classList.add("clipped");
  const whole = t("Show the whole output");
  const more = element("button", { type: "button", class: "more", "aria-expanded": "false" }, whole);
  more.addEventListener("click", () => {
    const open = bubble.classList.toggle("clipped") === false;
    more.textContent = open ? t("Show less") : whole;
    more.setAttribute("aria-expanded", String(open));
    context.mark(bubble);
  });
  bubble.after(more);
}

/** @param {string} text */
function lengthOf(text) {
  return tn(text.length, "{n} character", "{n} characters");
}

/** @param {string} text @param {RowContext} context */
function copyButton(text, { announce }) {
  const copy = () => copyText(text, { say: announce });
  return element("button", { type: "button", class: "quiet", onclick: copy }, t("Copy"));
}

/**
 * Switches between the rendered and the raw text.
 * @param {HTMLElement} bubble
 * @param {string} text
 * @param {RowContext} context
 */
function rawButton(bubble, text, context) {
  const button = element("button", { type: "button", class: "quiet", "aria-pressed": "false" }, t("Raw"));
  button.addEventListener("click", () => {
    const raw = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(raw));
    const { markdown, tokens } = context.view;
    const onDraw = () => context.mark(bubble);
    const special = raw ? "show" : tokens;
    renderInto(bubble, text, { markdown: markdown && !raw, special, onDraw });
  });
  return button;
}
