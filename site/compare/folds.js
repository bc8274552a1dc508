/**
 * The buttons with which a narrow screen unfolds what a wide one always shows, so that outputs come first
 * there. Which elements they unfold, and from which width on they are hidden, is in compare.css.
 */

import { byId } from "../ui/dom.js";

export function setUpFolds() {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-unfolds]"))) {
    const section = byId(button.dataset.unfolds ?? "", "section");
    button.addEventListener("click", () => {
      const unfolded = section.classList.toggle("unfolded");
      button.setAttribute("aria-expanded", String(unfolded));
    });
  }
}
