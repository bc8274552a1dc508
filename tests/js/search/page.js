/** The markup of asking in a document without layout, and a library that answers from a table. */

import { readFileSync } from "node:fs";
import { window } from "../dom.js";

const page = globalThis;
const FRAGMENTS = new URL("../../../overrides/", import.meta.url);

const fragment = (name) => readFileSync(new URL(name, FRAGMENTS), "utf-8");

for (const name of ["HTMLElement", "HTMLInputElement", "NodeFilter", "getSelection"])
  page[name] = window[name];
page.CSS = { escape: String };
page.requestAnimationFrame = (action) => setTimeout(action, 0);
window.HTMLElement.prototype.scrollIntoView = () => {};
const Dialog = window.HTMLDialogElement.prototype;
/** What has the focus again when a dialog closes. */
let before = null;
Dialog.showModal = function () {
  before = window.document.activeElement;
  this.open = true;
};
Dialog.close = function () {
  this.open = false;
  before?.focus();
  setTimeout(() => this.dispatchEvent(new window.Event("close"))); // a task of its own, as in browsers
};

/** The page's address; tests set its hash. */
export const address = {
  pathname: "/search/",
  search: "",
  hash: "",
  origin: "http://localhost",
  href: "http://localhost/search/",
};

/** Ends the listeners of the page before. */
let listening = new window.AbortController();
for (const target of [window, window.document]) {
  const listen = target.addEventListener.bind(target);
  target.addEventListener = (type, listener) => listen(type, listener, { signal: listening.signal });
}
page.addEventListener = window.addEventListener;

/** Puts the markup into the document. */
export function openPage(hash = "") {
  listening.abort();
  listening = new window.AbortController();
  address.hash = hash;
  Object.defineProperty(page, "location", { value: address, configurable: true });
  page.history = {
    state: null,
    replaceState: (state, _, to) => {
      page.history.state = structuredClone(state);
      address.hash = to.includes("#") ? to.slice(to.indexOf("#")) : "";
    },
  };
  const markup = fragment("asking.html")
    .replace(/\{% include "model-panel.html" %\}/, fragment("model-panel.html"))
    .replace(/\{\{.*?\}\}/g, "");
  window.document.body.innerHTML = `<section id="asking">${markup}</section>`;
}

/** What the page keeps of the question for a reload, without showing it in its address. */
export const kept = () => Object.fromEntries(page.history.state?.typed ?? []);

export const byTestId = (id) => window.document.querySelector(`[data-testid="${id}"]`);

export function type(field, text) {
  field.focus();
  field.value = text;
  field.dispatchEvent(new window.Event("input", { bubbles: true }));
}

/** Returns whether the page used the key. */
export function press(key, target = window.document.activeElement, more = {}) {
  const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

/** Lets what is pending happen. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

export function hit(name, more = {}) {
  return {
    document: 0,
    name,
    title: name.toUpperCase(),
    address: "",
    passage: 0,
    score: 1.5,
    cosine: 0.6,
    words: 2,
    text: "First one. Second one.",
    start: 100,
    end: 122,
    heading: "Part › Section",
    sentences: [
      { start: 100, end: 111, score: 0.2 },
      { start: 111, end: 122, score: 0.7 },
    ],
    matched: [[106, 109]],
    closeness: "close",
    shared: ["one"],
    common: true,
    ...more,
  };
}
