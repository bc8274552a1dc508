/** A document for modules that need one: import this before them. It has no layout and draws nothing. */

import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });

export { window };

for (const name of ["document", "HTMLTableCellElement", "Node", "Event", "KeyboardEvent"])
  globalThis[name] = window[name];
