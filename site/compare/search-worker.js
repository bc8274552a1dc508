/**
 * Searches all texts, away from the page: a regular expression may take for ever, and then this worker is stopped.
 * Questions: {add: [[number, texts]]}, {clear: true}, {find: {query, expression}} -> numbers of the rows that match
 */

import { matcher } from "./filter.js";
import { serveQuestions } from "./workers.js";

/** @type {Map<number, string[]>} */
let texts = new Map();

serveQuestions((question) => {
  if (question.clear) texts = new Map();
  for (const [number, list] of question.add ?? []) texts.set(number, [...(texts.get(number) ?? []), ...list]);
  if (!question.find) return texts.size;
  const matches = matcher(question.find.query, { expression: question.find.expression });
  return [...texts].flatMap(([number, list]) => (list.some(matches) ? [number] : []));
});
