/**
 * FastChat answers, one JSON object per line: {question_id, model_id, choices: [{index, turns: [text]}],
 * tstamp}, or the older {question_id, text, answer_id}. The question itself is in another file, so the prompt
 * is its id, unless the line contains the text.
 */

import { t } from "../ui/words.js";
import { Gatherer } from "./gatherer.js";
import { ImportError, member, mismatch, textOf } from "./report.js";

/** @type {import("./report.js").LineFormat} */
export const fastChat = {
  kind: "lines",
  title: () => t("FastChat answers"),
  shape: "a JSON object a line, with `question_id`",
  matches: (value) => Object.hasOwn(value, "question_id"),
  read: readFastChat,
};

/**
 * @param {import("./report.js").Line[]} lines
 * @param {import("./report.js").LineOptions} options
 * @returns {import("./report.js").Import}
 */
function readFastChat(lines, { fallbackName, problems }) {
  /** @type {Map<string, Gatherer>} */
  const models = new Map();
  for (const { value, path } of lines) {
    const model = textOf(value.model_id) || fallbackName;
    let gatherer = models.get(model);
    if (!gatherer) {
      gatherer = new Gatherer();
      models.set(model, gatherer);
    }
    const question = questionOf(value);
    const choices = value.choices ?? (typeof value.text === "string" ? [{ turns: [value.text] }] : undefined);
    if (!Array.isArray(choices)) {
      problems.add(mismatch(`${path}.choices`, choices, t("a list")));
      continue;
    }
    for (const [index, choice] of choices.entries()) {
      addChoice(choice, `${path}.choices[${index}]`, { question, gatherer, problems });
    }
  }
  const reports = [...models].map(([model, gatherer]) => ({
    format: t("FastChat answers"),
    model,
    date: "",
    args: [],
    entries: gatherer.entries,
  }));
  if (!reports.some((report) => report.entries.length > 0))
    throw new ImportError(`${problems.list[0] ?? t("No line has a choice")}.`);
  return { reports, problems: problems.done };
}

/** @param {Record<string, unknown>} value */
function questionOf(value) {
  const words = value.question ?? value.prompt ?? (Array.isArray(value.turns) ? value.turns[0] : undefined);
  return typeof words === "string" ? words : `Question ${textOf(value.question_id)}`;
}

/**
 * @param {unknown} choice
 * @param {string} path
 * @param {{question: string, gatherer: Gatherer, problems: import("./report.js").Problems}} into
 */
function addChoice(choice, path, { question, gatherer, problems }) {
  const turns = member(choice, "turns");
  if (!Array.isArray(turns)) {
    problems.add(mismatch(`${path}.turns`, turns, t("a list")));
    return;
  }
  for (const [number, turn] of turns.entries()) {
    const text = typeof turn === "string" ? turn : member(turn, "content");
    const prompt = number === 0 ? question : `${question}, turn ${number + 1}`;
    gatherer.add(prompt, "default", typeof text === "string" ? text : null);
  }
}
