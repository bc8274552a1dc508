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

import { linkTo } from "./excerpt.js";
import { agree, FullEmbedder, hasAgreed } from "./full.js";
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
  /** @type {FullEmbedder | null} */
  #full = null;
  #fullReady = false;
  #work = new AbortController();

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
      if (this.getAttribute("engine") && hasAgreed() && !this.#full) this.#startFull();
      const full = this.#fullReady ? this.#full : null;
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
    const opened = openIndex(new URL(this.getAttribute("index") ?? "search-index/", document.baseURI));
    opened.catch(() => {
      this.#index = null; // the next key tries again
    });
    return opened;
  }

  /** Downloads MiniLM, then asks again. */
  async #startFull() {
    const view = this.#ensureView();
    this.#full = new FullEmbedder(/** @type {string} */ (this.getAttribute("engine")));
    view.better.hidden = true;
    try {
      await this.#full.start({ onProgress: ({ loaded, total }) => view.say(downloadWords(loaded, total)) });
      agree();
      this.#fullReady = true;
      if (!view.panel.hidden) await this.#search(this.value, 0);
    } catch (error) {
      this.#full = null;
      this.#describe();
      this.#fail(error);
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
        better: () => this.#startFull(),
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
    view.better.textContent = "Better answers (a download of about 30 MB)";
    view.better.hidden = !this.getAttribute("engine") || this.#full !== null;
    view.ask.hidden = !this.getAttribute("ask");
    view.more.hidden = view.better.hidden && view.ask.hidden;
  }

  #release() {
    this.#work.abort();
    this.#full?.dispose();
    this.#full = null;
    this.#fullReady = false;
    this.#index = null;
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
  return page ? `${new URL(page, document.baseURI).href}#q=${encodeURIComponent(question)}` : "";
}

/** @param {number} loaded @param {number} total */
function downloadWords(loaded, total) {
  return total > 0 ? `Downloading MiniLM: ${Math.round((loaded / total) * 100)}%` : "Starting MiniLM…";
}

/** Defines <goose-search>, once. */
export function defineSearch() {
  const registry = globalThis.customElements;
  if (registry && !registry.get("goose-search")) registry.define("goose-search", GooseSearch);
}

defineSearch();
