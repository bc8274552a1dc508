/**
 * <goose-search>: search of a static site by meaning. Nothing is downloaded before the visitor types.
 *
 *     <script type="module" src="/goosequill/search/goose-search.js"></script>
 *     <goose-search index="/search-index/"></goose-search>
 *
 * Attributes: index (the folder of the index), label, placeholder, count (results at most), engine (the
 * folder of a Goosequill site, which offers MiniLM for better answers), ask (a page for longer questions; the
 * question is put after `#q=`). Events, bubbling and composed: results, choose (cancelable: the detail
 * is the hit; by default its page opens), error. Parts and custom properties are in view.js and style.js.
 */

import { encoded, linkTo } from "./excerpt.js";
import { openIndex } from "./search.js";
import { SearchView } from "./view.js";

const PAUSE = 180; // milliseconds without a key before meanings are compared
const ATTRIBUTES = ["index", "label", "placeholder", "count", "engine", "ask"];

// Where there is no page, this file can be imported without harm.
const Base = /** @type {{new (): HTMLElement}} */ (globalThis.HTMLElement ?? class {});

export class GooseSearch extends Base {
  static observedAttributes = ATTRIBUTES;

  /** @type {SearchView | null} */
  #view = null;
  /** @type {Promise<import("./search.js").StaticIndex> | null} */
  #index = null;
  #work = new AbortController();
  /** @type {import("./goose-better.js").BetterAnswers | null} */
  #better = null;
  #considered = false;

  connectedCallback() {
    this.#describe();
  }

  /** An element that is only moved is reconnected at once, and keeps what it has. */
  disconnectedCallback() {
    setTimeout(() => {
      if (!this.isConnected) this.#release();
    }, 0);
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.#view) return;
    if (name === "index" || name === "engine") this.#release();
    this.#describe();
  }

  /** The question in the input. */
  get value() {
    return this.#view?.input.value ?? "";
  }

  set value(text) {
    this.#ensureView().input.value = String(text);
  }

  /** Searches for the question in the input, or for another one. @param {string} [question] */
  async search(question = this.value) {
    this.value = question;
    await this.#search(question, 0);
  }

  focus() {
    this.#ensureView().input.focus();
  }

  /** @param {string} question @param {number} pause */
  async #search(question, pause) {
    const view = this.#ensureView();
    this.#work.abort();
    this.#work = new AbortController();
    const { signal } = this.#work;
    if (!question.trim()) return view.clear();
    view.ask.href = askAddress(this.getAttribute("ask"), question);
    try {
      this.#index ??= this.#openIndex();
      const index = await this.#index;
      this.#considerBetter(index);
      const full = this.#better?.embedder;
      const count = Number(this.getAttribute("count")) || 8;
      for await (const results of index.search(question, {
        signal,
        count,
        pause,
        completing: pause > 0,
        full,
      })) {
        if (signal.aborted) return;
        view.show(results);
        this.#emit("results", { question, ...results });
      }
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #openIndex() {
    const opened = openIndex(this.getAttribute("index") ?? "search-index/");
    opened.catch(() => {
      this.#index = null; // the next key tries again
    });
    return opened;
  }

  /**
   * Loads what offers MiniLM, if the page has the attribute and the index is made for it.
   * @param {import("./search.js").StaticIndex} index
   */
  async #considerBetter(index) {
    const site = this.getAttribute("engine");
    const { fullBytes } = index.contents;
    if (!site || !URL.canParse(site, document.baseURI) || fullBytes === null || this.#considered) return;
    this.#considered = true;
    try {
      const { BetterAnswers } = await import("./goose-better.js");
      if (!this.#considered) return; // the element has left the page
      const view = this.#ensureView();
      this.#better = new BetterAnswers(
        () => view.panel.hidden || this.#search(this.value, 0),
        () => view.input.focus(),
      );
      view.more.prepend(...this.#better.parts);
      await this.#better.consider(site, fullBytes);
    } catch (error) {
      this.#emit("error", { code: "network", message: String(error), remedy: "" });
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    const { code = "internal", message = String(error), remedy = "" } = /** @type {any} */ (error);
    this.#view?.fail({ message, remedy });
    this.#emit("error", { code, message, remedy });
  }

  /** @param {import("./search.js").Hit} hit @param {MouseEvent | KeyboardEvent} event */
  #choose(hit, event) {
    if (!this.#emit("choose", hit)) return;
    const url = linkTo(hit.url, hit.text);
    if (!url) return;
    const apart = event.ctrlKey || event.metaKey || ("button" in event && event.button === 1);
    if (apart) window.open(url, "_blank", "noopener");
    else location.assign(url);
    this.#view?.open(false);
  }

  #ensureView() {
    if (!this.#view) {
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true });
      this.#view = new SearchView(root, {
        ask: (question) => this.#search(question, PAUSE),
        choose: (hit, event) => this.#choose(hit, event),
      });
    }
    return this.#view;
  }

  #describe() {
    const view = this.#ensureView();
    const label = this.getAttribute("label");
    view.label.textContent = label ?? "";
    view.label.hidden = !label;
    view.input.placeholder = this.getAttribute("placeholder") ?? "Search";
    if (label) view.input.removeAttribute("aria-label");
    else view.input.setAttribute("aria-label", "Search this site");
    view.ask.hidden = !this.getAttribute("ask");
  }

  #release() {
    this.#work.abort();
    this.#index = null;
    this.#better?.release();
    this.#better = null;
    this.#considered = false;
    this.#view?.clear();
  }

  /** @param {string} name @param {unknown} detail @returns {boolean} whether nobody prevented it */
  #emit(name, detail) {
    const cancelable = name === "choose";
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable, bubbles: true, composed: true }));
  }
}

/** @param {string | null} page @param {string} question */
function askAddress(page, question) {
  if (!page || !URL.canParse(page, document.baseURI)) return "";
  return `${new URL(page, document.baseURI).href}#q=${encoded(question)}`;
}

/** Defines <goose-search>, once. */
export function defineSearch() {
  const registry = globalThis.customElements;
  if (registry && !registry.get("goose-search")) registry.define("goose-search", GooseSearch);
}

defineSearch();
