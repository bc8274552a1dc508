/**
 * What <goose-search> shows: a combobox with its list of results, built from text nodes only. It knows
 * neither the index nor the network; element.js calls it, and is called with what the visitor does.
 */

import { isComposing } from "../../ui/composing.js";
import { element } from "../../ui/dom.js";
import { excerpt, linkTo } from "./excerpt.js";
import { CSS } from "./style.js";

/** @import { Hit, Results } from "./search.js" */

/**
 * @typedef {{ask: (question: string) => void, choose: (hit: Hit, event: MouseEvent | KeyboardEvent) => void}}
 *   Actions
 */

const WIDTH = 560; // pixels of the panel at least, where the page has them
const MARGIN = 8;

/** @type {CSSStyleSheet | null} shared by all elements, created with the first */
let sheet = null;

function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}

export class SearchView {
  /** As they are listed, further passages below the first of their page. @type {Hit[]} */
  #hits = [];
  #active = -1;

  /** @param {ShadowRoot} root @param {Actions} actions */
  constructor(root, actions) {
    root.adoptedStyleSheets = [styleSheet()];
    this.actions = actions;
    this.label = element("label", { part: "label", for: "input" });
    this.input = element("input", {
      id: "input",
      part: "input",
      type: "search",
      role: "combobox",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      enterkeyhint: "search",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": "results",
    });
    this.list = element("ul", { id: "results", part: "results", role: "listbox", "aria-label": "Results" });
    this.status = element("p", { class: "status", part: "status", role: "status" });
    this.message = element("p", { part: "nothing-fits-text" });
    const nearest = element("button", { type: "button", part: "button nearest" }, "Show the nearest anyway");
    nearest.addEventListener("click", () => this.#showNearest());
    this.nothing = element(
      "div",
      { class: "nothing", part: "nothing-fits", hidden: true },
      this.message,
      nearest,
    );
    this.error = element("p", { class: "error", part: "error", role: "alert", hidden: true });
    this.ask = element("a", { class: "ask", part: "ask", hidden: true }, "Ask about this");
    this.more = element("div", { class: "more", part: "more" }, this.ask);
    this.note = element("p", { class: "note", part: "note", hidden: true });
    this.panel = element(
      "div",
      { class: "panel", part: "panel", hidden: true },
      this.status,
      this.nothing,
      this.error,
      this.list,
      this.note,
      this.more,
    );
    this.root = element("div", { class: "root", part: "root" }, this.label, this.input, this.panel);
    this.#listen();
    root.replaceChildren(this.root);
  }

  #listen() {
    this.input.addEventListener("input", () => this.actions.ask(this.input.value));
    this.input.addEventListener("focus", ({ relatedTarget }) => {
      const within = relatedTarget instanceof Node && this.panel.contains(relatedTarget);
      if (!within && this.input.value.trim()) this.actions.ask(this.input.value);
    });
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#leave(event);
    });
    this.root.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.root.contains(relatedTarget))) this.open(false);
    });
    // A press in the panel must not take the focus from the input, which would close the panel.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    for (const type of /** @type {const} */ (["click", "auxclick"]))
      this.list.addEventListener(type, (event) => this.#press(event));
  }

  /** @param {MouseEvent} event */
  #press(event) {
    const option = /** @type {Element} */ (event.target).closest("[role=option]");
    const hit = option && this.#hits[[...this.list.children].indexOf(option)];
    if (hit && event.button < 2) this.actions.choose(hit, event);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key } = event;
    const count = this.list.hidden ? 0 : this.#hits.length;
    if (isComposing(event)) return;
    if (key === "Escape" && !this.panel.hidden) {
      event.preventDefault(); // a second Escape empties the input
      this.open(false);
    } else if ((key === "ArrowDown" || key === "ArrowUp") && count) {
      event.preventDefault();
      this.open(true);
      const from = this.#active < 0 && key === "ArrowUp" ? count : this.#active;
      this.#activate((from + (key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (key === "Enter" && count && !this.panel.hidden) {
      event.preventDefault();
      this.actions.choose(this.#hits[Math.max(this.#active, 0)], event);
    }
  }

  /** Escape in the panel closes it. @param {KeyboardEvent} event */
  #leave(event) {
    event.preventDefault();
    this.input.focus();
    this.open(false);
  }

  /** @param {number} index the option that Enter opens, or -1 */
  #activate(index) {
    this.#active = index;
    [...this.list.children].forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === index));
      if (at === index) option.scrollIntoView({ block: "nearest" });
    });
    if (index < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `option-${index}`);
  }

  /** @param {boolean} open */
  open(open) {
    this.panel.hidden = !open;
    if (open) this.#place();
    this.input.setAttribute("aria-expanded", String(open && this.#hits.length > 0 && !this.list.hidden));
    if (!open) this.#activate(-1);
  }

  /** A panel below a narrow input, as in a header, is wider than that and stays in the page. */
  #place() {
    const { left, width } = this.root.getBoundingClientRect();
    const room = document.documentElement.clientWidth - MARGIN;
    const wanted = Math.max(width, Math.min(WIDTH, room - MARGIN));
    const start = left + width / 2 < room / 2 ? left : left + width - wanted;
    const kept = width < wanted ? Math.max(Math.min(start, room - wanted), MARGIN) : left;
    this.panel.style.left = `${kept - left}px`;
    this.panel.style.width = `${wanted}px`;
  }

  /**
   * Shows results. What the visitor has already moved to stays active.
   * @param {Results} results
   */
  show({ stage, hits, state, nothingFits, likelihood, notes }) {
    const kept = this.#hits[this.#active]?.passage;
    this.#hits = hits.flatMap((hit) => [hit, ...hit.more]);
    this.list.replaceChildren(...this.#hits.map((hit, at) => option(hit, at, hits.includes(hit))));
    this.list.hidden = nothingFits || hits.length === 0;
    this.nothing.hidden = !nothingFits;
    const percent = Math.max(1, Math.round((likelihood ?? 0) * 100));
    const nearest = `The nearest passage has a likelihood of about ${percent}%.`;
    this.message.textContent = `Nothing here seems to answer this. ${nearest}`;
    this.error.hidden = true;
    this.note.textContent = notes.join(" ");
    this.note.hidden = notes.length === 0;
    const perhaps = state === "perhaps" ? ` Perhaps one fits. ${nearest}` : "";
    this.say(summary(stage, hits.length, nothingFits) + perhaps);
    this.open(true);
    this.#activate(this.#hits.findIndex(({ passage }) => passage === kept));
  }

  #showNearest() {
    this.list.hidden = false;
    this.nothing.hidden = true;
    this.input.focus();
    this.open(true);
  }

  /** @param {string} text */
  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** @param {{message: string, remedy: string}} error */
  fail({ message, remedy }) {
    this.error.textContent = `${message} ${remedy}`.trim();
    this.error.hidden = false;
    this.say("");
    this.open(true);
  }

  clear() {
    this.#hits = [];
    this.list.replaceChildren();
    this.open(false);
  }
}

/** @param {import("./search.js").Stage} stage @param {number} count @param {boolean} nothingFits */
function summary(stage, count, nothingFits) {
  if (stage === "words") return `${count ? "Pages with these words. " : ""}Comparing meanings…`;
  if (nothingFits) return "No page fits.";
  const found = `${count} ${count === 1 ? "page" : "pages"} by meaning`;
  return stage === "full" ? `${found}, compared by MiniLM.` : `${found}.`;
}

/** @param {Hit} hit @param {number} at @param {boolean} isFirst of its page */
function option({ title, heading, text, url, matched }, at, isFirst) {
  const parts = excerpt(text, matched).map((piece) =>
    piece.matched ? element("mark", { part: "mark" }, piece.text) : piece.text,
  );
  return element(
    "li",
    {
      id: `option-${at}`,
      role: "option",
      part: isFirst ? "option" : "option further",
      "aria-selected": "false",
      "data-url": linkTo(url, text),
    },
    element(
      "span",
      { class: "title", part: "title" },
      element("span", { class: !isFirst && heading && "unseen" }, title),
      heading && element("span", { class: "heading", part: "heading" }, ` › ${heading}`),
    ),
    element("span", { class: "text", part: "text" }, ...parts),
  );
}
