// What the classic scripts in a page's head leave for its modules.

declare global {
  /** The catalogue of the page's language while it is fetched; nothing in English (site/ui/language.js). */
  var goosequillWords: Promise<{ language: string; words: Record<string, string> } | null> | undefined;
}

export {};
