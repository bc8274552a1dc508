/** The groups of checks in the order in which they run: one line and one module each. */

import { checkKernels, checkTexts, checkThreads, checkTokenizers } from "./engine-checks.js";
import { checkOffline } from "./offline-checks.js";
import { checkSearch } from "./search-checks.js";
import { checkStorage } from "./storage-checks.js";

/**
 * `meaning` says what a failure means and what to do about it.
 * @typedef {{
 *   title: string, meaning: string, run: (context: import("./finding.js").Context) => Promise<void>
 * }} Group
 */

const BROKEN =
  "The engine computes something wrong here, so texts may be wrong too. Update the browser, " +
  "or try another one, and send us the report.";

/** @type {Group[]} */
export const GROUPS = [
  {
    title: "Storage",
    meaning:
      "Models may be downloaded again on each visit, and what you add may not be kept. Leave the private window, " +
      "free some space, or allow this site to store data in the browser's settings.",
    run: checkStorage,
  },
  { title: "Kernels", meaning: BROKEN, run: checkKernels },
  { title: "Tokenizers", meaning: BROKEN, run: checkTokenizers },
  { title: "Texts of the default model", meaning: BROKEN, run: checkTexts },
  {
    title: "Threads",
    meaning:
      "Large models are slower here; everything else works. Reload the page, and close other tabs that compute. " +
      "If that does not help, turn threads off on the storage page.",
    run: checkThreads,
  },
  {
    title: "Search",
    meaning:
      "Search may find the wrong passages here. Update the browser, or try another one, and send us the report.",
    run: checkSearch,
  },
  {
    title: "Offline",
    meaning:
      "The site may not open without a network. Reload the page while you are online; if that does not help, " +
      "free some space, or delete this site's data in the browser's settings.",
    run: checkOffline,
  },
];
