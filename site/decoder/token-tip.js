/**
 * The small note at the token under the pointer: how likely it was. It needs no engine, and everything more
 * is in the panel "Token".
 */

import { element } from "../ui/dom.js";
import { decimal, t } from "../ui/words.js";
import { constraintNote } from "./constraint-view.js";
import { bits, percent, visible } from "./tokens.js";

/**
 * @param {HTMLElement} paper what the note is placed in
 * @returns {{show: (span: Element, token: import("./tokens.js").Token) => void, hide: () => void}}
 */
export function tokenTip(paper) {
  const tip = element("div", { class: "token-tip", "aria-hidden": true, hidden: true });
  paper.append(tip);
  return {
    show: (span, { text, logprob, constraint }) => {
      if (logprob === null) return;
      const surprise = t("{bits} bits", { bits: decimal(bits(logprob), 1) });
      const facts = [
        percent(Math.exp(logprob)),
        surprise,
        ...(constraint ? [constraintNote(constraint)] : []),
      ];
      const share = facts.join(" · ");
      tip.replaceChildren(element("code", {}, visible(text)), ` ${share}`);
      tip.hidden = false;
      const [frame, [rect]] = [paper.getBoundingClientRect(), [...span.getClientRects()]];
      if (!rect) return;
      const left = Math.min(rect.left - frame.left, frame.width - tip.offsetWidth - 8);
      tip.style.setProperty("left", `${Math.max(8, left)}px`);
      tip.style.setProperty("top", `${rect.top - frame.top - tip.offsetHeight - 4}px`);
    },
    hide: () => {
      tip.hidden = true;
    },
  };
}
