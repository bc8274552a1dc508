/**
 * Installs the Prompt API where the browser has none:
 *
 *   <script type="module" src="engine/prompt-api-install.js"></script>
 */

import {
  LanguageModel,
  LanguageModelToolCall,
  LanguageModelToolError,
  LanguageModelToolSuccess,
} from "./prompt-api.js";

const GLOBALS = {
  LanguageModel,
  LanguageModelToolCall,
  LanguageModelToolError,
  LanguageModelToolSuccess,
};

/**
 * Makes `LanguageModel` and the classes of tool calls global.
 * @param {{force?: boolean}} [options] `force` replaces those of the browser
 * @returns {boolean} whether the global LanguageModel is this one
 */
export function install({ force = false } = {}) {
  const scope = /** @type {any} */ (globalThis);
  if ("LanguageModel" in scope && !force) return scope.LanguageModel === LanguageModel;
  for (const [name, value] of Object.entries(GLOBALS)) {
    Object.defineProperty(scope, name, { value, configurable: true, writable: true });
  }
  return true;
}

install();
