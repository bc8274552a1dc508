/**
 * A generated text token by token: shown, coloured by surprise, selected by pointer or arrow keys, and listed
 * as a table. A token's candidates are shown by explanation.js.
 */

import { debounce, element } from "../ui/dom.js";
import { table } from "../ui/table.js";
import { shownText, withSigns } from "../ui/unseen.js";
import { decimal, probability as percent, t } from "../ui/words.js";

export { percent };

/** @import { Constrained } from "../engine/protocol.js" */

/**
 * @typedef {{token: number, text: string, logprob: number | null, constraint?: Constrained | null}} Token
 */

/** Bits at which the next shade starts. */
const SHADES = [1, 3, 5, 8, 11];

/** What the shades mean. */
export function shadeLegend() {
  const edges = [0, ...SHADES];
  const steps = edges.map((from, shade) => {
    const words = shade < SHADES.length ? `${from}–${SHADES[shade]}` : t("over {bits}", { bits: from });
    return element("span", { class: `shade-${shade}` }, words);
  });
  return [t("Bits of surprise:"), ...steps];
}

/** Milliseconds that the pointer stays on a token before it is explained. */
const HOVER_DELAY = 120;

/** How surprised the model was, in bits. @param {number} logprob natural */
export function bits(logprob) {
  return -logprob / Math.LN2;
}

/** Invisible characters made visible. @param {string} text */
export function visible(text) {
  return withSigns(text.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replace(/^ | $/g, "␣")) || "∅";
}

export class TokenText {
  /** @type {Token[]} */
  tokens = [];
  #box;
  #onSelect;
  #selected = -1;
  /** @type {number | null} */
  #hovered = null;

  /**
   * @param {HTMLElement} box an element that can have the focus
   * @param {(index: number | null, pinned: boolean) => void} onSelect called with the selected token, or, not
   *   pinned, with the one under the pointer; null when the pointer has left
   * @param {ReturnType<typeof import("./token-tip.js").tokenTip>} tip
   */
  constructor(box, onSelect, tip) {
    this.#box = box;
    this.#onSelect = onSelect;
    box.addEventListener("click", (event) => {
      const span = event.target instanceof Element ? event.target.closest("[data-token]") : null;
      if (span) this.select(Number(span.getAttribute("data-token")));
    });
    const hover = debounce(() => this.#onSelect(this.#hovered, false), HOVER_DELAY);
    box.addEventListener("pointerover", ({ target, pointerType }) => {
      const span = target instanceof Element ? target.closest("[data-token]") : null;
      if (pointerType !== "mouse" || !span) return;
      this.#hovered = Number(span.getAttribute("data-token"));
      tip.show(span, this.tokens[this.#hovered]);
      hover();
    });
    box.addEventListener("pointerleave", ({ pointerType }) => {
      if (pointerType !== "mouse" || this.#hovered === null) return;
      tip.hide();
      this.#hovered = null;
      hover();
    });
    box.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !this.tokens.length) return;
      event.preventDefault();
      this.select(Math.min(this.tokens.length - 1, Math.max(0, this.#selected + step)));
    });
  }

  clear() {
    this.tokens = [];
    this.#selected = -1;
    this.#hovered = null;
    this.#box.replaceChildren();
  }

  /** @param {Token} token */
  add(token) {
    const { text, logprob, constraint } = token;
    const nodes = shownText(text, this.#end);
    const span = element("span", { "data-token": this.tokens.length }, ...nodes);
    if (logprob !== null) span.className = `shade-${shade(logprob)}`;
    span.classList.toggle("changed", constraint?.changed === true);
    this.tokens.push(token);
    this.#box.append(span);
  }

  /** Adds text that is not a token of its own. @param {string} text */
  addText(text) {
    this.#box.append(...shownText(text, this.#end));
  }

  /** The end of the text. A token can be a part of a character, and its text empty. */
  get #end() {
    return this.tokens
      .slice(-20)
      .map(({ text }) => text)
      .join("");
  }

  get text() {
    return this.#box.textContent ?? "";
  }

  /** @param {number} index -1 for none */
  select(index) {
    this.#spanOf(this.#selected)?.removeAttribute("aria-current");
    this.#selected = index;
    const span = this.#spanOf(index);
    if (!span) return;
    span.setAttribute("aria-current", "true");
    this.reveal();
    this.#onSelect(index, true);
  }

  /** Scrolls to the selected token. */
  reveal() {
    this.#spanOf(this.#selected)?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  #spanOf(index) {
    return this.#box.querySelector(`[data-token="${index}"]`);
  }
}

/** @param {number} logprob */
function shade(logprob) {
  const surprise = bits(logprob);
  return SHADES.filter((edge) => surprise >= edge).length;
}

/**
 * The table behind the colours.
 * @param {{prompt: Token[], written: Token[]}} tokens
 * @param {string} caption
 */
export function tokenTable({ prompt, written }, caption) {
  const constrained = written.some(({ constraint }) => constraint);
  const rows = [...prompt, ...written].map(({ token, text, logprob, constraint }, index) => [
    index < prompt.length ? t("prompt") : index - prompt.length + 1,
    element("code", {}, visible(text)),
    token,
    logprob === null ? "" : percent(Math.exp(logprob)),
    logprob === null ? "" : decimal(bits(logprob), 1),
    ...(constrained ? constraintCells(constraint) : []),
  ]);
  const columns = [t("Position"), t("Token"), t("Id"), t("Probability"), t("Surprise (bits)")];
  if (constrained) columns.push(t("Allowed tokens"), t("Masked probability"), t("Changed"));
  return table({ caption, hideCaption: true, className: "figures", columns, rows });
}

/** @param {Constrained | null} [constraint] */
function constraintCells(constraint) {
  if (!constraint) return ["", "", ""];
  const { allowed, masked, changed } = constraint;
  return [decimal(allowed, 0), percent(masked), changed ? t("yes") : t("no")];
}
