// What the classic scripts in a page's head leave for its modules.

import type { Catalogue } from "../site/ui/words.js";

declare global {
  /**
   * The catalogue of the page's language while it is fetched; nothing in English. See site/ui/language.js.
   */
  var goosequillWords: Promise<Catalogue | null> | undefined;
}
