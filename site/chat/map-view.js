/** All branches of a conversation as a list, one line for each place where one begins. */

import { element, fill } from "../ui/dom.js";
import { inLine } from "../ui/unseen.js";
import { t } from "../ui/words.js";
import { whoIs } from "./message-view.js";

/** @import { ChatSession } from "./session.js" */

/** Lines that are shown at most. */
const MOST = 300;

/** @param {HTMLElement} box @param {HTMLElement} list @param {ChatSession} session */
export function showMap(box, list, session) {
  const { tree } = session;
  const shown = new Set(session.path);
  const lines = [];
  let count = 0;
  for (const { message, depth } of tree.branches()) {
    if (tree.siblings(message).length < 2) continue;
    count++;
    if (lines.length === MOST) continue;
    const text = inLine(`${whoIs(message)}: ${message.text.slice(0, 80)}`);
    const open = element(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-current": shown.has(message) ? "true" : null,
        onclick: () => session.choose(message.id),
      },
      text,
    );
    open.style.marginInlineStart = `${Math.min(depth, 12)}rem`;
    lines.push(element("li", {}, open));
  }
  box.hidden = count === 0;
  if (count > MOST)
    lines.push(
      element("li", { class: "note" }, t("The first {count} branches are listed.", { count: MOST })),
    );
  fill(list, lines);
}
