/**
 * A page's status line: one polite line for what happens now, and a box for errors with their remedy. It does
 * not show progress figures (progress.js), which would be announced too often.
 */

import { FILES } from "../engine/root.js";
import { element } from "./dom.js";
import { inLine } from "./unseen.js";
import { t, translated } from "./words.js";

/**
 * An error that the visitor can fix: what happened, and what to do about it.
 * @param {string} message
 * @param {string} remedy
 */
export function problem(message, remedy) {
  return Object.assign(new Error(inLine(message)), { remedy });
}

/**
 * What to show of anything that was thrown, in the language of the page.
 * @param {unknown} error
 * @returns {{message: string, remedy: string}}
 */
export function errorWords(error) {
  if (!(error instanceof Error)) return { message: translated(String(error)), remedy: "" };
  const remedy = "remedy" in error ? translated(String(error.remedy)) : "";
  return { message: translated(error.message), remedy };
}

/** What Chromium, Firefox and WebKit say when a module or a file cannot be fetched. */
const UNFETCHED =
  /dynamically imported module|^Importing a module script failed|^Failed to fetch$|^NetworkError when|^Load failed$/;

/**
 * An error of the browser's own for a part of the page that could not be fetched, in our words.
 * @param {unknown} error
 */
function explained(error) {
  if (!(error instanceof TypeError) || "remedy" in error || !UNFETCHED.test(error.message)) return error;
  return problem(
    t("A part of this page could not be loaded."),
    t("Check the connection and try again. If that does not help, reload the page."),
  );
}

/** Whether an error only says that the visitor stopped something. @param {unknown} error */
export function isAbort(error) {
  return error instanceof Error && error.name === "AbortError";
}

/**
 * Asks for a file of this version, so that the page learns if it is gone (site/gone.js): it sees only what it
 * requests itself, and not what its workers do.
 */
function checkFiles() {
  fetch(`${FILES}engine/parts.json`, { cache: "no-cache" }).catch(() => {});
}

export class StatusLine {
  #line;

  /** @param {HTMLElement} line an element with role="status" */
  constructor(line) {
    this.#line = line;
  }

  /** Shows what happens now; the same words again are not announced again. */
  say = (/** @type {string} */ text) => {
    this.#line.classList.remove("error-box");
    if (this.#line.textContent !== text) this.#line.textContent = text;
  };

  /** Removes an error that the visitor is dealing with; other words stay. */
  settle = () => {
    if (this.#line.classList.contains("error-box")) this.say("");
  };

  /** Shows an error with its remedy; an AbortError is not one and shows "Stopped." */
  complain = (/** @type {unknown} */ error) => {
    if (isAbort(error)) return this.say(t("Stopped."));
    checkFiles();
    const { message, remedy } = errorWords(explained(error));
    this.#line.replaceChildren(element("strong", {}, message), remedy && ` ${remedy}`);
    this.#line.classList.add("error-box");
  };
}
