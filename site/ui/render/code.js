/**
 * Highlights code with highlight.js in the renderer's worker, which loads it when the first block in a
 * language that it supports appears.
 */

import { fill } from "../dom.js";
import { hasLongWord } from "./budget.js";
import { loadHighlighter } from "./vendored.js";
import { highlightApart } from "./workshop.js";

/** @import { Code } from "./types.js" */
/** @typedef {{name: string, text: string}} Piece text in the class `name`, or in none ("") */

const ALIASES = new Map(
  Object.entries({
    c: "cpp",
    "c++": "cpp",
    h: "cpp",
    hpp: "cpp",
    cc: "cpp",
    arduino: "cpp",
    "c#": "java",
    cs: "java",
    csharp: "java",
    kotlin: "java",
    sh: "bash",
    shell: "bash",
    zsh: "bash",
    console: "bash",
    golang: "go",
    js: "javascript",
    jsx: "javascript",
    mjs: "javascript",
    node: "javascript",
    jsonc: "json",
    json5: "json",
    py: "python",
    python3: "python",
    rs: "rust",
    ts: "typescript",
    tsx: "typescript",
    html: "xml",
    xhtml: "xml",
    svg: "xml",
    vue: "xml",
    mysql: "sql",
    postgresql: "sql",
    sqlite: "sql",
    scss: "css",
    less: "css",
  }),
);
const KNOWN = new Set("bash cpp css go java javascript json python rust sql typescript xml".split(" "));
const LONGEST = 20_000; // characters of code; some grammars take time that grows with its square
const LONGEST_WORD = 500;
const MOST_PIECES = 5000;
const ENTITIES = new Map([
  ["&amp;", "&"],
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&quot;", '"'],
  ["&#x27;", "'"],
]);

/** @param {string} language */
export function languageLabel(language) {
  return language || "code";
}

/** @param {string} language */
function grammarFor(language) {
  const name = ALIASES.get(language) ?? language;
  return KNOWN.has(name) ? name : "";
}

/**
 * @param {HTMLElement} element contains the code as text
 * @param {Code} code
 */
export async function highlightInto(element, { code, language }) {
  const grammar = grammarFor(language);
  if (!grammar || code.length > LONGEST || hasLongWord(code, LONGEST_WORD)) return;
  const found = await highlightApart({ code, grammar }).catch(() => []); // it stays plain
  if (found.length === 0) return;
  const spans = found.map(({ name, text }) => {
    if (!name) return text;
    const span = element.ownerDocument.createElement("span");
    span.className = name;
    span.textContent = text;
    return span;
  });
  fill(element, spans);
}

/**
 * The worker's side.
 * @param {{code: string, grammar: string}} question
 * @returns {Promise<Piece[]>} empty if there would be too many
 */
export async function highlighted({ code, grammar }) {
  const highlighter = await loadHighlighter();
  const found = pieces(highlighter.highlight(code, { language: grammar, ignoreIllegals: true }).value);
  return found.length > MOST_PIECES ? [] : found;
}

/**
 * highlight.js returns HTML. It is parsed here as the only three things that it can contain (a span's start,
 * a span's end, text with five entities), not by the HTML parser.
 * @param {string} html
 * @returns {Piece[]}
 */
export function pieces(html) {
  /** @type {Piece[]} */
  const found = [];
  /** @type {string[]} */
  const classes = [];
  for (const part of html.split(/(<span class="[\w\s-]*">|<\/span>)/)) {
    const start = /^<span class="([\w\s-]*)">$/.exec(part);
    if (start) classes.push(start[1] ?? "");
    else if (part === "</span>") classes.pop();
    else if (part) {
      const text = part.replace(/&(?:amp|lt|gt|quot|#x27);/g, (entity) => ENTITIES.get(entity) ?? entity);
      found.push({ name: classes.at(-1) ?? "", text });
    }
  }
  return found;
}
