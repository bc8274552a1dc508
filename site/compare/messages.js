/**
 * Messages to the visitor: an entry for each file that could not be read or only in part, or that takes long,
 * and short announcements that screen readers speak and that show for a moment.
 */

import { byId, element } from "../ui/dom.js";
import { inLine } from "../ui/unseen.js";
import { t } from "../ui/words.js";

const SHOWN = 2500; // milliseconds
const LONGEST_NAME = 160; // characters of a file's name or URL
const PATIENCE = 1000; // milliseconds after which a file that is still being opened is mentioned

/** @typedef {"error" | "warning" | "note"} Kind */
/** @typedef {{label: string, act: () => void}} Action */

/**
 * Shows what is wrong with a file, in place of earlier messages about it.
 * @param {string} source the file's name or address
 * @param {string[]} problems
 * @param {{kind: Kind}} options
 */
export function report(source, problems, { kind }) {
  const body =
    problems.length === 1
      ? element("span", {}, ` ${problems[0]}`)
      : element("ul", {}, ...problems.map((problem) => element("li", {}, problem)));
  show(source, kind, body);
}

/**
 * Shows an entry with buttons, in place of earlier messages about the same; each button also removes it.
 * @param {string} source
 * @param {HTMLElement} body
 * @param {readonly Action[]} actions
 */
export function ask(source, body, actions) {
  const buttons = actions.map(({ label, act }) => {
    const choose = () => {
      dismiss(source);
      act();
    };
    return element("button", { type: "button", onclick: choose }, label);
  });
  show(source, "note", body, element("div", { class: "message-buttons" }, ...buttons));
}

/**
 * Mentions a file that takes longer than a moment to open, with a button that cancels it, until another
 * message about it replaces this one.
 * @param {string} source
 * @param {() => void} cancel
 * @returns {{say: (words: string) => void, end: () => void}} end: it has been opened, or not
 */
export function waiting(source, cancel) {
  const words = element("span", {});
  const label = t("Cancel {name}", { name: inLine(source, LONGEST_NAME) });
  const button = element("button", { type: "button", "aria-label": label, onclick: cancel }, t("Cancel"));
  const timer = setTimeout(
    () => show(source, "note", words, element("div", { class: "message-buttons" }, button)),
    PATIENCE,
  );
  return {
    say: (text) => (words.textContent = ` ${text}`),
    end: () => {
      clearTimeout(timer);
      if (words.isConnected) dismiss(source);
    },
  };
}

/** @param {string} source @param {Kind} kind @param {...HTMLElement} body */
function show(source, kind, ...body) {
  dismiss(source);
  const name = inLine(source, LONGEST_NAME);
  const close = element(
    "button",
    { type: "button", class: "quiet close", "aria-label": t("Dismiss the message about {name}", { name }) },
    t("Dismiss"),
  );
  const entry = element(
    "div",
    { class: `message ${kind}`, "data-source": source },
    element("strong", {}, `${name}:`),
    ...body,
    close,
  );
  close.addEventListener("click", () => entry.remove());
  byId("message", "div").append(entry);
}

/** @param {string} source */
export function dismiss(source) {
  for (const entry of [...byId("message", "div").children])
    if (entry.getAttribute("data-source") === source) entry.remove();
}

/** Removes what earlier attempts could not open; warnings about open files stay. */
export function dismissErrors() {
  for (const entry of [...byId("message", "div").children]) if (entry.matches(".error")) entry.remove();
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
