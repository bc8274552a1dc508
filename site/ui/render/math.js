/**
 * Mathematics for markdown-it: `$...$`, `$$...$$`, `\(...\)`, `\[...\]`. This only marks the spans (token
 * "math"); typeset.js renders them.
 *
 * A dollar sign usually means money. `$...$` is mathematics only if it contains one of `\ ^ _ { }` or is a
 * single symbol, has no space just inside either end, and is not followed by a digit. If it starts with a
 * digit, it must not contain words of prose.
 */

import { spend } from "./budget.js";

/** @import { StateBlock, StateInline } from "./types.js" */

const LONGEST = 4000;

/**
 * @param {string} body the text between two dollar signs
 * @param {string} after the character after the second dollar, or ""
 */
export function isInlineMath(body, after) {
  if (body === "" || /^\s|\s$|`/.test(body) || /^\d/.test(after)) return false;
  if (/^\p{L}$|^\\[a-zA-Z]+$/u.test(body)) return true;
  if (!/[\\^_{}]/.test(body)) return false;
  if (/\n\s*\n/.test(body)) return false;
  return !/^\d/.test(body) || !hasProse(body);
}

/** @param {string} body */
function hasProse(body) {
  const bare = body.replace(/\\[a-zA-Z]+\s*(\{[^{}]*\})?/g, "").replace(/[_^]\{[^{}]*\}/g, "");
  return /\p{L}{2,}/u.test(bare);
}

/**
 * The end of the formula that starts at `start`, or -1. Escaped characters are skipped.
 * @param {string} source @param {string} close @param {number} start
 */
export function findClose(source, close, start) {
  const limit = Math.min(source.length, start + LONGEST);
  let at = start;
  while (at < limit && !source.startsWith(close, at)) at += source[at] === "\\" ? 2 : 1;
  spend((at - start) / 50);
  return at < limit ? at : -1;
}

/** @type {readonly [open: string, close: string, display: boolean][]} */
const BRACKETS = [
  ["$$", "$$", true],
  ["\\[", "\\]", true],
  ["\\(", "\\)", false],
];

/**
 * @param {StateInline} state @param {boolean} silent
 */
function inlineRule(state, silent) {
  const { src, pos } = state;
  for (const [open, close, display] of BRACKETS) {
    if (!src.startsWith(open, pos)) continue;
    const end = findClose(src, close, pos + open.length);
    const body = end < 0 ? "" : src.slice(pos + open.length, end);
    if (body.trim() === "" || (open === "\\[" && !looksLikeFormula(body))) break;
    return push(state, body, { display, silent, next: end + close.length });
  }
  if (src[pos] !== "$" || src[pos + 1] === "$") return false;
  const end = findClose(src, "$", pos + 1);
  if (end < 0 || !isInlineMath(src.slice(pos + 1, end), src.slice(end + 1, end + 2))) return false;
  return push(state, src.slice(pos + 1, end), { display: false, silent, next: end + 1 });
}

/**
 * `\[` is also how Markdown escapes a bracket: `\[not a link\]` stays text.
 * @param {string} body
 */
function looksLikeFormula(body) {
  return (
    /[\\^_{}=+<>]/.test(body) ||
    /^\s*\p{L}\s*$/u.test(body) ||
    /\n/.test(body) ||
    /\d\s*[-*/]\s*\d/.test(body)
  );
}

/**
 * @param {StateInline} state @param {string} body
 * @param {{display: boolean, silent: boolean, next: number}} options
 */
function push(state, body, { display, silent, next }) {
  if (!silent) {
    const token = state.push("math", "", 0);
    token.content = body.trim();
    token.meta = { display };
  }
  state.pos = next;
  return true;
}

/**
 * A formula on lines of its own: without this rule they would be parsed as headings, lists and breaks.
 * @param {StateBlock} state @param {number} startLine @param {number} endLine @param {boolean} silent
 */
function blockRule(state, startLine, endLine, silent) {
  const start = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
  const bracket = BRACKETS.find(([open, , display]) => display && state.src.startsWith(open, start));
  if (!bracket || (state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
  const [open, close] = bracket;
  const end = findClose(state.src, close, start + open.length);
  if (end < 0) return false;
  let line = startLine;
  while (line < endLine && (state.eMarks[line] ?? 0) < end + close.length) line++;
  const tail = state.src.slice(end + close.length, state.eMarks[line] ?? undefined);
  const body = state.src.slice(start + open.length, end);
  if (line >= endLine || !/^[\s.,;:]*$/.test(tail) || body.trim() === "" || /\n\s*\n/.test(body))
    return false;
  if (open === "\\[" && !looksLikeFormula(body)) return false;
  if (silent) return true;
  const token = state.push("math", "", 0);
  token.block = true;
  token.content = body.replace(/^[ \t]*>[ \t]?/gm, "").trim() + tail.trim().replace(/[;:]/g, "");
  token.meta = { display: true };
  token.map = [startLine, line + 1];
  state.line = line + 1;
  return true;
}

/** @param {import("./types.js").MarkdownIt} md */
export function mathPlugin(md) {
  md.inline.ruler.before("escape", "math", inlineRule);
  md.block.ruler.before("fence", "math", blockRule, {
    alt: ["paragraph", "reference", "blockquote", "list"],
  });
}
