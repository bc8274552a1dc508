// What Material leaves to be desired for the keyboard and for screen readers.

// The navigation drawer's button is a label, which no key reaches.
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

// The copy buttons of code blocks come wrapped in one nameless landmark each.
const unmark = () => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])"))
    nav.setAttribute("role", "none");
};
new MutationObserver(unmark).observe(document.body, { childList: true, subtree: true });
unmark();
