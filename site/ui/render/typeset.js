/**
 * Renders mathematics as MathML with Temml, loaded when the first formula appears. A formula that it cannot
 * parse stays as its source.
 */

import { inSlices } from "../slices.js";
import { t } from "../words.js";
import { loadTemml } from "./vendored.js";

const LONGEST = 1500; // characters
const MOST_NODES = 3000; // of one formula

/** Formulas that wait: a text may have hundreds. @type {{element: HTMLElement, math: Math}[]} */
const waiting = [];
let working = false;

/** @import { Math } from "./types.js" */

/**
 * Renders a formula when its turn comes, in short slices of time.
 * @param {HTMLElement} element contains the TeX source as text
 * @param {Math} math
 */
export async function typesetInto(element, math) {
  if (math.tex.length > LONGEST) return;
  waiting.push({ element, math });
  if (working) return;
  working = true;
  try {
    const temml = await loadTemml();
    await inSlices(taken(), (next) => typeset(next.element, next.math, temml));
  } catch {
    waiting.length = 0; // the library could not be fetched: sources stay
  } finally {
    working = false;
  }
}

/** What waits, also what is added meanwhile. */
function* taken() {
  for (let next = waiting.shift(); next; next = waiting.shift()) yield next;
}

/** @param {HTMLElement} element @param {Math} math @param {import("./types.js").Temml} temml */
function typeset(element, { tex, display }, temml) {
  const drawn = element.ownerDocument.createElement("span");
  try {
    temml.render(tex, drawn, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: false,
      maxExpand: 500,
      maxSize: [20, 500],
    });
  } catch {
    element.classList.add("unread");
    element.title = t("This formula could not be read; its source is shown.");
    return;
  }
  if (drawn.getElementsByTagName("*").length > MOST_NODES) return;
  removeLinks(drawn);
  drawn.firstElementChild?.setAttribute("aria-label", tex);
  element.replaceChildren(...drawn.childNodes);
}

/** MathML can carry links and styles: none may come from model text. @param {Element} root */
function removeLinks(root) {
  for (const element of root.querySelectorAll("[href],[src],[id]")) {
    for (const name of ["href", "src", "id"]) element.removeAttribute(name);
  }
}
