/**
 * Searches all texts in a worker, because a regular expression can take forever; the page then stops the
 * worker. Questions: {add: [[number, texts]]}, {clear: true}, and {find: {query, expression}}, which is
 * answered with the numbers of the rows that match. {mark: {texts, query}} is answered with the ranges that
 * an expression matches in each text, and keeps nothing.
 */

import { serveQuestions } from "../ui/workers.js";
import { matcher, matchRanges } from "./filter.js";

/** @type {Map<number, string[]>} */
let texts = new Map();

serveQuestions((question) => {
  if (question.mark) {
    const { texts: given, query } = question.mark;
    return given.map((/** @type {string} */ text) => matchRanges(text, query, { expression: true }));
  }
  if (question.clear) texts = new Map();
  for (const [number, list] of question.add ?? []) texts.set(number, [...(texts.get(number) ?? []), ...list]);
  if (!question.find) return texts.size;
  const matches = matcher(question.find.query, { expression: question.find.expression });
  return [...texts].flatMap(([number, list]) => (list.some(matches) ? [number] : []));
});
