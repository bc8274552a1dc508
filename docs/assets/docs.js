/** Fixes for keyboards and screen readers that Material lacks. */

// The navigation drawer's button is a label, which the keyboard cannot reach.
/** @type {NodeListOf<HTMLElement>} */
const labels = document.querySelectorAll(".site-header label.md-header__button");
for (const label of labels) {
  label.tabIndex = 0;
  label.setAttribute("role", "button");
  label.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    label.click();
  });
}

// Each code block's copy button is wrapped in an unnamed landmark.
const unmark = () => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])"))
    nav.setAttribute("role", "none");
};
new MutationObserver(unmark).observe(document.body, { childList: true, subtree: true });
unmark();
