/** A document for modules that need one: import this before them. It has no layout and draws nothing. */

import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });

export { window };

const NAMES = [
  "document",
  "Element",
  "HTMLElement",
  "HTMLTableCellElement",
  "Node",
  "Event",
  "KeyboardEvent",
];
for (const name of NAMES) globalThis[name] = window[name];
