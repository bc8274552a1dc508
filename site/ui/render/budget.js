/**
 * Bounds the work that a parser spends on a text, counted in its own steps and never in time, so that the
 * same text shows the same everywhere. The parser is markdown-it; its rules and helpers are wrapped.
 */

/** @import { MarkdownIt } from "./types.js" */

/** Thrown when a text costs more than it may. */
export class TooMuchWork extends Error {
  name = "TooMuchWork";
}

/** Characters of a link; longer ones stay text. */
const LONGEST_LINK = 2000;
/** Steps for each character of a text, and for a short one. Real texts need fewer than two. */
const PER_CHARACTER = 8;
const LEAST = 5000;
/** Elements and texts that a page is sent at once. */
const MOST_TOKENS = 40_000;

/** What is left for the text that is being parsed. */
let left = Number.POSITIVE_INFINITY;
let leftTokens = Number.POSITIVE_INFINITY;

/** @param {number} [steps] */
export function spend(steps = 1) {
  left -= steps;
  if (left < 0) throw new TooMuchWork("this text takes too much work to format");
}

/** One part of the result. */
export function spendToken() {
  leftTokens--;
  if (leftTokens < 0) throw new TooMuchWork("this text has too many parts");
}

/**
 * @template T
 * @param {string} text that is read
 * @param {() => T} parse
 * @returns {T}
 * @throws {TooMuchWork}
 */
export function withBudget(text, parse) {
  left = LEAST + PER_CHARACTER * text.length;
  leftTokens = MOST_TOKENS;
  try {
    return parse();
  } finally {
    left = leftTokens = Number.POSITIVE_INFINITY;
  }
}

/** Has a parser spend from the budget whatever could repeat. @param {MarkdownIt} md */
export function budgetPlugin(md) {
  const step = () => {
    spend();
    return false;
  };
  md.block.ruler.before("table", "budget", step, { alt: ["paragraph", "reference", "blockquote", "list"] });
  md.inline.ruler.before("text", "budget", step);
  const skipToken = md.inline.skipToken.bind(md.inline);
  md.inline.skipToken = (state) => {
    spend();
    skipToken(state);
  };
  limitLinks(md);
}

/** Links have an end, so that none is looked for through a whole text. @param {MarkdownIt} md */
function limitLinks({ helpers, linkify }) {
  for (const name of /** @type {const} */ (["parseLinkDestination", "parseLinkTitle"])) {
    const parse = helpers[name];
    helpers[name] = (source, start, end, ...more) => {
      const found = parse(source, start, Math.min(end, start + LONGEST_LINK), ...more);
      spend(1 + (found.ok ? found.pos - start : Math.min(end - start, LONGEST_LINK)) / 100);
      return found;
    };
  }
  const test = linkify.test.bind(linkify);
  linkify.test = (text) => test(text) && !hasLongWord(text, LONGEST_LINK);
  const matchAtStart = linkify.matchAtStart.bind(linkify);
  linkify.matchAtStart = (text) => {
    const found = matchAtStart(text.slice(0, LONGEST_LINK));
    return found && found.lastIndex < LONGEST_LINK ? found : null;
  };
}

/**
 * Whether a text has a word of more than that many characters. Many expressions take time that grows with the
 * square of a word's length.
 * @param {string} text
 * @param {number} longest
 */
export function hasLongWord(text, longest) {
  let start = 0;
  for (const { index } of text.matchAll(/\s/g)) {
    if (index - start > longest) return true;
    start = index + 1;
  }
  return text.length - start > longest;
}
