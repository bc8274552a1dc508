/**
 * A list of prompts, as text with one per line or as a file: what `goosequill report` reads. Pure.
 */

import { hasWindowsLines, unixLines } from "../ui/line-ends.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";

/** One per line; \n is a line break. @param {string} text */
export function promptsOf(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return [...new Set(lines.map((line) => line.replaceAll("\\n", "\n")))];
}

/** @param {string[]} prompts */
export function textOf(prompts) {
  return prompts.map((prompt) => prompt.replaceAll("\n", "\\n")).join("\n");
}

/**
 * The prompts of a file: a JSON list (of texts, or of objects with "prompt"), a sampling report, JSON lines,
 * or text with one prompt per line. `replaced` says whether any had Windows line ends.
 * @param {string} name
 * @param {string} text
 * @returns {{prompts: string[], replaced: boolean}}
 * @throws {Error} with a remedy, if it has none
 */
export function readPrompts(name, text) {
  try {
    const items = itemsOf(name.toLowerCase(), text);
    const prompts = items.map((item) => (typeof item === "string" ? item : item.prompt));
    if (prompts.length && prompts.every((prompt) => typeof prompt === "string" && prompt.trim())) {
      const lines = /\.jsonl?$/i.test(name) ? "" : text;
      const replaced = [lines, ...prompts].some(hasWindowsLines);
      return { prompts: [...new Set(prompts.map(unixLines))], replaced };
    }
  } catch {
    // not such a file: reported below
  }
  const remedy = t("Choose a JSON list of texts, JSON lines, or text with one prompt per line.");
  throw problem(t("{name} does not contain a list of prompts.", { name }), remedy);
}

/** @param {string} name @param {string} text @returns {any[]} */
function itemsOf(name, text) {
  if (name.endsWith(".jsonl")) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => JSON.parse(line));
  }
  if (!name.endsWith(".json")) return promptsOf(unixLines(text));
  const found = JSON.parse(text);
  return Array.isArray(found) ? found : found.prompts;
}
