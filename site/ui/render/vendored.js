/**
 * Loads the renderer's vendored libraries, each once and only when it is first needed. No other module
 * imports them.
 */

import { FILES } from "../../engine/root.js";

const VENDOR = new URL("vendor/", FILES);
const LANGUAGES = "bash cpp css go java javascript json python rust sql typescript xml".split(" ");

/** @param {string} path @returns {Promise<any>} */
async function part(path) {
  const module = await import(new URL(path, VENDOR).href);
  return module.default;
}

/**
 * @template T
 * @param {() => Promise<T>} load
 * @returns {() => Promise<T>}
 */
function once(load) {
  /** @type {Promise<T> | undefined} */
  let promise;
  return () => {
    promise ??= load().catch((error) => {
      promise = undefined;
      throw error;
    });
    return promise;
  };
}

/** @type {() => Promise<import("./types.js").MarkdownItConstructor>} */
export const loadMarkdownIt = once(() => part("markdown-it.js"));

/** @type {() => Promise<import("./types.js").Temml>} */
export const loadTemml = once(async () => {
  const sheet = globalThis.document?.createElement("link");
  if (sheet) {
    sheet.rel = "stylesheet";
    sheet.href = new URL("temml/temml.css", VENDOR).href;
    document.head.append(sheet);
  }
  return part("temml/temml.js");
});

/** @type {() => Promise<import("./types.js").Highlighter>} */
export const loadHighlighter = once(async () => {
  const [core, ...grammars] = await Promise.all([
    part("highlight/core.js"),
    ...LANGUAGES.map((name) => part(`highlight/${name}.js`)),
  ]);
  LANGUAGES.forEach((name, index) => {
    core.registerLanguage(name, grammars[index]);
  });
  return core;
});
