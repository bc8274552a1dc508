/**
 * Messages to the visitor: an entry for each file that could not be read or only in part, and short
 * announcements that screen readers speak and that show for a moment.
 */

import { byId, element } from "../ui/dom.js";

const SHOWN = 2500; // milliseconds

/**
 * Shows what is wrong with a file, in place of earlier messages about it.
 * @param {string} source the file's name or address
 * @param {string[]} problems
 * @param {{kind: "error" | "warning"}} options
 */
export function report(source, problems, { kind }) {
  dismiss(source);
  const body =
    problems.length === 1
      ? element("span", {}, ` ${problems[0]}`)
      : element("ul", {}, ...problems.map((problem) => element("li", {}, problem)));
  const close = element(
    "button",
    { type: "button", class: "quiet close", "aria-label": `Dismiss the message about ${source}` },
    "×",
  );
  const entry = element(
    "div",
    { class: `message ${kind}`, "data-source": source },
    element("strong", {}, `${source}:`),
    body,
    close,
  );
  close.addEventListener("click", () => entry.remove());
  byId("message", "div").append(entry);
}

/** @param {string} source */
export function dismiss(source) {
  for (const entry of byId("message", "div").children)
    if (entry.getAttribute("data-source") === source) entry.remove();
}

export function dismissAll() {
  byId("message", "div").replaceChildren();
}

/** @param {string} text */
export function announce(text) {
  const said = byId("said", "div");
  said.textContent = ""; // so that the same words are spoken again
  said.textContent = text;
  said.classList.add("shown");
  clearTimeout(Number(said.dataset.timer));
  said.dataset.timer = String(setTimeout(() => said.classList.remove("shown"), SHOWN));
}
