/** What is shown of a text that was written in the page: its measures, and where it repeats itself. */

import { measureList } from "../reports/measures.js";
import { element } from "../ui/dom.js";
import { shownText } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";

/** @import { Facts, Loop } from "./live-report.js" */

/** A text with what repeats underlined. @param {HTMLElement} bubble @param {Loop} loop */
export function showLoop(bubble, { before, repeated, after }) {
  const marked = element("span", { class: "loop" }, ...shownText(repeated, before));
  bubble.classList.add("raw");
  bubble.replaceChildren(...shownText(before.trimStart()), marked, ...shownText(after, repeated));
}

/** @param {Facts} facts */
export function factsElements({ tokens, seconds, measures, loop }) {
  const rows = [
    element("dt", {}, t("Length")),
    element("dd", {}, tn(tokens, "{n} token", "{n} tokens")),
    ...measureList(measures),
  ];
  if (seconds > 0) {
    const rate = t("{rate} tokens/s", { rate: Math.round(tokens / seconds) });
    rows.push(element("dt", {}, t("Speed")), element("dd", {}, rate));
  }
  const list = element("dl", { class: "measured" }, ...rows);
  return loop ? [element("p", { class: "note loop-note" }, loopWords(loop)), list] : [list];
}

/** @param {Loop} loop */
function loopWords({ words, times }) {
  return tn(
    words,
    "Repeats itself from the underlined part on: the same word, {times} times in a row.",
    "Repeats itself from the underlined part on: the same {n} words, {times} times in a row.",
    { times },
  );
}
