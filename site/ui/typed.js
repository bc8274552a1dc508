/**
 * Which of a page's values a visitor typed: texts, questions and names, as opposed to settings. They are put
 * into an address only when the visitor copies a link (address.js), and remembered only while the visitor
 * allows it (memory.js).
 */

export const TYPED = new Set(["prompt", "placeholder", "system", "messages", "q", "collection", "document"]);

/** @param {Map<string, string>} values */
export function typedIn(values) {
  return new Map([...values].filter(([name]) => TYPED.has(name)));
}

/** @param {Map<string, string>} values */
export function withoutTyped(values) {
  return new Map([...values].filter(([name]) => !TYPED.has(name)));
}
