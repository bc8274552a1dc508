/**
 * Renders mathematics as MathML with Temml, loaded when the first formula appears. A formula that it cannot
 * parse stays as its source.
 */

import { loadTemml } from "./vendored.js";

const LONGEST = 4000;

/**
 * @param {HTMLElement} element contains the TeX source as text
 * @param {import("./types.js").Math} math
 */
export async function typesetInto(element, { tex, display }) {
  if (tex.length > LONGEST) return;
  const temml = await loadTemml();
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
    element.title = "This formula could not be read; its source is shown.";
    return;
  }
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
