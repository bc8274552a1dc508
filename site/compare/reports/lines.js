/**
 * Formats of one JSON object a line: lm-evaluation-harness samples, FastChat answers, and any JSONL whose members say prompt and output.
 */

import { Gatherer, ImportError, isObject, kindOf, member, mismatch, Problems, textOf } from "./report.js";
import { readRows } from "./rows.js";

/** @typedef {import("./report.js").Import} Import */
/** @typedef {{value: Record<string, unknown>, path: string}} Line */

/**
 * @param {{value: unknown, path: string}[]} lines
 * @param {{fallbackName: string}} options
 * @returns {Import}
 */
export function readLines(lines, { fallbackName }) {
  const problems = new Problems();
  /** @type {Line[]} */
  const objects = [];
  for (const { value, path } of lines) {
    if (isObject(value)) objects.push({ value, path });
    else problems.add(`${path} is ${kindOf(value)}, not an object`);
  }
  const first = objects[0]?.value;
  if (!first) throw new ImportError(`${problems.list[0] ?? "The file holds no object"}.`);
  const read =
    "resps" in first || "filtered_resps" in first
      ? readHarness
      : "question_id" in first
        ? readFastChat
        : null;
  if (read) return read(objects, { fallbackName, problems });
  return readRows(objects, { fallbackName, problems, format: "JSONL" });
}

/**
 * lm-evaluation-harness: {doc_id, doc, target, arguments, resps: [[text]], filtered_resps: [text], ...metrics}
 * @param {Line[]} lines @param {{fallbackName: string, problems: Problems}} options @returns {Import}
 */
function readHarness(lines, { fallbackName, problems }) {
  const gatherer = new Gatherer();
  for (const { value, path } of lines) {
    const prompt = harnessPrompt(value);
    if (prompt === null) {
      problems.add(`${path}.arguments is missing`);
      continue;
    }
    const responses = value.resps ?? value.filtered_resps;
    if (!Array.isArray(responses)) {
      problems.add(mismatch(`${path}.resps`, responses, "a list"));
      continue;
    }
    const facts = /** @type {[string, import("./report.js").Scalar][]} */ (
      ["target", "exact_match", "acc", "acc_norm", "f1", "bleu"].flatMap((name) =>
        Object.hasOwn(value, name) ? [[name, textOf(value[name])]] : [],
      )
    );
    const config = typeof value.filter === "string" ? value.filter : "default";
    for (const text of responses.flatMap((response) => responseTexts(response)))
      gatherer.add(prompt, config, text, facts);
  }
  if (gatherer.size === 0) throw new ImportError(`${problems.list[0] ?? "No sample has a response"}.`);
  const model = fallbackName.replace(/^samples_/, "").replace(/\.jsonl(\.gz)?$/, "");
  return {
    reports: [{ format: "lm-evaluation-harness", model, date: "", args: [], entries: gatherer.entries }],
    problems: problems.done,
  };
}

/** Choices of a multiple-choice task come as [log-likelihood, is greedy]. @param {unknown} response @returns {string[]} */
function responseTexts(response) {
  if (!Array.isArray(response)) return [textOf(response)];
  if (response.length === 2 && typeof response[0] !== "string" && !Array.isArray(response[0]))
    return [`log-likelihood ${textOf(response[0])}`];
  return response.flatMap((part) => responseTexts(part));
}

/** @param {Record<string, unknown>} value @returns {string | null} */
function harnessPrompt(value) {
  const args = value.arguments;
  let first = Array.isArray(args) ? args[0] : args;
  if (isObject(first))
    first = member(first, "arg_0") ?? member(member(first, "gen_args_0"), "arg_0") ?? Object.values(first)[0];
  if (Array.isArray(first)) first = first[0];
  if (isObject(first)) first = member(first, "arg_0");
  if (typeof first === "string") return first;
  const doc = value.doc;
  const found = ["question", "query", "prompt", "input", "text"]
    .map((name) => member(doc, name))
    .find((text) => typeof text === "string");
  return typeof found === "string" ? found : doc === undefined ? null : textOf(doc);
}

/**
 * FastChat: {question_id, model_id, choices: [{index, turns: [text]}], tstamp}, or the older {question_id, text, answer_id}
 * The question itself is in another file, so the prompt is its number unless the line carries the words.
 * @param {Line[]} lines @param {{fallbackName: string, problems: Problems}} options @returns {Import}
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
      problems.add(mismatch(`${path}.choices`, choices, "a list"));
      continue;
    }
    for (const [index, choice] of choices.entries()) {
      addChoice(choice, `${path}.choices[${index}]`, { question, gatherer, problems });
    }
  }
  const reports = [...models].map(([model, gatherer]) => ({
    format: "FastChat answers",
    model,
    date: "",
    args: [],
    entries: gatherer.entries,
  }));
  if (!reports.some((report) => report.entries.length > 0))
    throw new ImportError(`${problems.list[0] ?? "No line has a choice"}.`);
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
 * @param {{question: string, gatherer: Gatherer, problems: Problems}} into
 */
function addChoice(choice, path, { question, gatherer, problems }) {
  const turns = member(choice, "turns");
  if (!Array.isArray(turns)) {
    problems.add(mismatch(`${path}.turns`, turns, "a list"));
    return;
  }
  for (const [number, turn] of turns.entries()) {
    const text = typeof turn === "string" ? turn : member(turn, "content");
    const prompt = number === 0 ? question : `${question}, turn ${number + 1}`;
    gatherer.add(prompt, "default", typeof text === "string" ? text : null);
  }
}
