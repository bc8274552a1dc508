// What the classic scripts in a page's head and the build leave for its modules.

declare global {
  /** The catalogue of the page's language while it is fetched; nothing in English (site/ui/language.js). */
  var goosequillWords: Promise<{ language: string; words: Record<string, string> } | null> | undefined;
  /** Says that the page's files are gone from the server, as soon as it can be said (site/gone.js). */
  var goosequillGone: (() => void) | undefined;
  /** The folder of its version, in a script of a built site that is outside of it (scripts/bundles.py). */
  var goosequillVersion: string | undefined;
}

export {};
