/**
 * Installs the Prompt API and the Embedding API where the browser has none that can run:
 *
 *   <script type="module" src="prompt-api/install.js"></script>
 */

import {
  LanguageModel,
  LanguageModelToolCall,
  LanguageModelToolError,
  LanguageModelToolSuccess,
} from "./language-model.js";
import { SemanticEmbedder } from "./semantic-embedder.js";

/** Each interface, and the classes that are only of use with it. */
const INTERFACES = [
  { LanguageModel, LanguageModelToolCall, LanguageModelToolError, LanguageModelToolSuccess },
  { SemanticEmbedder },
];
const scope = /** @type {any} */ (globalThis);
/** What is global until the browser has answered. */
const standIns = new WeakSet();

/**
 * Makes `LanguageModel` with the classes of tool calls, and `SemanticEmbedder`, global, each if the browser
 * has none or its own is "unavailable". Only the browser knows that, and answers later: what a page asks of
 * the interface until then waits for the answer, and goes to the one that stays.
 * @param {{force?: boolean}} [options] `force` replaces those of the browser without asking
 * @returns {boolean} whether the global LanguageModel is this one now
 */
export function install({ force = false } = {}) {
  for (const classes of INTERFACES) {
    const [[name, own]] = Object.entries(classes);
    const native = scope[name];
    if (force || native === undefined) define(classes);
    else if (native !== own && !standIns.has(native)) replaceIfUnavailable(name, classes);
  }
  return scope.LanguageModel === LanguageModel;
}

/** @param {Record<string, unknown>} globals */
function define(globals) {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(scope, name, { value, configurable: true, writable: true });
  }
}

/** @param {string} name @param {Record<string, any>} classes */
function replaceIfUnavailable(name, classes) {
  const [native, own] = [scope[name], classes[name]];
  if (typeof native?.availability !== "function") return; // something of the page's
  const decide = (/** @type {boolean} */ canRun) => {
    if (scope[name] === standIn) define(canRun ? { [name]: native } : classes);
    return canRun ? native : own;
  };
  const chosen = Promise.resolve(native.availability()).then(
    (answer) => decide(answer !== "unavailable"),
    () => decide(false), // the document may not use it
  );
  const standIn = new Proxy(native, {
    get(target, key) {
      const found = target[key];
      if (typeof found !== "function" || !Object.hasOwn(own, key)) return found;
      return (/** @type {unknown[]} */ ...given) => chosen.then((api) => api[key](...given));
    },
  });
  standIns.add(standIn);
  define({ [name]: standIn });
}

install();
