/**
 * Formats texts and highlights code away from the page, which no text can then block. Questions: {text,
 * special}, answered as render/formatting.js does, and {code, grammar}, answered with a list of pieces.
 */

import { highlighted } from "./render/code.js";
import { format } from "./render/formatting.js";
import { prepareMarkdown } from "./render/tree.js";
import { serveQuestions } from "./workers.js";

serveQuestions(async (question) => {
  if ("code" in question) return highlighted(question);
  await prepareMarkdown();
  return format(question.text, { markdown: true, special: question.special });
});
