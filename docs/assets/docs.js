/** Fixes for keyboards and screen readers that Material lacks. */

// The buttons of the drawer and the search are labels, which the keyboard cannot reach, and which must not
// have the role of a button themselves.
/** @type {NodeListOf<HTMLElement>} */
const labels = document.querySelectorAll("label:is(.search-button, .contents-button)");
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

// Results are drawn again when those by meaning arrive: the one that had the focus keeps it.
const results = document.querySelector(".md-search-result__list");
let chosen = "";
results?.addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLAnchorElement) chosen = target.href;
});
results?.addEventListener("focusout", (event) => {
  if (/** @type {FocusEvent} */ (event).relatedTarget) chosen = "";
});
if (results) {
  new MutationObserver(() => {
    if (!chosen || document.activeElement !== document.body) return;
    [...results.querySelectorAll("a")].find(({ href }) => href === chosen)?.focus();
  }).observe(results, { childList: true, subtree: true });
}

// Each code block's copy button is wrapped in an unnamed landmark.
const unmark = () => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])"))
    nav.setAttribute("role", "none");
};
new MutationObserver(unmark).observe(document.body, { childList: true, subtree: true });
unmark();

// What is wider than its column scrolls sideways; the keyboard can reach it while it does. Material wraps
// each table in such an element when the page has loaded.
const SCROLLING = ".md-typeset__scrollwrap, .lab-formula, .drawing-panels";

/** @param {HTMLElement} scrolling @param {string} name */
function reachable(scrolling, name) {
  const wide = scrolling.scrollWidth > scrolling.clientWidth;
  if (wide === scrolling.hasAttribute("tabindex")) return;
  scrolling.toggleAttribute("tabindex", wide);
  if (!wide) {
    for (const attribute of ["role", "aria-label"]) scrolling.removeAttribute(attribute);
    return;
  }
  scrolling.tabIndex = 0;
  scrolling.setAttribute("role", "region");
  scrolling.setAttribute("aria-label", name);
}
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolling = /** @type {HTMLElement} */ (target.closest(SCROLLING));
    const head = scrolling.querySelector("th");
    const picture = scrolling.matches(".drawing-panels");
    reachable(scrolling, head ? `Table: ${head.textContent?.trim()}` : picture ? "Figure" : "Formula");
  }
});
/** @type {WeakSet<Element>} */
const watched = new WeakSet();
const watch = () => {
  for (const scrolling of document.querySelectorAll(SCROLLING)) {
    if (watched.has(scrolling)) continue;
    watched.add(scrolling);
    sizes.observe(scrolling);
    for (const child of scrolling.children) sizes.observe(child);
  }
};
new MutationObserver(watch).observe(document.body, { childList: true, subtree: true });
watch();

// A fold is closed on paper too, so all are opened to print, and closed again afterwards.
/** @type {HTMLDetailsElement[]} */
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details")].filter(({ open }) => !open);
  for (const fold of opened) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of opened) fold.open = false;
  opened = [];
});
