// A list of prompts, as a text with one a line or as a file: what `goosequill report` reads. Pure.

/** One a line; \n stands for a new line. @param {string} text */
export function promptsOf(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return [...new Set(lines.map((line) => line.replaceAll("\\n", "\n")))];
}

/** @param {string[]} prompts */
export function textOf(prompts) {
  return prompts.map((prompt) => prompt.replaceAll("\n", "\\n")).join("\n");
}

/**
 * The prompts of a file: a JSON list (of texts, or of objects with "prompt"), a sampling report, JSON
 * lines, or a text with one a line.
 * @param {string} name
 * @param {string} text
 * @throws {Error} with a remedy, where there is none
 */
export function readPrompts(name, text) {
  try {
    const items = itemsOf(name.toLowerCase(), text);
    const prompts = items.map((item) => (typeof item === "string" ? item : item.prompt));
    if (prompts.length && prompts.every((prompt) => typeof prompt === "string" && prompt.trim())) {
      return [...new Set(prompts)];
    }
  } catch {
    // told below
  }
  throw Object.assign(new Error(`${name} holds no list of prompts.`), {
    remedy: "Give a JSON list of texts, JSON lines, or a text with a prompt on each line.",
  });
}

/** @param {string} name @param {string} text @returns {any[]} */
function itemsOf(name, text) {
  if (name.endsWith(".jsonl")) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => JSON.parse(line));
  }
  if (!name.endsWith(".json")) return promptsOf(text);
  const found = JSON.parse(text);
  return Array.isArray(found) ? found : found.prompts;
}
