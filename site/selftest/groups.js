/** The groups of checks in the order in which they run: one line and one module each. */

import { english } from "../ui/english.js";
import { t } from "../ui/words.js";
import { checkKernels, checkTexts, checkThreads, checkTokenizers } from "./engine-checks.js";
import { checkOffline } from "./offline-checks.js";
import { checkSearch } from "./search-checks.js";
import { checkStorage } from "./storage-checks.js";

/**
 * `title` is English, for the report; `meaning` says what a failure means and what to do about it.
 * @typedef {{
 *   title: string, meaning: string, run: (context: import("./finding.js").Context) => Promise<void>
 * }} Group
 */

const BROKEN = t(
  "The engine computes wrong results here, so texts may be wrong, too. Update the browser, or try " +
    "another one, and send us the report.",
);

/** @type {Group[]} */
export const GROUPS = [
  {
    title: english("Storage"),
    meaning: t(
      "Models may be downloaded again on each visit, and what you add may not be kept. Leave the private window, " +
        "free some space, or allow this site to store data in the browser's settings.",
    ),
    run: checkStorage,
  },
  { title: english("Kernels"), meaning: BROKEN, run: checkKernels },
  { title: english("Tokenizers"), meaning: BROKEN, run: checkTokenizers },
  { title: english("Texts of the default model"), meaning: BROKEN, run: checkTexts },
  {
    title: english("Threads"),
    meaning: t(
      "Large models are slower here; everything else works. Reload the page, and close other tabs that compute. " +
        "If that does not help, turn threads off on the storage page.",
    ),
    run: checkThreads,
  },
  {
    title: english("Search"),
    meaning: t(
      "Search may find the wrong passages here. Update the browser, or try another one, and send us the report.",
    ),
    run: checkSearch,
  },
  {
    title: english("Offline"),
    meaning: t(
      "The site may not open without a network. Reload the page while you are online. If that does " +
        "not help, free some space, or delete this site's data in the browser's settings.",
    ),
    run: checkOffline,
  },
];
