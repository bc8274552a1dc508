/**
 * Saves a generated text as a file: plain, as Markdown with its settings, or as JSON with every token.
 */

import { download } from "../ui/dom.js";
import { writtenText } from "./texts.js";

/**
 * @param {string} kind "txt", "md" or "json"
 * @param {import("./texts.js").Text} text
 * @param {string} model its title
 */
export function saveText(kind, text, model) {
  const written = writtenText(text);
  const { prompt, settings, seed, finish, tokens } = text;
  const facts = { model, settings, seed, finish_reason: finish };
  if (kind === "txt") download("goosequill.txt", prompt + written, "text/plain");
  if (kind === "md") {
    const quoted = `> ${`${prompt}**${written.trim()}`.replaceAll("\n", "\n> ")}**`;
    const settingsBlock = `\`\`\`json\n${JSON.stringify(facts, null, 2)}\n\`\`\``;
    download("goosequill.md", `${quoted}\n\n${settingsBlock}\n`, "text/markdown");
  }
  if (kind === "json") {
    const content = JSON.stringify({ ...facts, prompt, text: written, tokens }, null, 2);
    download("goosequill.json", content, "application/json");
  }
}
