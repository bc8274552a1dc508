// A written text token by token: shown, coloured by surprise, selected by pointer or arrow keys, and
// listed as a table. What a token's candidates were is told by explanation.js.

import { debounce, element } from "../ui/dom.js";

/** @typedef {{token: number, text: string, logprob: number | null}} Token */

/** Bits at which one shade ends and the next begins. */
const SHADES = [1, 3, 5, 8, 11];

/** Milliseconds that a pointer rests on a token before it is explained. */
const RESTING = 120;

/** How surprised the model was, in bits. @param {number} logprob natural */
export function bits(logprob) {
  return -logprob / Math.LN2;
}

/** Invisible characters made visible. @param {string} text */
export function visible(text) {
  return text.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replace(/^ | $/g, "␣") || "∅";
}

export class TokenText {
  /** @type {Token[]} */
  tokens = [];
  #place;
  #onSelect;
  #selected = -1;
  /** @type {number | null} */
  #hovered = null;

  /**
   * @param {HTMLElement} place an element that can have the focus
   * @param {(index: number | null, pinned: boolean) => void} onSelect told of the token that is chosen, or,
   *   not pinned, of the one that the pointer rests on; null when it has left
   */
  constructor(place, onSelect) {
    this.#place = place;
    this.#onSelect = onSelect;
    place.addEventListener("click", (event) => {
      const span = event.target instanceof Element ? event.target.closest("[data-token]") : null;
      if (span) this.select(Number(span.getAttribute("data-token")));
    });
    const rest = debounce(() => this.#onSelect(this.#hovered, false), RESTING);
    place.addEventListener("pointerover", ({ target, pointerType }) => {
      const span = target instanceof Element ? target.closest("[data-token]") : null;
      if (pointerType !== "mouse" || !span) return;
      this.#hovered = Number(span.getAttribute("data-token"));
      rest();
    });
    place.addEventListener("pointerleave", ({ pointerType }) => {
      if (pointerType !== "mouse" || this.#hovered === null) return;
      this.#hovered = null;
      rest();
    });
    place.addEventListener("keydown", (event) => {
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
    this.#place.replaceChildren();
  }

  /** @param {Token} token */
  add({ token, text, logprob }) {
    const span = element("span", { "data-token": this.tokens.length }, text);
    if (logprob !== null) span.className = `shade-${shade(logprob)}`;
    this.tokens.push({ token, text, logprob });
    this.#place.append(span);
  }

  /** Text that belongs to no token of its own. @param {string} text */
  addText(text) {
    if (text) this.#place.append(text);
  }

  get text() {
    return this.#place.textContent ?? "";
  }

  /** @param {number} index -1 for none */
  select(index) {
    this.#spanOf(this.#selected)?.removeAttribute("aria-current");
    this.#selected = index;
    const span = this.#spanOf(index);
    if (!span) return;
    span.setAttribute("aria-current", "true");
    span.scrollIntoView({ block: "nearest" });
    this.#onSelect(index, true);
  }

  /** @param {number} index */
  #spanOf(index) {
    return this.#place.querySelector(`[data-token="${index}"]`);
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
  const rows = [...prompt, ...written].map(({ token, text, logprob }, index) =>
    element(
      "tr",
      {},
      element("td", {}, index < prompt.length ? "prompt" : String(index - prompt.length + 1)),
      element("td", {}, element("code", {}, visible(text))),
      element("td", {}, String(token)),
      element("td", {}, logprob === null ? "" : percent(Math.exp(logprob))),
      element("td", {}, logprob === null ? "" : bits(logprob).toFixed(1)),
    ),
  );
  const names = ["Place", "Token", "Number", "Probability", "Surprise (bits)"];
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  return element(
    "table",
    { class: "figures" },
    element("caption", { class: "visually-hidden" }, caption),
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}

/** @param {number} share */
export function percent(share) {
  if (share === 0) return "0";
  return share < 0.001 ? "< 0.1%" : `${(100 * share).toFixed(1)}%`;
}
