/**
 * LLM Comparator JSON (Google PAIR): {metadata, models: [{name}], examples: [{input_text, tags,
 * output_text_a, output_text_b, score}]}. Newer files have `outputs` lists and custom fields too; only the
 * two texts are read.
 */

import { t } from "../ui/words.js";
import { Gatherer } from "./gatherer.js";
import { ImportError, isObject, member, mismatch, Problems, pairs, scalar, textOf } from "./report.js";

/** @type {import("./report.js").DocumentFormat} */
export const comparator = {
  kind: "document",
  title: () => t("LLM Comparator JSON"),
  shape: "an object with `models` and `examples`",
  matches: (value) => isObject(value) && Array.isArray(value.examples) && Object.hasOwn(value, "models"),
  read: readComparator,
};

/**
 * @param {unknown} value
 * @returns {import("./report.js").Import}
 */
function readComparator(value) {
  const models = member(value, "models");
  const examples = /** @type {unknown[]} */ (member(value, "examples"));
  if (!Array.isArray(models) || models.length < 2)
    throw new ImportError(
      `${mismatch("models", Array.isArray(models) ? models[1] : models, t("a list of two models"))}.`,
    );
  const problems = new Problems();
  const sides = ["output_text_a", "output_text_b"].map((field, side) => {
    const gatherer = new Gatherer();
    examples.forEach((example, index) => {
      const prompt = member(example, "input_text");
      const text = member(example, field);
      const path = `examples[${index}]`;
      if (typeof prompt !== "string") {
        if (side === 0) problems.add(mismatch(`${path}.input_text`, prompt, t("text")));
        return;
      }
      if (typeof text !== "string") problems.add(mismatch(`${path}.${field}`, text, t("text")));
      const score = member(example, "score");
      gatherer.add(
        prompt,
        "default",
        typeof text === "string" ? text : null,
        score === undefined ? [] : [["score of A over B", scalar(score)]],
      );
    });
    const model = models[side];
    return {
      format: "LLM Comparator",
      model: typeof model === "string" ? model : textOf(member(model, "name")) || `model ${"AB"[side]}`,
      date: "",
      args: pairs(member(value, "metadata")),
      entries: gatherer.entries,
    };
  });
  if (sides[0]?.entries.length === 0)
    throw new ImportError(`${problems.list[0] ?? t("{path} is an empty list", { path: "examples" })}.`);
  return { reports: sides, problems: problems.done };
}
