/** A document of jsdom as the page, for tests of modules that make elements. */

import { JSDOM } from "jsdom";

const NAMES = [
  "window",
  "document",
  "Node",
  "Element",
  "HTMLElement",
  "Event",
  "MouseEvent",
  "location",
  "history",
];

/** Makes a new document the global one, with frames that are drawn when `drawFrame` is called. */
export function openPage(html = "", url = "http://localhost/lab/test/") {
  const { window } = new JSDOM(`<!doctype html><body>${html}</body>`, { url });
  for (const name of NAMES) {
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true });
  }
  window.HTMLElement.prototype.scrollIntoView = () => {};
  const frames = new Map();
  let last = 0;
  const scope = globalThis;
  scope.requestAnimationFrame = (draw) => {
    frames.set(++last, draw);
    return last;
  };
  scope.cancelAnimationFrame = (id) => frames.delete(id);
  const drawFrame = () => {
    const waiting = [...frames.values()];
    frames.clear();
    for (const draw of waiting) draw();
  };
  return { window, document: window.document, drawFrame };
}

/** Lets everything happen that waits for promises only. */
export async function settle() {
  await new Promise((resolve) => setImmediate(resolve));
}

/** The texts of a table's rows. */
export function rowsOf(place, selector = ".lab-table tbody tr") {
  return [...place.querySelectorAll(selector)].map((row) => [...row.cells].map((cell) => cell.textContent));
}
