/**
 * A text token by token, and the candidates of the selected one. The pointer or the arrow keys select. It is
 * no live region: nothing here is announced while the text grows.
 */

import { element } from "../ui/dom.js";
import { probability, t } from "../ui/words.js";
import { ROWS } from "./recording.js";

/** @import { Step } from "./recording.js" */

/**
 * A token as a reader understands it alone: a space at its start is left out, and what continues a word
 * starts with an ellipsis.
 * @param {string} text
 */
export function shownToken(text) {
  if (/^\s*$/u.test(text)) return text.includes("\n") ? "⏎" : text ? "␣" : "∅";
  const trimmed = text.replaceAll("\n", "⏎").trim();
  return /^[\p{L}\p{M}]/u.test(text) && !/^\p{Lu}/u.test(text) ? `…${trimmed}` : trimmed;
}

/** @param {number} share */
export function shareWords(share) {
  return probability(share, 0);
}

export class TextView {
  #box;
  #list;
  #onSelect;
  /** @type {Step[]} */
  #steps = [];
  #selected = -1;

  /**
   * @param {{box: HTMLElement, list: HTMLOListElement, onSelect: (index: number, step: Step) => void}} parts
   *   `onSelect` is called when the visitor selects a token
   */
  constructor({ box, list, onSelect }) {
    this.#box = box;
    this.#list = list;
    this.#onSelect = onSelect;
    box.addEventListener("click", ({ target }) => {
      const span = target instanceof Element ? target.closest("[data-token]") : null;
      if (span) this.#choose(Number(span.getAttribute("data-token")));
    });
    box.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !this.#steps.length) return;
      event.preventDefault();
      this.#choose(Math.min(this.#steps.length - 1, Math.max(0, this.#selected + step)));
    });
    this.#showCandidates(null);
  }

  clear() {
    this.#steps = [];
    this.#selected = -1;
    this.#box.replaceChildren();
    this.#showCandidates(null);
  }

  /** @param {Step} step */
  add(step) {
    const index = this.#steps.push(step) - 1;
    // A space before a word is not part of what is marked, and the text starts on a line of its own.
    const space = /^ ./s.test(step.text) ? " " : "";
    if (index) this.#box.append(space);
    const isBreak = step.text.includes("\n") && !step.text.trim();
    const options = { "data-token": index, class: isBreak && "is-break" };
    this.#box.append(element("span", options, step.text.slice(space.length)));
  }

  /** @param {number} index -1 for none */
  select(index) {
    this.#box.querySelector("[aria-current]")?.removeAttribute("aria-current");
    this.#selected = index;
    const span = this.#box.querySelector(`[data-token="${index}"]`);
    span?.setAttribute("aria-current", "true");
    if (span) this.#keepInView(/** @type {HTMLElement} */ (span));
    this.#showCandidates(this.#steps[index] ?? null);
  }

  /** Scrolls the box, never the page. @param {HTMLElement} span */
  #keepInView(span) {
    const [outer, inner] = [this.#box.getBoundingClientRect(), span.getBoundingClientRect()];
    if (inner.bottom > outer.bottom) this.#box.scrollTop += inner.bottom - outer.bottom + 8;
    if (inner.top < outer.top) this.#box.scrollTop -= outer.top - inner.top + 8;
  }

  /** @param {number} index */
  #choose(index) {
    this.#onSelect(index, this.#steps[index]);
    this.select(index);
  }

  /** @param {Step | null} step */
  #showCandidates(step) {
    // There are always as many rows, so that nothing moves.
    const rows = Array.from({ length: ROWS }, (_, index) => step?.candidates[index]);
    this.#list.replaceChildren(...rows.map((one, index) => row(one, index === step?.chosen)));
  }
}

/** @param {import("./recording.js").Candidate | undefined} candidate @param {boolean} isChosen */
function row(candidate, isChosen) {
  if (!candidate) return element("li", { class: "is-empty", "aria-hidden": true });
  const fill = element("span", { class: "demo-fill" });
  fill.style.inlineSize = `${100 * candidate.decoder}%`;
  const mark = element("span", { class: "demo-mark" });
  mark.style.insetInlineStart = `${100 * candidate.model}%`;
  return element(
    "li",
    { class: isChosen && "is-chosen" },
    element("span", { class: "demo-token" }, shownToken(candidate.text)),
    isChosen ? element("span", { class: "visually-hidden" }, ` ${t("(chosen)")} `) : null,
    element("span", { class: "demo-bar", "aria-hidden": true }, fill, mark),
    element("span", { class: "demo-share" }, shareWords(candidate.decoder)),
  );
}
