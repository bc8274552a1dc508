/**
 * What the page has to say: one area above the reports, with an entry for each file that could not be read, or only in part.
 * @module
 */

import { byId, h } from "./dom.js";

/**
 * @param {string} source the file's name or address
 * @param {string[]} problems
 * @param {{kind: "error" | "warning"}} options
 */
export function report(source, problems, { kind }) {
  dismiss(source);
  const items =
    problems.length === 1
      ? [h("span", {}, ` ${problems[0]}`)]
      : [h("ul", {}, ...problems.map((problem) => h("li", {}, problem)))];
  const close = h(
    "button",
    { type: "button", class: "quiet close", "aria-label": `Dismiss the message about ${source}` },
    "×",
  );
  const entry = h(
    "div",
    { class: `message ${kind}`, "data-source": source },
    h("strong", {}, `${source}:`),
    ...items,
    close,
  );
  close.addEventListener("click", () => entry.remove());
  byId("message").append(entry);
}

/** @param {string} source */
export function dismiss(source) {
  for (const entry of byId("message").children)
    if (entry.getAttribute("data-source") === source) entry.remove();
}

/** Says something to screen readers, and shows it for a moment. @param {string} text */
export function announce(text) {
  const said = byId("said");
  said.textContent = "";
  said.textContent = text;
  said.classList.add("shown");
  clearTimeout(Number(said.dataset.timer));
  said.dataset.timer = String(setTimeout(() => said.classList.remove("shown"), 2500));
}
