/**
 * Lets the generated text go on where the prompt ends, as on paper. The prompt stays a field of its own; an
 * invisible copy of it takes its room at the head of the text (`.echo` in playground.css).
 */

import { byId } from "../ui/dom.js";

/** Characters of a prompt that is shown in full; a longer one has a field that scrolls, above the text. */
const LONGEST = 4000;

/**
 * Follows a prompt that has changed.
 * @param {HTMLElement} paper
 * @param {HTMLTextAreaElement} prompt
 */
export function continueInline(paper, prompt) {
  const isLong = prompt.value.length > LONGEST;
  byId("echo", "span").textContent = isLong ? "" : prompt.value || prompt.placeholder;
  paper.toggleAttribute("data-long", isLong);
}
