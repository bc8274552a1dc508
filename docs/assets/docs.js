/** Fixes for keyboards and screen readers that Material lacks. */

// The buttons of the drawer and the search are labels, which the keyboard cannot reach, and which must not
// have the role of a button themselves.
/** @type {NodeListOf<HTMLElement>} */
const labels = document.querySelectorAll(".site-header label.md-header__button");
for (const label of labels) {
  const button = document.createElement("span");
  button.tabIndex = 0;
  button.setAttribute("role", "button");
  button.append(...label.childNodes);
  label.append(button);
  button.addEventListener("keydown", (event) => {
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
