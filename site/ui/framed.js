/**
 * Protection from other pages: one that shows ours in a frame can lay itself over a button and have it
 * clicked. So what destroys something works in a tab of its own only. Servers can forbid frames as well, with
 * the header `frame-ancestors`; a page alone cannot.
 */

import { element } from "./dom.js";
import { problem } from "./status.js";
import { t } from "./words.js";

/** Whether this page is shown inside another. */
export function inFrame() {
  return globalThis.top !== globalThis.self;
}

/**
 * Before something is deleted.
 * @throws {Error} with a remedy, in a frame
 */
export function refuseInFrame() {
  if (inFrame())
    throw problem(
      t("Nothing can be deleted inside a frame."),
      t("Open this page in its own tab and delete it there."),
    );
}

/** Puts a link to the page itself in place of what it has. @param {HTMLElement} main @param {string} title */
export function leaveFrame(main, title) {
  const link = element(
    "a",
    { href: location.href, target: "_blank", rel: "noopener" },
    t("Open it in a tab"),
  );
  const words = `${t("This page does not work inside another page.")} `;
  main.replaceChildren(element("h1", {}, title), element("p", { role: "alert" }, words, link));
}
