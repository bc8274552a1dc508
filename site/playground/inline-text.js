/**
 * Lets the generated text go on where the prompt ends, as on paper. The prompt stays a field of its own; an
 * invisible copy of it takes its room at the head of the text (`.paper[data-inline]` in playground.css).
 */

import { byId } from "../ui/dom.js";

/** Characters of a prompt that is shown in full; a longer one has a field that scrolls, above the text. */
const LONGEST = 4000;

/**
 * @param {import("./session.js").PlaygroundSession} session
 * @param {{paper: HTMLElement, prompt: HTMLTextAreaElement, output: HTMLElement}} parts
 */
export function continueInline(session, { paper, prompt, output }) {
  if (!CSS.supports("field-sizing", "content")) return; // the field would not end with its text
  const echo = byId("echo", "span");
  const show = () => {
    const isInline = output.textContent !== "" && prompt.value.length <= LONGEST;
    const copy = isInline ? prompt.value : "";
    if (echo.textContent !== copy) echo.textContent = copy;
    paper.toggleAttribute("data-inline", isInline);
  };
  prompt.addEventListener("input", show);
  session.on(["text", "settings", "token", "end"], show);
  paper.addEventListener("click", ({ target }) => {
    if (target === paper) prompt.focus();
  });
}
