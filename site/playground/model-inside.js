/**
 * What is in a model's files, without loading them: format, sizes, memory and every tensor.
 */

import { element, megabytes, number } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";

/**
 * @param {string} title of the file
 * @param {any} found what goosequill.loading.inspect returns
 * @returns {HTMLElement[]}
 */
export function insideOf(title, found) {
  const tensors = found.tensors.map(
    (/** @type {{name: string, type: string, shape: number[]}} */ { name, type, shape }) => [
      name,
      type,
      shape.join(" × "),
    ],
  );
  const columns = ["Tensor", "Type", "Shape"];
  const list = table({ caption: `${tensors.length} tensors`, columns, rows: tensors });
  return [...facts(title, found), scrollBox("Tensors", list)];
}

/** @param {string} title @param {any} found @returns {HTMLElement[]} */
function facts(title, { format, config, problem, tokenizer, types, parameters, memory }) {
  const list = element("dl", { class: "facts" });
  /** @param {string} name @param {string} value */
  const add = (name, value) => list.append(element("dt", {}, name), element("dd", {}, value));
  add("File", title);
  add("Format", format);
  if (config) {
    add("Version", `RWKV-${config.version}`);
    const heads = config.version === "4" ? "" : `, ${config.heads} heads of size ${config.head_size}`;
    add("Sizes", `${config.layers} layers of width ${config.width}, channel mix ${config.ffn_width}${heads}`);
    add("Vocabulary", `${number(config.vocab_size)} tokens`);
  }
  add("Tokenizer", tokenizer ?? "unknown");
  const stored = Object.entries(types).map(([type, count]) => `${number(count)} ${type}`);
  add("Parameters", `${number(parameters)} (${stored.join(", ")})`);
  if (memory) {
    const forms = Object.entries(memory).map(([form, bytes]) => `${megabytes(bytes)} ${form}`);
    add("Memory needed", forms.join(", "));
  }
  if (!problem) return [list];
  return [element("p", { class: "error-box" }, `${problem.message} ${problem.remedy}`), list];
}
